"""The end of a judgement in the assistant's words."""

from __future__ import annotations

import pytest

from agent.records.base import Language
from graph.following import RESULT_RECORDS
from graph.replies import results
from tests.tools.judging.judge_report import judge_report


@pytest.mark.parametrize(
    ("lang", "told", "people"),
    [
        ("en", "tuned + RAG preferred 37 times, RAG 9, 15 ties, 2 failed (n = 61)", "of 12 human labels"),
        ("zh", "微调+RAG更好 37 次，RAG更好 9 次，平局 15，失败 2（n = 61）", "12 个人工标注"),
    ],
)
def test_a_judgement_is_told_with_people_beside_it(lang: Language, told: str, people: str) -> None:
    record = judge_report()
    assert RESULT_RECORDS["judge"] is type(record)
    said = results.job_result(record, "20260301T130000Z-judge", lang)
    assert told in said.text
    assert people in said.text
    assert said.evidence == (record.run, "20260301T130000Z-judge")
    assert said.articles == ("statistics",)
