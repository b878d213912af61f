"""The rules of iterating as tables: what a round brought, how many changes it had, and when to stop."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from agent.policy.iterating import count_changes, finding_of, when_to_stop
from agent.prompts.iterating import FACTS, FINDINGS, changed_text, difference_text, fact_text, finding_text
from agent.records.base import Language
from agent.records.evaluation import Dimension
from agent.records.iteration import ChangedFact, ChangeKind, DimensionChange, Finding, Iteration, NotComparable
from tests.agent.policy.builders import ARTICLES, estimate


def change(
    low: float, high: float, p: float = 0.01, dimension: Dimension = "domain_knowledge", smallest: float = 0.04
) -> DimensionChange:
    return DimensionChange(
        dimension=dimension, arm_before="rag", arm="rag", n=90, right_before=50, right_after=55,
        difference=(low + high) / 2, low=low, high=high, p=p, smallest=smallest,
    )  # fmt: skip


def fact(what: ChangeKind, before: str = "a", after: str = "b", name: str = "") -> ChangedFact:
    return ChangedFact(what=what, before=before, after=after, name=name)


def tried(number: int, finding: Finding, changes: int = 1, smallest: float = 0.04) -> Iteration:
    return Iteration(
        number=number, run=f"run{number}", began="2026-01-01T00:00:00+00:00", compared=f"run{number - 1}",
        compared_number=number - 1, changed=(fact("k", "5", "10"),) if changes else (), changes=changes,
        deciding=change(-0.1, 0.1, smallest=smallest), finding=finding,
    )  # fmt: skip


def untold(number: int, why: NotComparable = "first") -> Iteration:
    began = "2026-01-01T00:00:00+00:00"
    return Iteration(number=number, run=f"run{number}", began=began, finding="not_comparable", why=why)


@pytest.mark.parametrize(
    ("facts", "count"),
    [
        pytest.param([], 0, id="nothing"),
        pytest.param([fact("k")], 1, id="one"),
        pytest.param([fact("passages"), fact("passage_characters")], 1, id="room is one thing"),
        pytest.param([fact("hyperparameter", name="rank"), fact("hyperparameter", name="alpha")], 1, id="one setting"),
        pytest.param([fact("tune_run"), fact("mix"), fact("domain_share"), fact("followed")], 1, id="names follow"),
        pytest.param([fact("tune_run"), fact("pairs"), fact("domain_share")], 2, id="pairs and share"),
        pytest.param([fact("tune_run")], 1, id="trained again on the same"),
        pytest.param([fact("tune_run"), fact("mix")], 1, id="another mix of which nothing is left"),
        pytest.param([fact("tune_run"), fact("k")], 2, id="trained again and searched more"),
        pytest.param([fact("base_model"), fact("tune_run")], 1, id="another base has to be trained"),
        pytest.param([fact("arm"), fact("tune_run", ""), fact("method", ""), fact("domain_share", "")], 1, id="tuned"),
        pytest.param([fact("arm"), fact("tune_run", ""), fact("documents")], 2, id="tuned, and documents read"),
        pytest.param([fact("items")], 0, id="more items change no score of the others"),
        pytest.param([fact("references", "", "3"), fact("items")], 1, id="references do"),
    ],
)
def test_changes_are_counted_by_what_was_done(facts: list[ChangedFact], count: int) -> None:
    assert count_changes(facts) == count


@pytest.mark.parametrize(
    ("deciding", "others", "finding"),
    [
        (change(0.01, 0.2), [], "gain"),
        (change(-0.2, -0.01), [], "loss"),
        (change(-0.1, 0.1), [], "nothing"),
        (change(0.0, 0.2), [], "nothing"),
        (change(-0.1, 0.1), [change(0.1, 0.3, p=0.01, dimension="faithfulness")], "gain"),
        (change(-0.1, 0.1), [change(0.1, 0.3, p=0.06, dimension="faithfulness")], "nothing"),
        (change(0.01, 0.2), [change(-0.3, -0.1, p=0.01, dimension="general_ability")], "mixed"),
        (change(0.01, 0.2), [change(-0.3, -0.1, p=0.2, dimension="general_ability")], "gain"),
        (change(-0.1, 0.1), [change(-0.3, -0.1, p=0.01, dimension="general_ability")], "loss"),
    ],
)
def test_intervals_find(deciding: DimensionChange, others: list[DimensionChange], finding: Finding) -> None:
    assert finding_of(deciding, others) == finding


HIGH, LOW, OPEN = estimate(0.9, 200), estimate(0.4, 200), estimate(0.72, 100)


@pytest.mark.parametrize(
    ("rounds", "more", "outcome", "rules"),
    [
        pytest.param([], {}, "nothing_yet", ["nothing_yet"], id="nothing measured"),
        pytest.param([untold(1)], {"score": LOW}, "go_on", ["first", "level"], id="first round"),
        pytest.param([untold(1)], {"score": HIGH, "target": 0.8}, "target_met", ["target_met"], id="met at once"),
        pytest.param([untold(1)], {"score": OPEN, "target": 0.7}, "go_on", ["first", "level"], id="mean is no proof"),
        pytest.param([untold(1), tried(2, "gain")], {}, "go_on", ["gained"], id="gain"),
        pytest.param([untold(1), tried(2, "nothing")], {}, "go_on", ["once"], id="one without gain"),
        pytest.param([untold(1), tried(2, "loss")], {}, "go_on", ["once", "take_back"], id="loss"),
        pytest.param([untold(1), tried(2, "mixed")], {}, "go_on", ["gained", "mixed"], id="mixed"),
        pytest.param([untold(1), tried(2, "gain", 3)], {}, "go_on", ["gained", "several"], id="several at once"),
        pytest.param([untold(1), tried(2, "nothing", 0)], {}, "go_on", ["not_tried"], id="measured again"),
        pytest.param([tried(2, "nothing"), tried(3, "nothing")], {}, "no_gain", ["no_gain"], id="two in a row"),
        pytest.param(
            [tried(2, "nothing"), tried(3, "loss")], {"score": LOW}, "no_gain", ["no_gain", "take_back", "level"],
            id="a loss is no gain",
        ),
        pytest.param(
            [tried(2, "nothing"), untold(3, "other_items"), tried(4, "nothing", 0), tried(5, "nothing")], {},
            "no_gain", ["no_gain"], id="rounds that try nothing do not part them",
        ),
        pytest.param(
            [tried(2, "nothing"), tried(3, "gain"), tried(4, "nothing")], {}, "go_on", ["once"], id="not in a row"
        ),
        pytest.param(
            [tried(2, "nothing", smallest=0.12), tried(3, "nothing")], {}, "no_gain", ["no_gain", "small"],
            id="too few items to see",
        ),
        pytest.param(
            [tried(2, "nothing"), tried(3, "nothing")], {"score": HIGH, "target": 0.8}, "target_met", ["target_met"],
            id="the target goes first",
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_when_to_stop(
    rounds: list[Iteration], more: dict[str, Any], outcome: str, rules: list[str], lang: Language
) -> None:
    found = when_to_stop(rounds, dimension="facts", lang=lang, **more)
    assert found.outcome == outcome
    assert [one.rule for one in found.reasons] == rules
    assert {one.article for one in found.reasons} <= ARTICLES
    assert all("{" not in one.text for one in found.reasons)


def test_the_sentence_of_the_stop_rule() -> None:
    met = when_to_stop([untold(1)], HIGH, "domain knowledge", 0.8)
    assert met.reasons[0].text == (
        "Stop: round 1 meets the target of 80% on domain knowledge: 90% (95% interval 85% to 93%, n = 200)."
    )
    assert met.reasons[0].evidence == ("run1",)
    assumed = when_to_stop([untold(1)], LOW, "领域知识", lang="zh")
    assert "目标 70%（未指定，取默认）" in assumed.reasons[-1].text
    small = when_to_stop([tried(2, "nothing", smallest=0.12), tried(3, "nothing")])
    assert "rounds 2 and 3 in a row gained nothing measurable" in small.reasons[0].text
    assert "show 12 points and more" in small.reasons[1].text


@pytest.mark.parametrize(
    ("one", "lang", "text"),
    [
        (fact("k", "5", "10"), "en", "passages retrieved 5 → 10"),
        (fact("domain_share", "0.3", "0.6"), "en", "domain share 30% → 60%"),
        (fact("domain_share", "", "0.3"), "zh", "领域占比 – → 30%"),
        (fact("method", "qlora", "full"), "zh", "方法 Q-LoRA → 全参数微调"),
        (fact("base_model", "builtin", "some/model"), "en", "base model builtin → model"),
        (fact("hyperparameter", "16", "64", "rank"), "zh", "秩 16 → 64"),
        (fact("documents", "1", "2"), "en", "documents: 2 read, 1 taken out"),
        (fact("index", "12", "90"), "zh", "90 题中有 12 题所示段落不同"),
        (fact("tokens", "", "8", "most_tokens"), "en", "limit of tokens (every answer) – → 8"),
    ],
)
def test_facts_in_words(one: ChangedFact, lang: Language, text: str) -> None:
    assert fact_text(one, lang) == text


def test_every_kind_of_change_and_finding_has_words() -> None:
    assert set(get_args(ChangeKind)) <= set(FACTS)
    assert {"gain", "loss", "mixed", "nothing", *get_args(NotComparable)} <= set(FINDINGS)


def test_a_round_in_words() -> None:
    again = tried(2, "nothing").model_copy(update={"changed": (fact("tune_run"), fact("followed", name="epochs"))})
    assert changed_text(again, "en") == "trained again, as before"
    assert changed_text(tried(2, "nothing", 0), "zh") == "无记录在案的改动"
    assert changed_text(untold(1), "en") == "–"
    both = tried(2, "gain").model_copy(update={"changed": (fact("k", "5", "10"), fact("passages", "1", "3"))})
    assert changed_text(both, "zh") == "检索段数 5 → 10；所示段数 1 → 3"
    assert finding_text(untold(3, "other_items"), "en") == "not comparable: no earlier round asked these items"
    corrected = tried(2, "gain", 2).model_copy(update={"corrected": 3})
    assert finding_text(corrected, "en") == "measurable gain, 2 changes at once, 3 references corrected in between"
    assert difference_text(change(-0.02, 0.1), "en") == "+4 (−2 to +10)"
