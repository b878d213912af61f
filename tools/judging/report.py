"""Writes what judges found into the evaluation's own report, beside what it measured and without changing it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, get_args

from agent.policy.thresholds import THRESHOLDS, Thresholds
from agent.prompts.judging import JUDGING
from agent.prompts.phrases import fill, percent, points
from agent.records.base import Language
from agent.records.judging import JudgeFindings, JudgeReport, JudgeScore
from knowledge.files import write_text
from tools.evaluation.report_page import page
from tools.evaluation.wording import SEPARATOR, arm_name, dimension_name
from tools.evaluation.wording import say as report_say
from tools.judging.asking import UNREADABLE
from tools.judging.model import names_of

_NEXT: Final = "## "


def notes(report: JudgeReport, lang: Language, thresholds: Thresholds = THRESHOLDS) -> list[str]:
    """Return what must be known to read a judge's figures; how far people agree comes first."""
    found = [*people(report, lang, thresholds)]
    if report.kinship == "unknown":
        shown = {"judge": ", ".join(names_of(report.model)), "base": ", ".join(names_of(report.base_model))}
        found.append(fill(JUDGING, "unknown_family", lang, **shown))
    if report.order_decided:
        found.append(fill(JUDGING, "order", lang, count=report.order_decided, first=report.first_preferred))
    if report.asked_again:
        found.append(fill(JUDGING, "asked_again", lang, count=report.asked_again))
    failed = sum(score.failed for score in report.scores)
    if failed:
        found.append(fill(JUDGING, "failed", lang, count=failed, example=failure_text(report.failure, lang)))
    if report.left_out:
        listed = SEPARATOR[lang].join(
            f"{dimension_name(name, lang)} {count}" for name, count in report.left_out.items()
        )
        found.append(fill(JUDGING, "sample", lang, list=listed))
    return found


def failure_text(failure: str, lang: Language) -> str:
    """Return what went wrong at a pair; a reply without a verdict is told in the reader's language."""
    return fill(JUDGING, UNREADABLE, lang) if failure == UNREADABLE else failure


def people(report: JudgeReport, lang: Language, thresholds: Thresholds = THRESHOLDS) -> list[str]:
    """Return how far people agree with the judge, and plainly where too few were asked."""
    with_them, found = report.agreement, []
    if with_them.share is None:
        found.append(fill(JUDGING, "no_labels", lang))
    else:
        found.append(
            fill(
                JUDGING,
                "agreement",
                lang,
                n=with_them.n,
                votes=with_them.votes,
                agreed=with_them.agreed,
                share=percent(with_them.share),
                low=percent(with_them.low),
                high=percent(with_them.high),
                kappa="–" if with_them.kappa is None else f"{with_them.kappa:.2f}",
                decided=with_them.decided,
                decided_agreed=with_them.decided_agreed,
            )
        )
    if not with_them.enough:
        found.append(fill(JUDGING, "few_labels", lang, need=thresholds.judge_labels, n=with_them.n))
    if with_them.named:
        found.append(fill(JUDGING, "named_votes", lang, count=with_them.named))
    if with_them.other_models:
        found.append(fill(JUDGING, "other_models", lang, count=with_them.other_models))
    if with_them.unjudged:
        found.append(fill(JUDGING, "unjudged", lang, count=with_them.unjudged))
    return found


def title(report: JudgeReport, lang: Language) -> str:
    """Return the heading of a judge's part of the report."""
    return fill(JUDGING, "title", lang, a=arm_name(report.a, lang), b=arm_name(report.b, lang))


def lead(report: JudgeReport, lang: Language) -> str:
    """Return who judged, and how."""
    return fill(JUDGING, "lead", lang, model=model_name(report.model))


def head(report: JudgeReport, lang: Language) -> str:
    """Return the head of the table as a row of Markdown."""
    return fill(JUDGING, "head", lang, a=arm_name(report.a, lang), b=arm_name(report.b, lang))


