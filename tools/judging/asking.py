"""Asks the judge both orders of every pair; what it fails at is told apart, and no verdict is asked for twice.

asked = ask_judge(cases, "openai:judge", writer, ReplyLog(run / "eval" / REPLIES), reporter, width=4)
asked.judgements[0].outcome

Of a reply only the verdict is kept, so that the log holds none of the words that were judged. A reply that names none
is asked for again, with a line that says so; every such try has a key of its own in the log.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from agent.errors import DomainsmithError
from agent.policy.judging import outcome_of
from agent.progress import Reporter
from agent.prompts.judging import FIRST, SECOND, TIE, judging_prompt, judging_schema
from agent.records.evaluation import Arm
from agent.records.judging import Judgement, JudgeOutcome, Preference
from agent.records.pairs import Message
from tools.extraction.replies import PairWriter, Reply, ReplyLog, Request, ask_all
from tools.judging.cases import Case

REPLIES: Final = "judge-replies.jsonl"
"""Verdicts so far, in the evaluation's `eval` folder."""
REPLY_TOKENS: Final = 512
"""Most tokens of a verdict; a model that thinks aloud first needs more than the answer."""
GIVE_UP: Final = 5
"""Failures in a row after which the judge is taken for unreachable and the work ends, to be gone on with later."""
UNREADABLE: Final = "unreadable"
"""Kept in place of a reply that names no verdict."""
AGAIN: Final = 2
"""Most further calls for one verdict after replies that named none; what then names none is a failure."""
_OBJECT: Final = re.compile(r"\{[^{}]*\}")


def requests_of(cases: Sequence[Case], model: str, log: ReplyLog) -> list[Request]:
    """Return the calls that have the pairs judged: two for each whose answers differ, and those made again.

    Args:
        cases: The pairs.
        model: Name of the judge.
        log: Verdicts so far; a call follows in it on every reply that named none, `AGAIN` at most.
    """
    orders = (tries for case in cases if not case.same for tries in _both_orders(case, model))
    return [request for tries in orders for request in _made(tries, log)]


def asked_again(cases: Sequence[Case], model: str, log: ReplyLog) -> int:
    """Return how many of the calls were made because an earlier reply named no verdict."""
    first = {tries[0].key for case in cases if not case.same for tries in _both_orders(case, model)}
    return len({request.key for request in requests_of(cases, model, log) if request.key in log} - first)


def ask_judge(
    cases: Sequence[Case],
    model: str,
    arms: tuple[Arm, Arm],
    writer: PairWriter | None,
    log: ReplyLog,
    reporter: Reporter,
    *,
    width: int = 1,
) -> list[Judgement]:
    """Return what the judge says of every pair.

    Args:
        cases: The pairs.
        model: Name of the judge; replies of another one are asked anew.
        arms: The arms behind `a` and `b`.
        writer: The judge; `None` where the log holds every verdict.
        log: Verdicts so far; grows.
        reporter: Hears of the progress; its cancel is honoured between calls.
        width: Calls in flight at once.

    Raises:
        CancelledError: Somebody stopped the work; verdicts so far are kept.
        InputError: The endpoint refused call after call.
        WorkFailedError: The endpoint failed call after call.
    """
    failures = _Failures()
    judge = _Judge(writer, failures)
    told = "the judge compares answers"
    for _ in range(1 + AGAIN):
        # What failed otherwise has been tried as often as it may be, and is left to a later job.
        requests = [one for one in requests_of(cases, model, log) if one.key not in failures.of]
        ask_all(log, requests, judge, reporter, width=width, told=told, unit="verdicts", failed=failures)
    return [_judged(case, model, arms, log, failures) for case in cases]


def verdict_in(text: str) -> str:
    """Return the verdict that a reply names: `1`, `2`, `tie`, or `unreadable` where it names none or several.

    Thoughts that were cut off before their end hold no verdict.
    """
    if "<think>" in text and "</think>" not in text:
        return UNREADABLE
    said = text.rpartition("</think>")[2].strip()
    if said.strip("\"'`. ").lower() in (FIRST, SECOND, TIE):
        return said.strip("\"'`. ").lower()
    found = {_better(match) for match in _OBJECT.findall(said)} - {None}
    return str(found.pop()) if len(found) == 1 else UNREADABLE


