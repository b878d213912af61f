"""The parts of the chat model's brain by themselves: reading a reply, and where a model runs."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk

from graph.chat_place import is_near, runs_near
from graph.chat_reply import Call, read_reply, spoken
from tests.fakes import scripted_chat


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Hello.", "Hello."),
        ("<think>hm</think>Hello.", "Hello."),
        ("\n<think>\nhm\n</think>\n\nHello.", "Hello."),
        ("<think>hm", ""),
        ("hm, well</think>Hello.", "Hello."),
    ],
)
def test_thoughts_are_not_spoken(text: str, said: str) -> None:
    assert spoken(text) == said


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ('{"name": "status", "arguments": {}}', Call("status", {})),
        ('<tool_call>\n{"name": "status", "arguments": {}}\n</tool_call>', Call("status", {})),
        ('```json\n{"tool": "status", "parameters": {"a": 1}}\n```', Call("status", {"a": 1})),
        ('{"name": "status"}', None),
        ('{"answer": 1}', None),
        ("{not json}", None),
        ('I would call {"name": "status", "arguments": {}} now.', None),
        ("{" * 5000 + "}" * 5000, None),
    ],
)
def test_written_calls(text: str, call: Call | None) -> None:
    assert read_reply(AIMessage(text)).calls == ((call,) if call is not None else ())


def test_arguments_of_a_stream_are_read_strictly() -> None:
    def reply(arguments: str | None) -> Call:
        chunk = {"name": "status", "args": arguments, "id": "c", "index": 0, "type": "tool_call_chunk"}
        return read_reply(AIMessageChunk("", tool_call_chunks=[chunk])).calls[0]

    assert reply('{"a": 1}').arguments == {"a": 1}
    assert reply("").arguments == {}
    assert reply(None).arguments == {}
    assert reply('{"a": 1').arguments is None
    assert reply("[1]").arguments is None
    assert reply('{"a": NaN}').arguments is None


def test_arguments_of_a_whole_message() -> None:
    message = AIMessage("", tool_calls=[{"name": "status", "args": {"a": 1}, "id": None}])
    assert read_reply(message).calls == (Call("status", {"a": 1}),)
    broken = AIMessage("", invalid_tool_calls=[{"name": "status", "args": "{", "id": "c", "error": "x"}])
    assert read_reply(broken).calls == (Call("status", None),)


@pytest.mark.parametrize(
    ("address", "near"),
    [
        ("http://localhost:8000/v1", True),
        ("http://127.0.0.1/v1", True),
        ("http://[::1]:8000/v1", True),
        ("http://10.1.2.3:8000", True),
        ("http://192.168.0.9", True),
        ("http://gpu-server:8000/v1", True),
        ("https://llm.corp.internal/v1", True),
        ("https://api.openai.com/v1", False),
        ("https://8.8.8.8/v1", False),
        ("https://llm.example.com", False),
        ("https://10.0.0.1.example.com", False),
        ("http://[nonsense", False),
        ("", False),
    ],
)
def test_near_is_this_machine_and_the_own_network(address: str, near: bool) -> None:
    assert is_near(address) == near


def test_where_a_model_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    from langchain_openai import ChatOpenAI

    monkeypatch.setenv("OPENAI_API_KEY", "any")
    monkeypatch.delenv("OPENAI_API_BASE", raising=False)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://localhost:8000/v1")
    assert runs_near(ChatOpenAI(model="x"))
    monkeypatch.delenv("OPENAI_BASE_URL")
    assert not runs_near(ChatOpenAI(model="x"))
    assert runs_near(scripted_chat([])), "it runs in this process"

    hosted = type("ChatHosted", (SimpleNamespace,), {"__module__": "langchain_hosted"})
    assert not runs_near(hosted())
    assert runs_near(hosted(base_url="http://localhost"))
    ollama = type("ChatOllama", (SimpleNamespace,), {"__module__": "langchain_ollama.chat_models"})
    monkeypatch.delenv("OLLAMA_HOST", raising=False)
    assert runs_near(ollama(base_url=None))
