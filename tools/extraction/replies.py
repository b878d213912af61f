"""Replies of a model, each on disk before the next is asked, so that a killed extraction asks nothing twice.

    log = ReplyLog(project.root / "extraction.jsonl")
    ask_all(log, requests, writer, width=4, reporter=reporter)

The file only grows: a reply is one line, written and synced when it arrives. A line that a kill cut short is dropped
when the file is opened. With several requests at once, those in flight at a kill are the only ones asked again.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

from pydantic import ValidationError

from agent.errors import CancelledError, DomainsmithError, InputError, WorkFailedError
from agent.progress import Reporter, Silent
from agent.records.base import Record
from agent.records.pairs import Message
from knowledge.files import sync_folder, write_bytes_atomically

_POLL_SECONDS: Final = 0.5


class Reply(Protocol):
    """What a generator returns for one conversation; `tools.generated.Generated` is such."""

    @property
    def text(self) -> str:
        """What the model wrote."""


class PairWriter(Protocol):
    """A model that writes constrained replies; `tools.generation.Generator` is such."""

    def generate(
        self,
        conversations: Sequence[Sequence[Message]],
        max_new_tokens: int,
        reporter: Reporter | None = None,
        *,
        adapter: bool | None = None,
        schema: Mapping[str, Any] | None = None,
    ) -> Sequence[Reply]:
        """Write a reply to each conversation that satisfies the schema."""


class ModelReply(Record):
    """What a model wrote; one line of `extraction.jsonl`."""

    key: str
    """Hash of model, passage and prompt."""
    chunk: str
    """Chunk id."""
    text: str


class Request(NamedTuple):
    """One call to a model."""

    key: str
    chunk: str
    """Id of the chunk it is about."""
    prompt: tuple[Message, ...]
    tokens: int
    """Most tokens of the reply."""
    schema: Mapping[str, Any] | None = None


Failed = Callable[[Request, DomainsmithError], None]
"""Hears of a request that no reply came to; called in the thread that asked."""


class ReplyLog:
    """The replies so far, by key."""

    def __init__(self, path: Path) -> None:
        """Read a log.

        Raises:
            InputError: A line that is not the last is no reply; says which.
        """
        self._path = path
        self._lock = threading.Lock()
        self._replies: dict[str, ModelReply] = {}
        data = path.read_bytes() if path.exists() else b""
        lines = data.split(b"\n")
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                reply = ModelReply.model_validate_json(line)
            except ValidationError as error:
                if number == len(lines):
                    # A kill cut the last line short; its reply was never acknowledged.
                    write_bytes_atomically(path, [data[: len(data) - len(line)]])
                    break
                raise InputError("this is no reply", where=f"{path.name}, line {number}", mend="remove it") from error
            self._replies[reply.key] = reply
        if data and not data.endswith(b"\n") and self._replies and lines[-1].strip():
            # Whole but for its end of line.
            with path.open("rb") as file:
                whole = file.read()
            if not whole.endswith(b"\n"):
                write_bytes_atomically(path, [whole, b"\n"])

    def __contains__(self, key: str) -> bool:
        return key in self._replies

    def text(self, key: str) -> str:
        """Return what was replied."""
        return self._replies[key].text

    def add(self, reply: ModelReply) -> None:
        """Keep a reply; when this returns, it is on disk."""
        with self._lock:
            fresh = not self._path.exists()
            with self._path.open("ab", buffering=0) as file:
                size = file.seek(0, os.SEEK_END)
                line = f"{reply.line()}\n".encode()
                try:
                    if file.write(line) != len(line):
                        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                    os.fsync(file.fileno())
                except OSError:
                    # A fragment would run into the next reply and make the log unreadable.
                    file.truncate(size)
                    raise
            if fresh:
                sync_folder(self._path.parent)
            self._replies[reply.key] = reply


def ask_all(
    log: ReplyLog,
    requests: Sequence[Request],
    writer: PairWriter,
    reporter: Reporter,
    *,
    width: int = 1,
    told: str = "the model reads prose",
    unit: str = "passages",
    failed: Failed | None = None,
) -> None:
    """Have every request answered that is not in the log.

    Args:
        log: Replies so far; grows.
        requests: What to ask, in order.
        writer: The model.
        reporter: Hears of the progress; its cancel is honoured between calls, those in flight are waited for and kept.
        width: Requests in flight at once; 1 for a model in memory.
        told: What the progress line says.
        unit: What it counts.
        failed: Hears of a request that the model refused or kept failing at, and raises where the work should end; such
            a request stays out of the log. Without it the first one ends the work.

    Raises:
        CancelledError: Somebody stopped the work; replies so far are kept.
        InputError: The model refused a request.
        WorkFailedError: The model kept failing.
    """
    missing = list({one.key: one for one in requests if one.key not in log}.values())
    done = len({one.key for one in requests}) - len(missing)
    total = done + len(missing)
    ask = _asking(log, writer, failed)

    def show(count: int) -> None:
        reporter.progress(done + count, total, unit, told)

    if width == 1:
        for number, request in enumerate(missing):
            reporter.check()
            show(number)
            ask(request, _Passing(reporter))
    else:
        _ask_abreast(ask, missing, width, reporter, show)
    reporter.progress(total, total, unit, told)


_Ask = Callable[[Request, Reporter], None]


def _asking(log: ReplyLog, writer: PairWriter, failed: Failed | None) -> _Ask:
    def ask(request: Request, listener: Reporter) -> None:
        try:
            reply = writer.generate([request.prompt], request.tokens, listener, adapter=False, schema=request.schema)[0]
        except (InputError, WorkFailedError) as error:
            if failed is None:
                raise
            failed(request, error)
            return
        log.add(ModelReply(key=request.key, chunk=request.chunk, text=reply.text))

    return ask


def _ask_abreast(
    ask: _Ask, missing: Sequence[Request], width: int, reporter: Reporter, show: Callable[[int], None]
) -> None:
    """Ask several at once; only this thread speaks to the reporter."""
    aside = _Aside()
    waiting = iter(missing)
    running: set[Future[None]] = set()
    ended = 0
    with ThreadPoolExecutor(max_workers=width) as pool:
        try:
            while True:
                for request in _next(waiting, width - len(running)):
                    running.add(pool.submit(ask, request, aside))
                if not running:
                    return
                finished, running = wait(running, timeout=_POLL_SECONDS, return_when=FIRST_COMPLETED)
                for future in finished:
                    future.result()
                ended += len(finished)
                for message in aside.taken():
                    reporter.note(message)
                show(ended)
                reporter.check()
        except BaseException:
            # Those in flight are paid for: they are waited for and kept, but their retries end.
            aside.stop()
            raise


def _next(waiting: Any, count: int) -> list[Request]:
    found = []
    for _ in range(count):
        request = next(waiting, None)
        if request is None:
            break
        found.append(request)
    return found


class _Passing(Silent):
    """Passes the wish to stop on to a single reply, and keeps its progress out of that of the passages."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter

    def check(self) -> None:
        self._reporter.check()

    def note(self, message: str) -> None:
        self._reporter.note(message)


class _Aside(Silent):
    """Listens in another thread; what it hears waits until the main thread asks."""

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._notes: list[str] = []

    def stop(self) -> None:
        """Have retries end."""
        self._stopped.set()

    def check(self) -> None:
        if self._stopped.is_set():
            raise CancelledError("the work was stopped")

    def note(self, message: str) -> None:
        with self._lock:
            self._notes.append(message)

    def taken(self) -> list[str]:
        """Return and forget the notes."""
        with self._lock:
            notes, self._notes = self._notes, []
        return notes
