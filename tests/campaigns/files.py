"""Give the reading hostile files and names: nothing may break it, cost more than is promised, or land outside.

    python -m tests.campaigns.files --json report.json

Prints one line a file: seconds until it was handled, the peak memory of the process that read it, and what the user is
told. Ends with one line of JSON; exits 1 unless every promise held (promises 17 to 19).
"""

from __future__ import annotations

import argparse
import json
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from agent.progress import Silent
from agent.records.corpus import Document
from knowledge.ingest.reading import Reading
from knowledge.ingest.run import ingest
from knowledge.store import CorpusStore
from tests.campaigns.hostile_archives import CANARY, Case, archives, book, sheet, slides, word, zipped
from tests.campaigns.hostile_pages import one_page, pages, stream, text
from tests.campaigns.hostile_texts import HEAD, mails, texts, webs, wrong_types
from tests.fakes import HashEmbedder
from ui.reading_reasons import reason

SECONDS = 10.0
MEMORY = 512 * 2**20


@dataclass
class Handled:
    """What became of one file."""

    name: str
    bytes: int
    seconds: float
    peak: int
    """Bytes that the reading process held at most."""
    indexing: float
    """Seconds that its text took afterwards, to be cut and indexed."""
    line: str
    """What the user is told."""
    line_zh: str
    characters: int
    """Characters that were read."""
    faults: list[str]


class Listener:
    """A place on the network that nobody may reach."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._socket.getsockname()[1]}/canary"
        self.visits = 0
        threading.Thread(target=self._count, daemon=True).start()

    def _count(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.visits += 1
            connection.close()

    def close(self) -> None:
        self._socket.close()


class Watched(Reading):
    """A reading the memory of whose processes is looked at while they live and as they end."""

    peak = 0

    def _start(self) -> subprocess.Popen[bytes]:
        process = super()._start()
        threading.Thread(target=self._watch, args=(process,), daemon=True).start()
        return process

    def _watch(self, process: subprocess.Popen[bytes]) -> None:
        """Look every few milliseconds, since a process that breaks takes its account with it."""
        while process.returncode is None and self._look(process.pid):
            time.sleep(0.005)

    def _look(self, pid: int) -> bool:
        try:
            status = Path(f"/proc/{pid}/status").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return False
        for line in status.splitlines():
            if line.startswith("VmHWM:"):
                self.peak = max(self.peak, int(line.split()[1]) * 1024)
        return True

    def close(self) -> None:
        if self._process is not None:
            self._look(self._process.pid)
        super().close()


class Clock(Silent):
    """Hears when all files have been read; what follows is the indexing of their text."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.read: float | None = None

    def progress(self, done: float, total: float, unit: str, message: str = "") -> None:
        if unit == "files" and done == total:
            self.read = time.monotonic() - self.began


def cases(secret: str, address: str) -> Iterator[Case]:
    """Yield every hostile file."""
    yield from archives(secret, address)
    yield from pages()
    yield from mails()
    yield from webs(secret, address)
    yield from texts()
    good = {
        "pdf": one_page(stream(text(b"A sound page of a sound file."))),
        "docx": word(),
        "xlsx": sheet(),
        "pptx": slides(),
        "epub": book(["<html><body><h1>One</h1><p>Words of a chapter.</p></body></html>"]),
        "eml": HEAD + b"\r\nWords of a mail.\r\n",
        "html": b"<html><body><h1>One</h1><p>Words of a page.</p></body></html>",
        "md": b"# One\n\nWords of a text.\n",
        "csv": b"Part,Price\nSeal,12.5\n",
        "txt": b"Words of a text.\n",
        "json": json.dumps({"data": [{"title": "t", "paragraphs": [{"context": "Words.", "qas": []}]}]}).encode(),
        "zip": zipped([("a.txt", "Words in an archive.")]),
    }
    yield from wrong_types(good)


