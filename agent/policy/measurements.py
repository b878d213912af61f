"""What was measured, in one shape for both sources: means in a profile, or the comparisons of an evaluation report.

A report brings the interval of each paired difference. A profile brings means and the number of items only, so its
intervals are the wide ones of `agent.policy.power.paired_interval`.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from typing import Final

from agent.policy.power import paired_interval, wilson_interval
from agent.policy.thresholds import Thresholds
from agent.prompts.decisions import GATES
from agent.prompts.phrases import fill, percent, points
from agent.records.base import Language
from agent.records.evaluation import ARMS, Arm, Comparison, Dimension, EvaluationReport
from agent.records.profile import Measured, Profile

FIELDS: Final[dict[Arm, str]] = {
    "base": "closed_book",
    "rag": "rag",
    "oracle": "oracle",
    "tuned": "tuned",
    "tuned+rag": "tuned_rag",
}
"""Name of each arm in `Measured`."""
KNOWLEDGE_DIMENSIONS: Final[tuple[Dimension, ...]] = ("domain_knowledge", "understanding", "faithfulness")
"""The dimension that decides is the first of these that at least two arms were measured on."""


@dataclass(frozen=True)
class Difference:
    """The paired difference `b - a` with its interval."""

    a: str
    b: str
    value: float
    low: float
    high: float
    n: int
    evidence: tuple[str, ...]
    smallest: float | None = None
    """Smallest difference these items could show, where the source knows how often the arms disagreed."""
    discordance: float | None = None
    """Share of right/wrong pairs on which the arms disagreed, where the source knows it."""
    design: float = 1.0
    """How many times the variance of independent items their clusters make it."""

    def text(self, lang: Language, thresholds: Thresholds) -> str:
        """Return it as `b − a = +4 points (95% interval −2 to +10, n = 92)`."""
        return fill(
            GATES,
            "difference",
            lang,
            a=self.a,
            b=self.b,
            value=points(self.value),
            low=points(self.low),
            high=points(self.high),
            n=self.n,
            level=percent(thresholds.confidence),
        )


@dataclass(frozen=True)
class Level:
    """The mean of one arm with its interval."""

    arm: str
    mean: float
    low: float
    high: float
    n: int
    evidence: tuple[str, ...]

    def text(self, lang: Language, thresholds: Thresholds) -> str:
        """Return it as `oracle = 58% (95% interval 48% to 67%, n = 92)`."""
        return fill(
            GATES,
            "level",
            lang,
            arm=self.arm,
            value=percent(self.mean),
            low=percent(self.low),
            high=percent(self.high),
            n=self.n,
            level=percent(thresholds.confidence),
        )


@dataclass(frozen=True)
class Measurements:
    """Everything the gates look at."""

    levels: dict[Arm, Level]
    differences: dict[tuple[Arm, Arm], Difference]
    """`b - a` by `(a, b)`, both ways round."""
    recall: float | None = None
    """Share of items whose gold passage retrieval found."""
    form: Level | None = None
    """How often style and format are as asked."""
    general: Difference | None = None
    """General ability after tuning less before."""
    held_out: Difference | None = None
    """RAG less tuned on facts of documents that no pair came from."""
    harms: tuple[tuple[str, Difference], ...] = ()
    """Dimensions on which tuning is worse by the report's verdict."""

    @property
    def items(self) -> int:
        """The fewest items behind a difference; 0 if there is none."""
        return min((one.n for one in self.differences.values()), default=0)


def from_profile(measured: Measured, thresholds: Thresholds) -> Measurements | None:
    """Return the means of a profile with their intervals; `None` without items, as no interval can be given then."""
    n = measured.items
    if not n:
        return None
    means = {arm: getattr(measured, field) for arm, field in FIELDS.items()}
    levels = {
        arm: _level(arm, mean, n, (f"measured.{FIELDS[arm]}", "measured.items"), thresholds)
        for arm, mean in means.items()
        if mean is not None
    }
    form = measured.form
    before, after = measured.general_before, measured.general_after
    general = None
    if before is not None and after is not None:
        low, high = paired_interval(before, after, n, thresholds.discordance, thresholds.confidence)
        evidence = ("measured.general_before", "measured.general_after", "measured.items")
        general = Difference("before", "after", after - before, low, high, n, evidence)
    return Measurements(
        levels=levels,
        differences={(a, b): _between(levels[a], levels[b], thresholds) for a, b in permutations(levels, 2)},
        recall=measured.retrieval_recall,
        form=None if form is None else _level("form", form, n, ("measured.form", "measured.items"), thresholds),
        general=general,
    )


