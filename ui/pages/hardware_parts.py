"""What the memory of one plan goes to, its times and the largest that fits, as an HTML table with its notes."""

from __future__ import annotations

from html import escape

from agent.records.base import Language
from agent.records.hardware import Device, MemoryPlan
from ui.i18n import phrase
from ui.pages.hardware_view import localised
from ui.plan_parts import part_rows


def parts(value: MemoryPlan, device: Device, size: str, lang: Language) -> str:
    """Return a table with a column for each method, and what the figures rest on.

    Args:
        value: A plan with parts.
        device: What it is for.
        size: The model's size, in words.
        lang: Language of the page.
    """
    head, *rows = part_rows(value, lang)
    heads = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
    body = "".join(
        f'<tr><th scope="row">{escape(name)}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in cells)}</tr>'
        for name, *cells in rows
    )
    title = escape(phrase("hardware_parts", lang, size=size))
    notes = "".join(f"<li>{escape(localised(note, device, lang))}</li>" for note in _figures(value))
    return (
        f'<div class="ds-scroll" tabindex="0" role="region" aria-label="{title}"><table><caption>{title}</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div><ul>{notes}</ul>"
    )


def _figures(value: MemoryPlan) -> tuple[str, ...]:
    """Return the notes on the figures; what precedes them stands under the table of all sizes."""
    return value.notes[len(value.notes) - value.figure_notes :]
