"""Writes an evaluation as Markdown: the verdict with the comparison that decided it, scores, differences, intervals."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import Final

from agent.policy.measurements import deciding_dimension
from agent.policy.thresholds import THRESHOLDS, Thresholds
from agent.prompts.phrases import count_points, duration
from agent.records.base import Language
from agent.records.decision import MethodDecision
from agent.records.evaluation import (
    ARMS,
    Arm,
    ArmCost,
    Comparison,
    Decided,
    Dimension,
    EvaluationReport,
    Item,
    ItemAnswer,
)
from agent.records.profile import Profile
from tools.evaluation.comparisons import abstention_rates, find
from tools.evaluation.dimensions import DOMAIN, in_order
from tools.evaluation.harness_report import harness_lines
from tools.evaluation.makeup import makeup_lines, term_lines
from tools.evaluation.scoring import exact_match
from tools.evaluation.wording import SEPARATOR, arm_name, dimension_name, method_sentence, named, say

TOGETHER: Final = 1.2
"""Design effect from which items clearly fail together with others of their document."""


def finding(report: EvaluationReport, lang: Language) -> str:
    """Return the headline: the best arm that can be shipped against the base model on domain knowledge."""
    known = {arm: spokes["domain_knowledge"] for arm, spokes in report.arms.items() if "domain_knowledge" in spokes}
    shippable = {arm: estimate for arm, estimate in known.items() if arm != "oracle"}
    if not shippable:
        return say("finding_none", lang)
    best = max(shippable, key=lambda arm: (shippable[arm].mean, arm == "base"))
    values = {"best": arm_name(best, lang), "high": f"{shippable[best].mean:.0%}", "n": shippable[best].n}
    if best == "base" or "base" not in shippable:
        return say("finding_single", lang, **values)
    return say("finding_domain", lang, **values, base=arm_name("base", lang), low=f"{shippable['base'].mean:.0%}")


def deciding(report: EvaluationReport, decision: MethodDecision) -> Comparison | None:
    """Return the comparison that a decision rests on: what its first reason quotes.

    Where that quotes no comparison of the report (a level, or a rule on the profile), the one that would confirm or
    overturn the method, on the dimension that decides.
    """
    quoted = decision.reasons[0].evidence if decision.reasons else ()
    for one in report.comparisons:
        pairs = (f"{one.b}-{one.a}", f"{one.a}-{one.b}")
        if any(f"{report.run}:{one.dimension}:{pair}" in quoted for pair in pairs):
            return one
    order: dict[str, tuple[tuple[Arm, Arm], ...]] = {
        "rag": (("rag", "tuned+rag"), ("base", "rag")),
        "rag+finetune": (("rag", "tuned+rag"), ("tuned", "tuned+rag")),
        "finetune": (("base", "tuned"),),
    }
    fallback: tuple[tuple[Arm, Arm], ...] = (("rag", "tuned+rag"), ("base", "rag"), ("base", "tuned"))
    dimension = deciding_dimension(report)
    for a, b in (*order.get(decision.method, ()), *fallback):
        if comparison := find(report.comparisons, a, b, dimension):
            return comparison
    return None


def comparison_sentence(comparison: Comparison, lang: Language, count: int = 1) -> str:
    """Return the deciding comparison as a sentence with its interval and n.

    It was named before anything was measured, so its own interval decides; where it would not stand among all
    comparisons of the report, the sentence says so.

    Args:
        comparison: The one that decides.
        lang: Language of the sentence.
        count: Comparisons in the report, over which its p is adjusted.
    """
    excludes = comparison.low > 0 or comparison.high < 0
    alone = excludes and comparison.verdict not in ("a_better", "b_better")
    names = {"a": arm_name(comparison.a, lang), "b": arm_name(comparison.b, lang)}
    return say(
        "deciding",
        lang,
        **names,
        dimension=dimension_name(comparison.dimension, lang),
        points=_points(comparison.difference),
        low=_points(comparison.low),
        high=_points(comparison.high),
        n=comparison.n,
        finding=say("decides_alone", lang, count=count, p=comparison.p)
        if alone
        else say(comparison.verdict, lang, **names),
    )


def power_sentence(comparison: Comparison, lang: Language, thresholds: Thresholds = THRESHOLDS) -> str:
    """Return which difference the items can show, and how many more would show a finer one; empty in older reports."""
    if comparison.smallest_detectable is None:
        return ""
    least = count_points(round(comparison.smallest_detectable, 2))
    if not comparison.more_items:
        return say("power_enough", lang, least=least)
    fine = count_points(thresholds.fine_difference)
    # More items of the same documents would fail together with those that are there.
    key = "power_documents" if comparison.design > TOGETHER else "power"
    return say(key, lang, least=least, more=comparison.more_items, fine=fine)


def decided(report: EvaluationReport, decision: MethodDecision, profile: Profile) -> Decided:
    """Return the verdict as the report keeps it.

    Args:
        report: What was measured.
        decision: What follows.
        profile: What it was decided by.
    """
    return Decided(
        method=decision.method,
        measured=decision.confidence == "measured",
        rule=decision.reasons[0].rule if decision.reasons else "",
        reasons=tuple(reason.text for reason in decision.reasons),
        comparison=deciding(report, decision),
        profile_sha256=profile.sha256(),
    )


def markdown(
    report: EvaluationReport,
    decision: MethodDecision,
    items: Sequence[Item],
    answers: Sequence[ItemAnswer],
    lang: Language,
) -> str:
    """Return the report as Markdown."""
    lines = [say("title", lang, run=report.run), "", say("verdict", lang), "", _verdict(report, decision, lang), ""]
    lines += [*(f"- {named(reason.text, lang)}" for reason in decision.reasons[1:]), ""] if decision.reasons[1:] else []
    lines += (
        [f"![]({report.files['radar_png']})", "", say("radar_lead", lang), ""] if "radar_png" in report.files else []
    )
    lines += [say("scores", lang), "", say("scores_lead", lang), "", *_score_table(report, lang), ""]
    lines += _difference_table(report, lang)
    lines += _graded_table(items, answers, lang)
    lines += term_lines(items, answers, lang)
    lines += makeup_lines(items, lang, report.spot_check)
    lines += _cost_table(report, lang)
    lines += harness_lines(report.harness, lang)
    lines += [say("notes", lang), "", *(f"- {note}" for note in report.notes)]
    lines += [f"- {line}" for line in _abstention(items, answers, lang)]
    seconds = SEPARATOR[lang].join(f"{arm_name(arm, lang)} {value:.2f}" for arm, value in report.seconds.items())
    tune = report.tune_run or say("none", lang)
    lines += [f"- {say('seconds', lang, list=seconds)}"] if seconds and not report.costs else []
    lines += ["", say("measured", lang), ""]
    lines += [say("measured_text", lang, model=report.base_model, tune=tune, sha=report.items_sha256[:12]), ""]
    return "\n".join(lines)


def count_notes(report: EvaluationReport, lang: Language, thresholds: Thresholds = THRESHOLDS) -> list[str]:
    """Return the notes about spokes with too few items for a full verdict."""
    counts: dict[Dimension, int] = {}
    for spokes in report.arms.values():
        for dimension, estimate in spokes.items():
            counts[dimension] = max(counts.get(dimension, 0), estimate.n + estimate.errors)
    notes = []
    domain = sum(counts.get(dimension, 0) for dimension in DOMAIN)
    if domain < thresholds.full_verdict_items:
        notes.append(say("few_domain", lang, n=domain, need=thresholds.full_verdict_items))
    few = [f"{dimension_name(d, lang)} ({n})" for d, n in counts.items() if n < thresholds.spoke_items]
    if few:
        notes.append(say("few_spokes", lang, need=thresholds.spoke_items, list=SEPARATOR[lang].join(few)))
    return notes


def _verdict(report: EvaluationReport, decision: MethodDecision, lang: Language) -> str:
    parts = [f"**{method_sentence(decision.method, lang)}**"]
    comparison = deciding(report, decision)
    if comparison is not None:
        parts.append(comparison_sentence(comparison, lang, len(report.comparisons)))
        parts.append(power_sentence(comparison, lang))
    rule = [say("rule", lang, text=named(decision.reasons[0].text, lang))] if decision.reasons else []
    # Chinese sentences stand side by side without a space.
    return "\n\n".join([{"en": " ", "zh": ""}[lang].join(part for part in parts if part), *rule])


def _score_table(report: EvaluationReport, lang: Language) -> list[str]:
    arms = [arm for arm in ARMS if arm in report.arms]
    head = [say("dimension", lang), *(arm_name(arm, lang) for arm in arms), say("chance", lang)]
    rows = [head, ["---"] * len(head)]
    for dimension in in_order(d for arm in arms for d in report.arms[arm]):
        cells, chance = [], 0.0
        for arm in arms:
            estimate = report.arms[arm].get(dimension)
            if estimate is None:
                cells.append("·")
                continue
            chance = estimate.chance
            failed = say("cell_failed", lang, count=estimate.errors) if estimate.errors else ""
            cells.append(f"{estimate.mean:.0%} [{estimate.low:.0%}, {estimate.high:.0%}] ({estimate.n}{failed})")
        rows.append([dimension_name(dimension, lang), *cells, f"{chance:.0%}"])
    return ["| " + " | ".join(row) + " |" for row in rows]


def _difference_table(report: EvaluationReport, lang: Language) -> list[str]:
    if not report.comparisons:
        return []
    head = say("differences_head", lang)
    lines = [say("differences", lang), "", say("named", lang), "", head, "|" + " --- |" * (head.count("|") - 1)]
    for one in report.comparisons:
        a, b = arm_name(one.a, lang), arm_name(one.b, lang)
        least = "" if one.smallest_detectable is None else _points(one.smallest_detectable).lstrip("+")
        cells = [dimension_name(one.dimension, lang), f"{b} − {a}", _points(one.difference)]
        cells += [f"{_points(one.low)} … {_points(one.high)}", _p(one.p), str(one.n), least]
        lines.append("| " + " | ".join([*cells, say(one.verdict, lang, a=a, b=b)]) + " |")
    return [*lines, ""]


def _graded_table(items: Sequence[Item], answers: Sequence[ItemAnswer], lang: Language) -> list[str]:
    """Return exact match and F1 of free answers, which are stricter about form than the score is."""
    by_id = {item.id: item for item in items}
    groups: dict[tuple[Dimension, Arm], list[ItemAnswer]] = {}
    for answer in answers:
        if answer.f1 is not None and answer.score is not None:
            groups.setdefault((by_id[answer.item].dimension, answer.arm), []).append(answer)
    if not groups:
        return []
    arms = [arm for arm in ARMS if any(arm == other for _, other in groups)]
    rows = [[say("dimension", lang), *(arm_name(arm, lang) for arm in arms)], ["---"] * (len(arms) + 1)]
    for dimension in in_order(dimension for dimension, _ in groups):
        cells = []
        for arm in arms:
            group = groups.get((dimension, arm), [])
            exact = [exact_match(a.text, by_id[a.item].answers, by_id[a.item].language) for a in group]
            f1 = [answer.f1 for answer in group if answer.f1 is not None]
            cells.append(f"{fmean(exact):.0%} / {fmean(f1):.0%} ({len(group)})" if group else "·")
        rows.append([dimension_name(dimension, lang), *cells])
    return [say("free", lang), "", *("| " + " | ".join(row) + " |" for row in rows), ""]


def cost_cells(cost: ArmCost, *, priced: bool) -> list[str]:
    """Return what an arm takes, as the cells of a table: latency, search, tokens, memory, 1,000 questions, price."""
    latency = None if cost.seconds is None else cost.seconds + cost.search_seconds
    cells = [
        "–" if latency is None else f"{latency:.2f} s",
        f"{cost.search_seconds:.3f} s" if cost.search_seconds else "–",
        "–" if cost.seconds is None and not cost.tokens else f"{cost.tokens:.1f}",
        "–" if cost.peak_gib is None else f"{cost.peak_gib:.2f} GiB",
        "–" if cost.machine_seconds is None else f"{cost.machine_seconds:.0f} s",
    ]
    return [*cells, "–" if cost.price is None else f"{cost.price:.4g}"] if priced else cells


def renewal_cells(arm: Arm, cost: ArmCost, lang: Language) -> tuple[str, str]:
    """Return when a changed document reaches an arm, and by which steps with what they took last."""
    unknown = say("not_recorded", lang)
    steps = [
        f"{say(f'step_{one.step}', lang)} ({unknown if one.seconds is None else duration(one.seconds, lang)})"
        for one in cost.renewal
    ]
    return say(f"renewal_{arm}", lang), " → ".join(steps) or "–"


def _cost_table(report: EvaluationReport, lang: Language) -> list[str]:
    if not report.costs:
        return []
    priced = any(cost.price is not None for cost in report.costs.values())
    head = say("costs_head", lang) + (say("costs_price", lang) if priced else "")
    asked = max(cost.questions for cost in report.costs.values())
    lines = [say("costs", lang), "", say("costs_lead", lang, n=asked), "", head, "|" + " --- |" * (head.count("|") - 1)]
    for arm, cost in report.costs.items():
        lines.append("| " + " | ".join([arm_name(arm, lang), *cost_cells(cost, priced=priced)]) + " |")
    head = say("renewal_head", lang)
    lines += ["", say("renewal", lang), "", head, "|" + " --- |" * (head.count("|") - 1)]
    for arm, cost in report.costs.items():
        lines.append("| " + " | ".join([arm_name(arm, lang), *renewal_cells(arm, cost, lang)]) + " |")
    return [*lines, ""]


def _abstention(items: Sequence[Item], answers: Sequence[ItemAnswer], lang: Language) -> list[str]:
    lines = []
    for arm, (right, said, due) in abstention_rates(items, answers).items():
        precision = f"{right / said:.0%}" if said else "–"
        recall = f"{right / due:.0%}" if due else "–"
        name = arm_name(arm, lang)
        lines.append(say("abstention", lang, arm=name, precision=precision, recall=recall, said=said, due=due))
    return lines


def _points(fraction: float) -> str:
    """Write a difference in points with one decimal, since 2 points of general ability already matter."""
    text = f"{abs(fraction) * 100:.1f}".removesuffix(".0")
    return text if text == "0" else f"{'+' if fraction > 0 else '−'}{text}"


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
