"""The catalogue of tools, what a wish becomes, what is known of a step before it starts."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from agent.errors import InputError, NotFoundError, RefusedError
from agent.policy.consent import EFFECTS, consent
from agent.records.corpus import IngestRequest
from agent.records.tuning import ClimbPlan, TuneRequest
from agent.settings import BUILTIN, Settings
from knowledge.files import write_record
from tests.tiny_project import build_tiny_project
from tests.tools.diagnosis.test_run import manifest
from tools import calling
from tools.calling import may_read, prepare, read_arguments
from tools.catalog import TOOLS, find_tool
from tools.extraction.request import ExtractRequest
from tools.forecast import first_reading, step_facts
from tools.jobs.store import JobStore
from tools.mixing.request import MixRequest
from tools.tuning import request
from tools.tuning.request import tune_request
from tools.workspace import Project, Workspace


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", extraction_model="rules")


@pytest.fixture
def project(settings: Settings) -> Project:
    return build_tiny_project(settings, "Pumps")


def test_every_tool_is_whole() -> None:
    assert len({tool.name for tool in TOOLS}) == len(TOOLS)
    for tool in TOOLS:
        assert tool.says["en"], tool.name
        assert tool.says["zh"], tool.name
        assert tool.request.model_json_schema()["type"] == "object"
        assert tool.job is None or tool.effect != "read", tool.name
        assert EFFECTS[tool.action] != "costly" or tool.effect in ("costly", "read"), tool.name


def test_training_is_costly_whoever_lists_it() -> None:
    assert find_tool("tune").effect == "costly"
    with pytest.raises(NotFoundError, match="make_mix"):
        find_tool("format_disk")


@pytest.mark.parametrize(
    ("tool", "arguments", "words"),
    [
        ("tune", {"rank": "many"}, "tune: rank"),
        ("make_mix", {"share": 0.3}, "make_mix: share"),
        ("compare", {"question": ""}, "compare: question"),
        ("make_mix", {"domain_share": 7}, "make_mix: domain_share"),
    ],
)
def test_wrong_arguments_are_named(tool: str, arguments: dict[str, object], words: str) -> None:
    with pytest.raises(InputError) as caught:
        read_arguments(find_tool(tool), arguments)
    assert words in str(caught.value)


def test_what_the_policy_refuses_is_not_prepared(project: Project, settings: Settings) -> None:
    with pytest.raises(RefusedError, match="mix"):
        prepare(find_tool("tune"), project, settings, {})
    with pytest.raises(RefusedError, match="pairs"):
        prepare(find_tool("make_mix"), project, settings, {})
    empty = Workspace(settings.home).create("Empty")
    with pytest.raises(RefusedError, match="文档"):
        prepare(find_tool("make_pairs"), empty, settings, {}, "zh")


def test_documents_are_read_from_opened_folders_only(project: Project, settings: Settings, tmp_path: Path) -> None:
    shared, private = tmp_path / "shared", tmp_path / "private"
    for folder in (shared, private):
        folder.mkdir()
        (folder / "notes.md").write_text("The pump runs at 12 bar.", encoding="utf-8")
    spec = find_tool("read_documents")
    assert prepare(spec, project, settings, {"paths": [str(private)]})
    closed = settings.model_copy(update={"document_roots": (shared,)})
    assert prepare(spec, project, closed, {"paths": [str(shared / "notes.md")]})
    for path in (private, shared / ".." / "private", Path("/etc")):
        with pytest.raises(RefusedError, match="not open"):
            prepare(spec, project, closed, {"paths": [str(path)]})
    (shared / "way-out").symlink_to(private)
    with pytest.raises(RefusedError):
        prepare(spec, project, closed, {"paths": [str(shared / "way-out")]})
    assert may_read(project.root / "uploads" / "a.md", closed)


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("build_validation_set", {"questions": ["{path}"]}),
        ("evaluate", {"questions": ["{path}"]}),
        ("make_mix", {"general": "{path}"}),
        ("read_documents", {"paths": ["{path}"]}),
    ],
)
def test_no_tool_reads_a_file_outside_the_opened_folders(
    project: Project,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tool: str,
    arguments: dict[str, object],
) -> None:
    monkeypatch.setattr(calling, "refusal", lambda *_: None)
    foreign = tmp_path / "accounts" / "other" / "secret.jsonl"
    foreign.parent.mkdir(parents=True)
    foreign.write_text('{"question": "q", "answer": "a"}\n', encoding="utf-8")
    named = json.loads(json.dumps(arguments).replace("{path}", str(foreign)))
    closed = settings.model_copy(update={"document_roots": ()})
    with pytest.raises(RefusedError, match="not open"):
        prepare(find_tool(tool), project, closed, named)
    prepare(find_tool(tool), project, settings, named)


def test_a_task_of_the_harness_outside_the_opened_folders_is_refused(
    project: Project, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calling, "refusal", lambda *_: None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    foreign = tmp_path / "other" / "task.yaml"
    foreign.parent.mkdir()
    foreign.write_text("task: theirs\n", encoding="utf-8")
    closed = settings.model_copy(update={"document_roots": ()})
    with pytest.raises(RefusedError, match="not open"):
        prepare(find_tool("evaluate"), project, closed, {"harness": [str(foreign)]})
    prepare(find_tool("evaluate"), project, settings, {"harness": [str(foreign)]})


@pytest.mark.parametrize("mix", ["../../other/mixes/m", "/etc", "..", "m/../m"])
def test_a_mix_outside_the_project_is_no_mix(
    project: Project, settings: Settings, monkeypatch: pytest.MonkeyPatch, mix: str
) -> None:
    monkeypatch.setattr(request, "refusal", lambda *_: None)
    write_record(project.mixes / "m" / "manifest.json", manifest(3))
    with pytest.raises(NotFoundError, match="no such mix"):
        tune_request(project, settings, mix=mix)


def test_a_first_step_is_a_wide_range_and_a_later_one_follows_the_last(project: Project, settings: Settings) -> None:
    first = step_facts(project, settings, "extract", ExtractRequest(), "en")
    assert first.seconds_low is not None
    assert first.seconds_high is not None
    assert first.seconds_low < first.seconds_high
    assert first.sends_to is None
    store = JobStore(project.jobs)
    job = store.create("mix", project.id, "20260101T000000Z-mix", MixRequest().model_dump(mode="json"))
    claimed = store.claim(job.id, 1)
    assert claimed is not None
    store.end(job.id, claimed.lease, "done")
    with closing(sqlite3.connect(project.jobs)) as connection, connection:
        connection.execute("UPDATE jobs SET ended = started")
    later = step_facts(project, settings, "mix", MixRequest(), "zh")
    assert later.seconds_high is not None
    assert later.seconds_high < 5
    assert "30%" in later.subject
    other = step_facts(project, settings, "mix", MixRequest(domain_share=0.6), "zh")
    assert other.seconds_high is not None
    assert other.seconds_high > later.seconds_high, "another request says nothing of this one"
    ahead = time.time() + 60
    os.utime(project.chunks, (ahead, ahead))
    assert step_facts(project, settings, "mix", MixRequest(), "zh").seconds_high == other.seconds_high


def test_an_extraction_by_an_endpoint_says_where_passages_go(project: Project, settings: Settings) -> None:
    endpoint = settings.model_copy(update={"extraction_model": "openai:big"})
    facts = step_facts(project, endpoint, "extract", ExtractRequest(), "en")
    assert facts.sends_to is not None
    asked = consent("extract", facts)
    assert asked.needed
    assert facts.sends_to in asked.summary


def test_a_first_reading_names_the_project_it_makes(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("x" * 9000, encoding="utf-8")
    facts = first_reading(IngestRequest(paths=(str(tmp_path / "a.md"),)), settings, "en", project="assistant")
    assert "assistant" in facts.changes[0]
    assert "a.md" in facts.subject


def test_an_occasion_has_one_job(project: Project) -> None:
    store = JobStore(project.jobs)
    job = store.create("mix", project.id, "20260101T000000Z-mix", {}, key="yes-1")
    assert store.of_key("yes-1") == job
    assert store.of_key("yes-2") is None


@pytest.mark.parametrize(
    ("arguments", "climb", "trainings"),
    [
        ({}, None, 1),
        ({"climb_to": "lora"}, ClimbPlan(climb_to="lora"), 24),
        ({"target": 0.8}, ClimbPlan(target=0.8), 12),
        ({"climb_to": "full", "target": 0.9}, ClimbPlan(climb_to="full", target=0.9), 30),
    ],
)
def test_a_wish_to_climb_is_told_with_its_upper_cost(
    project: Project,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    arguments: dict[str, object],
    climb: ClimbPlan | None,
    trainings: int,
) -> None:
    monkeypatch.setattr(calling, "refusal", lambda *_: None)
    monkeypatch.setattr(request, "refusal", lambda *_: None)
    write_record(project.mixes / "m" / "manifest.json", manifest(3))
    (project.mixes / "m" / "train.jsonl").write_text("x" * 4000, encoding="utf-8")
    asked = prepare(find_tool("tune"), project, settings.model_copy(update={"base_model": BUILTIN}), arguments)
    assert isinstance(asked, TuneRequest)
    assert asked.climb == climb
    one = step_facts(project, settings, "tune", asked.model_copy(update={"climb": None}), "en")
    facts = step_facts(project, settings, "tune", asked, "en")
    assert facts.seconds_high is not None
    assert one.seconds_high is not None
    assert facts.seconds_high >= trainings * one.seconds_high
    assert (f"at most {trainings} trainings" in facts.subject) == (climb is not None)
    assert facts.gib_high is not None
