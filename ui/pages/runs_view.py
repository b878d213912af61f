"""The runs page as HTML: the list of runs, and everything about one; pure functions, every text escaped."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any, Final

from agent.prompts.phrases import duration, gib
from agent.prompts.training import METHOD_NAMES
from agent.records.base import Language
from agent.records.decision import Action, Readiness
from agent.records.job import Job, JobEvent
from agent.records.tuning import TuneResult
from tools.jobs.store import TERMINAL
from ui.i18n import phrase, phrases
from ui.pages.inline_code import with_commands
from ui.pages.moments import clock, moment, took
from ui.pages.retold import retold
from ui.pages.run_course import Course, seconds_between, time_left
from ui.pages.sites import PageName, address

SHOWN_RUNS = 12
"""Runs in the list; older ones are folded."""
QUIET_SECONDS = 60.0
"""A running job that has told nothing for so long is said to be quiet."""
MARKS = {"done": "✓", "running": "▶", "queued": "…", "failed": "✗", "cancelled": "■", "interrupted": "!"}


_PAGE_OF: Final[dict[Action, PageName]] = {
    "setup": "assistant",
    "ingest": "documents",
    "extract": "pairs",
    "review": "pairs",
    "decide": "evaluation",
    "diagnose": "evaluation",
}
"""Next actions that another page is for."""


@dataclass(frozen=True)
class Opened:
    """One run with all that is known of it."""

    job: Job
    course: Course
    now: datetime
    memory_gib: float | None = None
    """Resident memory of the worker now."""
    result: TuneResult | None = None
    """What a finished tuning produced."""
    summary: str = ""
    """What a finished run of another kind produced, as plain text."""


def listing(jobs: Sequence[Job], lang: Language, project: str, now: datetime, opened: str = "") -> str:
    """Return the runs, newest first, each a link; the page's empty state if there are none."""
    if not jobs:
        return f'<p class="ds-empty">{_say("runs_none", lang)}</p>'
    rows = [_row(job, lang, project, now, job.run == opened) for job in reversed(jobs)]
    head = "".join(
        f'<th scope="col">{_say(key, lang)}</th>' for key in ("runs_state", "runs_kind", "runs_started", "runs_took")
    )

    def table(part: list[str]) -> str:
        body = f"<thead><tr>{head}</tr></thead><tbody>{''.join(part)}</tbody>"
        return f'<div class="ds-scroll"><table class="ds-runs">{body}</table></div>'

    if len(rows) <= SHOWN_RUNS:
        return table(rows)
    folded = f"<details><summary>{_say('runs_older', lang, count=len(rows) - SHOWN_RUNS)}</summary>"
    return f"{table(rows[:SHOWN_RUNS])}{folded}{table(rows[SHOWN_RUNS:])}</details>"


def following(ready: Readiness, blocked: Mapping[str, str], lang: Language, project: str) -> str:
    """Return the next sensible step and why; what cannot start yet stands with its reason.

    Args:
        ready: Where the project stands.
        blocked: Step to why it cannot start; empty for one that can.
        lang: Language of the page.
        project: Id of the project.
    """
    why = " ".join(reason.text for reason in ready.reasons)
    said = _say("runs_next_is", lang, step=phrase(f"runs_action_{ready.next_action}", lang), why=why)
    page = _PAGE_OF.get(ready.next_action)
    if page is not None:
        link = escape(address(lang, page, project=project))
        said += f' <a href="{link}">{_say("runs_next_elsewhere", lang)}</a>'
    items = "".join(
        f"<li>{with_commands(_say('runs_blocked', lang, step=phrase(f'runs_step_{kind}', lang), why=text))}</li>"
        for kind, text in blocked.items()
        if text
    )
    listed = f'<ul class="ds-quiet">{items}</ul>' if items and ready.next_action != "status" else ""
    return f"<h2>{_say('runs_next', lang)}</h2><p>{said}</p>{listed}"


def head(opened: Opened, lang: Language) -> str:
    """Return what the run is, its state, and its figures."""
    job = opened.job
    title = f"{kind_name(job.kind, lang)} <small>{escape(job.run)}</small>"
    error = f'<p class="ds-run-error" role="alert">{with_commands(escape(job.error))}</p>' if job.error else ""
    again = f" · {_say('runs_attempt', lang, number=job.attempts)}" if job.attempts > 1 else ""
    line = (
        f"{state_badge(job, lang)} · {moment(job.started or job.created, lang)} · {took(job, opened.now, lang)}{again}"
    )
    figures = f"{_progress(opened, lang)}{_tiles(opened, lang)}"
    return f'<h2 id="run">{title}</h2><p class="ds-figures">{line}</p>{error}{figures}'


