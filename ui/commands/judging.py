"""A judge model on a finished evaluation: `judge`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, get_args

import typer

from agent.errors import ConsentNeededError, InputError
from agent.policy.consent import consent
from agent.records.evaluation import Arm, Dimension
from ui.commands.data import existing_file
from ui.commands.models import choices_of, evaluation_run
from ui.options import Detach, Json, Lang, ProjectName, Seed
from ui.runtime import Runtime
from ui.stations import run_station


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("judge")(judge)


def judge(
    run: Annotated[str | None, typer.Argument(help="Evaluation run; the newest by default.")] = None,
    arms: Annotated[
        str | None,
        typer.Option("--arms", help="Two arms by comma; rag against what would be shipped, else base, by default."),
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", help="openai:<model>, a folder, or builtin; DOMAINSMITH_JUDGE_MODEL else.")
    ] = None,
    dimensions: Annotated[
        str | None, typer.Option("--dimensions", help="Dimensions by comma; domain knowledge by default.")
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Most items of every dimension.")] = None,
    labels: Annotated[
        Path | None,
        typer.Option(
            "--labels", help="People's preferences besides the blind votes: CSV or JSONL, item and preferred."
        ),
    ] = None,
    yes: Annotated[
        bool,
        typer.Option("--yes", help="Have it judged; without it what is costly or leaves the machine is only told."),
    ] = False,
    seed: Seed = 0,
    project: ProjectName = None,
    detach: Detach = False,
    json: Json = False,
    lang: Lang = None,
) -> None:
    """Have a model of another family compare two arms' answers, in both orders; says how far people agree with it."""
    from agent.prompts.judging import JUDGING
    from agent.prompts.phrases import fill
    from agent.records.judging import JudgeReport, JudgeRequest
    from tools.forecast import step_facts
    from tools.judging.cases import default_arms
    from tools.judging.labels import read_labels
    from tools.judging.model import judge_model
    from tools.judging.report import summary

    runtime = Runtime(as_json=json, lang=lang)
    opened = runtime.workspace.open(project)
    folder = evaluation_run(opened, run)
    asked = judge_model(runtime.settings, model)
    a, b = _two(arms) if arms is not None else default_arms(folder)
    request = JudgeRequest(
        run=folder.name,
        a=a,
        b=b,
        model=asked,
        dimensions=choices_of(dimensions, get_args(Dimension), "--dimensions"),
        limit=limit,
        labels=() if labels is None else read_labels(existing_file(labels)),
        seed=seed,
    )
    facts = step_facts(opened, runtime.settings, "judge", request, runtime.output.lang)
    agreed = consent("judge", facts.model_copy(update={"approved": yes}), lang=runtime.output.lang)
    if agreed.needed:
        raise ConsentNeededError(agreed.summary, mend=fill(JUDGING, "yes", runtime.output.lang))
    report = run_station(runtime, opened, "judge", request, JudgeReport, detach=detach)
    if report is not None:
        runtime.output.emit(report, summary(report, runtime.output.lang))


def _two(arms: str) -> tuple[Arm, Arm]:
    """Return two different arms.

    Raises:
        InputError: They are not two, or unknown.
    """
    named = choices_of(arms, get_args(Arm), "--arms") or ()
    if len(named) != 2 or named[0] == named[1]:
        raise InputError("a judge compares two arms", where=f"--arms {arms}", mend="name two, as rag,tuned+rag")
    return named[0], named[1]
