"""`domainsmith plan`: what memory every method needs, part by part, how long it takes and what fits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from agent.errors import DoesNotFitError, InputError
from agent.prompts.phrases import model_size
from ui import render
from ui.options import Json, Lang
from ui.runtime import Runtime

if TYPE_CHECKING:
    from tools.model_shape import ReadModel


def plan(
    device: Annotated[
        str | None,
        typer.Option("--device", help="Name of the device; this machine by default, `cpu` for its processor alone."),
    ] = None,
    count: Annotated[int, typer.Option("--count", min=1, help="How many of them.")] = 1,
    params_b: Annotated[
        float | None, typer.Option("--params-b", help="Parameters of the base model, in billions (10^9).")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option("--model", help="Folder, hub id or `builtin`, whose architecture counts; as set by default."),
    ] = None,
    batch: Annotated[int | None, typer.Option("--batch", min=1, help="Examples a step; 16 by default.")] = None,
    length: Annotated[
        int | None, typer.Option("--length", min=8, max=1_000_000, help="Tokens of an example; 512 by default.")
    ] = None,
    rank: Annotated[int | None, typer.Option("--rank", min=1, help="LoRA rank; 16 by default.")] = None,
    checkpointing: Annotated[
        bool | None,
        typer.Option(
            "--checkpointing/--no-checkpointing",
            help="Recompute activations; on accelerators by default, as the trainer does.",
        ),
    ] = None,
    tokens: Annotated[
        int | None, typer.Option("--tokens", min=1, help="Training tokens to tell the time for; 1,000,000 by default.")
    ] = None,
    json: Json = False,
    lang: Lang = None,
) -> None:
    """Show the memory every method needs, what fits, how long it takes, and on which rung of the ladder to start."""
    from agent.policy.memory import TOKENS
    from tools.plan import model_of, trained_like_here, usual_model
    from tools.plan import plan as planned_for

    runtime = Runtime(as_json=json, lang=lang)
    if model is not None and params_b is not None:
        raise InputError("a model and a size were given", where="--params-b", mend="give one of --model and --params-b")
    planned: ReadModel | float
    if params_b is not None:
        planned, name = params_b, ""
    elif model is not None:
        planned, name = model_of(model, runtime.settings), model
    else:
        planned, name = usual_model(runtime.settings), runtime.settings.base_model
    made = planned_for(
        device or "this machine",
        count,
        planned,
        trained_like_here(batch=batch, length=length, rank=rank, checkpointing=checkpointing),
        runtime.output.lang,
        tokens=TOKENS if tokens is None else tokens,
        name=name,
        threads=runtime.settings.threads,
    )
    runtime.output.emit(made, render.plan(made, runtime.output))
    if made.start_at is None:
        key = "plan_nothing_fits" if any(one.available for one in made.methods) else "plan_nothing_trains"
        say, size = runtime.output.say, model_size(made.params_b)
        raise DoesNotFitError(say(key, device=f"{made.count} × {made.device}", size=size), mend=say(f"{key}_mend"))
