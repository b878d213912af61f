"""The rail and the top bar as HTML: escaped, keyboard reachable, nothing by colour alone, contrast as WCAG AA asks."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from importlib import resources

import pytest

from agent.policy.readiness import readiness
from agent.records.decision import Readiness, Station
from agent.records.facts import ProjectFacts
from agent.records.profile import Profile
from tools.workspace import ProjectInfo
from ui.i18n import phrases
from ui.pages import rail_view
from ui.pages.rail_view import Place
from ui.pages.running import RunningJob
from ui.pages.sites import LANGUAGES, PAGES, STATION_PAGES
from ui.web.app import BUILDERS
from ui.web.theme import ACCENT

EVIL = '"><img src=x onerror=alert(1)><b>'
PUMPS = ProjectInfo(id="pumps", name="Pumps", created="2026-01-01")
HOSTILE = ProjectInfo(id="evil-1", name=EVIL, created="2026-01-02")
JOB = RunningJob("j1", "tune", "running", "20260101T000000Z-tune", 0.345, EVIL, 125.0)


class Tags(HTMLParser):
    """Every tag with its attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def standing(**states: str) -> Readiness:
    stations = tuple(
        Station(name=name, state=states.get(name, "waiting"), detail=EVIL)  # type: ignore[arg-type]
        for name in STATION_PAGES
    )
    return Readiness(stations=stations, next_action="ingest", reasons=())


@pytest.mark.parametrize("lang", LANGUAGES)
def test_nothing_of_a_user_becomes_markup(lang: str) -> None:
    place = Place(lang, "runs", "evil-1", {EVIL: EVIL})  # type: ignore[arg-type]
    html = rail_view.rail(place, (PUMPS, HOSTILE), standing()) + rail_view.top(place, EVIL, JOB)
    tags = Tags(html)
    assert tags.named("img") == tags.named("b") == tags.named("script") == []
    assert not any(name.startswith("on") for _, attributes in tags.found for name in attributes)
    assert EVIL in tags.text


def test_every_station_is_a_link_that_says_its_state_in_words() -> None:
    states = {"profile": "done", "documents": "current", "pairs": "needs_you"}
    html = rail_view.road(Place("en", "runs", "pumps"), standing(**states))
    links = Tags(html).named("a")
    assert [link["href"] for link in links] == [f"/en/{PAGES[page]}?project=pumps" for page in STATION_PAGES.values()]
    assert [link.get("aria-current") for link in links] == [None, "step", None, None, None, None, None]
    assert re.findall(r'class="ds-state">([^<]+)<', html) == ["done", "next", "needs you", *["waiting"] * 4]
    assert len(set(re.findall(r'class="ds-mark" aria-hidden="true">(.)<', html))) == 4


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_road_of_a_real_project_has_its_phrases(lang: str) -> None:
    facts = ProjectFacts(profile=Profile(goal="x"), documents=3, chunks=9, pairs_pending=4)
    html = rail_view.road(Place(lang, "runs", "pumps"), readiness(facts, lang))  # type: ignore[arg-type]
    assert len(Tags(html).named("a")) == 7
    assert ("4 条待审" if lang == "zh" else "4 wait for review") in html


def test_without_a_project_there_is_no_road_and_the_form_is_open() -> None:
    html = rail_view.rail(Place("en", "assistant", None), (), None)
    assert "ds-road" not in html
    details = Tags(html).named("details")
    assert "open" in details[0]
    assert "There is no project yet." in html


def test_the_switcher_marks_the_project_and_makes_new_ones_without_script() -> None:
    tags = Tags(rail_view.switcher(Place("zh", "pairs", "pumps"), (PUMPS, HOSTILE)))
    assert [(link["href"], link.get("aria-current")) for link in tags.named("a")] == [
        ("/zh/pairs?project=pumps", "page"),
        ("/zh/pairs?project=evil-1", None),
    ]
    assert tags.named("form") == [{"method": "post", "action": "/projects/new"}]
    assert {one["name"] for one in tags.named("input")} == {"lang", "name"}
    assert len(tags.named("label")) == 1


def test_the_navigation_marks_the_page() -> None:
    links = Tags(rail_view.navigation(Place("en", "guide", None))).named("a")
    assert [link["href"] for link in links if link.get("aria-current") == "page"] == ["/en/guide"]
    assert len(links) == len(PAGES)


def test_a_running_job_says_how_far_it_is() -> None:
    html = rail_view.running(Place("en", "runs", "pumps"), JOB)
    assert "Tuning: running" in html
    assert "34% about 2 min left" in html
    assert Tags(html).named("progress")[0]["value"] == "0.345"
    unknown = rail_view.running(Place("zh", "runs", "pumps"), RunningJob("j", "mix", "queued", "r", None, "", None))
    assert "value" not in Tags(unknown).named("progress")[0]
    assert "配比：启动中" in unknown


def test_only_somebody_who_logged_in_can_log_out() -> None:
    place = Place("en", "runs", None)
    assert "/logout" not in rail_view.top(place, "", None)
    assert Tags(rail_view.top(place, "anna", None)).named("form") == [{"method": "post", "action": "/logout"}]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-3, "0 s"),
        (0, "0 s"),
        (89.4, "89 s"),
        (90, "2 min"),
        (3540, "59 min"),
        (3600, "1 h 0 min"),
        (9000, "2 h 30 min"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert rail_view.duration(seconds) == text


def test_the_phrases_of_every_page_station_and_kind_exist() -> None:
    for lang in LANGUAGES:
        known = phrases(lang)
        for page in PAGES:
            assert known[f"page_{page}"]
        for station in STATION_PAGES:
            assert known[f"station_{station}"]


def test_every_page_has_its_module() -> None:
    assert [page for page, _ in BUILDERS] == list(PAGES)


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def variables() -> dict[str, dict[str, str]]:
    sheet = resources.files("ui.web").joinpath("style.css").read_text(encoding="utf-8")
    light, dark = re.findall(r"(?::root|body\.dark) \{(.*?)\}", sheet, re.DOTALL)[:2]
    return {
        name: dict(re.findall(r"(--ds-[a-z]+): (#[0-9a-f]{6})", block))
        for name, block in (("light", light), ("dark", dark))
    }


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_have_the_contrast_of_wcag_aa(theme: str) -> None:
    colours = variables()[theme]
    for ground in ("--ds-page", "--ds-surface"):
        for ink in ("--ds-ink", "--ds-quiet", "--ds-accent", "--ds-good", "--ds-warn", "--ds-bad"):
            assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)
        # Borders of fields and buttons are what shows that they are there.
        assert contrast(colours["--ds-edge"], colours[ground]) >= 3, ground
    assert contrast(colours["--ds-ink"], colours["--ds-mark"]) >= 4.5
    assert contrast("#ffffff", ACCENT.c600) >= 4.5
    assert contrast("#ffffff", ACCENT.c500) >= 4.5


def test_both_themes_name_the_same_colours() -> None:
    themes = variables()
    assert set(themes["light"]) == set(themes["dark"])
    assert len(themes["light"]) >= 10
