"""The card that asks for a yes, as HTML: what, how long, how much memory, what changes; every text escaped."""

from __future__ import annotations

import json
from html import escape

from agent.records.base import Language
from agent.records.job import Job
from ui.i18n import phrase
from ui.pages.guide_titles import titles_of
from ui.pages.sites import address
from ui.pages.steps import Proposal


def card(proposal: Proposal, lang: Language) -> str:
    """Return the card of a step that waits for a yes; its buttons are the page's."""
    why = "".join(f"<li>{escape(reason)}</li>" for reason in proposal.reasons)
    reasons = f"<ul>{why}</ul>" if why else f"<p class='ds-quiet'>{_say('runs_card_cheap', lang)}</p>"
    titles = titles_of(lang)
    articles = " · ".join(
        f'<a href="{escape(address(lang, "guide", article=name))}">{escape(titles.get(name, name))}</a>'
        for name in proposal.articles
    )
    guide = f"<p class='ds-quiet'>{_say('runs_card_guide', lang)} {articles}</p>" if articles else ""
    whole = escape(json.dumps(proposal.request, ensure_ascii=False, indent=2))
    return (
        f'<section class="ds-approval" aria-labelledby="ds-approval-title">'
        f'<h3 id="ds-approval-title">{_title(proposal, lang)}</h3>'
        f"<p>{escape(proposal.summary)}</p>{reasons}{guide}"
        f"<details><summary>{_say('runs_request_whole', lang)}</summary><pre tabindex='0'>{whole}</pre></details>"
        "</section>"
    )


def started(job: Job, proposal: Proposal, lang: Language) -> str:
    """Return that a job has started or goes on, with the way to its run."""
    said = (
        _say("runs_begins_anew" if proposal.kind == "bench" else "runs_resumed", lang)
        if proposal.resumes
        else _say("runs_started_job", lang, step=phrase(f"runs_step_{proposal.kind}", lang))
    )
    link = escape(address(lang, "runs", project=job.project, run=job.run))
    return f'<p role="status">{said} <a href="{link}">{_say("runs_open", lang)}</a></p>'


def _title(proposal: Proposal, lang: Language) -> str:
    if proposal.resumes:
        return _say("runs_resume_title", lang, step=phrase(f"frame_kind_{proposal.kind}", lang))
    return _say(f"runs_step_{proposal.kind}", lang)


def _say(key: str, lang: Language, **values: object) -> str:
    return escape(phrase(key, lang, **values))
