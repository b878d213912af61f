"""Draws the radar: every spoke from chance (centre) to perfect (rim), each with its interval and n.

The scale is fixed at 0 to 1, the baseline is drawn first, the colours are Okabe and Ito's, which stay apart for
colour-blind readers, and each arm has its own marker besides. A spoke an arm was not asked is a gap in its line.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from agent.records.base import Language
from agent.records.evaluation import ARMS, Arm, Dimension, Estimate, EvaluationReport
from knowledge.files import write_bytes_atomically, write_text
from tools.evaluation.comparisons import normalised
from tools.evaluation.fonts import chinese_font
from tools.evaluation.report import finding
from tools.evaluation.wording import arm_name, dimension_name

ORDER: Final[tuple[Dimension, ...]] = (
    "domain_knowledge",
    "domain_knowledge_held_out",
    "faithfulness",
    "understanding",
    "disambiguation",
    "syntax",
    "tokenization",
    "instruction_following",
    "general_ability",
)
"""Spokes clockwise; those that retrieval can change stand side by side."""


@dataclass(frozen=True)
class Look:
    """How an arm is drawn."""

    colour: str
    marker: str
    dash: str
    symbol: str
    """Plotly's name of the marker."""


LOOKS: Final[dict[Arm, Look]] = {
    "base": Look("#5A5A5A", "o", "--", "circle"),
    "rag": Look("#0072B2", "s", "-", "square"),
    "oracle": Look("#CC79A7", "v", ":", "triangle-down"),
    "tuned": Look("#E69F00", "^", "-", "triangle-up"),
    "tuned+rag": Look("#009E73", "D", "-", "diamond"),
}


def spokes(report: EvaluationReport) -> tuple[Dimension, ...]:
    """Return the dimensions with at least one estimate, in drawing order."""
    measured = {dimension for arm in report.arms.values() for dimension in arm}
    return tuple(dimension for dimension in ORDER if dimension in measured)


def radar_values(estimate: Estimate) -> tuple[float, float, float]:
    """Return value and interval on the radar's scale."""
    return tuple(normalised(x, estimate.chance) for x in (estimate.mean, estimate.low, estimate.high))  # type: ignore[return-value]


