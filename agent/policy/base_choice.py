"""Which base model to start from: the smallest candidate that reaches the target on the team's own sealed items.

A domain model trades flexibility for accuracy and can reach its target with fewer parameters (the guide), so size
decides among those that are good enough, and what the choice costs in general ability is said beside it. Gates look at
intervals, never at means.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Final

from agent.policy.reasons import reason
from agent.policy.thresholds import THRESHOLDS, Thresholds
from agent.prompts.base_choice import BASE_CHOICE
from agent.prompts.phrases import model_size, percent, points
from agent.records.base import Language
from agent.records.candidate import BaseChoice, Candidate
from agent.records.decision import Reason
from agent.records.evaluation import Dimension, Estimate

DECIDING: Final[tuple[Dimension, ...]] = ("domain_knowledge", "domain_knowledge_held_out", "understanding")
"""The first of these that every candidate was asked decides."""


def choose_base(
    candidates: Sequence[Candidate],
    target: float | None,
    items_sha256: str = "",
    thresholds: Thresholds = THRESHOLDS,
    lang: Language = "en",
) -> BaseChoice:
    """Return the smallest candidate whose interval lies above the target, or what is missing to name one.

    Args:
        candidates: Measured on the same items.
        target: Share of right answers that is good enough; `None` takes the default.
        items_sha256: Hash of those items.
        thresholds: The numbers to decide by.
        lang: Language of the reasons.
    """
    limit = thresholds.default_target if target is None else target
    ordered = tuple(sorted(candidates, key=lambda one: (inf if one.params_b is None else one.params_b, one.model)))
    dimension = next((name for name in DECIDING if ordered and all(name in one.scores for one in ordered)), None)

    def choice(outcome: str, chosen: Candidate | None, *reasons: Reason | None) -> BaseChoice:
        return BaseChoice.model_validate(
            {
                "candidates": ordered,
                "dimension": dimension,
                "target": limit,
                "outcome": outcome,
                "chosen": chosen.model if chosen else None,
                "reasons": tuple(one for one in reasons if one is not None),
                "items_sha256": items_sha256,
            }
        )

    if dimension is None or len(ordered) < 2:
        return choice("nothing_to_compare", None, reason(BASE_CHOICE, "nothing_to_compare", lang, "baseline", "runs"))
    reaching = [one for one in ordered if one.scores[dimension].low >= limit]
    open_ = [one for one in ordered if one.scores[dimension].low < limit <= one.scores[dimension].high]
    if reaching:
        chosen = reaching[0]
        smaller = [one for one in open_ if ordered.index(one) < ordered.index(chosen)]
        return choice(
            "smallest",
            chosen,
            _said("smallest", chosen, dimension, limit, lang),
            _said("smaller_may_do", smaller[0], dimension, limit, lang) if smaller else None,
            _flexibility(chosen, ordered, lang),
        )
    best = max(ordered, key=lambda one: one.scores[dimension].mean)
    if open_:
        return choice("not_enough_evidence", None, _said("not_enough", open_[0], dimension, limit, lang))
    return choice(
        "none_reaches",
        best,
        _said("none_reaches", best, dimension, limit, lang),
        _flexibility(best, ordered, lang),
    )


def _said(key: str, one: Candidate, dimension: Dimension, limit: float, lang: Language) -> Reason:
    score = one.scores[dimension]
    return reason(
        BASE_CHOICE,
        key,
        lang,
        "fewer-parameters",
        f"{one.run}.{dimension}",
        model=named(one),
        target=percent(limit),
        **_figures(score),
    )


def _flexibility(chosen: Candidate, ordered: Sequence[Candidate], lang: Language) -> Reason | None:
    """Return what the choice costs in general ability beside the candidate that has most of it, where it is shown."""
    known = [one for one in ordered if "general_ability" in one.scores]
    if "general_ability" not in chosen.scores or len(known) < 2:
        return None
    most = max(known, key=lambda one: one.scores["general_ability"].mean)
    own, other = chosen.scores["general_ability"], most.scores["general_ability"]
    # Two intervals that do not meet: a stricter test than that of the difference, and it needs no pairing.
    key = "flexibility_costs" if own.high < other.low else "flexibility_open"
    return reason(
        BASE_CHOICE,
        key if most is not chosen else "flexibility_best",
        lang,
        "domain-vs-general",
        f"{chosen.run}.general_ability",
        f"{most.run}.general_ability",
        model=named(chosen),
        other=named(most),
        gap=points(own.mean - other.mean),
        **_figures(own),
    )


def named(one: Candidate) -> str:
    """Return a model's name with its size, e.g. `builtin (135M)`."""
    return one.model if one.params_b is None else f"{one.model} ({model_size(round(one.params_b, 3))})"


def _figures(score: Estimate) -> dict[str, object]:
    return {"score": percent(score.mean), "low": percent(score.low), "high": percent(score.high), "n": score.n}
