"""Streams: the same tokens and text as whole replies, whole characters only, stop strings, stopping in between."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.errors import CancelledError, InputError
from agent.records.pairs import Message
from agent.settings import Settings
from tests.fakes import RecordingReporter
from tests.tiny_model import build_tiny_model
from tools.decoding import Step
from tools.generated import Generated
from tools.generation import Generator, load_generator
from tools.streaming import Edges, Letters, spoken

QUESTIONS = ("What is the rated pressure?", "资料中的压力是多少？", "Hi", "过滤器多久更换一次 🙂?")
END = 0


def asked(question: str) -> tuple[Message, ...]:
    return (Message(role="system", content="Answer briefly."), Message(role="user", content=question))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def generator(folder: Path) -> Generator:
    return load_generator(Settings(base_model=str(folder), threads=1))


def parts(events: Iterable[str | Generated]) -> tuple[list[str], Generated]:
    *pieces, reply = events
    assert isinstance(reply, Generated)
    return [piece for piece in pieces if isinstance(piece, str)], reply


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("limit", [1, 2, 40])
def test_a_stream_says_what_a_whole_reply_says(generator: Generator, question: str, limit: int) -> None:
    pieces, reply = parts(generator.stream(asked(question), limit))
    (whole,) = generator.generate([asked(question)], limit)
    assert "".join(pieces) == reply.text == whole.text
    assert (reply.tokens, reply.truncated) == (whole.tokens, whole.truncated)
    assert all(pieces)


def test_a_stream_tells_its_times(generator: Generator) -> None:
    _, reply = parts(generator.stream(asked("Hi"), 6))
    assert reply.seconds_to_first_token is not None
    assert 0 < reply.seconds_to_first_token <= reply.seconds


def test_each_arm_streams(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch
    from peft import LoraConfig, get_peft_model

    from tools.models import load_model

    torch.manual_seed(1)
    lora = LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False)
    get_peft_model(load_model(folder), lora).save_pretrained(tmp_path)
    merged = load_generator(Settings(base_model=str(folder)), tmp_path)
    monkeypatch.setattr("tools.generation._room_for_copy", lambda model: False)
    switched = load_generator(Settings(base_model=str(folder)), tmp_path)
    for arms in (merged, switched):
        said = {}
        for adapter in (True, False):
            said[adapter] = parts(arms.stream(asked("Hi"), 12, adapter=adapter))[1].text
            assert said[adapter] == arms.generate([asked("Hi")], 12, adapter=adapter)[0].text
        assert said[True] != said[False]
    tuned = switched.generate([asked("Hi")], 12, adapter=True)[0].text
    left = switched.stream(asked("Hi"), 12, adapter=False)
    next(left)
    left.close()  # type: ignore[attr-defined]
    assert switched.generate([asked("Hi")], 12, adapter=True)[0].text == tuned, "a closed stream leaves the adapter off"


def test_a_stream_may_change_threads(generator: Generator) -> None:
    import torch

    events = generator.stream(asked("Hi"), 12)
    said: list[str | Generated] = []
    while not said or isinstance(said[-1], str):
        assert not torch.is_inference_mode_enabled()
        thread = threading.Thread(target=lambda: said.append(next(events)))
        thread.start()
        thread.join()
    assert parts(said)[1].text == generator.generate([asked("Hi")], 12)[0].text


def test_a_stream_is_stopped_between_tokens(generator: Generator) -> None:
    listener = RecordingReporter(cancel_after=2)
    pieces = []
    with pytest.raises(CancelledError):
        pieces.extend(generator.stream(asked("Hi"), 500, listener))
    assert listener.checks == 3


def test_a_stream_refuses_what_a_whole_reply_refuses(generator: Generator) -> None:
    with pytest.raises(InputError, match="2048 positions"):
        next(generator.stream(asked("pump " * 2400), 8))
    with pytest.raises(InputError, match="no tuned model"):
        next(generator.stream(asked("Hi"), 8, adapter=True))


def test_a_stop_string_ends_the_model_s_work(generator: Generator) -> None:
    (whole,) = generator.generate([asked("Hi")], 40)
    stop = whole.text[6:8]
    pieces, reply = parts(generator.stream(asked("Hi"), 40, stop=[stop]))
    assert "".join(pieces) == reply.text == whole.text[: whole.text.index(stop)].rstrip()
    assert reply.tokens < whole.tokens
    assert not reply.truncated


def bytewise(tokens: Sequence[int]) -> str:
    """Decode as byte-level tokenizers do; every token is a byte, and `END` is special."""
    return bytes(token for token in tokens if token != END).decode("utf-8", errors="replace")


def steps(tokens: Sequence[int], limit: int) -> list[Step]:
    found = []
    for number, token in enumerate(tokens[:limit], start=1):
        found.append(Step(0, token, number / 10, token == END or number == limit))
        if found[-1].last:
            break
    return found


@settings(deadline=None)
@given(
    st.one_of(st.text(alphabet="a 压🙂\n"), st.text()).map(lambda text: list(text.encode()))
    | st.lists(st.integers(1, 255)),
    st.booleans(),
)
def test_any_bytes_make_the_same_text(tokens: list[int], ends: bool) -> None:
    tokens = [token for token in tokens if token != END] + [END] * ends
    pieces, reply = parts(spoken(steps(tokens, len(tokens)), bytewise, {END}))
    assert "".join(pieces) == reply.text == bytewise(tokens).strip()
    assert reply.tokens == len(tokens)
    assert reply.truncated == (not ends)


@settings(deadline=None)
@given(st.lists(st.integers(0, 383), max_size=40))
def test_any_tokens_of_the_model_make_the_same_text(generator: Generator, tokens: list[int]) -> None:
    letters = Letters(generator._decode)
    assert "".join([*map(letters.take, tokens), letters.rest()]) == generator._decode(tokens)


@settings(deadline=None)
@given(st.text(alphabet="abc \n"), st.lists(st.text(alphabet="abc \n", min_size=1, max_size=4), max_size=4))
def test_stop_strings_cut_where_the_whole_text_is_cut(text: str, stop: list[str]) -> None:
    edges = Edges(stop)
    pieces = []
    for letter in text:
        pieces.append(edges.take(letter))
        if edges.stopped:
            break
    else:
        pieces.append(edges.rest())
    # The first end, not the first beginning: a model stops as soon as one of them is complete.
    ends = min((text.find(s) + len(s) for s in stop if s in text), default=None)
    cut = None if ends is None else min(text.find(s) for s in stop if s in text[:ends])
    assert "".join(pieces) == text[:cut].strip()
    assert edges.stopped == (cut is not None)


def test_a_character_of_several_tokens_comes_whole() -> None:
    tokens = [*"压力 🙂".encode(), END]
    pieces, _ = parts(spoken(steps(tokens, 99), bytewise, {END}))
    assert pieces == ["压", "力", " 🙂"]


@pytest.mark.parametrize(
    ("text", "stop", "pieces"),
    [
        pytest.param(" ab", (), ["a", "b"], id="a leading space"),
        pytest.param("a b ", (), ["a", " b"], id="spaces wait for what follows"),
        pytest.param("xENy", ("END",), ["x", "ENy"], id="the beginning of a stop string waits"),
        pytest.param("xENDy", ("END",), ["x"], id="a stop string"),
        pytest.param("a\nb", ("\n",), ["a"], id="a line end"),
        pytest.param("END", ("END",), [], id="nothing before it"),
        pytest.param("", (), [], id="nothing"),
    ],
)
def test_pieces(text: str, stop: tuple[str, ...], pieces: list[str]) -> None:
    tokens = [*text.encode(), END]
    found, reply = parts(spoken(steps(tokens, 99), bytewise, {END}, stop))
    assert found == pieces
    assert not reply.truncated


def test_a_reply_cut_inside_a_character_shows_that() -> None:
    found, reply = parts(spoken(steps(list("a压".encode()), 3), bytewise, {END}))
    assert found == ["a", "\ufffd"]
    assert reply.truncated
