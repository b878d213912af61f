"""Kill readings, extractions and mixes again and again at random moments: the result must be an undisturbed one's.

    python -m tests.campaigns.data --kills 200

Documents of every format and those of the example company, pairs by rules, the built-in general data. Each job runs in
the product's worker, is killed with SIGKILL several times (`moments` says when) and resumed. What it wrote is compared
by hash, and the list of jobs and the folder are audited (promise 1). Prints a table; exits 1 unless everything held.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from agent.progress import Silent
from agent.records.job import Job, JobKind
from agent.settings import Settings
from knowledge.company.build import build_documents
from knowledge.ingest.run import ingest
from knowledge.store import CorpusStore
from tests.campaigns import readings
from tests.campaigns.hashing_worker import HASHING_WORKER
from tests.campaigns.moments import START_UP_SHARE, Left, Pace, Tally, table
from tests.fakes import HashEmbedder
from tests.tools.jobs.sleeper import until
from tools.extraction.request import ExtractRequest
from tools.extraction.run import extract, facts_file
from tools.jobs.events import EVENTS, EventTail
from tools.jobs.processes import members_of
from tools.jobs.reconcile import reconcile
from tools.jobs.runner import resume, submit, wait
from tools.jobs.store import TERMINAL, JobStore
from tools.workspace import Project, Workspace

KINDS: tuple[JobKind, ...] = ("ingest", "extract", "mix")
MOST = 6
"""Kills of one job; then it is let end."""


@dataclass
class Ground:
    """A folder in which every job of a campaign begins from the same state, under the same path."""

    place: Path
    documents: Path = field(init=False)
    home: Path = field(init=False)
    root: Path = field(init=False)

    def __post_init__(self) -> None:
        """Make the state before each kind of job."""
        self.documents = readings.folder_of(self.place / "in", 30)
        build_documents(self.documents / "company")
        self.home = self.place / "home"
        project = Workspace(self.home).create("kills")
        self.root = project.root
        self._keep("ingest")
        ingest([self.documents], CorpusStore(project.root), HashEmbedder(8), Silent())
        self._keep("extract")
        extract(project, self.settings(), ExtractRequest(), Silent())
        self._keep("mix")

    def settings(self) -> Settings:
        """Return the settings of the jobs."""
        cache = self.place / "cache"
        return Settings(home=self.home, cache=cache, extraction_model="rules", threads=1, _env_file=None)

    def begin(self, kind: JobKind) -> Job:
        """Put the state before a kind of job in place and start one."""
        shutil.rmtree(self.root)
        shutil.copytree(self.place / f"before-{kind}", self.root)
        request = {"paths": [str(self.documents)]} if kind == "ingest" else {}
        return submit(Project.at(self.root), self.settings(), kind, request, kind, worker=HASHING_WORKER)

    def _keep(self, kind: JobKind) -> None:
        shutil.copytree(self.root, self.place / f"before-{kind}")


def written(project: Project, kind: JobKind) -> dict[str, str]:
    """Return the hash of every file that a job of a kind is for."""
    paths: Iterable[Path]
    if kind == "ingest":
        return readings.written(project.root)
    if kind == "extract":
        paths = (project.pairs, facts_file(project), project.split)
    else:
        paths = (path for path in sorted(project.mixes.rglob("*")) if path.is_file())
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def at_work(project: Project, job: Job, until_then: float) -> bool:
    """Wait for an attempt's first sign of work; false if it ended or the time (monotonic, seconds) came before."""
    tail = EventTail(project.runs / job.run / EVENTS)
    store = JobStore(project.jobs)
    attempt = job.attempts + (job.state == "queued")
    while time.monotonic() < until_then:
        if any(event.kind != "state" and event.attempt >= attempt for event in tail.read()):
            return True
        if store.get(job.id).state in TERMINAL:
            return False
        time.sleep(0.005)
    return False


def undisturbed(ground: Ground, kind: JobKind) -> tuple[dict[str, str], Pace]:
    """Return what a kind of job writes when nobody kills it, and how long it takes."""
    pace = Pace()
    found: dict[str, str] = {}
    for _ in range(2):
        began = time.monotonic()
        job = ground.begin(kind)
        project = Project.at(ground.root)
        found = finished(project, job, began, pace)
    return found, pace


