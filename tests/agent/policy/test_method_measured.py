"""The second table of the policy: what measurements decide, on intervals; from a profile and from a report."""

from __future__ import annotations

from typing import Any

import pytest

from agent.policy.measurements import deciding_dimension, from_profile, from_report
from agent.policy.method import choose_method, decide_from_report
from agent.policy.power import items_to_add
from agent.policy.thresholds import THRESHOLDS, Thresholds
from agent.records.decision import MethodDecision
from agent.records.profile import Measured, Profile
from tests.agent.policy.builders import ARTICLES, comparison, profile, report


def texts(decision: MethodDecision) -> str:
    assert {one.article for one in decision.reasons} <= ARTICLES
    return "\n".join(one.text for one in decision.reasons)


def measured(target: float | None = None, kind: str | None = None, **means: Any) -> MethodDecision:
    return choose_method(profile(target=target, task_kind=kind, measured=means))


ROWS: list[Any] = [
    pytest.param(
        {"rag": 0.6, "oracle": 0.9, "items": 400}, "rag", "diagnose", "fix retrieval first", id="oracle-minus-rag"
    ),
    pytest.param(
        {"rag": 0.6, "oracle": 0.9, "tuned_rag": 0.62, "items": 60},
        "rag",
        "diagnose",
        "fix retrieval first",
        id="oracle-minus-rag-before-anything-undecided",
    ),
    pytest.param(
        {"oracle": 0.5, "target": 0.8, "items": 200},
        "rag+finetune",
        "extract",
        "the reader is weak",
        id="oracle-below-target",
    ),
    pytest.param(
        {"rag": 0.3, "oracle": 0.6, "target": 0.8, "items": 300},
        "rag",
        "diagnose",
        "the reader is weak",
        id="retrieval-before-reader",
    ),
    pytest.param(
        {"closed_book": 0.05, "rag": 0.75, "items": 200}, "rag", "compare", "knowledge gap", id="rag-minus-closed-book"
    ),
    pytest.param(
        {"closed_book": 0.05, "rag": 0.35, "items": 200},
        "rag",
        "diagnose",
        "knowledge gap",
        id="rag-minus-closed-book-below-target",
    ),
    pytest.param(
        {"rag": 0.9, "form": 0.4, "target": 0.8, "items": 300},
        "rag+finetune",
        "extract",
        "1000 curated",
        id="rag-meets-target-form-fails",
    ),
    pytest.param(
        {"rag": 0.6, "oracle": 0.95, "retrieval_recall": 0.95, "items": 300},
        "rag+finetune",
        "extract",
        "RAFT-style",
        id="oracle-over-rag-although-recall-is-good",
    ),
    pytest.param({"rag": 0.8, "tuned_rag": 0.8, "items": 500}, "rag", "compare", "ship RAG", id="tuned-rag-no-better"),
    pytest.param(
        {"rag": 0.8, "tuned_rag": 0.6, "items": 60}, "rag", "compare", "ship RAG", id="tuned-rag-worse-on-few-items"
    ),
    pytest.param(
        {"rag": 0.70, "tuned_rag": 0.74, "items": 92},
        "insufficient_evidence",
        "validate",
        "63 more items",
        id="spans-zero-with-too-few-items",
    ),
    pytest.param(
        {"closed_book": 0.5, "rag": 0.55, "items": 40},
        "insufficient_evidence",
        "validate",
        "115 more items",
        id="rag-spans-zero-with-too-few-items",
    ),
    pytest.param(
        {"rag": 0.5, "tuned_rag": 0.8, "items": 92}, "rag+finetune", "export", "tuning pays", id="tuning-pays"
    ),
    pytest.param(
        {"rag": 0.5, "tuned": 0.8, "items": 92}, "finetune", "export", "tuned − rag", id="tuned-alone-beats-rag"
    ),
    pytest.param(
        {"rag": 0.8, "tuned": 0.4, "items": 92}, "rag", "compare", "did not pay", id="tuned-alone-loses-to-rag"
    ),
    pytest.param(
        {"closed_book": 0.2, "tuned": 0.7, "items": 92}, "finetune", "export", "tuned − base", id="tuned-beats-base"
    ),
    pytest.param(
        {"closed_book": 0.7, "tuned": 0.7, "items": 500}, "prompt", "compare", "did not pay", id="tuned-like-base"
    ),
    pytest.param(
        {"closed_book": 0.70, "rag": 0.78, "items": 300}, "rag", "compare", "not shown to exceed 10", id="rag-helps"
    ),
    pytest.param(
        {"closed_book": 0.8, "rag": 0.8, "items": 500}, "prompt", "compare", "no measurable gain", id="rag-useless"
    ),
    pytest.param(
        {"rag": 0.4, "tuned": 0.9, "tuned_rag": 0.9, "items": 500},
        "finetune",
        "export",
        "beside the tuned model",
        id="rag-adds-nothing-to-tuned",
    ),
    pytest.param(
        {"rag": 0.4, "tuned": 0.9, "tuned_rag": 0.9, "items": 50},
        "rag+finetune",
        "export",
        "tuning pays",
        id="rag-beside-tuned-undecided",
    ),
    pytest.param(
        {"rag": 0.5, "tuned_rag": 0.8, "general_before": 0.8, "general_after": 0.6, "items": 200},
        "rag+finetune",
        "mix",
        "raise the share of general data",
        id="forgetting",
    ),
]


