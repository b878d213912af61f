"""Endpoints that are none, that never end, or that repeat what is secret."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from agent.errors import InputError
from agent.progress import Silent
from agent.settings import Settings
from tests.tiny_model import build_tiny_model
from tests.tools.benchmark.conftest import KEY
from tests.tools.benchmark.test_endpoint_load import measured, only
from tests.tools.benchmark.timed_server import Timing, timed
from tools.benchmark.addresses import base_address, without_credentials
from tools.benchmark.endpoint_load import LoadRequest, load
from tools.benchmark.hiding import Secrets
from tools.benchmark.streamed import Client, Failed

pytestmark = pytest.mark.usefixtures("key")


@pytest.mark.parametrize("fault", ["drip", "drip_head"])
def test_a_server_that_trickles_without_a_line_feed_is_a_timeout(settings: Settings, fault: str) -> None:
    with timed(Timing(faults=("", fault))) as server:
        began = time.monotonic()
        one = only(measured(settings, server, seconds=3.0, rounds=1))
    assert time.monotonic() - began < 300  # it would trickle for ever
    assert one.errors == {"timeout": 1}
    assert one.ttft is not None


def test_a_server_that_floods_is_malformed(settings: Settings) -> None:
    with timed(Timing(faults=("", "flood"))) as server:
        one = only(measured(settings, server, rounds=1))
        with Client(server.url, "timed") as client:
            failed = next(one for one in (client.ask("Hello", 16) for _ in range(2)) if isinstance(one, Failed))
    assert one.errors == {"malformed": 1}
    assert failed.why == "a line of more than 1 MiB"


def test_separators_within_a_json_text_end_no_line(settings: Settings) -> None:
    with timed(Timing(word=" \u2028\u0085\x0c")) as server:
        one = only(measured(settings, server))
    assert (one.errors, one.output_tokens) == ({}, 16)


@pytest.mark.parametrize("claim", [10**400, 10**12, 17, True, 0, -3, "16", 16.5], ids=lambda one: f"{one!s:.13}")
def test_a_count_that_no_such_reply_has_is_not_used_and_said(settings: Settings, claim: Any) -> None:
    with timed(Timing(claims={"completion_tokens": claim})) as server:
        ended = measured(settings, server)
    one = only(ended)
    assert (one.output_tokens, one.tokens_counted, one.prompts_counted) == (16, "estimate", "server")
    assert one.tokens_per_s is not None
    assert one.tokens_per_s < 32 / 0.02
    assert one.tpot_ms is not None
    assert [warning for warning in ended.result.warnings if "(completion_tokens)" in warning]
    assert [warning for warning in ended.result.warnings if "a chunk is taken for a token" in warning]


@pytest.mark.parametrize("claim", [10**400, 10**12, True, 0], ids=lambda one: f"{one!s:.13}")
def test_a_count_that_no_such_prompt_has_is_not_used_and_said(settings: Settings, claim: Any) -> None:
    with timed(Timing(claims={"prompt_tokens": claim})) as server:
        ended = measured(settings, server)
    one = only(ended)
    assert (one.tokens_counted, one.prompts_counted) == ("server", "estimate")
    assert one.prompt_tokens == pytest.approx(64, abs=1)
    assert [warning for warning in ended.result.warnings if "(prompt_tokens)" in warning]
    assert [warning for warning in ended.result.warnings if "1.3 a word" in warning]


def test_prompts_that_nobody_counts_are_an_estimate_beside_counted_replies(settings: Settings) -> None:
    with timed(Timing(claims={"prompt_tokens": None})) as server:
        ended = measured(settings, server)
    one = only(ended)
    assert (one.tokens_counted, one.prompts_counted) == ("server", "estimate")
    assert [warning for warning in ended.result.warnings if "1.3 a word" in warning]
    assert not [warning for warning in ended.result.warnings if "that no such request has" in warning]


def test_a_tokenizer_counts_the_prompts_that_the_server_does_not(settings: Settings, tmp_path: Path) -> None:
    folder = build_tiny_model(tmp_path / "tiny")
    with timed(Timing(claims={"prompt_tokens": None})) as server:
        ended = measured(settings, server, tokenizer=str(folder))
    one = only(ended)
    assert (one.tokens_counted, one.prompts_counted) == ("server", "tokenizer")
    assert [warning for warning in ended.result.warnings if str(folder) in warning]


def test_the_key_goes_to_the_server_and_nowhere_else(settings: Settings) -> None:
    with timed(Timing(faults=("500",))) as server:
        result = measured(settings, server).result
    assert set(server.keys) == {f"Bearer {KEY}"}
    assert KEY not in result.model_dump_json()


def test_a_server_that_repeats_the_key_shows_it_to_nobody(settings: Settings) -> None:
    with timed(Timing(refuses_all=True)) as server:
        for model in ("", "m"):
            with pytest.raises(InputError, match=r"Incorrect API key provided: Bearer \[key\]") as caught:
                load(settings, LoadRequest(url=server.url, model=model), Silent())
            assert KEY not in str(caught.value)
        assert set(server.keys) == {f"Bearer {KEY}"}


@pytest.mark.parametrize("fault", ["echo", "echo_in_stream", "echo_malformed"])
def test_a_repeated_key_is_in_no_failure(fault: str) -> None:
    with timed(Timing(faults=(fault,))) as server, Client(server.url, "timed") as client:
        failed = client.ask("Hello", 16)
    assert isinstance(failed, Failed)
    assert "[key]" in failed.why
    assert KEY not in failed.why


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://127.0.0.1:9/v1", "answers no request"),
        ("ftp://host/v1", "no address"),
        ("host:8000", "no address"),
        ("http://[::1", "no address"),
        ("http://host:80x0/v1", "no address"),
        ("http://host:99999/v1", "no address"),
        ("http://ho\x00st/v1", "no address"),
        ("ftp://me:pw@host/v1", "no address"),
        ("http://me:p/w@host:x/v1?token=pw", "no address"),
        ("me:pw@host", "no address"),
    ],
)
def test_what_is_no_server_is_told_with_a_mend(settings: Settings, url: str, told: str) -> None:
    with pytest.raises(InputError, match=told) as caught:
        load(settings, LoadRequest(url=url, model="m"), Silent())
    assert caught.value.mend
    assert caught.value.exit_code == 2
    for part in ("me:", "pw", "p/w", "token"):
        assert part not in str(caught.value)


def test_errors_are_told_in_chinese(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    chinese = settings.model_copy(update={"lang": "zh"})
    said: list[str] = []
    with timed(Timing(models=("a", "b"))) as several, timed(Timing(refuses_all=True)) as refusing:
        for url, model in (("ftp://host", ""), (several.url, ""), (refusing.url, ""), (refusing.url, "m")):
            with pytest.raises(InputError) as caught:
                load(chinese, LoadRequest(url=url, model=model), Silent())
            said += [caught.value.what, caught.value.mend]
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(InputError) as caught:
        load(chinese, LoadRequest(url="http://127.0.0.1:9/v1", model="m"), Silent())
    said += [caught.value.what, caught.value.mend]
    assert [one for one in said if not any("\u4e00" <= letter <= "\u9fff" for letter in one)] == []


@pytest.mark.parametrize(
    ("given", "address", "shown"),
    [
        ("http://host:8000", "http://host:8000/v1", "http://host:8000/v1"),
        ("http://host:8000/", "http://host:8000/v1", "http://host:8000/v1"),
        ("https://me:pw@host/api/v3/?x=1", "https://me:pw@host/api/v3", "https://host/api/v3"),
        ("http://[::1]:8000/v1", "http://[::1]:8000/v1", "http://[::1]:8000/v1"),
    ],
)
def test_addresses(given: str, address: str, shown: str) -> None:
    assert base_address(given) == address
    assert without_credentials(base_address(given)) == shown


@pytest.mark.parametrize(
    ("key", "said", "shown"),
    [
        ('sk-"quoted"', '{"key": "sk-\\"quoted\\""}', '{"key": "[key]"}'),
        ("sk-ab/cdef", "/v1?key=sk-ab%2Fcdef", "/v1?key=[key]"),
        ("none", "none of them is nonesuch", "[key] of them is nonesuch"),
        ("", "nothing to hide", "nothing to hide"),
    ],
)
def test_secrets_are_hidden_however_they_are_written(key: str, said: str, shown: str) -> None:
    assert Secrets(key).hidden(said) == shown


def test_a_password_of_the_address_is_a_secret_too() -> None:
    hidden = Secrets("", "http://me:p%40ssword@host/v1").hidden("Basic bWU6cEBzc3dvcmQ= is p@ssword")
    assert hidden == "Basic [key] is [key]"


def test_a_key_is_not_cut_in_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-" + "k" * 400)
    with timed(Timing(refuses_all=True)) as server, Client(server.url) as client:
        failed = client.models()
    assert isinstance(failed, Failed)
    assert "kkk" not in failed.why
