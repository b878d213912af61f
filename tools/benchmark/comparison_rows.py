"""The rows of a comparison that every subject has: the device, the bounds of a stated model, what it can do.

What nobody knows is a cell without label that says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from agent.policy.capabilities import STEPS
from agent.policy.memory import LADDER, supports
from agent.policy.memory_inference import largest_for_inference, usual_type
from agent.prompts.comparison import COMPARISON
from agent.prompts.phrases import fill, gib, model_size
from agent.records.base import Language
from agent.records.device_comparison import ComparedCell, ComparedRow
from agent.records.hardware import Figure, Label, Support
from tools.benchmark.bounds import (
    BATCHES,
    PROMPT,
    decode_bound,
    first_token_bound_ms,
    needed_gib,
)
from tools.benchmark.known_limits import Known, Limits
from tools.benchmark.roofline import memory_bound_below
from tools.benchmark.subjects import Chosen, said_moment

_WORKS: Final[dict[str, Support]] = {
    "supported": "yes",
    "emulated": "emulated",
    "refused": "no",
    "crashed": "no",
    "not_tried": "unknown",
}
_SURE: Final[tuple[Label, ...]] = ("estimated", "datasheet", "measured")
"""Labels, the least sure first."""


def written(value: float) -> str:
    """Write a figure with three digits that count; more say nothing."""
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.3g}"


def unknown(lang: Language, key: str = "not_known") -> ComparedCell:
    """Return the cell of what nobody knows."""
    return ComparedCell(text=fill(COMPARISON, key, lang))


def device_rows(limits: Sequence[Limits], lang: Language) -> list[ComparedRow]:
    """Return memory, bandwidth and arithmetic; fp32 only where somebody measured it."""
    columns: tuple[tuple[str, str, Callable[[Limits], Known | None]], ...] = (
        ("gib", "GiB", lambda one: one.gib),
        ("bandwidth", "GB/s", lambda one: one.bandwidth),
        ("tflops_16", "TFLOPS", lambda one: one.tflops_16),
        ("tflops_32", "TFLOPS", lambda one: one.tflops_32),
        ("int8", "TOPS", lambda one: one.tops_8),
    )
    rows = [
        ComparedRow(
            key=key,
            group="device",
            name=fill(COMPARISON, key, lang),
            unit=unit,
            better="higher",
            cells=tuple(_cell(read(one), lang) for one in limits),
        )
        for key, unit, read in columns
    ]
    return [row for row in rows if row.key != "tflops_32" or any(cell.label for cell in row.cells)]


def bound_rows(limits: Sequence[Limits], params_b: float, lang: Language) -> list[ComparedRow]:
    """Return what the figures allow a model of a size, and the largest model; all of it estimated."""
    size = model_size(params_b)
    rows = [
        ComparedRow(
            key=f"decode_{batch}",
            group="bound",
            name=fill(COMPARISON, "decode", lang, size=size, batch=batch),
            unit="tokens/s",
            better="higher",
            cells=tuple(_decode(one, params_b, batch, lang) for one in limits),
        )
        for batch in BATCHES
    ]
    return [
        *rows,
        ComparedRow(
            key="ttft",
            group="bound",
            name=fill(COMPARISON, "ttft", lang, size=size, prompt=PROMPT),
            unit="ms",
            better="lower",
            cells=tuple(_first_token(one, params_b, lang) for one in limits),
        ),
        ComparedRow(
            key="ridge",
            group="bound",
            name=fill(COMPARISON, "ridge", lang),
            cells=tuple(_ridge(one, lang) for one in limits),
        ),
        ComparedRow(
            key="largest",
            group="bound",
            name=fill(COMPARISON, "largest", lang),
            unit="B",
            better="higher",
            cells=tuple(_largest(one, lang) for one in limits),
        ),
    ]


def ability_rows(chosen: Sequence[Chosen], lang: Language) -> list[ComparedRow]:
    """Return bf16 and the training methods, the share of them that is native, and the share of a whole probe."""
    columns = [_abilities(one, lang) for one in chosen]
    rows = [
        ComparedRow(
            key=key,
            group="ability",
            name=fill(COMPARISON, key, lang),
            cells=tuple(_word(*column[key], lang) for column in columns),
        )
        for key in ("bf16", *LADDER)
    ]
    rows.append(
        ComparedRow(
            key="ability_share",
            group="ability",
            name=fill(COMPARISON, "ability_share", lang),
            better="higher",
            cells=tuple(_native(list(column.values()), lang) for column in columns),
        )
    )
    if any(one.result is not None and one.result.capabilities for one in chosen):
        rows.append(
            ComparedRow(
                key="probe_share",
                group="ability",
                name=fill(COMPARISON, "probe_share", lang),
                better="higher",
                cells=tuple(_probe_share(one, lang) for one in chosen),
            )
        )
    return rows


def _cell(known: Known | None, lang: Language) -> ComparedCell:
    if known is None:
        return unknown(lang)
    return ComparedCell(value=known.value, text=written(known.value), label=known.label, source=known.source)


def _decode(one: Limits, params_b: float, batch: int, lang: Language) -> ComparedCell:
    if one.bandwidth is None:
        return unknown(lang)
    no_room = _no_room(one, params_b, batch, lang)
    if no_room is not None:
        return no_room
    return _estimated(decode_bound(params_b, one.bandwidth.value, batch), "from_bandwidth", one.bandwidth, lang)


def _first_token(one: Limits, params_b: float, lang: Language) -> ComparedCell:
    if one.tflops_16 is None:
        return unknown(lang)
    no_room = _no_room(one, params_b, 1, lang)
    if no_room is not None:
        return no_room
    return _estimated(first_token_bound_ms(params_b, one.tflops_16.value), "from_arithmetic", one.tflops_16, lang)


def _ridge(one: Limits, lang: Language) -> ComparedCell:
    if one.bandwidth is None or one.tflops_16 is None:
        return unknown(lang)
    value = memory_bound_below(one.tflops_16.value, one.bandwidth.value)
    return _estimated(value, "from_both", one.bandwidth, lang)


def _largest(one: Limits, lang: Language) -> ComparedCell:
    if one.gib is None or one.backend is None:
        return unknown(lang)
    value = largest_for_inference(one.gib.value, usual_type(one.backend, "unknown"), one.backend)
    return _estimated(value, "from_memory", one.gib, lang).model_copy(update={"text": f"{value:g}"})


def _no_room(one: Limits, params_b: float, batch: int, lang: Language) -> ComparedCell | None:
    """Return the cell of a model that one device cannot hold, `None` where it can or nobody knows."""
    need = needed_gib(params_b, batch)
    if one.gib is None or need <= one.gib.value:
        return None
    text = fill(COMPARISON, "too_big", lang, need=gib(need), gib=gib(one.gib.value))
    return ComparedCell(text=text, label="estimated", source=_source("from_memory", one.gib, lang))


def _estimated(value: float, key: str, rests_on: Known, lang: Language) -> ComparedCell:
    return ComparedCell(value=value, text=written(value), label="estimated", source=_source(key, rests_on, lang))


def _source(key: str, rests_on: Known, lang: Language) -> str:
    return fill(COMPARISON, key, lang, label=fill(COMPARISON, f"label_{rests_on.label}", lang))


def _abilities(one: Chosen, lang: Language) -> dict[str, tuple[Support, Label, str]]:
    """Return the word, its label and its source for bf16 and every method."""
    if one.result is not None:
        own = fill(COMPARISON, "from_benchmark", lang, at=said_moment(one.result.at))
        items = [("bf16", "matmul_bf16"), *STEPS.items()]
        tried = one.result.capabilities
        return {
            key: (_WORKS[tried[item].outcome] if item in tried else "unknown", "measured", own) for key, item in items
        }
    assert one.device is not None
    device = one.device

    # Of a machine whose memory was read, nothing else is measured yet: what trains follows from its backend.
    backend = Figure(label="estimated", source=fill(COMPARISON, "from_backend", lang, backend=device.backend))
    rest = backend if device.label == "measured" else Figure(label=device.label, source=device.source)

    def of(field: str, word: Support) -> tuple[Support, Label, str]:
        known = device.figures.get(field, rest)
        return word, known.label, known.source

    words = {"bf16": of("bf16", device.bf16)}
    words.update({method: of(method, "yes" if supports(device, method) else "no") for method in LADDER})
    return words


def _word(word: Support, label: Label, source: str, lang: Language) -> ComparedCell:
    if word == "unknown":
        return unknown(lang, "not_tried" if label == "measured" else "not_known")
    return ComparedCell(text=fill(COMPARISON, word, lang), label=label, source=source)


def _native(words: Sequence[tuple[Support, Label, str]], lang: Language) -> ComparedCell:
    known = [one for one in words if one[0] != "unknown"]
    if not known:
        return unknown(lang)
    native = sum(word == "yes" for word, _, _ in known)
    # A share is no surer than the least sure of its parts.
    _, label, source = min(known, key=lambda one: _SURE.index(one[1]))
    return _part(native, len(known), label, source, lang)


def _probe_share(one: Chosen, lang: Language) -> ComparedCell:
    if one.result is None:
        return unknown(lang, "not_measured")
    tried = [found for found in one.result.capabilities.values() if found.outcome != "not_tried"]
    if not tried:
        return unknown(lang, "not_tried")
    native = sum(found.outcome == "supported" for found in tried)
    own = fill(COMPARISON, "from_benchmark", lang, at=said_moment(one.result.at))
    return _part(native, len(tried), "measured", own, lang)


def _part(part: int, whole: int, label: Label, source: str, lang: Language) -> ComparedCell:
    text = fill(COMPARISON, "share_of", lang, part=part, whole=whole)
    return ComparedCell(value=part / whole, text=text, label=label, source=source)
