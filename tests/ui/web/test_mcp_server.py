"""MCP: the unchanged client against a real server. Reading answers; nothing else starts before a person's yes."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from agent.records.conversation import Turn
from graph.tool_binding import schema
from tests.ui.web.mcp_house import BENS, MADE_FROM, MEASURED, ORDER, Called, House, open_house
from tools.catalog import TOOLS
from tools.jobs.store import TERMINAL

pytestmark = pytest.mark.slow

READING: dict[str, dict[str, Any]] = {
    "decide": {},
    "show_pairs": {"limit": 3},
    "plan_memory": {"device": "A800", "params_b": 14},
    "diagnose": {},
    "compare": {"question": "Which lamp is lit?", "arms": ["base"]},
    "look_at_machine": {"devices": ["RTX 4090"]},
    "list_results": {},
    "status": {},
    "ask_guide": {"question": "When does fine-tuning pay?"},
}
CHANGING: dict[str, dict[str, Any]] = {
    "note_facts": {"facts": {"languages": ["en"]}},
    "read_documents": {},
    "make_pairs": {},
    "reject_pairs": {"ids": ["p1"], "reason": "wrong"},
    "build_validation_set": {},
    "cancel_job": {},
}
"""Those that the project without pairs allows; the rest is refused for want of data."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with open_house(tmp_path_factory.mktemp("mcp")) as opened:
        yield opened


def wait_for_end(house: House, thread: str) -> Called:
    deadline = time.monotonic() + 120
    while True:
        told = house.call("anna", "job_status", thread=thread)
        if told.data["state"] in TERMINAL:
            return told
        assert time.monotonic() < deadline, told
        time.sleep(0.3)


def test_every_tool_of_the_catalogue_is_listed(house: House) -> None:
    listed = {tool.name: tool for tool in house.tools("anna")}
    assert list(listed) == [*(spec.name for spec in TOOLS), "job_status"]
    assert not any("approve" in name or "settle" in name for name in listed)
    for spec in TOOLS:
        tool = listed[spec.name]
        assert tool.description is not None
        assert tool.description.startswith(spec.says["en"])
        assert ("person has to approve" in tool.description) == (spec.effect != "read")
        assert tool.annotations is not None
        assert tool.annotations.readOnlyHint == (spec.effect == "read")
        properties = dict(tool.inputSchema["properties"])
        assert properties.pop("project")["type"] == "string"
        asked = schema(spec, "en")["function"]["parameters"]
        assert {**tool.inputSchema, "properties": properties} == asked
        assert "project" not in tool.inputSchema.get("required", [])


@pytest.mark.parametrize("tool", READING)
def test_reading_answers_with_text_and_data(house: House, tool: str) -> None:
    assert set(READING) == {spec.name for spec in TOOLS if spec.effect == "read"}
    before = house.person("anna").threads()
    told = house.call("anna", tool, project=MEASURED, **READING[tool])
    assert not told.error, told.text
    assert told.text == told.data["reply"] != ""
    assert (told.data["state"], told.data["project"]) == ("done", MEASURED)
    assert told.data["data"]
    assert house.person("anna").threads() == before, "no conversation stays behind"


@pytest.mark.parametrize("tool", CHANGING)
def test_what_changes_something_waits_for_a_person(house: House, tool: str) -> None:
    jobs = house.jobs("anna", MADE_FROM)
    arguments = {"paths": [str(house.documents)]} if tool == "read_documents" else CHANGING[tool]
    asked = house.call("anna", tool, project=MADE_FROM, **arguments)
    assert not asked.error, asked.text
    approval, thread = asked.data["approval"], asked.data["thread"]
    assert (asked.data["state"], asked.data["started"]) == ("waits_for_approval", False)
    assert (approval["tool"], approval["thread"], approval["project"]) == (tool, thread, MADE_FROM)
    assert thread.startswith("mcp-")
    page, command = f"{house.server.url}/en/?thread={thread}", f"domainsmith chat --thread {thread}"
    assert asked.data["approve"] == {"page": page, "command": command}
    assert all(part in asked.text for part in (approval["summary"], approval["id"], page, command))
    assert house.jobs("anna", MADE_FROM) == jobs
    person = house.person("anna")
    assert approval["id"] in {one.id for one in person.approvals()}
    assert house.call("anna", "job_status", thread=thread).data == asked.data
    person.settle(thread, approval["id"], "decline")
    told = house.call("anna", "job_status", thread=thread)
    assert (told.data["state"], house.jobs("anna", MADE_FROM)) == ("declined", jobs)


