"""Replies from an endpoint: form of the request, retries, refusals, cancelling."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import httpx
import openai
import pytest

from agent.errors import CancelledError, InputError, WorkFailedError
from agent.progress import Silent
from agent.records.pairs import Message
from tools.endpoint import EndpointGenerator, endpoint_generator

ASKED = ((Message(role="user", content="压力？"),),)
REQUEST = httpx.Request("POST", "http://127.0.0.1/v1/chat/completions")


def answer(text: str | None, reason: str = "stop", tokens: int = 3) -> SimpleNamespace:
    choice = SimpleNamespace(message=SimpleNamespace(content=text), finish_reason=reason)
    return SimpleNamespace(choices=[choice], usage=SimpleNamespace(completion_tokens=tokens))


def status(kind: type[openai.APIStatusError], code: int, **headers: str) -> openai.APIStatusError:
    return kind("said no", response=httpx.Response(code, headers=headers, request=REQUEST), body=None)


class Client:
    """Plays back answers and errors."""

    def __init__(self, *script: object) -> None:
        self.script = list(script)
        self.requests: list[dict[str, Any]] = []
        self.chat = SimpleNamespace(completions=SimpleNamespace(create=self.create))

    def create(self, **request: Any) -> object:
        self.requests.append(request)
        step = self.script.pop(0)
        if isinstance(step, Exception):
            raise step
        return step


def made(client: Client, naps: list[float] | None = None) -> EndpointGenerator:
    return EndpointGenerator("qwen", client=client, sleep=(naps if naps is not None else []).append)


def test_a_reply_is_asked_for_greedily_and_with_its_schema() -> None:
    client = Client(answer(" 12 bar \n", "length"))
    (reply,) = made(client).generate(ASKED, 20, schema={"type": "object"})
    assert (reply.text, reply.tokens, reply.truncated, reply.seconds_to_first_token) == ("12 bar", 3, True, None)
    (request,) = client.requests
    assert request["messages"] == [{"role": "user", "content": "压力？"}]
    assert request["temperature"] == 0
    assert request["max_tokens"] == 20
    assert request["response_format"]["json_schema"]["schema"] == {"type": "object"}


def test_without_a_schema_none_is_sent_and_an_empty_reply_is_empty() -> None:
    client = Client(answer(None))
    assert made(client).generate(ASKED, 5)[0].text == ""
    assert "response_format" not in client.requests[0]


def test_passing_failures_are_tried_again_with_growing_pauses() -> None:
    naps: list[float] = []
    client = Client(openai.APIConnectionError(request=REQUEST), status(openai.InternalServerError, 503), answer("ok"))
    assert made(client, naps).generate(ASKED, 5)[0].text == "ok"
    assert 0.75 <= naps[0] <= 1
    assert 1.5 <= sum(naps[1:]) <= 2.5


def test_a_request_keeps_its_key_until_the_endpoint_itself_fails() -> None:
    lost, failed = openai.APIConnectionError(request=REQUEST), status(openai.InternalServerError, 500)
    client, after_a_kill = Client(lost, failed, answer("ok")), Client(answer("ok"), answer("ok"))
    made(client).generate(ASKED, 5)
    made(after_a_kill).generate((*ASKED, (Message(role="user", content="温度？"),)), 5)
    first, again, anew = (request["extra_headers"]["Idempotency-Key"] for request in client.requests)
    same, other = (request["extra_headers"]["Idempotency-Key"] for request in after_a_kill.requests)
    assert first == again == same
    assert len({first, anew, other}) == 3


def test_the_endpoints_own_pause_is_kept() -> None:
    naps: list[float] = []
    client = Client(status(openai.RateLimitError, 429, **{"retry-after": "7"}), answer("ok"))
    made(client, naps).generate(ASKED, 5)
    assert sum(naps) == pytest.approx(7)


def test_an_endpoint_that_keeps_failing_is_given_up() -> None:
    client = Client(*[openai.APITimeoutError(request=REQUEST)] * 5)
    with pytest.raises(WorkFailedError, match="failed 5 times"):
        made(client).generate(ASKED, 5)


@pytest.mark.parametrize(
    ("kind", "code"), [(openai.AuthenticationError, 401), (openai.NotFoundError, 404), (openai.BadRequestError, 400)]
)
def test_a_refusal_is_the_users_to_mend(kind: type[openai.APIStatusError], code: int) -> None:
    client = Client(status(kind, code))
    with pytest.raises(InputError, match="OPENAI_BASE_URL"):
        made(client).generate(ASKED, 5)
    assert len(client.requests) == 1


def test_no_choice_is_a_failure() -> None:
    with pytest.raises(WorkFailedError, match="no choice"):
        made(Client(SimpleNamespace(choices=[], usage=None))).generate(ASKED, 5)


def test_cancel_ends_a_pause() -> None:
    class Cancelled(Silent):
        checks = 0

        def check(self) -> None:
            self.checks += 1
            if self.checks > 1:
                raise CancelledError("cancelled")

    client = Client(status(openai.RateLimitError, 429, **{"retry-after": "30"}), answer("never"))
    with pytest.raises(CancelledError):
        made(client).generate(ASKED, 5, Cancelled())
    assert len(client.requests) == 1


def test_an_endpoint_has_no_tuned_arm() -> None:
    with pytest.raises(InputError, match="no tuned arm"):
        made(Client()).generate(ASKED, 5, adapter=True)


def test_settings_name_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "any")
    assert endpoint_generator("openai:qwen3-8b")._model == "qwen3-8b"
    for wrong in ("qwen3-8b", "openai:", "rules"):
        with pytest.raises(InputError, match="openai:<model>"):
            endpoint_generator(wrong)


def test_without_a_key_the_mend_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_ADMIN_KEY", raising=False)
    with pytest.raises(InputError, match="OPENAI_API_KEY"):
        endpoint_generator("openai:any")
