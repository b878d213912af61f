"""What planted trials showed: the matrix of planted against found causes, and how often the fix helped.

report(outcomes, Path("outcomes.json"))
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.records.evaluation import Arm
from knowledge.files import write_json
from tests.planted.faults import Fault
from tools.evaluation.statistics import wilson


@dataclass(frozen=True)
class Outcome:
    """What one planted trial showed."""

    name: str
    faults: tuple[Fault, ...]
    strength: str
    affected: tuple[tuple[Arm, str], ...]
    """(arm, item) right before and wrong after."""
    found: dict[tuple[Arm, str], str]
    """Cause named for each failed (arm, item)."""
    leads: str
    """The cause that leads the list; empty without failures."""
    fix: str
    """Commands of the fixes that were applied: as many as faults were planted, from the top of the list."""
    right: tuple[int, int, int, int]
    """Items right when healthy, when broken, after the first fix, and their number."""
    restored: bool | None
    """Whether the fix brought the score back; `None` where nothing had failed or it was not tried."""

    @property
    def causes(self) -> set[str]:
        """The planted causes."""
        return {fault.cause for fault in self.faults}

    @property
    def named(self) -> int:
        """Affected items whose cause is a planted one."""
        return sum(self.found.get(one) in self.causes for one in self.affected)


def report(outcomes: Sequence[Outcome], path: Path | None) -> None:
    """Print the matrix and the shares, and write them."""
    single = [one for one in outcomes if len(one.faults) == 1 and one.affected]
    matrix: dict[str, Counter[str]] = {}
    for one in single:
        row = matrix.setdefault(one.faults[0].name, Counter())
        row.update(one.found.get(key, "-") for key in one.affected)
    for name, row in matrix.items():
        print(f"{name:20} " + ", ".join(f"{cause} {count}" for cause, count in row.most_common()))
    for label, group in (
        ("alone", single),
        ("pairs", [one for one in outcomes if len(one.faults) > 1 and one.affected]),
    ):
        if not group:
            continue
        named, affected = sum(one.named for one in group), sum(len(one.affected) for one in group)
        leads = sum(one.leads in one.causes for one in group)
        tried = [one for one in group if one.restored is not None]
        back = sum(bool(one.restored) for one in tried)
        named_share, leading, restored = _share(named, affected), _share(leads, len(group)), _share(back, len(tried))
        print(f"{label}: {len(group)} runs; named {named_share}; leads in {leading}; restored {restored}")
    if path:
        write_json(path, [as_json(one) for one in outcomes])


def as_json(one: Outcome) -> dict[str, Any]:
    """Return an outcome as plain values."""
    return {
        "name": one.name,
        "causes": sorted(one.causes),
        "strength": one.strength,
        "affected": len(one.affected),
        "named": one.named,
        "found": dict(Counter(one.found.get(key, "-") for key in one.affected)),
        "leads": one.leads,
        "fix": one.fix,
        "right": list(one.right),
        "restored": one.restored,
    }


def _share(part: int, whole: int) -> str:
    low, high = wilson(part, whole)
    return f"{part}/{whole} ({part / whole:.0%}, {low:.0%}-{high:.0%})" if whole else "0/0"
