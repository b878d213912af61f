"""What a worker does for each kind of job; the capability behind a kind is imported only when it is wanted."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from agent.errors import InputError
from agent.progress import Reporter
from agent.records.base import Record
from agent.records.job import JobKind
from agent.settings import Settings
from tools.workspace import Project

R = TypeVar("R", bound=Record)


def perform(
    kind: JobKind, project: Project, settings: Settings, request: dict[str, Any], run: Path, reporter: Reporter
) -> Record:
    """Do the work of a job and return its result.

    Args:
        kind: What to do.
        project: The project, held by this process.
        settings: Settings the job was submitted with.
        request: The kind's request, as JSON.
        run: The job's run folder.
        reporter: Hears of the progress and may stop the work.

    Raises:
        DomainsmithError: The work was refused, cancelled or failed.
    """
    match kind:
        case "ingest":
            return _ingest(project, settings, request, reporter)
        case "extract":
            from tools.extraction.request import ExtractRequest
            from tools.extraction.run import extract

            return extract(project, settings, read_request(ExtractRequest, request), reporter)
        case "mix":
            from tools.mixing.request import MixRequest
            from tools.mixing.run import mix

            return mix(project, settings, read_request(MixRequest, request), reporter)
        case "tune":
            from agent.records.tuning import TuneRequest
            from tools.tuning.run import tune

            asked = read_request(TuneRequest, request)
            if asked.climb is not None:
                from tools.ladder.climb import climb

                return climb(project, settings, asked, run, reporter)
            return tune(project, settings, asked, run, reporter)
        case "validate":
            from tools.validation.request import ValidateRequest
            from tools.validation.run import validate

            return validate(project, settings, read_request(ValidateRequest, request), reporter)
        case "evaluate":
            from agent.records.evaluation import EvaluateRequest
            from tools.evaluation.run import evaluate

            return evaluate(project, settings, read_request(EvaluateRequest, request), run, reporter)
        case "judge":
            from agent.records.judging import JudgeRequest
            from tools.judging.run import judge

            return judge(project, settings, read_request(JudgeRequest, request), reporter)
        case "bench":
            from tools.benchmark.job import bench
            from tools.benchmark.request import BenchRequest

            return bench(project, settings, read_request(BenchRequest, request), reporter)


def read_request(kind: type[R], request: dict[str, Any]) -> R:
    """Return a stored request as the record it is.

    Raises:
        InputError: It is none, e.g. because another version wrote it; names the field.
    """
    try:
        return kind.model_validate(request)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "request"
        raise InputError(f"{field}: {first['msg']}", where="request.json", mend="start a new job") from error


def _ingest(project: Project, settings: Settings, request: dict[str, Any], reporter: Reporter) -> Record:
    from agent.records.corpus import IngestRequest
    from knowledge.embedding import load_embedder
    from knowledge.ingest.run import ingest
    from knowledge.store import CorpusStore

    asked = read_request(IngestRequest, request)
    paths = [Path(path) for path in asked.paths]
    store = CorpusStore(project.root)
    return ingest(paths, store, load_embedder(settings), reporter, recognise=asked.ocr or settings.ocr)
