"""How many examples of each kind make the asked share, and which ones. Pure."""

from __future__ import annotations

import random
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from agent.errors import InputError
from agent.prompts.mixing import mix_note
from agent.records.base import Language
from tools.mixing.domain import W, giving_way
from tools.mixing.request import MixRequest
from tools.mixing.strata import draws_of, ordered

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Portions:
    """The chosen examples, by number."""

    domain: Numbers
    """Numbers of domain examples, in their order."""
    general: Numbers
    """Numbers of general examples, in the order of the choice; a repeated one occurs again."""
    copies: Numbers
    """For each of `general`, the how-manieth occurrence it is, from 1."""
    repeats: int
    """Most times one general example occurs."""
    notes: tuple[str, ...]


def portion(
    pairs: Sequence[W],
    weigh: Callable[[int], int] | None,
    general: Numbers,
    strata: npt.NDArray[np.int32],
    request: MixRequest,
    lang: Language = "en",
) -> Portions:
    """Choose the examples so that the domain share is met to one example.

    All domain pairs are used and general ones are added up to the share. Where these are too few, they repeat as often
    as the request allows; beyond that the domain part shrinks only if the request says so.

    Args:
        pairs: Domain pairs that may train.
        weigh: Tokens of the domain pair of a number; `None` for a share by examples.
        general: Tokens of each general example, 1 each for a share by examples; 0 for one that may not be used.
        strata: Group of each general example.
        request: The share and how to reach it.
        lang: Language of the notes.

    Raises:
        InputError: There is not enough general data for the share; says what would help.
    """
    notes: list[str] = []
    leaving: Numbers | None = None
    chosen = np.arange(len(pairs), dtype=np.int64)

    def keep(count: int) -> Numbers:
        nonlocal leaving
        if leaving is None:
            leaving = np.array(giving_way(pairs, request.seed), dtype=np.int64)
        return np.sort(leaving[len(pairs) - count :])

    if request.max_domain is not None and len(pairs) > request.max_domain:
        chosen = keep(request.max_domain)
        notes.append(mix_note("max_domain", lang, chosen=len(chosen), pairs=len(pairs)))
    none = np.zeros(0, dtype=np.int64)
    if request.domain_share == 1:
        return Portions(chosen, none, none, 1, (*notes, mix_note("no_general", lang)))
    usable = np.flatnonzero(general > 0)
    most = int(general.sum()) * request.general_repeats
    factor = (1 - request.domain_share) / request.domain_share
    weights = np.ones(len(pairs), dtype=np.int64) if weigh is None else _weighed(chosen, len(pairs), weigh)
    wanted = int(weights[chosen].sum()) * factor
    if wanted > most + 0.5:
        limit = _fitting(weights, keep, len(chosen), most / factor)
        if not request.fit_domain or limit < 1:
            raise InputError(
                f"{request.domain_share:.0%} domain data needs {wanted:.0f} general {request.by} beside "
                f"{len(chosen)} pairs; "
                f"{len(usable)} examples repeated {request.general_repeats} times give {most}",
                mend=f"give more general data, allow more repeats, use at most {max(limit, 1)} pairs (max_domain), "
                "let the domain part shrink (fit_domain), or choose a larger share",
            )
        chosen = keep(limit)
        notes.append(mix_note("fit_domain", lang, chosen=len(chosen), pairs=len(pairs)))
        wanted = int(weights[chosen].sum()) * factor
    added, copies = _up_to(general, usable, strata, wanted, request)
    repeats = int(copies.max()) if len(copies) else 1
    if repeats > 1:
        notes.append(mix_note("repeats", lang, usable=len(usable), repeats=repeats))
    return Portions(chosen, added, copies, repeats, tuple(notes))


def shuffled(count: int, seed: int) -> array[int]:
    """Return the numbers below `count` in a seeded order."""
    order = array("q", range(count))
    random.Random(seed).shuffle(order)
    return order


def _weighed(chosen: Numbers, count: int, weigh: Callable[[int], int]) -> Numbers:
    weights = np.zeros(count, dtype=np.int64)
    for number in chosen.tolist():
        weights[number] = weigh(number)
    return weights


def _up_to(
    general: Numbers, usable: Numbers, strata: npt.NDArray[np.int32], wanted: float, request: MixRequest
) -> tuple[Numbers, Numbers]:
    """Return the choice whose weight is nearest to the wanted one; no second copy before every first one."""
    parts: list[Numbers] = []
    copies: list[Numbers] = []
    total = 0.0
    whole = float(general.sum())
    for copy in range(1, request.general_repeats + 1):
        if not len(usable):
            break
        order = usable[ordered(strata[usable], draws_of(request.seed, copy, len(general))[usable])]
        if total + whole <= wanted:
            taken = order
        else:
            reached = total + np.cumsum(general[order])
            below = int(np.searchsorted(reached, wanted, side="right"))
            before = float(reached[below - 1]) if below else total
            # One more where that is as near or nearer.
            below += bool(below < len(order) and abs(float(reached[below]) - wanted) <= abs(before - wanted))
            taken = order[:below]
        parts.append(taken)
        copies.append(np.full(len(taken), copy, dtype=np.int64))
        total += float(general[taken].sum())
        if len(taken) < len(order) or total >= wanted:
            break
    none = np.zeros(0, dtype=np.int64)
    return (np.concatenate(parts), np.concatenate(copies)) if parts else (none, none)


def _fitting(weights: Numbers, keep: Callable[[int], Numbers], most: int, room: float) -> int:
    """Return how many pairs fit a weight."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if weights[keep(middle)].sum() <= room + 1e-9 else (low, middle - 1)
    return low
