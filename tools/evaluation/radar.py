"""Draws the radar: every spoke from chance (centre) to perfect (rim), each with its interval and n.

The scale is fixed at 0 to 1, the baseline is drawn first, the colours are Okabe and Ito's, which stay apart for
colour-blind readers, and each arm has its own marker besides. A spoke an arm was not asked is a gap in its line.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from agent.records.base import Language
from agent.records.evaluation import ARMS, Arm, Dimension, Estimate, EvaluationReport
from knowledge.files import write_bytes_atomically, write_text
from tools.evaluation.comparisons import normalised
from tools.evaluation.dimensions import ORDER
from tools.evaluation.fonts import chinese_font
from tools.evaluation.report import finding
from tools.evaluation.wording import COMMA, arm_name, dimension_name


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


@dataclass(frozen=True)
class Line:
    """One closed line of the radar: an arm, or a model."""

    name: str
    look: Look
    scores: Mapping[Dimension, Estimate]


MODEL_LOOKS: Final = tuple(LOOKS.values())
"""Looks of up to five models, the baseline's first."""


def spokes(report: EvaluationReport) -> tuple[Dimension, ...]:
    """Return the dimensions with at least one estimate, in drawing order."""
    return _measured(report.arms.values())


def radar_values(estimate: Estimate) -> tuple[float, float, float]:
    """Return value and interval on the radar's scale."""
    return tuple(normalised(x, estimate.chance) for x in (estimate.mean, estimate.low, estimate.high))  # type: ignore[return-value]


def draw_png(report: EvaluationReport, path: Path, lang: Language) -> Language:
    """Draw the radar of an evaluation's arms; see `draw_lines`."""
    lang = "zh" if lang == "zh" and chinese_font() else "en"
    return draw_lines(_arms(report, lang), finding(report, lang), path, lang)


def draw_html(report: EvaluationReport, path: Path, lang: Language) -> None:
    """Draw the radar of an evaluation's arms as a page; see `draw_page`."""
    draw_page(_arms(report, lang), finding(report, lang), path, lang)


def draw_lines(lines: Sequence[Line], title: str, path: Path, lang: Language) -> Language:
    """Draw a radar as PNG and return the language of its labels: Chinese only where a font can show it.

    Args:
        lines: Two to five, the baseline first.
        title: What the radar shows, in `lang`.
        path: The file.
        lang: Language of the labels.
    """
    import io

    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    font = chinese_font() if lang == "zh" else None
    lang = "zh" if font else "en"
    dimensions = _measured(line.scores for line in lines)
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
        label = _spoke_label(lines, dimension, lang).replace(COMMA[lang], "\n")
        axes.text(angle, 1.06, label, ha=align, va="bottom" if math.cos(angle) > 0 else "top", size=10, **style)
    for place, line in enumerate(lines):
        look = line.look
        # Lines stand a little beside each other, so that equal values and their intervals stay visible.
        shift = 0.025 * (place - (len(lines) - 1) / 2)
        for run in _runs(line, dimensions):
            theta = [angles[index % len(angles)] + 2 * math.pi * (index // len(angles)) + shift for index in run]
            values = [radar_values(line.scores[dimensions[index % len(angles)]]) for index in run]
            axes.plot(theta, [v for v, _, _ in values], look.dash, color=look.colour, marker=look.marker, lw=1.8, ms=6)
            axes.fill_between(
                theta, [low for _, low, _ in values], [high for *_, high in values], color=look.colour, alpha=0.13, lw=0
            )
            for angle, (_, low, high) in zip(theta, values, strict=True):
                axes.plot([angle, angle], [low, high], color=look.colour, lw=1, alpha=0.7)
        axes.plot([], [], look.dash, color=look.colour, marker=look.marker, label=line.name)
    axes.set_title(title, size=13, pad=56, **style)
    figure.legend(loc="outside lower center", ncols=len(lines), frameon=False, prop={"size": 10, **style})
    buffer = io.BytesIO()
    canvas.print_png(buffer)
    write_bytes_atomically(path, [buffer.getvalue()])
    return lang


def draw_page(lines: Sequence[Line], title: str, path: Path, lang: Language) -> None:
    """Draw a radar as one self-contained page that loads nothing from elsewhere; arguments as in `draw_lines`."""
    import plotly.graph_objects as go

    figure = go.Figure()
    dimensions = _measured(line.scores for line in lines)
    labels = {d: _spoke_label(lines, d, lang) for d in dimensions}
    for line in lines:
        look = line.look
        values: list[float | None] = []
        hover: list[str] = []
        for dimension in (*dimensions, dimensions[0]):
            estimate = line.scores.get(dimension)
            values.append(None if estimate is None else radar_values(estimate)[0])
            hover.append("" if estimate is None else _hover(estimate))
        figure.add_trace(
            go.Scatterpolar(
                r=values,
                theta=[labels[d] for d in (*dimensions, dimensions[0])],
                name=line.name,
                text=hover,
                hovertemplate="%{theta}<br>%{text}<extra>%{fullData.name}</extra>",
                mode="lines+markers",
                connectgaps=False,
                line={"color": look.colour, "dash": {"--": "dash", ":": "dot"}.get(look.dash, "solid")},
                marker={"symbol": look.symbol, "size": 9},
            )
        )
    figure.update_layout(
        title={"text": title},
        polar={
            "radialaxis": {"range": [0, 1], "tickvals": [0.25, 0.5, 0.75, 1]},
            "angularaxis": {"direction": "clockwise", "rotation": 90, "categoryarray": [labels[d] for d in dimensions]},
        },
        template="plotly_white",
    )
    write_text(path, figure.to_html(include_plotlyjs=True, full_html=True))


def _arms(report: EvaluationReport, lang: Language) -> list[Line]:
    return [Line(arm_name(arm, lang), LOOKS[arm], report.arms[arm]) for arm in ARMS if arm in report.arms]


def _measured(scores: Iterable[Mapping[Dimension, Estimate]]) -> tuple[Dimension, ...]:
    known = {dimension for one in scores for dimension in one}
    return tuple(dimension for dimension in ORDER if dimension in known)


def _spoke_label(lines: Sequence[Line], dimension: Dimension, lang: Language) -> str:
    counts = [line.scores[dimension].n for line in lines if dimension in line.scores]
    low, high = min(counts), max(counts)
    return f"{dimension_name(dimension, lang)}{COMMA[lang]}n = {low if low == high else f'{low}–{high}'}"


def _hover(estimate: Estimate) -> str:
    return f"{estimate.mean:.0%} [{estimate.low:.0%}, {estimate.high:.0%}], n = {estimate.n}"


def _runs(line: Line, dimensions: Sequence[Dimension]) -> list[list[int]]:
    """Return the unbroken stretches of a line around the circle, as indices; a full circle closes on itself."""
    count = len(dimensions)
    present = [dimension in line.scores for dimension in dimensions]
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
