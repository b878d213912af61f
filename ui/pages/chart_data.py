"""What the charts show, apart from how they are drawn: the same points reach the page, the PNG and the CSV."""

from __future__ import annotations

from dataclasses import dataclass

from agent.prompts.phrases import points
from agent.records.base import Language
from agent.records.evaluation import Comparison, EvaluationReport
from tools.evaluation.wording import arm_name, dimension_name, say
from ui.i18n import phrase
from ui.pages.run_course import Course

MOST_POINTS = 1000
"""Steps drawn of a long run; more than a screen has columns."""
SMOOTHED_FROM = 40
"""Steps from which a running mean is drawn over the losses of single steps."""
WINDOW_SHARE = 0.05
"""Part of the steps that the running mean spans on either side."""


@dataclass(frozen=True)
class Difference:
    """One paired difference, ready to be drawn."""

    what: str
    """Dimension."""
    pair: str
    """`tuned − base`."""
    value: float
    """Points; so are the ends of the interval."""
    low: float
    high: float
    n: int
    shown: bool
    """Whether the difference stands after correction for all comparisons of the report."""
    finding: str


def differences(report: EvaluationReport, lang: Language) -> tuple[Difference, ...]:
    """Return the comparisons of a report in its order."""
    return tuple(
        Difference(
            what=dimension_name(one.dimension, lang),
            pair=f"{arm_name(one.b, lang)} − {arm_name(one.a, lang)}",
            value=100 * one.difference,
            low=100 * one.low,
            high=100 * one.high,
            n=one.n,
            shown=one.verdict in ("a_better", "b_better"),
            finding=verdict_text(one, lang),
        )
        for one in report.comparisons
    )


def verdict_text(comparison: Comparison, lang: Language) -> str:
    """Return what a comparison shows, in words."""
    return say(comparison.verdict, lang, a=arm_name(comparison.a, lang), b=arm_name(comparison.b, lang))


def differences_finding(report: EvaluationReport, lang: Language) -> str:
    """Return the headline of the differences: the largest that stands, and how many do."""
    count = len(report.comparisons)
    standing = [one for one in report.comparisons if one.verdict in ("a_better", "b_better")]
    if not standing:
        return phrase("evaluation_no_difference", lang, count=count)
    largest = max(standing, key=lambda one: abs(one.difference))
    return phrase(
        "evaluation_differences",
        lang,
        shown=len(standing),
        count=count,
        dimension=dimension_name(largest.dimension, lang),
        pair=f"{arm_name(largest.b, lang)} − {arm_name(largest.a, lang)}",
        points=points(largest.difference),
        low=points(largest.low),
        high=points(largest.high),
        n=largest.n,
    )


def loss_finding(course: Course, lang: Language, *, ended: bool) -> str:
    """Return the headline of a loss curve; empty before the first step."""
    readings = list(course.losses.values())
    if not readings:
        return ""
    key = "runs_loss_ended" if ended else "runs_loss_so_far"
    said = phrase(key, lang, first=f"{readings[0].loss:.2f}", last=f"{readings[-1].loss:.2f}", steps=readings[-1].step)
    if not course.validation:
        return said + phrase("runs_loss_no_validation", lang)
    (_, last), (best_step, best) = (
        list(course.validation.items())[-1],
        min(course.validation.items(), key=lambda one: one[1]),
    )
    rose = last > best
    key = "runs_loss_validation_rose" if rose else "runs_loss_validation"
    return said + phrase(key, lang, best=f"{best:.2f}", last=f"{last:.2f}", step=best_step)


def running_mean(losses: list[float]) -> list[float] | None:
    """Return the centred running mean of a long curve; `None` where single steps are few enough to read."""
    if len(losses) < SMOOTHED_FROM:
        return None
    half = max(1, round(WINDOW_SHARE * len(losses)))
    sums = [0.0]
    for loss in losses:
        sums.append(sums[-1] + loss)
    found = []
    for at in range(len(losses)):
        start, end = max(0, at - half), min(len(losses), at + half + 1)
        found.append((sums[end] - sums[start]) / (end - start))
    return found
