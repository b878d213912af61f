"""Whatever an endpoint does wrong: the turn is answered, if need be by the offline assistant, and the thread lives."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest

from graph.chat_stream import LONGEST, ChatFailure, failure_of
from tests.graph.chatting import chatting
from tests.graph.fake_openai import Reply, breaks_off, calls, hangs, says, sends, status

CHUNK = '{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":%s}'


def event(choices: str) -> str:
    return f"data: {CHUNK % choices}\n\ndata: [DONE]\n\n"


FAULTS = [
    pytest.param(status(500), "its server failed", id="HTTP 500"),
    pytest.param(status(503, "<html>down</html>"), "its server failed", id="HTTP 503 in HTML"),
    pytest.param(status(400), "rejected the request", id="HTTP 400"),
    pytest.param(status(404), "rejected the request", id="HTTP 404"),
    pytest.param(status(401), "did not accept the key", id="HTTP 401"),
    pytest.param(status(403), "did not accept the key", id="HTTP 403"),
    pytest.param(status(429), "too many requests", id="HTTP 429"),
    pytest.param(hangs(), "took too long", id="timeout"),
    pytest.param(hangs(alive=True), "took too long", id="a line that is only kept alive"),
    pytest.param(breaks_off("Half a sen"), "broke off", id="cut stream"),
    pytest.param(breaks_off("Half a sentence.", quietly=True), "broke off", id="stream without an end"),
    pytest.param(breaks_off("", quietly=True), "broke off", id="nothing at all"),
    pytest.param(sends("<html>hello</html>", "text/html"), "", id="HTML"),
    pytest.param(sends(""), "", id="empty body"),
    pytest.param(sends("data: {oops\n\n"), "could not be read", id="broken JSON in the stream"),
    pytest.param(sends('data: "hello"\n\n'), "could not be read", id="a string for a chunk"),
    pytest.param(sends("data: null\n\n"), "could not be read", id="null for a chunk"),
    pytest.param(sends("data: [1, 2]\n\n"), "could not be read", id="a list for a chunk"),
    pytest.param(sends('data: {"error": {"message": "overloaded 4711"}}\n\n'), "", id="an error in the stream"),
    pytest.param(sends(event("null")), "", id="no choices"),
    pytest.param(sends(event("[]")), "", id="empty choices"),
    pytest.param(sends(event('"abc"')), "", id="choices of another type"),
    pytest.param(sends(event('[{"index":0,"delta":null}]')), "", id="no delta"),
    pytest.param(sends(event('[{"index":0}]')), "", id="delta missing"),
    pytest.param(sends(event('[{"index":0,"delta":{"content":{"a":1}}}]')), "", id="content of another type"),
    pytest.param(sends(event('[{"index":0,"delta":{"tool_calls":[{"index":0}]}}]')), "", id="a call of nothing"),
    pytest.param(
        sends(event('[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"name":"status","arguments":{}}}]}}]')),
        "",
        id="arguments that are no text",
    ),
    pytest.param(says("la " * LONGEST), "did not end", id="a reply without end"),
    pytest.param(says(""), "empty", id="empty"),
    pytest.param(says("91% of 812."), "only figures", id="only invented figures"),
    pytest.param(calls(("nonsense", {})), "does not exist", id="unknown tool"),
    pytest.param(calls(("ask_guide", "{")), "not valid", id="garbage arguments"),
]


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings:UserWarning")
@pytest.mark.parametrize(("fault", "cause"), FAULTS)
def test_a_fault_ends_with_the_offline_assistant_and_the_thread_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Reply, cause: str
) -> None:
    # Only what never ends shall use the time up; everything else must be told apart however slow the machine is.
    seconds = 5.0 if cause == "took too long" else 120.0
    with chatting(tmp_path, monkeypatch, [says("Hello."), fault, fault], seconds=seconds) as chat:
        assert chat.say("good morning").reply == "Hello."
        began = time.monotonic()
        turn = chat.say("would a 14B model fit on an A800?")
        if cause == "took too long":
            assert time.monotonic() - began < 60
        assert turn.action == "plan", "understood without the model"
        assert turn.reply.startswith("(The chat model gave no usable reply, so the built-in assistant answers")
        assert cause in turn.reply
        assert "A800" in turn.reply, "and answered"
        assert "4711" not in turn.model_dump_json(), "what the endpoint says of itself is not repeated"
        (failed,) = [step for step in turn.steps if step.tool == "chat_model"]
        assert failed.state == "failed"
        assert failed.detail.startswith("openai:fake-8b: ")
        assert failed in chat.steps
        chat.server.replies[:] = [says("Back again.")]
        assert chat.say("and now?").reply == "Back again."
        said = [one["content"] for one in chat.server.messages() if one["role"] == "user"]
        assert said == ["good morning", "would a 14B model fit on an A800?", "and now?"]
    assert [one.role for one in chat.assistant.history("t1")] == ["user", "assistant"] * 3


def test_nobody_listens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with chatting(tmp_path, monkeypatch, []) as chat:
        pass
    turn = chat.say("would a 14B model fit on an A800?")
    assert "it cannot be reached" in turn.reply
    assert turn.action == "plan"


def test_in_chinese(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with chatting(tmp_path, monkeypatch, [status(500), status(500)]) as chat:
        turn = chat.say("14B 放得进 A800 吗？")
    assert turn.reply.startswith("（对话模型没有给出可用的回复，由内置助手回答：服务器出错。）")


def test_a_fault_that_passes_is_not_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with chatting(tmp_path, monkeypatch, [breaks_off("Hello th"), says("Hello there.")]) as chat:
        turn = chat.say("hi")
    assert turn.reply == "Hello there."
    assert turn.steps == ()
    assert chat.shown == "Hello there."


def test_a_call_that_was_cut_is_not_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """LangChain completes such arguments by guess: `{"facts": {"goal": "sell pu` would become a fact."""
    whole = '{"facts": {"goal": "sell pumps", "privacy": "open"}}'
    call = {"index": 0, "id": "c1", "function": {"name": "note_facts", "arguments": whole[:24]}}
    body = f"data: {CHUNK % json.dumps([{'index': 0, 'delta': {'role': 'assistant', 'tool_calls': [call]}}])}\n\n"
    with chatting(tmp_path, monkeypatch, [sends(body), sends(body)]) as chat:
        turn = chat.say("tell me about the weather")
        assert chat.assistant.profile("t1").goal is None
    assert turn.action == "refuse"


def test_a_fault_after_a_tool_leaves_the_tool_s_own_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replies = [calls(("ask_guide", {"question": "domain share"})), status(500), status(500)]
    with chatting(tmp_path, monkeypatch, replies) as chat:
        turn = chat.say("would a 14B model fit on an A800?")
    assert turn.action == "guide", "nothing is done twice"
    assert "30%" in turn.reply
    assert "its server failed" in turn.reply
    assert "domain-share" in turn.articles
    assert [step.tool for step in turn.steps] == ["ask_guide", "chat_model"]


def test_a_time_that_is_up_is_not_begun_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with chatting(tmp_path, monkeypatch, [hangs(alive=True), says("late")], seconds=1.0) as chat:
        assert "took too long" in chat.say("hi").reply
        assert len(chat.server.requests) == 1
    until = time.monotonic() + 120
    while any(one.name == "chat-model" for one in threading.enumerate()) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(one.name == "chat-model" for one in threading.enumerate()), "the reader hangs up with the server"


@pytest.mark.parametrize("error", [RuntimeError("ours"), AssertionError("ours"), MemoryError(), NotImplementedError()])
def test_an_error_that_is_no_endpoint_s_is_not_hidden(error: BaseException) -> None:
    assert failure_of(error) is None


def test_a_bug_of_ours_is_not_taken_for_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise KeyError("ours")

    monkeypatch.setattr("graph.chat_model.checked", broken)
    with (
        chatting(tmp_path, monkeypatch, [says("Hello.")]) as chat,
        pytest.raises(KeyError, match="ours"),
    ):
        chat.say("hi")


def test_a_failure_names_its_cause_first() -> None:
    assert str(ChatFailure("slow", "TimeoutError")) == "slow TimeoutError"
