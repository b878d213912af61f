"""Seeded orders in which every group has its share of every beginning, so that no group is starved. Pure."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

_MASK: Final = (1 << 64) - 1


def interleaved(groups: npt.NDArray[np.int32], draws: npt.NDArray[np.uint64]) -> list[int]:
    """Return an order of the members in which each beginning holds the groups in proportion to their sizes.

    One member of every group comes first, the largest group's before others; so a beginning that has room for one of
    each has one of each.

    Args:
        groups: Group of each member, numbered from 0.
        draws: A random number for each member, which decides within a group.
    """
    return [int(member) for member in ordered(groups, draws)]


def ordered(groups: npt.NDArray[np.int32], draws: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """Return what `interleaved` does, as an array."""
    if not len(groups):
        return np.zeros(0, dtype=np.int64)
    by_group = np.lexsort((draws, groups))
    sizes = np.bincount(groups)
    starts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    rank = np.empty(len(groups), dtype=np.int64)
    rank[by_group] = np.arange(len(groups)) - starts[groups[by_group]]
    size = sizes[groups]
    place = np.where(rank == 0, -size.astype(np.float64), (rank + 0.5) / size)
    return np.lexsort((draws, place, rank > 0)).astype(np.int64)


def draws_of(seed: int, copy: int, count: int) -> npt.NDArray[np.uint64]:
    """Return a seeded random number for each of `count` rows, the same on every machine and for every count.

    The function is that of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
    """
    start = np.uint64((seed * 0x9E3779B97F4A7C15 + copy * 0xD1B54A32D192ED03) & _MASK)
    with np.errstate(over="ignore"):
        state = start + (np.arange(1, count + 1, dtype=np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        drawn: npt.NDArray[np.uint64] = state ^ (state >> np.uint64(31))
    return drawn
