import pytest

from tools.extraction.checks import failed
from tools.extraction.clauses import right_clause
from tools.extraction.place import right_place

SQUARE = "该广场前称西北银行中心，现由鹤山公司管理，位于美国明尼亚波利斯。"
PLAYER = "杨昊，足球运动员，司职中场，现效力于长安竞技。"


@pytest.mark.parametrize(
    ("question", "answer", "quote", "title", "right"),
    [
        ("鹤山广场位于哪里？", "美国明尼亚波利斯", SQUARE, "鹤山广场", True),
        ("鹤山广场位于哪里？", "西北银行中心", SQUARE, "鹤山广场", False),
        ("鹤山广场的前称是什么？", "西北银行中心", SQUARE, "鹤山广场", True),
        ("杨昊现效力于哪里？", "长安竞技", PLAYER, "杨昊", True),
        ("杨昊现效力于哪里？", "足球运动员", PLAYER, "杨昊", False),
        # One that retells its sentence, one in other words, and one to a question that nothing in the quote answers.
        ("杨昊现效力于哪里？", "杨昊是足球运动员，在场上司职中场，现在效力于长安竞技这支球队", PLAYER, "杨昊", True),
        ("杨昊现效力于哪里？", "长安的球队", PLAYER, "杨昊", True),
        ("吕志兴生于何时？", "长安竞技", PLAYER, "杨昊", True),
    ],
)
def test_an_answer_stands_where_the_questions_words_stand(question, answer, quote, title, right):
    assert failed(right_clause(question, answer, quote, title, "zh").score) is not right


def test_only_what_is_of_the_kind_asked_for_competes():
    quote = "The pump was tested in June and ran for nine days at the Arendal works."
    assert not failed(right_clause("When was the pump tested?", "in June", quote, "", "en").score)
    gloss = "韩谷明（Han Guming）正式建立鸟类志（Avetheropoda）的名称。"
    assert not failed(right_clause("谁正式建立了鸟类志这一名称？", "韩谷明", gloss, "", "zh").score)


@pytest.mark.parametrize(("answer", "right"), [("“白露”版", True), ("“惊蛰”版", False), ("白露", True)])
def test_the_right_place_is_judged_by_clauses_figures_and_pieces(answer, right):
    quote = "固件要升级到“白露”版，旧的“惊蛰”版在断电后会丢失时钟。"
    outcome = right_place("控制器的固件要升级到哪一版？", answer, quote, "索维克控制器", "zh")
    assert failed(outcome.score) is not right
