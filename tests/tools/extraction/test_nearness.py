import pytest

from tools.extraction.checks import failed
from tools.extraction.nearness import right_number

HOURS = "行政人员上班时间为8点20分，下班时间为17点05分。"
DATES = "于1984年12月25日动工兴建，1985年12月17日竣工。"
VIRUSES = "The most frequent viruses were RSV (30.4%) and Rhinovirus (27.4%), P < 0.001."
LISTED = "Substitutions to NS5A and NS5B were present in 8% and 19.2%, respectively."
HOSE = "On 3 May 2020, the hose was 2 metres long and the cable was 5 metres long."


@pytest.mark.parametrize(
    ("question", "answer", "quote", "language", "right"),
    [
        ("标志塔什么时候竣工？", "1985年12月17日", DATES, "zh", True),
        ("标志塔什么时候竣工？", "1984年12月25日", DATES, "zh", False),
        ("What share of samples held Rhinovirus?", "27.4%", VIRUSES, "en", True),
        ("What share of samples held Rhinovirus?", "30.4%", VIRUSES, "en", False),
        ("What share had substitutions to NS5B?", "19.2%", LISTED, "en", True),
        ("What share had substitutions to NS5B?", "8%", LISTED, "en", False),
        ("How long was the cable?", "5 metres", HOSE, "en", True),
        ("How long was the cable?", "2 metres", HOSE, "en", False),
        ("When were hose and cable measured?", "3 May 2020", HOSE, "en", True),
        ("How long is the cable?", "It is 5 metres long and quite a bit thicker than the hose", HOSE, "en", True),
        ("How long is the cable?", "5 metres", "The cable is 5 metres long.", "en", True),
        ("How long is the cable?", "9 metres", HOSE, "en", True),
    ],
)
def test_a_figure_is_the_one_nearest_to_the_questions_words(question, answer, quote, language, right):
    assert failed(right_number(question, answer, quote, "", language).score) is not right


WARDS = "Since 1998 the hospital has run 12 large modern isolation wards."
COMPRISED = "The cDNA is comprised of 1104 nucleotides with a frame of 783 bp coding for a 260 amino acid protein."


@pytest.mark.parametrize(
    ("question", "answer", "quote", "language", "right"),
    [
        # The words beside the figures are the same up to those that tell them apart.
        ("临棠工厂几点下班？", "8点20分", HOURS, "zh", False),
        ("临棠工厂几点下班？", "17点05分", HOURS, "zh", True),
        # Of what is counted, the thing stands beside its number.
        ("How many nucleotides does the cDNA have?", "783", COMPRISED, "en", False),
        ("How many nucleotides does the cDNA have?", "1104", COMPRISED, "en", True),
        ("代表队有几名教练？", "15人", "代表队一行共计15人，其中运动员9人，教练4人。", "zh", False),
        ("代表队有几名教练？", "4人", "代表队一行共计15人，其中运动员9人，教练4人。", "zh", True),
        # Words that stand beside anything are no thing that is counted.
        ("How many wards does the hospital have?", "12", WARDS, "en", True),
        ("How many wards do the hospital's nurses have?", "12", WARDS, "en", True),
        # What stands aside is no answer unless it is asked for.
        ("How old were the patients on average?", "7.2 years", "Mean age was 31.5 ± 7.2 years.", "en", False),
        ("What was the standard deviation of age?", "7.2 years", "Mean age was 31.5 ± 7.2 years.", "en", True),
        ("What share tested positive?", "34%", "The share was 33% (95% CI 32-34%).", "en", False),
        ("How many degrees of flaps were used?", "30 degrees", "He used 10 degrees of flaps instead of 30 "
        "degrees.", "en", False),
        ("How many degrees of flaps were used?", "10 degrees", "He used 10 degrees of flaps instead of 30 "
        "degrees.", "en", True),
        # Only a time competes with a time.
        ("When was HBoV first identified?", "2005", "Bocavirus 1 was first identified in 2005.", "en", True),
        ("静脉注射多久见效？", "1小时", "口服剂型的药效会在1小时内发挥，静脉注射则只要5分钟即可见效。", "zh", False),
        ("静脉注射多久见效？", "5分钟", "口服剂型的药效会在1小时内发挥，静脉注射则只要5分钟即可见效。", "zh", True),
    ],
)  # fmt: skip
def test_a_figure_is_what_the_words_beside_it_say(question, answer, quote, language, right):
    assert failed(right_number(question, answer, quote, "", language).score) is not right


def test_figures_in_a_row_are_told_apart_by_their_place():
    quote = "The values of dn, ds and omega were 0.014, 0.338 and 0.041, respectively."
    for name, value in (("dn", "0.014"), ("ds", "0.338"), ("omega", "0.041")):
        assert not failed(right_number(f"What is the value of {name}?", value, quote, "", "en").score)
    assert failed(right_number("What is the value of omega?", "0.338", quote, "", "en").score)