def from_report(report: EvaluationReport, thresholds: Thresholds, recall: float | None = None) -> Measurements:
    """Return what a report measured, with the intervals of its own comparisons."""
    dimension = deciding_dimension(report)
    levels = _levels(report, dimension)
    form = _levels(report, "instruction_following")
    held_out = _differences(report, "domain_knowledge_held_out", thresholds)
    return Measurements(
        levels=levels,
        differences=_differences(report, dimension, thresholds),
        recall=recall,
        form=form.get("rag") or form.get("base"),
        general=_differences(report, "general_ability", thresholds).get(("base", "tuned")),
        held_out=held_out.get(("tuned", "rag")),
        harms=tuple(_harms(report, dimension)),
    )


def deciding_dimension(report: EvaluationReport) -> Dimension:
    """Return the dimension whose comparisons decide the method."""
    for dimension in KNOWLEDGE_DIMENSIONS:
        if sum(dimension in scores for scores in report.arms.values()) >= 2:
            return dimension
    return KNOWLEDGE_DIMENSIONS[0]


def profile_measurements(profile: Profile, thresholds: Thresholds) -> Measurements | None:
    """Return the profile's measurements, if there are any that carry an interval."""
    return None if profile.measured is None else from_profile(profile.measured, thresholds)


def _level(arm: str, mean: float, n: int, evidence: tuple[str, ...], thresholds: Thresholds) -> Level:
    low, high = wilson_interval(mean, n, thresholds.confidence)
    return Level(arm, mean, low, high, n, evidence)


def _between(a: Level, b: Level, thresholds: Thresholds) -> Difference:
    n = min(a.n, b.n)
    low, high = paired_interval(a.mean, b.mean, n, thresholds.discordance, thresholds.confidence)
    return Difference(a.arm, b.arm, b.mean - a.mean, low, high, n, tuple(dict.fromkeys((*a.evidence, *b.evidence))))


def _levels(report: EvaluationReport, dimension: Dimension) -> dict[Arm, Level]:
    found: dict[Arm, Level] = {}
    for arm in ARMS:
        estimate = report.arms.get(arm, {}).get(dimension)
        if estimate is not None and estimate.n:
            evidence = (f"{report.run}:{dimension}:{arm}",)
            found[arm] = Level(arm, estimate.mean, estimate.low, estimate.high, estimate.n, evidence)
    return found


def _differences(
    report: EvaluationReport, dimension: Dimension, thresholds: Thresholds
) -> dict[tuple[Arm, Arm], Difference]:
    """Return the differences that a report measured; of one that compared nothing, those of its means.

    Where a report compared some arms, it had a reason not to compare the others. For faithfulness the base model reads
    each question's own passage and RAG what it finds, so that their means are never set against each other.
    """
    found: dict[tuple[Arm, Arm], Difference] = {}
    if dimension != "faithfulness" and all(one.dimension != dimension for one in report.comparisons):
        levels = _levels(report, dimension)
        found = {(a, b): _between(levels[a], levels[b], thresholds) for a, b in permutations(levels, 2)}
    for one in report.comparisons:
        if one.dimension == dimension:
            found[one.a, one.b] = _compared(report, one)
            found[one.b, one.a] = _compared(report, _reversed(one))
    return found


def _compared(report: EvaluationReport, one: Comparison) -> Difference:
    evidence = (f"{report.run}:{one.dimension}:{one.b}-{one.a}",)
    return Difference(
        one.a,
        one.b,
        one.difference,
        one.low,
        one.high,
        one.n,
        evidence,
        smallest=one.smallest_detectable,
        discordance=one.discordance,
        design=one.design,
    )


def _reversed(one: Comparison) -> Comparison:
    turned = {"a_better": "b_better", "b_better": "a_better"}.get(one.verdict, one.verdict)
    return one.model_copy(
        update={
            "a": one.b,
            "b": one.a,
            "difference": -one.difference,
            "low": -one.high,
            "high": -one.low,
            "verdict": turned,
        }
    )


def _harms(report: EvaluationReport, deciding: Dimension) -> list[tuple[str, Difference]]:
    # General ability has a gate of its own, and nobody expects tuned weights to know held-out facts.
    apart = {deciding, "general_ability", "domain_knowledge_held_out"}
    found: list[tuple[str, Difference]] = []
    for comparison in report.comparisons:
        for one in (comparison, _reversed(comparison)):
            tuned = (one.a, one.b) in {("base", "tuned"), ("rag", "tuned+rag")}
            if tuned and one.verdict == "a_better" and one.dimension not in apart:
                found.append((one.dimension, _compared(report, one)))
    return found