@pytest.mark.parametrize(("means", "method", "action", "says"), ROWS)
@pytest.mark.parametrize("source", ["profile", "report"])
def test_gate(means: dict[str, Any], method: str, action: str, says: str, source: str) -> None:
    decision = measured(**means) if source == "profile" else _as_report(**means)
    assert (decision.method, decision.next_action) == (method, action)
    assert decision.confidence == "measured"
    assert says in texts(decision)


def _as_report(
    items: int, target: float | None = None, retrieval_recall: float | None = None, **means: float
) -> MethodDecision:
    names: dict[str, Any] = {"closed_book": "base", "tuned_rag": "tuned+rag"}
    arms: Any = {
        names.get(name, name): mean
        for name, mean in means.items()
        if name in ("closed_book", "rag", "oracle", "tuned", "tuned_rag")
    }
    others: Any = {}
    if "form" in means:
        others["instruction_following"] = {"rag": (means["form"], items)}
    if "general_before" in means:
        before, after = means["general_before"], means["general_after"]
        others["general_ability"] = {"base": (before, items), "tuned": (after, items)}
    return decide_from_report(report(arms, n=items, others=others), Profile(target=target), recall=retrieval_recall)


def test_gates_stand_on_the_interval_and_not_on_the_mean() -> None:
    few, many = measured(rag=0.6, oracle=0.8, items=40), measured(rag=0.6, oracle=0.8, items=800)
    assert "fix retrieval" not in texts(few)
    assert "fix retrieval" in texts(many)


def test_without_items_means_decide_nothing() -> None:
    decision = measured(rag=0.2, tuned_rag=0.9)
    assert (decision.method, decision.confidence) == ("insufficient_evidence", "default")
    assert decision.missing[0] == "measured.items"
    assert decision.question == "How many items stand behind the measured figures?"
    assert "decide nothing" in texts(decision)


def test_without_items_the_rules_still_hold() -> None:
    assert measured(kind="facts", rag=0.2, tuned_rag=0.9).method == "rag"


def test_items_without_means_are_no_measurement() -> None:
    decision = measured(items=50)
    assert decision.method == "insufficient_evidence"
    assert "measured.items" not in decision.missing


def test_one_mean_alone_opens_no_gate() -> None:
    decision = measured(kind="facts", rag=0.9, items=50)
    assert (decision.method, decision.confidence) == ("rag", "rule")
    assert "measured.closed_book" in decision.missing
    assert "measured.rag" not in decision.missing


