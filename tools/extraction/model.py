"""Pairs from prose, written by a language model that can quote only what stands there.

The reply is constrained to JSON whose quote is a piece of the passage, so even a small model cannot invent its
source; whether question and answer are any good is for the checks. Replies are kept as they come (`replies`), so that
an interrupted extraction asks only for what is missing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Final, get_args

from agent.progress import Reporter
from agent.prompts.extraction import KINDS, extraction_prompt, extraction_schema
from agent.records.base import Record
from agent.records.corpus import Chunk, DocumentText
from agent.records.pairs import Message, PairKind
from agent.settings import BUILTIN, Settings
from tools.extraction.fact import Fact, fact_id
from tools.extraction.planning import Asked, is_table, sentences_of
from tools.extraction.replies import PairWriter, ReplyLog, Request, ask_all

BUILTIN_CHUNKS: Final = 40
"""Passages the local model reads unless the request says otherwise; 6 took 108 s on two busy cores, with loading."""
PAIR_TOKENS: Final = 160
"""Tokens of a reply, a pair in plain words."""
PLANNED_TOKENS: Final = 320
"""Tokens of a reply, a planned pair with its wordings."""


class WrittenPair(Record):
    """One pair a model wrote, not yet checked."""

    quote: str
    question: str
    answer: str
    kind: PairKind | None = None
    """Kind the model names; `None` if it was not asked."""
    wordings: tuple[str, ...] = ()
    """Other ways to ask the same."""


def choose_chunks(
    chunks: Sequence[Chunk], train: frozenset[str], limit: int | None, seed: int, *, tables: bool = False
) -> list[Chunk]:
    """Return the passages to read: prose of two sentences or more, in a seeded order, documents in turn.

    Args:
        chunks: All chunks.
        train: Ids of the documents pairs may come from.
        limit: Most passages; `None` for all.
        seed: Seed of the order.
        tables: Whether tables are read too.
    """
    groups: dict[str, list[Chunk]] = {}
    for chunk in chunks:
        if chunk.document in train and (tables if is_table(chunk) else len(sentences_of(chunk)) >= 2):
            groups.setdefault(chunk.document, []).append(chunk)
    for members in groups.values():
        members.sort(key=lambda chunk: hashlib.sha256(f"{seed}:{chunk.id}".encode()).hexdigest())
    rounds = max((len(members) for members in groups.values()), default=0)
    turns = [members[number] for number in range(rounds) for members in groups.values() if number < len(members)]
    return turns if limit is None else turns[:limit]


def written_pairs(
    asked: Sequence[Asked], writer: PairWriter, name: str, log: ReplyLog, reporter: Reporter, *, width: int = 1
) -> Iterator[tuple[Chunk, WrittenPair]]:
    """Yield what the model wrote on each passage.

    Args:
        asked: Passages to read, with what is asked of each.
        writer: The model.
        name: The model's name; replies of another model are asked anew.
        log: Replies so far; grows.
        reporter: Hears of the progress; its cancel is honoured between calls.
        width: Requests in flight at once.

    Raises:
        CancelledError: Somebody stopped the work; replies so far are kept.
    """
    requests = [request_for(one, name) for one in asked if one.quotes]
    ask_all(log, requests, writer, reporter, width=width)
    for one, request in zip((one for one in asked if one.quotes), requests, strict=True):
        for pair in read_reply(log.text(request.key)):
            yield one.chunk, pair


def request_for(asked: Asked, name: str) -> Request:
    """Return the call that asks for the pairs of one passage."""
    chunk = asked.chunk
    prompt = extraction_prompt(
        chunk.text, chunk.title, " > ".join(chunk.headings), asked.count, chunk.language, asked.plan
    )
    schema = extraction_schema(asked.quotes, asked.count, asked.plan)
    tokens = (PAIR_TOKENS if asked.plan is None else PLANNED_TOKENS) * asked.count
    return Request(_key(prompt, name), chunk.id, prompt, tokens, schema)


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
        if isinstance(value, dict) and {"quote", "question", "answer"} <= set(value):
            kind = value.get("kind")
            wordings = value.get("wordings")
            pairs.append(
                WrittenPair(
                    quote=str(value["quote"]).strip(),
                    question=str(value["question"]).strip(),
                    answer=str(value["answer"]).strip(),
                    kind=kind if kind in KINDS else None,
                    wordings=tuple(str(one).strip() for one in wordings) if isinstance(wordings, list) else (),
                )
            )
        place = text.find("{", end)
    return pairs


def model_fact(chunk: Chunk, pair: WrittenPair, text: DocumentText) -> Fact:
    """Return a written pair as a fact at the offsets of its quote; a quote that stands nowhere keeps an empty span."""
    place = text.text.find(pair.quote, chunk.start, chunk.end) if pair.quote else -1
    start = place if place >= 0 else chunk.start
    end = start + len(pair.quote) if place >= 0 else start
    told: PairKind = "numeric" if any(character.isdigit() for character in pair.answer) else "factual"
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
        kind=pair.kind if pair.kind in get_args(PairKind) and pair.kind is not None else told,
        source="model",
        language=chunk.language,
    )


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


def _key(prompt: Sequence[Message], name: str) -> str:
    asked = "".join(message.content for message in prompt)
    return hashlib.sha256(f"{name}\x1f{asked}".encode()).hexdigest()[:32]
