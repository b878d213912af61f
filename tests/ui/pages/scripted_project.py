"""A measured project in a second: a scripted model answers, so the figures are known and no model is loaded.

project = scripted_project(home)
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.progress import Silent
from agent.records.evaluation import EvaluateRequest, EvaluationReport
from agent.records.job import Job, JobEvent, JobKind, JobState
from agent.settings import Settings
from knowledge.files import read_record, write_record
from tests.tools.evaluation.scripted import (
    READING,
    ScriptedModel,
    healthy,
    knowledge_items,
    project_in,
    retrieval,
    skill_items,
    tune_result,
)
from tools.evaluation.run import evaluate
from tools.jobs.events import EVENTS, EventLog
from tools.jobs.lease import BEAT_SECONDS
from tools.jobs.store import JobStore
from tools.workspace import Project

LOSSES = (3.0, 1.2, 0.5, 0.3, 0.29, 0.28)


def scripted_project(home: Path) -> Project:
    """Make a project with a finished tuning run and a finished evaluation, both with their jobs."""
    items = [*knowledge_items(), *skill_items()]
    project = project_in(home, items, tuned=False)
    tune = ended_job(project, "tune", {"method": "auto", "base_model": "builtin", "mix": "m"})
    write_losses(project, tune)
    reasons = ("Q-LoRA is the first rung that is available and fits", "rank 16 on all linear layers")
    write_record(project.runs / tune.run / "result.json", tune_result(tune.run, LOSSES, reasons=reasons))
    request = EvaluateRequest(limits={"general_ability": 8, "instruction_following": 6})
    job = ended_job(project, "evaluate", request.model_dump(mode="json"))
    report = evaluate(
        project,
        Settings(home=home, _env_file=None),
        request,
        project.runs / job.run,
        Silent(),
        retrieved=retrieval(items),
        load=lambda *_: ScriptedModel(healthy),
        reading=READING,
    )
    write_record(project.runs / job.run / "result.json", report)
    return project


def report_of(project: Project) -> EvaluationReport:
    """Return the report of the project's evaluation."""
    run = project.latest_run("evaluate")
    assert run is not None
    return read_record(run / "result.json", EvaluationReport)


@contextmanager
def stand_in(project: Project, kind: JobKind, request: dict[str, object] | None = None) -> Iterator[Job]:
    """Record a job that runs, with a sleeping process for its worker, until the block ends.

    It beats as a worker does: however long a page takes, the job is none that was abandoned.
    """
    store = JobStore(project.jobs)
    over = threading.Event()

    def beat(claimed: Job) -> None:
        while store.beat(claimed.id, claimed.lease) and not over.wait(BEAT_SECONDS):
            pass

    run = project.new_run(kind)
    job = store.create(kind, project.id, run.name, request or {})
    # A worker is known by its command line.
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", job.id], start_new_session=True)
    try:
        claimed = store.claim(job.id, process.pid)
        assert claimed is not None
        beating = threading.Thread(target=beat, args=(claimed,))
        beating.start()
        try:
            yield claimed
        finally:
            over.set()
            beating.join()
    finally:
        process.kill()
        process.wait()


def ended_job(
    project: Project,
    kind: JobKind,
    request: dict[str, object] | None = None,
    state: JobState = "done",
    error: str = "",
) -> Job:
    """Record a job that has ended."""
    store = JobStore(project.jobs)
    run = project.new_run(kind)
    job = store.claim(store.create(kind, project.id, run.name, request or {}).id, os.getpid())
    assert job is not None
    store.end(job.id, job.lease, state, error=error)
    return store.get(job.id)


def write_losses(project: Project, job: Job, *, steps: int | None = None, left: float | None = None) -> None:
    """Write the events of a training run, as far as it has come."""
    log = EventLog(project.runs / job.run / EVENTS)
    moment = iter(f"2026-03-01T12:00:{second:02d}.000+00:00" for second in range(60))
    log.append(JobEvent(at=next(moment), kind="state", message="running"))
    log.append(JobEvent(at=next(moment), kind="note", message="Q-LoRA is the first rung that fits"))
    for number, loss in enumerate(LOSSES[:steps], start=1):
        data = {"step": number, "epoch": number / 2, "loss": loss, "learning_rate": 1e-3, "tokens_per_s": 100.0}
        more = {} if left is None else {"seconds_left": left}
        log.append(JobEvent(at=next(moment), kind="metric", data=data | more))
        log.append(
            JobEvent(at=next(moment), kind="progress", done=number, total=len(LOSSES), unit="steps", message="training")
        )
        if number % 2 == 0:
            log.append(
                JobEvent(at=next(moment), kind="metric", data={"epoch": number // 2, "validation_loss": loss + 0.2})
            )
