"""The scores of tasks of lm-evaluation-harness as a section of the report, apart from the dimensions."""

from __future__ import annotations

from agent.records.base import Language
from agent.records.evaluation import ARMS, HarnessReport, HarnessScore
from tools.evaluation.wording import arm_name, say


def harness_lines(report: HarnessReport | None, lang: Language) -> list[str]:
    """Return the section as Markdown; nothing where no task was asked."""
    if report is None:
        return []
    arms = [arm for arm in ARMS if arm in report.arms]
    by_key = {arm: {(one.task, one.metric, one.filter): one for one in report.arms[arm]} for arm in arms}
    differences = {(one.task, one.metric, one.filter): one for one in report.differences}
    head = [say("harness_task", lang), say("harness_metric", lang), *(arm_name(arm, lang) for arm in arms)]
    if len(arms) > 1:
        head.append(say("harness_difference", lang))
    rows = [head, ["---"] * len(head)]
    for key in dict.fromkeys(key for arm in arms for key in by_key[arm]):
        known = next(by_key[arm][key] for arm in arms if key in by_key[arm])
        cells = [_score(by_key[arm].get(key)) for arm in arms]
        if len(arms) > 1:
            difference = differences.get(key)
            cells.append(
                f"{difference.difference:+.3f} [{difference.low:+.3f}, {difference.high:+.3f}]" if difference else "·"
            )
        rows.append([known.task.replace("|", "\\|"), _metric(known), *cells])
    table = ["| " + " | ".join(row) + " |" for row in rows]
    lead = say("harness_lead", lang, version=report.version)
    limit = [say("harness_limit", lang, limit=report.limit), ""] if report.limit else []
    return [say("harness", lang), "", lead, "", *limit, *table, ""]


def _metric(score: HarnessScore) -> str:
    arrow = {True: " ↑", False: " ↓", None: ""}[score.higher_is_better]
    name = score.metric if score.filter == "none" else f"{score.metric} ({score.filter})"
    return name + arrow


def _score(score: HarnessScore | None) -> str:
    if score is None:
        return "·"
    interval = "" if score.low is None or score.high is None else f" [{score.low:.3f}, {score.high:.3f}]"
    return f"{score.value:.3f}{interval} ({score.n})"
