"""Methods and models: `decide`, `plan`, `tune`, `evaluate`, `diagnose`, `iterations`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from shlex import quote
from typing import Annotated, TypeVar, get_args

import typer
from pydantic import ValidationError

from agent.errors import EmptyError, InputError
from agent.records.evaluation import Arm, Dimension, EvaluateRequest
from agent.records.profile import Profile
from tools.workspace import Project
from ui import render
from ui.commands.data import existing_file
from ui.commands.plan import plan
from ui.commands.tuning import tune
from ui.options import Detach, Json, Lang, ProjectName, QuestionSet, Seed
from ui.runtime import Runtime
from ui.stations import run_evaluation

T = TypeVar("T")


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("decide")(decide)
    app.command("plan")(plan)
    app.command("tune")(tune)
    app.command("evaluate")(evaluate)
    app.command("diagnose")(diagnose)
    app.command("iterations")(iterations)


def decide(
    profile: Annotated[
        Path | None, typer.Option("--profile", help="Profile as JSON; `-` reads standard input.", allow_dash=True)
    ] = None,
    project: ProjectName = None,
    json: Json = False,
    lang: Lang = None,
) -> None:
    """Say whether prompting, RAG, fine-tuning or both serve best, with reasons, or what is missing to tell."""
    from tools.deciding import decide_for_profile, decide_for_project

    runtime = Runtime(as_json=json, lang=lang)
    if profile is not None:
        decision = decide_for_profile(_profile(profile), runtime.output.lang)
    else:
        decision = decide_for_project(runtime.workspace.open(project), runtime.output.lang)
    runtime.output.emit(decision, render.decision(decision, runtime.output))


def evaluate(
    arms: Annotated[
        str | None,
        typer.Option("--arms", help="Arms by comma: base,rag,oracle,tuned,tuned+rag. All possible by default."),
    ] = None,
    questions: QuestionSet = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Most items of every dimension.")] = None,
    limits: Annotated[
        str | None,
        typer.Option(
            "--limits", help="Most items of single dimensions, as faithfulness=60,syntax=100; before --limit."
        ),
    ] = None,
    dimensions: Annotated[str | None, typer.Option("--dimensions", help="Dimensions by comma; all by default.")] = None,
    tune_run: Annotated[str | None, typer.Option("--run", help="Tuning run; the newest by default.")] = None,
    k: Annotated[int, typer.Option("-k", min=1, max=50, help="Chunks retrieved for each question.")] = 5,
    passages: Annotated[
        int | None, typer.Option("--passages", min=1, max=50, help="Passages shown with a question; as set by default.")
    ] = None,
    passage_characters: Annotated[
        int | None, typer.Option("--passage-characters", min=40, help="Characters of all passages together.")
    ] = None,
    abstain_below: Annotated[
        float | None,
        typer.Option("--abstain-below", min=0, max=1, help="Evidence of the search below which nothing is read."),
    ] = None,
    max_tokens: Annotated[
        int | None, typer.Option("--max-tokens", min=1, help="Most tokens of an answer; as each item needs by default.")
    ] = None,
    harness: Annotated[
        str | None,
        typer.Option(
            "--harness", help="Tasks of lm-evaluation-harness as well, by comma: its names, YAML files, ./FOLDERs."
        ),
    ] = None,
    seed: Seed = 0,
    project: ProjectName = None,
    detach: Detach = False,
    json: Json = False,
    lang: Lang = None,
) -> None:
    """Measure the arms on the same sealed items: report with intervals, radar chart, verdict."""
    from tools.evaluation.harness_tasks import harness_tasks

    runtime = Runtime(as_json=json, lang=lang)
    opened = runtime.workspace.open(project)
    request = EvaluateRequest(
        arms=choices_of(arms, get_args(Arm), "--arms"),
        dimensions=choices_of(dimensions, get_args(Dimension), "--dimensions"),
        questions=() if questions is None else (str(existing_file(questions)),),
        tune_run=tune_run,
        limit=limit,
        limits=_limits(limits),
        k=k,
        passages=passages,
        passage_characters=passage_characters,
        abstain_below=abstain_below,
        most_tokens=max_tokens,
        harness=harness_tasks(harness),
        seed=seed,
    )
    report = run_evaluation(runtime, opened, request, detach=detach)
    if report is not None:
        runtime.output.emit(report, render.evaluation(report, runtime.output))


def diagnose(
    run: Annotated[str | None, typer.Argument(help="Evaluation run; the newest by default.")] = None,
    arm: Annotated[str | None, typer.Option("--arm", help="Arm to diagnose; chosen by default.")] = None,
    project: ProjectName = None,
    json: Json = False,
    lang: Lang = None,
) -> None:
    """Say why items failed, how often each cause, and which fix to try, data first."""
    from tools.diagnosis.run import diagnose as examine

    runtime = Runtime(as_json=json, lang=lang)
    opened = runtime.workspace.open(project)
    folder = evaluation_run(opened, run)
    chosen = choices_of(arm, get_args(Arm), "--arm")
    result = examine(opened, runtime.settings, folder, arm=chosen[0] if chosen else None)
    runtime.output.emit(result, render.diagnosis(result, runtime.output))


def iterations(
    project: ProjectName = None,
    json: Json = False,
    lang: Lang = None,
) -> None:
    """Say what was tried, what every try changed on the same items, with intervals, and whether to go on."""
    from tools.iterations import iterations as read

    runtime = Runtime(as_json=json, lang=lang)
    log = read(runtime.workspace.open(project), runtime.output.lang)
    runtime.output.emit(log, render.iterations(log, runtime.output))


def evaluation_run(project: Project, name: str | None) -> Path:
    """Return the folder of an evaluation run, the newest by default.

    Raises:
        EmptyError: Nothing was evaluated yet.
        NotFoundError: No such run.
    """
    if name is not None:
        return project.run(name)
    folder = project.latest_run("evaluate")
    if folder is None:
        raise EmptyError("nothing was evaluated yet", mend=f"`domainsmith evaluate -p {quote(project.info.name)}`")
    return folder


def _profile(path: Path) -> Profile:
    piped = str(path) == "-"
    where = "standard input" if piped else str(path)
    try:
        text = sys.stdin.read() if piped else path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(
            f"cannot read the profile ({error.strerror or error})",
            where=where,
            mend="check the path; `--profile -` reads standard input",
        ) from error
    except UnicodeDecodeError as error:
        raise InputError("the profile is not UTF-8", where=where, mend="save it as UTF-8") from error
    try:
        return Profile.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "profile"
        if first["type"] == "extra_forbidden":
            raise InputError(
                f"unknown key `{key}`", where=where, mend="known keys: " + ", ".join(Profile.model_fields)
            ) from error
        raise InputError(f"{key}: {first['msg']}", where=where, mend="correct that value") from error


def _limits(text: str | None) -> dict[Dimension, int]:
    """Read limits of single dimensions."""
    found: dict[Dimension, int] = {}
    for part in text.split(",") if text else ():
        name, _, count = part.partition("=")
        dimension = choices_of(name, get_args(Dimension), "--limits")
        if not dimension or not count.strip().isdecimal() or int(count) < 1:
            raise InputError("no limit", where=f"--limits {part}", mend="write it as faithfulness=60,syntax=100")
        found[dimension[0]] = int(count)
    return found


def choices_of(text: str | None, known: Sequence[T], option: str) -> tuple[T, ...] | None:
    """Split a list by comma and check every part; `None` stays `None`."""
    if text is None:
        return None
    chosen = []
    for part in (part.strip() for part in text.split(",")):
        match = next((one for one in known if one == part), None)
        if match is None:
            raise InputError("unknown value", where=f"{option} {part}", mend="it takes " + ", ".join(map(str, known)))
        chosen.append(match)
    return tuple(chosen)
