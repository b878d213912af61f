"""The parent of the reading process: asks it file after file, and starts another one when it dies or hangs."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from agent.errors import WorkFailedError
from agent.progress import Reporter
from agent.records.corpus import DocumentFormat
from knowledge.ingest.folders import CONTAINERS
from knowledge.ingest.limits import (
    CHARACTERS_A_SECOND,
    LARGEST_REPLY,
    MOST_SECONDS,
    RECOGNITION_SECONDS,
    RECOGNITION_WORTH,
    SECONDS,
)
from knowledge.ingest.parsed import Member, Parsed, UnreadableError
from knowledge.ingest.recognition import RECOGNISES

_ROOT: Final = Path(__file__).resolve().parents[2]
_LEAST_SECONDS: Final = 0.5
"""Time that a member is given at least while its container still has some."""


@dataclass
class _Allowance:
    """The time of one file; members of a container draw on the same."""

    seconds: float
    started: float
    earned: float = 0.0
    """Characters of members that are done."""

    def deadline(self, earned: float) -> float:
        """Return when the file's time is over, by the monotonic clock."""
        gained = (self.earned + earned) / CHARACTERS_A_SECOND
        return self.started + min(self.seconds + gained, MOST_SECONDS)


class Reading:
    """A context in which files are read by a limited process of their own."""

    def __init__(self, reporter: Reporter, *, seconds: float | None = None, recognise: bool = False) -> None:
        """Prepare; the process starts with the first file.

        Args:
            reporter: Asked twice a second whether somebody cancelled.
            seconds: Time one file may take before what it gives has earned it more; `None` for the usual.
            recognise: Whether pages that are pictures are read by text recognition, which takes longer.
        """
        self._reporter = reporter
        usual = RECOGNITION_SECONDS if recognise else SECONDS
        self._seconds = usual if seconds is None else seconds
        self._worth = RECOGNITION_WORTH if recognise else 1
        self._arguments = [RECOGNISES] if recognise else []
        self._process: subprocess.Popen[bytes] | None = None

    def read(self, path: Path, form: DocumentFormat) -> list[Parsed]:
        """Return the documents in a file; parts that could not be read are among them, with their reasons.

        Raises:
            UnreadableError: The file cannot be read, or the process died or hung over it.
            WorkFailedError: The process does not start.
        """
        allowance = _Allowance(self._seconds, time.monotonic())
        request = {"path": str(path), "format": form}
        if form in CONTAINERS:
            return self._container(request, [], "", None, allowance)
        return _documents(self._ask(request, allowance.deadline))

    def _container(
        self,
        request: dict[str, Any],
        keys: list[str],
        prefix: str,
        form: DocumentFormat | None,
        allowance: _Allowance,
    ) -> list[Parsed]:
        """Read what a container says itself, and all that it holds."""
        reply = self._ask({**request, "open": keys}, allowance.deadline)
        found = [replace(one, part=prefix.rstrip("/"), format=form) for one in _documents(reply)]
        allowance.earned += self._worth * sum(len(one.text) for one in found)
        for member in (Member(**fields) for fields in reply["members"]):
            name = f"{prefix}{member.name}"
            try:
                read = self._member(request, keys, member, name, allowance)
            except UnreadableError as error:
                skipped = member.format is None
                read = [Parsed(title="", text="", part=name, format=member.format, refused=str(error), skipped=skipped)]
            found += read
        if not any(one.text for one in found):
            raise UnreadableError(next((one.refused for one in found if not one.skipped), "no text in it"))
        return found

    def _member(
        self, request: dict[str, Any], keys: list[str], member: Member, name: str, allowance: _Allowance
    ) -> list[Parsed]:
        if member.refused or member.format is None:
            raise UnreadableError(member.refused)
        if member.format in CONTAINERS:
            return self._container(request, [*keys, member.key], f"{name}/", member.format, allowance)
        began = time.monotonic()
        left = allowance.deadline(0) - began
        if left <= 0:
            raise UnreadableError("its archive took too long to read: unpack it first")
        # A member may use half of what is left, so that one that hangs leaves time for the others.
        half = max(left / 2, _LEAST_SECONDS)
        reply = self._ask(
            {**request, "open": keys, "member": [member.key, member.format]},
            lambda earned: began + half + earned / CHARACTERS_A_SECOND,
        )
        read = _documents(reply)
        allowance.earned += self._worth * sum(len(one.text) for one in read)
        return [
            replace(one, part=f"{name}#{one.part}" if one.part else name, format=one.format or member.format)
            for one in read
        ]

    def _ask(self, request: dict[str, Any], deadline: Callable[[float], float]) -> dict[str, Any]:
        process = self._process
        if process is None or process.poll() is not None:
            self.close()
            process = self._process = self._start()
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.flush()
            reply = self._reply(process, deadline)
        except BrokenPipeError as error:
            self.close()
            raise WorkFailedError(
                "the reading process does not start", mend="`domainsmith doctor` looks into it"
            ) from error
        if "refused" in reply:
            raise UnreadableError(str(reply["refused"]))
        return reply

    def _start(self) -> subprocess.Popen[bytes]:
        path = os.pathsep.join(part for part in (str(_ROOT), os.environ.get("PYTHONPATH", "")) if part)
        # One thread, one arena: each further one would take address space that the limit counts.
        lean = {"PYTHONUTF8": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}
        return subprocess.Popen(
            [sys.executable, "-B", "-m", "knowledge.ingest.worker", *self._arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": path, **lean},
            start_new_session=True,
        )

    def _reply(self, process: subprocess.Popen[bytes], deadline: Callable[[float], float]) -> dict[str, Any]:
        """Return the answer; news of what was earned move the deadline."""
        assert process.stdout is not None
        descriptor = process.stdout.fileno()
        began = time.monotonic()
        end = deadline(0)
        pending = bytearray()
        while True:
            try:
                self._reporter.check()
            except BaseException:
                self.close()
                raise
            left = end - time.monotonic()
            if left <= 0:
                self.close()
                raise UnreadableError(f"took longer than {time.monotonic() - began:.0f} s to read: split the file")
            if not select.select([descriptor], [], [], min(left, 0.5))[0]:
                continue
            part = os.read(descriptor, 1 << 20)
            pending += part
            if not part or len(pending) > LARGEST_REPLY:
                self.close()
                raise UnreadableError("broke its reader: damaged, or too large" if not part else "gives too much text")
            if b"\n" not in part:
                continue
            *lines, rest = bytes(pending).split(b"\n")
            pending = bytearray(rest)
            for line in lines:
                reply: dict[str, Any] = json.loads(line)
                if "earned" not in reply:
                    return reply
                end = deadline(float(reply["earned"]))

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except BrokenPipeError:
                    continue

    def __enter__(self) -> Reading:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _documents(reply: dict[str, Any]) -> list[Parsed]:
    return [Parsed(**{**fields, "pages": tuple(map(tuple, fields["pages"]))}) for fields in reply["documents"]]
