"""Devices and what fits on them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from agent.records.base import Record
from agent.records.tuning import ComputeType, Method

Label = Literal["measured", "datasheet", "estimated"]
"""`measured` is what ran or was read off the machine, `datasheet` the maker's own word, in a document or by the driver,
`estimated` everything else."""
Backend = Literal["cuda", "npu", "musa", "xpu", "mps", "cpu"]
Support = Literal["yes", "emulated", "no", "unknown"]


class Figure(Record):
    """Where one figure of a device comes from."""

    label: Label
    source: str


class Price(Record):
    """What somebody says that one device costs."""

    amount: float = Field(gt=0)
    """Of an hour of one device, in the currency of whoever says it."""
    source: str
    """Where the figure comes from, in their words."""


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
    link_gb_s: float | None = None
    """Bandwidth to other devices of the same machine, GB/s; `None` where it is not known."""
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
    """Where each cell comes from, by field: the figures, `backend`, `bf16`, `compute_type` and the methods."""


class ModelShape(Record):
    """The architecture of a decoder-only transformer, as far as memory and arithmetic depend on it."""

    layers: int = Field(ge=1)
    hidden: int = Field(ge=1)
    """Width of the residual stream."""
    intermediate: int = Field(ge=1)
    """Width inside the gated MLP."""
    heads: int = Field(ge=1)
    """Attention heads of the queries."""
    kv_heads: int = Field(ge=1)
    """Attention heads of keys and values."""
    head_size: int = Field(ge=1)
    vocabulary: int = Field(ge=1)
    """Rows of the embedding."""
    tied_embeddings: bool = False
    """Whether the output layer shares the embedding's weights."""
    positions: int | None = None
    """Longest sequence the model was made for, tokens; `None` if its configuration does not say."""
    typical: bool = False
    """Derived from the number of parameters alone, not read from a model."""


class Workload(Record):
    """What one optimizer step of a training computes."""

    batch: int = Field(default=16, ge=1)
    """Examples per optimizer step."""
    length: int = Field(default=512, ge=1)
    """Tokens of each example."""
    learnt: float = Field(default=0.5, gt=0, le=1)
    """Share of the tokens that are learnt; logits are computed for these alone."""
    rank: int = Field(default=16, ge=1)
    """LoRA rank, on all linear layers."""
    dropout: bool = False
    """Whether the adapter drops inputs, which keeps two copies more of each."""
    checkpointing: bool | None = None
    """Whether activations are recomputed in the backward pass; `None` is the trainer's way: on accelerators alone."""
    row_tokens: int | None = None
    """Tokens computed at once, above which the batch is accumulated in equal parts; `None` computes it whole."""
    attention: Literal["sdpa", "eager"] = "sdpa"
    """`eager` keeps the scores of every pair of tokens."""


class MemoryParts(Record):
    """What takes the memory of a training, GiB, each part at its own largest."""

    weights: float
    """The base model: 4 bits and constants where quantised, else at the width it is loaded in."""
    adapter: float
    gradients: float
    optimizer: float
    """Moments of AdamW."""
    activations: float
    """Kept for the backward pass, logits included."""
    workspace: float
    """Temporary: a dequantised weight, the optimizer's intermediates, a gathered layer."""
    allocator: float
    """Freed memory between live tensors that the allocator keeps."""
    overhead: float
    """The process with its libraries, or the device's context."""
    weight_file: float = 0.0
    """Pages of the mapped weight file that are resident and not needed; the system takes them back when it has to."""
    total: float
    """Most that is held, `weight_file` aside: less than the sum, since gradients come as activations go."""


class MethodFit(Record):
    """Whether one method fits one device."""

    method: Method
    fits: bool
    gib_low: float
    gib_high: float
    available: bool
    """Whether the device supports the method at all."""
    why: str
    published: tuple[float, float] | None = None
    """Published estimates of a model of that size, GiB, which the range takes in; `None` as with `parts`."""
    parts: MemoryParts | None = None
    """What the memory goes to, estimated; `None` where a plan was asked for nothing but the fit."""
    seconds_low: float | None = None
    """Least time to train on the plan's `tokens`; `None` where nothing says how fast the device is."""
    seconds_high: float | None = None
    largest_params_b: float | None = None
    """Largest model that fits whole, thousand millions of parameters; 0 if none does."""
    largest_batch: int | None = None
    """Most examples of the plan's length computed at once that fit; 0 if not one does. More are accumulated."""
    largest_length: int | None = None
    """Longest example, in tokens, that fits by itself; 0 if none does."""


class InferenceFit(Record):
    """What answering takes on one device, estimated."""

    compute_type: ComputeType
    """Type that the device answers in, which need not be the one it trains in: of the cache, and of all weights that
    are not quantised."""
    quantised: bool = False
    """Whether the linear layers are in 4 bit (NF4)."""
    weights_gib: float
    kv_bytes_per_token: int
    """2 · layers · kv heads · head size · bytes of a number."""
    largest_context: int
    """Most tokens of all conversations at once that fit beside the weights; 0 if not even the weights do."""
    largest_params_b: float
    """Largest typical model that fits with one conversation of 2,176 tokens, thousand millions of parameters, rounded
    down; 0 if none does."""


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
    label: Label = "estimated"
    """Of every figure of the plan."""
    model: str = ""
    """What was planned for where it was named, e.g. `builtin` or a hub id."""
    shape: ModelShape | None = None
    workload: Workload | None = None
    tokens: int | None = None
    """Training tokens that the times are for."""
    inference: InferenceFit | None = None
    inference_4bit: InferenceFit | None = None
    """The same with the linear layers in 4 bit; `None` where no 4-bit layer is known to work on the device."""
    figure_notes: int = 0
    """How many of the last notes say what the figures rest on."""
