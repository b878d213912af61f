"""The dataset report on the page of the pairs: the heat map of sections, and what the dataset is worth. Text escaped.

It is measured when somebody asks for it, since comparing ten thousand questions takes seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any, Final

import gradio as gr

from agent.prompts.dataset import said
from agent.prompts.pair_reasons import reason_in
from agent.records.base import Language
from agent.records.dataset import DatasetReport
from tools.dataset_report.markdown import error_line, reason_label, shade
from tools.dataset_report.run import dataset_report
from ui.i18n import phrase
from ui.pages.documents_view import number
from ui.pages.frame import Frame, told

MOST_ROWS: Final = 60
"""Sections in the map; of more, the thinnest, since a map is looked at for its gaps."""
QUIET: Final[dict[str, Any]] = {"api_visibility": "private"}


class ReportPanel:
    """The button that measures the dataset, and what it found."""

    def __init__(self, frame: Frame) -> None:
        """Draw it.

        Args:
            frame: The page's frame.
        """
        self._frame = frame
        with gr.Accordion(frame.say("pairs_report"), open=False, elem_id="pairs-report"):
            self._measure = gr.Button(frame.say("pairs_report_measure"), size="sm", elem_id="pairs-report-measure")
            self._shown = gr.HTML(elem_id="pairs-report-shown", apply_default_css=False, js_on_load=None)

    def wire(self) -> None:
        """Connect it."""

        @told
        def measured(request: gr.Request) -> str:
            return html(dataset_report(self._frame.need(request)), self._frame.lang)

        self._measure.click(measured, None, self._shown, **QUIET)


def html(report: DatasetReport, lang: Language) -> str:
    """Return the report as HTML."""
    told_of = [
        _section("heat", heat_map(report, lang), lang),
        _section("error", f"<p>{escape(error_line(report, lang))}</p>", lang),
        _section("kinds", _shares(report, lang), lang),
        _section("lengths", _lengths(report, lang), lang),
        _section("diversity", _diversity(report, lang), lang),
        _section("repeats", _repeats(report, lang), lang),
        _section("imbalance", _imbalance(report, lang), lang),
        _section("rejects", _rejects(report, lang), lang),
    ]
    counts = said(
        "counts", lang, pairs=report.pairs, facts=report.facts, pending=report.pending, rejected=report.rejected
    )
    return f"<p>{escape(counts)}</p>{''.join(told_of)}"


def heat_map(report: DatasetReport, lang: Language) -> str:
    """Return documents and sections with their density; the shade repeats the number."""
    names = {one.document: one for one in report.documents}
    taught = [one for one in report.sections if not (one.document in names and names[one.document].held_out)]
    shown = taught if len(taught) <= MOST_ROWS else sorted(taught, key=lambda one: one.density)[:MOST_ROWS]
    most = max((one.density for one in shown), default=0.0)
    rows = "".join(
        f'<tr><th scope="row">{escape(names[one.document].name if one.document in names else one.document)}</th>'
        f"<td>{escape(one.section)}</td>"
        f'<td class="ds-figures">{number(one.facts)}</td>'
        f'<td class="ds-figures ds-shade-{shade(one.density, most)}">{one.density:.1f}</td></tr>'
        for one in shown
    )
    gaps = report.documents_without_pairs
    missing = f'<p class="ds-note">{escape(said("without", lang, names=", ".join(gaps[:20])))}</p>' if gaps else ""
    return _table(("document", "section", "facts", "density"), rows, lang) + missing


def _section(key: str, body: str, lang: Language) -> str:
    return f"<h3>{escape(said(key, lang))}</h3>{body}"


def _table(heads: Sequence[str], rows: str, lang: Language) -> str:
    head = "".join(f'<th scope="col">{escape(said(key, lang))}</th>' for key in heads)
    return (
        f'<div class="ds-scroll" tabindex="0"><table class="ds-table ds-coverage"><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _shares(report: DatasetReport, lang: Language) -> str:
    rows = "".join(
        f'<tr><td>{escape(phrase(f"pairs_kind_{name}", lang))}</td><td class="ds-figures">{number(count)}</td>'
        f'<td class="ds-figures">{count / max(1, report.pairs):.0%}</td></tr>'
        for name, count in report.kinds.items()
    )
    return _table(("kind", "count", "share"), rows, lang)


def _lengths(report: DatasetReport, lang: Language) -> str:
    items = "".join(
        "<li>"
        + escape(
            said(
                "length_row",
                lang,
                what=said(key, lang),
                median=one.median,
                low=one.low,
                high=one.high,
                longest=one.longest,
            )
        )
        + "</li>"
        for key, one in (("question", report.question_lengths), ("answer", report.answer_lengths))
    )
    return f"<ul>{items}</ul>"


def _diversity(report: DatasetReport, lang: Language) -> str:
    items = "".join(
        "<li>"
        + escape(
            said(
                "diversity_row",
                lang,
                language=_group("language", language, lang),
                n=one.n,
                one=one.distinct_1,
                two=one.distinct_2,
                opening=next(iter(one.openings), ""),
                share=one.commonest_opening,
            )
        )
        + "</li>"
        for language, one in report.diversity.items()
    )
    return f"<ul>{items}<li>{escape(said('wordings', lang, mean=report.wordings_per_fact))}</li></ul>"


def _repeats(report: DatasetReport, lang: Language) -> str:
    told_of = said("repeats_row", lang, pairs=report.repeats.pairs, share=report.repeats.share)
    return f"<p>{escape(told_of)}</p>"


def _group(by: str, name: str, lang: Language) -> str:
    """Return the name of a group of pairs in the language of the page; a document's is its own."""
    match by:
        case "kind":
            return phrase(f"pairs_kind_{name}", lang)
        case "language":
            return phrase(f"documents_language_{name}", lang)
        case _:
            return name


def _imbalance(report: DatasetReport, lang: Language) -> str:
    if not report.imbalance:
        return f"<p>{escape(said('none', lang))}</p>"
    items = "".join(
        "<li>"
        + escape(
            said(
                "imbalance_row",
                lang,
                by=said(one.by, lang),
                largest=_group(one.by, one.largest, lang),
                smallest=_group(one.by, one.smallest, lang),
                ratio=one.ratio,
            )
        )
        + "</li>"
        for one in report.imbalance
    )
    return f"<ul>{items}</ul>"


def _rejects(report: DatasetReport, lang: Language) -> str:
    if not report.rejects:
        return f"<p>{escape(said('none', lang))}</p>"
    rows = "".join(
        f"<tr><td>{escape(reason_label(one.reason, lang))}</td><td class='ds-figures'>{number(one.count)}</td>"
        f"<td>{escape(sample.question)}</td><td>{escape(sample.answer)}</td>"
        f"<td>{escape(reason_in(sample.reason, lang) or sample.reason)}</td></tr>"
        for one in report.rejects
        for sample in one.samples[:1]
    )
    return _table(("reason", "count", "question", "answer", "reason"), rows, lang)
