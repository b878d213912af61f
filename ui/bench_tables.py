"""A benchmark as text: what the device can do, how fast it answers and trains, how near to its limits. Pure.

bench(result, output); comparison(compare(everything(home)), output)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from agent.prompts.benchmark import VARIANT_NAMES
from agent.prompts.comparison import COMPARISON
from agent.prompts.phrases import fill
from agent.prompts.training import METHOD_NAMES
from agent.records.base import Language
from agent.records.benchmark import BenchmarkResult, Capability, Measurement, Roofline, TrainingStep
from agent.records.device_comparison import DeviceComparison, RowGroup
from agent.records.hardware import Label
from tools.benchmark.comparison_markdown import cell_text, row_name
from tools.benchmark.comparison_rows import written
from tools.benchmark.part_names import part_name, told_in
from tools.benchmark.subjects import measured_name
from ui.output import Output
from ui.render import table

_COLUMNS = 4
"""Devices that are shown as columns at most."""


def bench(value: BenchmarkResult, output: Output) -> str:
    """Return everything a benchmark found, its doubts at the end; what it recorded is told in the output's language."""
    value = told_in(value, output.lang)
    parts = [_head(value, output)]
    if value.capabilities:
        rows = [_capability(name, one, output) for name, one in value.capabilities.items()]
        parts.append(_section("bench_can", ("item", "outcome", "figure", "remark"), rows, output))
    if value.measurements:
        parts.append(_answers(value, output))
    if value.training:
        rows = [_training(step, output.lang) for step in value.training]
        parts.append(
            _section("bench_training", ("method", "shape", "step_seconds", "rate", "peak", "spread"), rows, output)
        )
    if value.roofline is not None:
        parts.append(_limits(value.roofline, output))
    if value.warnings:
        parts.append("\n".join([output.say("bench_warnings"), *(f"- {warning}" for warning in value.warnings)]))
    parts.append(output.say("bench_took", seconds=f"{value.seconds:.0f}"))
    if not value.complete:
        parts.append(output.say("bench_incomplete", why=value.stopped))
    return "\n\n".join(part for part in parts if part)


def comparison(value: DeviceComparison, output: Output) -> str:
    """Return devices side by side, a table for every group, every figure with how it is known.

    Few devices are columns, as on paper; many are lines, since a terminal has more lines than columns.
    """
    parts = []
    names = [one.name for one in value.subjects]
    for group in get_args(RowGroup):
        rows = [
            [row_name(row, output.lang), *(cell_text(cell, output.lang) for cell in row.cells)]
            for row in value.rows
            if row.group == group
        ]
        if rows:
            whole = [[output.say("hardware_device"), *names], *rows]
            shown = whole if len(names) <= _COLUMNS else [list(line) for line in zip(*whole, strict=True)]
            parts.append(f"{fill(COMPARISON, f'group_{group}', output.lang)}\n{table(shown)}")
    parts.append("\n".join(f"- {note}" for note in value.notes))
    return "\n\n".join(parts)


def _head(value: BenchmarkResult, output: Output) -> str:
    device = value.device
    if value.place == "endpoint":
        return output.say("bench_endpoint", model=device.name, url=value.endpoint)
    name = measured_name(device, output.lang)
    line = output.say("bench_machine", name=name, gib=_number(device.gib), system=device.system)
    return f"{line}, {output.say('bench_script_of', at=value.at)}" if value.place == "script" else line


def _section(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], output: Output) -> str:
    return f"{output.say(title)}\n{table([[output.say(f'bench_{name}') for name in columns], *rows])}"


def _capability(name: str, value: Capability, output: Output) -> list[str]:
    shown = part_name(name, output.lang)
    figure = f"{_number(value.figure)} {value.unit}" if value.figure is not None else ""
    return [shown, output.say(f"bench_outcome_{value.outcome}"), figure, value.message]


