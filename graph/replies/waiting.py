"""Approvals and jobs in words: what waits for a yes, what was started, what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from agent.prompts.assistant import TALK
from agent.prompts.phrases import fill, listed
from agent.records.base import Language
from agent.records.conversation import Approval
from agent.records.job import Job
from graph.replies.said import Said, joined, yes_no


def asks_yes(approval: Approval, replaced: Mapping[str, Any] | None, lang: Language) -> Said:
    """Return the question for a yes, with exactly what it lets happen."""
    before = fill(TALK, "replaced", lang, summary=replaced["summary"]) if replaced else ""
    then = fill(TALK, "then", lang, steps=listed(approval.following, lang)) if approval.following else ""
    text = fill(TALK, "asks_yes", lang, summary=approval.summary)
    summary, question = text.rsplit("\n\n", 1)
    return Said(
        joined(before, summary, then, "\n".join(f"- {why}" for why in approval.reasons), question),
        question=question,
        options=yes_no(lang),
        articles=approval.articles,
    )


def asked_for_yes(turn: Mapping[str, Any] | None) -> bool:
    """Return whether nothing but the approval was asked last; a chat model may ask whatever it likes."""
    question = (turn or {}).get("question")
    return question is None or question in {
        fill(TALK, "asks_yes", lang, summary="").strip() for lang in get_args(Language)
    }


def started(title: str, job: Job, lang: Language) -> Said:
    """Return that a job runs."""
    return Said(fill(TALK, "started", lang, title=title, job=job.id), evidence=(job.id,))


def ended_badly(title: str, job: Job, lang: Language) -> Said:
    """Return why a job did not end well."""
    if job.state == "cancelled":
        return Said(fill(TALK, "cancelled", lang, title=title), evidence=(job.id,))
    return Said(fill(TALK, "failed", lang, title=title, error=job.error or job.state), evidence=(job.id,))
