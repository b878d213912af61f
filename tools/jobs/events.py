"""A run's `events.jsonl`: what a job tells while it works, one whole line an event.

A line reaches the file in one append, and a line that a killed worker left unfinished is cut off before the next
attempt writes, so every reader at every moment sees whole lines or ignores a tail that has no line end yet.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from agent.records.job import JobEvent

EVENTS = "events.jsonl"


@dataclass
class EventLog:
    """The writing end; one per worker."""

    path: Path

    def __post_init__(self) -> None:
        with self.path.open("ab+") as file:
            file.seek(0)
            content = file.read()
            whole = content.rfind(b"\n") + 1
            if whole != len(content):
                file.truncate(whole)

    def append(self, event: JobEvent) -> None:
        """Append one event; the file is unchanged if the disk is full."""
        line = f"{event.line()}\n".encode()
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND)
        try:
            before = os.fstat(descriptor).st_size
            written = 0
            try:
                while written < len(line):
                    written += os.write(descriptor, line[written:])
            except OSError:
                os.ftruncate(descriptor, before)
                raise
        finally:
            os.close(descriptor)


@dataclass
class EventTail:
    """The reading end; each `read` yields the events that have come since the last."""

    path: Path
    offset: int = field(default=0, init=False)
    """Bytes read so far."""

    def read(self) -> Iterator[JobEvent]:
        """Yield the new events; a line that is still being written waits for the next call."""
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            file.seek(self.offset)
            fresh = file.read()
        fresh = fresh[: fresh.rfind(b"\n") + 1]
        self.offset += len(fresh)
        for line in fresh.splitlines():
            yield JobEvent.model_validate_json(line)
