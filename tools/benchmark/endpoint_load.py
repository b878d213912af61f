"""How fast any OpenAI-compatible endpoint answers, by concurrency and length; what fails is counted apart.

    ended = load(settings, LoadRequest(url="http://127.0.0.1:8000/v1"), reporter)

A level sends its requests in rounds, all of a round at once. Only replies that came whole count in any figure; a
server that stops answering ends the sweep with what was measured until then. No measured prompt was sent before, in
this run or another, so that a server's cache of prefixes holds none.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from agent.errors import CancelledError, InputError, WorkFailedError
from agent.progress import Reporter
from agent.prompts.benchmark import BENCHMARK
from agent.prompts.benchmark_errors import BENCHMARK_ERRORS
from agent.prompts.phrases import fill
from agent.records.base import Language, Record
from agent.records.benchmark import BenchmarkResult, Machine, Measurement
from agent.settings import Settings
from tools.benchmark.addresses import without_credentials
from tools.benchmark.backends import fingerprint
from tools.benchmark.ended import Ended
from tools.benchmark.following import Course
from tools.benchmark.level import Counting, Level, Round, measurement
from tools.benchmark.streamed import EXTRAS, SECONDS, Answered, Client, Failed
from tools.benchmark.timing import AGREEMENT, Limits
from tools.benchmark.together import together
from tools.benchmark.wordings import Lengths, prompt

WARM_UP: Final = 8
"""Tokens of the unmeasured replies before each level, which also open its connections."""
_CALIBRATION: Final = (32, 160)
"""Words of the two prompts whose count tells how long a word is."""
_TOLERANCE: Final = 0.10
"""Share by which a prompt's real length may differ from the wanted one unmentioned."""
_TRIES: Final = 3
_GONE: Final = frozenset({"connection", "cut_off", "timeout", "http_502", "http_503", "http_504"})
"""Of a server that is no longer there: its own, and what a proxy before it says then. A busy one says 503 too, so that
one more request, alone, decides."""


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
    """Of the prompts, together with a number that every run draws anew."""


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
    run: str = field(default_factory=partial(secrets.token_hex, 16))
    """Distinguishes this run's prompts from those of every other."""
    asked: int = 0

    def text(self, words: int) -> str:
        """Return a prompt that nobody has sent before."""
        self.asked += 1
        return prompt(words, f"{self.run}:{self.request.seed}:{self.asked}")

    def warn(self, key: str, **values: object) -> None:
        self.warnings.append(fill(BENCHMARK, key, self.settings.lang, **values))


def load(settings: Settings, request: LoadRequest, reporter: Reporter) -> Ended:
    """Measure an endpoint; Ctrl-C and a reporter's cancellation end it with what is there.

    Raises:
        InputError: The address, the key or the model is wrong, or nothing answers there.
        WorkFailedError: The server fails at every try.
    """
    with Client(request.url, request.model, request.seconds, settings.lang) as client:
        return _load(client, settings, request, reporter)


def _load(client: Client, settings: Settings, request: LoadRequest, reporter: Reporter) -> Ended:
    began, at = time.monotonic(), datetime.now(UTC).isoformat(timespec="seconds")
    client.model = client.model or _only_model(client, reporter, settings.lang)
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


def _only_model(client: Client, reporter: Reporter, lang: Language) -> str:
    """Return the one model an endpoint serves.

    Raises:
        InputError: It cannot be reached, or serves none or several.
    """
    answers = together([lambda _: client.models()], client.patience, reporter.check)
    names = answers[0] if answers else _late(client)
    says, where = partial(fill, BENCHMARK_ERRORS, lang=lang), without_credentials(client.url)
    if isinstance(names, Failed):
        raise InputError(says("no_models", why=names.why), where=where, mend=says("endpoint_mend"))
    if len(names) != 1:
        told = ", ".join(names[:5]) or says("none")
        raise InputError(
            says("several_models", count=len(names)), where=where, mend=says("several_models_mend", names=told)
        )
    return names[0]


