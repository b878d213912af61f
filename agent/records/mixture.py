"""The training mix and the manifest that says exactly what is in it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from agent.records.base import Record

ShareBy = Literal["examples", "tokens"]
PersonalChoice = Literal["keep", "mask", "drop"]


class GeneralSource(Record):
    """Where the general part of a mix came from."""

    name: str
    """`builtin`, a file name or a dataset id."""
    licence: str
    sha256: str
    """Hash of the file's bytes; of a data set without a file, of its examples as JSON lines."""
    examples: int
    made_by: str = ""
    """The base model that wrote the examples itself; empty if they come from elsewhere."""


class PersonalReport(Record):
    """The personal data found in the examples of a mix, and what was done about it."""

    choice: PersonalChoice
    by_kind: dict[str, int] = Field(default_factory=dict)
    """Kind of personal data to how many were found: email, phone, resident_id, ssn, iban, card, passport, ip, name."""
    examples: int = 0
    """Examples that hold any, validation examples included."""
    ids: tuple[str, ...] = ()
    """The first of these examples, at most 100; of domain examples the pair ids."""
    people: bool = False
    """Whether names that nothing introduces were looked for too."""


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
    accepted_sha256: str = ""
    """Hash over all accepted pairs when the mix was made; another one now means that the mix is out of date."""
    general: GeneralSource
    documents: tuple[str, ...]
    """Ids of the documents behind the domain part."""
    files: dict[str, str]
    general_repeats: int = 1
    """Most times that one general example occurs."""
    validation_examples: int = 0
    """Domain examples kept for the validation loss."""
    leaks_dropped: int = 0
    """Examples left out because they shared something with a sealed item or a held-out document."""
    personal: PersonalReport = PersonalReport(choice="keep")
    duplicates_dropped: int = 0
    """General examples left out because they repeat another example."""
    general_strata: dict[str, int] = Field(default_factory=dict)
    """General examples by source, kind and language, as far as the data says; the fifty largest groups."""
    token_unit: Literal["tokens", "words"] = "words"
    """What `domain_share_tokens` counts: the base model's tokens, or words (characters for Chinese)."""
    notes: tuple[str, ...] = ()
    """What was chosen and why, in sentences."""


class SharePoint(Record):
    """What a short pilot with one share of domain data showed, against the untuned base."""

    share: float = Field(gt=0, le=1)
    """Domain examples / examples."""
    domain_gain: float
    """Gain on the domain items, a fraction."""
    general_drop: float
    """Loss of general ability, a fraction; negative if it grew."""
