"""The end of a benchmark in the assistant's words; and every kind of job has a record that it leaves."""

from __future__ import annotations

from typing import get_args

import pytest

from agent.records.base import Language
from agent.records.job import JobKind
from graph.following import RESULT_RECORDS
from graph.replies import results
from tests.tools.benchmark.compared import result


def test_every_kind_of_job_leaves_a_record() -> None:
    assert set(RESULT_RECORDS) == set(get_args(JobKind))


@pytest.mark.parametrize(
    ("lang", "says"),
    [
        ("en", "Of 8 things that were tried 5 run natively. Best output speed: 120 tokens/s (batch 4)."),
        ("zh", "试过 8 项，其中 5 项原生支持。最高输出速度 120 tokens/s（批量 4）。"),
    ],
)
def test_a_benchmark_is_told_by_its_best_figures(lang: Language, says: str) -> None:
    record = result(seconds=200.0)
    assert RESULT_RECORDS["bench"] is type(record)
    said = results.job_result(record, "20260301T130000Z-bench", lang)
    assert says in said.text
    assert said.evidence == ("20260301T130000Z-bench",)
    bare = result(capabilities={}, measurements=(), training=(), warnings=("hot",))
    assert "natively" not in results.job_result(bare, "r", "en").text
    assert "Warnings: 1" in results.job_result(bare, "r", "en").text
