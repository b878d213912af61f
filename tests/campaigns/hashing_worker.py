"""The product's worker with an embedder that takes no time: `python -m tests.campaigns.hashing_worker ROOT JOB`.

What is killed is everything a reading writes; the real embedder would fill most of the time with arithmetic.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from agent.progress import Reporter
from agent.records.base import Record
from agent.records.corpus import IngestRequest
from agent.records.job import JobKind
from agent.settings import Settings
from tools.jobs import work, worker
from tools.workspace import Project

HASHING_WORKER = (sys.executable, "-P", "-m", "tests.campaigns.hashing_worker")
"""Worker command to hand to the runner."""


def perform(
    kind: JobKind, project: Project, settings: Settings, request: dict[str, Any], run: Path, reporter: Reporter
) -> Record:
    """Do what the product does."""
    if kind != "ingest":
        return work.perform(kind, project, settings, request, run, reporter)
    from knowledge.ingest.run import ingest
    from knowledge.store import CorpusStore
    from tests.fakes import HashEmbedder

    paths = [Path(path) for path in work.read_request(IngestRequest, request).paths]
    return ingest(paths, CorpusStore(project.root), HashEmbedder(8), reporter)


if __name__ == "__main__":
    sys.exit(worker.main(perform=perform))
