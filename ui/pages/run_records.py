"""What a page reads of one run beside its events: the job, its result, its log, the memory of its worker.

Tails of events stay open between two looks, a few at a time.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import psutil

from agent.errors import DomainsmithError
from agent.records.base import Language
from agent.records.benchmark import BenchmarkResult
from agent.records.corpus import IngestResult
from agent.records.job import Job
from agent.records.judging import JudgeReport
from agent.records.mixture import MixManifest
from agent.records.pairs import ExtractResult
from agent.records.tuning import TuneResult
from knowledge.files import read_record
from tools.benchmark.summary import summary as measured
from tools.jobs.processes import is_here, worker_lives
from tools.jobs.reconcile import reconcile
from tools.jobs.runner import log_of
from tools.jobs.store import TERMINAL, JobStore
from tools.judging.report import summary as judged
from tools.validation.request import ValidateResult
from tools.workspace import Project
from ui import render
from ui.output import Output
from ui.pages.run_course import Course, RunTail, course_of_history
from ui.pages.runs_view import Opened

LOG_BYTES: Final = 24_000
"""How much of the end of a log is shown."""
KEPT_TAILS: Final = 32
_GIB: Final = 2**30
_CONTROL: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]")


class Runs:
    """The runs of projects, as a page looks at them again and again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tails: OrderedDict[Path, RunTail] = OrderedDict()

    def jobs(self, project: Project) -> tuple[Job, ...]:
        """Return the jobs of a project, oldest first; those whose worker vanished are marked."""
        if not project.jobs.exists():
            return ()
        reconcile(project)
        return JobStore(project.jobs).list()

    def opened(self, project: Project, job: Job, lang: Language) -> Opened:
        """Return everything about one run, as it stands now."""
        course = self.course(project, job)
        result = _result(project, job) if job.kind == "tune" else None
        if result is not None and not course.losses:
            course = course_of_history(result.history)
        return Opened(
            job=job,
            course=course,
            now=datetime.now(UTC),
            memory_gib=resident_gib(job),
            result=result,
            summary=_summary(project, job, lang) if job.state == "done" else "",
        )

    def course(self, project: Project, job: Job) -> Course:
        """Return what the events of a run add up to."""
        run = project.runs / job.run
        with self._lock:
            tail = self._tails.setdefault(run, RunTail(run))
            self._tails.move_to_end(run)
            while len(self._tails) > KEPT_TAILS:
                self._tails.popitem(last=False)
        return tail.read()


def chosen(jobs: tuple[Job, ...], name: str | None) -> Job | None:
    """Return the run asked for, by its name or its job's id; without a name the one that runs, else the newest."""
    if name:
        return next((job for job in reversed(jobs) if name in (job.run, job.id)), None)
    active = tuple(job for job in jobs if job.state not in TERMINAL)
    return next(reversed(active or jobs), None)


def log_text(project: Project, job: Job) -> str:
    """Return the end of what the worker printed, without the signs that steer a terminal."""
    path = log_of(project, job)
    if not path.exists():
        return ""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - LOG_BYTES))
        text = file.read().decode(errors="replace")
    if size > LOG_BYTES:
        text = "…\n" + text.partition("\n")[2]
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def resident_gib(job: Job) -> float | None:
    """Return the memory that a running worker and its children hold; `None` if it does not run on this machine."""
    if job.state in TERMINAL or job.pid is None or not is_here(job) or not worker_lives(job):
        return None
    try:
        worker = psutil.Process(job.pid)
        family = [worker, *worker.children(recursive=True)]
        return float(sum(process.memory_info().rss for process in family)) / _GIB
    except psutil.Error:
        return None


def _result(project: Project, job: Job) -> TuneResult | None:
    path = project.runs / job.run / "result.json"
    if job.state != "done" or not path.exists():
        return None
    return read_record(path, TuneResult)


def _summary(project: Project, job: Job, lang: Language) -> str:
    """Return what a run produced, in the words of the command line."""
    path = project.runs / job.run / "result.json"
    if not path.exists():
        return ""
    output = Output(False, lang)
    try:
        match job.kind:
            case "ingest":
                return render.ingest(read_record(path, IngestResult), output)
            case "extract":
                return render.extract(read_record(path, ExtractResult), output)
            case "mix":
                return render.mix(read_record(path, MixManifest), output)
            case "validate":
                return render.validation(read_record(path, ValidateResult), output)
            case "judge":
                return judged(read_record(path, JudgeReport), lang)
            case "bench":
                return measured(read_record(path, BenchmarkResult), lang)
            case _:
                return ""
    except DomainsmithError as error:  # another version wrote it; the run itself is still worth showing
        return str(error)