def finished(project: Project, job: Job, began: float, pace: Pace) -> dict[str, str]:
    """Let an attempt end, and note how long it took; returns what the job wrote."""
    seen = at_work(project, job, began + 300)
    worked = time.monotonic()
    store = JobStore(project.jobs)
    while seen and store.get(job.id).state not in TERMINAL and time.monotonic() < began + 300:
        time.sleep(0.005)
    ended = time.monotonic()
    wait(project, job.id)
    until(lambda: not members_of(job.id))
    if seen:
        pace.start_up.append(worked - began)
        pace.work.append(ended - worked)
    return written(project, job.kind)


def killed(
    ground: Ground, kind: JobKind, expected: dict[str, str], pace: Pace, chance: random.Random, tally: Tally, kills: int
) -> None:
    """Kill one job up to so many times, let it end and note what is wrong with it."""
    began = time.monotonic()
    job = ground.begin(kind)
    project = Project.at(ground.root)
    left = Left(pace, kept=kind == "ingest")
    tally.jobs += 1
    # What a resumed reading takes says nothing of a whole one.
    timed = not left.kept
    for _ in range(kills):
        early = chance.random() < START_UP_SHARE
        if early:
            seen = at_work(project, job, began + pace.start_up_moment(chance))
            moment = 0.0
        else:
            moment = left.moment(chance)
            seen = at_work(project, job, began + 300)
            time.sleep(moment if seen else 0.0)
        if not kill(project, job.id):
            tally.late += 1
            timed = False
            break
        if seen:
            left.worked += moment
            tally.at_work.append(moment / pace.work[0])
        else:
            tally.in_start_up += 1
        began = time.monotonic()
        job = resume(project, job.id, worker=HASHING_WORKER)
    found = finished(project, job, began, pace if timed else Pace())
    tally.faults += [f"{kind}: {fault}" for fault in audit(project, job.id, found, expected)]


def kill(project: Project, job_id: str) -> bool:
    """Kill a job's worker; returns whether that ended it before its end."""
    store = JobStore(project.jobs)
    job = store.get(job_id)
    if job.state in TERMINAL or job.pid is None:
        return False
    with suppress(ProcessLookupError):
        os.kill(job.pid, signal.SIGKILL)
    while store.get(job_id).state not in TERMINAL:
        reconcile(project)
        time.sleep(0.01)
    return store.get(job_id).state == "interrupted"


def audit(project: Project, job_id: str, found: dict[str, str], expected: dict[str, str]) -> list[str]:
    """Return what does not hold of a job that was killed and has ended."""
    faults = []
    ended = JobStore(project.jobs).get(job_id)
    if ended.state != "done":
        faults.append(f"{ended.state}: {ended.error}")
    if len(JobStore(project.jobs).list()) != 1:
        faults.append("a job was doubled or lost")
    names = sorted(name for name in {*found, *expected} if found.get(name) != expected.get(name))
    faults += [f"{name} differs" for name in names]
    left = [*project.root.rglob("*.part"), *project.mixes.glob(".making-*"), *(project.root / "reading").glob("*")]
    return faults + [f"{path.name} is left" for path in left]


def campaign(kills: int, seed: int) -> list[Tally]:
    """Kill jobs of each kind until the number is reached, which is spread over them evenly."""
    chance = random.Random(seed)
    tallies = []
    with tempfile.TemporaryDirectory() as folder:
        ground = Ground(Path(folder))
        for number, kind in enumerate(KINDS):
            share = kills // len(KINDS) + (number < kills % len(KINDS))
            expected, pace = undisturbed(ground, kind)
            tally = Tally(kind)
            began = time.monotonic()
            while tally.kills < share:
                killed(ground, kind, expected, pace, chance, tally, min(MOST, share - tally.kills))
                said = f"{kind}: {tally.kills} kills, {tally.jobs} jobs, {len(tally.faults)} faults"
                print(f"{said}, {time.monotonic() - began:.0f} s", flush=True)
            tally.seconds = time.monotonic() - began
            tallies.append(tally)
    return tallies


def main() -> int:
    """Run the campaign."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    began = time.monotonic()
    tallies = campaign(options.kills, options.seed)
    faults = [fault for tally in tallies for fault in tally.faults]
    print(table(tallies))
    done = sum(tally.kills for tally in tallies)
    print(f"{done} kills in {time.monotonic() - began:.0f} s: {faults or 'identical by hash, nothing lost or doubled'}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
