"""What bars and a radar of a comparison show, apart from how they are drawn.

Bars keep their unit and their label. The radar's spokes have no unit in common, so each runs from nothing to the best
of those chosen; a spoke of different models or of one known value alone would say nothing and is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from agent.prompts.comparison import COMPARISON
from agent.prompts.phrases import fill, listed, model_size
from agent.records.base import Language
from agent.records.device_comparison import CellLabel, ComparedCell, ComparedRow, DeviceComparison
from tools.benchmark.comparison_markdown import cell_text, row_name
from tools.benchmark.cost_rows import BOUND

LEVEL: Final = 0.02
"""Figures nearer than this are level: data sheets round as much."""
FEWEST_SPOKES: Final = 3
"""With fewer a radar has no area; bars say the same better."""


@dataclass(frozen=True)
class Bar:
    """One known figure of a row."""

    name: str
    """Of the subject."""
    place: int
    """Of the subject in the comparison, which decides its colour."""
    value: float
    label: CellLabel
    text: str
    """The figure with its label, and its model where the row's differ."""


@dataclass(frozen=True)
class Bars:
    """One row as bars."""

    key: str
    title: str
    """What the bars show: who leads, where that is a question at all and nobody is level, else the row's name."""
    unit: str
    bars: tuple[Bar, ...]
    unknown: tuple[str, ...]
    """Subjects without a figure, each with what is said instead."""
    warning: str
    """Why the bars show no ranking; empty where they do."""


@dataclass(frozen=True)
class Spoke:
    """One axis of the radar."""

    name: str
    """With the labels of its figures."""
    shares: tuple[float | None, ...]
    """Of every subject, 0 to 1, 1 being the best of those chosen; `None` where nobody knows."""
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Radar:
    """Speed, memory, compatibility, and cost where a price was given."""

    subjects: tuple[str, ...]
    spokes: tuple[Spoke, ...]
    notes: tuple[str, ...]
    """What the scale is, and what is not known of whom."""


def are_level(one: ComparedCell, other: ComparedCell) -> bool:
    """Return whether two known figures differ by no more than `LEVEL`, or than the repeats of one of them do."""
    low, high = sorted((one.value or 0.0, other.value or 0.0))
    return high - low <= low * max(LEVEL, one.spread or 0.0, other.spread or 0.0)


def drawable(comparison: DeviceComparison) -> tuple[ComparedRow, ...]:
    """Return the rows with at least one figure that a bar can show."""
    return tuple(row for row in comparison.rows if any(cell.value is not None for cell in row.cells))


def bars(comparison: DeviceComparison, row: ComparedRow, lang: Language = "en") -> Bars:
    """Return a row as bars, in the subjects' order."""
    known, unknown = [], []
    for place, (subject, cell) in enumerate(zip(comparison.subjects, row.cells, strict=True)):
        if cell.value is None or cell.label is None:
            unknown.append(f"{subject.name}{'：' if lang == 'zh' else ': '}{cell.text}")
        else:
            known.append(Bar(subject.name, place, cell.value, cell.label, cell_text(cell, lang)))
    warning = fill(COMPARISON, "mixed_axis", lang) if row.mixed else ""
    return Bars(row.key, _finding(row, known, lang), row.unit, tuple(known), tuple(unknown), warning)


def radar(comparison: DeviceComparison, lang: Language = "en") -> Radar:
    """Return the radar's spokes; none where fewer than three can be drawn."""
    size = model_size(comparison.params_b)
    axes = [
        (fill(COMPARISON, "axis_speed", lang, size=size), comparison.row("decode_1")),
        (fill(COMPARISON, "axis_first", lang, size=size), comparison.row("ttft")),
        (fill(COMPARISON, "axis_memory", lang), comparison.row("gib")),
        (fill(COMPARISON, "axis_compatibility", lang), comparison.row("ability_share")),
    ]
    shared = _shared_speed(comparison)
    if shared is not None:
        axes.insert(0, (fill(COMPARISON, "axis_measured", lang, about=shared.name), shared))
    cost = comparison.row(f"cost_{shared.key}" if shared is not None else f"cost_{BOUND}")
    if cost is not None:
        axes.append((cost.name, cost))
    spokes, notes = [], [fill(COMPARISON, "radar_scale", lang)]
    for name, row in axes:
        if row is None or row.mixed:
            continue
        missing = tuple(
            subject.name for subject, cell in zip(comparison.subjects, row.cells, strict=True) if cell.value is None
        )
        if missing:
            notes.append(fill(COMPARISON, "gap", lang, axis=name, names=listed(missing, lang)))
        if len(missing) < len(row.cells):
            spokes.append(Spoke(_labelled(name, row, lang), _shares(row), _texts(row, lang)))
    names = tuple(subject.name for subject in comparison.subjects)
    return Radar(names, tuple(spokes) if len(spokes) >= FEWEST_SPOKES else (), tuple(notes))


def _finding(row: ComparedRow, known: Sequence[Bar], lang: Language) -> str:
    name = row_name(row, lang)
    if row.better is None or row.mixed or len({bar.value for bar in known}) < 2:
        return name
    best = (max if row.better == "higher" else min)(known, key=lambda bar: bar.value)
    first = row.cells[best.place]
    if any(are_level(first, row.cells[bar.place]) for bar in known if bar.place != best.place):
        return name
    return fill(COMPARISON, "leads", lang, row=name, name=best.name, text=best.text)


def _shared_speed(comparison: DeviceComparison) -> ComparedRow | None:
    """Return the first measured speed that every subject has, at one point of one model."""
    rows = (row for row in comparison.rows if row.key.startswith("tokens_per_s|"))
    if len(comparison.subjects) < 2:
        return None
    return next((row for row in rows if all(cell.value is not None for cell in row.cells)), None)


def _labelled(name: str, row: ComparedRow, lang: Language) -> str:
    labels = dict.fromkeys(cell.label for cell in row.cells if cell.value is not None and cell.label is not None)
    said = listed(tuple(fill(COMPARISON, f"label_{label}", lang) for label in labels), lang)
    return f"{name}（{said}）" if lang == "zh" else f"{name} ({said})"


def _shares(row: ComparedRow) -> tuple[float | None, ...]:
    values = [cell.value for cell in row.cells]
    known = [value for value in values if value is not None]
    if row.key == "ability_share":
        return tuple(values)
    if row.better == "lower":
        best = min(known)
        return tuple(None if value is None else best / value if value > 0 else 1.0 for value in values)
    best = max(known)
    return tuple(None if value is None else value / best if best > 0 else 0.0 for value in values)


def _texts(row: ComparedRow, lang: Language) -> tuple[str, ...]:
    return tuple(_with_unit(cell, row, lang) for cell in row.cells)


def _with_unit(cell: ComparedCell, row: ComparedRow, lang: Language) -> str:
    if cell.value is None or not row.unit:
        return cell_text(cell, lang)
    said = cell.model_copy(update={"text": f"{cell.text} {row.unit}"})
    return cell_text(said, lang)
