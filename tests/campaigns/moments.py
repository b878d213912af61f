"""When to kill: moments drawn over what a piece of work has left to do, and where the kills that landed fell.

Start-up, in which nothing is done yet, takes longer than many a job. It is timed apart and gets a fixed part of the
kills; the others come between the first sign of work and its end. Only a kill that ended a living process counts.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from statistics import median, quantiles

START_UP_SHARE = 0.1
"""Part of the kills that come before the first sign of work."""
LEAST_LEFT = 0.3
"""Part of the whole work that is always taken to be left: a resumed job also looks at what it has done already."""


@dataclass
class Pace:
    """How long an undisturbed attempt takes, in seconds."""

    start_up: list[float] = field(default_factory=list)
    work: list[float] = field(default_factory=list)

    def start_up_moment(self, chance: random.Random) -> float:
        """Draw a moment of the start-up, in seconds after its begin."""
        return chance.uniform(0.0, median(self.start_up))


@dataclass
class Left:
    """What one job has left to do."""

    pace: Pace
    kept: bool
    """Whether a resumed job goes on where it stood; one that does not begins again."""
    worked: float = 0.0
    """Seconds of work that earlier attempts did."""

    def moment(self, chance: random.Random) -> float:
        """Draw a moment of the work that is left, in seconds after its first sign."""
        whole = median(self.pace.work)
        left = max(LEAST_LEFT * whole, whole - self.worked) if self.kept else whole
        return chance.uniform(0.0, left)


@dataclass
class Tally:
    """The kills of one kind of work."""

    kind: str
    jobs: int = 0
    in_start_up: int = 0
    at_work: list[float] = field(default_factory=list)
    """Moments of the kills that came at work, as parts of an undisturbed job."""
    late: int = 0
    """Moments at which the job had ended already; they count as no kill."""
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)

    @property
    def kills(self) -> int:
        """Kills that ended a living process."""
        return self.in_start_up + len(self.at_work)


def table(tallies: list[Tally]) -> str:
    """Return a line for each kind of work."""
    lines = [
        "| work | kills | at work | in start-up | too late | jobs | quartiles of the moments | seconds | faults |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for one in tallies:
        cuts = ", ".join(f"{cut:.0%}" for cut in quantiles(one.at_work, n=4)) if len(one.at_work) > 1 else "–"
        counts = (one.kills, len(one.at_work), one.in_start_up, one.late, one.jobs)
        cells = (one.kind, *counts, cuts, f"{one.seconds:.0f}", len(one.faults))
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)
