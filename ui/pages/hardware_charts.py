"""Bars and radar of a comparison of devices, as Plotly figures.

A bar's pattern tells how its figure is known and its label repeats it in words; a line of the radar has a marker and a
dash of its own, so nothing is told by colour alone.
"""

from __future__ import annotations

import textwrap
from typing import Final
from unicodedata import east_asian_width

import plotly.graph_objects as go

from agent.records.base import Language
from agent.records.device_comparison import CellLabel
from tools.benchmark.comparison_charts import Bars, Radar
from tools.evaluation.radar import MODEL_LOOKS
from ui.i18n import phrase
from ui.pages.charts import GREY, plain_figure, stretches

MOST: Final = len(MODEL_LOOKS)
"""Subjects that a chart can tell apart."""
_COLOURS: Final[dict[CellLabel, str]] = {
    "measured": "#0072B2",
    "datasheet": "#009E73",
    "estimated": "#E69F00",
    "given": "#CC79A7",
}
_PATTERNS: Final[dict[CellLabel, str]] = {"measured": "", "datasheet": "/", "estimated": ".", "given": "x"}
_PATTERN: Final = {"fillmode": "overlay", "fgcolor": "rgba(255,255,255,0.85)", "size": 7}
_DASHES: Final = {"--": "dash", ":": "dot"}
_ROOM: Final = 1.45
"""Length of the axis over the longest bar, so that what stands behind a bar has room."""
_NAME: Final = 26
"""Characters of a subject's name in one line."""
_SPOKE: Final = 16
"""Characters of a spoke's name in one line; labels stand outside the circle."""
_CIRCLE: Final = 400
"""Pixels that circle and labels take; below them stands one line for each subject."""


def bars_figure(bars: Bars, lang: Language) -> go.Figure:
    """Return one row as bars, the first subject on top, each with its figure and label behind it."""
    figure = go.Figure()
    order = [_broken(bar.name) for bar in bars.bars]
    for label, colour in _COLOURS.items():
        chosen = [bar for bar in bars.bars if bar.label == label]
        if chosen:
            figure.add_bar(
                x=[bar.value for bar in chosen],
                y=[_broken(bar.name) for bar in chosen],
                text=[_shown(bar.text) for bar in chosen],
                name=phrase(f"measured_label_{label}", lang),
                orientation="h",
                textposition="outside",
                cliponaxis=False,
                marker={"color": colour, "pattern": {**_PATTERN, "shape": _PATTERNS[label]}},
                hovertemplate="%{y}: %{text}<extra></extra>",
            )
    figure.update_layout(barmode="overlay", showlegend=True, bargap=0.35)
    longest = max((bar.value for bar in bars.bars), default=1.0) or 1.0
    figure.update_xaxes(title_text=_shown(bars.unit), range=[0, longest * _ROOM], nticks=6)
    figure.update_yaxes(categoryorder="array", categoryarray=order[::-1], showgrid=False)
    return plain_figure(figure, height=130 + 48 * len(order))


def devices_radar(radar: Radar) -> go.Figure:
    """Return the radar: nothing in the centre, the best of those chosen at the rim, what nobody knows a gap."""
    figure = go.Figure()
    turn = 360 / len(radar.spokes)
    angles = [turn * index for index in range(len(radar.spokes))]
    for place, name in enumerate(radar.subjects):
        look = MODEL_LOOKS[place % MOST]
        colour = GREY if place == 0 else look.colour
        shares = [spoke.shares[place] for spoke in radar.spokes]
        texts = [_shown(f"{spoke.name}: {spoke.texts[place]}") for spoke in radar.spokes]
        r: list[float | None] = []
        theta: list[float | None] = []
        said: list[str] = []
        for stretch in stretches([share is not None for share in shares]):
            at = [index % len(shares) for index in stretch]
            r += [*(shares[index] for index in at), None]
            theta += [*(angles[index] for index in at), None]
            said += [*(texts[index] for index in at), ""]
        figure.add_scatterpolar(
            r=r,
            theta=theta,
            name=_shown(name),
            text=said,
            hovertemplate="%{text}<extra>%{fullData.name}</extra>",
            mode="lines+markers",
            connectgaps=False,
            line={"color": colour, "dash": _DASHES.get(look.dash, "solid"), "width": 2},
            marker={"symbol": look.symbol, "size": 9, "color": colour},
        )
    quiet = {"gridcolor": "rgba(128,128,128,0.3)", "linecolor": GREY, "tickcolor": GREY}
    figure.update_layout(
        polar={
            "bgcolor": "rgba(0,0,0,0)",
            "radialaxis": {
                "range": [0, 1.04],
                "tickvals": [0.25, 0.5, 0.75, 1],
                "angle": 90 - turn / 2,
                "tickfont": {"size": 10},
                **quiet,
            },
            "angularaxis": {
                "direction": "clockwise",
                "rotation": 90,
                "tickvals": angles,
                "ticktext": [_broken(spoke.name, _SPOKE) for spoke in radar.spokes],
                "tickfont": {"size": 12},
                **quiet,
            },
        }
    )
    plain_figure(figure, height=_CIRCLE + 24 * len(radar.subjects), sides=120, top=64)
    # Names of machines are long: one below the other, so that none of them lies over a spoke's label.
    figure.update_layout(legend={"orientation": "v"}, margin_b=56)
    return figure


def _broken(name: str, width: int = _NAME) -> str:
    """Return a name in short lines, Chinese ones shorter; Plotly breaks nothing by itself."""
    wide = sum(east_asian_width(character) in "WF" for character in name) > len(name) / 2
    lines = textwrap.wrap(name, width // 2 if wide else width)
    return "<br>".join(map(_shown, lines))


def _shown(text: str) -> str:
    """Return text that Plotly shows as it stands: it reads `<` as markup, and names come from other machines."""
    return text.replace("&", "&amp;").replace("<", "&lt;")
