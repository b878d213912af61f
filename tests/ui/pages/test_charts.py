"""The charts and their files: the finding on top, intervals and n visible, nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from agent.records.base import Language
from agent.records.evaluation import EvaluationReport
from tests.ui.pages.test_evaluation_view import comparison, estimate, report
from tests.ui.pages.test_failures_view import answer, item
from tests.ui.pages.test_run_course import course_of, event, step
from ui.pages import chart_data, chart_files, charts
from ui.pages.run_course import Course

PNG = b"\x89PNG\r\n\x1a\n"


def spoken(lang: Language, **arms: Any) -> EvaluationReport:
    spokes = ("domain_knowledge", "faithfulness", "general_ability", "syntax")
    base = {spoke: estimate(0.4, n=30 + place) for place, spoke in enumerate(spokes)}
    rag = {spoke: estimate(0.7) for spoke in spokes[:2]}
    return report(arms={"base": base, "rag": rag}, languages=(lang,))


def course() -> Course:
    return course_of(
        step(1, 3.0), step(2, 2.0), event("metric", data={"validation_loss": 2.2}), step(3, 1.0), step(4, 0.5)
    )


def long_course() -> Course:
    return course_of(*(step(number, 5.0 / number + (number % 2)) for number in range(1, 101)))


def test_the_radar_draws_the_baseline_first_with_bands_and_intervals() -> None:
    figure = charts.radar_figure(spoken("en"), "en")
    lines = [trace for trace in figure.data if trace.showlegend is not False]
    assert [trace.name for trace in lines] == ["base", "RAG"]
    bands = [trace for trace in figure.data if trace.fill == "toself"]
    assert len(bands) == 2
    assert {trace.legendgroup for trace in bands} == {"base", "rag"}
    bars = [trace for trace in figure.data if trace.mode == "lines" and trace.fill is None]
    assert [round(float(r), 3) for r in bars[0].r[:2]] == [0.3, 0.5]
    assert "40% (30%–50%), n = 30" in lines[0].text
    labels = figure.layout.polar.angularaxis.ticktext
    assert labels[0] == "domain<br>knowledge<br>n = 30–40"
    assert figure.layout.polar.radialaxis.range == (0, 1)
    assert len({trace.marker.symbol for trace in lines}) == 2


def test_a_spoke_that_an_arm_was_not_asked_is_a_gap() -> None:
    rag = next(trace for trace in charts.radar_figure(spoken("en"), "en").data if trace.name == "RAG")
    assert list(rag.r)[-1] is None
    assert sum(value is not None for value in rag.r) == 2


@pytest.mark.parametrize(
    ("present", "expected"),
    [
        ([True, True, True], [[0, 1, 2, 3]]),
        ([True, True], [[0, 1]]),
        ([True], [[0]]),
        ([], []),
        ([False, True, True, False], [[1, 2]]),
        ([True, False, True], [[2, 3]]),
        ([True, False, True, False], [[0], [2]]),
        ([False, False], []),
    ],
)
def test_stretches(present: list[bool], expected: list[list[int]]) -> None:
    assert charts.stretches(present) == expected


def test_differences_are_filled_only_where_one_stands() -> None:
    figure = charts.differences_figure(report(), "en")
    shown, hidden = figure.data
    assert (shown.name, hidden.name) == ("stands after Holm's correction", "not shown")
    assert list(shown.x) == [20.0]
    assert round(shown.error_x.array[0], 3) == 11.0
    assert round(shown.error_x.arrayminus[0], 3) == 12.0
    assert "points" in figure.layout.xaxis.title.text
    assert "n = 40" in figure.layout.yaxis.ticktext[0]


def test_the_losses_have_units_and_n() -> None:
    figure = charts.loss_figure(course(), "en")
    training, validation = figure.data
    assert list(training.y) == [3.0, 2.0, 1.0, 0.5]
    assert (list(validation.x), list(validation.y)) == ([2], [2.2])
    assert "nats" in figure.layout.yaxis.title.text
    assert "n = 4 steps" in figure.layout.xaxis.title.text
    assert len(charts.loss_figure(long_course(), "zh").data) == 2
    assert len(charts.loss_figure(Course(), "en").data) == 1


def test_a_plot_reaches_the_page_without_buttons_of_its_own() -> None:
    content = json.loads(charts.as_plot(charts.radar_figure(spoken("en"), "en")).plot)
    assert content["config"]["displayModeBar"] is False
    assert content["layout"]["paper_bgcolor"] == "rgba(0,0,0,0)"


@pytest.mark.parametrize(
    ("made", "ended", "says"),
    [
        (Course(), False, ""),
        (course_of(step(1, 3.0), step(2, 2.0)), False, "3.00 → 2.00 after 2 steps; no validation loss was recorded"),
        (course(), True, "went from 3.00 to 0.50 in 4 steps; validation loss 2.20, its lowest"),
        (
            course_of(
                step(1, 3.0),
                event("metric", data={"validation_loss": 2.0}),
                step(2, 2.0),
                event("metric", data={"validation_loss": 2.5}),
            ),
            True,
            "validation loss was lowest after step 1 (2.00) and is 2.50 now",
        ),
    ],
    ids=["none", "running", "ended", "rose"],
)
def test_the_headline_of_the_losses_says_the_finding(made: Course, ended: bool, says: str) -> None:
    found = chart_data.loss_finding(made, "en", ended=ended)
    assert says in found
    assert bool(found) == bool(says)


def test_the_headline_of_the_differences_says_the_finding() -> None:
    found = chart_data.differences_finding(report(), "en")
    assert found.startswith("1 of 2 differences stand; the largest: tuned + RAG − RAG on domain knowledge, +20 points")
    none = report(comparisons=(comparison(verdict="no_difference_shown"),))
    assert chart_data.differences_finding(none, "zh") == "1 项差异均无法与偶然区分"


def test_a_running_mean_follows_the_middle_and_keeps_the_length() -> None:
    assert chart_data.running_mean([1.0] * 10) is None
    mean = chart_data.running_mean([0.0, 2.0] * 50)
    assert mean is not None
    assert len(mean) == 100
    assert mean[50] == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_chart_is_a_png(lang: Language) -> None:
    found = spoken(lang)
    for png in (
        chart_files.radar_png(found, lang),
        chart_files.differences_png(found, lang),
        chart_files.loss_png(course(), lang, ended=True),
        chart_files.loss_png(long_course(), lang, ended=False),
    ):
        assert png.startswith(PNG)
        assert len(png) > 5_000


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_tables_hold_every_figure_with_its_interval() -> None:
    scores = rows(chart_files.scores_csv(report()))
    assert len(scores) == 4
    assert scores[0]["mean"] == "0.2"
    assert (scores[0]["low"], scores[0]["high"], scores[0]["n"]) == ("0.1", "0.30000000000000004", "40")
    differences = rows(chart_files.differences_csv(report(comparisons=(comparison(difference=-0.2),))))
    assert differences[0]["difference"] == "-0.2"
    losses = rows(chart_files.loss_csv(course()))
    assert [row["validation_loss"] for row in losses] == ["", "2.2", "", ""]


@pytest.mark.parametrize("evil", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_no_cell_of_text_is_a_formula(evil: str) -> None:
    text = chart_files.failed_csv([(item(question=evil, answers=(evil,)), answer(text=evil), "format")])
    (row,) = rows(text)
    for name in ("question", "accepted", "answer"):
        assert row[name].startswith("'")
    assert row["score"] == "0.0"
    assert chart_files.harmless(-0.5) == -0.5
