"""What a training run is asked for, checked before its job starts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from shlex import quote
from typing import Literal

from pydantic import ValidationError

from agent.errors import EmptyError, InputError, NotFoundError, RefusedError
from agent.policy.readiness import refusal
from agent.records.tuning import ClimbPlan, Hyperparameters, Method, TuneRequest
from agent.settings import Settings
from tools.mixing.run import latest_mix
from tools.status import project_facts
from tools.workspace import Project


def tune_request(
    project: Project,
    settings: Settings,
    *,
    method: Method | Literal["auto"] = "auto",
    mix: str | None = None,
    seed: int = 0,
    overrides: Mapping[str, float | int] | None = None,
    climb: ClimbPlan | None = None,
) -> TuneRequest:
    """Return a request that the policy lets start.

    Args:
        project: The project.
        settings: Name the base model.
        method: `auto` starts on the first rung that the machine can do; without a climb it stays there.
        mix: Mix id; `None` takes the newest.
        seed: Seed of the run.
        overrides: Single hyperparameters to set.
        climb: Climb the ladder by its gates; only with `auto`, since a method that is named is the one wanted.

    Raises:
        EmptyError: Nothing was mixed yet.
        NotFoundError: There is no such mix.
        InputError: A hyperparameter has no valid value, or a climb was asked for with a method named.
        RefusedError: The policy refuses, e.g. because there is no validation set.
    """
    if climb is not None and method != "auto":
        raise InputError(
            "a climb starts on the first rung that fits", where=f"--method {method}", mend="leave the method at auto"
        )
    newest = latest_mix(project)
    name = quote(project.info.name)
    if newest is None:
        raise EmptyError("there is no mix to train on yet", mend=f"`domainsmith mix -p {name}`")
    why = refusal("tune", project_facts(project), settings.lang)
    if why is not None:
        raise RefusedError(why.text, where=f"guide: {why.article}", mend=f"`domainsmith validate -p {name}`")
    chosen = mix or newest.id
    # An id is the name of one folder; `..` or an absolute path would lead out of the project.
    if Path(chosen).name != chosen or not (project.mixes / chosen / "manifest.json").exists():
        raise NotFoundError("no such mix", where=chosen, mend=f"the newest is {newest.id}")
    for field, value in (overrides or {}).items():
        _check(field, value)
    return TuneRequest(
        method=method,
        base_model=settings.base_model,
        mix=chosen,
        overrides=dict(overrides or {}),
        seed=seed,
        climb=climb,
    )


def _check(field: str, value: float) -> None:
    sound = {"epochs": 1, "learning_rate": 1e-3, "batch_size": 8, "max_length": 512}
    try:
        Hyperparameters.model_validate({**sound, field: value})
    except ValidationError as error:
        raise InputError(error.errors()[0]["msg"], where=f"{field} = {value:g}", mend="correct that value") from error
