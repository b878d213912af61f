"""Small builders, so that a test names only what matters to it."""

from __future__ import annotations

from typing import Any

from agent.policy.power import wilson_interval
from agent.records.evaluation import Arm, Comparison, Dimension, Estimate, EvaluationReport
from agent.records.hardware import Device
from agent.records.profile import HardwareItem, Measured, Profile
from knowledge.guide.library import load_library

ARTICLES = frozenset(load_library().ids())
"""What a reason may cite."""


def device(name: str, gib: float, backend: str = "cuda", **changes: Any) -> Device:
    """A device that can do everything unless told otherwise."""
    values: dict[str, Any] = {
        "name": name,
        "backend": backend,
        "gib": gib,
        "bandwidth_gb_s": None,
        "fp16_tflops": None,
        "int8_tops": None,
        "bf16": "yes",
        "qlora": True,
        "lora": True,
        "full": True,
        "compute_type": "bf16",
    }
    return Device(**(values | changes))


A800 = device("NVIDIA A800", 80, aliases=("a800", "A800-80G"))
T4 = device("NVIDIA T4", 16, bf16="no", compute_type="fp16", notes=("FlashAttention needs Ampere or newer",))
S4000 = device("Moore Threads S4000", 48, "musa", qlora=False)
S3000 = device(
    "Moore Threads S3000",
    32,
    "musa",
    qlora=False,
    lora=False,
    full=False,
    bf16="emulated",
    why_not={"lora": "no published torch_musa wheel"},
)
ASCEND_910A = device("Ascend 910A", 32, "npu", bf16="no", compute_type="fp16", qlora=False)
ASCEND_910B = device(
    "Ascend 910B",
    64,
    "npu",
    qlora=False,
    why_not={"qlora": "needs a self-built bitsandbytes without double quantization"},
)
CPU = device("CPU", 8, "cpu", bf16="emulated", compute_type="fp32")
DEVICES = {one.name: one for one in (A800, T4, S4000, S3000, ASCEND_910A, ASCEND_910B, CPU)}


def profile(**fields: Any) -> Profile:
    """A profile; `device=` names one device, `measured=` takes a mapping."""
    name = fields.pop("device", None)
    if name is not None:
        fields["hardware"] = (HardwareItem(device=name, count=fields.pop("count", 1)),)
    if "measured" in fields:
        fields["measured"] = Measured(**fields["measured"])
    return Profile(**fields)


def estimate(mean: float, n: int) -> Estimate:
    """A rate with its Wilson interval."""
    low, high = wilson_interval(mean, n)
    return Estimate(mean=mean, low=low, high=high, n=n, chance=0.0, normalised=mean, errors=0)


def comparison(
    a: Arm,
    b: Arm,
    difference: float,
    low: float,
    high: float,
    n: int = 92,
    dimension: Dimension = "domain_knowledge",
    smallest: float | None = None,
) -> Comparison:
    """A paired difference with the verdict its interval gives."""
    verdict = "b_better" if low > 0 else "a_better" if high < 0 else "no_difference_shown"
    return Comparison(
        a=a,
        b=b,
        dimension=dimension,
        difference=difference,
        low=low,
        high=high,
        p=0.5,
        n=n,
        verdict=verdict,
        smallest_detectable=smallest,
    )


def report(
    means: dict[Arm, float] | None = None,
    *comparisons: Comparison,
    n: int = 92,
    dimension: Dimension = "domain_knowledge",
    others: dict[Dimension, dict[Arm, tuple[float, int]]] | None = None,
) -> EvaluationReport:
    """A report with one mean an arm on the deciding dimension, and further spokes as `(mean, n)`."""
    arms: dict[Arm, dict[Dimension, Estimate]] = {
        arm: {dimension: estimate(mean, n)} for arm, mean in (means or {}).items()
    }
    for spoke, scores in (others or {}).items():
        for arm, (mean, items) in scores.items():
            arms.setdefault(arm, {})[spoke] = estimate(mean, items)
    return EvaluationReport(
        run="20261101T000000Z-evaluate",
        tune_run=None,
        base_model="builtin",
        items_sha256="0" * 64,
        languages=("en",),
        arms=arms,
        comparisons=comparisons,
        seconds={},
    )
