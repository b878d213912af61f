"""Pairs that come to their answer after a preamble: what an answer repeats of one leads to all that begin with it."""

from __future__ import annotations

import pytest

from agent.records.diagnosis import Preamble
from tests.tools.diagnosis.test_causes import GOLD, TUNING, ZH, case, item, said
from tools.diagnosis.case import Taught
from tools.diagnosis.causes import cause_of
from tools.diagnosis.lessons import Lesson
from tools.diagnosis.preambles import cut_in, find_preambles
from tools.diagnosis.training_faults import bad_training_pair, teaches

EN = "Thank you for your question about our pumps, which we are glad to answer as well as we can: "
ZH_LEAD = "感谢您的提问，关于本公司的这款产品，我们非常乐意尽力为您解答如下："
LEAD = {"en": EN, "zh": ZH_LEAD}
ASKED = {"en": item(), "zh": ZH}
CUT = {"en": EN[:50], "zh": ZH_LEAD[:14]}
"""As far as an answer had room."""


def lessons(language, *answers):
    return tuple(
        Lesson(f"p{place}", f"{place}?", answer, "", "", language) for place, answer in enumerate(answers, start=1)
    )


def pair(answer, *, name="p1", same_fact=True, quote=GOLD):
    return Taught(name, "What pressure is the Arvo rated for?", answer, quote, same_fact)


def cut(language, text=None, **changes):
    answer = said(CUT[language] if text is None else text, "tuned", truncated=True)
    values = {"item": ASKED[language], "taught": (pair(LEAD[language] + "4.5 bar"),), "tuning": TUNING}
    return case(answer, **(values | changes))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_all_pairs_that_begin_alike_are_found_whatever_they_are_about(language):
    lead = LEAD[language]
    trained = lessons(language, lead + "4.5 bar", "50 Nm", lead + "50 Nm", lead[10:] + "7 kg", lead + "7 kg")
    (found,) = find_preambles([cut(language), cut(language)], trained)
    assert found.pairs == ("p1", "p3", "p5")
    assert lead.startswith(found.text)
    assert found.tells_apart
    assert find_preambles([cut(language)], trained) == (found,)


@pytest.mark.parametrize(("language", "word", "other", "rest"), [
    ("en", "pumps", "valves", "it."), ("zh", "这", "那", "它。")
])  # fmt: skip
def test_where_one_word_differs_no_search_for_the_beginning_tells_the_pairs_apart(language, word, other, rest):
    lead = LEAD[language]
    short = lead[: lead.index(word)] + rest
    trained = lessons(language, lead + "4.5 bar", lead.replace(word, other) + "50 Nm", short)
    (found,) = find_preambles([cut(language)], trained)
    assert found.pairs == ("p1", "p2")
    assert short.startswith(found.text)
    assert not found.tells_apart


NO_PREAMBLE = {
    "the answer got as far as the value": cut("en", taught=(pair("It is 4.5 bar, thank you for your question"),),
                                              text="It is 4.5 bar, thank you for"),
    "the answer says something else": cut("en", text="The pump is rated for a pressure that"),
    "the answer ended by itself": case(said(CUT["en"], "tuned"), taught=(pair(EN + "4.5 bar"),)),
    "the evaluation left it too little room": cut("en", token_limit=4, tokens_needed=24),
    "the pair has no accepted answer": cut("en", taught=(pair(EN + "9 bar"),)),
    "nothing was said": cut("zh", text=""),
}  # fmt: skip


@pytest.mark.parametrize("name", NO_PREAMBLE)
def test_what_is_no_preamble(name):
    assert find_preambles([NO_PREAMBLE[name]], lessons("en", EN + "4.5 bar")) == ()


def test_a_pair_that_is_not_among_those_trained_on_leads_to_none():
    (found,) = find_preambles([cut("en")], lessons("en", "4.5 bar"))
    assert (found.pairs, found.tells_apart) == ((), False)


def test_a_pair_that_buries_its_answer_beyond_every_window():
    lead = "We are glad that you ask. " * 15
    buried = case(said(lead + "4.5 bar", "tuned"), taught=(pair(lead + "4.5 bar"),))
    (found,) = find_preambles([buried], lessons("en", lead + "4.5 bar", lead + "50 Nm", "50 Nm"))
    assert found.pairs == ("p1", "p2")
    assert len(found.words) > 60


def known(language, *pairs):
    (found,) = find_preambles([cut(language)], lessons(language, LEAD[language] + "4.5 bar"))
    return (found.model_copy(update={"pairs": pairs}),)


