"""How a run has gone so far: its readings and counters, stored in every checkpoint."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from agent.records.tuning import TrainingPoint

FILE: Final = "progress.json"
"""Name of the course in a checkpoint."""


@dataclass
class Course:
    """How the run has gone so far; stored in every checkpoint."""

    points: list[dict[str, Any]] = field(default_factory=list)
    """`TrainingPoint` as plain data."""
    tokens: int = 0
    seconds: float = 0.0
    """Spent on steps, those of lost attempts, validating and saving left out."""
    saving: float = 0.0
    """Seconds spent writing checkpoints."""
    best_loss: float | None = None
    """Lowest validation loss, and the epochs trained when it was read."""
    best_epoch: float = 0
    stale: int = 0
    """Validations since then."""
    stopped: bool = False
    """Whether the run stopped early."""
    finished: bool = False
    """Whether no step is left; a run that stopped early has none left either."""

    def history(self) -> tuple[TrainingPoint, ...]:
        """Return the readings."""
        return tuple(TrainingPoint.model_validate(point) for point in self.points)

    def write(self, folder: Path) -> None:
        """Write the course into a checkpoint."""
        (folder / FILE).write_text(json.dumps(asdict(self)), encoding="utf-8")


def course_of(checkpoint: Path | None) -> Course:
    """Return the course a checkpoint holds, a new one without a checkpoint."""
    if checkpoint is None:
        return Course()
    return Course(**json.loads((checkpoint / FILE).read_text(encoding="utf-8")))
