"""Pairs from prose, written by a language model that can quote only what stands there.

The reply is constrained to JSON whose quote is one of the passage's sentences, so even a small model cannot invent its
source; whether question and answer are any good is for the checks. Replies are kept as they come, so that an
interrupted extraction asks only for what is missing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

from agent.progress import Reporter, Silent
from agent.prompts.extraction import extraction_prompt, extraction_schema
from agent.records.base import Record
from agent.records.corpus import Chunk, DocumentText
from agent.records.pairs import Message
from agent.settings import BUILTIN, Settings
from knowledge.files import read_records, write_records
from knowledge.lexical import sentences
from tools.extraction.fact import Fact, fact_id
from tools.extraction.naming import names_a_topic

BUILTIN_CHUNKS: Final = 40
"""Passages the local model reads unless the request says otherwise; 6 took 108 s on two busy cores, with loading."""
_ENDINGS: Final = (".", "!", "?", "。", "！", "？")
_NEW_TOKENS: Final = 160
"""Tokens of a reply, a pair."""


class Reply(Protocol):
    """What a generator returns for one conversation; `tools.generated.Generated` is such."""

    @property
    def text(self) -> str:
        """What the model wrote."""


class PairWriter(Protocol):
    """A model that writes constrained replies; `tools.generation.Generator` is such."""

    def generate(
        self,
        conversations: Sequence[Sequence[Message]],
        max_new_tokens: int,
        reporter: Reporter | None = None,
        *,
        adapter: bool | None = None,
        schema: Mapping[str, Any] | None = None,
    ) -> Sequence[Reply]:
        """Write a reply to each conversation that satisfies the schema."""


class ModelReply(Record):
    """What a model wrote on one passage; one line of `extraction.jsonl`."""

    key: str
    """Hash of model, passage and prompt."""
    chunk: str
    """Chunk id."""
    text: str


class WrittenPair(Record):
    """One pair a model wrote, not yet checked."""

    quote: str
    question: str
    answer: str


def choose_chunks(chunks: Sequence[Chunk], train: frozenset[str], limit: int | None, seed: int) -> list[Chunk]:
    """Return the passages of prose to read: two sentences or more, no table, in a seeded order, documents in turn.

    Args:
        chunks: All chunks.
        train: Ids of the documents pairs may come from.
        limit: Most passages; `None` for all.
        seed: Seed of the order.
    """
    groups: dict[str, list[Chunk]] = {}
    for chunk in chunks:
        if chunk.document in train and "|" not in chunk.text and len(_quotes(chunk)) >= 2:
            groups.setdefault(chunk.document, []).append(chunk)
    for members in groups.values():
        members.sort(key=lambda chunk: hashlib.sha256(f"{seed}:{chunk.id}".encode()).hexdigest())
    rounds = max((len(members) for members in groups.values()), default=0)
    turns = [members[number] for number in range(rounds) for members in groups.values() if number < len(members)]
    return turns if limit is None else turns[:limit]


def written_pairs(
    chunks: Sequence[Chunk], writer: PairWriter, name: str, count: int, kept: Path, reporter: Reporter
) -> Iterator[tuple[Chunk, WrittenPair]]:
    """Yield what the model wrote on each passage.

    Args:
        chunks: Passages to read.
        writer: The model.
        name: The model's name; replies of another model are asked anew.
        count: Most pairs a passage.
        kept: File of the replies so far.
        reporter: Hears of the progress; its cancel is honoured between calls.

    Raises:
        CancelledError: Somebody stopped the work; replies so far are kept.
    """
    replies = {reply.key: reply for reply in read_records(kept, ModelReply)}
    keys = {chunk.id: _key(chunk, name, count) for chunk in chunks}
    missing = [chunk for chunk in chunks if keys[chunk.id] not in replies]
    for number, chunk in enumerate(missing):
        reporter.check()
        reporter.progress(len(chunks) - len(missing) + number, len(chunks), "passages", "the model reads prose")
        prompt = extraction_prompt(chunk.text, chunk.title, " > ".join(chunk.headings), count, chunk.language)
        schema = extraction_schema(_quotes(chunk), count)
        reply = writer.generate([prompt], _NEW_TOKENS * count, _Check(reporter), adapter=False, schema=schema)[0]
        replies[keys[chunk.id]] = ModelReply(key=keys[chunk.id], chunk=chunk.id, text=reply.text)
        write_records(kept, replies.values())
    reporter.progress(len(chunks), len(chunks), "passages", "the model reads prose")
    for chunk in chunks:
        for pair in read_reply(replies[keys[chunk.id]].text):
            yield chunk, pair


def read_reply(text: str) -> list[WrittenPair]:
    """Return the pairs of a reply; one that was cut off keeps those that were finished."""
    decoder = json.JSONDecoder()
    pairs: list[WrittenPair] = []
    place = text.find("{", text.find("[") + 1)
    while place >= 0:
        try:
            value, end = decoder.raw_decode(text, place)
        except json.JSONDecodeError:
            break
        if isinstance(value, dict) and set(WrittenPair.model_fields) <= set(value):
            picked = {name: str(value[name]).strip() for name in WrittenPair.model_fields}
            pairs.append(WrittenPair(**picked))
        place = text.find("{", end)
    return pairs


def model_fact(chunk: Chunk, pair: WrittenPair, text: DocumentText) -> Fact:
    """Return a written pair as a fact at the offsets of its quote; a quote that stands nowhere keeps an empty span."""
    place = text.text.find(pair.quote, chunk.start, chunk.end) if pair.quote else -1
    start = place if place >= 0 else chunk.start
    end = start + len(pair.quote) if place >= 0 else start
    return Fact(
        id=fact_id(chunk.document, start, end, pair.question),
        document=chunk.document,
        form="question",
        entity="",
        attribute=pair.question,
        answer=pair.answer,
        start=start,
        end=end,
        quote=pair.quote,
        page=text.page_at(start),
        kind="numeric" if any(character.isdigit() for character in pair.answer) else "factual",
        source="model",
        language=chunk.language,
    )


def has_topic(question: str, chunk: Chunk) -> bool:
    """Return whether a written question names its thing; it must not lean on the passage."""
    return names_a_topic(question, " ".join((chunk.title, *chunk.headings)))


def load_writer(model: str, settings: Settings) -> PairWriter:
    """Load the model that writes pairs.

    Args:
        model: `builtin` or `openai:<model>`.
        settings: The settings.

    Raises:
        InputError: The setting names something else.
    """
    from tools.endpoint import endpoint_generator
    from tools.generation import load_generator

    writer: PairWriter = load_generator(settings) if model == BUILTIN else endpoint_generator(model)
    return writer


class _Check(Silent):
    """Passes the wish to stop on to a single reply, and keeps its progress out of that of the passages."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter

    def check(self) -> None:
        self._reporter.check()

    def note(self, message: str) -> None:
        self._reporter.note(message)


def _quotes(chunk: Chunk) -> list[str]:
    """Return the sentences a pair may rest on: whole ones of prose, no headings or form lines."""
    found = [chunk.text[start:end].strip() for start, end in sentences(chunk.text, chunk.language)]
    least = 6 if chunk.language == "zh" else 15
    return list(dict.fromkeys(one for one in found if least <= len(one) <= 300 and one.endswith(_ENDINGS)))


def _key(chunk: Chunk, name: str, count: int) -> str:
    asked = "".join(
        m.content for m in extraction_prompt(chunk.text, chunk.title, " > ".join(chunk.headings), count, chunk.language)
    )
    return hashlib.sha256(f"{name}\x1f{asked}".encode()).hexdigest()[:32]
