"""The rows of a comparison that only benchmarks fill: a row is of one model at one point, so its figures compare.

Points that differ in model, kind of weights, number type, batch or lengths never share a row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from agent.prompts.comparison import COMPARISON
from agent.prompts.phrases import fill, percent
from agent.prompts.training import METHOD_NAMES
from agent.records.base import Language
from agent.records.benchmark import BenchmarkResult, Measurement, TrainingStep, Variant
from agent.records.device_comparison import ComparedCell, ComparedRow
from agent.records.hardware import Label
from agent.records.tuning import ComputeType, Method
from tools.benchmark.comparison_rows import unknown, written
from tools.benchmark.subjects import Chosen, said_moment

Read = Callable[[Measurement], float | None]
_ALONE: Final[tuple[tuple[str, str, bool, Read], ...]] = (
    ("ttft_ms", "ms", False, lambda one: one.ttft_ms),
    ("tpot_ms", "ms", False, lambda one: one.tpot_ms),
    ("decode_tokens_per_s", "tokens/s", True, lambda one: one.decode_tokens_per_s),
)
"""What one reply alone is judged by: key, unit, whether higher is better, how it is read."""
_TOGETHER: Final[tuple[tuple[str, str, bool, Read], ...]] = (
    ("tokens_per_s", "tokens/s", True, lambda one: one.tokens_per_s),
    ("peak_gib", "GiB", False, lambda one: one.peak_gib),
)
"""What every point is judged by."""


@dataclass(frozen=True)
class Spot:
    """A point of a sweep that figures of different machines can be compared at."""

    model: str
    variant: Variant
    compute_type: ComputeType | None
    batch: int
    prompt: int
    output: int

    @property
    def key(self) -> str:
        """The spot as the end of a row's key."""
        return f"{self.model}|{self.variant}|{self.compute_type or ''}|{self.batch}|{self.prompt}|{self.output}"

    def said(self, lang: Language) -> str:
        """Return the spot in words."""
        named = _model(self.model, self.variant, self.compute_type, lang)
        gaps = {"model": named, "batch": self.batch, "prompt": self.prompt, "output": self.output}
        return fill(COMPARISON, "about_batch", lang, **gaps)


def measured_rows(chosen: Sequence[Chosen], lang: Language) -> list[ComparedRow]:
    """Return what benchmarks measured, answering before training; no rows where nothing was."""
    results = [one.result for one in chosen]
    if not any(result is not None and (result.measurements or result.training) for result in results):
        return []
    spots = dict.fromkeys(spot for result in results if result is not None for spot in _spots(result))
    rows = [row for spot in spots for row in _rows_at(spot, results, lang)]
    share = ComparedRow(
        key="share",
        group="measured",
        name=fill(COMPARISON, "share", lang),
        better="higher",
        cells=tuple(_share(result, lang) for result in results),
    )
    shared = [share] if any(cell.label for cell in share.cells) else []
    return [*rows, *shared, *_training_rows(results, lang)]


def _spots(result: BenchmarkResult) -> Iterator[Spot]:
    """Yield of every model the smallest and the largest batch with the shortest prompt."""
    models = dict.fromkeys((one.model, one.variant, one.compute_type) for one in result.measurements)
    for model, variant, compute_type in models:
        own = [
            one
            for one in result.measurements
            if (one.model, one.variant, one.compute_type) == (model, variant, compute_type)
        ]
        shortest = min(one.prompt_tokens for one in own)
        short = sorted((one for one in own if one.prompt_tokens == shortest), key=lambda one: one.batch)
        for one in dict.fromkeys((short[0].batch, short[-1].batch)):
            point = next(each for each in short if each.batch == one)
            yield Spot(model, variant, compute_type, one, point.prompt_tokens, point.output_tokens)


def _at(result: BenchmarkResult, spot: Spot) -> Measurement | None:
    return next(
        (
            one
            for one in result.measurements
            if Spot(one.model, one.variant, one.compute_type, one.batch, one.prompt_tokens, one.output_tokens) == spot
        ),
        None,
    )


