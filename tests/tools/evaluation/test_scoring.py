from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.evaluation.normalisation import texts, tokenise
from tools.evaluation.scoring import (
    abstention_score,
    best_option,
    carries_term,
    exact_match,
    holds,
    judge,
    prefers_first,
    supported_share,
    token_f1,
)


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("en", "4.5 bar", "4.5bar"),
        ("en", "1,200 rpm", "1200 RPM."),
        ("en", "１２００ ｒｐｍ", "1200 rpm"),
        ("en", "The Molvek Blue", "molvek  blue!"),
        ("en", "48 h", "48 hours"),
        ("en", "fourteen days", "14 day"),
        ("en", "18 degrees Celsius", "18℃"),
        ("en", "minus 18 °C", "−18°C"),
        ("en", "20 per cent", "20%"),
        ("en", "2 September 2024", "September 2nd, 2024"),
        ("en", "2 September 2024", "2024-09-02"),
        ("en", "HX-415", "hx415"),
        ("en", "4.50 bar", "4.5 bar"),
        ("zh", "4.5 巴", "4.5巴。"),
        ("zh", "十四天", "14 天"),
        ("zh", "二十四小时", "24小时"),
        ("zh", "一百零五个", "105个"),
        ("zh", "三万元", "30000元"),
        ("zh", "零下十八摄氏度", "-18℃"),
        ("zh", "2024年9月2日", "2024-09-02"),
        ("zh", "百分之20", "20%"),
        ("zh", "二〇二四年", "2024年"),
    ],
)
def test_the_same_answer_written_differently(language, one, other):
    assert texts(tokenise(one, language)) == texts(tokenise(other, language))
    assert exact_match(one, [other], language) == 1


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("en", "14", "140"),
        ("en", "-18 °C", "18 °C"),
        ("en", "P20", "P200"),
        ("en", "16 A", "16"),
        ("en", "1.10.2", "1.10"),
        ("zh", "十四", "四"),
        ("zh", "统一", "统"),
        ("zh", "一般要求", "1般要求"),
    ],
)
def test_different_answers_stay_apart(language, one, other):
    assert texts(tokenise(one, language)) != texts(tokenise(other, language))


@pytest.mark.parametrize(
    ("answer", "gold", "question", "right", "fault"),
    [
        ("The torque is 59 Nm.", "59 Nm", "", True, ""),
        ("59Nm", "59 Nm", "", True, ""),
        ("It is 140 days.", "14 days", "", False, "absent"),
        ("It is 4 or 14 days.", "14 days", "", False, "contradicted"),
        ("4-14 days", "14 days", "", False, "contradicted"),
        ("59 Nm, or perhaps 104 Nm", "59 Nm", "", False, "contradicted"),
        ("14 days, see section 3", "14 days", "", True, ""),
        ("For the P20 it is 59 Nm.", "59 Nm", "What is the torque of the P20?", True, ""),
        ("It is not 14 days.", "14 days", "", False, "negated"),
        ("14", "14 days", "How many days of leave are there?", True, ""),
        ("14", "14 days", "How long is the leave?", False, "absent"),
        ("14 weeks", "14 days", "How many days of leave are there?", False, "absent"),
        ("Use HX-415 or HX-416.", "HX-415", "", False, "contradicted"),
        ("Use HX-415 in zone B2.", "HX-415", "", True, ""),
        ("On 2 September 2024.", "2024-09-02", "", True, ""),
        ("On 2 September or 3 October 2024.", "3 October 2024", "", True, ""),
        ("Between 2 September 2024 and 3 October 2024.", "3 October 2024", "", False, "contradicted"),
        ("Molvek Blue", "Molvek Amber", "", False, "absent"),
        ("The grease is Molvek Amber.", "Molvek Amber", "", True, ""),
        ("Yes, it is.", "yes", "", True, ""),
        ("No. Yes would be wrong.", "yes", "", False, "absent"),
        ("word " * 70 + "14 days", "14 days", "", False, "late"),
        ("", "14 days", "", False, "absent"),
        ("14 days", "", "", False, "absent"),
    ],
)
def test_judging_english(answer, gold, question, right, fault):
    outcome = judge(answer, [gold], question, "en")
    assert (outcome.right, outcome.fault) == (right, fault)


