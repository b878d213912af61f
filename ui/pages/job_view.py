"""A job of one page as HTML: how far it is, or how it ended. Pure; all text escaped."""

from __future__ import annotations

from html import escape
from typing import Final

from agent.records.base import Language
from agent.records.job import Job
from ui.i18n import phrase
from ui.pages.rail_view import duration
from ui.pages.retold import retold
from ui.pages.running import RunningJob

_STEPS: Final[dict[str, str]] = {
    "embedding": "documents_step_embedding",
    "read": "documents_step_read",
    "reading tables, lists and forms": "pairs_step_rules",
    "the model reads prose": "pairs_step_prose",
}
"""What the work says of itself to the phrase for it; anything else is the name of a file."""


def progress(job: RunningJob, lang: Language) -> str:
    """Return how far a running job is."""
    name = phrase(f"frame_kind_{job.kind}", lang)
    state = phrase(f"frame_job_{job.state}", lang)
    said = phrase("frame_job", lang, kind=name, state=state)
    share = "" if job.share is None else f"{job.share:.0%}"
    left = "" if job.seconds_left is None else phrase("frame_left", lang, time=duration(job.seconds_left))
    doing = phrase(_STEPS[job.message], lang) if job.message in _STEPS else retold(job.message, lang)
    value = "" if job.share is None else f' value="{job.share:.3f}"'
    words = " · ".join(part for part in (share, left, doing) if part)
    return (
        f'<div class="ds-card ds-working" role="status"><p><strong>{escape(said)}</strong></p>'
        f'<progress max="1"{value} aria-label="{escape(said)}"></progress>'
        f'<p class="ds-quiet ds-figures">{escape(words)}</p></div>'
    )


def trouble(job: Job, area: str, link: str, lang: Language) -> str:
    """Return how a job ended that did not end well: what it means first, the technical part folded away.

    Args:
        job: The job.
        area: Beginning of the page's phrases: `documents` or `pairs`.
        link: Address of the job's run.
        lang: Language of the page.
    """
    state = job.state if job.state in ("cancelled", "interrupted") else "failed"
    detail = ""
    if job.error and state != "cancelled":
        detail = (
            f"<details><summary>{escape(phrase('documents_technical', lang))}</summary>"
            f'<p lang="en">{escape(job.error)}</p></details>'
        )
    return (
        f'<div class="ds-card ds-ended-{state}" role="status"><p>{escape(phrase(f"{area}_ended_{state}", lang))} '
        f'<a href="{escape(link)}">{escape(phrase("documents_ended_run", lang))}</a></p>{detail}</div>'
    )


def done(body: str) -> str:
    """Return the card of a job that ended well.

    Args:
        body: What it did, as HTML.
    """
    return f'<div class="ds-card ds-ended-done" role="status">{body}</div>'
