"""How a run has gone so far: its readings and counters, stored in every checkpoint."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from agent.records.tuning import TrainingPoint


@dataclass
class Course:
    """How the run has gone so far; stored in every checkpoint."""

    points: list[dict[str, Any]] = field(default_factory=list)
    """`TrainingPoint` as plain data."""
    tokens: int = 0
    seconds: float = 0.0
    best_loss: float | None = None
    """Lowest validation loss, and the epoch it came after."""
    best_epoch: int = 0
    stale: int = 0
    """Epochs since then."""
    stopped: bool = False
    """Whether the run stopped early."""

    def history(self) -> tuple[TrainingPoint, ...]:
        """Return the readings."""
        return tuple(TrainingPoint.model_validate(point) for point in self.points)
