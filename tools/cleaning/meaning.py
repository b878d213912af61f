"""Texts that mean nearly the same, by their embeddings."""

from __future__ import annotations

from typing import Final

import numpy as np

from knowledge.encoders import Vectors
from tools.cleaning.near import Twin

SAME_MEANING: Final = 0.95
"""Cosine from which two texts count as meaning the same; ours, to be looked at before anything goes."""
_BLOCK: Final = 1024
"""Rows compared at a time; bounds the memory to a block times all rows."""


def alike_in_meaning(vectors: Vectors, threshold: float = SAME_MEANING) -> dict[int, Twin]:
    """Return the rows that mean nearly the same as an earlier row which stays itself, with the most alike such row.

    Args:
        vectors: One row a text, each of length 1.
        threshold: Cosine from which two count as the same.
    """
    stays = np.ones(len(vectors), dtype=np.bool_)
    twins: dict[int, Twin] = {}
    for begin in range(0, len(vectors), _BLOCK):
        block = vectors[begin : begin + _BLOCK]
        alike = block @ vectors[: begin + len(block)].T
        for number in np.flatnonzero((alike >= threshold).sum(axis=1) > 1).tolist():
            row = begin + number
            earlier = np.where(stays[:row], alike[number, :row], -1.0)
            best = int(earlier.argmax()) if row else 0
            if row and earlier[best] >= threshold:
                stays[row] = False
                twins[row] = Twin(best, float(min(1.0, earlier[best])), "meaning")
    return twins
