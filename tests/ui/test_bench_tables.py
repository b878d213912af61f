"""A benchmark as text: what is no surer than a figure that nobody measured here says so."""

from __future__ import annotations

import re

import pytest

from agent.records.base import Language
from agent.records.benchmark import BenchmarkResult, Roofline
from agent.records.hardware import Label
from tests.tools.benchmark.compared import point, result
from ui.bench_tables import bench
from ui.output import Output


def measured(limit: Label) -> BenchmarkResult:
    """Return a benchmark whose limits are known in that way."""
    roofline = Roofline(
        bandwidth_gb_s=768, bandwidth_label=limit, tflops=100, tflops_label=limit, compute_type="bf16",
        decode_limit_tokens_per_s=80.0, decode_reached_tokens_per_s=48.0, decode_share=0.6, prefill_share=0.4,
    )  # fmt: skip
    return result(measurements=(point(40, roofline_share=0.6), point(90, batch=4)), roofline=roofline)


@pytest.mark.parametrize(
    ("limit", "lang", "shares"),
    [
        ("measured", "en", ["60%", "60%", "40%"]),
        ("datasheet", "en", ["60% (estimated)", "60% (estimated)", "40% (estimated)"]),
        ("datasheet", "zh", ["60%（估计）", "60%（估计）", "40%（估计）"]),
        ("estimated", "en", ["60% (estimated)", "60% (estimated)", "40% (estimated)"]),
    ],
)
def test_a_share_of_a_limit_that_nobody_measured_is_estimated(limit: Label, lang: Language, shares: list[str]) -> None:
    text = bench(measured(limit), Output(False, lang))
    assert re.findall(r"[64]0%(?:\s?[(（]\w+[)）])?", text) == shares


def test_a_point_without_a_share_has_none() -> None:
    assert "(estimated)" not in bench(result(roofline=None), Output(False, "en"))
