"""A worker whose model is scripted: `python -m tests.graph.scripted_worker <project root> <job id>`.

Evaluations answer as `healthy` does, in milliseconds and always the same; every other kind does its real work.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from agent.progress import Reporter
from agent.records.base import Record
from agent.records.evaluation import EvaluateRequest
from agent.records.job import JobKind
from agent.settings import Settings
from tests.tools.evaluation.scripted import READING, ScriptedModel, healthy
from tools.evaluation.run import evaluate
from tools.jobs import work, worker
from tools.workspace import Project

SCRIPTED = (sys.executable, "-P", "-m", "tests.graph.scripted_worker")
"""Worker command to hand to the runner."""


def perform(
    kind: JobKind, project: Project, settings: Settings, request: dict[str, Any], run: Path, reporter: Reporter
) -> Record:
    if kind != "evaluate":
        return work.perform(kind, project, settings, request, run, reporter)
    wanted = work.read_request(EvaluateRequest, request)
    model = ScriptedModel(healthy)
    return evaluate(project, settings, wanted, run, reporter, load=lambda *_: model, reading=READING)  # type: ignore[arg-type,return-value]


if __name__ == "__main__":
    sys.exit(worker.main(perform=perform))
