"""The charts of the pages, as Plotly figures: losses of a run, the radar and the differences of an evaluation.

A chart's headline says the finding and stands above it as text, where it wraps; axes carry units, every mean its
interval and its n. Colours are Okabe and Ito's, told apart by colour-blind readers too, and no line differs by its
colour alone. Text and grid take their colour from the page (`style.css`, class `chart`), so both themes work.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any, Final

import plotly.graph_objects as go
from gradio.components.plot import PlotData

from agent.prompts.phrases import percent
from agent.records.base import Language
from agent.records.evaluation import ARMS, Arm, Estimate, EvaluationReport
from tools.evaluation.radar import LOOKS, radar_values, spokes
from tools.evaluation.wording import arm_name, dimension_name
from ui.i18n import phrase
from ui.pages.chart_data import MOST_POINTS, Difference, differences, running_mean
from ui.pages.run_course import Course, thinned

BLUE: Final = "#0072B2"
VERMILION: Final = "#D55E00"
GREY: Final = "#808080"
_SCREEN: Final[dict[Arm, str]] = {"base": GREY}
"""The report's grey of the base arm is too dark for a dark page; this one stands out from both."""
_CONFIG: Final = {"displayModeBar": False, "scrollZoom": False}
_DASHES: Final = {"--": "dash", ":": "dot"}
_APART: Final = 1.6
"""Degrees between arms on one spoke, so that equal values and their intervals stay visible."""


def as_plot(figure: go.Figure) -> PlotData:
    """Return what `gr.Plot` shows, with Plotly's own buttons off: the page has its downloads."""
    content = json.loads(figure.to_json())
    return PlotData(type="plotly", plot=json.dumps(content | {"config": _CONFIG}))


def loss_figure(course: Course, lang: Language) -> go.Figure:
    """Return training and validation loss by step."""
    readings = thinned(course.losses, MOST_POINTS)
    steps, losses = [one.step for one in readings], [one.loss for one in readings]
    mean = running_mean(losses)
    figure = go.Figure()
    step = phrase("runs_step", lang)
    figure.add_scatter(
        x=steps,
        y=losses,
        name=phrase("runs_training_loss", lang),
        mode="lines" if len(steps) > 60 else "lines+markers",
        line={"color": BLUE, "width": 1.2 if mean else 2},
        marker={"size": 5, "symbol": "circle"},
        opacity=0.45 if mean else 1,
        customdata=[one.epoch for one in readings],
        hovertemplate=f"{step} %{{x}}, {phrase('runs_epoch', lang)} %{{customdata:.2f}}: %{{y:.3f}}",
    )
    if mean:
        figure.add_scatter(
            x=steps,
            y=mean,
            name=phrase("runs_running_mean", lang),
            mode="lines",
            line={"color": BLUE, "width": 2.4},
            hovertemplate="%{y:.3f}",
        )
    if course.validation:
        figure.add_scatter(
            x=list(course.validation),
            y=list(course.validation.values()),
            name=phrase("runs_validation_loss", lang),
            mode="lines+markers",
            line={"color": VERMILION, "width": 2, "dash": "dash"},
            marker={"size": 9, "symbol": "diamond"},
            hovertemplate=f"{step} %{{x}}: %{{y:.3f}}",
        )
    figure.update_xaxes(title_text=phrase("runs_axis_step", lang, n=len(course.losses)), rangemode="tozero")
    figure.update_yaxes(title_text=phrase("runs_axis_loss", lang), rangemode="tozero")
    return plain_figure(figure, height=340)


