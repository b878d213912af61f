"""`domainsmith iterations` and its table on the evaluation page: the rounds of a project made of records."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from agent.records.evaluation import EvaluateRequest
from tests.tools.test_iterations import FAITHFUL, HALF, ITEMS, Scores, mixed, round_of, tuned
from tests.ui.conftest import Ran
from tools.iterations import iterations
from tools.workspace import Project, Workspace
from ui.pages import iterations_view

Cli = Callable[..., Ran]


def three_rounds(home: Path) -> Project:
    """A wider search that gains nothing, then tuning that abstains better."""
    project = Workspace(home).create("Pumps")
    items = [*ITEMS, *FAITHFUL]
    round_of(project, 1, {"rag": [*HALF, *[0] * 40]}, items, request=EvaluateRequest(k=5))
    round_of(project, 2, {"rag": [*HALF, *[0] * 40]}, items, request=EvaluateRequest(k=8))
    scores: Scores = {"rag": [*HALF, *[0] * 40], "tuned+rag": [*HALF, *[1] * 40]}
    run = tuned(project, 3, mixed(project, "m"))
    round_of(project, 4, scores, items, request=EvaluateRequest(k=8), tune_run=run)
    return project


def test_rounds_are_a_table_with_the_stop_rule_below(cli: Cli, home: Path) -> None:
    three_rounds(home)
    head, first, second, third, *reasons = cli("iterations").out.splitlines()
    assert head.split("  ")[0] == "round"
    assert "2026-01-01 00:00 UTC" in first
    assert first.endswith("first round")
    assert "passages retrieved 5 → 8" in second
    assert "RAG, domain knowledge" in second
    assert second.endswith("nothing measurable")
    assert second.startswith("2, against 1")
    assert "measured tuned + RAG instead of RAG; method – → LoRA; domain share – → 30%" in third
    assert "RAG → tuned + RAG, domain knowledge  40  0 (" in third
    assert third.endswith("measurable gain; faithfulness +100 (+88 to +100)")
    assert reasons[0].startswith("- Go on: round 3 gained measurably")
    assert "qa-iterating" in reasons[0]


def test_the_log_is_one_json_document(cli: Cli, home: Path) -> None:
    three_rounds(home)
    log = cli("iterations", "-p", "Pumps", "--json").json
    assert set(log) == {"project", "iterations", "stop"}
    assert [one["finding"] for one in log["iterations"]] == ["not_comparable", "nothing", "gain"]
    assert log["iterations"][1]["changed"] == [{"what": "k", "before": "5", "after": "8", "name": ""}]
    assert log["iterations"][1]["deciding"]["n"] == 40
    assert log["stop"]["outcome"] == "go_on"


def test_in_chinese(cli: Cli, home: Path) -> None:
    three_rounds(home)
    said = cli("iterations", "--lang", "zh").out
    assert "检索段数 5 → 8" in said
    assert "由RAG改测微调+RAG；方法 – → LoRA" in said
    assert "无可测变化" in said
    assert "继续：第 3 轮有可测的提升" in said


def test_without_an_evaluation_it_says_what_is_first(cli: Cli, home: Path) -> None:
    Workspace(home).create("Empty")
    ran = cli("iterations")
    assert (ran.code, ran.out.startswith("- Nothing was evaluated yet")) == (0, True)


def test_the_page_shows_the_same_table_newest_first(home: Path) -> None:
    project = three_rounds(home)
    html = iterations_view.iterations(iterations(project), "en")
    assert html.index("3, against 2") < html.index("2, against 1") < html.index("first round")
    assert "<strong>Go on: round 3 gained measurably" in html
    assert "article=qa-iterating" in html
    assert "4 Jan 2026" in html
    zh = iterations_view.iterations(iterations(project, "zh"), "zh")
    assert "试过什么" in zh
    assert "3，对比 2" in zh
    one = project.runs / "20260101T000000Z-evaluate"
    for run in project.runs.glob("*-evaluate"):
        if run != one:
            (run / "result.json").unlink()
    assert iterations_view.iterations(iterations(project), "en") == ""