def _better(text: str) -> str | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    better = str(value.get("better", "")).strip().lower() if isinstance(value, dict) else ""
    return better if better in (FIRST, SECOND, TIE) else None


@dataclass(frozen=True)
class _Verdict:
    text: str


class _Failures:
    """The calls no verdict came from; ends the work once nothing comes back any more."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._in_a_row = 0
        self.of: dict[str, str] = {}
        """What went wrong, by the call's key."""

    def __call__(self, request: Request, error: DomainsmithError) -> None:
        with self._lock:
            self.of[request.key] = " ".join(error.what.split())[:200]
            self._in_a_row += 1
            if self._in_a_row >= GIVE_UP:
                raise error

    def worked(self) -> None:
        """Note that a reply came."""
        with self._lock:
            self._in_a_row = 0


@dataclass(frozen=True)
class _Judge:
    """The model, of whose replies only the verdict is passed on."""

    writer: PairWriter | None
    failures: _Failures

    def generate(
        self,
        conversations: Sequence[Sequence[Message]],
        max_new_tokens: int,
        reporter: Reporter | None = None,
        *,
        adapter: bool | None = None,
        schema: Mapping[str, Any] | None = None,
    ) -> Sequence[Reply]:
        """Return a verdict on each."""
        assert self.writer is not None
        replies = self.writer.generate(conversations, max_new_tokens, reporter, adapter=adapter, schema=schema)
        self.failures.worked()
        return [_Verdict(verdict_in(reply.text)) for reply in replies]


def _made(tries: Sequence[Request], log: ReplyLog) -> list[Request]:
    """Return the calls of one order up to the one whose reply can be read, or that has none yet."""
    found: list[Request] = []
    for one in tries:
        found.append(one)
        if one.key not in log or log.text(one.key) != UNREADABLE:
            break
    return found


def _both_orders(case: Case, model: str) -> tuple[tuple[Request, ...], tuple[Request, ...]]:
    return _tries(case, case.a, case.b, model), _tries(case, case.b, case.a, model)


def _tries(case: Case, first: str, second: str, model: str) -> tuple[Request, ...]:
    """Return the calls for one order, each for the case that those before it brought no verdict."""
    return tuple(_request(case, first, second, model, number) for number in range(1 + AGAIN))


def _request(case: Case, first: str, second: str, model: str, number: int) -> Request:
    prompt = judging_prompt(
        case.question,
        first,
        second,
        case.language,
        reference=case.reference,
        answerable=case.answerable,
        passage=case.passage,
        again=number > 0,
    )
    # The number, because tries after the first are worded alike.
    asked = "\x1f".join((model, *(message.content for message in prompt), *((str(number),) if number > 1 else ())))
    key = hashlib.sha256(asked.encode()).hexdigest()[:32]
    return Request(key, case.id, prompt, REPLY_TOKENS, judging_schema())


def _judged(case: Case, model: str, arms: tuple[Arm, Arm], log: ReplyLog, failures: _Failures) -> Judgement:
    a_first: Preference | None = None
    b_first: Preference | None = None
    outcome: JudgeOutcome = "tie"
    error = ""
    if not case.same:
        forward, backward = (_made(tries, log)[-1].key for tries in _both_orders(case, model))
        a_first = _read(log, forward, {FIRST: "a", SECOND: "b", TIE: "tie"})
        b_first = _read(log, backward, {FIRST: "b", SECOND: "a", TIE: "tie"})
        outcome = outcome_of(a_first, b_first)
        if outcome == "failed":
            error = failures.of.get(forward) or failures.of.get(backward) or UNREADABLE
    return Judgement(
        item=case.id,
        kind=case.kind,
        model=model,
        a=arms[0],
        b=arms[1],
        dimension=case.item.dimension if case.kind == "item" and case.item else None,
        sampled=case.sampled,
        a_first=a_first,
        b_first=b_first,
        outcome=outcome,
        same=case.same,
        error=error,
    )


def _read(log: ReplyLog, key: str, meaning: Mapping[str, Preference]) -> Preference | None:
    return meaning.get(log.text(key)) if key in log else None
