import pytest

from tools.extraction.checks import failed
from tools.extraction.nearness import right_number
from tools.extraction.support import right_name

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


@pytest.mark.parametrize(("answer", "right"), [("“白露”版", True), ("“惊蛰”版", False), ("白露", True)])
def test_a_name_is_taken_from_the_part_that_is_asked_about(answer, right):
    quote = "固件要升级到“白露”版，旧的“惊蛰”版在断电后会丢失时钟。"
    assert failed(right_name("控制器的固件要升级到哪一版？", answer, quote, "索维克控制器", "zh").score) is not right