def radar_figure(report: EvaluationReport, lang: Language) -> go.Figure:
    """Return the radar: chance in the centre, perfect at the rim, the baseline first, an interval on every spoke."""
    dimensions = spokes(report)
    turn = 360 / len(dimensions) if dimensions else 0.0
    figure = go.Figure()
    drawn = [arm for arm in ARMS if arm in report.arms]
    for place, arm in enumerate(drawn):
        known = [report.arms[arm].get(dimension) for dimension in dimensions]
        shift = _APART * (place - (len(drawn) - 1) / 2)
        angles = [turn * index + shift for index in range(len(dimensions))]
        for trace in _arm_traces(arm, known, angles, lang):
            figure.add_trace(trace)
    figure.update_layout(
        polar={
            "bgcolor": "rgba(0,0,0,0)",
            "radialaxis": {
                "range": [0, 1],
                "tickvals": [0.25, 0.5, 0.75, 1],
                "gridcolor": "rgba(128,128,128,0.3)",
                "angle": 90 - turn / 2,
                "tickfont": {"size": 10},
                "linecolor": GREY,
                "tickcolor": GREY,
            },
            "angularaxis": {
                "direction": "clockwise",
                "rotation": 90,
                "tickvals": [turn * index for index in range(len(dimensions))],
                "ticktext": [spoke_label(report, index, lang) for index in range(len(dimensions))],
                "gridcolor": "rgba(128,128,128,0.3)",
                "linecolor": GREY,
                "tickcolor": GREY,
                "tickfont": {"size": 12},
            },
        }
    )
    # Labels of the spokes stand outside the circle, where Plotly keeps no room by itself.
    return plain_figure(figure, height=540, sides=78, top=64)


def differences_figure(report: EvaluationReport, lang: Language) -> go.Figure:
    """Return the paired differences with their intervals; filled where one stands, hollow where none is shown."""
    rows = differences(report, lang)
    figure = go.Figure()
    for shown, name in ((True, "evaluation_shown"), (False, "evaluation_not_shown")):
        chosen = [(place, row) for place, row in enumerate(rows) if row.shown is shown]
        if not chosen:
            continue
        colour = BLUE if shown else GREY
        figure.add_scatter(
            x=[row.value for _, row in chosen],
            y=[place for place, _ in chosen],
            name=phrase(name, lang),
            mode="markers",
            marker={
                "color": colour,
                "size": 10,
                "symbol": "square" if shown else "circle-open",
                "line": {"width": 2, "color": colour},
            },
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [row.high - row.value for _, row in chosen],
                "arrayminus": [row.value - row.low for _, row in chosen],
                "color": colour,
                "thickness": 2,
                "width": 5,
            },
            text=[_difference_text(row) for _, row in chosen],
            hovertemplate="%{text}<extra></extra>",
        )
    figure.add_vline(x=0, line={"color": GREY, "width": 1, "dash": "dot"})
    figure.update_xaxes(title_text=phrase("evaluation_axis_points", lang))
    figure.update_yaxes(
        tickvals=list(range(len(rows))),
        ticktext=[f"{row.what}<br>{row.pair}, n = {row.n}" for row in rows],
        range=[len(rows) - 0.4, -0.6],
        showgrid=False,
        zeroline=False,
    )
    return plain_figure(figure, height=150 + 46 * len(rows))


def spoke_label(report: EvaluationReport, index: int, lang: Language) -> str:
    """Return the name of a spoke with the n behind it, in short lines."""
    dimension = spokes(report)[index]
    counts = [arm[dimension].n for arm in report.arms.values() if dimension in arm]
    low, high = min(counts), max(counts)
    name = dimension_name(dimension, lang).replace(" ", "<br>")
    return f"{name}<br>n = {low if low == high else f'{low}–{high}'}"


def estimate_text(estimate: Estimate) -> str:
    """Return mean, interval and n in one short line."""
    interval = f"{percent(estimate.low)}–{percent(estimate.high)}"
    return f"{percent(estimate.mean)} ({interval}), n = {estimate.n}"


def stretches(present: Sequence[bool]) -> list[list[int]]:
    """Return the unbroken stretches of a closed line as indices, which run on past the end: a full circle closes."""
    count = len(present)
    if all(present):
        return [[*range(count), count]] if count > 2 else [list(range(count))] if count else []
    found = []
    for start in (at for at in range(count) if present[at] and not present[at - 1]):
        stretch = [start]
        while present[(stretch[-1] + 1) % count]:
            stretch.append(stretch[-1] + 1)
        found.append(stretch)
    return found