def lines(course: Course, lang: Language, *, most: int = 12) -> str:
    """Return what the run noted and how its state changed, newest first; older lines folded."""
    items = [_line(event, lang) for event in reversed(course.lines)]
    title = f"<h3>{_say('runs_events', lang)}</h3>"
    if not items:
        return f'{title}<p class="ds-quiet">{_say("runs_no_events", lang)}</p>'
    listed = f'{title}<ul class="ds-lines">{"".join(items[:most])}</ul>'
    if len(items) > most:
        summary = _say("runs_older_events", lang, count=len(items) - most)
        listed += f"<details><summary>{summary}</summary><ul class='ds-lines'>{''.join(items[most:])}</ul></details>"
    return listed


def no_curve(job: Job, lang: Language) -> str:
    """Return when the loss curve of a training run begins; empty where there will be none."""
    waits = job.kind == "tune" and job.state not in TERMINAL
    return f'<p class="ds-quiet">{_say("runs_no_loss", lang)}</p>' if waits else ""


def log(text: str, lang: Language) -> str:
    """Return what the worker printed, folded."""
    body = f"<pre tabindex='0'>{escape(text)}</pre>" if text.strip() else f"<p>{_say('runs_log_empty', lang)}</p>"
    return f'<details class="ds-log"><summary>{_say("runs_log", lang)}</summary>{body}</details>'


def request(job: Job, lang: Language) -> str:
    """Return the request that started the run: what was set first, the whole of it folded."""
    given = {name: value for name, value in job.request.items() if value not in (None, "", [], {}, ())}
    rows = "".join(
        f"<dt>{_field(name, lang)}</dt><dd><code>{escape(_value(value))}</code></dd>" for name, value in given.items()
    )
    whole = escape(json.dumps(job.request, ensure_ascii=False, indent=2))
    return (
        f"<h3>{_say('runs_request', lang)}</h3><dl class='ds-facts'>{rows}</dl>"
        f"<details><summary>{_say('runs_request_whole', lang)}</summary><pre tabindex='0'>{whole}</pre></details>"
    )


def reasons(opened: Opened, lang: Language) -> str:
    """Return why a tuning run took this method and these settings."""
    said = opened.result.reasons if opened.result else tuple(opened.course.reasons)
    if not said or opened.job.kind != "tune":
        return ""
    items = "".join(f"<li>{escape(retold(one, lang))}</li>" for one in said)
    link = escape(address(lang, "guide", article="ladder"))
    more = f'<p><a href="{link}">{_say("runs_ladder_article", lang)}</a></p>'
    return f"<h3>{_say('runs_reasons', lang)}</h3><ul>{items}</ul>{more}"


def outcome(opened: Opened, lang: Language) -> str:
    """Return what a finished run produced, and where to look at it."""
    job = opened.job
    if job.state != "done":
        return ""
    if job.kind == "evaluate":
        link = escape(address(lang, "evaluation", project=job.project, run=job.run))
        return f'<p><a href="{link}">{_say("runs_open_evaluation", lang)}</a></p>'
    if opened.result is not None:
        return _tuned(opened.result, lang)
    if job.kind == "judge":
        link = escape(address(lang, "evaluation", project=job.project, run=str(job.request.get("run", ""))))
        seen = f'<p><a href="{link}">{_say("runs_open_evaluation", lang)}</a></p>'
        return f'<p class="ds-summary">{escape(opened.summary)}</p>{seen}'
    if job.kind == "bench":
        link = escape(address(lang, "hardware", project=job.project))
        seen = f'<p><a href="{link}">{_say("runs_open_hardware", lang)}</a></p>'
        return f'<p class="ds-summary">{escape(opened.summary)}</p>{seen}'
    return f'<p class="ds-summary">{escape(opened.summary)}</p>' if opened.summary else ""


def state_badge(job: Job, lang: Language) -> str:
    """Return the state of a job, as a sign and in words."""
    state = "cancelling" if job.cancel_requested and job.state not in TERMINAL else job.state
    mark = MARKS.get(job.state, "")
    text = _say(f"runs_state_{state}", lang)
    return f'<span class="ds-badge ds-run-{job.state}"><span aria-hidden="true">{mark}</span> {text}</span>'


def kind_name(kind: str, lang: Language) -> str:
    """Return the name of a kind of job."""
    return _say(f"frame_kind_{kind}", lang)


def _row(job: Job, lang: Language, project: str, now: datetime, here: bool) -> str:
    link = escape(address(lang, "runs", project=project, run=job.run))
    current = ' aria-current="true"' if here else ""
    error = f'<div class="ds-quiet">{with_commands(escape(job.error))}</div>' if job.error else ""
    return (
        f"<tr{current}><td>{state_badge(job, lang)}</td>"
        f'<td><a href="{link}#run"{current}>{kind_name(job.kind, lang)}</a>{error}</td>'
        f'<td class="ds-figures">{moment(job.started or job.created, lang)}</td>'
        f'<td class="ds-figures">{took(job, now, lang) if job.state in TERMINAL else "–"}</td></tr>'
    )


