"""Running a tool of the catalogue: check its request, do it at once, or start its job.

What a program or a model proposes goes through `prepare`, which turns a wish into the exact request that would run and
refuses what the policy refuses; nothing is done before `perform_now` or `start`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from agent.errors import EmptyError, InputError, RefusedError
from agent.policy.readiness import refusal
from agent.records.base import Language, Record
from agent.records.corpus import IngestRequest
from agent.records.evaluation import EvaluateRequest
from agent.records.job import Job
from agent.records.tuning import ClimbPlan
from agent.settings import Settings
from knowledge.retrieval import Retriever
from tools.catalog import ToolSpec
from tools.mixing.request import BUILTIN_GENERAL, SELF_GENERAL, MixRequest
from tools.requests import IngestAsk, TuneAsk
from tools.status import project_facts
from tools.validation.request import ValidateRequest
from tools.workspace import Project

OpenRetriever = Callable[[Project], Retriever]
"""Opens a project's index in the process that owns it."""


def read_arguments(spec: ToolSpec, arguments: Mapping[str, Any]) -> Record:
    """Return a tool's arguments as its request; JSON types count, so `"32"` is no number.

    Raises:
        InputError: An argument is unknown or has no valid value; names it.
    """
    try:
        return spec.request.model_validate_json(json.dumps(dict(arguments)), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or spec.name
        raise InputError(first["msg"], where=f"{spec.name}: {where}", mend="correct that value") from error


def prepare(
    spec: ToolSpec, project: Project, settings: Settings, arguments: Mapping[str, Any], lang: Language = "en"
) -> Record:
    """Return the exact request that a job would run with.

    Raises:
        DomainsmithError: The arguments are wrong, there is nothing to work on, or the policy refuses the step.
    """
    why = refusal(spec.action, project_facts(project), lang)
    if why is not None:
        raise RefusedError(why.text, where=f"guide: {why.article}")
    request = read_arguments(spec, arguments)
    match request:
        case IngestAsk():
            return ingest_request(request, settings)
        case TuneAsk():
            from tools.tuning.request import tune_request

            chosen = {"epochs": request.epochs, "rank": request.rank, "learning_rate": request.learning_rate}
            overrides = {name: value for name, value in chosen.items() if value is not None}
            return tune_request(
                project,
                settings.model_copy(update={"lang": lang}),
                method=request.method,
                mix=request.mix,
                seed=request.seed,
                overrides=overrides,
                climb=_climb(request),
            )
        case ValidateRequest() | EvaluateRequest():
            for path in request.questions:
                require_open(Path(path).expanduser(), settings)
            if isinstance(request, EvaluateRequest) and request.harness:
                from tools.evaluation.harness_tasks import check_harness

                check_harness(request.harness, lambda path: require_open(path, settings))
            return request
        case MixRequest():
            if request.general not in (BUILTIN_GENERAL, SELF_GENERAL):
                require_open(Path(request.general).expanduser(), settings)
            for path in request.against:
                require_open(Path(path).expanduser(), settings)
            return request
        case _:
            return request


def start(
    spec: ToolSpec,
    project: Project,
    settings: Settings,
    request: Record,
    key: str,
    open_retriever: OpenRetriever,
) -> Job:
    """Start a tool's job; a second call with the same key starts nothing.

    Args:
        spec: A tool with a job.
        project: The project; must not be held by this process.
        settings: Settings of the job.
        request: From `prepare`.
        key: Names the occasion.
        open_retriever: Opens the index, for evaluations whose arms retrieve.

    Raises:
        BusyError: The project has another active job.
        EmptyError: There is nothing to work on.
    """
    from tools.jobs.runner import submit

    assert spec.job is not None
    before = None
    if isinstance(request, EvaluateRequest):
        before = _retrieval(project, request, open_retriever)
    payload = request.model_dump(mode="json")
    return submit(project, settings, spec.job, payload, spec.job, prepare=before, key=key)


def ingest_request(ask: IngestAsk, settings: Settings) -> IngestRequest:
    """Return the request to read what a person named.

    Raises:
        InputError: A path does not exist or holds nothing that can be read.
        RefusedError: The settings do not open that folder.
    """
    from knowledge.ingest.sources import collect

    paths = [Path(path).expanduser() for path in ask.paths]
    for path in paths:
        require_open(path, settings)
    collect(paths)  # a wrong path is said here, not by a job
    return IngestRequest(paths=tuple(str(path.resolve()) for path in paths))


def _climb(ask: TuneAsk) -> ClimbPlan | None:
    """Return the climb a wish stands for: a highest rung, or a target to reach on the first one."""
    if ask.climb_to is None and ask.target is None:
        return None
    return ClimbPlan(climb_to=ask.climb_to or "qlora", target=ask.target)


def require_open(path: Path, settings: Settings) -> None:
    """See that a path may be read.

    Raises:
        RefusedError: It lies in no folder that is open to the server's users.
    """
    if not may_read(path, settings):
        raise RefusedError(
            "this folder is not open to the server's users",
            where=str(path),
            mend="upload the files on the Documents page, or set DOMAINSMITH_DOCUMENT_ROOTS",
        )


def may_read(path: Path, settings: Settings) -> bool:
    """Return whether documents may be read from a path: anywhere, or from the opened folders and one's own uploads."""
    if settings.document_roots is None:
        return True
    return _inside(path, (*settings.document_roots, settings.home / "projects"))


def _inside(path: Path, roots: tuple[Path, ...]) -> bool:
    resolved = path.resolve()
    return any(resolved.is_relative_to(root.expanduser().resolve()) for root in roots)


def _retrieval(
    project: Project, request: EvaluateRequest, open_retriever: OpenRetriever
) -> Callable[[Path], None] | None:
    """Return what looks up every question before the worker starts: the index has one owner process."""
    from agent.progress import Silent
    from tools.evaluation.items import to_retrieve
    from tools.evaluation.retrieved import retrieve_for

    wanted = to_retrieve(project, request)
    if not wanted or not project.chunks.exists():
        return None
    try:
        retriever = open_retriever(project)
    except EmptyError:
        return None

    def look_up(run: Path) -> None:
        retrieve_for(wanted, retriever.look_up, request.k, run, Silent())

    return look_up
