"""The left rail and the top bar as HTML; pure functions, every text escaped."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from html import escape
from typing import Final

from agent.records.base import Language
from agent.records.decision import Readiness
from tools.workspace import ProjectInfo
from ui.i18n import phrase
from ui.pages.retold import named, retold
from ui.pages.running import RunningJob
from ui.pages.sites import PAGES, STATION_PAGES, PageName, address

MARKS: Final[dict[str, str]] = {"done": "✓", "current": "▶", "waiting": "○", "needs_you": "!"}
"""State of a station to its sign; the state stands in words beside it, so nothing depends on colour."""

GRADIO: Final[dict[str, str]] = {
    "Scroll down": "frame_gradio_scroll",
    "Multimedia input field": "frame_gradio_field",
    "Click to upload or drop files": "frame_gradio_drop",
    "Close": "frame_gradio_close",
    "Error": "frame_gradio_error",
    "Warning": "frame_gradio_warning",
    "Info": "frame_gradio_info",
}
"""A name of Gradio's to the key of ours."""

OTHER: Final[dict[Language, Language]] = {"en": "zh", "zh": "en"}


@dataclass(frozen=True)
class Place:
    """Where a person stands: what every link of the frame keeps."""

    lang: Language
    page: PageName
    project: str | None
    """Id of the project; `None` without one."""
    query: Mapping[str, str] = field(default_factory=dict)
    """The address's parameters, e.g. the thread; the other language shows the same."""


def rail(place: Place, projects: Sequence[ProjectInfo], stand: Readiness | None) -> str:
    """Return the project switcher, the road and the navigation."""
    return f"{switcher(place, projects)}{road(place, stand)}{navigation(place)}"


def switcher(place: Place, projects: Sequence[ProjectInfo]) -> str:
    """Return the list of projects, folded, and the form for a new one."""
    say = partial(_say, place.lang)
    here = next((one for one in projects if one.id == place.project), None)
    items = "".join(
        f'<li><a href="{escape(address(place.lang, place.page, project=one.id))}"'
        f'{_here(one.id == place.project)} translate="no">{escape(one.name)}</a></li>'
        for one in projects
    )
    listed = f"<ul>{items}</ul>" if items else f"<p>{say('frame_no_project')}</p>"
    form = (
        f'<form method="post" action="/projects/new"><input type="hidden" name="lang" value="{place.lang}">'
        f'<label>{say("frame_new_project")}<input name="name" required maxlength="80" autocomplete="off"></label>'
        f"<button>{say('frame_create')}</button></form>"
    )
    name = escape(here.name) if here else say("frame_choose_project")
    # A name is in whatever language it was given.
    named = ' translate="no"' if here else ""
    opened = "" if projects else " open"
    return (
        f'<details class="ds-projects"{opened}><summary><span class="ds-label">{say("frame_project")}</span>'
        f'<span class="ds-name"{named}>{name}</span></summary>{listed}{form}</details>'
    )


def road(place: Place, stand: Readiness | None) -> str:
    """Return the seven stations with their state, each a link; empty without a project."""
    if stand is None:
        return ""
    say = partial(_say, place.lang)
    items = []
    for station in stand.stations:
        page = STATION_PAGES[station.name]
        state = say(f"frame_state_{station.state}")
        current = ' aria-current="step"' if station.state == "current" else ""
        detail = escape(named(station.detail, place.lang))
        items.append(
            f'<li class="ds-{station.state}"><a href="{escape(address(place.lang, page, project=place.project))}"'
            f'{current} title="{detail}"><span class="ds-mark" aria-hidden="true">'
            f'{MARKS[station.state]}</span><span class="ds-station">{say(f"station_{station.name}")}</span>'
            f'<span class="ds-state">{state}</span><span class="ds-detail">{detail}</span></a></li>'
        )
    return f'<nav class="ds-road" aria-label="{say("frame_road")}"><ol>{"".join(items)}</ol></nav>'


