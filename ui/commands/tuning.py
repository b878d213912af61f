"""Training: `tune`, one run or a climb of the ladder by its measured gates."""

from __future__ import annotations

import sys
from typing import Annotated, Literal, TypeVar, get_args

import typer

from agent.errors import ConsentNeededError, InputError
from agent.policy.consent import consent, time_needed
from agent.prompts.climbing import climb_text
from agent.records.evaluation import Dimension
from agent.records.ladder import LadderRecord
from agent.records.tuning import ClimbPlan, Method, TuneRequest, TuneResult
from knowledge.files import read_record
from tools.workspace import Project
from ui import render
from ui.options import Detach, Json, Lang, ProjectName, Seed
from ui.output import Output
from ui.runtime import Runtime
from ui.stations import run_station

T = TypeVar("T", bound=str)


def tune(
    method: Annotated[str, typer.Option("--method", help="auto, qlora, lora or full.")] = "auto",
    mix: Annotated[str | None, typer.Option("--mix", help="Mix id; the newest by default.")] = None,
    seed: Seed = 0,
    epochs: Annotated[float | None, typer.Option("--epochs", help="Passes over the mix; chosen by default.")] = None,
    learning_rate: Annotated[float | None, typer.Option("--learning-rate", help="Chosen by default.")] = None,
    rank: Annotated[int | None, typer.Option("--rank", min=1, help="LoRA rank; chosen by default.")] = None,
    batch_size: Annotated[
        int | None, typer.Option("--batch-size", min=1, help="Examples a step; chosen by default.")
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="With auto: climb the ladder by its gates; train and measure what they need.")
    ] = False,
    climb_to: Annotated[
        str | None, typer.Option("--climb-to", help="Highest rung agreed to in advance: qlora, lora or full.")
    ] = None,
    target: Annotated[
        float | None, typer.Option("--target", help="Accuracy to reach, as 0.8; the profile's by default.")
    ] = None,
    counts: Annotated[
        str, typer.Option("--for", help="Dimension of the sealed items that count for the target.")
    ] = "domain_knowledge",
    items: Annotated[int, typer.Option("--items", min=1, help="Most sealed items of that dimension.")] = 200,
    project: ProjectName = None,
    detach: Detach = False,
    json: Json = False,
    lang: Lang = None,
) -> None:
    """Train: Q-LoRA first, where the device can, and with --yes up the ladder by its gates until the target is met."""
    from tools.tuning.request import tune_request

    runtime = Runtime(as_json=json, lang=lang)
    rungs: tuple[Method | Literal["auto"], ...] = ("auto", *get_args(Method))
    rung = _one(method, rungs, "--method")
    top = _one(climb_to, get_args(Method), "--climb-to") if climb_to is not None else None
    if target is not None and not 0 < target <= 1:
        raise InputError("a target is a share of the items", where=f"--target {target:g}", mend="give it as 0.8")
    plan = ClimbPlan(
        dimension=_one(counts, get_args(Dimension), "--for"), target=target, climb_to=top or "qlora", items=items
    )
    opened = runtime.workspace.open(project)
    chosen: dict[str, float | int | None] = {
        "epochs": epochs,
        "learning_rate": learning_rate,
        "rank": rank,
        "batch_size": batch_size,
    }
    overrides = {name: value for name, value in chosen.items() if value is not None}
    asked = top is not None or target is not None
    request = tune_request(
        opened,
        runtime.settings,
        method=rung,
        mix=mix,
        seed=seed,
        overrides=overrides,
        climb=plan if asked or rung == "auto" else None,
    )
    told = ""
    if request.climb is not None and not yes:
        request, told = _agreed(runtime, opened, request, insist=asked)
    # Decisions and the record are said in the language of this command.
    runtime.settings = runtime.settings.model_copy(update={"lang": runtime.output.lang})
    result = run_station(runtime, opened, "tune", request, TuneResult, detach=detach)
    if result is None:
        return
    record = _record(opened, result)
    text = render.tune(result, runtime.output)
    runtime.output.emit(result, "\n".join(part for part in (text, _climbed(record, runtime.output), told) if part))
    if record is not None and record.outcome in ("awaiting_approval", "ask"):
        first = record.fixes[0]
        raise ConsentNeededError(first.action, where=f"run {result.run}", mend=f"`{first.command}`")


def _agreed(runtime: Runtime, project: Project, request: TuneRequest, *, insist: bool) -> tuple[TuneRequest, str]:
    """Ask once for the whole climb at its upper cost; without a yes one run is trained, and it is said what was not.

    Raises:
        ConsentNeededError: A climb was asked for by its options, and nobody is there to ask.
    """
    from tools.forecast import step_facts

    lang = runtime.output.lang
    facts = step_facts(project, runtime.settings, "tune", request, lang)
    asked = consent("tune", facts, lang=lang)
    if sys.stdin.isatty() and sys.stderr.isatty() and not runtime.output.as_json:
        print(asked.summary, file=sys.stderr)
        print(climb_text("ask", lang), end="", file=sys.stderr, flush=True)
        if sys.stdin.readline().strip().lower() in ("y", "yes", "是"):
            return request, ""
    elif insist:
        raise ConsentNeededError(asked.summary, mend=runtime.output.say("climb_yes"))
    return request.model_copy(update={"climb": None}), climb_text("one_run", lang, time=time_needed(facts, lang))


def _record(project: Project, result: TuneResult) -> LadderRecord | None:
    path = project.runs / result.run / "ladder.json"
    return read_record(path, LadderRecord) if path.exists() else None


def _climbed(record: LadderRecord | None, output: Output) -> str:
    """Return how a climb ended and what to do next."""
    if record is None:
        return ""
    head = output.say(f"climb_{record.outcome}", run=record.run)
    return "\n".join([head, *(f"{n}. {fix.action}\n   {fix.command}" for n, fix in enumerate(record.fixes, start=1))])


def _one(given: str, known: tuple[T, ...], option: str) -> T:
    for one in known:
        if given == one:
            return one
    raise InputError("unknown value", where=f"{option} {given}", mend="it takes " + ", ".join(known))
