"""What a judge model found, on the pages: the figures, people beside them, and everything escaped."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.records.base import Language
from agent.records.job import Job
from agent.records.judging import JudgeFindings, JudgeRequest
from agent.settings import Settings
from knowledge.files import write_record
from tests.tools.judging.judge_report import judge_report
from tests.tools.judging.judging_server import evaluated
from tools.workspace import Project
from ui.pages import evaluation_view, runs_view
from ui.pages.evaluation_records import Evaluation
from ui.pages.report_files import report_markdown
from ui.pages.resumption import propose_resumption
from ui.pages.run_records import Runs


@pytest.mark.parametrize(
    ("lang", "title", "few", "agreed"),
    [
        (
            "en",
            "A model&#x27;s judgement: tuned + RAG against RAG",
            "Fewer than 50 human labels (12)",
            "67% (95% interval",
        ),
        ("zh", "模型评判：微调+RAG对RAG", "人工标注不足 50 个（现有 12 个）", "占 67%（95% 区间"),
    ],
)
def test_the_evaluation_page_shows_what_a_judge_found(lang: Language, title: str, few: str, agreed: str) -> None:
    html = evaluation_view.judged(JudgeFindings(reports=(judge_report(),)), lang)
    for shown in (title, few, agreed, "80% [66%, 89%]", "+46 (+21 … +63)", "15 (7, 4)", "&lt; 0.001"):
        assert shown in html
    assert html.count("<li>") == 6
    assert evaluation_view.judged(JudgeFindings(), lang) == ""


def test_a_judges_name_is_no_markup() -> None:
    evil = "openai:<img src=x onerror=alert(1)>"
    html = evaluation_view.judged(JudgeFindings(reports=(judge_report(model=evil, kinship="unknown"),)), "en")
    assert "<img" not in html
    assert html.count("&lt;img") == 2


def test_an_evaluation_reads_its_judgements(tmp_path: Path) -> None:
    project, run = evaluated(tmp_path, 2, tuned=[0])
    assert Evaluation.read(project, run.name).judged == JudgeFindings()
    findings = JudgeFindings(reports=(judge_report(run=run.name),))
    write_record(run / "eval" / "judge.json", findings)
    seen = Evaluation.read(project, run.name)
    assert seen.judged == findings
    # The report that the page hands over, in either language, holds it too.
    text = report_markdown(seen, "zh")
    assert text.index("## 模型评判：微调+RAG对RAG") < text.index("## 说明")
    assert "A model's judgement" in report_markdown(seen, "en")


@pytest.mark.parametrize(("lang", "told"), [("en", "tuned + RAG preferred 37 times"), ("zh", "微调+RAG更好 37 次")])
def test_the_run_of_a_judgement_tells_its_result_and_leads_to_the_evaluation(
    tmp_path: Path, lang: Language, told: str
) -> None:
    project, run = evaluated(tmp_path, 2, tuned=[0])
    ended = _job(project, run)
    write_record(project.runs / ended.run / "result.json", judge_report(run=run.name))
    shown = runs_view.outcome(Runs().opened(project, ended, lang), lang)
    assert told in shown
    assert f"run={run.name}" in shown


def test_a_judgement_that_broke_off_can_be_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "https://judge.example.org/v1")
    project, run = evaluated(tmp_path, 4, tuned=[0])
    request = JudgeRequest(run=run.name, a="rag", b="tuned+rag", model="openai:qwen-judge").model_dump(mode="json")
    broken = _job(project, run).model_copy(update={"state": "interrupted", "request": request})
    settings = Settings(home=tmp_path, _env_file=None)
    card = propose_resumption(project, settings, broken, Runs().course(project, broken), "en")
    assert (card.kind, card.resumes) == ("judge", "j1")
    assert "judge.example.org" in card.summary
    assert "4 pairs of answers in both orders, 8 calls" in card.summary


def _job(project: Project, run: Path) -> Job:
    folder = project.new_run("judge")
    now = datetime.now(UTC).isoformat()
    return Job(
        id="j1",
        kind="judge",
        project=project.id,
        run=folder.name,
        request={"run": run.name},
        state="done",
        created=now,
        started=now,
        ended=now,
    )
