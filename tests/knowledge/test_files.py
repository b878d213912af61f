"""Files are whole or not there, and a wrong line is named."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from agent.errors import InputError, NotFoundError
from agent.records.pairs import Message
from knowledge.files import (
    drop_parts,
    read_record,
    read_records,
    sha256_of,
    state_of,
    write_bytes_atomically,
    write_json,
    write_record,
    write_records,
    write_text,
)

HELLO = Message(role="user", content="Hello, 你好\n")
NOBODY = 2**22 + 1
"""No process has this id: Linux gives smaller ones."""


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_records_read_back_as_written(tmp_path: Path) -> None:
    write_record(tmp_path / "new" / "one.json", HELLO)
    assert read_record(tmp_path / "new" / "one.json", Message) == HELLO
    write_records(tmp_path / "many.jsonl", [HELLO, HELLO])
    assert list(read_records(tmp_path / "many.jsonl", Message)) == [HELLO, HELLO]
    assert (tmp_path / "many.jsonl").read_text(encoding="utf-8").count("\n") == 2
    assert "你好" in (tmp_path / "many.jsonl").read_text(encoding="utf-8")
    assert list(read_records(tmp_path / "none.jsonl", Message)) == []


def test_json_keeps_order_and_characters(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"z": "资料", "a": 1})
    assert (tmp_path / "a.json").read_text(encoding="utf-8") == '{\n  "z": "资料",\n  "a": 1\n}\n'


def test_a_failed_write_leaves_the_old_content_and_no_rest(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "old")

    def broken() -> Iterator[bytes]:
        yield b"new, but only half"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_bytes_atomically(path, broken())
    assert path.read_text() == "old"
    assert names(tmp_path) == {"a.txt"}


def test_a_place_that_cannot_be_written_to_is_said_with_its_mend(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for path in (tmp_path / "file" / "a.txt", tmp_path / "file" / "deeper" / "a.txt"):
        with pytest.raises(InputError, match=r"nothing can be written there.*file.* - name a folder"):
            write_text(path, "new")

    def full() -> Iterator[bytes]:
        yield b"half"
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        write_bytes_atomically(tmp_path / "a.txt", full())


def test_the_data_is_synced_before_the_rename_and_the_folder_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.txt"
    steps: list[str] = []
    real_sync, real_replace = os.fsync, Path.replace

    def sync(descriptor: int) -> None:
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        steps.append("sync folder" if is_folder else "sync file")
        real_sync(descriptor)

    def replace(self: Path, target: Path) -> Path:
        steps.append("rename")
        return real_replace(self, target)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(Path, "replace", replace)
    write_text(path, "data")
    assert steps == ["sync file", "rename", "sync folder"]


def test_a_file_has_the_mode_the_user_asks_for(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_text(tmp_path / "a.txt", "private to the group")
    finally:
        os.umask(before)
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('{"role": "user"}', "content: Field required"),
        ('{"role": "robot", "content": "x"}', "role:"),
        ('{"role": "user", "content": "x", "mood": 1}', "mood:"),
        ("no json", "document: Invalid JSON"),
    ],
)
def test_a_wrong_line_is_named_by_file_line_and_field(tmp_path: Path, line: str, told: str) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_text(f"{HELLO.line()}\n\n{line}\n", encoding="utf-8")
    with pytest.raises(InputError, match=told) as caught:
        list(read_records(path, Message))
    assert caught.value.where == "pairs.jsonl, line 3"
    path.write_text(line, encoding="utf-8")
    with pytest.raises(InputError, match=told):
        read_record(path, Message)


def test_what_killed_processes_left_is_deleted_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "inside").mkdir()
    for name in (f".a.jsonl.{NOBODY}-0123abcd.part", f"inside/.b.json.{NOBODY}-0123abcd.part"):
        (tmp_path / name).write_text("half", encoding="utf-8")
    kept = {f".c.json.{os.getpid()}-0123abcd.part", "mine.part", ".d.json.part", "inside"}
    for name in kept - {"inside"}:
        (tmp_path / name).write_text("whole", encoding="utf-8")
    assert drop_parts(tmp_path) == 2
    assert names(tmp_path) == kept
    assert names(tmp_path / "inside") == set()


def test_what_was_left_by_a_process_whose_id_another_has_now_is_deleted(tmp_path: Path) -> None:
    left, written = (tmp_path / f".{name}.json.{os.getpid()}-0123abcd.part" for name in ("left", "written"))
    for path in (left, written):
        path.write_text("half", encoding="utf-8")
    before = psutil.Process().create_time() - 3600
    os.utime(left, (before, before))
    assert drop_parts(tmp_path) == 1
    assert names(tmp_path) == {written.name}


def test_a_file_of_a_process_that_tells_nothing_of_itself_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(_: int) -> None:
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil, "Process", silent)
    (tmp_path / f".a.json.{NOBODY}-0123abcd.part").touch()
    assert drop_parts(tmp_path) == 0


def test_a_file_written_anew_in_the_same_moment_has_another_state(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    assert state_of(path) == (0, 0, 0)
    states = set()
    for text in ("one", "two"):
        write_text(path, text)
        os.utime(path, (1, 1))
        states.add(state_of(path))
    assert len(states) == 2


def test_a_missing_record_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no such file"):
        read_record(tmp_path / "none.json", Message)


def test_the_hash_is_of_the_bytes(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "abc")
    assert sha256_of(tmp_path / "a.txt") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
