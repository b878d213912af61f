"""Calls over MCP without a server: every state of a request and of a job, the flood, what must not leak."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from agent.errors import DomainsmithError
from agent.records.job import JobEvent
from agent.settings import Settings
from tests.tools.extraction.corpus import PUMP, put, text_of
from tests.ui.pages.pairs_project import build_pairs_project
from tests.ui.pages.scripted_project import ended_job
from tests.ui.web.mcp_house import Called
from tools.jobs.events import EVENTS, EventLog
from tools.jobs.store import JobStore
from tools.pairs import load_pairs
from tools.workspace import Workspace
from ui.web import mcp_calls, mcp_server, mcp_status
from ui.web.auth import Gate
from ui.web.desk import Desk, Desks
from ui.web.mcp_calls import MOST_WAITING, call
from ui.web.mcp_server import mcp_routes
from ui.web.mcp_tools import tools
from ui.web.origin import LOOPBACK_NAMES

HERE = "http://127.0.0.1:7860/"


@pytest.fixture
def desks(tmp_path: Path) -> Iterator[Desks]:
    made = Desks(Settings(home=tmp_path / "home", extraction_model="rules", _env_file=None))
    yield made
    made.close()


@pytest.fixture
def desk(desks: Desks) -> Desk:
    return desks.for_account("")


def ask(desk: Desk, tool: str, /, **arguments: Any) -> Called:
    return Called.of(call(desk, tool, arguments, HERE))


def approve(desk: Desk, asked: Called) -> None:
    desk.assistant.settle(asked.data["thread"], asked.data["approval"]["id"], "approve")


def test_the_list_speaks_the_language_of_the_settings() -> None:
    english, chinese = tools("en"), tools("zh")
    assert [tool.name for tool in english] == [tool.name for tool in chinese]
    for one, other in zip(english, chinese, strict=True):
        assert one.description != other.description
        assert "批准" in str(other.description) or other.annotations == one.annotations
    assert "须由人批准" in str(next(tool for tool in chinese if tool.name == "tune").description)


def test_answers_speak_the_language_of_the_settings(desk: Desk) -> None:
    chinese = Desk("", desk.settings.model_copy(update={"lang": "zh"}), desk._shelf, desk._answerers)
    chinese.workspace.create("示例")
    asked = ask(chinese, "cancel_job", project="示例")
    assert "尚未启动" in asked.text
    assert asked.data["approve"]["page"].startswith(f"{HERE}zh/?thread=mcp-")
    with pytest.raises(DomainsmithError, match="须给出其中一个"):
        ask(chinese, "job_status")


def test_the_first_documents_make_a_project_after_the_yes_only(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "pump.md").write_text(PUMP)
    asked = ask(desk, "read_documents", paths=[str(tmp_path / "pump.md")])
    assert asked.data["approval"]["project"] == "assistant"
    assert desk.workspace.projects() == ()
    told = ask(desk, "job_status", thread=asked.data["thread"])
    assert told.data["state"] == "waits_for_approval"


def test_a_tool_without_a_job_runs_after_the_yes_only(desk: Desk) -> None:
    project = build_pairs_project(desk.settings.home)
    asked = ask(desk, "reject_pairs", ids=["p1"], reason="wrong figure")
    assert {pair.id: pair.status for pair in load_pairs(project)}["p1"] == "accepted"
    approve(desk, asked)
    assert {pair.id: pair.status for pair in load_pairs(project)}["p1"] == "rejected"
    told = ask(desk, "job_status", thread=asked.data["thread"])
    assert (told.data["state"], told.data["tool"], told.data["error"]) == ("done", "reject_pairs", None)


def test_what_fails_after_the_yes_is_told(desk: Desk) -> None:
    build_pairs_project(desk.settings.home)
    asked = ask(desk, "reject_pairs", ids=["nothing"], reason="wrong figure")
    approve(desk, asked)
    told = ask(desk, "job_status", thread=asked.data["thread"])
    assert told.data["state"] == "failed"
    assert told.data["error"]["where"] == "nothing"
    assert told.data["error"]["what"] in told.text


@pytest.mark.parametrize("state", ["failed", "cancelled", "interrupted"])
def test_a_job_that_did_not_end_well_is_told(desk: Desk, state: Any) -> None:
    project = desk.workspace.create("Pumps")
    error = "" if state == "cancelled" else "the disk is full"
    job = ended_job(project, "extract", {}, state, error)
    told = ask(desk, "job_status", job=job.id)
    assert (told.data["state"], told.data["error"], told.error) == (state, error, False)
    assert error in told.text
    assert not {"pid", "host", "lease", "request"} & set(told.data)


def test_a_running_job_is_told_with_its_progress(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    project = desk.workspace.create("Pumps")
    put(project, [text_of("pump", PUMP)])
    store = JobStore(project.jobs)
    run = project.new_run("extract")
    job = store.create("extract", project.id, run.name, {}, "approval")
    assert ask(desk, "job_status", job=job.id).data["state"] == "queued"
    assert store.claim(job.id, os.getpid()) is not None
    line = JobEvent(at="2026-03-01T12:00:00.000+00:00", kind="progress", done=3, total=12, unit="chunks", message="b")
    EventLog(run / EVENTS).append(line)
    with monkeypatch.context() as patch:
        patch.setattr(mcp_status, "reconcile", lambda _project: None)
        told = ask(desk, "job_status", job=job.id)
    assert (told.data["state"], told.data["progress"]["done"]) == ("running", 3)
    assert "25%" in told.text
    assert ask(desk, "job_status", job=job.id).data["state"] == "interrupted", "its worker was never there"


def test_two_jobs_that_begin_alike_are_not_one(desk: Desk) -> None:
    project = desk.workspace.create("Pumps")
    for _ in range(17):
        ended_job(project, "extract", {})
    ids = [job.id for job in JobStore(project.jobs).list()]
    shared = next(one[0] for one in ids if sum(other.startswith(one[0]) for other in ids) > 1)
    with pytest.raises(DomainsmithError, match="no such job"):
        ask(desk, "job_status", job=shared)


def test_a_program_in_a_loop_is_stopped(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mcp_calls, "MOST_WAITING", 2)
    assert MOST_WAITING >= 10
    desk.workspace.create("Pumps")
    first = ask(desk, "cancel_job")
    ask(desk, "cancel_job")
    with pytest.raises(DomainsmithError, match="2 requests of programs wait"):
        ask(desk, "cancel_job")
    assert not ask(desk, "status").error, "reading goes on"
    desk.assistant.settle(first.data["thread"], first.data["approval"]["id"], "decline")
    assert ask(desk, "cancel_job").data["state"] == "waits_for_approval"


def test_a_person_may_answer_in_words(desk: Desk) -> None:
    build_pairs_project(desk.settings.home)
    asked = ask(desk, "reject_pairs", ids=["p1"], reason="wrong figure")
    desk.assistant.send(asked.data["thread"], "no")
    told = ask(desk, "job_status", thread=asked.data["thread"])
    assert told.data["state"] == "declined"


def test_the_conversation_of_a_person_is_not_told(desk: Desk) -> None:
    desk.assistant.send("mine", "Our prices are a secret: 77 euros.")
    with pytest.raises(DomainsmithError, match="no step was requested") as failed:
        ask(desk, "job_status", thread="mine")
    assert "77" not in str(failed.value)


# The door


def knock(desks: Desks, body: Any, method: str = "POST", **headers: str) -> httpx.Response:
    """Send a request through the gate of a server without login."""
    app = FastAPI()
    app.include_router(mcp_routes(desks))
    gate = Gate(app, None, LOOPBACK_NAMES)

    async def once() -> httpx.Response:
        transport = httpx.ASGITransport(gate, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=HERE) as client:
            return await client.request(method, "/mcp", json=body, headers={"accept": "application/json", **headers})

    return asyncio.run(once())


PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}


def test_without_login_only_this_machine_is_answered(desks: Desks) -> None:
    assert knock(desks, PING).json()["result"] == {}
    assert knock(desks, PING, origin="http://127.0.0.1:7860").status_code == 200
    assert knock(desks, PING, origin="http://evil.example").status_code == 403
    assert knock(desks, PING, origin="null").status_code == 403
    assert knock(desks, PING, host="evil.example").status_code == 421
    assert knock(desks, PING, **{"content-type": "text/plain"}).status_code == 400


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT", "OPTIONS", "HEAD"])
def test_nothing_but_post_is_answered(desks: Desks, method: str) -> None:
    answer = knock(desks, PING, method)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_what_breaks_inside_leaks_nothing(
    desks: Desks, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("password=hunter2 in the vault")

    monkeypatch.setattr(mcp_server, "call", broken)
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "status", "arguments": {}}}
    with caplog.at_level(logging.ERROR):
        answer = knock(desks, body)
    result = answer.json()["result"]
    assert result["isError"]
    assert "hunter2" not in answer.text
    assert "Traceback" not in answer.text
    number = result["structuredContent"]["error"]["mend"].rsplit(" ", 1)[-1]
    assert number in caplog.text
    assert "hunter2" in caplog.text


def test_a_workspace_of_another_home_is_out_of_reach(desks: Desks, tmp_path: Path) -> None:
    Workspace(tmp_path / "home").create("Pumps")
    ben = desks.for_account("ben", "ben")
    with pytest.raises(DomainsmithError, match="no such project"):
        ask(ben, "status", project="Pumps")
    ask(desks.for_account(""), "cancel_job", project="Pumps")
    (thread,) = desks.for_account("").assistant.threads()
    with pytest.raises(DomainsmithError, match="no step was requested"):
        ask(ben, "job_status", thread=thread.id)
