"""A comparison as Markdown: one table a group, a label beside every figure, the notes and the sources.

print(as_markdown(compare(choose(settings, ["S4000", "A800"]))))
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from agent.prompts.comparison import COMPARISON
from agent.prompts.phrases import fill
from agent.records.base import Language
from agent.records.device_comparison import ComparedCell, ComparedRow, DeviceComparison, RowGroup
from tools.benchmark.subjects import said_moment


def as_markdown(comparison: DeviceComparison, lang: Language = "en") -> str:
    """Return a document of its own, in the language the comparison was made in."""
    parts = [f"# {fill(COMPARISON, 'title', lang)}"]
    measured = [one for one in comparison.subjects if one.kind == "benchmark"]
    if measured:
        told = [
            fill(
                COMPARISON,
                "subject_measured",
                lang,
                name=one.name,
                at=said_moment(one.at),
                place=_place(one.place, lang),
            )
            for one in measured
        ]
        parts.append("\n".join(f"- {_plain(line)}" for line in told))
    for group in get_args(RowGroup):
        rows = [row for row in comparison.rows if row.group == group]
        if rows:
            parts.append(f"## {fill(COMPARISON, f'group_{group}', lang)}\n\n{table(comparison, rows, lang)}")
    notes = "\n".join(f"- {_plain(note)}" for note in comparison.notes)
    parts.append(f"## {fill(COMPARISON, 'how_to_read', lang)}\n\n{notes}")
    sources = "\n".join(f"- {_plain(line)}" for line in source_lines(comparison, lang))
    parts.append(f"## {fill(COMPARISON, 'sources', lang)}\n\n{sources}")
    return "\n\n".join(parts) + "\n"


def table(comparison: DeviceComparison, rows: list[ComparedRow], lang: Language) -> str:
    """Return rows as a Markdown table."""
    head = [fill(COMPARISON, "quantity", lang), *(one.name for one in comparison.subjects)]
    lines = [head, ["---"] * len(head)]
    lines += [[row_name(row, lang), *(cell_text(cell, lang) for cell in row.cells)] for row in rows]
    return "\n".join("| " + " | ".join(_plain(cell) for cell in line) + " |" for line in lines)


def row_name(row: ComparedRow, lang: Language) -> str:
    """Return a row's name with its unit."""
    if not row.unit:
        return row.name
    return f"{row.name}（{row.unit}）" if lang == "zh" else f"{row.name} ({row.unit})"


def cell_text(cell: ComparedCell, lang: Language) -> str:
    """Return a cell with its label, and what it is of where the row does not say it; what is not known says so."""
    if cell.label is None:
        return cell.text
    said = [fill(COMPARISON, f"label_{cell.label}", lang), *([cell.about] if cell.about else [])]
    return f"{cell.text}（{'，'.join(said)}）" if lang == "zh" else f"{cell.text} ({', '.join(said)})"


def source_lines(comparison: DeviceComparison, lang: Language) -> Iterator[str]:
    """Yield one line a subject: each source with the rows that rest on it."""
    comma, stop, colon = ("、", "；", "：") if lang == "zh" else (", ", "; ", ": ")
    for place, subject in enumerate(comparison.subjects):
        by_source: dict[str, list[str]] = {}
        for row in comparison.rows:
            if row.cells[place].source:
                by_source.setdefault(row.cells[place].source, []).append(row.name)
        told = stop.join(f"{source}{colon}{comma.join(names)}" for source, names in by_source.items())
        yield f"{subject.name} – {told or fill(COMPARISON, 'not_known', lang)}"


def _place(place: str | None, lang: Language) -> str:
    return fill(COMPARISON, f"place_{place}", lang)


def _plain(text: str) -> str:
    """Return text that cannot end a cell or begin markup: names come from other machines."""
    plain = " ".join(text.split()).replace("\\", "\\\\")  # first, else a backslash of the text would undo one of ours
    return plain.replace("|", "\\|").replace("<", "&lt;").replace("[", "\\[")
