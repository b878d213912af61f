"""What `bench` is asked to measure on the machine at hand; loads nothing, so that a page may ask for it."""

from __future__ import annotations

from typing import Literal

from agent.records.base import Record

Part = Literal["probe", "sweep", "train"]


class BenchRequest(Record):
    """What is measured on the machine at hand."""

    model: str | None = None
    """Folder, hub id or `builtin`; `None` takes the settings' base model."""
    only: Part | None = None
    """One part; `None` means all."""
    quick: bool = False
    """Fewer points, methods and repeats."""
    seed: int = 0
    """Of prompts and training tokens."""