def _arm_traces(
    arm: Arm, known: Sequence[Estimate | None], angles: Sequence[float], lang: Language
) -> list[go.Scatterpolar]:
    """Return the line of an arm, the band of its intervals and the interval on every spoke."""
    look, count = LOOKS[arm], len(known)
    colour = _SCREEN.get(arm, look.colour)
    group: dict[str, Any] = {"legendgroup": arm, "subplot": "polar"}
    quiet: dict[str, Any] = {"showlegend": False, "hoverinfo": "skip", **group}
    line_r: list[float | None] = []
    line_t: list[float | None] = []
    texts: list[str] = []
    bars_r: list[float | None] = []
    bars_t: list[float | None] = []
    traces = []
    for stretch in stretches([one is not None for one in known]):
        values = [radar_values(one) for index in stretch if (one := known[index % count]) is not None]
        theta = [angles[index % count] + 360 * (index // count) for index in stretch]
        line_r += [*(value for value, _, _ in values), None]
        line_t += [*theta, None]
        texts += [*(estimate_text(one) for index in stretch if (one := known[index % count]) is not None), ""]
        for angle, (_, low, high) in zip(theta, values, strict=True):
            bars_r += [low, high, None]
            bars_t += [angle, angle, None]
        if len(stretch) > 1:
            around = [high for *_, high in values] + [low for _, low, _ in reversed(values)]
            traces.append(
                go.Scatterpolar(
                    r=around,
                    theta=[*theta, *reversed(theta)],
                    fill="toself",
                    fillcolor=_faded(colour, 0.13),
                    mode="lines",
                    line={"width": 0},
                    **quiet,
                )
            )
    traces.append(
        go.Scatterpolar(r=bars_r, theta=bars_t, mode="lines", line={"color": colour, "width": 2}, opacity=0.6, **quiet)
    )
    traces.append(
        go.Scatterpolar(
            r=line_r,
            theta=line_t,
            name=arm_name(arm, lang),
            text=texts,
            hovertemplate="%{text}<extra>%{fullData.name}</extra>",
            mode="lines+markers",
            connectgaps=False,
            line={"color": colour, "dash": _DASHES.get(look.dash, "solid"), "width": 2},
            marker={"symbol": look.symbol, "size": 8, "color": colour},
            **group,
        )
    )
    return traces


def plain_figure(figure: go.Figure, *, height: int, sides: int = 8, top: int = 16) -> go.Figure:
    """Put a figure on the page: no colours of its own behind it, the legend below, room for the labels.

    Args:
        figure: The figure.
        height: Pixels.
        sides: Pixels kept free to the left and the right.
        top: Pixels kept free above.
    """
    figure.update_layout(
        template="none",
        height=height,
        margin={"l": sides, "r": sides, "t": top, "b": 8, "autoexpand": True},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"size": 13, "color": "#707070"},
        # At the foot of the chart, so that no window that grows lays it over the axis; Plotly makes room for it.
        legend={"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom", "x": 0},
        hoverlabel={"align": "left"},
        dragmode=False,
    )
    axis = {
        "automargin": True,
        "title_font_size": 13,
        "gridcolor": "rgba(128,128,128,0.25)",
        "zerolinecolor": "rgba(128,128,128,0.5)",
    }
    figure.update_xaxes(**axis)
    figure.update_yaxes(**axis)
    return figure


def _difference_text(row: Difference) -> str:
    return f"{row.what}, {row.pair}<br>{_signed(row.value)} ({_signed(row.low)} … {_signed(row.high)}), {row.finding}"


def _signed(value: float) -> str:
    return "0" if math.isclose(value, 0, abs_tol=0.05) else f"{value:+.1f}".replace("-", "−")


def _faded(colour: str, alpha: float) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha})"