@pytest.mark.parametrize(
    ("known", "means", "method"),
    [
        ({"needs_citations": True}, {"closed_book": 0.8, "rag": 0.8, "items": 500}, "rag"),
        ({"task_kind": "facts"}, {"closed_book": 0.8, "rag": 0.8, "items": 500}, "prompt"),
        ({"task_kind": "facts"}, {"closed_book": 0.5, "rag": 0.55, "items": 40}, "rag"),
        ({"needs_citations": True}, {"rag": 0.4, "tuned": 0.9, "items": 92}, "rag+finetune"),
        ({"needs_citations": True}, {"rag": 0.4, "tuned": 0.9, "tuned_rag": 0.9, "items": 500}, "rag+finetune"),
        ({"needs_citations": True}, {"closed_book": 0.7, "tuned": 0.7, "items": 500}, "rag"),
        ({"task_kind": "style", "labelled_pairs": 900}, {"rag": 0.8, "tuned_rag": 0.8, "items": 500}, "rag"),
        (
            {"task_kind": "style", "labelled_pairs": 900},
            {"closed_book": 0.8, "rag": 0.8, "items": 500},
            "finetune",
        ),
        (
            {"task_kind": "style", "labelled_pairs": 900},
            {"closed_book": 0.2, "rag": 0.8, "items": 500},
            "rag+finetune",
        ),
    ],
    ids=[
        "citations keep RAG although it gains nothing",
        "measured evidence overrides the facts rule",
        "an undecided interval does not override the facts rule",
        "citations keep RAG beside a tuned model",
        "citations keep RAG although it adds nothing",
        "citations keep RAG where tuning fails",
        "measured evidence overrides the form rule",
        "no gain of RAG leaves the form rule",
        "a knowledge gap joins the form rule",
    ],
)
def test_rules_and_gates_together(known: dict[str, Any], means: dict[str, Any], method: str) -> None:
    assert choose_method(profile(**known, measured=means)).method == method


def test_an_assumed_target_is_said_and_asked_for() -> None:
    decision = measured(oracle=0.4, items=300)
    assert "70% (assumed, none was named)" in texts(decision)
    assert "target" in decision.missing
    assert "assumed" not in texts(measured(oracle=0.4, items=300, target=0.7))


def test_an_assumed_target_that_no_value_tried_would_change_is_asked_for_all_the_same() -> None:
    assert "target" in measured(oracle=0.1, items=900, kind="facts").missing


def test_after_tuning_has_paid_nobody_asks_for_devices() -> None:
    assert "hardware" not in measured(rag=0.5, tuned_rag=0.8, items=92).missing


def test_the_decision_asks_for_more_items_with_their_number() -> None:
    decision = measured(rag=0.70, tuned_rag=0.74, items=92)
    assert decision.missing[0] == "measured.items"
    assert decision.question == "Build about 63 more validation items?"


def test_measured_evidence_leaves_no_talk_of_nothing_known() -> None:
    assert "guess" not in texts(measured(rag=0.5, tuned_rag=0.8, items=92))


def test_the_verdict_quotes_the_comparison_that_decided() -> None:
    decision = decide_from_report(
        report({"rag": 0.70, "tuned+rag": 0.74}, comparison("rag", "tuned+rag", 0.04, -0.02, 0.10)), Profile()
    )
    first = decision.reasons[0]
    assert first.text.startswith("tuned+rag − rag = +4 points (95% interval −2 to +10, n = 92)")
    assert first.evidence == ("20261101T000000Z-evaluate:domain_knowledge:tuned+rag-rag",)
    assert decision.method == "insufficient_evidence"


def test_the_verdict_in_chinese() -> None:
    decision = decide_from_report(
        report({"rag": 0.70, "tuned+rag": 0.73}, comparison("rag", "tuned+rag", 0.03, -0.09, 0.15, n=40)),
        Profile(),
        lang="zh",
    )
    assert decision.reasons[0].text.startswith("tuned+rag − rag = +3 分（95% 区间 −9 到 +15，n = 40）：区间含零")
    assert "115" in decision.question


def test_a_comparison_written_the_other_way_round_counts_the_same() -> None:
    turned = report({"rag": 0.5, "tuned+rag": 0.7}, comparison("tuned+rag", "rag", -0.2, -0.3, -0.1))
    decision = decide_from_report(turned, Profile())
    assert decision.method == "rag+finetune"
    assert decision.reasons[0].text.startswith("tuned+rag − rag = +20 points (95% interval +10 to +30, n = 92)")


