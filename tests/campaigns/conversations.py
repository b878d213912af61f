"""Kill a conversation again and again around the yes of a person: exactly one job for every approval (promise 8).

    python -m tests.campaigns.conversations --kills 100 --servers 10 --seed 1

First every moment at which a turn can break off is taken once, then random ones. At the end a real server is killed a
few times, at random moments after it was told the yes, and started again. Prints a line every ten kills and what was
found at the end; exits 1 unless everything held.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.campaigns.servers import kill_servers
from tests.graph.broken import Broken, kill_first_documents, kill_propose, kill_settle
from tests.graph.machines import build_machines
from tests.graph.mortal import Nursery
from tests.graph.worlds import write_manuals

Kill = Callable[[Path], tuple[bool, list[str]]]


def kills(nursery: Nursery, source: Path, documents: Path, chance: random.Random) -> Iterator[tuple[str, Kill]]:
    """Yield what to kill and where: every moment of giving the yes, then all of it at random."""
    moments = _moments(nursery, source, documents.parent)
    for at in range(1, moments + 1):
        yield f"settle, moment {at}", _settle(nursery, source, at=at)
    while True:
        at = chance.randint(1, moments)
        after = chance.uniform(0.0, 0.6)
        match chance.choice(("settle", "settle after", "propose", "first documents")):
            case "settle":
                yield f"settle, moment {at}", _settle(nursery, source, at=at)
            case "settle after":
                yield f"settle, after {after:.2f} s", _settle(nursery, source, after=after)
            case "propose":
                yield f"propose, moment {at}", _propose(nursery, source, at)
            case _:
                yield f"first documents, moment {at}", _documents(nursery, documents, at)


def _settle(nursery: Nursery, source: Path, *, at: int | None = None, after: float | None = None) -> Kill:
    return lambda folder: kill_settle(nursery, source, folder, at=at, after=after, ended=at is None or at % 3 == 0)


def _propose(nursery: Nursery, source: Path, at: int) -> Kill:
    return lambda folder: kill_propose(nursery, source, folder, at=at)


def _documents(nursery: Nursery, documents: Path, at: int) -> Kill:
    return lambda folder: kill_first_documents(nursery, documents, folder, at=at)


def _moments(nursery: Nursery, source: Path, folder: Path) -> int:
    broken = Broken(nursery, source, folder / "counted")
    passed = broken.call("settle", "t", broken.ask(), "approve").moments
    broken.end()
    return passed


def main() -> int:
    """Run the campaign."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--servers", type=int, default=10, help="kills of a real server, after those")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    began = time.monotonic()
    done = tried = 0
    faults: list[str] = []
    with tempfile.TemporaryDirectory() as work, Nursery() as nursery:
        source, documents = Path(work) / "machines", write_manuals(Path(work) / "documents")
        build_machines(source)
        for name, kill in kills(nursery, source, documents, chance):
            killed, found = kill(Path(work) / f"home-{tried}")
            tried += 1
            done += killed
            faults += [f"{name}: {one}" for one in found]
            if killed and done % 10 == 0:
                print(f"{done} kills of {tried} approvals, {len(faults)} faults", flush=True)
            if done >= options.kills:
                break
        servers = 0
        for name, found in kill_servers(Path(work) / "servers", options.servers, chance):
            servers += 1
            faults += [f"{name}: {one}" for one in found]
            print(f"{servers} kills of a server, {len(faults)} faults", flush=True)
    seconds = time.monotonic() - began
    print(
        f"{done} kills of {tried} approvals and {servers} of a server in {seconds:.0f} s:"
        f" {faults or 'one job for every yes, none without'}"
    )
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
