"""The iteration log on the evaluation page as HTML: what was tried, what it changed, when to stop."""

from __future__ import annotations

from html import escape

from agent.prompts.iterating import TABLE
from agent.prompts.phrases import fill
from agent.records.base import Language
from agent.records.iteration import IterationLog
from ui.i18n import phrase
from ui.iteration_rows import iteration_rows
from ui.pages.moments import moment_text
from ui.pages.sites import address


def iterations(log: IterationLog, lang: Language) -> str:
    """Return the table of rounds and what the stop rule says; empty while there is only one round."""
    if len(log.iterations) < 2:
        return ""
    head, *rows = iteration_rows(log, lang, lambda began: moment_text(began, lang))
    names = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    body = "".join(
        f'<tr><th scope="row">{escape(number)}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in cells)}</tr>'
        for number, *cells in reversed(rows)
    )
    decision, *more = log.stop.reasons
    link = escape(address(lang, "guide", article=decision.article))
    told = "".join(f"<li>{escape(one.text)}</li>" for one in more)
    return (
        f"<h2>{escape(fill(TABLE, 'title', lang))}</h2><p><strong>{escape(decision.text)}</strong> "
        f'<a class="ds-quiet" href="{link}">{escape(phrase("evaluation_guide", lang))}</a></p>'
        f"{f'<ul>{told}</ul>' if told else ''}"
        f"<p class='ds-quiet'>{escape(fill(TABLE, 'lead', lang))}</p>"
        f'<div class="ds-scroll"><table class="ds-figures"><thead><tr>{names}</tr></thead><tbody>{body}</tbody></table>'
        "</div>"
    )
