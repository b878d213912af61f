"""Devices and benchmarks side by side: one row a quantity, one cell a subject, every known figure with its label."""

from __future__ import annotations

from typing import Literal

from agent.records.base import Record
from agent.records.benchmark import Place

RowGroup = Literal["device", "bound", "ability", "measured", "cost"]
"""`bound`: what the device's figures allow a model of the stated size; `measured`: what benchmarks found; `cost`: what
follows from a price that somebody gave, and nothing where nobody did."""
CellLabel = Literal["measured", "datasheet", "estimated", "given"]
"""As `agent.records.hardware.Label`, and `given`: by whoever uses the product."""


class ComparedCell(Record):
    """One figure or word of one subject."""

    value: float | None = None
    """In the row's unit; `None` where nobody knows it, and where the row holds words."""
    text: str
    """As it is shown, without unit; where nobody knows it, this says so and why."""
    label: CellLabel | None = None
    """How it is known; `None` where nobody knows it."""
    source: str = ""
    spread: float | None = None
    """(highest - lowest) / median over the repeats, where it was measured more than once."""
    about: str = ""
    """Model and point that the figure is of, where the row does not say it for all."""


class ComparedRow(Record):
    """One quantity of all subjects; it is of one model, or each cell says of which."""

    key: str
    group: RowGroup
    name: str
    """In the language of the comparison; names the model where there is one."""
    unit: str = ""
    better: Literal["higher", "lower"] | None = None
    cells: tuple[ComparedCell, ...]

    @property
    def mixed(self) -> bool:
        """Whether its figures are of different models or points, so that an axis with all of them must say so."""
        return len({cell.about for cell in self.cells if cell.value is not None}) > 1


class ComparedSubject(Record):
    """A device of the catalogue, or one benchmark."""

    id: str
    """Name in the catalogue, or the result's file without its ending."""
    name: str
    """Differs from every other subject's."""
    kind: Literal["catalogue", "benchmark"]
    place: Place | None = None
    """Where it was measured."""
    at: str = ""
    """When, UTC, ISO 8601."""
    complete: bool = True
    stopped: str = ""
    """Why a benchmark is not complete."""
    warnings: tuple[str, ...] = ()


class DeviceComparison(Record):
    """Everything of a comparison; the shape of `bench --compare --json`."""

    format: Literal["domainsmith-comparison/1"] = "domainsmith-comparison/1"
    params_b: float
    """Size of the model that the bounds are of, thousand millions of parameters; its weights have 16 bits."""
    subjects: tuple[ComparedSubject, ...]
    rows: tuple[ComparedRow, ...]
    notes: tuple[str, ...]
    """What has to be known to read the rows, one sentence each."""

    def row(self, key: str) -> ComparedRow | None:
        """Return the row of that key, `None` if the comparison has none."""
        return next((row for row in self.rows if row.key == key), None)
