import pytest

from tools.extraction.parallels import of_another

DEGREES = "1970年在台北取得学士学位，1975年在明尼苏达取得硕士学位，1978年在宾州取得博士学位。"
NAMES = "1958年改称石景山钢铁公司，1967年改称首都钢铁公司，1992年改称首钢总公司。"
PROTEINS = "ORF4a protein can activate IFN production, whereas ORF3a can regulate NF production."
SIDES = "上表面被疏毛，下表面被毡毛。"


@pytest.mark.parametrize(
    ("question", "answer", "quote", "language", "wrong"),
    [
        ("在哪里取得硕士学位？", "明尼苏达", DEGREES, "zh", False),
        ("在哪里取得硕士学位？", "宾州", DEGREES, "zh", True),
        ("他在哪里？", "宾州", DEGREES, "zh", False),
        ("1992年改称什么？", "首都钢铁公司", NAMES, "zh", True),
        ("1992年改称什么？", "首钢总公司", NAMES, "zh", False),
        ("叶的上表面有什么毛？", "毡毛", SIDES, "zh", True),
        ("叶的下表面有什么毛？", "毡毛", SIDES, "zh", False),
        ("Which protein can activate IFN production?", "ORF3a", PROTEINS, "en", True),
        ("Which protein can activate IFN production?", "ORF4a", PROTEINS, "en", False),
        ("Which protein can activate IFN production?", "the ORF3A", PROTEINS, "en", True),
        ("Which protein can activate IFN production?", "a third one", PROTEINS, "en", False),
        ("Which protein can regulate NF production?", "It can regulate NF production", PROTEINS, "en", False),
    ],
)
def test_an_answer_is_not_taken_from_the_clause_beside(question, answer, quote, language, wrong):
    assert of_another(question, answer, quote, "", language) is wrong


def test_a_date_before_a_comma_belongs_to_what_follows_it():
    quote = "1933年8月8日，夫妇二人入住美庐，1934年夫人购买美庐。"
    assert of_another("夫妇二人哪一年入住美庐？", "1934年", quote, "", "zh")
    assert not of_another("夫妇二人哪一年入住美庐？", "1933年8月8日", quote, "", "zh")


def test_words_of_the_title_make_no_two_clauses_alike():
    quote = "鹤塔为直立火箭形，鹤塔高二十米。"
    assert not of_another("鹤塔的火箭有多高？", "二十米", quote, "鹤塔", "zh")
