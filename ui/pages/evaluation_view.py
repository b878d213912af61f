"""The evaluation page as HTML: verdict, scores, differences, notes; pure functions, every text escaped."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from urllib.parse import quote, urlencode

from agent.prompts.phrases import percent, points
from agent.records.base import Language
from agent.records.decision import MethodDecision, Reason
from agent.records.evaluation import ARMS, Comparison, Dimension, Estimate, EvaluationReport
from agent.records.judging import JudgeFindings
from tools.evaluation.dimensions import ORDER
from tools.evaluation.report import comparison_sentence, cost_cells, deciding, power_sentence, renewal_cells
from tools.evaluation.wording import arm_name, dimension_name, method_sentence
from tools.evaluation.wording import say as report_say
from tools.judging import report as judges
from ui.i18n import phrase
from ui.pages.chart_data import verdict_text
from ui.pages.moments import moment_text
from ui.pages.retold import named, retold
from ui.pages.sites import address


def empty(lang: Language, project: str | None, *, items: bool, active: str = "") -> str:
    """Return what to do where nothing was evaluated yet.

    Args:
        lang: Language of the page.
        project: Id of the project; `None` without one.
        items: Whether there is a sealed set.
        active: Kind of the job that runs, if one does.
    """
    if project is None:
        return f'<p class="ds-empty">{_say("evaluation_no_project", lang)}</p>'
    key = "evaluation_running" if active == "evaluate" else "evaluation_none" if items else "evaluation_no_items"
    link = escape(address(lang, "runs", project=project))
    following = f'<p><a href="{link}">{_say("evaluation_to_runs", lang)}</a></p>'
    return f'<div class="ds-empty"><p>{_say(key, lang)}</p>{following}</div>'


def choice(run: str, lang: Language) -> str:
    """Return how an evaluation is named in a list: when it began, and its run; plain text."""
    try:
        began = datetime.strptime(run.split("-", maxsplit=1)[0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return run
    return f"{moment_text(began.isoformat(), lang)} · {run}"


def gone(run: str, lang: Language) -> str:
    """Return that the evaluation of the address is not there."""
    return f'<p class="ds-quiet" role="status">{_say("evaluation_gone", lang, run=run)}</p>'


def radar_lead(lang: Language) -> str:
    """Return how to read the radar."""
    return f'<p class="ds-quiet">{_say("evaluation_radar_scale", lang)}</p>'


def verdict(report: EvaluationReport, decision: MethodDecision, lang: Language) -> str:
    """Return the verdict in one sentence with the comparison that decided it, then the reasons."""
    comparison = deciding(report, decision)
    decided = ""
    if comparison is not None:
        shown = (comparison_sentence(comparison, lang, len(report.comparisons)), power_sentence(comparison, lang))
        decided = " ".join(part for part in shown if part)
    reasons = "".join(f"<li>{_reason(reason, lang)}</li>" for reason in decision.reasons)
    asked = f'<p class="ds-quiet">{escape(decision.question)}</p>' if decision.question else ""
    return (
        f'<section class="ds-verdict"><h2>{_say("evaluation_verdict", lang)}</h2>'
        f"<p><strong>{escape(method_sentence(decision.method, lang))}</strong> {escape(decided)}</p>{asked}"
        f"<details open><summary>{_say('evaluation_reasons', lang)}</summary><ul>{reasons}</ul></details></section>"
    )


def scores(report: EvaluationReport, lang: Language) -> str:
    """Return the table of dimension by arm: mean, interval and n in every cell."""
    arms = [arm for arm in ARMS if arm in report.arms]
    measured = {dimension for arm in arms for dimension in report.arms[arm]}
    head = "".join(f'<th scope="col">{escape(arm_name(arm, lang))}</th>' for arm in arms)
    rows = "".join(_score_row(report, dimension, lang) for dimension in ORDER if dimension in measured)
    seconds = "".join(_seconds(report, lang))
    return (
        f"<h2>{_say('evaluation_scores', lang)}</h2><p class='ds-quiet'>{_say('evaluation_scores_lead', lang)}</p>"
        f'<div class="ds-scroll"><table class="ds-scores ds-figures"><thead><tr>'
        f'<th scope="col">{escape(report_say("dimension", lang))}</th>{head}'
        f'<th scope="col">{escape(report_say("chance", lang))}</th></tr></thead><tbody>{rows}</tbody>{seconds}'
        "</table></div>"
    )


def costs(report: EvaluationReport, lang: Language) -> str:
    """Return what answering takes and how a changed document reaches each arm; empty for older reports."""
    if not report.costs:
        return ""
    priced = any(cost.price is not None for cost in report.costs.values())
    asked = max(cost.questions for cost in report.costs.values())
    head = report_say("costs_head", lang) + (report_say("costs_price", lang) if priced else "")
    taken = [[arm_name(arm, lang), *cost_cells(cost, priced=priced)] for arm, cost in report.costs.items()]
    renewed = [[arm_name(arm, lang), *renewal_cells(arm, cost, lang)] for arm, cost in report.costs.items()]
    return (
        f"<h2>{_title('costs', lang)}</h2><p class='ds-quiet'>{escape(report_say('costs_lead', lang, n=asked))}</p>"
        f"{_table(head, taken)}<h2>{_title('renewal', lang)}</h2>{_table(report_say('renewal_head', lang), renewed)}"
    )


def judged(findings: JudgeFindings, lang: Language) -> str:
    """Return what judge models found, how far people agree with each, and what else must be known."""
    parts = []
    for report in findings.reports:
        rows = [judges.cells(report, score, lang) for score in report.scores]
        told = "".join(f"<li>{escape(note)}</li>" for note in judges.notes(report, lang))
        parts.append(
            f"<h2>{escape(judges.title(report, lang).lstrip('# '))}</h2>"
            f"<p class='ds-quiet'>{escape(judges.lead(report, lang))}</p>"
            f"{_table(judges.head(report, lang), rows)}<ul>{told}</ul>"
        )
    return "".join(parts)


def comparisons(report: EvaluationReport, lang: Language, deciding_one: Comparison | None = None) -> str:
    """Return the table of paired differences; the one that decided is marked."""
    if not report.comparisons:
        return f"<p class='ds-quiet'>{_say('evaluation_no_comparisons', lang)}</p>"
    names = ("what", "difference", "points", "interval", "p", "n", "least", "finding")
    head = "".join(f'<th scope="col">{_say(f"evaluation_column_{name}", lang)}</th>' for name in names)
    rows = "".join(_comparison_row(one, lang, one is deciding_one) for one in report.comparisons)
    return (
        f"<details><summary>{_say('evaluation_comparisons_table', lang, count=len(report.comparisons))}</summary>"
        f"<p class='ds-quiet'>{escape(report_say('named', lang))}</p>"
        f'<div class="ds-scroll"><table class="ds-figures"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
        "</div></details>"
    )


def notes(report: EvaluationReport, lang: Language) -> str:
    """Return what must be known to read the figures, and what was measured."""
    items = "".join(f"<li>{escape(retold(note, lang))}</li>" for note in report.notes)
    tune = report.tune_run or report_say("none", lang)
    model = f"<code>{escape(report.base_model.rsplit('/', 1)[-1])}</code>"
    # The sentence of the report holds no HTML, so only what is filled in needs escaping.
    measured = report_say("measured_text", lang, model=model, tune=escape(tune), sha=escape(report.items_sha256[:12]))
    return f"<h2>{_say('evaluation_notes', lang)}</h2><ul>{items}<li>{measured}</li></ul>"


def downloads(lang: Language, project: str, run: str, *names: str) -> str:
    """Return links to files of a chart."""
    links = " · ".join(
        f'<a href="{escape(chart_address(lang, project, run, name))}" download="{escape(f"{run}-{name}")}">'
        f"{escape(name.rsplit('.', 1)[-1].upper())}</a>"
        for name in names
    )
    return f'<p class="ds-downloads">{_say("runs_download", lang)} {links}</p>'


def chart_address(lang: Language, project: str, run: str, name: str) -> str:
    """Return the address of a chart's file, see `ui/web/chart_downloads.py`."""
    return f"/download/charts/{quote(run, safe='')}/{name}?{urlencode({'project': project, 'lang': lang})}"


