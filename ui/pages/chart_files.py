"""The charts as files: PNG with the finding as its title, and CSV that a spreadsheet opens without running anything.

A cell of text that begins like a formula gets an apostrophe before it (OWASP, "CSV injection"); numbers stay numbers.
"""

from __future__ import annotations

import csv
import io
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any, Final

from agent.records.base import Language
from agent.records.evaluation import EvaluationReport, Item, ItemAnswer
from tools.evaluation.fonts import chinese_font
from ui.i18n import phrase
from ui.pages.chart_data import differences, differences_finding, loss_finding, running_mean
from ui.pages.charts import BLUE, GREY, VERMILION
from ui.pages.report_files import radar_png, report_html, report_markdown
from ui.pages.run_course import Course

__all__ = ["radar_png", "report_html", "report_markdown"]

Cell = str | float | int | None

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def differences_png(report: EvaluationReport, lang: Language) -> bytes:
    """Return the paired differences with their intervals."""
    lang, style = _speech(lang)
    rows = differences(report, lang)
    figure, axes = _axes((9, 1.6 + 0.5 * len(rows)))
    for place, row in enumerate(rows):
        colour = BLUE if row.shown else GREY
        axes.plot([row.low, row.high], [place, place], color=colour, lw=2)
        face = colour if row.shown else "white"
        axes.plot(row.value, place, "s" if row.shown else "o", color=colour, mfc=face, mew=2, ms=8)
    axes.axvline(0, color=GREY, lw=1, ls=":")
    labels = [f"{row.what}\n{row.pair}, n = {row.n}" for row in rows]
    axes.set_yticks(range(len(rows)), labels, size=9, linespacing=1.4, **style)
    for shown, key in ((True, "evaluation_shown"), (False, "evaluation_not_shown")):
        colour = BLUE if shown else GREY
        face = colour if shown else "white"
        axes.plot([], [], "s" if shown else "o", color=colour, mfc=face, mew=2, ms=8, label=phrase(key, lang))
    figure.legend(loc="outside lower left", ncols=2, frameon=False, prop={"size": 9, **style})
    axes.invert_yaxis()
    axes.set_xlabel(phrase("evaluation_axis_points", lang).replace("<br>", "\n"), **style)
    return _png(figure, axes, differences_finding(report, lang), style)


def loss_png(course: Course, lang: Language, *, ended: bool) -> bytes:
    """Return the losses of a run."""
    lang, style = _speech(lang)
    steps, losses = list(course.losses), [one.loss for one in course.losses.values()]
    mean = running_mean(losses)
    figure, axes = _axes((9, 5))
    axes.plot(
        steps,
        losses,
        "-" if mean else "o-",
        color=BLUE,
        lw=1 if mean else 1.8,
        ms=4,
        alpha=0.4 if mean else 1,
        label=phrase("runs_training_loss", lang),
    )
    if mean:
        axes.plot(steps, mean, color=BLUE, lw=2.2, label=phrase("runs_running_mean", lang))
    if course.validation:
        validated = (list(course.validation), list(course.validation.values()))
        axes.plot(*validated, "D--", color=VERMILION, lw=1.8, label=phrase("runs_validation_loss", lang))
    axes.set_xlabel(phrase("runs_axis_step", lang, n=len(steps)), **style)
    axes.set_ylabel(phrase("runs_axis_loss", lang), **style)
    axes.set_ylim(bottom=0)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend(frameon=False, prop={"size": 9, **style})
    return _png(figure, axes, loss_finding(course, lang, ended=ended), style)


def scores_csv(report: EvaluationReport) -> str:
    """Return every mean with its interval and n."""
    head = ("run", "dimension", "arm", "mean", "low", "high", "n", "errors", "chance", "radar_value")
    return table(
        head,
        (
            (report.run, dimension, arm, one.mean, one.low, one.high, one.n, one.errors, one.chance, one.normalised)
            for arm, spokes in report.arms.items()
            for dimension, one in spokes.items()
        ),
    )


def differences_csv(report: EvaluationReport) -> str:
    """Return every paired difference."""
    head = ("run", "dimension", "a", "b", "difference", "low", "high", "p_holm", "n", "smallest_detectable", "verdict")
    return table(
        head,
        (
            (report.run, c.dimension, c.a, c.b, c.difference, c.low, c.high, c.p, c.n, c.smallest_detectable, c.verdict)
            for c in report.comparisons
        ),
    )


def loss_csv(course: Course) -> str:
    """Return every step of a run."""
    head = ("step", "epoch", "training_loss", "validation_loss", "tokens_per_s", "learning_rate")
    return table(
        head,
        (
            (one.step, one.epoch, one.loss, course.validation.get(one.step), one.tokens_per_s, one.learning_rate)
            for one in course.losses.values()
        ),
    )


def failed_csv(rows: Iterable[tuple[Item, ItemAnswer, str]]) -> str:
    """Return failed items with what was said and why it failed."""
    head = ("item", "dimension", "cause", "arm", "question", "accepted", "answer", "score", "document", "start", "end")
    return table(
        head,
        (
            (i.id, i.dimension, cause, a.arm, i.question, " | ".join(i.answers), a.text, a.score, *_place(i))
            for i, a, cause in rows
        ),
    )


def _place(item: Item) -> tuple[str, int | None, int | None]:
    return item.document, item.start, item.end


def table(head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """Return a CSV whose text cells cannot be taken for formulas."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(head)
    for row in rows:
        writer.writerow([harmless(cell) for cell in row])
    return out.getvalue()


def harmless(cell: Cell) -> Cell:
    """Return a cell that a spreadsheet shows and does not run."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def _axes(size: tuple[float, float]) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure: Any = Figure(figsize=size, layout="constrained")
    axes: Any = figure.add_subplot()
    axes.grid(color="#DDDDDD", lw=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return figure, axes


def _png(figure: Any, axes: Any, finding: str, style: dict[str, Any]) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    # Chinese has no spaces to break at, and its characters are about twice as wide.
    width = 44 if style else 84
    axes.set_title("\n".join(textwrap.wrap(finding, width)), size=11, loc="left", **style)
    buffer = io.BytesIO()
    FigureCanvasAgg(figure).print_png(buffer)
    return buffer.getvalue()


def _speech(lang: Language) -> tuple[Language, dict[str, Any]]:
    """Return the language that the labels can be written in, and how: Chinese only where a font can show it."""
    font = chinese_font() if lang == "zh" else None
    return ("zh", {"family": font}) if font else ("en", {})
