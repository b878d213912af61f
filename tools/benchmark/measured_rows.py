"""The rows of a comparison that only benchmarks fill: a row is of one model at one point, so its figures compare.

Points that differ in model, kind of weights, number type, batch or lengths never share a row. Lengths are those that
were asked for: a server counts a token more or less; where it is many more or less, the cell says so.
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


def _peak(one: Measurement) -> float | None:
    return one.peak_gib


_ALONE: Final[tuple[tuple[str, str, bool, Read], ...]] = (
    ("ttft_ms", "ms", False, lambda one: one.ttft_ms),
    ("tpot_ms", "ms", False, lambda one: one.tpot_ms),
    ("decode_tokens_per_s", "tokens/s", True, lambda one: one.decode_tokens_per_s),
)
"""What one reply alone is judged by: key, unit, whether higher is better, how it is read."""
_TOGETHER: Final[tuple[tuple[str, str, bool, Read], ...]] = (
    ("tokens_per_s", "tokens/s", True, lambda one: one.tokens_per_s),
    ("peak_gib", "GiB", False, _peak),
)
"""What every point is judged by."""
_TOLERANCE: Final = 0.10
"""Share by which real lengths may differ from the asked ones unmentioned, as in the load on an endpoint."""


@dataclass(frozen=True)
class Spot:
    """A point of a sweep that figures of different machines can be compared at."""

    model: str
    variant: Variant
    compute_type: ComputeType | None
    batch: int
    prompt: int
    """Tokens asked for."""
    output: int

    @classmethod
    def of(cls, one: Measurement) -> Spot:
        """Return where a figure was measured."""
        prompt = one.prompt_tokens if one.asked_prompt is None else one.asked_prompt
        output = one.output_tokens if one.asked_output is None else one.asked_output
        return cls(one.model, one.variant, one.compute_type, one.batch, prompt, output)

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
    spots = [Spot.of(one) for one in result.measurements]
    for model in dict.fromkeys((one.model, one.variant, one.compute_type) for one in spots):
        own = [one for one in spots if (one.model, one.variant, one.compute_type) == model]
        shortest = min(one.prompt for one in own)
        short = sorted((one for one in own if one.prompt == shortest), key=lambda one: one.batch)
        for batch in dict.fromkeys((short[0].batch, short[-1].batch)):
            yield next(one for one in short if one.batch == batch)


def _at(result: BenchmarkResult, spot: Spot) -> Measurement | None:
    return next((one for one in result.measurements if Spot.of(one) == spot), None)


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
    spread = None if read is _peak else one.spread
    return _figure(value, one.label, result, lang, spread).model_copy(update={"about": _lengths(one, lang)})


def _lengths(one: Measurement, lang: Language) -> str:
    """Return the real lengths where they are far from those that were asked for."""
    spot, real = Spot.of(one), (one.prompt_tokens, one.output_tokens)
    asked = (spot.prompt, spot.output)
    if all(abs(got - wanted) <= _TOLERANCE * wanted for got, wanted in zip(real, asked, strict=True)):
        return ""
    return fill(COMPARISON, "real_lengths", lang, prompt=real[0], output=real[1])


def _figure(
    value: float, label: Label, result: BenchmarkResult, lang: Language, spread: float | None = None
) -> ComparedCell:
    source = fill(COMPARISON, "from_benchmark", lang, at=said_moment(result.at))
    return ComparedCell(value=value, text=written(value), label=label, source=source, spread=spread)


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


@dataclass(frozen=True)
class _Trained:
    """What was trained, and how: figures of it compare."""

    model: str
    compute_type: ComputeType | None
    method: Method
    batch: int
    tokens: int
    """Of each example."""
    place: int | None
    """Of the benchmark where it names no model: two of those may be of two models."""

    @classmethod
    def of(cls, step: TrainingStep, result: BenchmarkResult, place: int) -> _Trained:
        """Return what a step trained; a step that does not say it trained what its benchmark answered with."""
        answered = next((one for one in result.measurements if one.model), None)
        model = step.model or (answered.model if answered is not None else "")
        compute = step.compute_type or (answered.compute_type if answered is not None else None)
        return cls(model, compute, step.method, step.batch, step.tokens, None if model else place)

    @property
    def key(self) -> str:
        """It as the end of a row's key."""
        place = "" if self.place is None else f"|{self.place}"
        return f"{self.model}|{self.compute_type or ''}|{self.method}|{self.batch}|{self.tokens}{place}"

    def said(self, lang: Language) -> str:
        """Return it in words, without the method."""
        named = _model(self.model, "base", self.compute_type, lang)
        return fill(COMPARISON, "about_training", lang, model=named, batch=self.batch, tokens=self.tokens)


def _training_rows(results: Sequence[BenchmarkResult | None], lang: Language) -> Iterator[ComparedRow]:
    columns: list[dict[_Trained, TrainingStep]] = [
        {} if result is None else {_Trained.of(step, result, place): step for step in result.training}
        for place, result in enumerate(results)
    ]
    for trained in dict.fromkeys(one for column in columns for one in column):
        found = [column.get(trained) for column in columns]
        speeds = (
            ("training_speed", "tokens/s", "higher", [None if one is None else one.tokens_per_s for one in found]),
            ("training_peak", "GiB", "lower", [None if one is None else one.peak_gib for one in found]),
        )
        for key, unit, better, values in speeds:
            cells = tuple(
                unknown(lang, "not_measured")
                if value is None or result is None or step is None
                else _figure(value, step.label, result, lang, step.spread if key == "training_speed" else None)
                for value, result, step in zip(values, results, found, strict=True)
            )
            if any(cell.label for cell in cells):
                name = fill(COMPARISON, key, lang, method=METHOD_NAMES[trained.method][lang])
                yield ComparedRow.model_validate(
                    {
                        "key": f"{key}|{trained.key}",
                        "group": "measured",
                        "name": fill(COMPARISON, "row_of", lang, name=name, about=trained.said(lang)),
                        "unit": unit,
                        "better": better,
                        "cells": cells,
                    }
                )


def _model(model: str, variant: Variant, compute_type: ComputeType | None, lang: Language) -> str:
    named = fill(COMPARISON, f"variant_{variant}", lang, model=model or fill(COMPARISON, "unnamed_model", lang))
    return fill(COMPARISON, "with_type", lang, model=named, type=compute_type) if compute_type else named
