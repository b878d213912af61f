"""Kill a job's worker again and again at random moments: nothing may be lost, doubled or different (promise 1).

    python -m tests.campaigns.kills --kills 200 --seed 1

Prints one line a hundred kills and, at the end, what was found; exits 1 unless everything held.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from agent.records.job import Job
from agent.settings import Settings
from tests.tools.jobs.sleeper import GO, SLEEPER, Chain, expected, until
from tools.jobs.events import EVENTS, EventTail
from tools.jobs.processes import members_of
from tools.jobs.reconcile import reconcile
from tools.jobs.runner import result_of, resume, submit, wait
from tools.jobs.store import TERMINAL, JobStore
from tools.workspace import Project, Workspace


def kill_until_done(
    project: Project,
    job_id: str,
    again: Callable[[str], Job],
    chance: random.Random,
    *,
    kills: int,
    longest: float = 1.0,
) -> int:
    """Kill the job's worker up to `kills` times, resuming it each time, then let it finish; returns the kills done.

    Each kill comes at a random moment within `longest` seconds of the start of its attempt.
    """
    store = JobStore(project.jobs)
    done = 0
    while done < kills:
        # From before the claim to well into the work.
        time.sleep(chance.uniform(0.0, longest))
        job = store.get(job_id)
        if job.state in TERMINAL:
            break
        if job.pid is not None and members_of(job_id):
            try:
                os.kill(job.pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
            done += 1
            while store.get(job_id).state not in TERMINAL:
                reconcile(project)
                time.sleep(0.01)
            if store.get(job_id).state == "done":
                break
            again(job_id)
    (project.runs / store.get(job_id).run / GO).touch()  # for a chain that waits to be let go
    wait(project, job_id)
    return done


def audit(project: Project, job_id: str, links: int) -> list[str]:
    """Return what does not hold after a campaign; empty if all is well."""
    faults = []
    store = JobStore(project.jobs)
    jobs = store.list()
    if [job.id for job in jobs] != [job_id]:
        faults.append(f"{len(jobs)} records instead of one")
    job = store.get(job_id)
    if job.state != "done":
        return [*faults, f"the job is {job.state}: {job.error}"]
    if result_of(project, job, Chain).digest != expected(links):
        faults.append("the result differs from an undisturbed one")
    run = project.runs / job.run
    raw = (run / EVENTS).read_bytes()
    events = list(EventTail(run / EVENTS).read())
    if not raw.endswith(b"\n") or len(events) != raw.count(b"\n"):
        faults.append("events.jsonl has lines that are not whole")
    if [event.attempt for event in events] != sorted(event.attempt for event in events):
        faults.append("an earlier attempt wrote after a later one had begun")
    with sqlite3.connect(store.path) as connection:
        if connection.execute("PRAGMA integrity_check").fetchone() != ("ok",):
            faults.append("the job list is damaged")
    connection.close()
    try:
        until(lambda: not members_of(job_id))
    except AssertionError:
        faults.append(f"processes survived: {[process.cmdline() for process in members_of(job_id)]}")
    return faults


def main() -> int:
    """Run the campaign."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    done = jobs = 0
    faults: list[str] = []
    began = time.monotonic()
    while done < options.kills:
        with tempfile.TemporaryDirectory() as home:
            project = Workspace(Path(home)).create("kills")
            links = 200
            request = {"links": links, "seconds": 0.02, "children": 1}
            job = submit(project, Settings(home=Path(home)), "mix", request, "mix", worker=SLEEPER)
            done += kill_until_done(
                project,
                job.id,
                lambda job_id, project=project: resume(project, job_id, worker=SLEEPER),
                chance,
                kills=options.kills - done,
            )
            jobs += 1
            faults += audit(project, job.id, links)
            print(f"{done} kills, {jobs} jobs, {len(faults)} faults", flush=True)
    print(
        f"{done} kills of {jobs} jobs in {time.monotonic() - began:.0f} s: {faults or 'nothing lost, nothing doubled'}"
    )
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
