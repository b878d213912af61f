"""The part of an extraction that a model does: read, check, ask again, and word what passed.

facts = from_prose(work, project, settings, chunks, None, reporter)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from agent.progress import Reporter
from agent.prompts.extraction import forecast_line
from agent.prompts.forms import ABSTENTION, context_question
from agent.records.corpus import Chunk, DocumentText
from agent.records.pairs import Pair, PairKind
from agent.settings import BUILTIN, Settings
from tools.extraction.asking_again import Asked, ask_again, is_silent_trip
from tools.extraction.checks import OF_MODELS, first_failure, reason, scores
from tools.extraction.fact import Fact
from tools.extraction.model import WrittenPair, load_writer, model_fact, written_pairs
from tools.extraction.prose import asked_of, forecast_prose
from tools.extraction.replies import PairWriter, ReplyLog
from tools.extraction.request import ExtractRequest
from tools.extraction.similarity import NEAR_DUPLICATE, jaccard, normal
from tools.extraction.support import Verdict
from tools.workspace import Project


class Work(Protocol):
    """An extraction under way, as `tools.extraction.run` keeps it."""

    request: ExtractRequest
    texts: dict[str, DocumentText]
    teaching: frozenset[str]
    pairs: list[Pair]
    asked: set[str]
    """Questions so far, normalised."""
    written: dict[str, dict[str, bool | float]]
    """What the checks found of a model's own wording, by fact."""

    def pair_of(
        self, fact: Fact, question: str, turn: str, answer: str, kind: PairKind, *, about: str | None = None
    ) -> Pair:
        """Make and check one pair."""

    def worded(self, fact: Fact) -> Fact:
        """Give a fact its wordings."""

    def kept_apart(self, fact: Fact, wordings: Sequence[str]) -> tuple[str, ...]:
        """Return the wordings that no sealed question is too near to."""

    def closed_book(self, fact: Fact) -> bool:
        """Make the closed-book pairs of a fact."""


def from_prose(
    work: Work,
    project: Project,
    settings: Settings,
    chunks: Sequence[Chunk],
    generator: PairWriter | None,
    reporter: Reporter,
) -> list[Fact]:
    """Have the model read prose; returns the facts it found."""
    asked = asked_of(chunks, work.teaching, settings, work.request)
    if not asked:
        return []
    model = settings.extraction_model
    local = model == BUILTIN
    forecast = forecast_prose(chunks, work.teaching, settings, work.request)
    reporter.note(forecast_line(forecast, settings.lang))
    writer = generator or load_writer(model, settings)
    name = f"{model}:{settings.base_model}" if local else model
    width = 1 if local else settings.extraction_width
    log = ReplyLog(project.root / "extraction.jsonl")
    found = list(written_pairs(asked, writer, name, log, reporter, width=width))
    plain = []
    for chunk, written in found:
        reporter.check()
        plain.append((chunk, written, _written(work, chunk, written)))
    plain = _asked_again(work, plain, log, writer, name, reporter, width)
    return _kept(work, plain, reporter)


def _written(work: Work, chunk: Chunk, written: WrittenPair) -> tuple[Fact, Pair]:
    """Make the pair a model wrote, and check it."""
    fact = model_fact(chunk, written, work.texts[chunk.document])
    about = " ".join((chunk.title, *chunk.headings))
    if written.kind != "unanswerable":
        return fact, work.pair_of(fact, fact.attribute, fact.attribute, fact.answer, fact.kind, about=about)
    shown = fact.model_copy(
        update={"start": chunk.start, "end": chunk.end, "quote": chunk.text, "answer": ABSTENTION[chunk.language]}
    )
    turn = context_question(written.question, [chunk.text], chunk.language)
    return shown, work.pair_of(shown, written.question, turn, shown.answer, "unanswerable", about=about)


def _asked_again(
    work: Work,
    plain: list[tuple[Chunk, WrittenPair, tuple[Fact, Pair]]],
    log: ReplyLog,
    writer: PairWriter,
    name: str,
    reporter: Reporter,
    width: int,
) -> list[tuple[Chunk, WrittenPair, tuple[Fact, Pair]]]:
    """Add the checks that ask the model again, where the request wants them; rejected pairs are not asked about."""
    if not work.request.round_trip:
        return plain
    good = [(chunk, written, made) for chunk, written, made in plain if made[1].status != "rejected"]
    asked = [(c.id, made[1].id, Asked(w.question, made[1].answer, c.text, c.language)) for c, w, made in good]
    outcomes = ask_again(asked, log, writer, name, reporter, width=width, twice=work.request.ask_twice)
    judged = {made[1].id: found for (_, _, made), found in zip(good, outcomes, strict=True)}
    return [(c, w, (fact, with_verdicts(pair, judged.get(pair.id, {})))) for c, w, (fact, pair) in plain]


def _kept(work: Work, plain: list[tuple[Chunk, WrittenPair, tuple[Fact, Pair]]], reporter: Reporter) -> list[Fact]:
    """Make the other wordings of the pairs that passed; returns their facts."""
    facts: dict[str, Fact] = {}
    for chunk, written, (found, pair) in plain:
        reporter.check()
        again = normal(pair.question) in work.asked
        if pair.status == "rejected" or pair.kind == "unanswerable" or again:
            # Other wordings of a faulty pair would only repeat its fault.
            work.pairs.append(repeated(pair) if again and pair.status != "rejected" else pair)
            continue
        work.written[found.id] = pair.checks
        fact = work.worded(found)
        extra = tuple(one for one in written.wordings if _asks_the_same(work, found, one, chunk, fact))
        extra = work.kept_apart(fact, extra)
        fact = fact.model_copy(update={"trained": tuple(dict.fromkeys((*fact.trained, *extra)))})
        work.closed_book(fact)
        facts[fact.id] = fact
    return list(facts.values())


def _asks_the_same(work: Work, fact: Fact, wording: str, chunk: Chunk, worded: Fact) -> bool:
    """Return whether a model's other wording passes the checks and is apart from the fact's own sealed ones."""
    about = " ".join((chunk.title, *chunk.headings))
    made = work.pair_of(fact, wording, wording, fact.answer, fact.kind, about=about)
    apart = all(jaccard(wording, one) < NEAR_DUPLICATE for one in worded.sealed)
    return made.status != "rejected" and apart


def with_verdicts(pair: Pair, verdicts: Mapping[str, Verdict]) -> Pair:
    """Return a pair with the outcomes of asking again; one that fails is rejected, silence confirmed is accepted."""
    if not verdicts:
        return pair
    checks = {**pair.checks, **scores(verdicts)}
    if pair.kind == "unanswerable":
        silent = is_silent_trip(verdicts["round_trip"])
        checks = {name: score for name, score in checks.items() if name not in OF_MODELS} | {"passage_silent": silent}
        why = "" if silent else reason("passage_silent", verdicts["round_trip"])
        return pair.model_copy(update={"checks": checks, "status": "accepted" if silent else "rejected", "reason": why})
    failed = first_failure(checks)
    if not failed or pair.status == "rejected":
        return pair.model_copy(update={"checks": checks})
    return pair.model_copy(
        update={"checks": checks, "status": "rejected", "reason": reason(failed, verdicts.get(failed))}
    )


def repeated(pair: Pair) -> Pair:
    """Return a pair as rejected because its question was asked before."""
    return pair.model_copy(
        update={
            "checks": {**pair.checks, "not_duplicate": 0.0},
            "status": "rejected",
            "reason": reason("not_duplicate"),
        }
    )
