"""What was measured of a machine: what it can do, how fast it answers and trains, and how near to its limits.

One `BenchmarkResult` is the shape of `bench --json`, of the file `bench --import` reads and of what
`bench --emit-script` prints on another machine. Every figure carries its label; nothing here is computed.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from agent.records.base import Record
from agent.records.hardware import Backend, Label
from agent.records.tuning import ComputeType, Method

Outcome = Literal["supported", "emulated", "refused", "crashed", "not_tried"]
"""`emulated`: it ran, but slower than the plain type or only by the vendor's own word; `crashed`: its process died;
`not_tried`: nothing is known, because there was nothing to try or the attempt hung, ran out of memory or never came to
its device, which says no more than that the machine was busy."""
Variant = Literal["base", "adapter", "merged", "4bit"]
Place = Literal["local", "endpoint", "script"]


class Capability(Record):
    """One thing that was really run on the device, in a process of its own."""

    outcome: Outcome
    message: str = ""
    """The error's last line, or why it counts as emulated; empty where it simply ran."""
    seconds: float | None = None
    """Wall time of the attempt without the start of its process."""
    figure: float | None = None
    """What was reached, where the attempt yields a rate."""
    unit: str = ""
    """Unit of `figure`, e.g. `TFLOPS` or `GB/s`."""


class Machine(Record):
    """The fingerprint of the machine that was measured."""

    name: str
    """The device's own name, e.g. `NVIDIA H100 80GB HBM3`, or the model an endpoint serves."""
    backend: Backend | None
    """`None` where only an endpoint was seen."""
    count: int = 1
    gib: float | None = None
    """Memory of one device, GiB."""
    cores: int | None = None
    """Processor cores that the process may use."""
    system: str = ""
    """Operating system and processor architecture."""
    driver: str = ""
    """Version of the accelerator's driver or stack, where it tells one."""
    packages: dict[str, str] = Field(default_factory=dict)
    """Versions of what the figures depend on: python, torch, transformers, the vendor's extension."""
    fingerprint: str = ""
    """First 12 hexadecimal digits of the SHA-256 of all fields above: equal for equal machines."""


class Quantiles(Record):
    """How one quantity was distributed over its repeats or tokens."""

    p50: float
    p90: float
    p95: float
    p99: float
    n: int


class Measurement(Record):
    """One point of a sweep: answers of one batch, prompt and output size."""

    variant: Variant = "base"
    model: str = ""
    compute_type: ComputeType | None = None
    batch: int
    """Prompts answered together; against an endpoint the number of requests in flight."""
    prompt_tokens: int
    output_tokens: int
    ttft_ms: float | None
    """Median time to the first token, milliseconds."""
    tpot_ms: float | None
    """Median time per output token after the first, milliseconds."""
    tokens_per_s: float | None
    """Output tokens a second over all prompts of the batch, prompt reading included."""
    peak_gib: float | None
    """Highest memory of the device or process meanwhile, GiB; `None` where nobody can read it."""
    label: Label
    ttft: Quantiles | None = None
    """Milliseconds, over requests."""
    inter_token: Quantiles | None = None
    """Milliseconds between one token and the next, over all tokens of all requests."""
    decode_tokens_per_s: float | None = None
    """Output tokens a second after the first token."""
    prefill_tokens_per_s: float | None = None
    """Prompt tokens a second until the first token."""
    goodput: float | None = None
    """Requests a second that met the stated limits."""
    goodput_limit: str = ""
    """Those limits, e.g. `TTFT 500 ms, TPOT 50 ms`."""
    joules_per_token: float | None = None
    repeats: int = 1
    """Measured repeats after the warm-up."""
    spread: float | None = None
    """(highest - lowest) / median of `tokens_per_s` over the repeats."""
    requests: int | None = None
    """Requests that were sent to an endpoint."""
    errors: dict[str, int] = Field(default_factory=dict)
    """Requests that failed, by kind; none of them counts in any other figure."""
    tokens_counted: Literal["tokenizer", "server", "estimate"] = "tokenizer"
    """How output tokens were counted."""
    prompts_counted: Literal["tokenizer", "server", "estimate"] | None = None
    """How the tokens of an endpoint's prompts were counted; `None` where the product sent them itself, token by token,
    and in results of before."""
    asked_prompt: int | None = None
    """Prompt tokens that were asked for, where a server counts them otherwise; `None` where they are exact."""
    asked_output: int | None = None
    """Most tokens of a reply that were asked for; `None` where replies are exact."""
    roofline_share: float | None = None
    """Decoding speed over what memory bandwidth would allow, 0 to 1; no surer than that bandwidth, which is labelled in
    the result's `roofline`."""


class TrainingStep(Record):
    """Steps of one method at one shape, measured."""

    method: Method
    batch: int
    tokens: int
    """Tokens of each example."""
    seconds: float
    """Median seconds of a step: forward, backward, optimizer."""
    tokens_per_s: float
    peak_gib: float | None
    steps: int
    spread: float | None = None
    """(highest - lowest) / median of the seconds of a step."""
    label: Label = "measured"
    model: str = ""
    """What was trained; empty where the result does not say it."""
    compute_type: ComputeType | None = None


class Roofline(Record):
    """The device's limits as far as they are known, and how near the best measurement came."""

    bandwidth_gb_s: float | None = None
    bandwidth_label: Label | None = None
    tflops: float | None = None
    tflops_label: Label | None = None
    compute_type: ComputeType | None = None
    memory_bound_below_batch: float | None = None
    """FLOPS over bandwidth: below this batch, decoding waits for memory (two operations and two bytes a weight)."""
    decode_limit_tokens_per_s: float | None = None
    """Bandwidth over the bytes one token must read, for the best single-prompt measurement."""
    decode_reached_tokens_per_s: float | None = None
    decode_share: float | None = None
    prefill_share: float | None = None
    """Model FLOPS utilisation at best: 2 · parameters · prompt tokens / (time to first token · FLOPS)."""


class BenchmarkResult(Record):
    """Everything one benchmark found; partial results are results and say so."""

    format: Literal["domainsmith-bench/1"] = "domainsmith-bench/1"
    place: Place
    at: str
    """Start, UTC, ISO 8601."""
    device: Machine
    endpoint: str = ""
    """Address without credentials; empty on the machine at hand."""
    capabilities: dict[str, Capability] = Field(default_factory=dict)
    measurements: tuple[Measurement, ...] = ()
    training: tuple[TrainingStep, ...] = ()
    roofline: Roofline | None = None
    complete: bool = True
    stopped: str = ""
    """Why it is not complete; empty where it is."""
    warnings: tuple[str, ...] = ()
    """What makes the figures doubtful, e.g. a noisy machine, one sentence each."""
    seconds: float = 0.0
