"""How fast any OpenAI-compatible endpoint answers, by concurrency and length; what fails is counted apart.

    ended = load(settings, LoadRequest(url="http://127.0.0.1:8000/v1"), reporter)

A level sends its requests in rounds, all of a round at once. Only replies that came whole count in any figure; a
server that stops answering ends the sweep with what was measured until then.
"""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from agent.errors import CancelledError, InputError, WorkFailedError
from agent.progress import Reporter
from agent.prompts.benchmark import BENCHMARK
from agent.prompts.phrases import fill
from agent.records.base import Record
from agent.records.benchmark import BenchmarkResult, Machine, Measurement
from agent.settings import Settings
from tools.benchmark.backends import fingerprint
from tools.benchmark.ended import Ended
from tools.benchmark.following import Course
from tools.benchmark.level import Counting, Level, Round, measurement
from tools.benchmark.streamed import EXTRAS, SECONDS, Answered, Client, Failed, Stopped, without_credentials
from tools.benchmark.timing import AGREEMENT, Limits
from tools.benchmark.wordings import Lengths, prompt

WARM_UP: Final = 8
"""Tokens of the unmeasured replies before each level, which also open its connections."""
_CALIBRATION: Final = (32, 160)
"""Words of the two prompts whose count tells how long a word is."""
_TOLERANCE: Final = 0.10
"""Share by which a prompt's real length may differ from the wanted one unmentioned."""
_TRIES: Final = 3
_GONE: Final = frozenset({"connection", "cut_off", "timeout"})


class LoadRequest(Record):
    """What is asked of an endpoint."""

    url: str
    model: str = ""
    """The endpoint's name of it; empty takes the only one it serves."""
    concurrency: tuple[int, ...] = (1, 8, 32)
    lengths: tuple[tuple[int, int], ...] = ((512, 128), (2048, 128))
    """Prompt and output tokens."""
    rounds: int = 3
    ttft_ms: float = 500.0
    """Limit of the goodput."""
    tpot_ms: float = 50.0
    """Limit of the goodput."""
    seconds: float = SECONDS
    """After which a request counts as timed out."""
    tokenizer: str = ""
    """Folder of the model's tokenizer, for servers that report no usage."""
    seed: int = 0


@dataclass
class _Load:
    """What is known so far."""

    client: Client
    request: LoadRequest
    settings: Settings
    reporter: Reporter
    counting: Counting
    lengths: Lengths = field(default_factory=Lengths)
    extras: dict[str, Any] = field(default_factory=dict)
    measurements: list[Measurement] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    asked: int = 0

    def warn(self, key: str, **values: object) -> None:
        self.warnings.append(fill(BENCHMARK, key, self.settings.lang, **values))


def load(settings: Settings, request: LoadRequest, reporter: Reporter) -> Ended:
    """Measure an endpoint; Ctrl-C and a reporter's cancellation end it with what is there.

    Raises:
        InputError: The address, the key or the model is wrong, or nothing answers there.
        WorkFailedError: The server fails at every try.
    """
    began, at = time.monotonic(), datetime.now(UTC).isoformat(timespec="seconds")
    client = Client(request.url, request.model, request.seconds)
    client.model = client.model or _only_model(client)
    work = _Load(client, request, settings, reporter, Counting(_tokenizer(request.tokenizer)))
    levels = [Level(many, *length) for length in request.lengths for many in request.concurrency]
    course = Course(reporter, len(levels), {str(one): float(one.prompt / 20 + one.output) for one in levels})
    cancelled, stopped = False, ""
    try:
        _calibrate(work)
        for level in levels:
            course.begin(str(level))
            stopped = _measure(work, level)
            if stopped:
                break
            course.end(str(level))
    except (KeyboardInterrupt, CancelledError):
        cancelled = True
        stopped = fill(BENCHMARK, "cancelled", settings.lang, done=course.done, total=course.total)
    _say_how_counted(work)
    seen = Machine(name=client.model, backend=None)
    result = BenchmarkResult(
        place="endpoint",
        at=at,
        device=seen.model_copy(update={"fingerprint": fingerprint(seen)}),
        endpoint=without_credentials(client.url),
        measurements=tuple(work.measurements),
        complete=not stopped,
        stopped=stopped,
        warnings=tuple(work.warnings),
        seconds=time.monotonic() - began,
    )
    return Ended(result, cancelled)


def _tokenizer(folder: str) -> Any:
    from tools.models import load_tokenizer

    return load_tokenizer(Path(folder)) if folder else None


def _only_model(client: Client) -> str:
    """Return the one model an endpoint serves.

    Raises:
        InputError: It cannot be reached, or serves none or several.
    """
    names = client.models()
    where = without_credentials(client.url)
    if isinstance(names, Failed):
        raise InputError(f"the endpoint does not list its models ({names.why})", where=where, mend=_MEND)
    if len(names) != 1:
        told = ", ".join(names[:5]) or "none"
        raise InputError(f"the endpoint serves {len(names)} models", where=where, mend=f"give --model; it has {told}")
    return names[0]


_MEND: Final = "check the address, OPENAI_API_KEY and --model"


