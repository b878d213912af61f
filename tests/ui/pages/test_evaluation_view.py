"""An evaluation as HTML: every figure with its interval and n, the verdict with the comparison that decided it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent.records.base import Language
from agent.records.decision import MethodDecision, Reason
from agent.records.evaluation import ArmCost, Comparison, Estimate, EvaluationReport, Renewal
from tests.ui.pages.test_runs_view import EVIL
from ui.pages import evaluation_view


def estimate(mean: float = 0.5, **changes: Any) -> Estimate:
    values: dict[str, Any] = {
        "mean": mean,
        "low": mean - 0.1,
        "high": mean + 0.1,
        "n": 40,
        "chance": 0.0,
        "normalised": mean,
        "errors": 0,
    }
    return Estimate(**(values | changes))


def comparison(**changes: Any) -> Comparison:
    values: dict[str, Any] = {
        "a": "rag",
        "b": "tuned+rag",
        "dimension": "domain_knowledge",
        "difference": 0.2,
        "low": 0.08,
        "high": 0.31,
        "p": 0.0004,
        "n": 40,
        "verdict": "b_better",
        "smallest_detectable": 0.15,
    }
    return Comparison(**(values | changes))


def report(**changes: Any) -> EvaluationReport:
    values: dict[str, Any] = {
        "run": "20260301T120000Z-evaluate",
        "tune_run": "20260301T110000Z-tune",
        "base_model": "/models/tiny",
        "items_sha256": "0123456789abcdef",
        "languages": ("en",),
        "arms": {
            "base": {"domain_knowledge": estimate(0.2), "general_ability": estimate(0.6, chance=0.25, errors=2)},
            "rag": {"domain_knowledge": estimate(0.6)},
            "tuned+rag": {"domain_knowledge": estimate(0.8)},
        },
        "comparisons": (comparison(), comparison(a="base", b="rag", verdict="too_few_items", smallest_detectable=None)),
        "seconds": {"base": 0.5, "rag": 1.25},
        "notes": ("n is small",),
    }
    return EvaluationReport(**(values | changes))


def decision(method: Any = "rag+finetune", **changes: Any) -> MethodDecision:
    values: dict[str, Any] = {
        "method": method,
        "first_rung": None,
        "reasons": (Reason(text="tuning pays", article="verdict"),),
        "missing": (),
        "next_action": "export",
        "confidence": "measured",
    }
    return MethodDecision(**(values | changes))


def test_the_verdict_is_one_sentence_with_the_comparison_that_decided_it() -> None:
    html = evaluation_view.verdict(report(), decision(question="How often do the manuals change?"), "en")
    assert "<strong>Use the tuned model together with RAG.</strong>" in html
    assert "tuned + RAG against RAG on domain knowledge: +20 points, 95% interval +8 to +31, n = 40" in html
    assert "tuning pays" in html
    assert 'href="/en/guide?article=verdict"' in html
    assert "How often do the manuals change?" in html


def test_every_score_has_its_interval_and_its_n() -> None:
    html = evaluation_view.scores(report(), "en")
    assert "<strong>80%</strong><small>70%–90%<br>n = 40</small>" in html
    assert "2 failed to answer" in html
    assert html.index("domain knowledge") < html.index("general ability")
    assert html.count("·") >= 2  # arms that a spoke was not asked of
    assert "<td>25%</td>" in html
    assert "1.25 s" in html


def test_what_answering_takes_and_how_a_change_reaches_an_arm() -> None:
    cost = ArmCost(
        questions=46,
        seconds=0.75,
        search_seconds=0.05,
        tokens=6.25,
        machine_seconds=512.4,
        price=None,
        peak_gib=1.234,
        renewal=(Renewal(step="ingest", seconds=12.0),),
    )
    html = evaluation_view.costs(report(costs={"rag": cost}), "en")
    assert "over the 46 questions" in html
    assert '<th scope="row">RAG</th><td>0.80 s</td><td>0.050 s</td><td>6.2</td><td>1.23 GiB</td><td>512 s</td>' in html
    assert "at once, with the next reading</td><td>ingest (12 s)</td>" in html
    assert "price" not in html
    priced = evaluation_view.costs(report(costs={"rag": cost.model_copy(update={"price": 0.3})}), "zh")
    assert "1000 题的价格" in priced
    assert "<td>0.3</td>" in priced
    assert evaluation_view.costs(report(), "en") == ""


def test_the_verdict_says_what_more_items_would_show() -> None:
    shown = comparison(more_items=310, smallest_detectable=0.09)
    html = evaluation_view.verdict(report(comparisons=(shown,)), decision(), "en")
    assert "the set can show 9 points; 310 more items would show 5." in html


def test_differences_mark_the_one_that_decided() -> None:
    found = report()
    html = evaluation_view.comparisons(found, "en", found.comparisons[0])
    assert "<em>decided</em>" in html
    assert html.count("<em>") == 1
    assert "&lt; 0.001" in html or "< 0.001" in html
    assert "±15" in html
    assert "too few items to tell" in html
    assert "nothing to be compared with" in evaluation_view.comparisons(report(comparisons=()), "en")


@pytest.mark.parametrize(
    ("project", "items", "active", "says"),
    [
        (None, False, "", "Choose a project"),
        ("p", False, "", "Build a validation set"),
        ("p", True, "", "nothing was measured yet"),
        ("p", True, "evaluate", "is running"),
    ],
)
def test_an_empty_page_says_what_to_do(project: str | None, items: bool, active: str, says: str) -> None:
    assert says in evaluation_view.empty("en", project, items=items, active=active)


def test_a_choice_is_named_by_its_moment() -> None:
    assert (
        evaluation_view.choice("20260301T120000Z-evaluate", "zh")
        == "2026年3月1日 12:00 UTC · 20260301T120000Z-evaluate"
    )
    assert evaluation_view.choice("mine", "en") == "mine"


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_everything_is_escaped(lang: Language) -> None:
    evil = report(run=EVIL, tune_run=EVIL, base_model=EVIL, notes=(EVIL,), items_sha256=EVIL)
    said = decision(reasons=(Reason(text=EVIL, article=EVIL),), question=EVIL)
    for part in (
        evaluation_view.verdict(evil, said, lang),
        evaluation_view.scores(evil, lang),
        evaluation_view.comparisons(evil, lang),
        evaluation_view.notes(evil, lang),
        evaluation_view.downloads(lang, EVIL, EVIL, "radar.png"),
        evaluation_view.headline(EVIL),
        evaluation_view.gone(EVIL, lang),
        evaluation_view.empty(lang, EVIL, items=True),
    ):
        assert "<img" not in part


def test_a_download_is_addressed_by_run_project_and_language() -> None:
    found = evaluation_view.chart_address("zh", "p q", "a/../b", "radar.png")
    assert found == "/download/charts/a%2F..%2Fb/radar.png?project=p+q&lang=zh"
    assert Path(found).name.startswith("radar.png")
