"""Items from facts: knowledge of them, reading for them, and silence where the passage has none."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TypeVar

from agent.records.corpus import DocumentSplit, DocumentText
from agent.records.evaluation import Item
from tools.extraction.blocks import passage
from tools.extraction.fact import Fact
from tools.extraction.similarity import content_words, normal, words
from tools.validation.identity import with_id

_Named = TypeVar("_Named", Fact, Item)

PASSAGE = 800
"""Characters of a gold passage."""
_PASSAGES = (PASSAGE, 300, 120)
"""Characters to try, widest first, for a passage that no training document shares."""


def knowledge_items(
    facts: Sequence[Fact], texts: Mapping[str, DocumentText], split: DocumentSplit, taught: Collection[str]
) -> Iterator[Item]:
    """Ask closed-book for facts in their sealed wordings.

    Facts of training documents count only if pairs were made of them; facts of held-out documents are asked too, on
    their own line, since only retrieval can answer those.

    Args:
        facts: All facts with their wordings.
        texts: Texts by document id.
        split: The split.
        taught: Ids of facts with an accepted pair.
    """
    held_out = set(split.held_out)
    for fact in _sound(facts, texts):
        if fact.document not in held_out and fact.id not in taught:
            continue
        dimension = "domain_knowledge_held_out" if fact.document in held_out else "domain_knowledge"
        for question in fact.sealed:
            yield _item(fact, texts, {"kind": "knowledge", "dimension": dimension, "question": question})


def reading_items(
    facts: Sequence[Fact], texts: Mapping[str, DocumentText], split: DocumentSplit, shared: Callable[[str], bool]
) -> Iterator[Item]:
    """Ask for facts of held-out documents with their passage: understanding, and the answerable half of faithfulness.

    Args:
        facts: All facts with their wordings.
        texts: Texts by document id.
        split: The split.
        shared: Whether a passage shares a long run of words with a training document; then a shorter one is shown.
    """
    for fact in _held_out(facts, texts, split):
        span = _sharp(fact, texts, shared)
        if span:
            asked = {"kind": "skill", "dimension": "understanding", "question": fact.sealed[0]}
            yield _item(fact, texts, asked, span)
            yield _item(fact, texts, {**asked, "dimension": "faithfulness", "question": fact.sealed[-1]}, span)


def unanswerable_items(
    facts: Sequence[Fact],
    texts: Mapping[str, DocumentText],
    split: DocumentSplit,
    seed: int,
    shared: Callable[[str], bool],
) -> Iterator[Item]:
    """Ask for facts of held-out documents with the passage of another thing, in which the answer does not stand.

    Args:
        facts: All facts with their wordings.
        texts: Texts by document id.
        split: The split.
        seed: Seed of the choice of the passage.
        shared: Whether a passage shares a long run of words with a training document; then a shorter one is shown.
    """
    spans = {fact.id: _sharp(fact, texts, shared) for fact in _held_out(facts, texts, split)}
    candidates = [fact for fact in _held_out(facts, texts, split) if spans[fact.id]]
    for fact in candidates:
        topic = content_words(fact.attribute or fact.entity)
        for other in _shuffled(candidates, seed, fact.id)[:40]:
            start, end = spans[other.id] or (other.start, other.end)
            shown = texts[other.document].text[start:end]
            near = set(normal(shown).split())
            if other.id == fact.id or other.language != fact.language:
                continue
            if normal(fact.answer) in normal(shown) or topic <= near:
                continue
            yield with_id(
                Item(
                    id="",
                    kind="skill",
                    dimension="faithfulness",
                    language=fact.language,
                    question=fact.sealed[0],
                    document=other.document,
                    start=start,
                    end=end,
                    context=shown,
                    fact=fact.id,
                    question_kind="unanswerable",
                    answerable=False,
                    source="auto",
                )
            )
            break


def asked_items(
    questions: Sequence[Item],
    held_out: Collection[str],
    seed: int,
    shared: Callable[[str], bool],
) -> Iterator[Item]:
    """Put questions of a file a second time: with their passage, and with one in which the answer does not stand.

    So faithfulness is asked of any file of questions on passages. The passages are those of held-out documents; that of
    another question is silent if it holds neither the answer nor all words of the question.

    Args:
        questions: Reading items of the files.
        held_out: Ids of the documents that only test.
        seed: Seed of the choice of the silent passage.
        shared: Whether a passage shares a long run of words with a training document; then it is not shown.
    """
    usable = [
        one
        for one in questions
        if one.dimension == "understanding"
        and one.form == "free"
        and one.answers
        and one.document in held_out
        and not shared(one.context)
    ]
    for one in usable:
        faithful = {"id": "", "dimension": "faithfulness", "source": "auto"}
        yield with_id(one.model_copy(update=faithful))
        topic = content_words(one.question)
        for other in _shuffled(usable, seed, one.id)[:40]:
            near = set(words(other.context))
            if other.document == one.document or other.language != one.language or topic <= near:
                continue
            if any(normal(answer) in normal(other.context) for answer in one.answers):
                continue
            silent = {
                "answers": (),
                "answerable": False,
                "question_kind": "unanswerable",
                "fact": one.id,
                "document": other.document,
                "start": other.start,
                "end": other.end,
                "context": other.context,
            }
            yield with_id(one.model_copy(update=faithful | silent))
            break


def _sound(facts: Sequence[Fact], texts: Mapping[str, DocumentText]) -> Iterator[Fact]:
    for fact in facts:
        text = texts.get(fact.document)
        # A text read anew since the extraction may have moved; only a quote that still stands there is gold.
        if text and fact.status == "accepted" and fact.sealed and text.text[fact.start : fact.end] == fact.quote:
            yield fact


def _held_out(facts: Sequence[Fact], texts: Mapping[str, DocumentText], split: DocumentSplit) -> Iterator[Fact]:
    held_out = set(split.held_out)
    return (fact for fact in _sound(facts, texts) if fact.document in held_out)


def _sharp(fact: Fact, texts: Mapping[str, DocumentText], shared: Callable[[str], bool]) -> tuple[int, int] | None:
    """Return the widest passage around a fact that stands in no training document, or `None` if even its line does."""
    text = texts[fact.document].text
    for limit in _PASSAGES:
        start, end = passage(text, fact.start, fact.end, limit)
        if not shared(text[start:end]):
            return start, end
    return None


def _item(
    fact: Fact, texts: Mapping[str, DocumentText], fields: dict[str, str], span: tuple[int, int] | None = None
) -> Item:
    start, end = span or passage(texts[fact.document].text, fact.start, fact.end, PASSAGE)
    gold = {
        "id": "",
        "language": fact.language,
        "answers": (fact.answer,),
        "document": fact.document,
        "start": start,
        "end": end,
        "context": texts[fact.document].text[start:end],
        "fact": fact.id,
        "question_kind": fact.kind,
        "source": "auto",
    }
    return with_id(Item.model_validate({**gold, **fields}))


def _shuffled(facts: Sequence[_Named], seed: int, key: str) -> list[_Named]:
    return sorted(facts, key=lambda fact: hashlib.sha256(f"{seed}:{key}:{fact.id}".encode()).hexdigest())
