"""Benchmarks and devices side by side, every figure with its label; what nobody knows says so.

    compare(choose(settings, ["S4000", "A800"]), 7.0).row("decode_1")

Bounds are of one stated model for all subjects, measured rows of the model they name: no row mixes them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from agent.errors import InputError
from agent.prompts.comparison import COMPARISON
from agent.prompts.phrases import fill, listed, model_size
from agent.records.base import Language
from agent.records.device_comparison import ComparedSubject, DeviceComparison
from tools.benchmark.comparison_rows import ability_rows, bound_rows, device_rows
from tools.benchmark.cost_rows import cost_rows
from tools.benchmark.known_limits import limits_of
from tools.benchmark.measured_rows import measured_rows
from tools.benchmark.prices import Prices
from tools.benchmark.subjects import Chosen, described
from tools.plan import MOST_PARAMS_B

USUAL_SIZE: Final = 7.0
"""Size of the bounds where nobody states one, thousand millions of parameters."""


def compare(
    chosen: Sequence[Chosen],
    params_b: float = USUAL_SIZE,
    lang: Language = "en",
    prices: Prices | None = None,
) -> DeviceComparison:
    """Return the comparison of the chosen, in their order.

    Args:
        chosen: Benchmarks and devices, at least one; see `subjects.choose`.
        params_b: Size of the model that the bounds are of, thousand millions of parameters; 2 bytes a weight.
        lang: Language of names and notes.
        prices: What somebody says that devices cost, see `prices.prices_of`; without any there are no costs.

    Raises:
        InputError: Nothing was chosen, or the size is none.
    """
    if not chosen:
        raise InputError(fill(COMPARISON, "nothing", lang), mend=fill(COMPARISON, "nothing_mend", lang))
    if not math.isfinite(params_b) or not 0 < params_b <= MOST_PARAMS_B:
        raise InputError(
            fill(COMPARISON, "no_size", lang, size=params_b),
            where="params_b",
            mend=fill(COMPARISON, "size_mend", lang),
        )
    subjects = described(chosen, lang)
    limits = [limits_of(one, lang) for one in chosen]
    measured = measured_rows(chosen, lang)
    bounds = bound_rows(limits, params_b, lang)
    costs = cost_rows(chosen, prices or {}, (*bounds, *measured), lang)
    rows = (*device_rows(limits, lang), *bounds, *ability_rows(chosen, lang), *measured, *costs)
    return DeviceComparison(
        params_b=params_b,
        subjects=subjects,
        rows=rows,
        notes=(
            *_notes(subjects, params_b, bool(measured), lang),
            *([fill(COMPARISON, "note_costs", lang)] if costs else []),
        ),
    )


def _notes(subjects: Sequence[ComparedSubject], params_b: float, measured: bool, lang: Language) -> list[str]:
    size = model_size(params_b)
    notes = [fill(COMPARISON, "note_bounds", lang, size=size)]
    if measured:
        notes += [fill(COMPARISON, "note_models", lang, size=size), fill(COMPARISON, "note_points", lang)]
    notes.append(fill(COMPARISON, "note_abilities", lang))
    unmeasured = tuple(one.name for one in subjects if one.kind == "catalogue")
    if unmeasured:
        notes.append(fill(COMPARISON, "note_unmeasured", lang, names=listed(unmeasured, lang)))
    for one in subjects:
        if not one.complete:
            why = one.stopped or fill(COMPARISON, "not_known", lang)
            notes.append(fill(COMPARISON, "note_incomplete", lang, name=one.name, why=why.rstrip(".。")))
        notes += [
            fill(COMPARISON, "note_warning", lang, name=one.name, warning=text.rstrip(".。")) for text in one.warnings
        ]
    return notes
