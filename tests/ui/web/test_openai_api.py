"""The OpenAI-compatible API: the unchanged client against a real server, and whatever else may be sent to it."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import openai
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.types import ASGIApp

from agent.errors import WorkFailedError
from agent.progress import Reporter
from agent.records.corpus import Chunk, Retrieved
from agent.records.pairs import Message
from agent.settings import Settings
from knowledge.files import read_records
from tests.tiny_model import build_tiny_model
from tests.tiny_project import build_tiny_project, tiny_settings
from tests.ui.web.openai_server import app_of, serving
from tools.answerers import Answerers
from tools.asking import ask_arms, choose_arms
from tools.generated import Generated
from tools.workspace import Workspace
from ui.web.desk import Desk, Desks
from ui.web.openai_api import LARGEST_BODY

QUESTION = "What is the rated pressure of the pump?"
ASKED = [{"role": "user", "content": QUESTION}]
ROOT = Path(__file__).resolve().parents[3]
SECONDS = 120


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a tuned project and a bare one, and two accounts with one project and none."""
    folder = tmp_path_factory.mktemp("home")
    settings = tiny_settings(folder, build_tiny_model(folder / "tiny"))
    build_tiny_project(settings, "Pumps", tuned=True)
    build_tiny_project(settings, "bare", documents=False)
    alice = settings.model_copy(update={"home": folder / "accounts" / "alice"})
    build_tiny_project(alice, "手册")
    return folder


