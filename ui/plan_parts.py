"""What the memory of each method goes to, its time and the largest that fits, in rows for the terminal and the page."""

from __future__ import annotations

from typing import Final

from agent.policy.memory_details import MOST_EXAMPLES, MOST_TOKENS
from agent.prompts.phrases import duration, gib_range, model_size
from agent.prompts.training import METHOD_NAMES
from agent.records.base import Language
from agent.records.hardware import MemoryParts, MemoryPlan, MethodFit
from ui.i18n import phrase

PARTS: Final = (
    "weights",
    "adapter",
    "gradients",
    "optimizer",
    "activations",
    "workspace",
    "allocator",
    "overhead",
    "total",
)
"""Fields of `MemoryParts` in the table's order."""


def part_rows(value: MemoryPlan, lang: Language) -> list[list[str]]:
    """Return a head and rows with a column for each method; nothing where the plan holds no parts."""
    known = [(one, one.parts) for one in value.methods if one.parts is not None]
    if not known:
        return []
    head = [phrase("plan_part", lang), *(METHOD_NAMES[one.method][lang] for one, _ in known)]
    memory = [[phrase(f"plan_part_{name}", lang), *(_gib(parts, name) for _, parts in known)] for name in PARTS]
    tokens = f"{value.tokens or 0:,}"
    return [
        head,
        *memory,
        [phrase("plan_published", lang), *(_range(one.published) for one, _ in known)],
        [phrase("plan_counted", lang), *(_range((one.gib_low, one.gib_high)) for one, _ in known)],
        [phrase("plan_time", lang, tokens=tokens), *(_time(one, lang) for one, _ in known)],
        [phrase("plan_largest_model", lang), *(_size(one, lang) for one, _ in known)],
        [phrase("plan_largest_batch", lang), *(_most(one.largest_batch, MOST_EXAMPLES, lang) for one, _ in known)],
        [phrase("plan_largest_length", lang), *(_most(one.largest_length, MOST_TOKENS, lang) for one, _ in known)],
    ]


def _range(ends: tuple[float, float] | None) -> str:
    return "–" if ends is None else gib_range(*ends)


def _gib(parts: MemoryParts, name: str) -> str:
    amount = float(getattr(parts, name))
    return f"{amount:.2f}" if amount < 10 else f"{amount:.0f}"


def _time(one: MethodFit, lang: Language) -> str:
    if one.seconds_low is None or one.seconds_high is None:
        return phrase("plan_not_known", lang)
    ends = dict.fromkeys((duration(one.seconds_low, lang), duration(one.seconds_high, lang)))
    return "–".join(ends)


def _size(one: MethodFit, lang: Language) -> str:
    if one.largest_params_b is None:
        return phrase("plan_not_known", lang)
    return model_size(one.largest_params_b) if one.largest_params_b else phrase("plan_none", lang)


def _most(number: int | None, limit: int, lang: Language) -> str:
    if number is None:
        return phrase("plan_not_known", lang)
    if not number:
        return phrase("plan_none", lang)
    return f"≥ {number:,}" if number >= limit else f"{number:,}"
