"""The command line at its edges: exit codes, one line for every error, JSON that other programs read."""

from __future__ import annotations

import io
import json
import re
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
import typer

from agent.records.corpus import Document
from agent.settings import Settings
from graph.assistant import Assistant
from knowledge.files import write_records
from tests.graph.worlds import open_shelf
from tests.ui.conftest import Ran
from tools.jobs.store import JobStore
from tools.workspace import Workspace
from ui.cli import build_app

Cli = Callable[..., Ran]


def assert_one_line(ran: Ran, code: int, *words: str) -> None:
    assert ran.code == code, ran.err
    lines = [line for line in ran.err.splitlines() if line.startswith("domainsmith: ")]
    assert len(lines) == 1, ran.err
    assert "Traceback" not in ran.err
    for word in words:
        assert word in lines[0]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        pytest.param(["nonsense"], 2, ["nonsense", "--help"], id="unknown command"),
        pytest.param(["new"], 2, ["name"], id="missing argument"),
        pytest.param(["new", "a", "--colour"], 2, ["--colour"], id="unknown option"),
        pytest.param(["new", "   "], 2, ["1 to 80"], id="empty project name"),
        pytest.param(["new", "../x"], 2, ["no path", "../x"], id="a path as project name"),
        pytest.param(["status", "-p", "../../etc"], 2, ["no path", "`domainsmith projects`"], id="a path as project"),
        pytest.param(["status", "-p", "张 项目"], 2, ["`domainsmith new '张 项目'`"], id="quoted for the shell"),
        pytest.param(
            ["--lang", "zh", "status"], 2, ["options come after the command", "--lang zh`"], id="option too early"
        ),
        pytest.param(["plan", "--device", "Foo 9000", "--params-b", "7"], 2, ["known are"], id="no device like it"),
        pytest.param(
            ["decide", "--profile", "/nope"],
            2,
            ["(No such file or directory): /nope - check the path"],
            id="no profile",
        ),
        pytest.param(["projects", "--lang", "fr"], 2, ["fr", "en or zh"], id="unknown language"),
        pytest.param(["status"], 2, ["no project", "domainsmith new"], id="no project yet"),
        pytest.param(["status", "-p", "gone"], 2, ["gone"], id="no such project"),
        pytest.param(["decide", "--profile", "gone.json"], 2, ["gone.json"], id="no such profile"),
        pytest.param(["plan", "--device", "Abacus 9", "--params-b", "7"], 2, ["Abacus"], id="unknown device"),
        pytest.param(["plan", "--device", "A800", "--params-b", "0"], 2, ["size of a model"], id="no size"),
        pytest.param(["plan", "--device", "RTX 4090", "--params-b", "70"], 3, ["70"], id="nothing fits"),
        pytest.param(["plan", "--device", "S3000", "--params-b", "7"], 3, ["whatever the model"], id="nothing trains"),
        pytest.param(["jobs", "show", "x"], 2, ["no project"], id="job without project"),
        pytest.param(["jobs", "-p", "gone"], 2, ["gone"], id="jobs of no project"),
        pytest.param(["jobs", "-p", "a", "list"], 2, ["`list`"], id="option before a subcommand of jobs"),
        pytest.param(["review", "--json", "list"], 2, ["`list`"], id="option before a subcommand of review"),
    ],
)
def test_errors_are_one_line_with_their_exit_code(cli: Cli, arguments: list[str], code: int, words: list[str]) -> None:
    assert_one_line(cli(*arguments), code, *words)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        pytest.param(["new", "Pumps"], 2, ["exists"], id="taken name"),
        pytest.param(["ingest", "gone"], 2, ["gone"], id="wrong path"),
        pytest.param(["ingest", "empty"], 2, ["empty"], id="empty folder"),
        pytest.param(["ingest", "bad.pdf"], 2, ["bad.pdf"], id="corrupt PDF"),
        pytest.param(["ingest", "noise.txt"], 2, ["noise.txt"], id="undecidable encoding"),
        pytest.param(["extract", "--reading", "0.8", "--unanswerable", "0.4"], 2, ["95%"], id="only passages"),
        pytest.param(["retrieve", "price?"], 2, ["domainsmith ingest"], id="nothing ingested"),
        pytest.param(["retrieve"], 2, ["--questions"], id="no question"),
        pytest.param(["retrieve", "--questions", "blank.txt"], 2, ["holds no question"], id="file without a question"),
        pytest.param(["retrieve", "--questions", "null.jsonl"], 2, ["line 1", "question"], id="question is no text"),
        pytest.param(["review", "export", "empty"], 2, ["cannot write", "empty"], id="export onto a folder"),
        pytest.param(["ask", " "], 2, ["empty"], id="empty question"),
        pytest.param(["ask", "x?", "--arms", "rag,tuned"], 2, ["domainsmith tune"], id="nothing tuned"),
        pytest.param(["ask", "x?", "--arms", "magic"], 2, ["magic"], id="unknown arm"),
        pytest.param(["tune"], 2, ["domainsmith mix"], id="nothing mixed"),
        pytest.param(["mix"], 2, ["domainsmith extract"], id="nothing extracted"),
        pytest.param(["mix", "--by", "pages"], 2, ["pages"], id="unknown way of counting"),
        pytest.param(["diagnose"], 2, ["domainsmith evaluate"], id="nothing evaluated"),
        pytest.param(["evaluate"], 2, ["domainsmith validate"], id="nothing sealed"),
        pytest.param(["evaluate", "--harness", "./absent"], 2, ["absent"], id="no such task, or no harness"),
        pytest.param(["remove", "nope"], 2, ["no such document: nope", "`domainsmith documents`"], id="no document"),
        pytest.param(["review", "accept", "p1"], 2, ["p1"], id="no such pair"),
        pytest.param(["validate", "--questions", "gone.json"], 2, ["gone.json"], id="no such questions"),
        pytest.param(["jobs", "cancel", "x"], 2, ["x"], id="no such job"),
    ],
)
def test_errors_inside_a_project(
    cli: Cli, tmp_path: Path, home: Path, arguments: list[str], code: int, words: list[str]
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad.pdf").write_bytes(b"%PDF-1.7 and then nothing")
    (tmp_path / "blank.txt").write_text("\n \n")
    (tmp_path / "null.jsonl").write_text('{"question": null}\n')
    (tmp_path / "noise.txt").write_bytes(bytes(range(128, 256)) * 3)
    assert cli("new", "Pumps").code == 0
    before = sorted(path.name for path in home.rglob("*.json*"))
    assert_one_line(cli(*arguments), code, *words)
    assert set(before) <= {path.name for path in home.rglob("*.json*")}


def test_a_folder_that_is_no_model_is_refused(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model").mkdir()
    monkeypatch.setenv("DOMAINSMITH_BASE_MODEL", str(tmp_path / "model"))
    cli("new", "Pumps")
    assert_one_line(cli("ask", "x?", "--arms", "base"), 2, "model")


def test_a_setting_with_a_bad_value_names_its_variable(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOMAINSMITH_THREADS", "many")
    assert_one_line(cli("projects"), 2, "DOMAINSMITH_THREADS")


def test_version_and_help(cli: Cli) -> None:
    assert cli("--version").out.startswith("domainsmith ")
    assert "demo" in cli("--help").out


def test_projects_are_made_and_listed(cli: Cli) -> None:
    assert "domainsmith new" in cli("projects").out
    assert cli("new", "Pumps", "--json").json["id"] == "pumps"
    assert cli("new", "示例", "--lang", "zh").code == 0
    assert [one["name"] for one in cli("projects", "--json").json["projects"]] == ["Pumps", "示例"]


def test_status_says_the_next_step(cli: Cli) -> None:
    cli("new", "Pumps")
    status = cli("status", "--json").json
    assert [station["name"] for station in status["stations"]][:2] == ["profile", "documents"]
    assert status["next_action"] == "setup"
    assert "文档" in cli("status", "--lang", "zh").out


PROFILES = [
    pytest.param({}, "insufficient_evidence", id="nothing known"),
    pytest.param({"task_kind": "facts", "knowledge_change": "weekly", "needs_citations": True}, "rag", id="weekly"),
    pytest.param({"task_kind": "style", "knowledge_change": "never", "labelled_pairs": 400}, "finetune", id="style"),
]


@pytest.mark.parametrize(("profile", "method"), PROFILES)
def test_decide(cli: Cli, tmp_path: Path, profile: dict[str, object], method: str) -> None:
    (tmp_path / "profile.json").write_text(json.dumps(profile))
    decision = cli("decide", "--profile", "profile.json", "--json").json
    assert decision["method"] == method
    assert decision["reasons"] or decision["missing"]
    assert all(reason["article"] and reason["evidence"] for reason in decision["reasons"])
    assert cli("decide", "--profile", "profile.json", "--lang", "zh").out.startswith("建议")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param('{"colour": "red"}', ["colour", "task_kind"], id="unknown key"),
        pytest.param('{"task_kind": "dance"}', ["task_kind"], id="bad value"),
        pytest.param('{"base_model_params_b": 1e999}', ["base_model_params_b"], id="no finite size"),
        pytest.param("{", ["profile: Invalid JSON", "profile.json"], id="no JSON"),
    ],
)
def test_a_bad_profile_names_the_key(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, words: list[str]
) -> None:
    (tmp_path / "profile.json").write_text(text)
    assert_one_line(cli("decide", "--profile", "profile.json"), 2, *words)
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    piped = cli("decide", "--profile", "-")
    assert_one_line(piped, 2, *(word.replace("profile.json", ": standard input - ") for word in words))
    assert "- -" not in piped.err


def test_a_home_that_is_a_file_is_one_line(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "passwd").write_text("x")
    monkeypatch.setenv("DOMAINSMITH_HOME", str(tmp_path / "passwd"))
    for command in (["new", "a"], ["projects"], ["chat", "-m", "hello"]):
        assert_one_line(cli(*command), 2, "passwd", "DOMAINSMITH_HOME")


def test_what_is_next_can_be_pasted_into_a_shell(cli: Cli) -> None:
    assert "-p '张 项目'`" in cli("new", "张 项目").out
    assert "-p pumps`" in cli("new", "pumps").out


def test_documents_are_listed(cli: Cli, home: Path) -> None:
    cli("new", "Pumps")
    assert "domainsmith ingest" in cli("documents").out
    read = Document(
        id="a-1", name="a.pdf", sha256="0", format="pdf", language="en", pages=3, characters=9, chunks=2, status="read"
    )
    bad = read.model_copy(update={"id": "b-1", "name": "b.pdf", "pages": None, "status": "failed", "reason": "empty"})
    write_records(home / "projects" / "pumps" / "documents.jsonl", [read, bad])
    assert cli("documents").out.splitlines() == [
        "id   name   pages  chunks  status",
        "a-1  a.pdf  3      2       read",
        "b-1  b.pdf         2       failed: empty",
    ]
    assert "空" in cli("documents", "--lang", "zh").out
    assert [one["id"] for one in cli("documents", "--json").json["documents"]] == ["a-1", "b-1"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["projects"], "domainsmith: cancelled; what was finished is kept\n"),
        (["projects", "--lang", "zh"], "domainsmith: 已取消；已完成的部分保留\n"),
        (["projects", "--lang=zh"], "domainsmith: 已取消；已完成的部分保留\n"),
    ],
)
def test_an_interrupted_command_says_so(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.setattr("tools.workspace.Workspace.projects", lambda _: signal.raise_signal(signal.SIGINT))
    ran = cli(*arguments)
    assert (ran.code, ran.out, ran.err) == (130, "", said)


def test_a_job_that_is_watched_goes_on_after_an_interrupt(
    cli: Cli, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli("new", "Pumps")
    project = Workspace(home).open("Pumps")
    job = JobStore(project.jobs).create("mix", project.id, project.new_run("mix").name, {})
    monkeypatch.setattr("ui.commands.jobs.sleep", lambda _: signal.raise_signal(signal.SIGINT))
    ran = cli("jobs", "show", job.id)
    assert (ran.code, ran.err) == (
        130,
        f"domainsmith: job {job.id} goes on; `domainsmith jobs cancel {job.id}` stops it\n",
    )
    assert JobStore(project.jobs).get(job.id).state == "queued"


def test_an_interrupt_in_a_conversation_cancels_the_job_that_it_started(
    cli: Cli, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli("new", "Pumps")
    project = Workspace(home).open("Pumps")
    job = JobStore(project.jobs).create("mix", project.id, project.new_run("mix").name, {})
    monkeypatch.setattr("sys.stdin", io.StringIO("mix them\n"))
    monkeypatch.setattr(Assistant, "stream", lambda *_: signal.raise_signal(signal.SIGINT))
    monkeypatch.setattr(Assistant, "waiting_job", lambda *_: job)
    ran = cli("chat")
    assert ran.code == 130
    assert ran.err.endswith("domainsmith: cancelled; what was finished is kept\n")
    assert JobStore(project.jobs).get(job.id).state == "cancelled"


def test_the_readme_names_every_command() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    listed = typer.main.get_group(build_app()).commands
    named = set(re.findall(r"domainsmith ([a-z]+)", readme))
    assert set(listed) - named == set()
    assert set(re.findall(r"^domainsmith ([a-z]+)", readme, re.MULTILINE)) - set(listed) == set()


@pytest.mark.parametrize(
    ("device", "start", "words"),
    [
        pytest.param("Ascend 910A", "lora", ["fp16"], id="no bitsandbytes, no bf16"),
        pytest.param("A800", "qlora", [], id="everything"),
        pytest.param("S4000", "lora", [], id="no bitsandbytes for MUSA"),
    ],
)
def test_plan_starts_on_the_first_rung_that_the_device_can_do(
    cli: Cli, device: str, start: str, words: list[str]
) -> None:
    ran = cli("plan", "--device", device, "--params-b", "7", "--json")
    assert ran.json["start_at"] == start
    skipped = {fit["method"]: fit["why"] for fit in ran.json["methods"] if not fit["available"]}
    assert ("qlora" in skipped) == (start != "qlora")
    assert all(word in json.dumps(ran.json) for word in words)


def test_plan_takes_a_model_apart(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "seven"
    folder.mkdir()
    shape = {"num_hidden_layers": 32, "hidden_size": 4096, "intermediate_size": 11008, "num_attention_heads": 32}
    (folder / "config.json").write_text(json.dumps({"model_type": "llama", "vocab_size": 32000, **shape}))
    asked = ("plan", "--device", "A800", "--model", str(folder), "--length", "2048", "--rank", "64", "--batch", "4")
    made = cli(*asked, "--tokens", "2000000", "--json").json
    kept = cli(*asked, "--no-checkpointing", "--json").json
    assert made["shape"]["layers"] == 32
    assert (made["workload"]["length"], made["workload"]["rank"], made["tokens"]) == (2048, 64, 2_000_000)
    for with_it, without in zip(made["methods"], kept["methods"], strict=True):
        assert with_it["parts"]["activations"] < without["parts"]["activations"]
    shown = cli(*asked).out
    assert "Activations and logits" in shown
    assert "Time for 1,000,000 tokens" in shown
    assert "激活值" in cli(*asked, "--lang", "zh").out
    refused = cli(*asked, "--params-b", "7")
    assert refused.code != 0
    assert "--model" in refused.err


def test_guide_answers_with_articles(cli: Cli) -> None:
    articles = cli("guide", "how much domain data should be in the mix?", "--json").json["articles"]
    assert "domain-share" in [article["id"] for article in articles]
    assert len(cli("guide", "--json").json["articles"]) > 40
    assert "领域" in cli("guide", "领域数据占多少比例？", "--lang", "zh").out
    assert cli("guide", "数据太少怎么办", "--json").json["articles"][0]["language"] == "zh"
    assert cli("guide", "zzqqxx", "--json").json["articles"] == []


def test_without_a_command_the_help_keeps_its_lines(cli: Cli) -> None:
    ran = cli()
    assert ran.code == 2
    assert len(ran.err.splitlines()) > 10


def test_a_line_separator_inside_a_question_ends_no_line(tmp_path: Path) -> None:
    from ui.commands.compare import _lines

    file = tmp_path / "asked.jsonl"
    file.write_text('{"question": "one\u2028and\x85more"}\r\n{"question": "two"}\n', encoding="utf-8", newline="")
    assert [json.loads(line)["question"] for line in _lines(file) if line.strip()] == ["one\u2028and\x85more", "two"]


def test_a_blank_question_of_a_file_keeps_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from ui.commands.compare import _questions

    file = tmp_path / "asked.jsonl"
    file.write_text('{"question": "one"}\n{"question": " "}\n{"question": "two"}\n', encoding="utf-8")
    assert list(_questions(None, file)) == ["one", "", "two"]
    assert "line 2" in capsys.readouterr().err


def test_behind_a_proxy_people_log_in(cli: Cli) -> None:
    ran = cli("serve", "--proxy", "https://models.example")
    assert ran.code == 2
    assert "nobody could log in" in ran.err


def test_the_terminal_shows_what_still_waits(cli: Cli, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = home / "manuals"
    folder.mkdir(parents=True)
    (folder / "pump.md").write_text("# Pump\n\nThe pump has 12 bar.\n", encoding="utf-8")
    assistant = Assistant(Settings(home=home), retriever=open_shelf)
    turn = assistant.propose("asked", "read_documents", {"paths": [str(folder)]}, lang="zh")
    assert turn.approval is not None
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    ran = cli("chat", "--thread", "asked", "--lang", "zh")
    assert turn.approval.summary in ran.out
    assert "要开始吗？" in ran.out
    assert turn.approval.summary not in cli("chat", "--thread", "another").out


def fill(disk: Path) -> None:
    with (disk / "filled").open("wb", buffering=0) as filled, suppress(OSError):
        while filled.write(bytes(4096)):
            pass


@pytest.mark.parametrize(("lang", "says"), [("en", "the disk is full"), ("zh", "磁盘已满")])
@pytest.mark.parametrize("command", [("ingest", "{file}"), ("chat", "-m", "What fits on one A800?")])
def test_a_full_disk_is_one_line(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, small_disk: Path, command: tuple[str, ...], lang: str, says: str
) -> None:
    monkeypatch.setenv("DOMAINSMITH_HOME", str(small_disk))
    assert cli("new", "Pumps").code == 0
    manual = small_disk.parent / "manual.md"
    manual.write_text("# Pump\n\nThe P7 runs at 12 bar.\n", encoding="utf-8")
    fill(small_disk)
    ran = cli(*(word.format(file=manual) for word in command), "--lang", lang)
    assert_one_line(ran, 1, says)


def test_other_errors_of_files_are_not_hidden(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("tools.workspace.Workspace.create", broken)
    with pytest.raises(OSError, match="Input/output"):
        cli("new", "Pumps")