def test_the_report_s_own_interval_goes_before_the_means() -> None:
    means: Any = {"rag": 0.7, "tuned+rag": 0.75}
    narrow = comparison("rag", "tuned+rag", 0.05, 0.01, 0.09)
    assert decide_from_report(report(means), Profile()).method == "insufficient_evidence"
    assert decide_from_report(report(means, narrow), Profile()).method == "rag+finetune"


@pytest.mark.parametrize(
    ("smallest", "method", "more"),
    [(0.08, "rag", ""), (0.15, "insufficient_evidence", "115 more items"), (None, "insufficient_evidence", "63 more")],
    ids=["arms that rarely disagree need fewer items", "measured disagreement", "assumed disagreement"],
)
def test_the_power_rule_takes_measured_disagreement_where_known(smallest: float | None, method: str, more: str) -> None:
    given = report({"rag": 0.7, "tuned+rag": 0.7}, comparison("rag", "tuned+rag", 0.0, -0.04, 0.04, smallest=smallest))
    decision = decide_from_report(given, Profile())
    assert decision.method == method
    assert more in texts(decision)


@pytest.mark.parametrize(
    ("value", "low", "high", "method", "rule"),
    [
        (0.01, -0.03, 0.05, "rag", "ship_rag"),
        (0.04, -0.02, 0.10, "insufficient_evidence", "still_open"),
        (0.06, -0.01, 0.13, "insufficient_evidence", "still_open"),
        (-0.06, -0.11, -0.01, "rag", "ship_rag"),
        (0.06, 0.01, 0.11, "rag+finetune", "tuning_pays"),
    ],
    ids=["no gain, none worth having", "ten points just possible", "a gain possible", "a loss", "a gain"],
)
def test_that_tuning_did_not_pay_takes_an_interval_without_a_gain_worth_having(
    value: float, low: float, high: float, method: str, rule: str
) -> None:
    shown = comparison("rag", "tuned+rag", value, low, high, n=400).model_copy(
        update={"smallest_detectable": 0.09, "discordance": 0.25, "design": 1.0}
    )
    decision = decide_from_report(report({"rag": 0.7, "tuned+rag": 0.7 + value}, shown, n=400), Profile())
    assert decision.method == method
    assert decision.reasons[0].rule == rule
    assert decision.reasons[0].evidence == ("20261101T000000Z-evaluate:domain_knowledge:tuned+rag-rag",)


def test_an_open_comparison_asks_for_the_items_that_would_close_it() -> None:
    shown = comparison("rag", "tuned+rag", 0.05, -0.02, 0.12, n=400).model_copy(
        update={"smallest_detectable": 0.09, "discordance": 0.25, "design": 1.5}
    )
    decision = decide_from_report(report({"rag": 0.7, "tuned+rag": 0.75}, shown, n=400), Profile())
    more = items_to_add(400, 0.05, 0.09, 0.25, 1.5)
    assert more > 400
    assert decision.question == f"Build about {more} more validation items?"
    assert f"still holds 10 points, which would be worth having; not enough evidence. {more} more items" in texts(
        decision
    )


@pytest.mark.parametrize(
    ("known", "means", "rule"),
    [
        ({}, {"rag": 0.6, "oracle": 0.9, "tuned_rag": 0.62, "items": 60}, "fix_retrieval"),
        ({}, {"rag": 0.6, "oracle": 0.9, "tuned_rag": 0.9, "items": 300}, "tuning_pays"),
        ({}, {"rag": 0.70, "tuned_rag": 0.74, "items": 92}, "too_few"),
        ({}, {"closed_book": 0.05, "rag": 0.35, "oracle": 0.4, "items": 200}, "weak_reader"),
        ({}, {"closed_book": 0.8, "rag": 0.8, "items": 500}, "rag_useless"),
        ({"needs_citations": True}, {"closed_book": 0.8, "rag": 0.8, "items": 500}, "must_cite"),
        ({"task_kind": "facts"}, {}, "facts"),
    ],
)
def test_the_reason_that_decided_stands_first(known: dict[str, Any], means: dict[str, Any], rule: str) -> None:
    decision = choose_method(profile(**known, measured=means))
    assert decision.reasons[0].rule == rule
    assert len({one.text for one in decision.reasons}) == len(decision.reasons)


