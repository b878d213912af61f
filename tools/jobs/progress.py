"""How far a job is, from the end of its `events.jsonl`: share done, time left, the last message."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from agent.prompts.phrases import duration, fill
from agent.prompts.steps import STEPS
from agent.records.base import Language
from agent.records.job import Job, JobEvent
from tools.jobs.events import EVENTS
from tools.workspace import Project

_TAIL: Final = 16_384
"""Bytes read from the end of the events; a few dozen lines."""


def last_progress(project: Project, job: Job) -> JobEvent | None:
    """Return the newest progress of a job's present attempt."""
    path = project.runs / job.run / EVENTS
    if not path.exists():
        return None
    for line in reversed(_tail(path)):
        try:
            event = JobEvent.model_validate(json.loads(line))
        except (ValueError, ValidationError):
            continue  # the first line of the tail may be cut, the last may be half written
        if event.kind == "progress" and event.attempt >= job.attempts:
            return event
    return None


def progress_of(project: Project, job: Job, lang: Language) -> str:
    """Return how far a job is, in words."""
    event = last_progress(project, job)
    since = datetime.fromisoformat(job.started or job.created)
    ran = duration((datetime.now(UTC) - since).total_seconds(), lang)
    if event is None or not event.total or event.done is None:
        return fill(STEPS, "runs", lang, kind=job.kind, job=job.id, ran=ran)
    share = f"{event.done / event.total:.0%}"
    return fill(STEPS, "runs_share", lang, kind=job.kind, job=job.id, ran=ran, share=share)


def _tail(path: Path) -> list[str]:
    with path.open("rb") as file:
        file.seek(0, 2)
        file.seek(max(0, file.tell() - _TAIL))
        return file.read().decode("utf-8", errors="ignore").split("\n")