def draw_png(report: EvaluationReport, path: Path, lang: Language) -> Language:
    """Draw the radar as PNG and return the language of its labels: Chinese only where a font can show it."""
    import io

    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    font = chinese_font() if lang == "zh" else None
    lang = "zh" if font else "en"
    dimensions = spokes(report)
    angles = [2 * math.pi * index / len(dimensions) for index in range(len(dimensions))]
    figure = Figure(figsize=(9, 8.4), layout="constrained")
    canvas = FigureCanvasAgg(figure)
    axes: Any = figure.add_subplot(projection="polar")
    axes.set_theta_offset(math.pi / 2)
    axes.set_theta_direction(-1)
    axes.set_ylim(0, 1)
    axes.set_yticks([0.25, 0.5, 0.75, 1.0], ["0.25", "0.5", "0.75", "1"], color="#666666", size=8)
    style = {"family": font} if font else {}
    axes.set_xticks(angles, [""] * len(angles))
    for angle, dimension in zip(angles, dimensions, strict=True):
        side = math.sin(angle)
        align = "center" if abs(side) < 0.2 else "left" if side > 0 else "right"
        label = _spoke_label(report, dimension, lang).replace(", ", ",\n")
        axes.text(angle, 1.06, label, ha=align, va="bottom" if math.cos(angle) > 0 else "top", size=10, **style)
    drawn = [arm for arm in ARMS if arm in report.arms]
    for place, arm in enumerate(drawn):
        look = LOOKS[arm]
        # Arms stand a little beside each other, so that equal values and their intervals stay visible.
        shift = 0.025 * (place - (len(drawn) - 1) / 2)
        for run in _runs(report, arm, dimensions):
            theta = [angles[index % len(angles)] + 2 * math.pi * (index // len(angles)) + shift for index in run]
            values = [radar_values(report.arms[arm][dimensions[index % len(angles)]]) for index in run]
            axes.plot(theta, [v for v, _, _ in values], look.dash, color=look.colour, marker=look.marker, lw=1.8, ms=6)
            axes.fill_between(
                theta, [low for _, low, _ in values], [high for *_, high in values], color=look.colour, alpha=0.13, lw=0
            )
            for angle, (_, low, high) in zip(theta, values, strict=True):
                axes.plot([angle, angle], [low, high], color=look.colour, lw=1, alpha=0.7)
        axes.plot([], [], look.dash, color=look.colour, marker=look.marker, label=arm_name(arm, lang))
    axes.set_title(finding(report, lang), size=13, pad=56, **style)
    figure.legend(loc="outside lower center", ncols=len(drawn), frameon=False, prop={"size": 10, **style})
    buffer = io.BytesIO()
    canvas.print_png(buffer)
    write_bytes_atomically(path, [buffer.getvalue()])
    return lang


def draw_html(report: EvaluationReport, path: Path, lang: Language) -> None:
    """Draw the radar as one self-contained page that loads nothing from elsewhere."""
    import plotly.graph_objects as go

    figure = go.Figure()
    dimensions = spokes(report)
    labels = {d: _spoke_label(report, d, lang) for d in dimensions}
    for arm in (arm for arm in ARMS if arm in report.arms):
        look = LOOKS[arm]
        values: list[float | None] = []
        hover: list[str] = []
        for dimension in (*dimensions, dimensions[0]):
            estimate = report.arms[arm].get(dimension)
            values.append(None if estimate is None else radar_values(estimate)[0])
            hover.append("" if estimate is None else _hover(estimate))
        figure.add_trace(
            go.Scatterpolar(
                r=values,
                theta=[labels[d] for d in (*dimensions, dimensions[0])],
                name=arm_name(arm, lang),
                text=hover,
                hovertemplate="%{theta}<br>%{text}<extra>%{fullData.name}</extra>",
                mode="lines+markers",
                connectgaps=False,
                line={"color": look.colour, "dash": {"--": "dash", ":": "dot"}.get(look.dash, "solid")},
                marker={"symbol": look.symbol, "size": 9},
            )
        )
    figure.update_layout(
        title={"text": finding(report, lang)},
        polar={
            "radialaxis": {"range": [0, 1], "tickvals": [0.25, 0.5, 0.75, 1]},
            "angularaxis": {"direction": "clockwise", "rotation": 90, "categoryarray": [labels[d] for d in dimensions]},
        },
        template="plotly_white",
    )
    write_text(path, figure.to_html(include_plotlyjs=True, full_html=True))


def _spoke_label(report: EvaluationReport, dimension: Dimension, lang: Language) -> str:
    counts = [arm[dimension].n for arm in report.arms.values() if dimension in arm]
    low, high = min(counts), max(counts)
    return f"{dimension_name(dimension, lang)}, n = {low if low == high else f'{low}–{high}'}"


def _hover(estimate: Estimate) -> str:
    return f"{estimate.mean:.0%} [{estimate.low:.0%}, {estimate.high:.0%}], n = {estimate.n}"


def _runs(report: EvaluationReport, arm: Arm, dimensions: Sequence[Dimension]) -> list[list[int]]:
    """Return the unbroken stretches of an arm's line around the circle, as indices; a full circle closes on itself."""
    count = len(dimensions)
    present = [dimension in report.arms[arm] for dimension in dimensions]
    if all(present):
        return [[*range(count), count]] if count > 2 else [list(range(count))]
    starts = [i for i in range(count) if present[i] and not present[i - 1]]
    runs = []
    for start in starts:
        run = [start]
        while present[(run[-1] + 1) % count]:
            run.append(run[-1] + 1)
        runs.append(run)
    return runs
