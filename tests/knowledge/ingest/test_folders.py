"""Zipped folders: names from anywhere, limits on what comes out."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from knowledge.ingest.archives import archive_of, member_name, shown_name, unpack
from knowledge.ingest.folders import Opened
from knowledge.ingest.parsed import UnreadableError
from tests.campaigns.hostile_archives import encrypted_flag, zipped


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a/b c.txt", "a/b c.txt"),
        ("../../etc/passwd", "etc/passwd"),
        ("/etc/x.txt", "etc/x.txt"),
        ("C:\\Windows\\x.txt", "Windows/x.txt"),
        ("a/./b/../c.txt", "a/b/c.txt"),
        ("a\n\x1b[31m/\u202eb.txt", "a [31m/b.txt"),
        ("", "document"),
        ("..", "document"),
        ("手册/说明.txt", "手册/说明.txt"),
        ("x" * 500 + ".txt", "x" * 196 + ".txt"),
    ],
)
def test_names_are_shown_and_lead_nowhere(name: str, shown: str) -> None:
    assert shown_name(name) == shown


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8", "big5"])
def test_names_of_old_archivers_are_understood(encoding: str) -> None:
    name = "手冊/說明.txt" if encoding == "big5" else "手册/说明.txt"
    info = zipfile.ZipInfo(name.encode(encoding).decode("cp437"))
    info.flag_bits = 0
    shown = member_name(info)
    # The bytes of a few traditional characters are simplified ones as well.
    assert shown == name or encoding == "big5"


def opened(content: bytes, folder: Path) -> list[tuple[str, str | None]]:
    (folder / "a.zip").write_bytes(content)
    container = Opened().reach(folder / "a.zip", "zip", [])
    assert container.parsed() is None
    return [(member.name, member.format) for member in container.members()]


def test_members_are_sorted_and_system_files_left_out(tmp_path: Path) -> None:
    content = zipped([
        ("b.txt", "b"), ("a/", b""), ("a/x.pdf", b""), ("__MACOSX/a.txt", b""), ("a/.hidden.md", b""),
        ("~$b.docx", b""), ("Thumbs.db", b""), ("c.exe", b""),
    ])  # fmt: skip
    assert opened(content, tmp_path) == [("a/x.pdf", "pdf"), ("b.txt", "text"), ("c.exe", None)]


def test_two_members_of_one_name_are_told_apart(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.txt", "one")
        archive.writestr("../a.txt", "three")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a.txt", "two")
    (tmp_path / "a.zip").write_bytes(buffer.getvalue())
    containers = Opened()
    container = containers.reach(tmp_path / "a.zip", "zip", [])
    found = {member.name: container.content(member.key) for member in container.members()}
    assert sorted(found) == ["a.txt", "a.txt (2)", "a.txt (3)"]
    assert sorted(found.values()) == [b"one", b"three", b"two"]
    containers.close()


def test_archives_within_archives_end(tmp_path: Path) -> None:
    inner = zipped([("b.txt", "Beta."), ("c.zip", zipped([("d.txt", "Delta.")]))])
    (tmp_path / "a.zip").write_bytes(zipped([("b.zip", inner)]))
    containers = Opened()
    (member,) = containers.reach(tmp_path / "a.zip", "zip", []).members()
    within = containers.reach(tmp_path / "a.zip", "zip", [member.key])
    assert [one.name for one in within.members()] == ["b.txt", "c.zip"]
    assert containers.reach(tmp_path / "a.zip", "zip", [member.key]) is within
    with pytest.raises(UnreadableError, match="an archive within archives"):
        containers.reach(tmp_path / "a.zip", "zip", [member.key, "1"])
    with pytest.raises(UnreadableError, match="no archive"):
        containers.reach(tmp_path / "a.zip", "text", [])


def test_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("knowledge.ingest.folders.MOST_FILES", 1)
    with pytest.raises(UnreadableError, match="more than 1 files in it: split the archive"):
        opened(zipped([("a.txt", "a"), ("b.txt", "b")]), tmp_path)
    with archive_of(zipped([("a.txt", "abcdef")])) as archive:
        assert unpack(archive, "a.txt") == b"abcdef"
        with pytest.raises(UnreadableError, match="unpacks to a part larger"):
            unpack(archive, "a.txt", 3)
        with pytest.raises(UnreadableError, match="a part is missing"):
            unpack(archive, "b.txt")
    with archive_of(encrypted_flag()) as archive, pytest.raises(UnreadableError, match="locked by a password"):
        unpack(archive, "secret.txt")
    monkeypatch.setattr("knowledge.ingest.archives.LARGEST_MEMBER", 3)
    with pytest.raises(UnreadableError, match="a part larger"), archive_of(zipped([("a.txt", "abcdef")])):
        pass
