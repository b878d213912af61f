"""The runs page as HTML."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agent.policy.readiness import readiness
from agent.records.base import Language
from agent.records.facts import ProjectFacts
from agent.records.job import Job, JobEvent
from tests.tools.evaluation.scripted import tune_result
from tests.ui.pages.test_run_course import BEGAN, course_of, event, step
from ui.pages import runs_view
from ui.pages.run_course import Course, course_of_history
from ui.pages.runs_view import Opened

EVIL = "<img src=x onerror=alert(1)>"
NOW = BEGAN + timedelta(minutes=5)


def job(**changes: Any) -> Job:
    values: dict[str, Any] = {
        "id": "abcd1234",
        "kind": "tune",
        "project": "pumps",
        "run": "20260301T120000Z-tune",
        "state": "done",
        "created": "2026-03-01T12:00:00.000+00:00",
        "started": "2026-03-01T12:00:01.000+00:00",
        "ended": "2026-03-01T12:03:21.000+00:00",
    }
    return Job(**(values | changes))


def running(**changes: Any) -> Job:
    return job(state="running", ended=None, **changes)


def opened(one: Job, *events: JobEvent, **more: Any) -> Opened:
    return Opened(job=one, course=course_of(*events), now=NOW, **more)


def test_the_list_is_newest_first_and_marks_the_open_run() -> None:
    older = job(id="1", run="a-mix", kind="mix", state="failed", error="no pairs")
    html = runs_view.listing([older, job()], "en", "pumps", NOW, "20260301T120000Z-tune")
    assert html.index("Tuning") < html.index("Mixing")
    assert '<tr aria-current="true">' in html
    assert "✗</span> failed" in html
    assert "no pairs" in html
    assert "1 Mar 2026 12:00 UTC" in html
    assert "3 min" in html
    assert 'href="/en/runs?project=pumps&amp;run=a-mix#run"' in html


def test_an_empty_list_says_what_to_do() -> None:
    assert "approve" in runs_view.listing([], "en", "pumps", NOW)
    assert "下一步" in runs_view.listing([], "zh", "pumps", NOW)


def test_older_runs_are_folded() -> None:
    jobs = [job(id=str(number), run=f"r{number}") for number in range(15)]
    assert "3 older runs" in runs_view.listing(jobs, "en", "pumps", NOW)


@pytest.mark.parametrize(
    ("events", "says"),
    [
        ([], ["not known yet", "told once enough is done", "starting"]),
        ([step(1, 3.0, 295, seconds_left=95)], ["about 2 min", "from the work done so far"]),
        (
            [event("progress", s, done=d, total=10, unit="items") for s, d in ((200, 0), (300, 5))],
            ["about 2 min", "if the speed holds", "5 / 10 items (50%)"],
        ),
        ([event("note", 100, message="x")], ["nothing heard for 3 min"]),
    ],
    ids=["unknown", "told", "by share", "quiet"],
)
def test_a_running_run_says_how_long_it_takes_and_where_from(events: list[JobEvent], says: list[str]) -> None:
    html = runs_view.head(opened(running(), *events), "en")
    for text in says:
        assert text in html


def test_a_finished_run_shows_its_figures() -> None:
    result = tune_result("r", peak_gib=1.5, reasons=("Q-LoRA fits",))
    one = Opened(job=job(), course=course_of_history(result.history), now=NOW, result=result)
    html = runs_view.head(one, "en")
    assert "Time left" not in html
    assert "1.5 GiB" in html
    assert "peak of the run" in html
    assert "0.290" in html
    assert "Q-LoRA fits" in runs_view.reasons(one, "en")
    assert "10 (10.00%)" in runs_view.outcome(one, "en")


def test_memory_of_a_running_worker_is_said_or_unknown() -> None:
    assert "2.5 GiB" in runs_view.head(opened(running(), memory_gib=2.5), "en")
    assert "not known yet" in runs_view.head(opened(running()), "en")


def test_a_run_that_is_being_cancelled_says_so() -> None:
    assert "being cancelled" in runs_view.state_badge(running(cancel_requested=True), "en")


def test_reasons_of_a_running_run_are_its_first_notes() -> None:
    one = opened(running(), event("note", message="the ladder starts with Q-LoRA"))
    assert "the ladder starts with Q-LoRA" in runs_view.reasons(one, "en")
    assert runs_view.reasons(opened(job(kind="mix"), event("note", message="x")), "en") == ""


def test_events_are_newest_first_with_states_in_words() -> None:
    course = course_of(
        event("state", 0, message="running"), event("state", 9, message="failed", data={"error": "no room"})
    )
    html = runs_view.lines(course, "zh")
    assert html.index("失败：no room") < html.index("进行中")
    assert "还没有记录" in runs_view.lines(Course(), "zh")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_everything_is_escaped(lang: Language) -> None:
    evil = running(error=EVIL, run=EVIL, request={EVIL: EVIL, "n": 1})
    one = Opened(
        job=evil,
        course=course_of(event("note", message=EVIL), event("progress", done=1, total=2, unit=EVIL, message=EVIL)),
        now=datetime(2026, 3, 2, tzinfo=UTC),
        result=tune_result(EVIL, reasons=(EVIL,), base_model=EVIL, mix=EVIL),
        summary=EVIL,
    )
    parts = [
        runs_view.listing([evil], lang, EVIL, NOW, EVIL),
        runs_view.head(one, lang),
        runs_view.lines(one.course, lang),
        runs_view.log(EVIL, lang),
        runs_view.request(evil, lang),
        runs_view.reasons(one, lang),
        runs_view.outcome(Opened(job=job(run=EVIL), course=one.course, now=NOW, result=one.result), lang),
        runs_view.outcome(Opened(job=job(kind="mix"), course=one.course, now=NOW, summary=EVIL), lang),
        runs_view.following(readiness(ProjectFacts(running=f"tune {EVIL}")), {"mix": EVIL}, lang, EVIL),
        runs_view.following(readiness(ProjectFacts(documents=1)), {"mix": EVIL}, lang, EVIL),
    ]
    for part in parts:
        assert "<img" not in part


def test_the_next_step_names_its_page_and_what_cannot_start_says_why() -> None:
    html = runs_view.following(
        readiness(ProjectFacts(documents=1)), {"tune": "no mix: `domainsmith mix`", "mix": ""}, "en", "p"
    )
    assert "Next: make pairs (there are documents but no pairs)." in html
    assert 'href="/en/pairs?project=p"' in html
    assert "Tune: not yet, no mix: <code>domainsmith mix</code>" in html
    assert "Mix:" not in html
