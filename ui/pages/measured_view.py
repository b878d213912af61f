"""Saved benchmarks and a comparison as HTML; pure functions, every text escaped: results come from other machines."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Final, get_args
from urllib.parse import quote, urlencode

from agent.prompts.comparison import COMPARISON
from agent.prompts.phrases import fill
from agent.records.base import Language
from agent.records.benchmark import BenchmarkResult
from agent.records.device_comparison import ComparedCell, ComparedRow, DeviceComparison, RowGroup
from tools.benchmark.comparison_charts import Bars, Radar
from tools.benchmark.comparison_markdown import row_name, source_lines
from tools.benchmark.comparison_rows import written
from tools.benchmark.part_names import told_in
from tools.benchmark.subjects import measured_name
from ui.i18n import phrase
from ui.pages.hardware_view import note
from ui.pages.inline_code import with_commands
from ui.pages.moments import moment

SCRIPT: Final = "/download/hardware/bench.py"
"""Address of the script for another machine, see `ui/web/hardware_downloads.py`."""
_HEAD: Final = ("when", "machine", "place", "probed", "speed", "state", "file")


def saved_table(kept: Sequence[tuple[Path, BenchmarkResult]], lang: Language) -> str:
    """Return the saved benchmarks, the newest first; where there are none, how to get one."""
    if not kept:
        return f'<p class="ds-empty">{with_commands(_say("measured_empty", lang))}</p>'
    head = "".join(f'<th scope="col">{_say(f"measured_{name}", lang)}</th>' for name in _HEAD)
    rows = "".join(_saved_row(file, told_in(result, lang), lang) for file, result in reversed(kept))
    return _scrolling(f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody>", _say("measured_table", lang))


def script_link(lang: Language) -> str:
    """Return the link to the script for another machine, and how it is run."""
    hint = with_commands(_say("measured_script_hint", lang))
    return f'<p><a href="{SCRIPT}" download="bench.py">{_say("measured_script", lang)}</a>. {hint}</p>'


def comparison_table(comparison: DeviceComparison, lang: Language) -> str:
    """Return every row with the label of each figure, then how to read it and where the figures come from."""
    head = "".join(f'<th scope="col">{escape(one.name)}</th>' for one in comparison.subjects)
    body = ""
    for group in get_args(RowGroup):
        rows = [row for row in comparison.rows if row.group == group]
        if rows:
            title = escape(fill(COMPARISON, f"group_{group}", lang))
            span = len(comparison.subjects) + 1
            lines = "".join(_row(row, lang) for row in rows)
            body += (
                f'<tbody><tr class="ds-group"><th scope="rowgroup" colspan="{span}">{title}</th></tr>{lines}</tbody>'
            )
    table = f'<thead><tr><th scope="col">{_say("measured_quantity", lang)}</th>{head}</tr></thead>{body}'
    notes = "".join(f"<li>{with_commands(escape(text))}</li>" for text in comparison.notes)
    sources = "".join(f"<li>{escape(line)}</li>" for line in source_lines(_translated(comparison, lang), lang))
    return (
        f"{_scrolling(table, _say('measured_comparison', lang))}"
        f"<h4>{_say('measured_notes', lang)}</h4><ul>{notes}</ul>"
        f"<details><summary>{_say('measured_sources', lang)}</summary><ul>{sources}</ul></details>"
    )


def bars_text(bars: Bars, lang: Language) -> str:
    """Return the title of the bars, why they show no ranking if so, and who has no figure."""
    parts = [f'<h4 class="ds-finding">{escape(bars.title)}</h4>']
    if bars.warning:
        parts.append(f'<p class="ds-warned" role="note">! {escape(bars.warning)}</p>')
    if bars.unknown:
        comma = "；" if lang == "zh" else "; "
        parts.append(f"<p>{_say('measured_unknown_bars', lang, names=comma.join(bars.unknown))}</p>")
    return "".join(parts)


def radar_text(radar: Radar, lang: Language) -> str:
    """Return the title of the radar, its scale, and what is not known of whom; without spokes, why there is none."""
    if not radar.spokes:
        return f'<p class="ds-empty">{_say("measured_radar_few", lang)}</p>'
    notes = "".join(f"<li>{escape(text)}</li>" for text in radar.notes)
    return f'<h4 class="ds-finding">{_say("measured_radar", lang)}</h4><ul>{notes}</ul>'


def downloads(ids: Sequence[str], params_b: float, lang: Language) -> str:
    """Return the links to the comparison as Markdown, JSON and CSV."""
    asked = urlencode([*(("of", one) for one in ids), ("size", f"{params_b:g}"), ("lang", lang)])
    links = " · ".join(
        f'<a href="{escape(f"/download/hardware/comparison.{kind}?{asked}")}" download="comparison.{kind}">{name}</a>'
        for kind, name in (("md", "Markdown"), ("json", "JSON"), ("csv", "CSV"))
    )
    return f'<p class="ds-downloads">{_say("measured_download", lang)} {links}</p>'


def _saved_row(file: Path, result: BenchmarkResult, lang: Language) -> str:
    name = measured_name(result.device, lang)
    place = _say(f"measured_place_{result.place}", lang)
    endpoint = f"<br><code>{escape(result.endpoint)}</code>" if result.endpoint else ""
    address = escape(f"/download/hardware/results/{quote(file.name)}")
    cells = (
        place + endpoint,
        _probed(result, lang),
        _fastest(result, lang),
        _state(result, lang),
        f'<a href="{address}" download="{escape(file.name)}">JSON</a>',
    )
    told = "".join(f"<td>{cell}</td>" for cell in cells)
    return f'<tr><td>{moment(result.at, lang)}</td><th scope="row">{escape(name)}</th>{told}</tr>'


def _probed(result: BenchmarkResult, lang: Language) -> str:
    tried = [one for one in result.capabilities.values() if one.outcome != "not_tried"]
    if not tried:
        return _say("measured_none", lang)
    native = sum(one.outcome == "supported" for one in tried)
    return escape(fill(COMPARISON, "share_of", lang, part=native, whole=len(tried)))


def _fastest(result: BenchmarkResult, lang: Language) -> str:
    known = [one for one in result.measurements if one.tokens_per_s is not None]
    if not known:
        return _say("measured_none", lang)
    best = max(known, key=lambda one: one.tokens_per_s or 0.0)
    said = _say(
        "measured_speed_of",
        lang,
        speed=written(best.tokens_per_s or 0.0),
        model=best.model or fill(COMPARISON, "unnamed_model", lang),
        batch=best.batch,
        prompt=best.prompt_tokens,
        output=best.output_tokens,
    )
    return f"{said} {_tag(best.label, lang)}"


def _state(result: BenchmarkResult, lang: Language) -> str:
    if result.complete:
        said = f'<span class="ds-yes">✓ {_say("measured_complete", lang)}</span>'
    else:
        why = result.stopped or phrase("measured_why_unknown", lang)
        said = f'<span class="ds-emulated">! {_say("measured_incomplete", lang, why=why)}</span>'
    if not result.warnings:
        return said
    count = len(result.warnings)
    title = _say("measured_warnings_one", lang) if count == 1 else _say("measured_warnings", lang, count=count)
    lines = "".join(f"<li>{escape(text)}</li>" for text in result.warnings)
    return f"{said}<details><summary>{title}</summary><ul>{lines}</ul></details>"


def _row(row: ComparedRow, lang: Language) -> str:
    cells = "".join(f"<td>{_cell(cell, lang)}</td>" for cell in row.cells)
    return f'<tr><th scope="row">{escape(row_name(row, lang))}</th>{cells}</tr>'


def _cell(cell: ComparedCell, lang: Language) -> str:
    if cell.label is None:
        return f'<span class="ds-unknown">{escape(cell.text)}</span>'
    about = f"<br><small>{escape(cell.about)}</small>" if cell.about else ""
    kind = "ds-num" if cell.value is not None else "ds-word"
    return f'<span class="{kind}">{escape(cell.text)}</span> {_tag(cell.label, lang)}{about}'


def _tag(label: str, lang: Language) -> str:
    return f'<span class="ds-tag ds-tag-{label}">{_say(f"measured_label_{label}", lang)}</span>'


def _translated(comparison: DeviceComparison, lang: Language) -> DeviceComparison:
    """Return the comparison with the catalogue's sources in the page's language, as the page has them elsewhere."""
    rows = tuple(
        row.model_copy(
            update={"cells": tuple(c.model_copy(update={"source": note(c.source, lang)}) for c in row.cells)}
        )
        for row in comparison.rows
    )
    return comparison.model_copy(update={"rows": rows})


def _scrolling(table: str, name: str) -> str:
    """Return a table that scrolls sideways on a narrow screen, by keyboard too; `name` is escaped."""
    return f'<div class="ds-scroll" tabindex="0" role="region" aria-label="{name}"><table>{table}</table></div>'


def _say(key: str, lang: Language, **values: object) -> str:
    return escape(phrase(key, lang, **values))
