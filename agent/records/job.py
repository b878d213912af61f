"""Background jobs: the record that exists before the work starts."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from agent.records.base import Record

JobKind = Literal["ingest", "extract", "mix", "tune", "validate", "evaluate", "judge", "bench"]
JobState = Literal["queued", "running", "done", "failed", "cancelled", "interrupted"]


class Job(Record):
    """One job; a row of the job store. Times are UTC, ISO 8601."""

    id: str
    kind: JobKind
    project: str
    """Project id."""
    run: str
    """Run folder name under the project's `runs/`."""
    request: dict[str, Any] = Field(default_factory=dict)
    state: JobState
    created: str
    started: str | None = None
    ended: str | None = None
    heartbeat: str | None = None
    pid: int | None = None
    """Process id of the worker on `host`."""
    host: str = ""
    """Name of the machine the worker runs on; a process id says nothing about another machine."""
    lease: int = 0
    """Fencing number; a worker whose number is not the record's may write nothing."""
    cancel_requested: bool = False
    error: str = ""
    """One line; empty unless failed or interrupted."""
    exit_code: int | None = None
    """What a command that waited for the job exits with (0, 1, 2, 3 or 130); `None` until it has ended."""
    attempts: int = 0
    """How often a worker has started on it."""
    key: str | None = None
    """The occasion it was started on, e.g. an approval; an occasion has one job at most, however often it is tried."""


class JobEvent(Record):
    """One line of `events.jsonl`."""

    at: str
    kind: Literal["state", "progress", "metric", "note"]
    message: str = ""
    done: float | None = None
    """Units finished."""
    total: float | None = None
    unit: str = ""
    attempt: int = 1
    """Which attempt of the job wrote the line, from 1."""
    data: dict[str, Any] = Field(default_factory=dict)