def headline(text: str, *, level: int = 2) -> str:
    """Return the finding of a chart, which stands above it."""
    return f'<h{level} class="ds-finding">{escape(text)}</h{level}>'


def _title(key: str, lang: Language) -> str:
    return escape(report_say(key, lang).lstrip("# "))


def _table(head: str, rows: Sequence[Sequence[str]]) -> str:
    """Return a table whose head is a row of the report's Markdown; the first column names the rows."""
    names = "".join(f'<th scope="col">{escape(name.strip())}</th>' for name in head.strip("| ").split("|"))
    body = "".join(
        f'<tr><th scope="row">{escape(first)}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in cells)}</tr>'
        for first, *cells in rows
    )
    return (
        f'<div class="ds-scroll"><table class="ds-figures"><thead><tr>{names}</tr></thead><tbody>{body}</tbody></table>'
        "</div>"
    )


def _reason(reason: Reason, lang: Language) -> str:
    link = escape(address(lang, "guide", article=reason.article))
    return f'{escape(named(reason.text, lang))} <a class="ds-quiet" href="{link}">{_say("evaluation_guide", lang)}</a>'


def _score_row(report: EvaluationReport, dimension: Dimension, lang: Language) -> str:
    found = [report.arms[arm].get(dimension) for arm in ARMS if arm in report.arms]
    chance = next(one.chance for one in found if one is not None)
    cells = "".join(f"<td>{_estimate(one, lang)}</td>" for one in found)
    name = escape(dimension_name(dimension, lang))
    return f'<tr><th scope="row">{name}</th>{cells}<td>{percent(chance)}</td></tr>'


