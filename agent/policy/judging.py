"""Rules for a judge model: both orders count, a change of mind is a tie, kin are not asked, people stand beside it.

A model that compares two answers favours a place and its own family (Zheng et al. 2023, arXiv 2306.05685; Panickssery
et al. 2024, arXiv 2404.13076). So every pair is shown in both orders, only a verdict that both share names a winner,
and the judge must be of another family than the base model. What its verdicts are worth is told by how often people
agree: raw agreement with Wilson's interval, and Cohen's kappa (1960).

    outcome_of("b", "b")       # "b"
    outcome_of("a", "b")       # "tie": the order decided
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, get_args

from agent.policy.power import wilson_interval
from agent.policy.thresholds import THRESHOLDS, Thresholds
from agent.records.judging import JudgeAgreement, Judgement, JudgeOutcome, Kinship, Preference

_FAMILIES: Final[tuple[tuple[str, str], ...]] = (
    ("smollm", r"smollm"),
    ("qwen", r"qwen|qwq|tongyi"),
    ("llama", r"(?<!o)llama|vicuna|alpaca"),
    ("mistral", r"mistral|mixtral|ministral|magistral|codestral"),
    ("gemma", r"gemma|gemini|palm"),
    ("phi", r"\bphi[-_ ]?\d"),
    ("gpt", r"gpt(?!-?neo|-?j\b)|davinci|\bo[134](?:-mini|-pro|-preview)?\b"),
    ("claude", r"claude"),
    ("deepseek", r"deepseek"),
    ("glm", r"glm"),
    ("yi", r"\byi-\d"),
    ("internlm", r"internlm"),
    ("baichuan", r"baichuan"),
    ("minicpm", r"minicpm"),
    ("hunyuan", r"hunyuan"),
    ("ernie", r"ernie"),
    ("kimi", r"kimi|moonshot"),
    ("doubao", r"doubao|\bseed-"),
    ("falcon", r"falcon"),
    ("olmo", r"olmo"),
    ("granite", r"granite"),
    ("command", r"command-[ra]|\baya\b"),
    ("nemotron", r"nemotron"),
    ("grok", r"grok"),
    ("bloom", r"bloom"),
    ("pythia", r"pythia|gpt-neox"),
)
"""Families by what their models' names hold; a distilled or merged model may name two."""


def outcome_of(a_first: Preference | None, b_first: Preference | None) -> JudgeOutcome:
    """Return what two verdicts on one pair come to.

    Args:
        a_first: The better answer with that of `a` shown first; `None` where the judge gave no readable verdict.
        b_first: The same with that of `b` shown first.
    """
    if a_first is None or b_first is None:
        return "failed"
    return a_first if a_first == b_first else "tie"


def kept_to_a_place(judgements: Iterable[Judgement]) -> tuple[int, int]:
    """Return in how many pairs each order named another winner, and in how many of these the first place won."""
    turned = [one for one in judgements if {one.a_first, one.b_first} == {"a", "b"}]
    return len(turned), sum(one.a_first == "a" for one in turned)


def families(*names: str) -> frozenset[str]:
    """Return the families that the names of a model speak of; none where they tell nothing."""
    return frozenset(family for family, marks in _FAMILIES for name in names if re.search(marks, name.lower()))


def kinship(judge: Sequence[str], base: Sequence[str]) -> Kinship:
    """Return whether a judge is of the base model's family.

    Args:
        judge: Names the judge goes by.
        base: Names the base model goes by.
    """
    if {name.lower() for name in judge} & {name.lower() for name in base}:
        return "same"
    known, own = families(*judge), families(*base)
    if known & own:
        return "same"
    return "other" if known and own else "unknown"


def agreement(
    said: Sequence[tuple[Preference, Preference]],
    *,
    votes: int = 0,
    named: int = 0,
    other_models: int = 0,
    unjudged: int = 0,
    thresholds: Thresholds = THRESHOLDS,
) -> JudgeAgreement:
    """Return how far the judge and people agree.

    Args:
        said: The person's preference and the judge's, label by label.
        votes: How many of the labels are blind votes.
        named: Votes left out because the arms' names were shown.
        other_models: Blind votes left out because other weights answered than in the evaluation.
        unjudged: Labels without a verdict beside them.
        thresholds: The numbers to decide by.
    """
    n, agreed = len(said), sum(person == judge for person, judge in said)
    low, high = wilson_interval(agreed / n, n) if n else (0.0, 1.0)
    decided = [(person, judge) for person, judge in said if "tie" not in (person, judge)]
    return JudgeAgreement(
        n=n,
        votes=votes,
        agreed=agreed,
        share=agreed / n if n else None,
        low=low,
        high=high,
        kappa=kappa(said),
        decided=len(decided),
        decided_agreed=sum(person == judge for person, judge in decided),
        enough=n >= thresholds.judge_labels,
        named=named,
        other_models=other_models,
        unjudged=unjudged,
    )


def kappa(said: Sequence[tuple[Preference, Preference]]) -> float | None:
    """Return Cohen's kappa (1960): (observed - expected) / (1 - expected) agreement; `None` where that is 0 / 0."""
    if not said:
        return None
    n = len(said)
    people, judges = Counter(person for person, _ in said), Counter(judge for _, judge in said)
    observed = sum(person == judge for person, judge in said) / n
    expected = sum(people[one] * judges[one] for one in get_args(Preference)) / n**2
    return (observed - expected) / (1 - expected) if expected < 1 else None
