"""Items from the questions of a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from agent.records.corpus import DocumentSplit
from agent.records.evaluation import Dimension, Item, ItemKind
from agent.records.pairs import Pair
from knowledge.store import CorpusStore
from tools.extraction.split import saved_split
from tools.pairs import load_pairs
from tools.validation.asked import Asked
from tools.validation.identity import with_id
from tools.validation.matching import Corpus, Place
from tools.validation.readers import SAME, read_questions
from tools.workspace import Project

_LOOKED_UP: Final = 1000
"""Most imported pairs whose document is looked for: each search reads every text."""


def imported_items(
    asked: Iterable[Asked], corpus: Corpus, split: DocumentSplit | None, taught: frozenset[str], source: str
) -> Iterator[Item]:
    """Turn questions into items.

    A question is knowledge of a training document if pairs were made from that document, and of a held-out one
    otherwise. Its passage makes a reading item too, unless the document trains: skill items come from documents that
    do not. A choice with a passage is a reading item, or knowledge where that document trains. Minimal pairs
    are syntax items, pairs of sentences on one word disambiguation items.

    Args:
        asked: The questions.
        corpus: The project's documents.
        split: The split, if there is one.
        taught: Ids of the documents that accepted pairs come from.
        source: Name of the file.
    """
    training = frozenset(split.train) if split else frozenset()
    for one in asked:
        if one.form == "question" and not one.question:
            continue
        match one.form:
            case "minimal_pair":
                yield _item(one, source, "skill", "syntax", None)
            case "choice":
                yield _choice(one, corpus, training, taught, source)
            case "question":
                yield from _question(one, corpus, training, taught, source)


def _choice(one: Asked, corpus: Corpus, training: frozenset[str], taught: frozenset[str], source: str) -> Item:
    if one.kind == SAME:
        return _item(one, source, "skill", "disambiguation", None)
    if not one.context:
        return _item(one, source, "knowledge", "domain_knowledge", None)
    place = corpus.place(one)
    if place is not None and place.document in training:
        return _item(one, source, "knowledge", _known(place.document, taught), place)
    return _item(one, source, "skill", "understanding", place)


def _known(document: str, taught: frozenset[str]) -> Dimension:
    return "domain_knowledge" if not document or document in taught else "domain_knowledge_held_out"


def _question(
    one: Asked, corpus: Corpus, training: frozenset[str], taught: frozenset[str], source: str
) -> Iterator[Item]:
    place = corpus.place(one)
    document = place.document if place else corpus.named(one.document)
    if not one.answerable:
        if place is None and document:
            place = corpus.opening(document)
        yield _item(one, source, "knowledge" if document in training else "skill", "faithfulness", place)
        return
    if document or not one.context:
        yield _item(one, source, "knowledge", _known(document, taught), place)
    if one.context and document not in training:
        yield _item(one, source, "skill", "understanding", place)


def _item(one: Asked, source: str, kind: ItemKind, dimension: Dimension, place: Place | None) -> Item:
    return with_id(
        Item(
            id="",
            kind=kind,
            dimension=dimension,
            form="free" if one.form == "question" else one.form,
            language=one.language,
            question=one.question,
            answers=one.answers,
            options=one.options,
            correct=0 if one.form == "minimal_pair" else one.correct,
            document=place.document if place else "",
            start=place.start if place else None,
            end=place.end if place else None,
            context=place.text if place else "",
            fact=one.fact,
            question_kind=one.kind
            or ("numeric" if any(c.isdigit() for a in one.answers[:1] for c in a) else "factual"),
            answerable=one.answerable,
            source=source,
        )
    )


def taught_documents(pairs: Sequence[Pair], corpus: Corpus) -> frozenset[str]:
    """Return the ids of the documents that accepted pairs come from.

    An imported pair names no document: it comes from the one whose passage holds its answer and most of its question.
    Of very many, the first ones are looked up.
    """
    known = {pair.document for pair in pairs if pair.document}
    for pair in [pair for pair in pairs if not pair.document][:_LOOKED_UP]:
        asked = Asked(
            where=pair.id, form="question", question=pair.question, answers=(pair.answer,), language=pair.language
        )
        place = corpus.place(asked)
        if place is not None:
            known.add(place.document)
    return frozenset(known)


def question_items(project: Project, paths: Iterable[Path]) -> list[Item]:
    """Return the items of question files, placed in the project's documents, without sealing them.

    Raises:
        InputError: A file is wrong; names file and line.
    """
    corpus = Corpus(list(CorpusStore(project.root).texts()))
    taught = taught_documents([pair for pair in load_pairs(project) if pair.status == "accepted"], corpus)
    split = saved_split(project)
    items: dict[str, Item] = {}
    for path in paths:
        items |= {item.id: item for item in imported_items(read_questions(path), corpus, split, taught, path.name)}
    return list(items.values())
