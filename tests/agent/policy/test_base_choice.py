from __future__ import annotations

from typing import Any

import pytest

from agent.policy.base_choice import choose_base, named
from agent.policy.power import wilson_interval
from agent.records.candidate import Candidate
from agent.records.evaluation import Dimension, Estimate
from tests.agent.policy.builders import ARTICLES


def rate(mean: float, n: int = 200) -> Estimate:
    low, high = wilson_interval(mean, n)
    return Estimate(mean=mean, low=low, high=high, n=n, chance=0, normalised=mean, errors=0)


def candidate(
    model: str, params_b: float | None, domain: float, *, n: int = 200, general: float | None = None
) -> Candidate:
    scores: dict[Dimension, Estimate] = {"domain_knowledge": rate(domain, n)}
    if general is not None:
        scores["general_ability"] = rate(general)
    return Candidate(
        model=model, run=f"run-{model}", params_b=params_b, arm="rag", scores=scores, seconds=1.0, peak_gib=None
    )


TABLE: dict[str, tuple[list[Candidate], str, str | None, list[str]]] = {
    "the smallest that reaches it, not the best": (
        [candidate("large", 7, 0.95), candidate("small", 0.5, 0.85), candidate("tiny", 0.1, 0.3)],
        "smallest", "small", ["small (500M) is the smallest that reaches 70%"],
    ),
    "a smaller one that may do is named": (
        [candidate("large", 7, 0.95), candidate("small", 0.5, 0.72, n=40)],
        "smallest", "large", ["large (7B) is the smallest", "the smaller small (500M) may reach it too"],
    ),
    "its price in general ability": (
        [candidate("large", 7, 0.95, general=0.8), candidate("small", 0.5, 0.9, general=0.5)],
        "smallest", "small", ["small", "its price is general ability: 50%"],
    ),
    "a price that is not shown": (
        [candidate("large", 7, 0.95, general=0.56), candidate("small", 0.5, 0.9, general=0.5)],
        "smallest", "small", ["small", "a difference to large (7B) is not shown"],
    ),
    "the chosen one has most": (
        [candidate("large", 7, 0.95, general=0.4), candidate("small", 0.5, 0.9, general=0.5)],
        "smallest", "small", ["small", "no candidate has more general ability"],
    ),
    "none reaches it": (
        [candidate("large", 7, 0.5), candidate("small", 0.5, 0.3)],
        "none_reaches", "large", ["none reaches 70%; the best is large (7B)"],
    ),
    "an interval that spans the target decides nothing": (
        [candidate("large", 7, 0.72, n=30), candidate("small", 0.5, 0.3)],
        "not_enough_evidence", None, ["not enough evidence: the interval of large (7B) spans 70%"],
    ),
    "one model alone": ([candidate("large", 7, 0.9)], "nothing_to_compare", None, ["fewer than two base models"]),
    "none at all": ([], "nothing_to_compare", None, ["fewer than two base models"]),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLE)
def test_the_smallest_that_is_good_enough(name: str) -> None:
    found, outcome, chosen, said = TABLE[name]
    choice = choose_base(found, None)
    assert (choice.outcome, choice.chosen) == (outcome, chosen)
    assert len(choice.reasons) == len(said)
    for reason, words in zip(choice.reasons, said, strict=True):
        assert words in reason.text
        assert reason.article in ARTICLES


def test_sizes_order_and_the_unknown_comes_last() -> None:
    found = [candidate("b", None, 0.9), candidate("a", 7, 0.9), candidate("c", 0.5, 0.9)]
    choice = choose_base(found, 0.95)
    assert [one.model for one in choice.candidates] == ["c", "a", "b"]
    assert named(choice.candidates[2]) == "b"


def test_a_spoke_that_all_were_asked_decides() -> None:
    other = candidate("b", 7, 0.9).model_copy(update={"scores": {"understanding": rate(0.9)}})
    own = candidate("a", 1, 0.9)
    own = own.model_copy(update={"scores": {**own.scores, "understanding": rate(0.95)}})
    assert choose_base([own, other], None).dimension == "understanding"


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_sentence_has_both_languages(lang: Any) -> None:
    for found, *_ in TABLE.values():
        for reason in choose_base(found, None, lang=lang).reasons:
            assert any("\u4e00" <= char <= "\u9fff" for char in reason.text) is (lang == "zh")