def _calibrate(work: _Load) -> None:
    """Find out what the server takes beyond the plain request, and how many tokens a word is.

    Raises:
        InputError: It refuses every form of the request.
        WorkFailedError: It fails at every try.
    """
    short, long = _CALIBRATION
    where = without_credentials(work.client.url)
    text = work.text(short)
    for extras in EXTRAS:
        work.extras = dict(extras)
        first = _persistently(work, text)
        if isinstance(first, Answered):
            break
        if first.kind not in {"http_400", "http_422"}:
            break
    if isinstance(first, Failed):
        refused = first.kind.startswith("http_4") or first.kind == "connection"
        error = InputError if refused else WorkFailedError
        says = partial(fill, BENCHMARK_ERRORS, lang=work.settings.lang)
        raise error(says("no_answer", kind=first.kind, why=first.why), where=where, mend=says("endpoint_mend"))
    second = _persistently(work, work.text(long))
    if isinstance(second, Answered):
        (one, _), (other, _) = (work.counting.prompt(answer) for answer in (first, second))
        if one is not None and other is not None:
            work.lengths = Lengths.through((short, one), (long, other))


def _persistently(work: _Load, text: str) -> Answered | Failed:
    """Ask before anything is measured; a server that is just starting or busy gets a few tries."""
    for attempt in range(_TRIES):
        work.reporter.check()
        (answer,) = _answers(work, [text], WARM_UP)
        again = isinstance(answer, Failed) and (answer.kind.startswith("http_5") or answer.kind == "http_429")
        if not again or attempt == _TRIES - 1:
            break
        time.sleep(1.0)
    return answer


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
    counted = measured.prompts_counted == "server"
    if counted and abs(measured.prompt_tokens - level.prompt) > _TOLERANCE * level.prompt:
        work.warn("other_prompt_length", point=level, got=measured.prompt_tokens)
    if measured.output_tokens < (1 - _TOLERANCE) * level.output:
        work.warn("short_replies", point=level, got=measured.output_tokens, wanted=level.output)


def _say_how_counted(work: _Load) -> None:
    answered = [one for one in work.measurements if one.ttft_ms is not None]
    prompts, replies = {one.prompts_counted for one in answered}, {one.tokens_counted for one in answered}
    each = f"{work.lengths.per_word:g}"
    if work.counting.doubted:
        work.warn("counts_doubted", names=", ".join(sorted(work.counting.doubted)))
    if "estimate" in prompts & replies:
        work.warn("counted_by_estimate", each=each)
    elif "estimate" in prompts:
        work.warn("prompts_by_estimate", each=each)
    elif "estimate" in replies:
        work.warn("replies_by_estimate")
    if "tokenizer" in prompts | replies:
        work.warn("counted_by_tokenizer", folder=work.request.tokenizer)
    per_chunk = work.counting.tokens_per_chunk
    if per_chunk is not None and per_chunk > 1 + _TOLERANCE:
        work.warn("several_tokens", each=f"{per_chunk:.1f}")


def _gone(work: _Load, last: Round) -> str:
    """Return the last failure where a round brought nothing but such ones and a further request brings one too."""
    if last.answered or not last.failed or not {one.kind for one in last.failed} <= _GONE:
        return ""
    (again,) = _answers(work, [work.text(1)], 1)
    return again.why if isinstance(again, Failed) and again.kind in _GONE else ""


def _round(work: _Load, concurrency: int, words: int, output: int) -> Round:
    """Send requests at once and wait for all."""
    got = _answers(work, [work.text(words) for _ in range(concurrency)], output)
    return Round(
        tuple(one for one in got if isinstance(one, Answered)), tuple(one for one in got if isinstance(one, Failed))
    )


def _answers(work: _Load, texts: Sequence[str], output: int) -> list[Answered | Failed]:
    """Return as many answers as were asked for; a request that does not end by itself counts as timed out."""
    client, extras = work.client, work.extras
    calls = [partial(client.ask, text, output, extras) for text in texts]
    got = together(calls, client.patience, work.reporter.check)
    return [*got, *(_late(client) for _ in range(len(texts) - len(got)))]


def _late(client: Client) -> Failed:
    return Failed("timeout", f"no end after {client.patience:g} s")
