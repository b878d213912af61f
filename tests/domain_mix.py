"""A mix made by hand whose examples are all of the domain, as training reads it.

write_mix(project.mixes / "m1", [("What is the pressure of the pump?", "12 bar")])
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from agent.records.mixture import GeneralSource, MixManifest
from knowledge.files import sha256_of, write_record

Asked = Sequence[tuple[str, str]]
"""Questions with their answers."""


def lines(pairs: Asked, prefix: str) -> str:
    """Return examples as they stand in a mix, their ids the prefix and a number."""
    made = []
    for number, (question, answer) in enumerate(pairs):
        turns = [("system", "Answer briefly."), ("user", question), ("assistant", answer)]
        messages = [{"role": role, "content": content} for role, content in turns]
        made.append(json.dumps({"messages": messages, "origin": "domain", "id": f"{prefix}{number}"}))
    return "".join(f"{line}\n" for line in made)


def manifest_of(name: str, examples: int, sha256: str = "") -> MixManifest:
    """Return what such a mix says of itself."""
    return MixManifest(
        id=name,
        examples=examples,
        domain_examples=examples,
        general_examples=0,
        domain_share_examples=1.0,
        domain_share_tokens=1.0,
        requested_share=1.0,
        by="examples",
        seed=0,
        sha256=sha256,
        pairs_sha256="",
        general=GeneralSource(name="builtin", licence="CC0-1.0", sha256="", examples=0),
        documents=(),
        files={},
    )


def write_mix(folder: Path, pairs: Asked, validation: Asked = ()) -> None:
    """Write a mix into a folder that is not there yet, which gives it its name.

    Args:
        folder: The folder.
        pairs: What it trains on.
        validation: What it holds back; nothing by default.
    """
    folder.mkdir(parents=True)
    train = folder / "train.jsonl"
    train.write_text(lines(pairs, "p"), encoding="utf-8")
    if validation:
        (folder / "validation.jsonl").write_text(lines(validation, "v"), encoding="utf-8")
    write_record(folder / "manifest.json", manifest_of(folder.name, len(pairs), sha256_of(train)))