def _progress(opened: Opened, lang: Language) -> str:
    job, course = opened.job, opened.course
    if job.state in TERMINAL:
        return ""
    waits = job.state == "queued"  # whatever an earlier attempt told
    share, last = (None, None) if waits else (course.share, course.progress)
    value = f' value="{share:.4f}"' if share is not None else ""
    name = _say("runs_progress", lang)
    if last is None:
        said = _say("runs_starting", lang)
    else:
        of = f"{last.done or 0:g} / {last.total:g}" if last.total else f"{last.done or 0:g}"
        said = f"{of} {escape(retold(last.unit, lang))}"
        said += f" ({share:.0%})" if share is not None else ""
        said += f" · {escape(retold(last.message, lang))}" if last.message else ""
    quiet = seconds_between(course.last_at, opened.now) if course.last_at and not waits else 0.0
    if quiet > QUIET_SECONDS:
        said += f" · {_say('runs_quiet', lang, time=duration(quiet, lang))}"
    return f'<progress max="1"{value} aria-label="{name}"></progress><p class="ds-figures" role="status">{said}</p>'


def _tiles(opened: Opened, lang: Language) -> str:
    """Return the figures of a run; one that is not known says so instead of being left out."""
    job, course, result = opened.job, opened.course, opened.result
    tiles: list[tuple[str, str, str]] = []
    if job.state not in TERMINAL:
        left = time_left(course, opened.now) if job.state == "running" else None
        basis = "runs_left_told" if course.seconds_left is not None else "runs_left_share"
        value = _say("runs_about", lang, time=duration(left, lang)) if left is not None else _say("runs_unknown", lang)
        tiles.append(("runs_left", value, _say(basis, lang) if left is not None else _say("runs_left_why", lang)))
    if job.kind == "tune":
        last, speed = course.last, result.tokens_per_s if result else course.speed
        tiles.append(
            (
                "runs_speed",
                f"{speed:,.0f}" if speed is not None else _say("runs_unknown", lang),
                _say("runs_speed_whole" if result else "runs_speed_recent", lang),
            )
        )
        if last is not None:
            after = _say("runs_after_step", lang, step=last.step, epoch=f"{last.epoch:.2f}")
            tiles.append(("runs_training_loss", f"{last.loss:.3f}", after))
        if course.validation:
            best = min(course.validation.values())
            lowest = _say("runs_lowest", lang, value=f"{best:.3f}")
            tiles.append(("runs_validation_loss", f"{list(course.validation.values())[-1]:.3f}", lowest))
    peak = result.peak_gib if result else None
    if peak is not None:
        tiles.append(("runs_memory", f"{gib(peak)} GiB", _say("runs_memory_peak", lang)))
    elif job.state not in TERMINAL:
        known = opened.memory_gib
        value = f"{gib(known)} GiB" if known is not None else _say("runs_unknown", lang)
        tiles.append(("runs_memory", value, _say("runs_memory_now", lang)))
    cells = "".join(
        f"<div><dt>{_say(key, lang)}</dt><dd>{value}<small>{note}</small></dd></div>" for key, value, note in tiles
    )
    return f'<dl class="ds-tiles ds-figures">{cells}</dl>' if cells else ""


def _tuned(result: TuneResult, lang: Language) -> str:
    share = result.trainable_parameters / result.total_parameters if result.total_parameters else 0.0
    rows: list[tuple[str, Any]] = [
        ("runs_method", METHOD_NAMES[result.method][lang]),
        ("runs_base_model", result.base_model),
        ("runs_mix", result.mix),
        ("runs_examples", f"{result.examples:,}"),
        ("runs_steps", f"{result.steps:,}"),
        ("runs_tokens", f"{result.tokens:,}"),
        ("runs_trained", f"{result.trainable_parameters:,} ({share:.2%})"),
    ]
    # The model's name is whatever its folder is called.
    marks = {"runs_base_model": ' translate="no"'}
    cells = "".join(
        f"<dt>{_say(key, lang)}</dt><dd{marks.get(key, '')}>{escape(str(value))}</dd>" for key, value in rows
    )
    return f"<h3>{_say('runs_result', lang)}</h3><dl class='ds-facts ds-figures'>{cells}</dl>"


def _line(event: JobEvent, lang: Language) -> str:
    text = retold(event.message, lang)
    if event.kind == "state":
        text = phrase(f"runs_state_{event.message}", lang) if event.message in MARKS else event.message
        text += f"{'：' if lang == 'zh' else ': '}{event.data['error']}" if event.data.get("error") else ""
    return f'<li><span class="ds-figures ds-quiet">{clock(event.at)}</span> {with_commands(escape(text))}</li>'


def _field(name: str, lang: Language) -> str:
    """Return what a part of a request is called; one that has no name in the table as it stands in the record."""
    key = f"runs_field_{name}"
    return _say(key, lang) if key in phrases(lang) else f"<code>{escape(name)}</code>"


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _say(key: str, lang: Language, **values: object) -> str:
    return escape(phrase(key, lang, **values))
