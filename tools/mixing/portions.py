"""How many examples of each kind make the asked share, and which ones. Pure."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from agent.errors import InputError
from agent.records.pairs import Pair
from tools.extraction.wordings import MIN_WORDINGS
from tools.mixing.example import Example
from tools.mixing.request import MixRequest


@dataclass(frozen=True)
class Portions:
    """The chosen examples."""

    domain: tuple[Example, ...]
    general: tuple[Example, ...]
    repeats: int
    """Most times one general example occurs."""
    notes: tuple[str, ...]


def portion(
    pairs: Sequence[Pair], general: Sequence[Example], request: MixRequest, size: Callable[[Example], int]
) -> Portions:
    """Choose the examples so that the domain share is met to one example.

    All domain pairs are used and general ones are added up to the share. Where these are too few, they repeat as often
    as the request allows; beyond that the domain part shrinks only if the request says so.

    Args:
        pairs: Domain pairs that may train.
        general: General examples.
        request: The share and how to reach it.
        size: Tokens of an example, for a share by tokens.

    Raises:
        InputError: There is not enough general data for the share; says what would help.
    """
    weigh = size if request.by == "tokens" else _one
    notes = []
    chosen = list(pairs)
    if request.max_domain is not None and len(chosen) > request.max_domain:
        chosen = thin(chosen, request.max_domain, request.seed)
        notes.append(f"{len(chosen)} of {len(pairs)} domain pairs, as asked (max_domain)")
    domain = [_domain(pair) for pair in chosen]
    if request.domain_share == 1:
        return Portions(tuple(domain), (), 1, (*notes, "no general data: a share of 100% was asked for"))
    pool = _repeated(general, request.general_repeats, request.seed)
    most = sum(weigh(example) for example in pool)
    factor = (1 - request.domain_share) / request.domain_share
    wanted = sum(weigh(example) for example in domain) * factor
    if wanted > most + 0.5:
        limit = _fitting(chosen, most / factor, weigh, request.seed)
        if not request.fit_domain or limit < 1:
            raise InputError(
                f"{request.domain_share:.0%} domain data needs {wanted:.0f} general {request.by} beside "
                f"{len(domain)} pairs; "
                f"{len(general)} examples repeated {request.general_repeats} times give {most}",
                mend=f"give more general data, allow more repeats, use at most {max(limit, 1)} pairs (max_domain), "
                "let the domain part shrink (fit_domain), or choose a larger share",
            )
        chosen = thin(chosen, limit, request.seed)
        notes.append(
            f"{len(chosen)} of {len(pairs)} domain pairs: the general data gives no more at this share (fit_domain)"
        )
        domain = [_domain(pair) for pair in chosen]
        wanted = sum(weigh(example) for example in domain) * factor
    added = _up_to(pool, wanted, weigh)
    repeats = max((int(example.id.rpartition("#")[2]) if "#" in example.id else 1 for example in added), default=1)
    if repeats > 1:
        notes.append(f"{len(general)} general examples are too few for the share; some occur up to {repeats} times")
    return Portions(tuple(domain), tuple(added), repeats, tuple(notes))


def thin(pairs: Sequence[Pair], limit: int, seed: int) -> list[Pair]:
    """Leave out pairs down to `limit`, keeping at least four wordings a fact as long as any fact has more.

    The fact with most pairs loses one first; when all have four, whole facts go. Order is kept.
    """
    groups: dict[str, list[Pair]] = {}
    for pair in sorted(pairs, key=lambda pair: _draw(seed, pair.id)):
        groups.setdefault(pair.fact or pair.id, []).append(pair)
    excess = len(pairs) - limit
    while excess > 0:
        longest = max(groups, key=lambda fact: (len(groups[fact]), _draw(seed, fact)))
        if len(groups[longest]) > MIN_WORDINGS:
            # Pairs without a passage come last in the draw, so reading pairs give way first.
            groups[longest].sort(key=lambda pair: (pair.kind not in ("reading", "unanswerable"), _draw(seed, pair.id)))
            groups[longest].pop(0)
            excess -= 1
            continue
        fact = min(groups, key=lambda key: _draw(seed, f"fact:{key}"))
        dropped = groups[fact][:excess]
        groups[fact] = groups[fact][excess:]
        if not groups[fact]:
            del groups[fact]
        excess -= len(dropped)
    kept = {pair.id for members in groups.values() for pair in members}
    return [pair for pair in pairs if pair.id in kept]


def shuffled(examples: Iterable[Example], seed: int) -> list[Example]:
    """Return the examples in a seeded order."""
    ordered = list(examples)
    random.Random(seed).shuffle(ordered)
    return ordered


def _one(_: Example) -> int:
    return 1


def _domain(pair: Pair) -> Example:
    return Example.of(pair.id, "domain", pair.messages)


def _draw(seed: int, key: str) -> str:
    return hashlib.sha256(f"{seed}:{key}".encode()).hexdigest()


def _repeated(general: Sequence[Example], repeats: int, seed: int) -> list[Example]:
    """Return the general examples in a seeded order, as often as allowed; no second copy before every first one."""
    pool: list[Example] = []
    for copy in range(1, repeats + 1):
        ordered = sorted(general, key=lambda example: _draw(seed, f"{copy}:{example.id}"))
        pool += [e if copy == 1 else e.model_copy(update={"id": f"{e.id}#{copy}"}) for e in ordered]
    return pool


def _up_to(pool: Sequence[Example], wanted: float, weigh: Callable[[Example], int]) -> list[Example]:
    """Return the beginning of the pool whose weight is nearest to the wanted one."""
    total = 0.0
    for number, example in enumerate(pool):
        after = total + weigh(example)
        if abs(after - wanted) > abs(total - wanted):
            return list(pool[:number])
        total = after
    return list(pool)


def _fitting(pairs: Sequence[Pair], room: float, weigh: Callable[[Example], int], seed: int) -> int:
    """Return how many pairs fit a weight."""
    low, high = 0, len(pairs)
    while low < high:
        middle = (low + high + 1) // 2
        weight = sum(weigh(_domain(pair)) for pair in thin(pairs, middle, seed))
        low, high = (middle, high) if weight <= room + 1e-9 else (low, middle - 1)
    return low