@pytest.fixture(scope="module")
def tiny(home: Path) -> Settings:
    return tiny_settings(home, home / "tiny")


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    """A server process of its own with the tiny model."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.ui.web.openai_server", str(home), str(home / "tiny")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT) as process:
        try:
            assert process.stdout is not None
            url = f"http://127.0.0.1:{process.stdout.readline().strip()}/v1"
            until(lambda: _listens(url))
            yield url
        finally:
            process.terminate()


def _listens(url: str) -> bool:
    with suppress(httpx.TransportError):
        return httpx.get(f"{url}/models").status_code == 200
    return False


def until(condition: Any) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture(scope="module")
def client(address: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=address, api_key="none", max_retries=0) as made:
        yield made


# The unchanged client, a real server, a real model


@pytest.mark.slow
def test_every_listed_model_streams_what_it_answers(client: openai.OpenAI, tiny: Settings) -> None:
    models = client.models.list().data
    assert [model.id for model in models] == ["pumps/base", "pumps/rag", "pumps/tuned", "pumps/tuned+rag", "bare/base"]
    said = {}
    for model in models:
        whole = client.chat.completions.create(model=model.id, messages=ASKED, max_tokens=24)  # type: ignore[call-overload]
        chunks = list(
            client.chat.completions.create(  # type: ignore[call-overload]
                model=model.id, messages=ASKED, max_tokens=24, stream=True, stream_options={"include_usage": True}
            )
        )
        choice = whole.choices[0]
        said[model.id] = choice.message.content
        assert chunks[0].choices[0].delta.role == "assistant"
        deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
        assert "".join(delta.content or "" for delta in deltas) == choice.message.content
        assert len(chunks) > 4, "it comes in pieces"
        assert [chunk.choices[0].finish_reason for chunk in chunks[:-2]] == [None] * (len(chunks) - 2)
        assert chunks[-2].choices[0].finish_reason == choice.finish_reason
        assert (chunks[-1].choices, chunks[-1].usage) == ([], whole.usage)
        assert {chunk.id for chunk in chunks} == {chunks[0].id}
        assert whole.usage.total_tokens == whole.usage.prompt_tokens + whole.usage.completion_tokens
        assert whole.usage.completion_tokens <= 24
        assert hasattr(choice.message, "citations") == ("rag" in model.id)
        assert hasattr(deltas[-1], "citations") == ("rag" in model.id)
    project = Workspace(tiny.home).open("Pumps")
    retrieved = [Retrieved(chunk=chunk, score=1.0) for chunk in read_records(project.chunks, Chunk)]
    for arm, answer in ask_arms(project, tiny, QUESTION, choose_arms(project, "base,tuned"), retrieved).answers.items():
        assert answer.text.startswith(said[f"pumps/{arm}"]), "the API's arm is the command's"


def test_a_model_is_described(client: openai.OpenAI) -> None:
    model = client.models.retrieve("pumps/tuned+rag")
    assert (model.id, model.object, model.owned_by) == ("pumps/tuned+rag", "model", "domainsmith")
    assert abs(model.created - time.time()) < 3600
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("pumps/oracle")


@pytest.mark.parametrize(
    ("model", "mend"),
    [
        ("nowhere/rag", "no such project"),
        ("pumps/oracle", "<project>/<arm>"),
        ("pumps", "<project>/<arm>"),
        ("/rag", "GET /v1/models"),
        ("../pumps/rag", "a project name is no path"),
        ("pumps/base,rag", "<project>/<arm>"),
        ("bare/rag", "domainsmith ingest"),
        ("bare/tuned", "domainsmith tune"),
        ("rag", "several projects"),
        ("x" * 90 + "/rag", "project name"),
    ],
)
def test_no_such_model(client: openai.OpenAI, model: str, mend: str) -> None:
    for stream in (True, False):
        with pytest.raises(openai.NotFoundError, match=mend) as caught:
            client.chat.completions.create(model=model, messages=ASKED, stream=stream)  # type: ignore[call-overload]
        assert (caught.value.code, caught.value.param) == ("model_not_found", "model")


def test_an_account_reaches_its_own_projects_alone(address: str, client: openai.OpenAI) -> None:
    alice, bob = (openai.OpenAI(base_url=address, api_key=name, max_retries=0) for name in ("alice", "bob"))
    with alice, bob:
        ids = [model.id for model in alice.models.list().data]
        assert [model_id.rpartition("/")[2] for model_id in ids] == ["base", "rag"]
        for model in (*ids, "手册/rag", "rag"):
            reply = alice.chat.completions.create(model=model, messages=ASKED, max_tokens=4)  # type: ignore[call-overload]
            assert reply.model == model
        assert bob.models.list().data == []
        for model in ("pumps/base", ids[0], "base"):
            with pytest.raises(openai.NotFoundError):
                bob.chat.completions.create(model=model, messages=ASKED)  # type: ignore[call-overload]
        with pytest.raises(openai.NotFoundError):
            client.chat.completions.create(model=ids[0], messages=ASKED)  # type: ignore[call-overload]


def test_a_prompt_that_leaves_no_room_is_the_caller_s_mistake(client: openai.OpenAI) -> None:
    for stream in (True, False):
        with pytest.raises(openai.BadRequestError, match="2048 positions"):
            client.chat.completions.create(
                model="pumps/base", messages=[{"role": "user", "content": "pump " * 3000}], stream=stream
            )


@pytest.mark.slow
def test_more_tokens_than_there_is_room_for_are_cut(client: openai.OpenAI) -> None:
    messages: Any = [{"role": "user", "content": "pump " * 970}]
    reply = client.chat.completions.create(model="pumps/base", messages=messages, max_completion_tokens=100_000)
    assert reply.usage is not None
    assert reply.usage.total_tokens <= 2048


# A scripted model: what it is shown, when it is stopped


class Scripted:
    """A generator that says fixed pieces; where told so, it waits before the last or fails after the first."""

    positions: int | None = None

    def __init__(self) -> None:
        self.shown: list[tuple[tuple[Message, ...], int, bool, tuple[str, ...]]] = []
        self.pieces = ["The pressure ", "is 12 bar", "."]
        self.truncated = False
        self.slow: threading.Event | None = None
        self.fails: Exception | None = None
        self.begun = threading.Event()
        self.ended = threading.Event()

    def prompt(self, conversation: tuple[Message, ...]) -> str:
        return " ".join(message.content for message in conversation)

    def count(self, text: str) -> int:
        return len(text.split())

    def stream(
        self, conversation: Any, limit: int, reporter: Reporter, *, adapter: bool, stop: Any
    ) -> Iterator[str | Generated]:
        self.shown.append((tuple(conversation), limit, adapter, tuple(stop)))
        try:
            self.begun.set()
            yield self.pieces[0]
            if self.fails is not None:
                raise self.fails
            while self.slow is not None and not self.slow.wait(0.01):
                reporter.check()
            yield from self.pieces[1:]
        finally:
            self.ended.set()
        text = "".join(self.pieces)
        yield Generated(text=text, tokens=7, seconds=0.2, seconds_to_first_token=0.1, truncated=self.truncated)


@pytest.fixture
def scripted() -> Scripted:
    return Scripted()


@pytest.fixture
def app(tiny: Settings, scripted: Scripted) -> Iterator[ASGIApp]:
    desks = Desks(tiny)
    yield app_of(desks, Answerers(lambda settings, adapter: scripted))  # type: ignore[arg-type, return-value]
    desks.close()


def post(app: ASGIApp, body: Any, path: str = "/v1/chat/completions") -> httpx.Response:
    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=True)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            return await client.post(path, content=raw)

    return asyncio.run(send())


def request(**changes: Any) -> dict[str, Any]:
    return {"model": "pumps/base", "messages": ASKED} | changes


def events(response: httpx.Response) -> list[Any]:
    lines = [line.removeprefix("data: ") for line in response.text.split("\n\n") if line]
    return [line if line == "[DONE]" else json.loads(line) for line in lines]


def test_a_whole_reply(app: ASGIApp, scripted: Scripted) -> None:
    reply = post(app, request(model="pumps/tuned+rag")).json()
    assert reply["object"] == "chat.completion"
    (choice,) = reply["choices"]
    assert choice["message"]["content"] == "The pressure is 12 bar."
    assert choice["finish_reason"] == "stop"
    (citation,) = choice["message"]["citations"]
    assert (citation["document"], citation["page"]) == ("pump.md", 3)
    assert "12 bar" in citation["quote"]
    assert reply["usage"]["completion_tokens"] == 7
    assert scripted.shown[0][2]


def test_a_stream(app: ASGIApp, scripted: Scripted) -> None:
    scripted.truncated = True
    response = post(app, request(model="pumps/rag", stream=True))
    assert response.headers["content-type"].startswith("text/event-stream")
    *chunks, done = events(response)
    assert done == "[DONE]"
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    assert deltas[0] == {"role": "assistant", "content": ""}
    assert [delta["content"] for delta in deltas[1:-1]] == scripted.pieces
    assert [citation["document"] for citation in deltas[-1]["citations"]] == ["pump.md"]
    assert chunks[-1]["choices"][0]["finish_reason"] == "length"
    assert all("usage" not in chunk for chunk in chunks)
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}


def test_the_conversation_reaches_the_arms_without_retrieval(app: ASGIApp, scripted: Scripted) -> None:
    parts = [{"type": "text", "text": "What is the rated "}, {"type": "text", "text": "pressure?"}]
    messages = [
        {"role": "developer", "content": "Be terse."},
        {"role": "user", "content": "Hello", "name": "ann"},
        {"role": "assistant", "content": "Hi"},
        {"role": "user", "content": parts},
    ]
    for model in ("pumps/base", "pumps/rag"):
        post(app, request(model=model, messages=messages, max_tokens=9, stop="\n", temperature=1.7, seed=3))
    base, rag = scripted.shown
    assert [(m.role, m.content) for m in base[0]] == [
        ("system", "Be terse."),
        ("user", "Hello"),
        ("assistant", "Hi"),
        ("user", "What is the rated pressure?"),
    ]
    assert base[1:] == (9, False, ("\n",))
    assert "Be terse." not in [m.content for m in rag[0]]
    assert "12 bar" in rag[0][-1].content


@pytest.mark.parametrize(
    ("changes", "limit"),
    [
        ({}, 256),
        ({"max_tokens": 5}, 5),
        ({"max_tokens": 5, "max_completion_tokens": 6}, 6),
        ({"max_tokens": 9**9}, 4096),
    ],
)
def test_limits_of_tokens(app: ASGIApp, scripted: Scripted, changes: dict[str, int], limit: int) -> None:
    assert post(app, request(**changes)).status_code == 200
    assert scripted.shown[0][1] == limit


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"n": 2}, "n"),
        ({"n": 0}, "n"),
        ({"tools": [{"type": "function"}]}, "tools"),
        ({"functions": [{"name": "f"}]}, "tools"),
        ({"logprobs": True}, "logprobs"),
        ({"audio": {"voice": "x"}}, "audio"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": "5"}, "max_tokens"),
        ({"stream": "yes"}, "stream"),
        ({"stop": ["a"] * 5}, "stop"),
        ({"stop": ""}, "stop"),
        ({"model": None}, "model"),
        ({"messages": []}, "messages"),
        ({"messages": "hello"}, "messages"),
        ({"messages": [{"role": "user", "content": " "}]}, "messages"),
        ({"messages": [{"role": "user", "content": None}]}, "messages"),
        ({"messages": [*ASKED, {"role": "assistant", "content": "12"}]}, "messages"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages.0.role"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, None),
        ({"messages": [{"role": "user", "content": "a" * 33_000}]}, "messages"),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(app: ASGIApp, changes: dict[str, Any], param: str | None) -> None:
    response = post(app, request(**changes))
    error = response.json()["error"]
    assert response.status_code == 400
    assert error["type"] == "invalid_request_error"
    assert param is None or error["param"] == param
    assert error["message"]


@pytest.mark.parametrize(
    "changes",
    [
        {"n": 1, "tools": [], "logprobs": False, "response_format": {"type": "text"}, "stop": None},
        {"temperature": "hot", "top_p": None, "logit_bias": 3, "user": {}, "no_such_parameter": [1]},
        {"stream": None, "stream_options": None, "max_tokens": None, "tool_choice": "none"},
    ],
)
def test_the_rest_is_ignored(app: ASGIApp, changes: dict[str, Any]) -> None:
    assert post(app, request(**changes)).status_code == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"null", 400),
        (b"\xff\xfe", 400),
        (b"[" * 100_000, 400),
        (b'{"model": "pumps/base", "messages": [{"role": "user", "content": "\\ud800"}]}', 400),
        (b'{"model": "pumps/base", "messages": [{"role": "user", "content": "a\\u0000b"}]}', 200),
        (b'{"model": "\\u0000/base", "messages": [{"role": "user", "content": "a"}]}', 404),
        (json.dumps(request(max_tokens=1)).encode().replace(b": 1}", b": 1" + b"0" * 5000 + b"}"), 400),
        (b" " * (LARGEST_BODY + 1), 413),
    ],
)
def test_strange_bodies(app: ASGIApp, body: bytes, status: int) -> None:
    response = post(app, body)
    assert response.status_code == status
    assert status == 200 or response.json()["error"]["message"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
TURNS = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["system", "user", "assistant", "developer", "tool"]) | JSON},
        optional={
            "content": st.text(max_size=20) | st.lists(st.fixed_dictionaries({"type": JSON, "text": JSON})) | JSON
        },
    ),
    max_size=3,
)
FIELDS = dict.fromkeys(
    ("stream_options", "max_tokens", "max_completion_tokens", "stop", "n", "tools", "response_format"), JSON
)
REQUESTS = st.fixed_dictionaries(
    {
        "model": st.sampled_from(["pumps/base", "pumps/rag", "bare/tuned"]) | JSON,
        "messages": st.just(ASKED) | TURNS | JSON,
    },
    optional={"stream": st.booleans() | JSON, **FIELDS},
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(REQUESTS | JSON)
def test_no_body_is_the_server_s_mistake(app: ASGIApp, body: Any) -> None:
    response = post(app, json.dumps(body).encode())
    assert response.status_code in {200, 400, 404}
    if response.status_code != 200:
        assert set(response.json()["error"]) == {"message", "type", "param", "code"}
    elif response.headers["content-type"].startswith("text/event-stream"):
        assert events(response)[-1] == "[DONE]"


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.binary(max_size=60))
def test_no_bytes_are_the_server_s_mistake(app: ASGIApp, body: bytes) -> None:
    assert post(app, body).status_code == 400


def test_the_server_s_own_mistakes_keep_the_shape(
    app: ASGIApp, scripted: Scripted, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Desk, "retriever", lambda self, project: 1 / 0)
    response = post(app, request(model="pumps/rag"))
    assert response.status_code == 500
    assert response.json()["error"]["type"] == "server_error"
    assert "zero" not in response.text
    assert "ZeroDivisionError" in caplog.text
    scripted.fails = WorkFailedError("the accelerator went away")
    *_, told, done = events(post(app, request(stream=True)))
    assert (told["error"]["message"], done) == ("the accelerator went away", "[DONE]")


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_goes_away_stops_the_model(app: ASGIApp, scripted: Scripted, stream: bool) -> None:
    scripted.slow = threading.Event()
    with serving(app) as url, httpx.Client(timeout=SECONDS) as client:
        with asked_raw(url, request(stream=stream)) as raw:
            if stream:
                assert raw.recv(1), "it comes in pieces"
            assert scripted.begun.wait(SECONDS)
            assert not scripted.ended.is_set()
        assert scripted.ended.wait(SECONDS), "the model goes on for nobody"
        scripted.slow = None
        assert client.post(f"{url}/chat/completions", json=request()).status_code == 200


def test_a_client_that_goes_away_gives_up_its_place(tiny: Settings, scripted: Scripted) -> None:
    scripted.slow = threading.Event()
    desks = Desks(tiny)
    answerers = Answerers(lambda settings, adapter: scripted)  # type: ignore[arg-type, return-value]
    with serving(app_of(desks, answerers)) as url, httpx.Client(timeout=SECONDS) as client:
        with asked_raw(url, request(stream=True)):
            assert scripted.begun.wait(SECONDS)
            with asked_raw(url, request(stream=True)):
                until(lambda: answerers.waiting == 1)
            until(lambda: answerers.waiting == 0)
        assert scripted.ended.wait(SECONDS)
        scripted.slow = None
        assert client.post(f"{url}/chat/completions", json=request()).status_code == 200
    desks.close()
    assert len(scripted.shown) == 2


@contextmanager
def asked_raw(url: str, body: Any) -> Iterator[socket.socket]:
    """Ask over a connection of its own, which ends with the block, whatever has been answered by then."""
    place, content = urlsplit(url), json.dumps(body).encode()
    with socket.create_connection((str(place.hostname), int(place.port or 0)), timeout=SECONDS) as raw:
        head = f"POST {place.path}/chat/completions HTTP/1.1\r\nHost: {place.netloc}\r\n"
        raw.sendall(f"{head}Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n".encode())
        raw.sendall(content)
        yield raw


def test_too_many_at_once_are_told_to_come_again(
    tiny: Settings, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.web.openai_api.LONGEST_LINE", 1)
    scripted.slow = threading.Event()
    app = app_of(Desks(tiny), Answerers(lambda settings, adapter: scripted))  # type: ignore[arg-type, return-value]
    with serving(app) as url, openai.OpenAI(base_url=url, api_key="none", max_retries=0) as client:
        first = client.chat.completions.create(model="pumps/base", messages=ASKED, stream=True)  # type: ignore[call-overload]
        next(iter(first))
        with pytest.raises(openai.RateLimitError, match="ask again"):
            client.chat.completions.create(model="pumps/base", messages=ASKED)  # type: ignore[call-overload]
        scripted.slow.set()
        assert "".join(chunk.choices[0].delta.content or "" for chunk in first) == "The pressure is 12 bar."
