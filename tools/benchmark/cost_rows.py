"""What tokens cost on the devices of a comparison, where somebody gave a price: that price over a speed.

A speed that was measured gives the cost at that very point; a bound gives the least it can cost. Without any price
there are no rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from agent.prompts.comparison import COMPARISON
from agent.prompts.phrases import fill
from agent.records.base import Language
from agent.records.device_comparison import ComparedCell, ComparedRow
from agent.records.hardware import Price
from tools.benchmark.bounds import BATCHES
from tools.benchmark.comparison_rows import unknown, written
from tools.benchmark.prices import Prices, price_of
from tools.benchmark.subjects import Chosen

TOKENS: Final = 1_000_000
"""Output tokens that a cost is of."""
SPEED: Final = "tokens_per_s|"
"""Begins the key of a measured speed."""
BOUND: Final = f"decode_{BATCHES[-1]}"
"""The speed bound that the least cost follows from: a full batch serves most for the money."""
_HOUR: Final = 3600.0


def cost_rows(
    chosen: Sequence[Chosen], prices: Prices, speeds: Sequence[ComparedRow], lang: Language
) -> list[ComparedRow]:
    """Return the prices that were given, then the cost of output tokens at every known speed.

    Args:
        chosen: The subjects, as the rows' cells stand for them.
        prices: What was given.
        speeds: The comparison's other rows.
        lang: Language of names and sources.
    """
    paid = [price_of(one, prices) for one in chosen]
    if not any(paid):
        return []
    told = ComparedRow(
        key="price",
        group="cost",
        name=fill(COMPARISON, "price", lang),
        better="lower",
        cells=tuple(_price(one, lang) for one in paid),
    )
    measured = [row for row in speeds if row.key.startswith(SPEED)]
    bound = [row for row in speeds if row.key == BOUND]
    costs = (_cost_row(row, paid, lang) for row in (*measured, *bound))
    return [told, *(row for row in costs if any(cell.value is not None for cell in row.cells))]


def _cost_row(speed: ComparedRow, paid: Sequence[Price | None], lang: Language) -> ComparedRow:
    key = "cost" if speed.key.startswith(SPEED) else "cost_bound"
    return ComparedRow(
        key=f"cost_{speed.key}",
        group="cost",
        name=fill(COMPARISON, key, lang, speed=speed.name),
        better="lower",
        cells=tuple(_cost(cell, price, lang) for cell, price in zip(speed.cells, paid, strict=True)),
    )


def _price(price: Price | None, lang: Language) -> ComparedCell:
    if price is None:
        return unknown(lang, "no_price")
    return ComparedCell(value=price.amount, text=written(price.amount), label="given", source=price.source)


def _cost(speed: ComparedCell, price: Price | None, lang: Language) -> ComparedCell:
    if price is None:
        return unknown(lang, "no_price")
    if not speed.value or speed.label is None:
        return speed  # says by itself why there is no speed
    value = price.amount / _HOUR / speed.value * TOKENS
    source = fill(COMPARISON, "from_price", lang, price=price.source, speed=speed.source)
    told = {"value": value, "text": written(value), "label": "estimated", "source": source}
    return speed.model_copy(update=told)