def _calibrate(work: _Load) -> None:
    """Find out what the server takes beyond the plain request, and how many tokens a word is.

    Raises:
        InputError: It refuses every form of the request.
        WorkFailedError: It fails at every try.
    """
    short, long = _CALIBRATION
    where = without_credentials(work.client.url)
    for extras in EXTRAS:
        work.extras = dict(extras)
        first = _persistently(work, short)
        if isinstance(first, Answered):
            break
        if first.kind not in {"http_400", "http_422"}:
            break
    if isinstance(first, Failed):
        refused = first.kind.startswith("http_4") or first.kind == "connection"
        kind = InputError if refused else WorkFailedError
        raise kind(f"the endpoint answers no request ({first.kind}: {first.why})", where=where, mend=_MEND)
    second = _persistently(work, long)
    if isinstance(second, Answered):
        counted = [work.counting.prompt(one, _text(work, words)) for one, words in ((first, short), (second, long))]
        if counted[0] is not None and counted[1] is not None:
            work.lengths = Lengths.through((short, counted[0]), (long, counted[1]))


def _persistently(work: _Load, words: int) -> Answered | Failed:
    """Ask before anything is measured; a server that is just starting or busy gets a few tries."""
    for attempt in range(_TRIES):
        work.reporter.check()
        answer = work.client.ask(_text(work, words), WARM_UP, work.extras)
        again = isinstance(answer, Failed) and (answer.kind.startswith("http_5") or answer.kind == "http_429")
        if not again or attempt == _TRIES - 1:
            break
        time.sleep(1.0)
    return answer


def _text(work: _Load, words: int, number: int = 0) -> str:
    return prompt(words, work.request.seed * 1_000_003 + number)


def _measure(work: _Load, level: Level) -> str:
    """Measure one level; returns why the server counts as gone, empty where it does not."""
    words = work.lengths.words(level.prompt)
    _round(work, level.concurrency, words, min(WARM_UP, level.output))
    rounds: list[Round] = []
    gone = ""
    for _ in range(work.request.rounds):
        rounds.append(_round(work, level.concurrency, words, level.output))
        gone = _gone(work, rounds[-1])
        if gone:
            break
    limits = Limits(work.request.ttft_ms, work.request.tpot_ms)
    measured = measurement(level, rounds, work.counting, limits, work.client.model, work.lengths.tokens(words))
    work.measurements.append(measured)
    _remark(work, level, measured)
    return fill(BENCHMARK, "server_gone", work.settings.lang, point=level, why=gone) if gone else ""


def _remark(work: _Load, level: Level, measured: Measurement) -> None:
    """Warn of what makes a level's figures doubtful or different from what was asked for."""
    if measured.errors:
        kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(measured.errors.items()))
        sent = measured.requests or 0
        work.warn("errors_at", point=level, failed=sum(measured.errors.values()), sent=sent, kinds=kinds)
    if measured.ttft_ms is None:
        return
    if measured.spread is not None and measured.spread > AGREEMENT:
        work.warn("spread", point=level, spread=f"{measured.spread:.0%}")
    if abs(measured.prompt_tokens - level.prompt) > _TOLERANCE * level.prompt:
        work.warn("other_prompt_length", point=level, got=measured.prompt_tokens)
    if measured.output_tokens < (1 - _TOLERANCE) * level.output:
        work.warn("short_replies", point=level, got=measured.output_tokens, wanted=level.output)


def _say_how_counted(work: _Load) -> None:
    counted = {one.tokens_counted for one in work.measurements if one.ttft_ms is not None}
    if "estimate" in counted:
        work.warn("counted_by_estimate", each=f"{work.lengths.per_word:g}")
    if "tokenizer" in counted:
        work.warn("counted_by_tokenizer", folder=work.request.tokenizer)
    each = work.counting.tokens_per_chunk
    if each is not None and each > 1 + _TOLERANCE:
        work.warn("several_tokens", each=f"{each:.1f}")


def _gone(work: _Load, last: Round) -> str:
    """Return the last failure where a round brought nothing but such ones and a further request brings one too."""
    if last.answered or not last.failed or not {one.kind for one in last.failed} <= _GONE:
        return ""
    again = work.client.ask(_text(work, 1), 1, work.extras)
    return again.why if isinstance(again, Failed) and again.kind in _GONE else ""


def _round(work: _Load, concurrency: int, words: int, output: int) -> Round:
    """Send requests at once and wait for all.

    Threads are daemons and are left behind when somebody cancels: a silent server would hold a pool for minutes.
    """
    stop = threading.Event()
    answers: queue.SimpleQueue[Answered | Failed] = queue.SimpleQueue()
    numbers = range(work.asked, work.asked + concurrency)
    work.asked += concurrency

    def ask(text: str) -> None:
        try:
            answers.put(work.client.ask(text, output, work.extras, stop))
        except Stopped:
            return

    texts = [_text(work, words, number) for number in numbers]
    for text in texts:
        threading.Thread(target=ask, args=(text,), daemon=True).start()
    got: list[Answered | Failed] = []
    try:
        while len(got) < concurrency:
            work.reporter.check()
            try:
                got.append(answers.get(timeout=0.2))
            except queue.Empty:
                continue
    except BaseException:
        stop.set()
        raise
    return Round(
        tuple(one for one in got if isinstance(one, Answered)), tuple(one for one in got if isinstance(one, Failed))
    )
