"""Which model judges, by what names it and the base model go, and that it is no kin of what it judges."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from agent.errors import InputError, RefusedError
from agent.policy.judging import families, kinship
from agent.records.judging import Kinship
from agent.settings import BUILTIN, Settings
from tools.builtin_model import BUILTIN_NAME
from tools.endpoint import PREFIX, endpoint_generator
from tools.extraction.replies import PairWriter
from tools.model_folders import json_object

_SHARED_TYPES: Final = frozenset({"llama"})
"""Architectures that models of several families use; they say nothing of the family."""


def judge_model(settings: Settings, named: str | None = None) -> str:
    """Return the judge to ask: the one named, else the setting's.

    Raises:
        InputError: Neither names one.
    """
    model = named or settings.judge_model
    if not model:
        raise InputError(
            "no judge model is set",
            where="DOMAINSMITH_JUDGE_MODEL",
            mend="set it, or give --model: openai:<model> with OPENAI_BASE_URL, a folder, or builtin",
        )
    return str(Path(model).expanduser().resolve()) if Path(model).expanduser().is_dir() else model


def is_endpoint(model: str) -> bool:
    """Return whether a judge is asked over the network."""
    return model.startswith(PREFIX)


def names_of(model: str) -> tuple[str, ...]:
    """Return the names a model goes by: the setting's, and those that its folder tells."""
    if model == BUILTIN:
        return (BUILTIN_NAME,)
    folder = Path(model).expanduser()
    if not folder.is_dir():
        return (model.removeprefix(PREFIX),)
    config = folder / "config.json"
    told = json_object(config) if config.is_file() else {}
    said = [folder.name, told.get("_name_or_path"), told.get("model_type")]
    return tuple(name for name in said if isinstance(name, str) and name and name not in _SHARED_TYPES)


def require_stranger(model: str, base_model: str) -> Kinship:
    """Return what the names tell of judge and base model.

    Raises:
        RefusedError: They are of one family.
    """
    found = kinship(names_of(model), names_of(base_model))
    if found == "same":
        shared = ", ".join(sorted(families(*names_of(model)) & families(*names_of(base_model)))) or model
        raise RefusedError(
            "a judge favours its own family, and this one is of the base model's",
            where=shared,
            mend="name a judge of another family in DOMAINSMITH_JUDGE_MODEL",
        )
    return found


def load_judge(model: str, settings: Settings) -> PairWriter:
    """Load the judge.

    Raises:
        InputError: A folder is no safe model, a hub id is not at hand, or the endpoint has no key.
    """
    if is_endpoint(model):
        return endpoint_generator(model)
    from tools.generation import load_generator

    return load_generator(settings.model_copy(update={"base_model": model}))
