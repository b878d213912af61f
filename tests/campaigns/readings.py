"""Kill a reading again and again at random moments: the one that goes on must end as one that was never disturbed.

    python -m tests.campaigns.readings --kills 200

Compares the hashes of everything that was written. Prints a line a round and one line of JSON; exits 1 unless all of
them were the same (promise 1).
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
from pathlib import Path

from tests.campaigns.hostile_archives import zipped
from tests.knowledge.ingest.made import KINDS, made

ROOT = Path(__file__).resolve().parents[2]
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


def kill_until(kills: int, place: Path, seed: int, *, say: bool = False) -> list[str]:
    """Kill readings at random moments, so many times in all; return what differed from an undisturbed one.

    Args:
        kills: How many readings are killed.
        place: An empty folder.
        seed: Decides the moments.
        say: Whether to print a line a round.
    """
    chance = random.Random(seed)
    folder = folder_of(place / "in", 30)
    began = time.monotonic()
    if start(folder, place / "whole").wait(120):
        return ["the undisturbed reading failed"]
    whole = time.monotonic() - began
    expected = written(place / "whole")
    faults: list[str] = []
    done = number = 0
    while done < kills:
        root = place / f"broken-{number}"
        number += 1
        for _ in range(4):
            process = start(folder, root)
            time.sleep(chance.uniform(0.1, whole))
            if process.poll() is None and done < kills:
                os.killpg(process.pid, signal.SIGKILL)
                done += 1
            process.wait(120)
        if start(folder, root).wait(120):
            faults.append(f"round {number}: the last reading failed")
            continue
        found = written(root)
        names = sorted(name for name in {*found, *expected} if found.get(name) != expected.get(name))
        faults += [f"round {number}: {name} differs" for name in names]
        faults += [f"round {number}: {path.name} is left" for path in (root / "reading").iterdir()]
        if say:
            print(f"{done} kills, {number} rounds, {len(faults)} faults", flush=True)
    return faults


def main() -> int:
    """Run the campaign."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as place:
        faults = kill_until(options.kills, Path(place), options.seed, say=True)
    print(json.dumps({"kills": options.kills, "seconds": round(time.monotonic() - began), "faults": faults}))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
