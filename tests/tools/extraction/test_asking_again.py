import pytest

from agent.progress import Silent
from tests.tools.extraction.answerer import Answerer
from tools.extraction.asking_again import Asked, agreement, ask_again, is_silent, round_trips, same_again, trip
from tools.extraction.replies import ReplyLog

ASKED = Asked("What does the Wren weigh?", "4.6 kg", "The Wren weighs 4.6 kg.", "en")


@pytest.mark.parametrize(
    ("one", "other", "language", "least", "most"),
    [
        ("4.6 kg", "It weighs 4.6 kg.", "en", 1, 1),
        ("4.6 kg", "4.7 kg", "en", 0, 0),
        ("No, it is not allowed", "Yes, it is allowed", "en", 0, 0),
        ("clean liquids only", "only clean liquids", "en", 1, 1),
        ("the left wing", "the tail", "en", 0, 0.4),
        ("twenty-seven countries", "27 countries", "en", 1, 1),
        ("韩国Nexon", "由韩国Nexon开发", "zh", 1, 1),
        ("盛大游戏", "游戏橘子", "zh", 0, 0.5),
    ],
)
def test_answers_agree_by_figures_and_words(one, other, language, least, most):
    assert least <= agreement(one, other, language) <= most


def test_a_reply_without_the_answer_or_with_another_fails_the_round_trip():
    assert trip(ASKED, "The Wren weighs 4.6 kg.").score == 1
    assert trip(ASKED, "9 kg").score < 0.5
    assert trip(ASKED, "The documents do not say.").score == 0
    assert is_silent("资料中没有说明。", "zh")
    assert round_trips([ASKED], Answerer(None, "4.6 kg"))[0].score == 1
    assert same_again(ASKED, "4.6 kg", "about 4.6 kg").score == 1
    assert same_again(ASKED, "4.6 kg", "9 kg").score < 0.5


def test_replies_are_kept_so_that_nothing_is_asked_twice(tmp_path):
    log, first, second = ReplyLog(tmp_path / "x.jsonl"), Answerer(None, "4.6 kg"), Answerer(None, "4.6 kg")
    asked = [("d:0-9", "p1", ASKED)]
    (verdicts,) = ask_again(asked, log, first, "m", Silent(), width=1, twice=True)
    assert {name: verdict.score for name, verdict in verdicts.items()} == {"round_trip": 1, "self_consistent": 1}
    ask_again(asked, ReplyLog(tmp_path / "x.jsonl"), second, "m", Silent(), width=1, twice=True)
    assert (len(first.prompts), len(second.prompts)) == (2, 0)
    assert first.prompts[0] != first.prompts[1]
