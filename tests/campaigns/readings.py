"""Kill a reading again and again at random moments: the one that goes on must end as one that was never disturbed.

    python -m tests.campaigns.readings --kills 200

Compares the hashes of everything that was written. Prints a line a round, a table and one line of JSON; exits 1 unless
all of them were the same (promise 1). `tests.campaigns.moments` says when is killed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from statistics import median

from tests.campaigns.hostile_archives import zipped
from tests.campaigns.moments import START_UP_SHARE, Left, Pace, Tally, table
from tests.knowledge.ingest.made import KINDS, made

ROOT = Path(__file__).resolve().parents[2]
FILES = 30
"""Generated documents of a reading."""
MOST = 6
"""Kills of one reading; then it is let end."""
CODE = """
import sys
from pathlib import Path
from agent.progress import Silent
from knowledge.ingest.run import ingest
from knowledge.store import CorpusStore
from tests.fakes import HashEmbedder
ingest([Path(sys.argv[1])], CorpusStore(Path(sys.argv[2])), HashEmbedder(8), Silent())
"""


def folder_of(place: Path, count: int) -> Path:
    place.mkdir()
    kinds = list(KINDS)
    for number in range(count):
        document = made(kinds[number % len(kinds)], number)
        (place / document.name).write_bytes(document.content)
    (place / "bad.pdf").write_bytes(b"%PDF-1.7 broken")
    (place / "bad.zip").write_bytes(zipped([("a.md", "# Alpha"), ("b.pdf", b"%PDF"), ("c.txt", "Gamma.")]))
    return place


def written(root: Path) -> dict[str, str]:
    """Return the hash of everything a reading wrote, the index aside, which is made from it."""
    folders = (root / "texts", root / "documents")
    paths = [root / "documents.jsonl", root / "chunks.jsonl", *(path for one in folders for path in one.iterdir())]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(paths)}


def start(folder: Path, root: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-B", "-c", CODE, str(folder), str(root)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        start_new_session=True,
    )


def begun(process: subprocess.Popen[bytes], root: Path) -> float:
    """Wait until a reading keeps its first file or ends; returns the moment, monotonic."""
    while process.poll() is None and not any((root / "reading").glob("*")) and not (root / "documents.jsonl").exists():
        time.sleep(0.002)
    return time.monotonic()


def kill_until(kills: int, place: Path, seed: int, *, say: bool = False) -> Tally:
    """Kill readings at random moments until so many kills have landed; compare each with an undisturbed one.

    Args:
        kills: How many readings are killed.
        place: An empty folder.
        seed: Decides the moments.
        say: Whether to print a line a round.
    """
    chance = random.Random(seed)
    tally = Tally("ingest")
    folder = folder_of(place / "in", FILES)
    pace = Pace()
    for number in range(2):
        began = time.monotonic()
        process = start(folder, place / f"whole-{number}")
        first = begun(process, place / f"whole-{number}")
        if process.wait(300):
            tally.faults.append("the undisturbed reading failed")
            return tally
        pace.start_up.append(first - began)
        pace.work.append(time.monotonic() - first)
    expected = written(place / "whole-0")
    started = time.monotonic()
    while tally.kills < kills:
        root = place / f"broken-{tally.jobs}"
        tally.jobs += 1
        left = Left(pace, kept=True)
        for _ in range(min(MOST, kills - tally.kills)):
            if not killed(folder, root, left, chance, tally):
                break
        if start(folder, root).wait(300):
            tally.faults.append(f"round {tally.jobs}: the last reading failed")
            continue
        found = written(root)
        names = sorted(name for name in {*found, *expected} if found.get(name) != expected.get(name))
        tally.faults += [f"round {tally.jobs}: {name} differs" for name in names]
        remains = [*(root / "reading").glob("*"), *(root / "texts").glob(".*"), *(root / "documents").glob(".*")]
        tally.faults += [f"round {tally.jobs}: {path.name} is left" for path in remains]
        if say:
            print(f"{tally.kills} kills, {tally.jobs} rounds, {len(tally.faults)} faults", flush=True)
    tally.seconds = time.monotonic() - started
    return tally


def killed(folder: Path, root: Path, left: Left, chance: random.Random, tally: Tally) -> bool:
    """Start a reading and kill it at a random moment; returns whether the kill came before its end."""
    early = chance.random() < START_UP_SHARE
    # Once a file is kept, the folder is no sign of the new process, which may be killed while it looks at all files.
    resumed = any((root / "reading").glob("*"))
    process = start(folder, root)
    moment = left.pace.start_up_moment(chance) if early else left.moment(chance)
    if early or resumed:
        time.sleep(moment if early else moment + median(left.pace.start_up))
    else:
        begun(process, root)
        time.sleep(moment)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    if process.wait(300) != -signal.SIGKILL:
        tally.late += 1
        return False
    if early:
        tally.in_start_up += 1
    else:
        left.worked += moment
        tally.at_work.append(moment / left.pace.work[0])
    return True


def main() -> int:
    """Run the campaign."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as place:
        tally = kill_until(options.kills, Path(place), options.seed, say=True)
    print(table([tally]))
    found = {"kills": tally.kills, "seconds": round(time.monotonic() - began), "faults": tally.faults}
    print(json.dumps(found))
    return 1 if tally.faults else 0


if __name__ == "__main__":
    sys.exit(main())
