"""How long a step takes, as one number for a page; what is known of a step is told by `tools.forecast.step_facts`."""

from __future__ import annotations

from dataclasses import dataclass

from agent.records.base import Record
from agent.records.job import JobKind
from agent.settings import Settings
from tools.forecast import step_facts
from tools.workspace import Project


@dataclass(frozen=True)
class Forecast:
    """What a step will take."""

    seconds: float | None
    """The upper end of the estimate; `None` if nothing is known."""


def forecast(project: Project, settings: Settings, kind: JobKind, request: Record) -> Forecast:
    """Return how long a step takes at most, as far as it is known."""
    return Forecast(step_facts(project, settings, kind, request).seconds_high)