def cells(report: JudgeReport, score: JudgeScore, lang: Language) -> list[str]:
    """Return the row of one dimension."""
    share = "–"
    if score.share is not None:
        share = f"{percent(score.share)} [{percent(score.low)}, {percent(score.high)}]"
    names = {"a": arm_name(report.a, lang), "b": arm_name(report.b, lang)}
    return [
        dimension_name(score.dimension, lang),
        str(score.b_preferred),
        str(score.a_preferred),
        f"{score.ties} ({score.disagreed}, {score.same})",
        str(score.n),
        str(score.failed),
        str(score.unanswered),
        share,
        f"{points(score.difference)} ({points(score.difference_low)} … {points(score.difference_high)})",
        "< 0.001" if score.p < 0.001 else f"{score.p:.3f}",
        points(score.smallest_detectable).lstrip("+"),
        report_say(score.verdict, lang, **names),
    ]


def model_name(model: str) -> str:
    """Return a judge's name for readers: of a folder its last part."""
    return Path(model).name if Path(model).is_absolute() else model


def summary(report: JudgeReport, lang: Language) -> str:
    """Return what a judge found in a few lines, people's agreement and what else must be known included."""
    names = {"a": arm_name(report.a, lang), "b": arm_name(report.b, lang)}
    first = fill(JUDGING, "judged", lang, run=report.run, model=model_name(report.model), **names)
    lines = [
        fill(
            JUDGING,
            "line",
            lang,
            dimension=dimension_name(score.dimension, lang),
            b_preferred=score.b_preferred,
            a_preferred=score.a_preferred,
            ties=score.ties,
            failed=score.failed,
            n=score.n,
            difference=points(score.difference),
            low=points(score.difference_low),
            high=points(score.difference_high),
            finding=report_say(score.verdict, lang, **names),
            **names,
        )
        for score in report.scores
    ]
    return "\n".join([first, *lines, *(f"- {note}" for note in notes(report, lang))])


def section(report: JudgeReport, lang: Language) -> list[str]:
    """Return one judge's part of the report, as lines of Markdown."""
    first = head(report, lang)
    rows = ["| " + " | ".join(cells(report, score, lang)) + " |" for score in report.scores]
    table = [first, "|" + " --- |" * (first.count("|") - 1), *rows]
    told = [f"- {note}" for note in notes(report, lang)]
    return [title(report, lang), "", lead(report, lang), "", *table, "", *told, ""]


def with_sections(markdown: str, findings: JudgeFindings, lang: Language) -> str:
    """Return an evaluation's report with the judges' parts before its notes; parts of an earlier time are replaced."""
    kept = _without_sections(markdown.split("\n"))
    mark = report_say("notes", lang)
    place = kept.index(mark) if mark in kept else len(kept)
    added = [line for report in findings.reports for line in section(report, lang)]
    return "\n".join([*kept[:place], *added, *kept[place:]])


def _without_sections(lines: Sequence[str]) -> list[str]:
    heads = tuple(JUDGING["title"][lang].partition("{")[0] for lang in get_args(Language))
    kept: list[str] = []
    inside = False
    for line in lines:
        if line.startswith(_NEXT):
            inside = line.startswith(heads)
        if not inside:
            kept.append(line)
    return kept


def publish(folder: Path, findings: JudgeFindings) -> None:
    """Write the judges' parts into `report.md` and `report.html` of an evaluation, in the report's language."""
    path = folder / "report.md"
    if not path.exists():
        return
    before = path.read_text(encoding="utf-8")
    languages: tuple[Language, ...] = get_args(Language)
    lang = next((one for one in languages if report_say("notes", one) in before.split("\n")), languages[0])
    text = with_sections(before, findings, lang)
    radar = folder / "radar.png"
    write_text(path, text)
    write_text(
        folder / "report.html", page(text, folder.parent.name, radar.read_bytes() if radar.exists() else None, lang)
    )
