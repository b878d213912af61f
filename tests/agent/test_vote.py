import pytest
from pydantic import ValidationError

from agent.records.vote import Vote, VotedAnswer


def vote(arms=("rag", "tuned"), **fields):
    answers = tuple(VotedAnswer(arm=arm, text="12 bar", sha256="0", seconds=1.0) for arm in arms)
    given = {"id": "v", "comparison": "c", "at": "2026-11-23T00:00:00Z", "question": "q?", "language": "en"}
    return Vote(**{**given, "answers": answers, "blind": True, "base_model": "m", **fields})


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"arms": ("rag", "rag"), "verdict": "tie"}, "two columns"),
        ({"verdict": "better"}, "a winner belongs"),
        ({"verdict": "tie", "winner": "rag"}, "a winner belongs"),
        ({"verdict": "better", "winner": "base"}, "none of the arms"),
    ],
)
def test_a_vote_that_contradicts_itself_is_refused(fields, fault):
    with pytest.raises(ValidationError, match=fault):
        vote(**fields)


@pytest.mark.parametrize(("verdict", "winner"), [("better", "tuned"), ("tie", None), ("all_wrong", None)])
def test_a_vote_keeps_the_arms_in_the_order_shown(verdict, winner):
    given = vote(verdict=verdict, winner=winner)
    assert given.arms == ("rag", "tuned")
    assert given.winner == winner
