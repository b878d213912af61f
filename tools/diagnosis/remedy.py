"""What applying a proposed fix means: start the job behind its command, look passages up, or leave it to a person.

The command is the truth: it is read as the command line would, so a fix is applied as it is written.

    remedy(fix, project, settings)      # StepRemedy | LookUpRemedy | PersonRemedy
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from agent.errors import DomainsmithError
from agent.records.base import Record
from agent.records.corpus import Retrieved
from agent.records.diagnosis import Fix
from agent.records.evaluation import EvaluateRequest, Item
from agent.settings import Settings
from tools.diagnosis.gold_passages import supports
from tools.extraction.request import ExtractRequest
from tools.mixing.request import MixRequest
from tools.workspace import Project

StepName = Literal["extract", "validate", "mix", "tune", "evaluate"]
"""Steps of the road that a fix may start."""
Place = Literal["pairs", "documents", "items"]
"""Where a person's work is done: the pairs, the documents, or the failed items."""

_PLACES: Final[dict[str, Place]] = {
    "review": "pairs",
    "ingest": "documents",
    "validate": "items",
    "diagnose": "items",
}


_READING: Final = {
    "-k": "k",
    "--passages": "passages",
    "--passage-characters": "passage_characters",
    "--abstain-below": "abstain_below",
    "--max-tokens": "most_tokens",
}
"""Options of `evaluate` that change how is read and answered, with the fields of its request."""


@dataclass(frozen=True)
class StepRemedy:
    """A job that can start after a yes."""

    kind: StepName
    request: Record


@dataclass(frozen=True)
class LookUpRemedy:
    """Ask retrieval again for the questions concerned; changes nothing."""

    k: int


@dataclass(frozen=True)
class PersonRemedy:
    """Work for a person."""

    place: Place


@dataclass(frozen=True)
class BlockedRemedy:
    """A job that cannot start as the project stands."""

    why: str


Remedy = StepRemedy | LookUpRemedy | PersonRemedy | BlockedRemedy


def remedy(fix: Fix, project: Project, settings: Settings, before: EvaluateRequest | None = None) -> Remedy:
    """Return what can be done about a fix.

    Args:
        fix: The fix.
        project: The project.
        settings: Name the base model.
        before: What the evaluation was asked that the fix comes from; evaluated again, the same items are asked.
    """
    _, name, *arguments = shlex.split(fix.command)
    options = dict(_options(arguments))
    match name:
        case "extract":
            wordings = int(options.get("--wordings", ExtractRequest().wordings))
            unanswerable = float(options.get("--unanswerable", 0))
            return StepRemedy("extract", ExtractRequest(wordings=wordings, unanswerable_share=unanswerable))
        case "mix":
            share = float(options.get("--domain-share", MixRequest().domain_share))
            return StepRemedy("mix", MixRequest(domain_share=share, drop_leaks=True))
        case "tune":
            from tools.tuning.request import tune_request

            overrides = {"epochs": float(options["--epochs"])} if "--epochs" in options else None
            try:
                return StepRemedy("tune", tune_request(project, settings, overrides=overrides))
            except DomainsmithError as error:
                return BlockedRemedy(str(error))
        case "evaluate":
            asked = {field: options[option] for option, field in _READING.items() if option in options}
            kept = {} if before is None else before.model_dump(mode="json")
            return StepRemedy("evaluate", EvaluateRequest.model_validate({**kept, **asked}))
        case "retrieve":
            return LookUpRemedy(int(options.get("-k", 5)))
        case _:
            return PersonRemedy(_PLACES.get(name, "items"))


@dataclass(frozen=True)
class LookedUp:
    """Where the passage with the answer stands in what retrieval returns."""

    item: Item
    rank: int | None
    """From 1; `None` if it is not among them."""


def find_passages(items: Iterable[Item], retrieved: Iterable[Sequence[Retrieved]]) -> list[LookedUp]:
    """Return for each item the rank of the first passage that holds its answer."""
    return [LookedUp(item, _rank(item, found)) for item, found in zip(items, retrieved, strict=True)]


def _rank(item: Item, found: Sequence[Retrieved]) -> int | None:
    for rank, hit in enumerate(found, start=1):
        chunk = hit.chunk
        known = item.start is not None and item.end is not None and chunk.document == item.document
        if known and chunk.start < (item.end or 0) and (item.start or 0) < chunk.end:
            return rank
        if supports(chunk.embedded_text(), item):
            return rank
    return None


def _options(arguments: Sequence[str]) -> Iterable[tuple[str, str]]:
    """Yield option and value of a command's arguments; every option of the fixes takes a value."""
    rest = iter(arguments)
    for one in rest:
        if one.startswith("-"):
            yield one, next(rest, "")
