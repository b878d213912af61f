"""What answering takes: measured on the questions every arm is asked, priced only where a price was given."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from agent.policy.method import decide_from_report
from agent.progress import Silent
from agent.records.evaluation import ARMS, EvaluateRequest, EvaluationReport, GroupCost, ItemAnswer
from agent.records.profile import Profile
from agent.settings import Settings
from knowledge.files import read_records
from tests.tools.evaluation.scripted import (
    READING,
    ScriptedModel,
    healthy,
    knowledge_items,
    project_in,
    retrieval,
    skill_items,
)
from tools.evaluation.costs import SPENT, Meter, Spent, arm_costs, last_steps, steps_to
from tools.evaluation.report import cost_cells, markdown, renewal_cells
from tools.evaluation.retrieved import retrieve_for, search_seconds
from tools.evaluation.run import evaluate
from tools.evaluation.wording import named
from tools.jobs.store import JobStore
from tools.workspace import Project, Workspace


def answer(arm: str, item: str, seconds: float, tokens: int) -> ItemAnswer:
    return ItemAnswer(item=item, arm=arm, text="x", score=1.0, seconds=seconds, tokens=tokens)  # type: ignore[arg-type]


ITEMS = [
    item for item in (*knowledge_items(), *skill_items()) if item.id in ("arvo-pressure-0", "belt-torque-1", "read")
]
GROUPS = (
    GroupCost(arm="rag", dimension="domain_knowledge", answers=2, seconds=3.0, peak_gib=1.5),
    GroupCost(arm="rag", dimension="understanding", answers=1, seconds=99.0, peak_gib=9.0),
)
ANSWERS = [
    answer("rag", "arvo-pressure-0", 0.4, 4),
    answer("rag", "belt-torque-1", 0.8, 8),
    answer("rag", "read", 50.0, 500),
    answer("base", "arvo-pressure-0", 0.0, 0),
]


def test_an_arm_is_measured_on_the_domain_questions() -> None:
    cost = arm_costs(ITEMS, ANSWERS, Spent(GROUPS, search_seconds=0.05, steps={"ingest": 12.0}))["rag"]
    assert (cost.questions, cost.tokens, cost.peak_gib) == (2, 6, 1.5)
    assert cost.seconds == pytest.approx(0.6)
    assert cost.machine_seconds == pytest.approx(1000 * (1.5 + 0.05))
    assert cost.price is None
    assert [(one.step, one.seconds) for one in cost.renewal] == [("ingest", 12.0)]


def test_what_was_not_measured_is_not_known() -> None:
    cost = arm_costs(ITEMS, ANSWERS, Spent(()))["base"]
    assert (cost.seconds, cost.machine_seconds, cost.peak_gib, cost.search_seconds) == (None, None, None, 0)
    assert cost_cells(cost, priced=True) == ["–", "–", "–", "–", "–", "–"]


def test_without_domain_questions_every_question_counts() -> None:
    reading = [item for item in ITEMS if item.id == "read"]
    assert arm_costs(reading, [ANSWERS[2]], Spent(GROUPS[1:]))["rag"].machine_seconds == 99_000


def test_only_a_price_per_hour_makes_a_price() -> None:
    priced = arm_costs(ITEMS, ANSWERS, Spent(GROUPS, price_per_hour=1.8))
    assert priced["rag"].price == pytest.approx(1500 / 3600 * 1.8)
    assert priced["base"].price is None
    assert cost_cells(priced["rag"], priced=True)[-1] == "0.75"


@pytest.mark.parametrize(
    ("arm", "steps"),
    [
        ("base", ()),
        ("oracle", ()),
        ("rag", ("ingest",)),
        ("tuned", ("ingest", "extract", "mix", "tune")),
        ("tuned+rag", ("ingest",)),
    ],
)
def test_how_a_changed_document_reaches_an_arm(arm: str, steps: tuple[str, ...]) -> None:
    assert steps_to(arm) == steps  # type: ignore[arg-type]


def test_the_steps_with_what_they_took_are_told_in_both_languages() -> None:
    cost = arm_costs(ITEMS, [answer("tuned", "read", 0, 0)], Spent((), steps={"ingest": 3.0, "tune": 600.0}))
    assert not cost  # it was asked no domain question
    cost = arm_costs(ITEMS, [answer("tuned", "arvo-pressure-0", 0, 0)], Spent((), steps={"ingest": 3.0, "tune": 600.0}))
    told = renewal_cells("tuned", cost["tuned"], "en")
    assert told[1] == "ingest (3 s) → extract (not recorded) → mix (not recorded) → tune (10 min)"
    assert "再次训练" in renewal_cells("tuned", cost["tuned"], "zh")[0]


def test_the_meter_takes_time_and_memory() -> None:
    with Meter() as meter:
        held = bytearray(80 * 2**20)
        time.sleep(0.25)
    del held
    with Meter() as after:
        pass
    assert meter.seconds >= 0.25
    assert after.peak_gib > 0
    assert meter.peak_gib > 0.07


def test_the_last_finished_job_of_a_kind_tells_what_a_step_takes(tmp_path: Path) -> None:
    project = Workspace(tmp_path).create("p")
    assert last_steps(project) == {}
    store = JobStore(project.jobs)
    for number, (kind, state, seconds) in enumerate(
        [("ingest", "done", 5), ("ingest", "done", 7), ("tune", "failed", 100), ("evaluate", "done", 50)]
    ):
        _ended(store, project, kind, state, number, seconds)
    assert last_steps(project) == {"ingest": pytest.approx(7)}


def _ended(store: JobStore, project: Project, kind: str, state: str, number: int, seconds: float) -> None:
    job = store.create(kind, project.id, f"r{number}", {})  # type: ignore[arg-type]
    began = datetime.fromisoformat(f"2026-03-0{number + 1}T10:00:00+00:00")
    ended = began + timedelta(seconds=seconds)
    with closing(sqlite3.connect(project.jobs)) as connection, connection:
        connection.execute(
            "UPDATE jobs SET state = ?, started = ?, ended = ? WHERE id = ?",
            (state, began.isoformat(), ended.isoformat(), job.id),
        )


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[EvaluationReport, Path]:
    home = tmp_path_factory.mktemp("home")
    items = [*knowledge_items(), *skill_items()]
    project = project_in(home, items)
    run = project.new_run("evaluate")
    table = retrieval(items)
    by_question = {item.question: table[item.id] for item in items if item.id in table}
    wanted = [item for item in items if item.dimension.startswith("domain")]
    retrieve_for(wanted, lambda question, k, depth: by_question[question], 2, run, Silent())
    report = evaluate(
        project,
        Settings(home=home, price_per_hour=2.0, _env_file=None),
        EvaluateRequest(limits={"general_ability": 8, "instruction_following": 6}),
        run,
        Silent(),
        retrieved=table,
        load=lambda *_: ScriptedModel(healthy),
        reading=READING,
    )
    return report, run


def test_an_evaluation_measures_every_arm(measured: tuple[EvaluationReport, Path]) -> None:
    report, run = measured
    assert tuple(report.costs) == ARMS
    for arm, cost in report.costs.items():
        assert cost.questions == 24
        assert cost.peak_gib is not None
        assert cost.peak_gib > 0
        assert cost.machine_seconds is not None
        assert cost.machine_seconds > 0
        assert cost.price == pytest.approx(cost.machine_seconds / 3600 * 2.0)
        assert (cost.search_seconds > 0) == (arm in ("rag", "tuned+rag"))
    assert search_seconds(run) == report.costs["rag"].search_seconds
    groups = list(read_records(run / "eval" / SPENT, GroupCost))
    assert sum(group.answers for group in groups) == sum(
        1 for _ in read_records(run / "eval/answers.jsonl", ItemAnswer)
    )


def test_the_report_says_what_decided_and_by_which_comparison(measured: tuple[EvaluationReport, Path]) -> None:
    report, run = measured
    decided = report.decided
    assert decided is not None
    assert decided.method == "insufficient_evidence"  # 16 questions that RAG answers without tuning
    assert decided.rule == "too_few"
    assert decided.profile_sha256 == Profile().sha256()  # the project has none
    assert decided.comparison is not None
    assert (decided.comparison.a, decided.comparison.b) == ("rag", "tuned+rag")
    text = (run / "eval" / "report.md").read_text(encoding="utf-8")
    assert f"Rule that decided: {named(decided.reasons[0], 'en')}." in text
    assert "Rule that decided: tuned + RAG − RAG = 0 points" in text
    assert f"{decided.comparison.more_items} more items" in text
    assert "## What answering takes" in text
    assert "| price of 1,000 |" in text
    assert "| tuned | after new pairs and another training | ingest (not recorded)" in text


def test_older_reports_without_costs_give_the_seconds_in_a_note(measured: tuple[EvaluationReport, Path]) -> None:
    report, _ = measured
    old = report.model_copy(update={"costs": {}, "decided": None})
    text = markdown(old, decide_from_report(old, Profile()), [], [], "en")
    assert "Median seconds per answer: base" in text
    assert "What answering takes" not in text
