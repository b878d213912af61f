"""Kill extractions and mixes again and again at random moments: the result must be that of an undisturbed one.

    python -m tests.campaigns.data --kills 200

The example company's documents, pairs by rules, the built-in general data; each job runs in the real worker, is killed
with SIGKILL at random moments and resumed. What it wrote is compared by hash, and the list of jobs is audited (promise
1). Prints a line a job; exits 1 unless everything held.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from agent.progress import Silent
from agent.records.job import JobKind
from agent.settings import Settings
from knowledge.company.build import build_documents
from knowledge.ingest.run import ingest
from knowledge.store import CorpusStore
from tests.campaigns.kills import kill_until_done
from tests.fakes import HashEmbedder
from tools.extraction.run import facts_file
from tools.jobs.runner import resume, submit, wait
from tools.jobs.store import JobStore
from tools.workspace import Project, Workspace

REQUESTS: dict[JobKind, dict[str, object]] = {"extract": {}, "mix": {}}


def prepared(home: Path) -> tuple[Project, Settings]:
    """Return a project whose documents are read."""
    settings = Settings(home=home, cache=home / "cache", extraction_model="rules", threads=1, _env_file=None)
    project = Workspace(home).create("kills")
    documents = home / "documents"
    build_documents(documents)
    ingest([documents], CorpusStore(project.root), HashEmbedder(), Silent())
    return project, settings


def written(project: Project, kind: JobKind) -> dict[str, str]:
    """Return the hash of every file that a job of a kind is for."""
    paths: Iterable[Path]
    if kind == "extract":
        paths = (project.pairs, facts_file(project), project.split)
    else:
        paths = (path for path in sorted(project.mixes.rglob("*")) if path.is_file())
    return {path.name: hashlib.sha256(_timeless(path)).hexdigest() for path in paths}


def _timeless(path: Path) -> bytes:
    """Return a file's bytes without the folder of its home, which differs between two of them."""
    return path.read_bytes().replace(str(path.parents[2]).encode(), b"").replace(str(path.parents[1]).encode(), b"")


def undisturbed(kinds: Iterable[JobKind]) -> dict[JobKind, dict[str, str]]:
    """Return what each kind writes when nobody kills it."""
    with tempfile.TemporaryDirectory() as folder:
        project, settings = prepared(Path(folder))
        found = {}
        for kind in kinds:
            job = submit(project, settings, kind, dict(REQUESTS[kind]), kind)
            wait(project, job.id)
            found[kind] = written(project, kind)
        return found


def killed(
    kinds: Iterable[JobKind], chance: random.Random, kills: int
) -> tuple[int, dict[JobKind, dict[str, str]], list[str]]:
    """Do the jobs under kills; returns the kills done, what was written, and what is wrong with the list of jobs."""
    done = 0
    faults = []
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        project, settings = prepared(Path(folder))
        for kind in kinds:
            job = submit(project, settings, kind, dict(REQUESTS[kind]), kind)
            done += kill_until_done(
                project, job.id, lambda job_id: resume(project, job_id), chance, kills=kills, longest=3.0
            )
            ended = JobStore(project.jobs).get(job.id)
            if ended.state != "done":
                faults.append(f"{kind} is {ended.state}: {ended.error}")
            found[kind] = written(project, kind)
            left = [path.name for path in project.root.rglob("*.tmp*")]
            if left:
                faults.append(f"{kind} left {left}")
        if len(JobStore(project.jobs).list()) != len(found):
            faults.append("a job was doubled or lost")
    return done, found, faults


def campaign(kills: int, seed: int) -> tuple[int, list[str]]:
    """Kill until the number is reached; returns the kills and what did not hold."""
    kinds: tuple[JobKind, ...] = ("extract", "mix")
    chance = random.Random(seed)
    expected = undisturbed(kinds)
    done, faults, rounds = 0, [], 0
    while done < kills:
        count, found, wrong = killed(kinds, chance, min(12, kills - done))
        done += count
        rounds += 1
        faults += wrong
        faults += [f"{kind} differs" for kind in kinds if found[kind] != expected[kind]]
        print(f"{done} kills, {2 * rounds} jobs, {len(faults)} faults", flush=True)
    return done, faults


def main() -> int:
    """Run the campaign."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    began = time.monotonic()
    done, faults = campaign(options.kills, options.seed)
    print(f"{done} kills in {time.monotonic() - began:.0f} s: {faults or 'identical by hash, nothing lost or doubled'}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