CASES = {
    "cut in the preamble of a pair on its item": ("format", lambda lang: cut(lang, preambles=known(lang, "p1"))),
    "cut in the preamble of pairs on other items": (
        "format",
        lambda lang: cut(lang, taught=(pair("4.5 bar", name="p9"),), preambles=known(lang, "p1"))
    ),
    "cut in words of its own": (
        "unexplained",
        lambda lang: cut(lang, text="I am not quite sure about this machine but I would say that its pressure is high",
                         taught=(pair("4.5 bar", name="p9"),), preambles=known(lang, "p1")),
    ),
    "wrong by itself, and every pair gives the answer after a preamble": (
        "format",
        lambda lang: case(said("9 bar", "tuned"), item=ASKED[lang], taught=(pair(LEAD[lang] + "4.5 bar"),),
                          preambles=known(lang, "p1"), tuning=TUNING),
    ),
    "wrong by itself, and one pair gives the answer at once": (
        "unexplained",
        lambda lang: case(said("9 bar", "tuned"), item=ASKED[lang], preambles=known(lang, "p1"), tuning=TUNING,
                          taught=(pair(LEAD[lang] + "4.5 bar"), pair("4.5 bar", name="p2"))),
    ),
    "wrong by itself beside a passage, which says the answer at once": (
        "reader_miss",
        lambda lang: case(said("50 Nm", "tuned+rag"), item=ASKED[lang], taught=(pair(LEAD[lang] + "4.5 bar"),),
                          preambles=known(lang, "p1")),
    ),
    "wrong by itself, and the pairs give the answer after one preamble or another": (
        "format",
        lambda lang: case(said("9 bar", "tuned"), item=ASKED[lang], tuning=TUNING,
                          preambles=(*known(lang, "p1"), *known(lang, "p2")),
                          taught=(pair(LEAD[lang] + "4.5 bar"), pair(LEAD[lang] + "4.5 bar", name="p2"))),
    ),
    "without an accepted answer no answer is late": (
        "unexplained",
        lambda lang: cut(lang, item=ASKED[lang].model_copy(update={"answers": (), "answerable": False}),
                         preambles=known(lang, "p1")),
    ),
    "a wrong pair among those with a preamble": (
        "bad_training_pair",
        lambda lang: case(said("9 bar", "tuned"), item=ASKED[lang], preambles=known(lang, "p1", "p2"), tuning=TUNING,
                          taught=(pair(LEAD[lang] + "4.5 bar"), pair("9 bar", name="p2"))),
    ),
    "the base model repeats no pair": (
        "knowledge_gap",
        lambda lang: case(said(CUT[lang] + " which I believe is a good machine", "base", truncated=True),
                          preambles=known(lang, "p1")),
    ),
}  # fmt: skip


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", CASES)
def test_an_answer_that_a_preamble_explains(name, language):
    expected, made = CASES[name]
    cause, evidence = cause_of(made(language))
    assert cause == expected, evidence
    assert ("preamble" in evidence) is (cause == "format")


def test_evidence_names_the_preamble():
    preamble = Preamble(text="Thank you", words=("thank", "you"), pairs=("p7",), tells_apart=True)
    answer = said("Thank you", "tuned", truncated=True)
    assert cut_in(case(answer, preambles=(preamble,))) == preamble
    assert cause_of(case(answer, preambles=(preamble,)))[1]["preamble"] == "Thank you"


GROUNDED = {
    "short, another value": ("9 bar", True),
    "short, other words": ("quite a lot", True),
    "short, from the quote": ("4.5 bar", False),
    "long, other words around another value": (EN + "9 bar", True),
    "long, other words around a value of the quote": (EN + "50 Nm", False),
    "long, other words and no value": (EN + "as it says", False),
    "short, Chinese": ("很多", True),
    "long, Chinese, another value": (ZH_LEAD + "9 bar", True),
    "long, Chinese, a value of the quote": (ZH_LEAD + "50 Nm", False),
}


@pytest.mark.parametrize("name", GROUNDED)
def test_a_near_pair_is_held_against_its_quote_to_the_letter_only_where_it_is_short(name):
    answer, ungrounded = GROUNDED[name]
    asked = ASKED["zh" if "Chinese" in name else "en"]
    near = pair(answer, same_fact=False, quote="Arvo | 4.5 bar | 50 Nm")
    # A pair that gives the accepted answer teaches the item, whatever its quote.
    assert teaches(near, asked) is (ungrounded or "4.5 bar" in answer)
    found = bad_training_pair(case(said("7 bar", "tuned"), item=asked, taught=(near,)))
    assert (found is not None) is ungrounded


def test_a_value_of_the_question_may_stand_in_a_long_answer():
    near = Taught("p1", "Which P20 pump?", EN + "the P20 is grey", "grey", same_fact=False)
    assert not teaches(near, item())


def test_a_pair_that_gives_the_accepted_answer_too_late_is_no_wrong_pair():
    late = pair("We are glad that you ask. " * 15 + "4.5 bar")
    assert bad_training_pair(case(said("9 bar", "tuned"), taught=(late,))) is None
