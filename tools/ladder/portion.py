"""Nested random parts of a mix, for the learning curve: a quarter lies within the half, the half within the whole.

Every fact keeps its part of the pairs, so that the curve tells what more pairs on the same facts would bring and not
how many facts are unknown; the general examples are cut alike, so that the share of domain data stays.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from agent.records.mixture import MixManifest
from agent.records.pairs import Pair
from knowledge.files import read_record, read_records, sha256_of, write_bytes_atomically, write_record
from tools.mixing.swept import PILOT
from tools.workspace import Project


def portion_of(project: Project, mix: str, share: float, seed: int) -> MixManifest:
    """Return the mix that holds a nested random part of another, made if it is not there.

    Its name begins as that of a pilot's mix, so that no later step takes it for a mix to train on.

    Args:
        project: The project.
        mix: Id of the whole mix.
        share: Part of its examples, above 0; 1 returns the mix itself.
        seed: Seed of the draw; the same for all parts of a curve.
    """
    whole = read_record(project.mixes / mix / "manifest.json", MixManifest)
    if share >= 1:
        return whole
    lines = (project.mixes / mix / "train.jsonl").read_bytes().splitlines(keepends=True)
    rows = [json.loads(line) for line in lines]
    facts = {pair.id: pair.fact for pair in read_records(project.pairs, Pair) if pair.fact}
    kept = nested(rows, facts, share, seed)
    chosen = [line for line, keep in zip(lines, kept, strict=True) if keep]
    domain = sum(row["origin"] == "domain" for row, keep in zip(rows, kept, strict=True) if keep)
    sha256 = hashlib.sha256(b"".join(chosen)).hexdigest()
    folder = project.mixes / f"{PILOT}-{sha256[:12]}"
    manifest = whole.model_copy(
        update={
            "id": folder.name,
            "examples": len(chosen),
            "domain_examples": domain,
            "general_examples": len(chosen) - domain,
            "domain_share_examples": domain / len(chosen),
            "sha256": sha256,
            "files": {name: str(folder / name) for name in ("train.jsonl", "validation.jsonl", "manifest.json")},
        }
    )
    if not _stands(folder, sha256):
        folder.mkdir(parents=True, exist_ok=True)
        write_bytes_atomically(folder / "train.jsonl", chosen)
        held = project.mixes / mix / "validation.jsonl"
        write_bytes_atomically(folder / "validation.jsonl", [held.read_bytes() if held.exists() else b""])
        write_record(folder / "manifest.json", manifest)  # last: by it a mix is known
    return manifest


def nested(rows: Sequence[Mapping[str, Any]], facts: Mapping[str, str], share: float, seed: int) -> list[bool]:
    """Return for every row of a mix whether a part of the given size holds it.

    Args:
        rows: Lines of the mix.
        facts: Fact by pair id.
        share: Part to keep, 0 to 1.
        seed: Seed of the draw; the parts of one seed are nested.
    """
    strata: dict[str, list[int]] = defaultdict(list)
    for number, row in enumerate(rows):
        # Pairs without a fact of their own, and the general rows, are one stratum each.
        strata[f"fact {facts[row['id']]}" if row["id"] in facts else row["origin"]].append(number)
    dice = random.Random(seed)
    places = [0.0] * len(rows)
    for name in sorted(strata):
        members = strata[name]
        dice.shuffle(members)
        offset = dice.random()
        for rank, number in enumerate(members):
            places[number] = (rank + offset) / len(members)
    wanted = max(1, round(share * len(rows)))
    first = set(sorted(range(len(rows)), key=lambda number: (places[number], number))[:wanted])
    return [number in first for number in range(len(rows))]


def _stands(folder: Path, sha256: str) -> bool:
    return (folder / "manifest.json").exists() and sha256_of(folder / "train.jsonl") == sha256