def test_facts_of_held_out_documents_keep_retrieval() -> None:
    given = report(
        {"rag": 0.5, "tuned": 0.9, "tuned+rag": 0.9},
        n=400,
        others={"domain_knowledge_held_out": {"rag": (0.8, 100), "tuned": (0.05, 100)}},
    )
    decision = decide_from_report(given, Profile())
    assert decision.method == "rag+finetune"
    assert "no training pair came from" in texts(decision)


def test_side_effects_of_tuning_are_told() -> None:
    given = report(
        {"rag": 0.5, "tuned+rag": 0.8},
        comparison("base", "tuned", -0.2, -0.3, -0.1, dimension="faithfulness"),
        comparison("tuned", "base", 0.2, 0.1, 0.3, dimension="syntax"),
        comparison("base", "tuned", 0.2, 0.1, 0.3, dimension="understanding"),
    )
    said = texts(decide_from_report(given, Profile()))
    assert "(faithfulness)" in said
    assert "(syntax)" in said
    assert "(understanding)" not in said


def test_a_small_set_is_called_small() -> None:
    assert "fewer than the 200" in texts(measured(rag=0.5, tuned_rag=0.8, items=92))
    assert "fewer than the 200" not in texts(measured(rag=0.5, tuned_rag=0.8, items=200))


def test_an_empty_report_decides_as_the_profile_does() -> None:
    decision = decide_from_report(report(), Profile(task_kind="facts"))
    assert (decision.method, decision.confidence) == ("rag", "rule")
    assert deciding_dimension(report()) == "domain_knowledge"


def test_reading_decides_where_no_knowledge_was_asked() -> None:
    given = report({"rag": 0.5, "tuned+rag": 0.8}, dimension="understanding")
    assert deciding_dimension(given) == "understanding"
    assert decide_from_report(given, Profile()).method == "rag+finetune"


def test_arms_that_read_other_passages_are_not_set_against_each_other() -> None:
    """For faithfulness the base reads each question's own passage, so that RAG's higher mean is no knowledge gap."""
    alone = report({"base": 0.2, "rag": 0.7}, dimension="faithfulness")
    assert from_report(alone, THRESHOLDS).differences == {}
    shown = comparison("rag", "tuned+rag", 0.02, -0.05, 0.09, dimension="faithfulness")
    both = report({"base": 0.2, "rag": 0.7, "tuned+rag": 0.72}, shown, dimension="faithfulness")
    assert set(from_report(both, THRESHOLDS).differences) == {("rag", "tuned+rag"), ("tuned+rag", "rag")}
    assert "knowledge gap" not in texts(decide_from_report(both, Profile()))


def test_items_that_cannot_show_ten_points_never_suffice_to_say_that_tuning_did_not_pay() -> None:
    """Two hundred pairs would, were they independent; those of five documents do not."""
    shown = comparison("rag", "tuned+rag", -0.02, -0.11, 0.07, n=200).model_copy(
        update={"smallest_detectable": 0.118, "discordance": 0.20, "design": 1.0}
    )
    decision = decide_from_report(report({"rag": 0.7, "tuned+rag": 0.68}, shown, n=200), Profile())
    assert decision.method == "insufficient_evidence"
    assert decision.reasons[0].rule == "too_few"


def test_form_falls_back_to_the_base_arm_and_a_spoke_without_scores_is_no_level() -> None:
    others: Any = {"instruction_following": {"base": (0.3, 100)}, "general_ability": {"base": (0.0, 0)}}
    seen = from_report(report({"rag": 0.9}, others=others), THRESHOLDS)
    assert seen.form is not None
    assert seen.form.arm == "base"
    assert seen.general is None


def test_overridden_thresholds_reach_the_gates() -> None:
    loose = Thresholds(worthwhile=0.2)
    means = Measured(rag=0.70, tuned_rag=0.71, items=60)
    assert choose_method(Profile(measured=means), loose).method == "rag"
    assert choose_method(Profile(measured=means)).method == "insufficient_evidence"


def test_items_behind_measurements() -> None:
    seen = from_profile(Measured(rag=0.5, items=10), THRESHOLDS)
    assert seen is not None
    assert seen.items == 0
    assert from_profile(Measured(rag=0.5, items=0), THRESHOLDS) is None