def navigation(place: Place) -> str:
    """Return the links to the pages."""
    say = partial(_say, place.lang)
    items = "".join(
        f'<li><a href="{escape(address(place.lang, page, project=place.project))}"'
        f"{_here(page == place.page)}>{say(f'page_{page}')}</a></li>"
        for page in PAGES
    )
    return f'<nav class="ds-pages" aria-label="{say("frame_pages")}"><ul>{items}</ul></nav>'


def top(place: Place, account: str, job: RunningJob | None) -> str:
    """Return the top bar: skip link, name, running job, language, theme, account."""
    say = partial(_say, place.lang)
    other = OTHER[place.lang]
    turned = escape(address(other, place.page, **{**place.query, "project": place.project}))
    home = escape(address(place.lang, "assistant", project=place.project))
    themes = "".join(
        f'<span class="ds-theme-{name}">{say(f"frame_theme_{name}")}</span>' for name in ("light", "dark", "system")
    )
    theme = f'<button type="button" class="ds-theme" data-ds-theme-button>{themes}</button>'
    who = (
        f'<span class="ds-account" translate="no">{escape(account)}</span><form method="post" action="/logout">'
        f"<button>{say('frame_logout')}</button></form>"
        if account
        else ""
    )
    return (
        f'<div class="ds-bar"><a class="ds-skip" href="#ds-main">{say("frame_skip")}</a>'
        f'<a class="ds-brand" href="{home}">domainsmith</a>'
        f'<div class="ds-job">{running(place, job)}</div>'
        f'<a class="ds-lang" href="{turned}" hreflang="{other}" lang="{other}">{say("frame_other_language")}</a>'
        f"{theme}{who}{_gradio(place.lang)}</div>"
    )


def _gradio(lang: Language) -> str:
    """Return our words for what Gradio names in English whatever the page's language; its script hands them out."""
    words = json.dumps({theirs: phrase(key, lang) for theirs, key in GRADIO.items()}, ensure_ascii=False)
    return f'<span hidden data-ds-gradio="{escape(words)}"></span>'


def running(place: Place, job: RunningJob | None) -> str:
    """Return the running job with its progress.

    What runs is announced to screen readers when it changes; how far it is, every two seconds, is not.
    """
    if job is None:
        return '<span role="status"></span>'
    say = partial(_say, place.lang)
    text = say("frame_job", kind=say(f"frame_kind_{job.kind}"), state=say(f"frame_job_{job.state}"))
    share = f"{job.share:.0%}" if job.share is not None else ""
    left = say("frame_left", time=duration(job.seconds_left)) if job.seconds_left is not None else ""
    words = " ".join(part for part in (share, left) if part)
    value = f' value="{job.share:.3f}"' if job.share is not None else ""
    link = escape(address(place.lang, "runs", project=place.project, run=job.run))
    doing = escape(retold(job.message, place.lang))
    return (
        f'<span role="status"><a href="{link}" title="{doing}">{escape(text)}</a></span>'
        f'<progress max="1"{value} aria-label="{escape(text)}"></progress>'
        f'<span class="ds-figures">{escape(words)}</span>'
    )


def duration(seconds: float) -> str:
    """Return a time as `40 s`, `3 min` or `2 h 5 min`; the same in both languages."""
    whole = max(0, round(seconds))
    if whole < 90:
        return f"{whole} s"
    minutes = round(whole / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _here(yes: bool) -> str:
    return ' aria-current="page"' if yes else ""


def _say(lang: Language, key: str, **values: object) -> str:
    """Return a phrase, escaped."""
    return escape(phrase(key, lang, **values))


def heading(lang: Language, page: PageName) -> str:
    """Return the heading of a page."""
    return f"<h1>{_say(lang, f'page_{page}')}</h1>"


def plain(text: str) -> str:
    """Return text that stays text where HTML is taken."""
    return escape(text)
