"""Items on senses: what a document itself explains goes first; conflated terms where the corpus explains too little."""

from __future__ import annotations

import pytest

from agent.prompts.choices import GAP, filled_pairs
from agent.records.evaluation import EvaluateRequest
from tests.tools.evaluation.scripted import READING
from tests.tools.extraction.corpus import text_of
from tools.evaluation.arms import plan
from tools.validation.conflated import conflated_items
from tools.validation.senses import aliases, sense_items

TRAINING = (
    "The mass spectrometer (MS) hums. Multi-drug resistance (MDR) rose. The case fatality rate (CFR) fell. "
    "Case report forms (CRF) were sent."
)


def senses_of(*texts, held_out="b"):
    made = [text_of(name, text) for name, text in zip("abcd", texts, strict=False)]
    return [
        (item.question, item.options[item.correct], set(item.options))
        for item in sense_items(made, [], frozenset([held_out]), 0)
    ]


def test_a_document_s_own_sense_goes_before_another_s_which_is_a_wrong_option() -> None:
    own = "Multiple sclerosis (MS) is a disease.\n\nThe cause of MS is unknown to this day.\n"
    ((question, right, options),) = senses_of(TRAINING, own)
    assert question == 'What does "MS" mean here?'
    assert right == "Multiple sclerosis"
    assert "mass spectrometer" in options


def test_a_term_on_which_others_disagree_is_no_item_where_it_is_not_explained() -> None:
    assert (
        senses_of(TRAINING, "The MS was used for every one of them.\n", "Multiple sclerosis (MS) is a disease.") == []
    )
    assert [right for _, right, _ in senses_of(TRAINING, "The MS was used for every one of them.\n")] == [
        "mass spectrometer"
    ]


def test_the_same_sense_in_the_plural_is_no_wrong_option() -> None:
    texts = ("Respiratory viruses (RV) spread.", "A respiratory virus (RV) spread. The RV of the patient was found.\n")
    assert senses_of(f"{texts[0]} {TRAINING}", texts[1])[0][2].isdisjoint({"Respiratory viruses"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("首钢集团有限公司，简称首钢，是一家钢铁企业。", {"首钢": "首钢集团有限公司"}),
        ("假苹婆（学名：Sterculia），别称七姐果、鸡冠皮。", {"七姐果": "假苹婆"}),
        ("世界裸体自行车游行组织（英文：World Ride，缩写：WNBR）是一项活动。", {"WNBR": "世界裸体自行车游行组织"}),
        ("位于宝塔街的铺子，又称广合源街，已经拆除。", {}),
        ("他俗称的旧支配者并不存在。", {}),
    ],
)
def test_other_names_that_a_chinese_text_gives(text: str, expected: dict[str, str]) -> None:
    assert aliases(text) == expected


WORDS = ("filtration", "vibration", "ventilation", "lubrication", "installation")


def english(held_out_word: str) -> list[str]:
    others = "\n\n".join(f"The {word} was late. A {word} is due. One more {word} came." for word in WORDS[1:])
    own = f"Every crew checks the {held_out_word} of the unit before the season begins in the early spring.\n"
    return [others, f"{own}\n{held_out_word} and {held_out_word} again."]


def test_a_sentence_of_a_held_out_document_asks_which_term_stood_in_its_gap() -> None:
    other, own = english("filtration")
    texts = [text_of("a", other), text_of("b", own)]
    (item,) = conflated_items(texts, set(), frozenset(["b"]), 0)
    assert item.question.count(GAP) == 1
    assert "filtration" not in item.question
    assert item.options[item.correct] == "filtration"
    assert set(item.options) <= set(WORDS)
    assert len(item.options) == 4
    assert (item.document, item.context, item.question_kind) == ("b", "", "conflated")
    assert list(conflated_items(texts, {"filtration"}, frozenset(["b"]), 0)) == []
    assert list(conflated_items(texts, set(), frozenset(), 0)) == []


def test_chinese_words_stand_in_gaps_too_but_no_dates() -> None:
    rivals = "\n".join(f"{word}坏了。修理{word}。更换{word}。" for word in ("隔膜泵", "离心泵", "齿轮泵", "计量泵"))
    own = "检修人员每个季度都要把隔膜泵里的积水全部放干净再重新启动。\n\n隔膜泵和隔膜泵。"
    texts = [
        text_of("a", rivals.replace("隔膜泵", "真空泵"), "zh"),
        text_of("b", own, "zh"),
    ]
    chinese = list(conflated_items(texts, set(), frozenset(["b"]), 0))
    assert chinese
    for item in chinese:
        assert item.question.replace(GAP, item.options[item.correct]) in own
    dated = "每年的三月都要检查管道里有没有积水和杂质才可以放心使用。三月三月。"
    months = "一月一月一月。二月二月二月。四月四月四月。五月五月五月。"
    made = conflated_items([text_of("a", months, "zh"), text_of("b", dated, "zh")], set(), frozenset(["b"]), 0)
    assert not [item for item in made if "三月" in item.options]


def test_what_follows_the_gap_is_scored_given_each_term() -> None:
    assert filled_pairs(f"The {GAP} is full.", ("tank", "lid")) == (
        ("The tank", " is full."),
        ("The lid", " is full."),
    )
    other, own = english("filtration")
    items = list(conflated_items([text_of("a", other), text_of("b", own)], set(), frozenset(["b"]), 0))
    (task,) = plan(items, ("base",), {}, [], READING, EvaluateRequest())
    assert task.form == "options"
    assert len({continuation for _, continuation in task.pairs}) == 1
    assert {prompt.split()[-1] for prompt, _ in task.pairs} == set(items[0].options)
