"""Extraction: documents to checked training pairs with their sources.

    result = extract(project, settings, ExtractRequest(documents=("tarvo-*",)), reporter)

Documents are split first. Rules read tables, lists and forms; a model, if the settings name one, reads the prose of
the training documents. Every pair passes the checks or is kept as rejected with the reason. Running again makes the
same pairs from the same documents; what a person has reviewed stays as it was left.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agent.errors import EmptyError
from agent.progress import Reporter
from agent.prompts.extraction import unread_line
from agent.records.corpus import Chunk, DocumentSplit, DocumentText
from agent.records.evaluation import Item
from agent.records.pairs import ExtractResult, Message, Pair, PairKind, PairStatus
from agent.settings import Settings
from knowledge.files import read_records, write_records
from knowledge.store import CorpusStore
from tools.extraction.checks import (
    NEAR_SEALED,
    OF_ANSWERS,
    UNCONFIRMED,
    Candidate,
    first_failure,
    judge,
    reason,
    scores,
)
from tools.extraction.conflicts import settle
from tools.extraction.fact import Fact
from tools.extraction.from_prose import from_prose
from tools.extraction.harvest import harvest
from tools.extraction.prose import RULES, ProseForecast, forecast_prose, unread_prose
from tools.extraction.reading import Reading, reading_counts, reading_pairs
from tools.extraction.replies import PairWriter
from tools.extraction.request import ExtractRequest
from tools.extraction.similarity import normal
from tools.extraction.split import in_scope, save_split, saved_split, split_documents
from tools.extraction.support import Verdict
from tools.extraction.variants import NO_VARIANTS, Variants
from tools.extraction.wordings import SEALED_WORDINGS, choose, hurried, plainest, questions
from tools.mixing.leakage import SealedQuestions
from tools.pairs import load_pairs, pair_id, save_pairs
from tools.workspace import Project


def facts_file(project: Project) -> Path:
    """Return the JSONL of `Fact`: every fact found, with trained and sealed wordings."""
    return project.root / "facts.jsonl"


def extract(
    project: Project,
    settings: Settings,
    request: ExtractRequest,
    reporter: Reporter,
    generator: PairWriter | None = None,
) -> ExtractResult:
    """Make the training pairs of a project.

    Args:
        project: The project, owned by the caller.
        settings: `extraction_model` says whether and which model reads prose.
        request: What to make.
        reporter: Hears of the progress and may stop the work; the model's replies so far are kept.
        generator: The model; loaded by the settings if it is `None` and one is needed.

    Returns:
        Counts, and the files written.

    Raises:
        EmptyError: The project has no documents.
        NotFoundError: The request's patterns name no document.
    """
    store = CorpusStore(project.root)
    texts = {text.document: text for text in store.texts()}
    if not texts:
        raise EmptyError("this project has no documents yet", mend="`domainsmith ingest PATH…` reads them")
    split = split_documents(
        texts.items(),
        request.seed,
        request.held_out_share,
        scope=request.documents,
        previous=None if request.resplit else saved_split(project),
    )
    save_split(project, split)
    teaching = frozenset(key for key in split.train if in_scope(request.documents, key, texts[key].name))
    if not teaching:
        raise EmptyError(
            "every document asked for is held out",
            where=", ".join(request.documents),
            mend="widen the choice of documents, or draw the split anew (resplit)",
        )
    work = _Extraction(request, texts, split, teaching, _sealed_questions(project))
    found = work.facts(reporter)
    work.variants = Variants.of(found)
    facts = []
    for fact in found:
        reporter.check()
        facts.append(work.worded(fact))
    for fact in facts:
        reporter.check()
        work.closed_book(fact)
    chunks = list(store.chunks())
    facts += from_prose(work, project, settings, chunks, generator, reporter)
    work.reading(facts, chunks, reporter)
    pairs = _with_reviews(work.pairs, load_pairs(project), set(texts))
    write_records(facts_file(project), facts)
    save_pairs(project, pairs)
    notes = _notes(chunks, teaching, settings, request)
    for note in notes:
        reporter.note(note)
    return _result(project, pairs, split).model_copy(update={"notes": notes})


def forecast_of(project: Project, settings: Settings, request: ExtractRequest) -> ProseForecast:
    """Return what reading a project's prose would take; the split is looked at or drawn, never saved."""
    store = CorpusStore(project.root)
    texts = {text.document: text for text in store.texts()}
    split = split_documents(
        texts.items(),
        request.seed,
        request.held_out_share,
        scope=request.documents,
        previous=None if request.resplit else saved_split(project),
    )
    teaching = frozenset(key for key in split.train if in_scope(request.documents, key, texts[key].name))
    return forecast_prose(list(store.chunks()), teaching, settings, request)


