"""Which items an evaluation asks: the sealed ones, plus the built-in ones for spokes the sealed file leaves empty."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Final

from agent.errors import EmptyError, InputError
from agent.records.base import Language
from agent.records.evaluation import Dimension, EvaluateRequest, Item
from knowledge.files import read_records
from tools.evaluation.arms import is_asked
from tools.validation.imported import question_items
from tools.workspace import Project

QUICK: Final[dict[Dimension, int]] = {
    "domain_knowledge": 90,
    "domain_knowledge_held_out": 24,
    "understanding": 20,
    "faithfulness": 24,
    "general_ability": 100,
    "instruction_following": 20,
    "syntax": 30,
    "disambiguation": 20,
    "tokenization": 30,
}
"""Limits that fit five arms of a 135M model into about three minutes on two cores; for the demonstration."""


def items_for(project: Project, request: EvaluateRequest) -> tuple[tuple[Item, ...], dict[Dimension, int]]:
    """Return the items to ask, in a fixed order, and how many of each dimension were left out by a limit.

    Raises:
        EmptyError: There are no sealed items, or none of the dimensions asked for.
        InputError: Two items share an id.
    """
    if request.questions:
        sealed = tuple(question_items(project, [Path(path) for path in request.questions]))
    else:
        sealed = tuple(read_records(project.validation, Item))
    if not sealed:
        raise EmptyError("no validation items yet", where=project.info.name, mend="`domainsmith validate` builds them")
    known = {item.dimension for item in sealed}
    languages = {item.language for item in sealed}
    # Whoever asks a file of questions wants its answers alone.
    added = [] if request.questions else [i for i in builtin_items(languages) if i.dimension not in known]
    wanted = [item for item in (*sealed, *added) if request.dimensions is None or item.dimension in request.dimensions]
    if not wanted:
        raise EmptyError(
            "no item of these dimensions", where=", ".join(request.dimensions or ()), mend="ask for others"
        )
    ids = [item.id for item in wanted]
    if len(set(ids)) < len(ids):
        double = next(name for name in ids if ids.count(name) > 1)
        raise InputError("two items share an id", where=double, mend="rebuild with `domainsmith validate`")
    chosen: list[Item] = []
    left_out: dict[Dimension, int] = {}
    for dimension in dict.fromkeys(item.dimension for item in wanted):
        group = [item for item in wanted if item.dimension == dimension]
        limit = request.limits.get(dimension, request.limit)
        kept = stratified(group, limit, request.seed)
        if len(kept) < len(group):
            left_out[dimension] = len(group) - len(kept)
        chosen.extend(kept)
    return tuple(chosen), left_out


def to_retrieve(project: Project, request: EvaluateRequest) -> tuple[Item, ...]:
    """Return the items whose questions the owner of the index has to look up before the evaluation starts."""
    items, _ = items_for(project, request)
    return tuple(item for item in items if is_asked(item, "rag"))


def stratified(items: Sequence[Item], limit: int | None, seed: int) -> tuple[Item, ...]:
    """Return at most `limit` items that mirror the mix of documents, kinds, languages and answerability."""
    if limit is None or len(items) <= limit:
        return tuple(items)
    strata: dict[tuple[str, str, str, bool], list[int]] = {}
    for index, item in enumerate(items):
        strata.setdefault((item.document, item.question_kind, item.language, item.answerable), []).append(index)
    dice = random.Random(seed)
    places: list[tuple[float, int]] = []
    for members in strata.values():
        dice.shuffle(members)
        # Spread each stratum evenly over 0..1; a cut at any point then holds every stratum in proportion.
        offset = dice.random()
        places.extend(((rank + offset) / len(members), index) for rank, index in enumerate(members))
    return tuple(items[index] for index in sorted(index for _, index in sorted(places)[:limit]))


def builtin_items(languages: Iterable[Language]) -> Iterator[Item]:
    """Yield the general-ability and instruction items that come with the product, in the languages asked for."""
    wanted = set(languages)
    for row in _rows("general_ability.jsonl"):
        if row["language"] in wanted:
            yield Item(
                id=f"general-{row['id']}",
                kind="general",
                dimension="general_ability",
                form="choice",
                language=row["language"],
                question=row["question"],
                options=tuple(row["options"]),
                correct=row["answer"],
                question_kind=row["kind"],
                source="builtin",
            )
    for row in _rows("instructions.jsonl"):
        if row["language"] in wanted:
            yield Item(
                id=f"instruction-{row['id']}",
                kind="skill",
                dimension="instruction_following",
                form="constraint",
                language=row["language"],
                question=row["prompt"],
                constraint=row["constraint"],
                question_kind=row["constraint"]["kind"],
                source="builtin",
            )


def _rows(name: str) -> Iterator[dict[str, Any]]:
    text = (resources.files("tools.evaluation") / "data" / name).read_text(encoding="utf-8")
    for line in text.splitlines():
        if line.strip():
            yield json.loads(line)