def _estimate(one: Estimate | None, lang: Language) -> str:
    if one is None:
        return f'<span title="{_say("evaluation_not_asked", lang)}">·</span>'
    errors = f"<br>{_say('evaluation_errors', lang, count=one.errors)}" if one.errors else ""
    interval = f"{percent(one.low)}–{percent(one.high)}"
    return f"<strong>{percent(one.mean)}</strong><small>{interval}<br>n = {one.n}{errors}</small>"


def _seconds(report: EvaluationReport, lang: Language) -> list[str]:
    if not report.seconds:
        return []
    cells = "".join(
        f"<td>{f'{report.seconds[arm]:.2f} s' if arm in report.seconds else '·'}</td>"
        for arm in ARMS
        if arm in report.arms
    )
    return [f'<tfoot><tr><th scope="row">{_say("evaluation_seconds", lang)}</th>{cells}<td></td></tr></tfoot>']


def _comparison_row(one: Comparison, lang: Language, decided: bool) -> str:
    least = f"±{points(one.smallest_detectable).lstrip('+')}" if one.smallest_detectable is not None else "–"
    p = "< 0.001" if one.p < 0.001 else f"{one.p:.3f}"
    pair = f"{arm_name(one.b, lang)} − {arm_name(one.a, lang)}"
    mark = f" <em>{_say('evaluation_decided', lang)}</em>" if decided else ""
    return (
        f'<tr><th scope="row">{escape(dimension_name(one.dimension, lang))}</th><td>{escape(pair)}{mark}</td>'
        f"<td>{points(one.difference)}</td><td>{points(one.low)} … {points(one.high)}</td><td>{p}</td><td>{one.n}</td>"
        f"<td>{least}</td><td>{escape(verdict_text(one, lang))}</td></tr>"
    )


def _say(key: str, lang: Language, **values: object) -> str:
    return escape(phrase(key, lang, **values))
