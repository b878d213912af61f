"""What a person reads: tables, figures, phrases, progress."""

from __future__ import annotations

import io
import re

import pytest

from agent.records.base import Language
from agent.records.corpus import Answer, Document, IngestResult
from agent.records.evaluation import Comparison, Decided, Estimate
from tests.agent.policy.builders import report
from tools.doctor import Check, DoctorReport
from tools.plan import plan
from ui import render
from ui.i18n import phrase, phrases
from ui.output import Output
from ui.progress import TerminalReporter
from ui.progress_words import step, unit


def test_both_languages_hold_the_same_phrases_with_the_same_values() -> None:
    english, chinese = phrases("en"), phrases("zh")
    assert english.keys() == chinese.keys()
    for key, text in english.items():
        assert set(re.findall(r"{(\w+)}", text)) == set(re.findall(r"{(\w+)}", chinese[key])), key


def test_phrases_fill_in_values() -> None:
    assert "manuals" in phrase("project_made", "en", name="manuals", quoted="manuals")
    assert "手册" in phrase("project_made", "zh", name="手册", quoted="手册")


def test_columns_align_with_full_width_characters() -> None:
    assert render.table([("泵", "1"), ("abc", "2")]) == "泵   1\nabc  2"
    assert render.table([]) == ""


@pytest.mark.parametrize(
    ("value", "text"), [(0.125, "+12"), (-0.034, "−3"), (0.0, "+0"), (-0.001, "+0"), (-0.5, "−50")]
)
def test_points(value: float, text: str) -> None:
    assert render.points(value) == text


def test_every_figure_carries_its_interval_and_n() -> None:
    mean = Estimate(mean=0.7, low=0.6, high=0.8, n=92, chance=0.0, normalised=0.7, errors=2)
    assert render.estimate(mean) == "70% (60%–80%, n=92, 2 failed)"
    difference = Comparison(
        a="rag",
        b="tuned+rag",
        dimension="domain_knowledge",
        difference=0.04,
        low=-0.02,
        high=0.10,
        p=0.3,
        n=92,
        verdict="no_difference_shown",
    )
    assert render.comparison(difference) == "tuned + RAG − RAG, domain knowledge: +4 points (−2 to +10, n=92)"
    assert render.comparison(difference, "zh") == "微调+RAG − RAG，领域知识：+4 个百分点（−2 到 +10，n=92）"


@pytest.mark.parametrize(("lang", "why"), [("en", "no text in it"), ("zh", phrase("documents_reason_textless", "zh"))])
def test_why_a_file_was_not_read_is_told_in_the_language_asked_for(lang: Language, why: str) -> None:
    unread = Document(
        id="d",
        name="空.pdf",
        sha256="0",
        format="pdf",
        language="zh",
        pages=0,
        characters=0,
        chunks=0,
        status="failed",
        reason="no text in it",
    )
    done = IngestResult(documents=(unread,), read=0, unchanged=0, skipped=0, failed=1, removed=0, chunks=0, seconds=1.0)
    assert why in render.ingest(done, Output(lang=lang, as_json=False))


@pytest.mark.parametrize(("lang", "words"), [("en", "the passage's own words"), ("zh", "此处为原文")])
def test_an_answer_that_quotes_says_so(lang: Language, words: str) -> None:
    answers = {"rag": Answer(text="Error E17: blocked filter", quoted=True), "base": Answer(text="no idea")}
    quoted, own = render.answers(answers, Output(lang=lang, as_json=False)).split("\n\n")
    assert words in quoted
    assert words not in own


@pytest.mark.parametrize(("lang", "words"), [("en", "cut off at the limit"), ("zh", "到达长度上限被截断")])
def test_an_answer_that_was_cut_off_says_so(lang: Language, words: str) -> None:
    answers = {"base": Answer(text="KX-1 水泵的", truncated=True), "rag": Answer(text="两年。")}
    cut, whole = render.answers(answers, Output(lang=lang, as_json=False)).split("\n\n")
    assert "  KX-1 水泵的…\n" in cut
    assert words in cut
    assert "…" not in whole
    assert words not in whole


def test_checks_and_plans_speak_chinese() -> None:
    checks = [
        Check(name="bf16", state="works", detail="90 GFLOPS in bf16, 1.5 times fp32"),
        Check(name="chinese font", state="warning", detail="no font with Chinese characters", mend="apt-get install x"),
    ]
    shown = render.doctor(DoctorReport(checks=tuple(checks), healthy=True), Output(lang="zh", as_json=False))
    assert re.findall(r"[A-Za-z-]{4,}", shown) == ["GFLOPS", "fonts-noto-cjk"]
    assert "[可用]" in shown
    made = plan("this machine", 1, 0.135, lang="zh")
    shown = render.plan(made, Output(lang="zh", as_json=False))
    assert "this machine" not in shown
    assert "trains in" not in shown
    assert "本机" in shown