def _rows_at(spot: Spot, results: Sequence[BenchmarkResult | None], lang: Language) -> Iterator[ComparedRow]:
    found = [None if result is None else _at(result, spot) for result in results]
    quantities = (*_ALONE, *_TOGETHER) if spot.batch == 1 else _TOGETHER
    for key, unit, higher, read in quantities:
        cells = tuple(_cell(one, result, read, lang) for one, result in zip(found, results, strict=True))
        if any(cell.label for cell in cells):
            name = fill(COMPARISON, key, lang)
            yield ComparedRow(
                key=f"{key}|{spot.key}",
                group="measured",
                name=fill(COMPARISON, "row_of", lang, name=name, about=spot.said(lang)),
                unit=unit,
                better="higher" if higher else "lower",
                cells=cells,
            )


def _cell(one: Measurement | None, result: BenchmarkResult | None, read: Read, lang: Language) -> ComparedCell:
    value = read(one) if one is not None else None
    if one is None or result is None or value is None:
        return unknown(lang, "not_measured")
    return _figure(value, one.label, result, lang)


def _figure(value: float, label: Label, result: BenchmarkResult, lang: Language) -> ComparedCell:
    source = fill(COMPARISON, "from_benchmark", lang, at=said_moment(result.at))
    return ComparedCell(value=value, text=written(value), label=label, source=source)


def _share(result: BenchmarkResult | None, lang: Language) -> ComparedCell:
    """Return how near to its bound a device came, with the model that it was: shares of models differ."""
    roofline = None if result is None else result.roofline
    if result is None or roofline is None or roofline.decode_share is None:
        return unknown(lang, "not_measured")
    # Of a bandwidth that nobody measured, the share is no measurement either.
    label: Label = "measured" if roofline.bandwidth_label == "measured" else "estimated"
    alone = [one for one in result.measurements if one.batch == 1 and one.decode_tokens_per_s is not None]
    best = max(alone, key=lambda one: one.decode_tokens_per_s or 0.0, default=None)
    about = _model(best.model, best.variant, best.compute_type, lang) if best is not None else ""
    cell = _figure(roofline.decode_share, label, result, lang)
    return cell.model_copy(update={"text": percent(roofline.decode_share), "about": about})


def _training_rows(results: Sequence[BenchmarkResult | None], lang: Language) -> Iterator[ComparedRow]:
    steps = {
        (_trained(result), step.method, step.batch, step.tokens): None
        for result in results
        if result is not None
        for step in result.training
    }
    for model, method, batch, tokens in steps:
        found = [_step(result, model, method, batch, tokens) for result in results]
        named = model or fill(COMPARISON, "unnamed_model", lang)
        about = fill(COMPARISON, "about_training", lang, model=named, batch=batch, tokens=tokens)
        speeds = (
            ("training_speed", "tokens/s", "higher", [None if one is None else one.tokens_per_s for one in found]),
            ("training_peak", "GiB", "lower", [None if one is None else one.peak_gib for one in found]),
        )
        for key, unit, better, values in speeds:
            cells = tuple(
                unknown(lang, "not_measured")
                if value is None or result is None or step is None
                else _figure(value, step.label, result, lang)
                for value, result, step in zip(values, results, found, strict=True)
            )
            if any(cell.label for cell in cells):
                name = fill(COMPARISON, key, lang, method=METHOD_NAMES[method][lang])
                yield ComparedRow.model_validate(
                    {
                        "key": f"{key}|{model}|{method}|{batch}|{tokens}",
                        "group": "measured",
                        "name": fill(COMPARISON, "row_of", lang, name=name, about=about),
                        "unit": unit,
                        "better": better,
                        "cells": cells,
                    }
                )


def _step(result: BenchmarkResult | None, model: str, method: Method, batch: int, tokens: int) -> TrainingStep | None:
    if result is None or _trained(result) != model:
        return None
    return next((s for s in result.training if (s.method, s.batch, s.tokens) == (method, batch, tokens)), None)


def _trained(result: BenchmarkResult) -> str:
    """Return the model that was trained: a benchmark has one, which its measurements name; empty without any."""
    return next((one.model for one in result.measurements if one.model), "")


def _model(model: str, variant: Variant, compute_type: ComputeType | None, lang: Language) -> str:
    named = fill(COMPARISON, f"variant_{variant}", lang, model=model or fill(COMPARISON, "unnamed_model", lang))
    return fill(COMPARISON, "with_type", lang, model=named, type=compute_type) if compute_type else named
