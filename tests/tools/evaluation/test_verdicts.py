"""Verdicts on simulated projects whose truth is known; `make bench-verdicts` judges two thousand of them."""

from __future__ import annotations

import pytest

from agent.policy.method import decide_from_report
from agent.records.profile import Profile
from tests.benchmarks.simulated_projects import Truth, simulate
from tests.benchmarks.verdicts import FAMILIES, TARGET, Judged, arms, evaluated, judge, projects, shares, wrong_calls

FAMILY = {truth.family: truth for truth in FAMILIES}


@pytest.fixture(scope="module")
def judged() -> list[Judged]:
    families = len(FAMILIES) + 1
    return [judge(*one) for one in projects(2 * families, seed=11, sizes=(20, 200))]


def test_calls_are_seldom_wrong(judged: list[Judged]) -> None:
    found = shares(judged)
    assert found["wrong"]["low"] < 0.05
    assert found["misnamed"]["low"] < 0.05


def test_more_items_leave_less_open(judged: list[Judged]) -> None:
    small, large = ([one for one in judged if one.items == size] for size in (20, 200))
    assert shares(large)["open"]["share"] < shares(small)["open"]["share"] - 0.15
    assert shares(large)["right"]["share"] > shares(small)["right"]["share"] + 0.15


@pytest.mark.parametrize(
    ("family", "method", "rule"),
    [
        ("tuning helps on top of RAG", "rag+finetune", "tuning_pays"),
        ("tuned alone equals both", "rag+finetune", "tuning_pays"),
        ("retrieval is broken", "rag", "fix_retrieval"),
        ("tuning harms", "rag", "ship_rag"),
        ("nothing tuned, RAG helps", "rag", "knowledge_gap"),
    ],
)
def test_with_items_enough_the_verdict_is_the_truth(family: str, method: str, rule: str) -> None:
    drawn = simulate(FAMILY[family], 600, 60, seed=5)
    report = evaluated(drawn, seed=5)
    decision = decide_from_report(report, Profile(target=TARGET), recall=report.recall)
    assert decision.method == method
    assert rule in [reason.rule for reason in decision.reasons]


def test_a_wrong_call_is_seen_as_one() -> None:
    """The judge itself: told that the truth is the other way round, it finds every call wrong."""
    truth = Truth("mirrored", arms(0.15, 0.60, 0.60, 0.45, 0.85))
    drawn = simulate(truth, 400, 40, seed=1)
    assert "tuning_pays" in judge(truth, 400, 40, 1).calls
    assert judge(truth, 400, 40, 1).outcome == "right"
    drawn.truth["domain_knowledge", "tuned+rag"] = 0.55
    report = evaluated(drawn, seed=1)
    decision = decide_from_report(report, Profile(target=TARGET), recall=report.recall)
    assert "tuning_pays" in wrong_calls(decision, drawn)


def test_answers_of_a_simulated_arm_are_right_as_often_as_they_should_be() -> None:
    drawn = simulate(FAMILY["only RAG helps"], 3000, 300, seed=2)
    for arm, rate in FAMILY["only RAG helps"].domain.items():
        scores = [a.score for a in drawn.answers if a.arm == arm and a.item.startswith("domain_knowledge-")]
        assert len(scores) == 3000
        assert sum(score or 0 for score in scores) / 3000 == pytest.approx(rate, abs=0.04)
