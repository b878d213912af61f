"""What was measured of a device overrides what the catalogue says of it.

    measured_device(find_device("S4000"), result.capabilities, "en").qlora

An item that was not tried says nothing, and the catalogue's word stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from agent.policy.memory import LADDER, supports
from agent.prompts.capabilities import MEASURED, PROBE
from agent.prompts.phrases import fill
from agent.records.base import Language
from agent.records.benchmark import Capability
from agent.records.hardware import Backend, Device, Figure, Support
from agent.records.tuning import ComputeType, Method

Capabilities = Mapping[str, Capability]

STEPS: Final[dict[Method, str]] = {"qlora": "qlora_step", "lora": "lora_step", "full": "full_step"}
"""The item that tells whether a method trains."""
SOURCE: Final = "probe of this machine"
"""Source of every cell that was measured."""
TYPE_RULE: Final = "rule of the policy: bf16 where it is native, else fp16"
"""Source of a type to train in that follows from what is known of bf16."""
_WORKS: Final = frozenset({"supported", "emulated"})
_FAILS: Final = frozenset({"refused", "crashed"})
_BF16: Final[dict[str, Support]] = {"supported": "yes", "emulated": "emulated", "refused": "no", "crashed": "no"}


def training_type(backend: Backend, capabilities: Capabilities, known: ComputeType) -> ComputeType:
    """Return the type to train in: bf16 where it is native, else fp16 with loss scaling, else fp32.

    On a processor it is fp32: an adapter's small updates get lost in the others, and little is won.

    Args:
        backend: Of the device.
        capabilities: What was tried. A product that was not tried, as where memory was short, speaks against no type.
        known: The type to train in as far as it was known before.
    """
    if backend == "cpu":
        return "fp32"
    bf16, fp16 = (_outcome(capabilities, f"matmul_{name}") for name in ("bf16", "fp16"))
    if bf16 == "supported" or (bf16 == "not_tried" and known == "bf16"):
        return "bf16"
    if fp16 == "not_tried":
        return "fp16" if known == "bf16" else known
    return "fp16" if fp16 == "supported" else "fp32"


def measured_bf16(capabilities: Capabilities) -> Support:
    """Return what a probe says of bf16; `unknown` where it was not tried."""
    return _BF16.get(_outcome(capabilities, "matmul_bf16"), "unknown")


def as_found(
    name: str, tried: Capability, known: Capabilities, backend: Backend, bf16: Support, lang: Language
) -> Capability:
    """Return what came of an attempt, emulated where the type is not native or wins nothing over fp32.

    Args:
        name: The item.
        tried: What came of it.
        known: What is known so far; the rate in fp32 decides on a processor and where the vendor says nothing.
        backend: Of the device.
        bf16: The vendor's word about bf16.
        lang: Language of the reason.
    """
    if tried.outcome != "supported" or name not in {"matmul_fp16", "matmul_bf16"}:
        return tried
    whole = known.get("matmul_fp32")
    ratio = tried.figure / whole.figure if whole and whole.figure and tried.figure is not None else None
    if name == "matmul_bf16" and bf16 in {"no", "emulated"}:
        key = "not_native_unrated" if ratio is None else "not_native"
        return tried.model_copy(update={"outcome": "emulated", "message": fill(PROBE, key, lang, ratio=_ratio(ratio))})
    by_measure = backend == "cpu" or (name == "matmul_bf16" and bf16 == "unknown")
    if by_measure and ratio is not None and ratio < 1:
        return tried.model_copy(
            update={"outcome": "emulated", "message": fill(PROBE, "slower", lang, ratio=_ratio(ratio))}
        )
    return tried


def measured_device(device: Device, capabilities: Capabilities, lang: Language = "en") -> Device:
    """Return the device with everything that was tried in place of the catalogue's word; unchanged if nothing was.

    Figures of the data sheet and the notes stay; a bandwidth and a rate that nobody knew are taken from the probe. What
    hung, ran out of memory or never came to its device was not tried: a busy machine is no property of the device.
    """
    changed = _training(device, capabilities, lang) | _arithmetic(device, capabilities)
    told = Figure(label="measured", source=SOURCE)
    figures = {**device.figures, **{name: told for name in changed if name in _CELLS}}
    if any(changed.get(method, supports(device, method)) for method in LADDER):
        compute = training_type(device.backend, capabilities, device.compute_type)
        if _outcome(capabilities, f"matmul_{compute}") in _WORKS:
            figures["compute_type"], changed["compute_type"] = told, compute
        elif compute != device.compute_type:  # follows from what failed; it was not tried itself
            figures["compute_type"] = Figure(label="estimated", source=TYPE_RULE)
            changed["compute_type"] = compute
    if not changed:
        return device
    notes = (*device.notes, *_notes(capabilities, lang))
    return device.model_copy(update={**changed, "notes": notes, "figures": figures})


_CELLS: Final = frozenset({"bf16", "bandwidth_gb_s", "fp16_tflops", *LADDER})


def _training(device: Device, capabilities: Capabilities, lang: Language) -> dict[str, Any]:
    changed: dict[str, Any] = {}
    why_not = dict(device.why_not)
    for method, item in STEPS.items():
        outcome = _outcome(capabilities, item)
        if outcome in _WORKS:
            changed[method] = True
            why_not.pop(method, None)
        elif outcome in _FAILS:
            changed[method] = False
            # Where no 4-bit layer works at all, its error is the cause; a step's own is that of loading a model.
            cause = "nf4" if method == "qlora" and _outcome(capabilities, "nf4") in _FAILS else item
            why_not[method] = fill(MEASURED, outcome, lang, why=capabilities[cause].message)
    return {**changed, "why_not": why_not} if changed else {}


def _arithmetic(device: Device, capabilities: Capabilities) -> dict[str, Any]:
    changed: dict[str, Any] = {}
    word = measured_bf16(capabilities)
    if word != "unknown":
        changed["bf16"] = word
    for cell, item in (("bandwidth_gb_s", "memory_copy"), ("fp16_tflops", "matmul_fp16")):
        found = capabilities.get(item)
        if getattr(device, cell) is None and found is not None and found.outcome == "supported" and found.figure:
            changed[cell] = round(found.figure, 3)
    return changed


def _notes(capabilities: Capabilities, lang: Language) -> tuple[str, ...]:
    trained = any(_outcome(capabilities, item) in _WORKS | _FAILS for item in STEPS.values())
    notes = [fill(MEASURED, "tried", lang)] if trained else []
    works = {name for name, found in capabilities.items() if found.outcome in _WORKS}
    if "nf4" in works and _outcome(capabilities, "nf4_double") in _FAILS:
        notes.append(fill(MEASURED, "no_double", lang, why=capabilities["nf4_double"].message))
    if "attention_sdpa_flash" not in works and _outcome(capabilities, "attention_sdpa_flash") in _FAILS:
        notes.append(fill(MEASURED, "no_flash", lang, why=capabilities["attention_sdpa_flash"].message))
    return tuple(notes)


def _outcome(capabilities: Capabilities, item: str) -> str:
    found = capabilities.get(item)
    return "not_tried" if found is None else found.outcome


def _ratio(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.2g}"
