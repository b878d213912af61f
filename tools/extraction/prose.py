"""Which passages a model reads, what that costs, and what is said where no model reads them.

forecast = forecast_prose(chunks, teaching, settings, request)
forecast.calls, forecast.prompt_tokens, forecast.price
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from agent.prompts.extraction import extraction_prompt
from agent.records.base import Record
from agent.records.corpus import Chunk
from agent.settings import BUILTIN, Settings
from tools.extraction.model import BUILTIN_CHUNKS, PAIR_TOKENS, choose_chunks
from tools.extraction.planning import Asked, plain_passages, plan_passages
from tools.extraction.request import ExtractRequest

RULES: Final = "rules"
TOKENS_A_PAIR: Final = 140
"""Tokens that a planned pair with two wordings takes in a reply, in JSON."""
TOKENS_AN_ANSWER: Final = 30
CHARACTERS_A_TOKEN: Final[dict[str, float]] = {"en": 4.0, "zh": 1.5}
"""Of the tokenizers of common models; a forecast within a third."""
SECONDS_A_CALL: Final = (1.0, 12.0)
"""Seconds of one call to an endpoint, quickest and slowest of hosted models as people run them."""
SECONDS_A_LOCAL_CALL: Final = (1.0, 18.0)
"""Seconds in which the built-in model reads one passage on two cores; 6 took 108 s on two busy ones, with loading."""


class ProseForecast(Record):
    """What reading prose with a model would take; nothing is asked to find out."""

    passages: int
    pairs: int
    """Pairs asked for, before any check."""
    calls: int
    """Calls to the model at most: passages, and the asking again where it is wanted."""
    prompt_tokens: int
    reply_tokens: int
    seconds_low: float
    seconds_high: float
    price: float | None = None
    """In the currency of `extraction_price`; `None` where no price is set or nothing is sent."""


def asked_of(
    chunks: Sequence[Chunk], teaching: frozenset[str], settings: Settings, request: ExtractRequest
) -> list[Asked]:
    """Return the passages a model reads, with what is asked of each; none where rules alone work."""
    model, limit = settings.extraction_model, request.model_chunks
    if model == RULES or limit == 0:
        return []
    if model == BUILTIN:
        return plain_passages(choose_chunks(chunks, teaching, BUILTIN_CHUNKS if limit is None else limit, request.seed))
    return plan_passages(
        choose_chunks(chunks, teaching, limit, request.seed, tables=True), request.seed, request.model_wordings
    )


def unread_prose(chunks: Sequence[Chunk], teaching: frozenset[str]) -> int:
    """Return how many passages of prose there are that rules cannot read."""
    return len(choose_chunks(chunks, teaching, None, 0))


def forecast_prose(
    chunks: Sequence[Chunk], teaching: frozenset[str], settings: Settings, request: ExtractRequest
) -> ProseForecast:
    """Return what reading the prose would take, at most.

    Args:
        chunks: All chunks.
        teaching: Ids of the documents pairs may come from.
        settings: Name the model and, where it has one, its price.
        request: What is asked.
    """
    asked = asked_of(chunks, teaching, settings, request)
    pairs = sum(one.count for one in asked)
    again = pairs * (request.round_trip + request.ask_twice) if request.round_trip or request.ask_twice else 0
    prompt = sum(_prompt_tokens(one) for one in asked)
    passage = prompt / max(1, len(asked))
    reply = pairs * (PAIR_TOKENS if settings.extraction_model == BUILTIN else TOKENS_A_PAIR) + again * TOKENS_AN_ANSWER
    calls = len(asked) + again
    low, high = SECONDS_A_LOCAL_CALL if settings.extraction_model == BUILTIN else SECONDS_A_CALL
    width = 1 if settings.extraction_model == BUILTIN else settings.extraction_width
    total = round(prompt + again * passage)
    price = settings.extraction_price
    return ProseForecast(
        passages=len(asked),
        pairs=pairs,
        calls=calls,
        prompt_tokens=total,
        reply_tokens=round(reply),
        seconds_low=round(calls * low / width, 1),
        seconds_high=round(calls * high / width, 1),
        price=round((total * price[0] + reply * price[1]) / 1e6, 4)
        if price and settings.extraction_model not in (BUILTIN, RULES)
        else None,
    )


def _prompt_tokens(one: Asked) -> float:
    chunk = one.chunk
    prompt = extraction_prompt(chunk.text, chunk.title, "", one.count, chunk.language, one.plan)
    return sum(len(message.content) for message in prompt) / CHARACTERS_A_TOKEN[chunk.language]
