"""The training mix: `mix`, and `mix --sweep` for the share of domain data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeVar, get_args

import typer

from agent.errors import ConsentNeededError, InputError
from agent.policy.consent import consent
from agent.records.facts import StepFacts
from agent.records.mixture import MixManifest, PersonalChoice, ShareBy
from tools.workspace import Project
from ui import render
from ui.options import Json, Lang, ProjectName, Seed
from ui.progress import TerminalReporter
from ui.runtime import Runtime
from ui.stations import run_station

Choice = TypeVar("Choice", bound=str)


def mix(
    domain_share: Annotated[
        float, typer.Option("--domain-share", min=0.01, max=1.0, help="Share of domain data, 0.3 as the guide says.")
    ] = 0.3,
    by: Annotated[str, typer.Option("--by", help="What the share counts: examples or tokens.")] = "examples",
    general: Annotated[
        str,
        typer.Option(
            "--general", help="General data: builtin, a file, a hub id, or self for what the base model writes."
        ),
    ] = "builtin",
    self_rows: Annotated[
        int, typer.Option("--self-rows", min=1, help="Most examples the base model writes for --general self.")
    ] = 100,
    personal: Annotated[
        str, typer.Option("--personal", help="Personal data in the examples: mask, drop (the example) or keep.")
    ] = "mask",
    names: Annotated[bool, typer.Option("--names", help="Names that a title or a label introduces count too.")] = False,
    people: Annotated[
        bool,
        typer.Option("--people", help="Names in Chinese text that nothing introduces too; needs the extra `names`."),
    ] = False,
    duplicates: Annotated[
        str, typer.Option("--duplicates", help="Repetitions left out of the general data: keep (none), exact or near.")
    ] = "exact",
    against: Annotated[
        list[Path] | None,
        typer.Option("--against", help="Question file that no example may share anything with, as the sealed set."),
    ] = None,
    drop_leaks: Annotated[
        bool, typer.Option("--drop-leaks", help="Leave out pairs that leak a sealed item instead of refusing.")
    ] = False,
    max_domain: Annotated[int | None, typer.Option("--max-domain", min=1, help="Most domain pairs to use.")] = None,
    general_repeats: Annotated[
        int, typer.Option("--general-repeats", min=1, max=20, help="Most times one general example may occur.")
    ] = 4,
    fit_domain: Annotated[
        bool,
        typer.Option("--fit-domain/--no-fit-domain", help="Use fewer domain pairs where general data is short."),
    ] = True,
    sweep: Annotated[
        str | None,
        typer.Option("--sweep", help="Try these shares with short pilots, as 0.1,0.3,0.5, and recommend one; trains."),
    ] = None,
    pilot_pairs: Annotated[int, typer.Option("--pilot-pairs", min=1, help="Most domain pairs of a pilot.")] = 120,
    pilot_epochs: Annotated[float, typer.Option("--pilot-epochs", min=0.1, help="Epochs of a pilot.")] = 2,
    yes: Annotated[bool, typer.Option("--yes", help="Let --sweep train its pilots.")] = False,
    seed: Seed = 0,
    project: ProjectName = None,
    json: Json = False,
    lang: Lang = None,
) -> None:
    """Put domain pairs and general examples together, with a manifest of what is in it."""
    from tools.cleaning.people import require
    from tools.mixing.request import DuplicateChoice, MixRequest

    runtime = Runtime(as_json=json, lang=lang)
    if people:
        require()
    opened = runtime.workspace.open(project)
    source = str(Path(general).resolve()) if Path(general).exists() else general
    if sweep is not None:
        _sweep(runtime, opened, sweep, source, pilot_pairs, pilot_epochs, seed, yes=yes)
        return
    request = MixRequest(
        domain_share=domain_share,
        by=_chosen("--by", by, get_args(ShareBy)),
        general=source,
        self_rows=self_rows,
        personal=_chosen("--personal", personal, get_args(PersonalChoice)),
        names=names,
        people=people,
        duplicates=_chosen("--duplicates", duplicates, get_args(DuplicateChoice)),
        against=tuple(str(_existing(path)) for path in against or ()),
        seed=seed,
        max_domain=max_domain,
        fit_domain=fit_domain,
        general_repeats=general_repeats,
        drop_leaks=drop_leaks,
    )
    # What the manifest notes is said in the language of this command.
    runtime.settings = runtime.settings.model_copy(update={"lang": runtime.output.lang})
    result = run_station(runtime, opened, "mix", request, MixManifest)
    if result is not None:
        runtime.output.emit(result, render.mix(result, runtime.output))


def _sweep(
    runtime: Runtime, project: Project, given: str, general: str, pairs: int, epochs: float, seed: int, *, yes: bool
) -> None:
    from tools.mixing.sweep import forecast, sweep
    from tools.mixing.swept import SweepRequest
    from tools.step_duration import TRAINING_RATES

    request = SweepRequest(shares=_shares(given), general=general, pairs=pairs, epochs=epochs, seed=seed)
    low, high = forecast(request, TRAINING_RATES)
    lang = runtime.output.lang
    facts = StepFacts(
        subject=runtime.output.say("sweep_subject", count=len(request.shares), shares=given),
        seconds_low=round(low),
        seconds_high=round(high),
        changes=(runtime.output.say("sweep_changes", count=len(request.shares)),),
        approved=yes,
    )
    asked = consent("tune", facts, lang=lang)
    if asked.needed:
        raise ConsentNeededError(asked.summary, mend=runtime.output.say("sweep_yes"))
    with project.owned("sweep"), TerminalReporter("sweep", lang=lang) as reporter:
        result = sweep(project, runtime.settings.model_copy(update={"lang": lang}), request, reporter)
    runtime.output.emit(result, render.sweep(result, runtime.output))


def _shares(given: str) -> tuple[float, ...]:
    try:
        shares = tuple(float(part) for part in given.split(","))
    except ValueError as error:
        raise InputError("these are no shares", where=given, mend="write them as 0.1,0.3,0.5") from error
    if not all(0 < share <= 1 for share in shares):
        raise InputError("a share lies above 0 and at most at 1", where=given, mend="write them as 0.1,0.3,0.5")
    return shares


def _chosen(option: str, given: str, known: tuple[Choice, ...]) -> Choice:
    for one in known:
        if given == one:
            return one
    raise InputError("unknown choice", where=given, mend=f"{option} takes {', '.join(known)}")


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise InputError("no such file", where=str(path), mend="check the path")
    return path.resolve()
