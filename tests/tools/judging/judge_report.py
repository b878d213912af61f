"""A judge's report whose every figure is another."""

from __future__ import annotations

from typing import Any

from agent.policy.judging import agreement
from agent.records.judging import JudgeReport, JudgeScore


def judge_report(**changes: Any) -> JudgeReport:
    score = JudgeScore(
        dimension="domain_knowledge",
        n=61,
        a_preferred=9,
        b_preferred=37,
        ties=15,
        disagreed=7,
        same=4,
        failed=2,
        unanswered=5,
        share=37 / 46,
        low=0.66,
        high=0.89,
        difference=28 / 61,
        difference_low=0.21,
        difference_high=0.63,
        p=0.0004,
        smallest_detectable=0.17,
        verdict="b_better",
    )
    values: dict[str, Any] = {
        "run": "20260301T120000Z-evaluate",
        "model": "openai:qwen-judge",
        "base_model": "builtin",
        "a": "rag",
        "b": "tuned+rag",
        "kinship": "other",
        "scores": (score,),
        "agreement": agreement([("b", "b")] * 8 + [("a", "b")] * 4, votes=12, named=3, unjudged=1),
        "first_preferred": 6,
        "order_decided": 7,
        "calls": 118,
        "failure": "the endpoint refused the request",
    }
    return JudgeReport.model_validate(values | changes)
