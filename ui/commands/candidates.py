"""Candidate base models side by side: `candidates`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from agent.errors import InputError
from agent.policy.base_choice import named
from agent.records.candidate import BaseChoice, Candidate
from agent.records.evaluation import Arm
from ui import render
from ui.options import Json, Lang, ProjectName
from ui.output import Output
from ui.runtime import Runtime

MOST_LINES = 5
"""Models in one radar; more cannot be told apart."""


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("candidates")(candidates)


def candidates(
    runs: Annotated[
        list[str] | None, typer.Argument(help="Evaluations to compare; the newest of every base model by default.")
    ] = None,
    arm: Annotated[str | None, typer.Option("--arm", help="base, rag or oracle; rag where all have it.")] = None,
    target: Annotated[float | None, typer.Option("--target", min=0, max=1, help="Share that is good enough.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the radar of up to five models.")] = None,
    project: ProjectName = None,
    json: Json = False,
    lang: Lang = None,
) -> None:
    """Compare base models measured on the same sealed items: the smallest that reaches the target is enough."""
    from tools.candidates import UNTUNED
    from tools.candidates import candidates as compare

    runtime = Runtime(as_json=json, lang=lang)
    untuned: tuple[Arm, ...] = (*UNTUNED, "oracle")
    judged = next((one for one in untuned if one == arm), None)
    if arm is not None and judged is None:
        raise InputError("unknown value", where=f"--arm {arm}", mend="it takes " + ", ".join(untuned))
    choice = compare(
        runtime.workspace.open(project),
        runtime.settings,
        runtime.output.lang,
        runs=tuple(runs or ()),
        arm=judged,
        target=target,
    )
    drawn = _draw(choice, out, runtime.output) if out is not None and choice.dimension is not None else []
    shown = {**choice.model_dump(mode="json"), "files": [str(path) for path in drawn]}
    runtime.output.emit(shown, _text(choice, drawn, runtime.output))


def _text(choice: BaseChoice, drawn: Sequence[Path], output: Output) -> str:
    heads = ("model", "domain", "general", "seconds", "memory", "run")
    rows = [[output.say(f"candidates_{name}") for name in heads], *(_row(one, choice) for one in choice.candidates)]
    head = output.say(f"candidates_{choice.outcome}", model=choice.chosen or "")
    lines = [head, render.table(rows) if choice.candidates else "", render.reasons(choice.reasons)]
    if drawn:
        lines.append(output.say("candidates_drawn", files=", ".join(str(path) for path in drawn)))
    return "\n".join(line for line in lines if line)


def _row(one: Candidate, choice: BaseChoice) -> list[str]:
    domain = one.scores.get(choice.dimension) if choice.dimension else None
    general = one.scores.get("general_ability")
    return [
        named(one),
        render.estimate(domain) if domain else "–",
        render.estimate(general) if general else "–",
        "–" if one.seconds is None else f"{one.seconds:.2f}",
        "–" if one.peak_gib is None else f"{one.peak_gib:.1f}",
        one.run,
    ]


def _draw(choice: BaseChoice, out: Path, output: Output) -> list[Path]:
    from tools.evaluation.radar import MODEL_LOOKS, Line, draw_lines, draw_page
    from tools.evaluation.wording import arm_name

    chosen = choice.candidates[:MOST_LINES]
    lines = [Line(named(one), look, one.scores) for one, look in zip(chosen, MODEL_LOOKS, strict=False)]
    assert choice.dimension is not None
    n = min(one.scores[choice.dimension].n for one in chosen)
    title = output.say("candidates_title", n=n, arm=arm_name(chosen[0].arm, output.lang))
    out.mkdir(parents=True, exist_ok=True)
    draw_lines(lines, title, out / "candidates.png", output.lang)
    draw_page(lines, title, out / "candidates.html", output.lang)
    return [out / "candidates.png", out / "candidates.html"]
