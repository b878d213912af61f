"""The parent of the reading process: asks it file after file, and starts another one when it dies or hangs."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

from agent.errors import WorkFailedError
from agent.progress import Reporter
from agent.records.corpus import DocumentFormat
from knowledge.ingest.parsed import Parsed, UnreadableError

WALL_SECONDS: Final = 60.0
"""Time one file may take."""
LARGEST_REPLY: Final = 400 * 2**20
"""Bytes of one reply."""
_ROOT: Final = Path(__file__).resolve().parents[2]


class Reading:
    """A context in which files are read by a limited process of their own."""

    def __init__(self, reporter: Reporter, *, seconds: float = WALL_SECONDS) -> None:
        """Prepare; the process starts with the first file.

        Args:
            reporter: Asked once a second whether somebody cancelled.
            seconds: Time one file may take.
        """
        self._reporter = reporter
        self._seconds = seconds
        self._process: subprocess.Popen[bytes] | None = None

    def read(self, path: Path, form: DocumentFormat) -> list[Parsed]:
        """Return the documents in a file.

        Raises:
            UnreadableError: The file cannot be read, or the process died or hung over it.
            WorkFailedError: The process does not start.
        """
        process = self._process
        if process is None or process.poll() is not None:
            self.close()
            process = self._process = self._start()
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps({"path": str(path), "format": form}).encode() + b"\n")
            process.stdin.flush()
            reply = self._reply(process)
        except BrokenPipeError as error:
            self.close()
            raise WorkFailedError(
                "the reading process does not start", mend="`domainsmith doctor` looks into it"
            ) from error
        if "refused" in reply:
            raise UnreadableError(str(reply["refused"]))
        return [Parsed(**{**d, "pages": tuple(tuple(span) for span in d["pages"])}) for d in reply["documents"]]

    def _start(self) -> subprocess.Popen[bytes]:
        path = os.pathsep.join(part for part in (str(_ROOT), os.environ.get("PYTHONPATH", "")) if part)
        return subprocess.Popen(
            [sys.executable, "-B", "-m", "knowledge.ingest.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": path, "PYTHONUTF8": "1", "OMP_NUM_THREADS": "1"},
            start_new_session=True,
        )

    def _reply(self, process: subprocess.Popen[bytes]) -> dict[str, Any]:
        assert process.stdout is not None
        descriptor = process.stdout.fileno()
        deadline = time.monotonic() + self._seconds
        parts: list[bytes] = []
        size = 0
        while not parts or not parts[-1].endswith(b"\n"):
            try:
                self._reporter.check()
            except BaseException:
                self.close()
                raise
            if not select.select([descriptor], [], [], 0.5)[0]:
                if time.monotonic() > deadline:
                    self.close()
                    raise UnreadableError(f"took longer than {self._seconds:.0f} s to read")
                continue
            part = os.read(descriptor, 1 << 20)
            size += len(part)
            if not part or size > LARGEST_REPLY:
                self.close()
                raise UnreadableError("broke its reader: damaged, or too large" if not part else "gives too much text")
            parts.append(part)
        reply: dict[str, Any] = json.loads(b"".join(parts))
        return reply

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
