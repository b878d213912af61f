"""The assistant with a real OpenAI-compatible server and a real model: llama.cpp and the built-in 135M one.

A model of this size calls no tool by itself. So its output is held to the shape of a call, and a proxy puts it where a
larger model's server would put it; what may become of such calls is the policy's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from agent.records.conversation import TextPiece, ToolStep, Turn
from graph.assistant import Assistant
from graph.chat_model import load_chat
from graph.understanding.brain import Brain
from tests.fakes import TableReader
from tests.graph.chatting import OFFLINE
from tests.graph.fake_openai import Answering, Reply, serving
from tests.graph.llama_server import llama
from tests.graph.machines import Shelf
from tests.graph.worlds import small_settings
from tests.ui.pages.pairs_project import build_pairs_project
from tools.jobs.store import JobStore

pytestmark = pytest.mark.slow
SECONDS = 300.0


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    pytest.importorskip("xllamacpp")
    with llama() as url:
        yield url


def assistant_on(home: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> Assistant:
    monkeypatch.setenv("OPENAI_BASE_URL", url)
    monkeypatch.setenv("OPENAI_API_KEY", "any")
    settings = small_settings(home, chat_model="openai:smollm2")
    chat = load_chat(settings, seconds=SECONDS)
    return Assistant(settings, retriever=Shelf, brain=Brain(TableReader(OFFLINE)), chat=chat)


def said(assistant: Assistant, text: str, project: str | None = None) -> tuple[list[TextPiece], list[ToolStep], Turn]:
    parts = list(assistant.stream("t1", text, project=project))
    turn = parts[-1]
    assert isinstance(turn, Turn)
    pieces = [one for one in parts if isinstance(one, TextPiece)]
    return pieces, [one for one in parts if isinstance(one, ToolStep)], turn


def held_to(url: str, names: Sequence[str], arguments: dict[str, Any], *, rewrite: bool) -> Reply:
    """Ask the real model for a call by constrained output; put it where calls belong, or leave it in the words."""
    shape = {
        "type": "object",
        "properties": {"name": {"enum": list(names)}, "arguments": arguments},
        "required": ["name", "arguments"],
        "additionalProperties": False,
    }

    def reply(to: Answering) -> None:
        asked = dict(to.server.fake.requests[-1])
        asked.pop("tools")
        asked |= {"stream": False, "response_format": {"type": "json_schema", "json_schema": {"schema": shape}}}
        answer = httpx.post(f"{url}/chat/completions", json=asked, timeout=SECONDS, trust_env=False).json()
        text = answer["choices"][0]["message"]["content"]
        to.begin()
        if rewrite:
            made = json.loads(text)
            function = {"name": made["name"], "arguments": json.dumps(made["arguments"])}
            to.event({"role": "assistant", "tool_calls": [{"index": 0, "id": "c1", "function": function}]})
        else:
            to.event({"role": "assistant", "content": text})
        to.event({}, "stop")
        to.write("data: [DONE]\n\n")

    return reply


def through(url: str) -> Reply:
    """Pass a request on as it is, and the answer back as it comes."""

    def reply(to: Answering) -> None:
        asked = to.server.fake.requests[-1]
        sent = httpx.stream("POST", f"{url}/chat/completions", json=asked, timeout=SECONDS, trust_env=False)
        to.begin()
        with sent as answer:
            for part in answer.iter_bytes():
                to.wfile.write(part)
                to.wfile.flush()

    return reply


NOTHING = {"type": "object", "properties": {}, "additionalProperties": False}


def test_words_of_a_real_model_are_streamed(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assistant = assistant_on(tmp_path, server, monkeypatch)
    pieces, steps, turn = said(assistant, "Hello! Please say in one sentence what you can do for me.")
    assert steps == []
    assert turn.action in ("smalltalk", "clarify")
    assert turn.reply
    assert "no usable reply" not in turn.reply
    assert len(pieces) >= 1
    assert "".join(one.text for one in pieces).strip() in turn.reply

    again = said(assistant, "Thank you. And what is the first step?")[2]
    assert "no usable reply" not in again.reply
    assert len(assistant.history("t1")) == 4


def test_a_real_model_s_call_goes_through_the_policy(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = build_pairs_project(tmp_path)
    costly = ["make_pairs", "evaluate", "tune"]
    with serving([held_to(server, costly, NOTHING, rewrite=True)]) as proxy:
        assistant = assistant_on(tmp_path, proxy.url, monkeypatch)
        _, _, turn = said(assistant, "Make training pairs from the documents.", "Pumps")
    assert "no usable reply" not in turn.reply
    assert turn.action in ("extract", "evaluate", "tune")
    assert turn.approval is not None or "can't start" in turn.reply
    assert JobStore(project.jobs).list() == (), "whatever it chose, nothing has started"


def test_a_real_model_hears_the_result_of_its_call_and_replies(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_pairs_project(tmp_path)
    held = held_to(server, ["status", "list_results"], NOTHING, rewrite=False)
    with serving([held, through(server)]) as proxy:
        assistant = assistant_on(tmp_path, proxy.url, monkeypatch)
        _, steps, turn = said(assistant, "How far is the project?", "Pumps")
        assert [one["role"] for one in proxy.messages()] == ["system", "user", "assistant", "tool"]
    assert [one.state for one in steps] == ["running", "done"]
    assert turn.action in ("status", "export")
    assert turn.evidence or turn.articles
    assert turn.reply


def test_a_server_that_dies_while_it_speaks_leaves_the_thread_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with llama() as url:
        assistant = assistant_on(tmp_path, url, monkeypatch)
        assert "no usable reply" not in said(assistant, "Hello!")[2].reply
    turn = said(assistant, "would a 14B model fit on an A800?")[2]
    assert "it cannot be reached" in turn.reply
    assert turn.action == "plan"
    assert [one.role for one in assistant.history("t1")] == ["user", "assistant"] * 2
