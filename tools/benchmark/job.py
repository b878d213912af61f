"""A benchmark as a job of a project: measured and saved as `domainsmith bench` does, for every project to see.

bench(project, settings, BenchRequest(quick=True), reporter)
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from agent.errors import CancelledError, WorkFailedError
from agent.progress import Reporter
from agent.prompts.benchmark_errors import BENCHMARK_ERRORS
from agent.prompts.phrases import fill
from agent.records.benchmark import BenchmarkResult
from agent.settings import Settings
from knowledge.files import write_record
from tools.benchmark.request import BenchRequest
from tools.benchmark.run import measure
from tools.benchmark.saved import save
from tools.benchmark.subjects import holds_figures
from tools.workspace import Project

LOOK_SECONDS: Final = 0.2
PART_SECONDS: Final = 1.5
"""How long the part under way may take to heed a cancel before what is there is saved without it: a step of full
fine-tuning takes longer than a job that is cancelled has before it is killed."""


def bench(project: Project, settings: Settings, request: BenchRequest, reporter: Reporter) -> BenchmarkResult:
    """Measure this machine; what was measured until somebody cancels or an error ends it is saved, marked as partial.

    Args:
        project: Hosts the job and is not touched: a benchmark is of the machine, and all projects see it.
        settings: Base model, threads, language, and the machine's folder.
        request: What to measure.
        reporter: Told of every part; asked often whether to stop.

    Raises:
        CancelledError: Somebody cancelled.
        InputError: The model or the user's file of devices cannot be used.
        WorkFailedError: An error ended it after something was measured.
    """
    kept, ended = _Kept(settings), threading.Event()

    def begin(so_far: Callable[[], BenchmarkResult]) -> None:
        threading.Thread(target=_watch, args=(reporter, so_far, kept, ended), name="bench", daemon=True).start()

    try:
        made = measure(settings, request, reporter, on_begin=begin)
    finally:
        ended.set()
    kept.keep(made.result, last=True)
    if made.cancelled:
        raise CancelledError("cancelled", mend="what was measured is kept; `domainsmith jobs resume` measures anew")
    if not made.result.complete:
        mend = fill(BENCHMARK_ERRORS, "broke_off_mend", settings.lang)
        raise WorkFailedError(made.result.stopped, mend=mend) from made.error
    return made.result


class _Kept:
    """The one file of a benchmark, written at its end, and before if that may come too late."""

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.machine_folder
        self._lock = threading.Lock()
        self._file: Path | None = None
        self._is_last = False

    def keep(self, result: BenchmarkResult, *, last: bool) -> None:
        """Save a result that holds figures in the place of the one before; nothing comes after the last."""
        with self._lock:
            if self._is_last:
                return
            self._is_last = last
            if not holds_figures(result):
                return
            if self._file is None:
                self._file = save(self._folder, result)
            else:
                write_record(self._file, result)


def _watch(reporter: Reporter, so_far: Callable[[], BenchmarkResult], kept: _Kept, ended: threading.Event) -> None:
    """Wait for the end; where somebody cancels and the work does not hear it in time, save what there is."""
    while not ended.wait(LOOK_SECONDS):
        try:
            reporter.check()
        except CancelledError:
            if not ended.wait(PART_SECONDS):
                kept.keep(so_far(), last=False)
            return