@pytest.mark.parametrize(
    ("answer", "gold", "question", "right"),
    [
        ("额定压力为4.5巴。", "4.5 巴", "", True),
        ("扭矩是十四牛米", "14牛米", "", True),
        ("扭矩是140牛米", "14牛米", "", False),
        ("不是14天", "14天", "", False),
        ("4到14天", "14天", "", False),
        ("使用琥珀色润滑脂", "琥珀色润滑脂", "", True),
        ("否", "是", "", False),
        ("是的", "是", "", True),
        ("HX-415", "ＨＸ－４１５", "", True),
    ],
)
def test_judging_chinese(answer, gold, question, right):
    assert judge(answer, [gold], question, "zh").right is right


def test_any_accepted_answer_will_do_and_none_contradicts_another():
    assert judge("two bar", ["2 bar", "29 psi"], "", "en").right
    assert judge("2 bar (29 psi)", ["2 bar", "29 psi"], "", "en").right


def test_a_long_gold_is_met_by_its_content():
    gold = "Release the pressure, loosen all four nuts by half a turn, then tighten the bars to 59 Nm"
    assert judge(
        "First release the pressure, loosen all four nuts half a turn, then tighten bars to 59 Nm.", [gold], "", "en"
    ).right
    assert not judge(
        "First release the pressure, loosen all four nuts half a turn, then tighten to 60 Nm.", [gold], "", "en"
    ).right


@given(st.text(max_size=40), st.sampled_from(("en", "zh")))
def test_every_text_with_words_judges_itself_right_or_polar(text, language):
    tokens = tokenise(text, language)
    if tokens and len(tokens) <= 10 and not any(word in text.lower() for word in ("not", "never", "n't", "不", "非")):
        assert judge(text, [text], "", language).right
        assert exact_match(text, [text], language) == 1
        assert token_f1(text, [text], language) == 1


@pytest.mark.parametrize(
    ("answer", "gold", "language", "f1"),
    [
        ("the cat sat", "cat sat down", "en", 0.8),
        ("额定压力", "压力", "zh", 2 * 2 / 6),
        ("", "cat", "en", 0.0),
        ("dog", "cat", "en", 0.0),
    ],
)
def test_token_f1(answer, gold, language, f1):
    assert token_f1(answer, [gold], language) == pytest.approx(f1)


@pytest.mark.parametrize(
    ("answerable", "abstained", "score"), [(True, True, 0), (True, False, None), (False, True, 1), (False, False, 0)]
)
def test_abstention(answerable, abstained, score):
    assert abstention_score(answerable, abstained) == score


def test_choice_goes_by_log_probability_per_token():
    assert best_option([(-4.0, 2), (-6.0, 6), (-3.0, 1)]) == 1
    assert best_option([(-1.0, 1), (-1.0, 1)]) == 0


@pytest.mark.parametrize(("good", "bad", "score"), [(-10.0, -12.0, 1), (-12.0, -10.0, 0), (-10.0, -10.0, 0.5)])
def test_minimal_pairs_go_by_the_sum(good, bad, score):
    assert prefers_first([(good, 8), (bad, 5)]) == score


@pytest.mark.parametrize(
    ("pieces", "whole", "score"), [(1, True, 1), (3, True, 1), (4, True, 0), (2, False, 0), (0, False, 0)]
)
def test_terms_are_carried_in_few_pieces_and_come_back(pieces, whole, score):
    assert carries_term(pieces, whole=whole) == score


def test_what_the_context_does_not_carry_is_not_supported():
    context = "| Hexaune P20 | 59 Nm | 48 hours |"
    assert supported_share("59 Nm", context, "torque?", "en") == 1
    assert supported_share("The torque is 60 Nm", context, "What is the torque?", "en") == 0
    assert 0 < supported_share("59 Nm by careful hands", context, "", "en") < 1
    assert supported_share("...", context, "", "en") == 0


@pytest.mark.parametrize(
    ("passage", "gold", "expected"),
    [
        ("The torque is 59 Nm.", "59 Nm", True),
        ("| Model | Torque, Nm |\n| P20 | 59 |", "59 Nm", True),
        ("| Model | Torque, Nm |\n| P20 | 590 |", "59 Nm", False),
        ("Use Molvek, in blue.", "Molvek blue", False),
    ],
)
def test_what_a_passage_holds(passage, gold, expected):
    assert holds(passage, [gold], "en") is expected
    assert holds(passage, [], "en") is None