def _answers(value: BenchmarkResult, output: Output) -> str:
    remote = value.place == "endpoint"
    columns = ["concurrency"] if remote else ["variant", "batch"]
    columns += ["tokens", "ttft", "tpot", "gap_99", "rate"]
    columns += ["goodput", "errors", "spread"] if remote else ["decode", "share", "peak", "spread"]
    limit_known = value.roofline.bandwidth_label if value.roofline is not None else None
    rows = [_remote(one) if remote else _local(one, limit_known, output) for one in value.measurements]
    text = _section("bench_answers", columns, rows, output)
    if remote:
        counted = value.measurements[-1].tokens_counted
        limit = output.say("bench_goodput_limit", limit=value.measurements[-1].goodput_limit)
        prompts = value.measurements[-1].prompts_counted
        lines = [text, limit, output.say(f"bench_counted_{counted}")]
        if prompts is not None and prompts != counted:
            lines.append(output.say(f"bench_prompts_{prompts}"))
        text = "\n".join(lines)
    return text


def _speeds(one: Measurement) -> list[str]:
    gap = one.inter_token.p99 if one.inter_token else None
    lengths = f"{one.prompt_tokens}/{one.output_tokens}"
    return [lengths, *map(_number, (one.ttft_ms, one.tpot_ms, gap, one.tokens_per_s))]


def _local(one: Measurement, limit_known: Label | None, output: Output) -> list[str]:
    named = " ".join(part for part in (VARIANT_NAMES[one.variant][output.lang], one.compute_type or "") if part)
    share = _share(one.roofline_share, limit_known, output)
    shown = [_number(one.decode_tokens_per_s), share, _number(one.peak_gib), _percent(one.spread)]
    return [named, str(one.batch), *_speeds(one), *shown]


def _remote(one: Measurement) -> list[str]:
    errors = ", ".join(f"{kind} {count}" for kind, count in one.errors.items()) or "0"
    return [str(one.batch), *_speeds(one), _number(one.goodput), errors, _percent(one.spread)]


def _training(step: TrainingStep, lang: Language) -> list[str]:
    shape = f"{step.batch} × {step.tokens}"
    figures = map(_number, (step.seconds, step.tokens_per_s, step.peak_gib))
    named = " ".join(part for part in (METHOD_NAMES[step.method][lang], step.compute_type or "") if part)
    return [named, shape, *figures, _percent(step.spread)]


def _number(value: float | None) -> str:
    return "-" if value is None else written(value)


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"


def _share(share: float | None, limit_known: Label | None, output: Output) -> str:
    """Return a share of a limit: of one that nobody measured here, it is estimated although the speed was measured."""
    if share is None or limit_known == "measured":
        return _percent(share)
    said = output.say("hardware_label_estimated")
    return _percent(share) + {"en": f" ({said})", "zh": f"（{said}）"}[output.lang]


def _limits(value: Roofline, output: Output) -> str:
    lines = []
    if value.bandwidth_gb_s is not None and value.bandwidth_label is not None:
        label = output.say(f"hardware_label_{value.bandwidth_label}")
        lines.append(output.say("bench_limit_bandwidth", value=_number(value.bandwidth_gb_s), label=label))
    if value.tflops is not None and value.tflops_label is not None:
        label = output.say(f"hardware_label_{value.tflops_label}")
        kind = value.compute_type or ""
        lines.append(output.say("bench_limit_tflops", type=kind, value=_number(value.tflops), label=label))
    if value.memory_bound_below_batch is not None:
        lines.append(output.say("bench_limit_batch", value=_number(value.memory_bound_below_batch)))
    if value.decode_limit_tokens_per_s is not None and value.decode_reached_tokens_per_s is not None:
        reached, limit = _number(value.decode_reached_tokens_per_s), _number(value.decode_limit_tokens_per_s)
        share = _share(value.decode_share, value.bandwidth_label, output)
        lines.append(output.say("bench_limit_decode", reached=reached, limit=limit, share=share))
    if value.prefill_share is not None:
        lines.append(output.say("bench_limit_prefill", share=_share(value.prefill_share, value.tflops_label, output)))
    return "\n".join([output.say("bench_limits"), *(f"- {line}" for line in lines)]) if lines else ""