def handled(name: str, content: bytes, folder: Path) -> Handled:
    """Read one file through a whole ingest, in a process of its own, and look at what it cost."""
    home = Path(tempfile.mkdtemp(dir=folder))
    (home / "in").mkdir()
    (home / "in" / name).write_bytes(content)
    (home / "in" / "good.txt").write_text("A sound file beside the hostile one.")
    store = CorpusStore(home / "project")
    clock = Clock()
    watched: list[Watched] = []

    def start(reporter: Any, **options: Any) -> Watched:
        watched.append(Watched(reporter, **options))
        return watched[-1]

    import knowledge.ingest.ahead as ahead

    original, ahead.Reading = ahead.Reading, start  # type: ignore[assignment, misc]
    faults: list[str] = []
    documents: tuple[Document, ...] = ()
    try:
        documents = ingest([home / "in"], store, HashEmbedder(64), clock).documents
    except Exception as error:  # A campaign reports whatever comes.
        faults.append(f"{type(error).__name__}: {error}")
    finally:
        ahead.Reading = original  # type: ignore[misc]
    total = time.monotonic() - clock.began
    seconds = clock.read if clock.read is not None else total
    for reading in watched:
        reading.close()
    peak = max((one.peak for one in watched), default=0)
    return _judged(name, content, (seconds, total - seconds), peak, documents, faults, home)


def _judged(
    name: str,
    content: bytes,
    times: tuple[float, float],
    peak: int,
    documents: tuple[Document, ...],
    faults: list[str],
    home: Path,
) -> Handled:
    seconds, indexing = times
    own = [one for one in documents if one.name != "good.txt"]
    first = next((one for one in own if one.reason), own[0] if own else None)
    line = (first.reason or first.note) if first is not None else ""
    chinese = reason(line, "zh") if line else ""
    if not faults and not any(one.name == "good.txt" and one.status == "read" for one in documents):
        faults.append("the sound file beside it was not read")
    if first is None and not faults:
        faults.append("it is not in the table")
    if "\n" in line or len(line) > 300:
        faults.append("its reason is not one line")
    if line and chinese == line:
        faults.append(f"not said in Chinese: {line}")
    if seconds > SECONDS:
        faults.append(f"took {seconds:.1f} s")
    # Honest text of that many chunks takes as long, on a busy machine.
    if indexing > 6 * SECONDS + sum(one.chunks for one in own) / 250:
        faults.append(f"its text took {indexing:.1f} s")
    if peak > MEMORY:
        faults.append(f"took {peak / 2**20:.0f} MiB")
    stored = b"".join(path.read_bytes() for path in (home / "project").rglob("*.json*") if path.is_file())
    if CANARY.encode() in stored:
        faults.append("the canary was read")
    characters = sum(one.characters for one in own)
    said = line or "read"
    return Handled(name, len(content), seconds, peak, indexing, said, chinese or "已读取", characters, faults)


def run(only: str = "") -> list[Handled]:
    """Handle every file, or those whose names match; prints a line each."""
    results: list[Handled] = []
    listener = Listener()
    with tempfile.TemporaryDirectory() as place:
        secret = Path(place) / "secret.txt"
        secret.write_text(CANARY)
        for name, make in cases(str(secret), listener.address):
            if re.search(only, name):
                result = handled(name, make(), Path(place))
                results.append(result)
                faults = f"  !! {'; '.join(result.faults)}" if result.faults else ""
                cost = f"{result.bytes / 2**20:8.2f} MiB {result.seconds:6.2f} s {result.peak / 2**20:5.0f} MiB"
                print(f"{result.name:36} {cost}  {result.line[:90]}{faults}", flush=True)
    listener.close()
    if listener.visits:
        results[-1].faults.append(f"{listener.visits} connections were opened")
    return results


def main() -> int:
    """Run the campaign."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="expression that the names of the files to try match")
    parser.add_argument("--names", type=int, default=10_000, help="file names to try")
    parser.add_argument("--json", type=Path, help="where every result goes")
    options = parser.parse_args()
    results = run(options.only)
    if not results:
        parser.error(f"no file's name matches {options.only!r}")
    outside: list[str] = []
    if options.names:
        from tests.campaigns.hostile_names import check_names

        outside = check_names(options.names)
    faulty = [result.name for result in results if result.faults]
    summary = {
        "files": len(results),
        "slowest": max((round(result.seconds, 2), result.name) for result in results),
        "largest": max((result.peak // 2**20, result.name) for result in results),
        "faulty": faulty,
        "names": options.names,
        "outside": outside,
    }
    if options.json:
        options.json.write_text(json.dumps([asdict(result) for result in results], ensure_ascii=False, indent=1))
    print(json.dumps(summary, ensure_ascii=False))
    return 1 if faulty or outside else 0


if __name__ == "__main__":
    sys.exit(main())
