"""Kill training runs again and again at random moments: weights and history must be an undisturbed run's.

    python -m tests.campaigns.training --kills 200

Q-LoRA, LoRA and full fine-tuning of a tiny random model, with dropout, accumulated steps and validation, each with two
seeds. A run is killed with SIGKILL several times, `PARTLY` of them the moment a checkpoint appears that is still being
written, and gone on with by the product's worker. Most workers are forked from this process, which has the libraries in
memory already, since loading them takes longer than the runs; every tenth run's workers are started by the product.
What it wrote is compared with the twin that nobody killed: the hash of the weights, every step's loss, validation loss
and rate, the tokens. Prints a line every 50 kills and a table; exits 1 unless everything held.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agent.records.job import Job
from agent.records.tuning import Hyperparameters, Method, TuneRequest, TuneResult
from agent.settings import Settings
from knowledge.files import sha256_of, write_json
from tests.campaigns.data import MOST, at_work, audit, kill
from tests.campaigns.moments import START_UP_SHARE, Left, Pace, Tally, table
from tests.domain_mix import write_mix
from tests.tiny_model import build_tiny_model
from tests.tools.jobs.sleeper import until
from tools.jobs import worker
from tools.jobs.processes import members_of
from tools.jobs.runner import log_of, resume, submit, wait
from tools.jobs.snapshot import save_snapshot
from tools.jobs.store import TERMINAL, JobStore
from tools.workspace import Project, Workspace

METHODS: tuple[Method, ...] = ("qlora", "lora", "full")
SEEDS = (1, 2)
PARTLY = 0.3
"""Part of the kills that are aimed at a checkpoint being written."""
PACES = (0, 0.3, 30)
"""Seconds between checkpoints: after every step, several an epoch, at the end of epochs only."""
STARTED = 10
"""Of so many runs one has workers that the product starts."""
MIX = "m1"


class Forked:
    """Starts the product's worker in a fork of this process."""

    def __init__(self) -> None:
        self._pid = 0

    def submit(self, project: Project, settings: Settings, request: TuneRequest) -> Job:
        """Record a job as the product does and start its worker."""
        asked = request.model_dump(mode="json")
        run = project.new_run("tune")
        write_json(run / "request.json", asked)
        save_snapshot(settings, run)
        return self._start(project, JobStore(project.jobs).create("tune", project.id, run.name, asked))

    def resume(self, project: Project, job_id: str) -> Job:
        """Start the next worker of an ended job."""
        return self._start(project, JobStore(project.jobs).requeue(job_id))

    def gone(self) -> None:
        """Wait until the last worker is gone."""
        if self._pid:
            os.waitpid(self._pid, 0)
            self._pid = 0

    def _start(self, project: Project, job: Job) -> Job:
        self.gone()
        sys.stdout.flush()
        self._pid = os.fork()
        if not self._pid:
            status = 1
            try:
                os.setsid()
                log = os.open(log_of(project, job), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
                os.dup2(log, 1)
                os.dup2(log, 2)
                status = worker.main((str(project.root), job.id))
            finally:
                # Not a word of this process's own end: its buffers and temporary folders are the parent's.
                os._exit(status)
        JobStore(project.jobs).attach(job.id, self._pid)
        return JobStore(project.jobs).get(job.id)


class Started:
    """Has the product start its worker."""

    def submit(self, project: Project, settings: Settings, request: TuneRequest) -> Job:
        """Start a job."""
        return submit(project, settings, "tune", request.model_dump(mode="json"), "tune")

    def resume(self, project: Project, job_id: str) -> Job:
        """Go on with an ended job."""
        return resume(project, job_id)

    def gone(self) -> None:
        """Do nothing: the runner reaps."""


@dataclass
class Ground:
    """A folder in which every run begins from the same state, under the same path."""

    place: Path
    root: Path = field(init=False)

    def __post_init__(self) -> None:
        """Build the model and a project with a mix."""
        build_tiny_model(self.place / "tiny")
        project = Workspace(self.place / "home").create("kills")
        self.root = project.root
        write_mix(project.mixes / MIX, _pairs(90), _pairs(6))
        shutil.copytree(self.root, self.place / "before")

    def fresh(self) -> Project:
        """Put the first state in place."""
        shutil.rmtree(self.root)
        shutil.copytree(self.place / "before", self.root)
        return Project.at(self.root)

    def settings(self, every: float) -> Settings:
        """Return the settings of a job that saves after so many seconds."""
        model, home, cache = self.place / "tiny", self.place / "home", self.place / "cache"
        return Settings(
            base_model=str(model), home=home, cache=cache, threads=1, checkpoint_seconds=every, _env_file=None
        )

    def request(self, method: Method, seed: int) -> TuneRequest:
        """Return what is asked of a run."""
        settings = Hyperparameters(
            epochs=3,
            learning_rate=1e-3,
            batch_size=8,
            max_length=512,
            rank=None if method == "full" else 8,
            alpha=None if method == "full" else 16,
            dropout=0.0 if method == "full" else 0.1,
            seed=seed,
        )
        return TuneRequest(method=method, base_model=str(self.place / "tiny"), mix=MIX, hyperparameters=settings)


def _pairs(count: int) -> list[tuple[str, str]]:
    """Return questions long enough that a step is computed in several parts."""
    cartridge = "Which cartridge does it use? "
    return [
        (
            f"What is the rated pressure of pump {number}? " + cartridge * (number % 4),
            f"{7 * number % 50 + 10} bar, 56 months",
        )
        for number in range(count)
    ]


def written(project: Project, job: Job) -> dict[str, str]:
    """Return what a run has come to: its weights and the course of every number on the way."""
    run = project.runs / job.run
    if not (run / "result.json").exists():
        return {}
    result = TuneResult.model_validate_json((run / "result.json").read_bytes())
    (file,) = (run / result.adapter).glob("*.safetensors")
    course = [(p.step, p.epoch, p.loss, p.validation_loss, p.learning_rate) for p in result.history]
    return {
        "weights": sha256_of(file),
        "weights as told": result.adapter_sha256,
        "history": repr(course),
        "tokens": str(result.tokens),
        "method": result.method,
        "reasons": "; ".join(result.reasons[1:]),  # the first says what memory was free
    }


def ended(project: Project, job: Job, workers: Forked | Started) -> dict[str, str]:
    """Let a run end; returns what it wrote."""
    until(lambda: JobStore(project.jobs).get(job.id).state in TERMINAL, 300.0)
    workers.gone()
    wait(project, job.id)
    until(lambda: not members_of(job.id))
    return written(project, job)


def undisturbed(ground: Ground, method: Method, seed: int) -> tuple[dict[str, str], Pace]:
    """Return what a run comes to when nobody kills it, and how long it takes."""
    pace, workers = Pace(), Forked()
    project = ground.fresh()
    began = time.monotonic()
    job = workers.submit(project, ground.settings(30), ground.request(method, seed))
    at_work(project, job, began + 300)
    worked = time.monotonic()
    found = ended(project, job, workers)
    pace.start_up.append(worked - began)
    pace.work.append(time.monotonic() - worked)
    return found, pace


def half_written(run: Path) -> bool:
    """Return whether something of a run is being written, or was left so."""
    return any(run.glob(".*.part/*.safetensors")) or any(run.glob("checkpoints/.*.part"))


def killed(
    ground: Ground,
    method: Method,
    seed: int,
    workers: Forked | Started,
    twin: tuple[dict[str, str], Pace],
    chance: random.Random,
    tally: Tally,
    kills: int,
    said: Callable[[bool], None],
) -> None:
    """Kill one run up to so many times, let it end and note what is wrong with it."""
    expected, pace = twin
    project = ground.fresh()
    began = time.monotonic()
    job = workers.submit(project, ground.settings(chance.choice(PACES)), ground.request(method, seed))
    run = project.runs / job.run
    left = Left(pace, kept=True)
    tally.jobs += 1
    for _ in range(kills):
        if chance.random() < START_UP_SHARE:
            seen = at_work(project, job, began + pace.start_up_moment(chance))
            moment = 0.0
        else:
            moment = left.moment(chance)
            seen = at_work(project, job, began + 300)
            worked = time.monotonic()
            if chance.random() < PARTLY:
                # From that moment on, the next folder that is being written.
                time.sleep(moment / 2)
                while not half_written(run) and JobStore(project.jobs).get(job.id).state not in TERMINAL:
                    time.sleep(0.0005)
                moment = time.monotonic() - worked
            else:
                time.sleep(moment if seen else 0.0)
        if not kill(project, job.id):
            tally.late += 1
            break
        workers.gone()
        if seen:
            left.worked += moment
            tally.at_work.append(min(moment / pace.work[0], 1.0))
        else:
            tally.in_start_up += 1
        said(half_written(run))
        began = time.monotonic()
        job = workers.resume(project, job.id)
    found = ended(project, job, workers)
    tally.faults += [f"{method}, seed {seed}: {fault}" for fault in audit(project, job.id, found, expected)]


def campaign(kills: int, seed: int, methods: Sequence[Method] = METHODS, started: int = STARTED) -> list[Tally]:
    """Kill runs of each method in turn until the number is reached."""
    import tools.tuning.trainer  # noqa: F401 - loaded once; every fork has it

    chance = random.Random(seed)
    tallies = {method: Tally(method) for method in methods}
    torn, began = 0, time.monotonic()

    def done() -> int:
        return sum(tally.kills for tally in tallies.values())

    def said(half: bool) -> None:
        nonlocal torn
        torn += half
        if done() % 50 == 0:
            jobs, faults = (sum(n) for n in zip(*((t.jobs, len(t.faults)) for t in tallies.values()), strict=True))
            seconds = time.monotonic() - began
            print(f"{done()} kills, {torn} amid writing, {jobs} runs, {faults} faults, {seconds:.0f} s", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        ground = Ground(Path(folder))
        twins = {(method, one): undisturbed(ground, method, one) for method in methods for one in SEEDS}
        for expected, _ in twins.values():
            if not expected:
                raise AssertionError("a run that nobody killed has no result")
        number = 0
        while done() < kills:
            method, one = methods[number % len(methods)], SEEDS[number // len(methods) % len(SEEDS)]
            number += 1
            workers = Started() if started and number % started == 0 else Forked()
            since = time.monotonic()
            twin, tally = twins[method, one], tallies[method]
            killed(ground, method, one, workers, twin, chance, tally, min(MOST, kills - done()), said)
            tally.seconds += time.monotonic() - since
    return list(tallies.values())


def main() -> int:
    """Run the campaign."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS)
    parser.add_argument(
        "--started", type=int, default=STARTED, help="of so many runs one has workers of its own; 0: none"
    )
    options = parser.parse_args()
    began = time.monotonic()
    tallies = campaign(options.kills, options.seed, options.methods, options.started)
    faults = [fault for tally in tallies for fault in tally.faults]
    print(table(tallies))
    kills, runs = sum(tally.kills for tally in tallies), sum(tally.jobs for tally in tallies)
    verdict = "; ".join(faults) or "weights and histories as of runs that nobody killed"
    print(f"{kills} kills of {runs} runs in {time.monotonic() - began:.0f} s, {len(faults)} faults: {verdict}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