@dataclass
class _Extraction:
    """The pairs while they are made."""

    request: ExtractRequest
    texts: dict[str, DocumentText]
    split: DocumentSplit
    teaching: frozenset[str]
    sealed: SealedQuestions
    """Questions of sealed items that exist already; nothing alike is trained."""
    variants: Variants = NO_VARIANTS
    """Other names that the whole corpus leaves unambiguous."""
    pairs: list[Pair] = field(default_factory=list)
    written: dict[str, dict[str, bool | float]] = field(default_factory=dict)
    """What the checks found of a model's own wording, by fact; its rewordings by rule share it."""
    apart: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Wordings that a sealed question is too near to, by fact; each makes a rejected pair."""
    asked: set[str] = field(default_factory=set)
    """Questions of closed-book pairs so far, normalised."""

    def facts(self, reporter: Reporter) -> list[Fact]:
        """Return the facts of all documents, training documents first, equal and contradicting ones marked."""
        found = harvest(list(self.texts.values()), reporter)
        taught = [fact for fact in found if fact.document in self.teaching]
        held_out = set(self.split.held_out)
        names = {key: text.name for key, text in self.texts.items()}
        return settle([*taught, *(fact for fact in found if fact.document in held_out)], names)

    def worded(self, fact: Fact) -> Fact:
        """Give a fact its wordings; one of a held-out document has sealed ones only."""
        candidates = questions(fact, self.variants)
        if fact.document in self.teaching:
            plain = plainest(fact)
            # The choice knows nothing of what is sealed already, so that sealing anew seals the same.
            trained, kept = choose(candidates, self.request.wordings, self.request.seed, fact.id, plain=plain)
            trained = self.kept_apart(fact, hurried(trained, self.request.seed, fact.id, plain=plain))
            return fact.model_copy(update={"trained": trained, "sealed": kept})
        return fact.model_copy(update={"sealed": tuple(candidates[:SEALED_WORDINGS])})

    def kept_apart(self, fact: Fact, wordings: Sequence[str]) -> tuple[str, ...]:
        """Return the wordings that no sealed question is too near to; the others are kept for `closed_book`."""
        near = tuple(question for question in wordings if self.sealed.alike(question, fact.answer))
        if near:
            self.apart[fact.id] = tuple(dict.fromkeys((*self.apart.get(fact.id, ()), *near)))
        return tuple(question for question in wordings if question not in near)

    def closed_book(self, fact: Fact) -> bool:
        """Make the closed-book pairs of a fact; returns whether any was accepted."""
        made = [
            self.pair_of(fact, question, question, fact.answer, fact.kind)
            for question in fact.trained
            if fact.document in self.teaching
        ]
        near = [
            too_near(self.pair_of(fact, question, question, fact.answer, fact.kind))
            for question in self.apart.pop(fact.id, ())
        ]
        accepted = [pair for pair in made if pair.status == "accepted"]
        held = self._validation_pair(fact, accepted)
        self.pairs += [pair.model_copy(update={"split": "validation"}) if pair is held else pair for pair in made]
        self.pairs += near
        self.asked |= {normal(pair.question) for pair in made}
        return bool(accepted)

    def reading(self, facts: Sequence[Fact], chunks: Sequence[Chunk], reporter: Reporter) -> None:
        """Add reading pairs in the asked shares of the accepted ones."""
        good = {pair.fact for pair in self.pairs if pair.status == "accepted"}
        closed_book = sum(pair.status == "accepted" for pair in self.pairs)
        counts = reading_counts(closed_book, self.request.reading_share, self.request.unanswerable_share)
        texts = {key: self.texts[key] for key in self.teaching}
        accepted = [fact for fact in facts if fact.id in good]
        for reading in reading_pairs(accepted, texts, *counts, self.request.seed, chunks, reporter):
            reporter.check()
            self.pairs.append(self._reading_pair(reading))

    def _reading_pair(self, reading: Reading) -> Pair:
        kind: PairKind = "reading" if reading.answerable else "unanswerable"
        quote = self.texts[reading.document].text[reading.start : reading.end]
        shown = reading.fact.model_copy(
            update={"document": reading.document, "start": reading.start, "end": reading.end, "quote": quote}
        )
        return self.pair_of(shown, reading.question, reading.turn, reading.answer, kind)

    def pair_of(
        self, fact: Fact, question: str, turn: str, answer: str, kind: PairKind, *, about: str | None = None
    ) -> Pair:
        """Make one pair.

        Args:
            fact: What it words.
            question: The question without passages.
            turn: The whole user turn.
            answer: The assistant turn.
            kind: Its kind.
            about: Title and headings of the passage, for the words of a model; `None` for a wording made by rule.
        """
        text = self.texts[fact.document]
        verdicts = judge(
            Candidate(
                question,
                answer,
                fact.quote,
                text.text,
                fact.start,
                fact.language,
                title=about or text.title,
                duplicate=turn == question and normal(question) in self.asked,
                written=about is not None,
            )
        )
        if kind == "unanswerable":
            # The answer says that the passage is silent; no quote can support that.
            verdicts = {name: verdict for name, verdict in verdicts.items() if name not in OF_ANSWERS}
        elif fact.id in self.written:
            verdicts = {name: Verdict(float(score)) for name, score in self.written[fact.id].items()} | verdicts
        if kind == "unanswerable" and about is not None:
            verdicts["passage_silent"] = Verdict(UNCONFIRMED)
        checks = scores(verdicts)
        failed = first_failure(checks)
        status: PairStatus = "rejected" if failed else fact.status
        if failed == "passage_silent":
            status = "pending"
        messages = (Message(role="user", content=turn), Message(role="assistant", content=answer))
        return Pair(
            id=pair_id(fact.document, fact.start, fact.end, messages),
            messages=messages,
            document=fact.document,
            page=text.page_at(fact.start),
            start=fact.start,
            end=fact.end,
            quote=fact.quote,
            kind=kind,
            language=fact.language,
            split="train",
            checks=checks,
            status=status,
            reason=reason(failed, verdicts[failed]) if failed else fact.reason,
            fact=fact.id,
            source=fact.source,
        )

    def _validation_pair(self, fact: Fact, accepted: Sequence[Pair]) -> Pair | None:
        """Choose, for some facts, one wording for the validation loss; four others must remain in training."""
        spare = accepted[-1:] if len(accepted) >= 5 else ()
        draw = int(hashlib.sha256(f"{self.request.seed}:loss:{fact.id}".encode()).hexdigest()[:8], 16) / 0xFFFFFFFF
        return spare[0] if spare and draw < self.request.validation_share * len(accepted) else None


def _notes(
    chunks: Sequence[Chunk], teaching: frozenset[str], settings: Settings, request: ExtractRequest
) -> tuple[str, ...]:
    """Return what the person should know of prose that nobody read."""
    if settings.extraction_model != RULES and request.model_chunks != 0:
        return ()
    count = unread_prose(chunks, teaching)
    return (unread_line(count, settings.lang),) if count else ()


def too_near(pair: Pair) -> Pair:
    """Return a pair as rejected because a sealed question asks nearly the same; what failed before stays its reason."""
    why = pair.reason if pair.status == "rejected" else reason(NEAR_SEALED)
    return pair.model_copy(update={"checks": {**pair.checks, NEAR_SEALED: 0.0}, "status": "rejected", "reason": why})


def _sealed_questions(project: Project) -> SealedQuestions:
    items = read_records(project.validation, Item)
    return SealedQuestions(item for item in items if item.form == "free" and item.kind != "general")


def _with_reviews(made: Iterable[Pair], before: Iterable[Pair], documents: set[str]) -> list[Pair]:
    """Put back what a person decided or imported; a reviewed pair whose document left the project goes too."""
    kept = {p.id: p for p in before if p.source == "import" or (p.reviewed and p.document in documents)}
    fresh: dict[str, Pair] = {}
    for pair in made:
        # A model that repeats itself makes the same pair twice; the first one counts.
        fresh.setdefault(pair.id, kept.pop(pair.id, pair))
    return [*fresh.values(), *kept.values()]


def _result(project: Project, pairs: Sequence[Pair], split: DocumentSplit) -> ExtractResult:
    accepted = [pair for pair in pairs if pair.status == "accepted"]
    rejected = [pair for pair in pairs if pair.status == "rejected"]
    return ExtractResult(
        pairs=len(accepted),
        rejected=len(rejected),
        rejects_by_reason=dict(sorted(Counter(pair.reason.split(":")[0] for pair in rejected).items())),
        facts=len({pair.fact for pair in accepted if pair.fact}),
        by_source=dict(sorted(Counter(pair.source for pair in accepted).items())),
        documents_train=len(split.train),
        documents_held_out=len(split.held_out),
        files={"pairs": str(project.pairs), "facts": str(facts_file(project)), "split": str(project.split)},
    )
