"""Moments and spans of time as a person of either language writes them."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape

from agent.prompts.phrases import duration
from agent.records.base import Language
from agent.records.job import Job

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def moment(stored: str | None, lang: Language) -> str:
    """Return a stored moment (UTC, ISO 8601) as HTML; the server does not know the reader's zone, so it says UTC."""
    return f'<time datetime="{escape(stored)}">{moment_text(stored, lang)}</time>' if stored else "–"


def moment_text(stored: str, lang: Language) -> str:
    """Return a stored moment as text."""
    at = datetime.fromisoformat(stored).astimezone(UTC)
    day = f"{at.year}年{at.month}月{at.day}日" if lang == "zh" else f"{at.day} {_MONTHS[at.month - 1]} {at.year}"
    return f"{day} {at:%H:%M} UTC"


def clock(stored: str) -> str:
    """Return the time of day of a stored moment, to the second."""
    return f"{datetime.fromisoformat(stored).astimezone(UTC):%H:%M:%S}"


def took(job: Job, now: datetime, lang: Language) -> str:
    """Return how long the present attempt of a job took, or takes until now."""
    seconds = job_seconds(job, now)
    return "–" if seconds is None else duration(seconds, lang)


def job_seconds(job: Job, now: datetime) -> float | None:
    """Return the seconds of a job's present attempt; `None` if it has not begun."""
    if job.started is None:
        return None
    end = datetime.fromisoformat(job.ended) if job.ended else now
    return max(0.0, (end - datetime.fromisoformat(job.started)).total_seconds())
