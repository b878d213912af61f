"""Devices and what fits on them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from agent.records.base import Record
from agent.records.tuning import ComputeType, Method

Label = Literal["measured", "datasheet", "estimated"]
Backend = Literal["cuda", "npu", "musa", "xpu", "mps", "cpu"]
Support = Literal["yes", "emulated", "no", "unknown"]


class Figure(Record):
    """Where one figure of a device comes from."""

    label: Label
    source: str


class Device(Record):
    """One device of the catalogue or the machine at hand."""

    name: str
    aliases: tuple[str, ...] = ()
    backend: Backend
    gib: float
    """Memory, GiB."""
    bandwidth_gb_s: float | None
    fp16_tflops: float | None
    int8_tops: float | None
    bf16: Support
    qlora: bool
    lora: bool
    full: bool
    compute_type: ComputeType
    """Type to train in."""
    why_not: dict[Method, str] = Field(default_factory=dict)
    """Reason for every method the device cannot do."""
    notes: tuple[str, ...] = ()
    source: str = ""
    label: Label = "datasheet"
    figures: dict[str, Figure] = Field(default_factory=dict)
    """Label and source by field: `gib`, `bandwidth_gb_s`, `fp16_tflops`, `int8_tops`."""


class MethodFit(Record):
    """Whether one method fits one device."""

    method: Method
    fits: bool
    gib_low: float
    gib_high: float
    available: bool
    """Whether the device supports the method at all."""
    why: str


class MemoryPlan(Record):
    """The shape of `plan --json`."""

    device: str
    count: int
    params_b: float
    methods: tuple[MethodFit, ...]
    start_at: Method | None
    """First rung that is available and fits; `None` if none does."""
    ladder: tuple[Method, ...]
    compute_type: ComputeType
    notes: tuple[str, ...]
