"""Many wordings are found at once: those that stand in a text, and no others."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path

import pytest

from agent.errors import InputError
from agent.records.pairs import Message
from knowledge.files import write_records
from tools.sought import Sought, leave_out, records_on

PUMP = "The pump of the plant runs hot."
FACTORY = "桑给巴尔工厂的水泵运行时温度很高。"
QUOTED = 'Press "Start"\nand wait nine seconds.'


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ()),
        ("short", ()),
        (PUMP, (PUMP,)),
        (f"{FACTORY}{PUMP}", (PUMP, FACTORY)),
        (f"x{PUMP[:-1]}", ()),
        (PUMP[1:], ()),
        (f"他说：{FACTORY}", (FACTORY,)),
        (json.dumps({"said": FACTORY}), (FACTORY,)),
        (json.dumps({"said": QUOTED}), (QUOTED,)),
        (QUOTED, (QUOTED,)),
        ("the pump of the plant runs hot.", ()),
        (f"\udcff {PUMP}", (PUMP,)),
    ],
)
def test_what_stands_in_a_text(text: str, found: tuple[str, ...]) -> None:
    sought = Sought((PUMP, FACTORY, QUOTED))
    assert sought.found(text) == found
    assert sought.stands_in(text) == bool(found)


def test_it_finds_what_a_plain_search_finds() -> None:
    chance = random.Random(3)
    letters = "ab 水泵é"
    text = "".join(chance.choices(letters, k=20_000))
    words = [text[at : at + chance.randrange(8, 40)] for at in chance.sample(range(19_000), 100)]
    words += ["".join(chance.choices(letters, k=chance.randrange(8, 14))) for _ in range(200)]
    assert set(Sought(words).found(text)) == {word for word in words if word in text}


@pytest.mark.parametrize("filler", ["." * 40, " " * 40, "Maintenance of the pump and the valve of the plant"])
def test_lines_that_share_most_of_their_words_are_looked_for_as_fast_as_others(filler: str) -> None:
    words = [f"Part {n:03} {filler} {1000 + n}" for n in range(300)]
    texts = [f"{filler} {filler}, chapter {n}.\n" * 20 for n in range(400)]
    start = time.thread_time()
    sought = Sought(words)
    assert not any(sought.stands_in(text) for text in texts)
    assert sought.found(f"{texts[0]}{words[7]}{texts[1]}") == (words[7],)
    assert time.thread_time() - start < 4


def test_too_short_a_wording_is_refused() -> None:
    with pytest.raises(ValueError, match="too short"):
        Sought(("seven b",))
    assert not Sought(())
    assert Sought(()).found(PUMP) == ()


def test_lines_of_a_file_are_told_across_its_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.sought._BLOCK", 64)
    path = tmp_path / "lines.jsonl"
    lines = [f"nothing {number} " + "y" * (number % 90) for number in range(200)]
    for number in (0, 17, 18, 199):
        lines[number] += PUMP
    lines[40] += "doc-1234"
    path.write_text("\n".join(lines), encoding="utf-8")
    sought = Sought((PUMP,))
    assert sought.lines(path) == {0, 17, 18, 199}
    assert sought.lines(path, b"doc-1234") == {0, 17, 18, 40, 199}
    assert Sought(()).lines(path, b"doc-1234") == {40}
    assert sought.lines(tmp_path / "none") == set()
    assert sought.stands_in_file(path)
    assert not Sought((FACTORY,)).stands_in_file(path)


def test_a_wording_over_two_lines_is_found_wherever_the_file_is_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log.txt"
    path.write_text(f"first\n{QUOTED}\nlast\n", encoding="utf-8")
    for block in range(1, 50):
        monkeypatch.setattr("tools.sought._BLOCK", block)
        assert Sought((QUOTED,)).stands_in_file(path)


def test_only_suspects_are_parsed_and_the_others_stay_to_the_byte(tmp_path: Path) -> None:
    path = tmp_path / "messages.jsonl"
    write_records(path, [Message(role="user", content=text) for text in ("a", "b", "c", "b")])
    path.write_bytes(path.read_bytes() + b"no json\n")
    before = path.read_bytes().splitlines()
    assert [one.content for one in records_on(path, Message, {1, 2})] == ["b", "c"]
    assert leave_out(path, Message, {1, 2}, lambda one: one.content == "b") == 1
    assert path.read_bytes().splitlines() == [before[0], *before[2:]]
    written = path.stat().st_mtime_ns
    assert leave_out(path, Message, {0}, lambda one: False) == 0
    assert leave_out(tmp_path / "none", Message, set(), lambda one: True) == 0
    with pytest.raises(InputError) as caught:
        leave_out(path, Message, {3}, lambda one: True)
    assert caught.value.where == "messages.jsonl, line 4"
    assert path.stat().st_mtime_ns == written