@pytest.mark.parametrize(
    ("said", "chinese"),
    [
        ("reading tables, lists and forms", "读取表格、列表和表单"),
        ("making items from silent passages", "由没有答案的段落出题"),
        ("writing 12 examples", "写入 12 个样本"),
        ("reading questions.jsonl", "读取 questions.jsonl"),
        ("making items from instructions", "由段落上的指令出题"),
        ("loading builtin", "载入 builtin"),
        ("manual.pdf", "manual.pdf"),
    ],
)
def test_progress_speaks_chinese(said: str, chinese: str) -> None:
    assert step(said, "zh") == chinese
    assert step(said, "en") == said
    assert step("tuned+rag, domain_knowledge", "zh") == "微调+RAG、领域知识"
    assert step("tuned+rag, domain_knowledge", "en") == "tuned + RAG, domain knowledge"
    assert (unit("documents", "zh"), unit("documents", "en"), unit("x", "zh")) == ("份文档", "documents", "x")


def test_reasons_of_rejects_are_said_in_words() -> None:
    counts = {"no_personal_data": 22, "not our wording": 1}
    assert render.rejects(counts, "en").splitlines() == ["  22  the pair holds personal data", "  1   not our wording"]
    assert render.rejects(counts, "zh").splitlines() == ["  22  含有个人信息", "  1   not our wording"]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_a_bar_that_ends_with_its_line() -> None:
    stream = Terminal()
    with TerminalReporter("ingest", stream) as reporter:
        reporter.progress(0, 4, "files")
        reporter.progress(4, 4, "files", "done")
        reporter.note("all read")
    text = stream.getvalue()
    assert "100%" in text
    assert "█" in text
    assert text.endswith("ingest: all read\n")


def test_a_log_gets_plain_lines_and_not_one_a_unit() -> None:
    stream = io.StringIO()
    with TerminalReporter("mix", stream) as reporter:
        for done in range(1001):
            reporter.progress(done, 1000, "rows")
    lines = stream.getvalue().splitlines()
    assert lines[-1] == "mix: 1000/1000 rows (100%)"
    assert len(lines) < 5
    assert "\r" not in stream.getvalue()


def test_the_time_left_is_the_works_own_where_it_tells_one() -> None:
    stream = io.StringIO()
    with TerminalReporter("tune", stream) as reporter:
        reporter.metric(seconds_left=125.0, loss=1.0)
        reporter.progress(1, 100, "steps")
    assert stream.getvalue() == "tune: 1/100 steps (1%)  2m05s left\n"


def test_the_time_left_is_told_in_the_language_of_the_command() -> None:
    stream = io.StringIO()
    with TerminalReporter("微调", stream, "zh") as reporter:
        reporter.metric(seconds_left=125.0)
        reporter.progress(1, 100, "步")
        reporter.metric(seconds_left=9.0)
        reporter.progress(100, 100, "步")
    with TerminalReporter("微调", stream, "zh") as reporter:
        reporter.metric(seconds_left=9.0)
        reporter.progress(99, 100, "步")
    assert stream.getvalue().splitlines() == [
        "微调: 1/100 步 (1%)  还需 2 分 05 秒",
        "微调: 100/100 步 (100%)",
        "微调: 99/100 步 (99%)  还需 9 秒",
    ]


def test_no_time_left_is_guessed_from_the_first_moments() -> None:
    stream = io.StringIO()
    with TerminalReporter("tune", stream) as reporter:
        reporter.progress(1, 100, "steps")
    assert "left" not in stream.getvalue()


@pytest.mark.parametrize(("lang", "said"), [("en", "Use RAG. it did not pay"), ("zh", "采用 RAG。it did not pay")])
def test_an_evaluation_ends_with_the_verdict_and_the_rule_that_decided(lang: Language, said: str) -> None:
    decided = Decided(
        method="rag", measured=True, rule="ship_rag", reasons=("it did not pay", "beside"), comparison=None
    )
    plain, output = report({"rag": 0.5}), Output(lang=lang, as_json=False)
    assert said not in render.evaluation(plain, output)
    told = render.evaluation(plain.model_copy(update={"decided": decided}), output)
    assert told.splitlines()[-1] == said