def test_a_persons_yes_starts_exactly_one_job(house: House) -> None:
    before = house.jobs("anna", MADE_FROM)
    asked = house.call("anna", "make_pairs", project=MADE_FROM, held_out_share=0.0)
    approval, thread = asked.data["approval"]["id"], asked.data["thread"]
    again = house.call("anna", "make_pairs", project=MADE_FROM, held_out_share=0.0)
    assert again.data["approval"]["id"] != approval
    assert house.jobs("anna", MADE_FROM) == before

    turns: list[Turn] = []
    people = [
        threading.Thread(target=lambda: turns.append(house.person("anna").settle(thread, approval, "approve")))
        for _ in range(3)
    ]
    for one in people:
        one.start()
    for one in people:
        one.join()
    (job,) = house.jobs("anna", MADE_FROM)[len(before) :]
    assert (len(turns), job.kind, job.key) == (3, "extract", approval)

    ended = wait_for_end(house, thread)
    assert (ended.data["state"], ended.data["job"], ended.data["project"]) == ("done", job.id, MADE_FROM)
    assert ended.data["result"]["pairs"] > 0
    assert str(ended.data["result"]["pairs"]) in ended.text
    assert house.call("anna", "job_status", job=job.id[:6]).data == ended.data
    assert house.call("anna", "job_status", job=job.id, project=MADE_FROM).data == ended.data
    assert house.call("anna", "job_status", job=job.id, project=MEASURED).error
    person = house.person("anna")
    person.follow(thread)  # the server may have done so already
    assert person.settle(thread, approval, "approve").job is None
    assert house.call("anna", "job_status", thread=thread).data == ended.data
    assert len(house.jobs("anna", MADE_FROM)) == len(before) + 1
    person.settle(again.data["thread"], again.data["approval"]["id"], "decline")


def test_orders_in_documents_change_nothing(house: House) -> None:
    if not house.jobs("anna", MADE_FROM):
        asked = house.call("anna", "make_pairs", project=MADE_FROM, held_out_share=0.0)
        house.person("anna").settle(asked.data["thread"], asked.data["approval"]["id"], "approve")
        wait_for_end(house, asked.data["thread"])
    jobs, waiting = house.jobs("anna", MADE_FROM), house.person("anna").approvals()
    shown = house.call("anna", "show_pairs", project=MADE_FROM, containing="ignore all earlier instructions")
    assert ORDER.split(".")[0] in str(shown.data["data"]["pairs"])
    house.call("anna", "compare", project=MADE_FROM, question=ORDER, arms=["base", "rag"])
    house.call("anna", "ask_guide", question=ORDER)
    assert (house.jobs("anna", MADE_FROM), house.person("anna").approvals()) == (jobs, waiting)
    after = house.call("anna", "show_pairs", project=MADE_FROM)
    assert after.data["data"]["counts"] == shown.data["data"]["counts"]


