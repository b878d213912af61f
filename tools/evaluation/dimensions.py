"""The dimensions of an evaluation: which ask for knowledge, and the order in which all are shown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from agent.records.evaluation import Dimension

DOMAIN: Final[tuple[Dimension, ...]] = ("domain_knowledge", "domain_knowledge_held_out")
ORDER: Final[tuple[Dimension, ...]] = (
    "domain_knowledge",
    "domain_knowledge_held_out",
    "faithfulness",
    "understanding",
    "disambiguation",
    "syntax",
    "tokenization",
    "instruction_following",
    "general_ability",
)
"""Dimensions as every table and the radar, clockwise, show them; those that retrieval can change stand side by side."""


def in_order(dimensions: Iterable[Dimension]) -> tuple[Dimension, ...]:
    """Return dimensions once each, in the order in which they are shown."""
    known = set(dimensions)
    return tuple(dimension for dimension in ORDER if dimension in known)
