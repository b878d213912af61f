"""The training mix and the manifest that says exactly what is in it."""

from __future__ import annotations

from typing import Literal

from agent.records.base import Record

ShareBy = Literal["examples", "tokens"]


class GeneralSource(Record):
    """Where the general part of a mix came from."""

    name: str
    """`builtin`, a file name or a dataset id."""
    licence: str
    sha256: str
    examples: int


class MixManifest(Record):
    """What is in a mix; `mixes/<id>/manifest.json` and the shape of `mix --json`."""

    id: str
    examples: int
    domain_examples: int
    general_examples: int
    domain_share_examples: float
    """Domain examples / examples."""
    domain_share_tokens: float
    """Tokens of domain examples / tokens of all, by the base model's tokenizer or, without one, by words."""
    requested_share: float
    by: ShareBy
    seed: int
    sha256: str
    """Hash of `train.jsonl`."""
    pairs_sha256: str
    """Hash over the ids of the domain pairs, in order."""
    general: GeneralSource
    documents: tuple[str, ...]
    """Ids of the documents behind the domain part."""
    files: dict[str, str]