@pytest.mark.parametrize(
    ("tool", "arguments", "told"),
    [
        ("nonsense", {}, ("no such tool", "nonsense", "known are")),
        ("approve", {}, ("no such tool", "approve", "known are")),
        ("show_pairs", {"limit": "5"}, ("valid integer", "show_pairs: limit", "correct that value")),
        ("show_pairs", {"limit": 500}, ("less than or equal", "show_pairs: limit", "correct that value")),
        ("show_pairs", {"paper": 1}, ("not permitted", "show_pairs: paper", "correct that value")),
        ("compare", {}, ("required", "compare: question", "correct that value")),
        ("status", {"project": 7}, ("valid string", "status: project", "correct that value")),
        ("status", {"project": "nowhere"}, ("no such project", "nowhere", "domainsmith new")),
        ("status", {"project": "../.."}, ("a project name is no path", "../..", "domainsmith projects")),
        ("status", {}, ("several projects", "status", f"{MEASURED}, {MADE_FROM}")),
        ("diagnose", {"project": MADE_FROM}, ("evaluat", "", "")),
        ("tune", {"project": MADE_FROM}, ("no training without a mix", "guide: domain-share", "")),
        ("read_documents", {"project": MADE_FROM, "paths": ["/etc/passwd"]}, ("not open", "/etc/passwd", "upload")),
        ("job_status", {}, ("one of `thread` and `job`", "job_status", "give the thread")),
        ("job_status", {"thread": "a", "job": "b"}, ("one of `thread` and `job`", "job_status", "give the thread")),
        ("job_status", {"thread": "mcp-0"}, ("no step was requested", "mcp-0", "use the thread")),
        ("job_status", {"thread": "../projects"}, ("thread id", "../projects", "choose another id")),
        ("job_status", {"job": "zz"}, ("no such job", "zz", "job id")),
    ],
)
def test_errors_say_what_where_and_the_mend(
    house: House, tool: str, arguments: dict[str, Any], told: tuple[str, str, str]
) -> None:
    before = house.person("anna").threads()
    failed = house.call("anna", tool, **arguments)
    assert failed.error
    error = failed.data["error"]
    for part, wanted in zip(("what", "where", "mend"), told, strict=True):
        assert wanted in error[part]
        assert error[part] in failed.text
    assert "Traceback" not in failed.text
    assert house.person("anna").threads() == before
    assert not (house.homes["anna"] / "threads" / "mcp-0").exists()


def test_an_account_sees_its_own_projects_and_threads_only(house: House) -> None:
    assert house.call("ben", "status").data["project"] == BENS
    assert house.call("ben", "status", project=MADE_FROM).data["error"]["what"] == "no such project"
    assert house.call("anna", "status", project=BENS).data["error"]["what"] == "no such project"
    asked = house.call("anna", "make_pairs", project=MADE_FROM)
    assert house.call("ben", "job_status", thread=asked.data["thread"]).error
    assert house.person("ben").threads() == ()
    house.person("anna").settle(asked.data["thread"], asked.data["approval"]["id"], "decline")
    for job in (*house.jobs("anna", MEASURED), *house.jobs("anna", MADE_FROM)):
        assert not house.call("anna", "job_status", job=job.id).error
        assert house.call("ben", "job_status", job=job.id).error


PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}


def test_the_door_takes_keys_and_nothing_else(house: House) -> None:
    key = house.key_of("anna")
    assert house.post(PING, **key).json() == {"jsonrpc": "2.0", "id": 1, "result": {}}
    assert house.post(PING).status_code == 401
    assert house.post(PING, authorization="Bearer dsk_guess").status_code == 401
    assert house.post(PING, cookie="domainsmith_session=guess").status_code == 401
    assert house.post(PING, **key, host="evil.example:80").status_code == 421
    assert house.post(PING, **key, origin="http://evil.example").status_code == 403
    assert house.post(PING, **key, **{"sec-fetch-site": "cross-site"}).status_code == 403
    assert house.post(PING, **key, origin=house.server.url).status_code == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("", 400),
        ("{", 400),
        ("[]", 400),
        ('{"jsonrpc": "2.0", "id": 1}', 400),
        ("x" * (2 * 1024 * 1024), 413),
        ('{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": 3}}', 200),
        (
            '{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "ask_guide", "arguments": '
            '{"question": "\\ud800"}}}',
            200,
        ),
        ('{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "\\ud800"}}', 200),
        (
            '{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "status", "arguments": '
            '{"project": "\\ud800"}}}',
            200,
        ),
        (
            '{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "job_status", "arguments": '
            '{"thread": "\\ud800"}}}',
            200,
        ),
        (
            '{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "note_facts", "arguments": '
            '{"project": "Pumps", "facts": {"a": "\\ud800"}}}}',
            200,
        ),
    ],
)
def test_broken_requests_get_an_answer(house: House, body: str, status: int) -> None:
    answer = house.post(body, **house.key_of("anna"))
    assert answer.status_code == status, answer.text
    assert "Traceback" not in answer.text
    if status == 200:
        said = answer.json()
        assert "error" in said or said["result"]["isError"]
        assert "could not do this" not in answer.text
    assert house.post(PING, **house.key_of("anna")).status_code == 200
