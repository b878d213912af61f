"""Text files: the right characters or a clear refusal, and nothing changed in between."""

from __future__ import annotations

import pytest

from knowledge.ingest.cleaning import cell, faithful, pipe_table, tidy
from knowledge.ingest.encoding import decode
from knowledge.ingest.parsed import UnreadableError
from knowledge.ingest.plain import read_csv, read_markdown, read_text

ENGLISH = "The pump – a Tarvo – costs 12 €. It’s café-grade.\n"
SIMPLIFIED = "本手册说明设备的安装和使用。请注意检查系统的温度与压力，产品应由公司员工维护。\n" * 2
TRADITIONAL = "本手冊說明設備的安裝與使用。請注意檢查機器的電源，這個問題應該由我們處理。\n" * 2


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (ENGLISH, "utf-8"),
        (ENGLISH, "utf-8-sig"),
        (ENGLISH, "utf-16"),
        (ENGLISH, "utf-16-le"),
        (ENGLISH, "utf-16-be"),
        (ENGLISH, "cp1252"),
        (SIMPLIFIED, "utf-8"),
        (SIMPLIFIED, "utf-16"),
        (SIMPLIFIED, "utf-16-le"),
        (SIMPLIFIED, "utf-16-be"),
        (SIMPLIFIED, "utf-32"),
        (SIMPLIFIED, "gb18030"),
        (SIMPLIFIED, "gbk"),
        (TRADITIONAL, "utf-8"),
        (TRADITIONAL, "big5"),
        (TRADITIONAL, "gb18030"),
        ("型号 A-12，重量：3.5 kg，请注意。Model A-12 weighs 3.5 kg.\n", "gb18030"),
    ],
)
def test_the_right_characters(text: str, encoding: str) -> None:
    assert read_text(text.encode(encoding)).text == text


@pytest.mark.parametrize(
    "content",
    [
        SIMPLIFIED.encode("utf-16")[:-1],
        SIMPLIFIED.encode()[:-2],
        SIMPLIFIED.encode("utf-16-le")[:31],
        bytes(range(256)) * 4,
        b"\x80\x81\x82\x83" * 50,
        b"\x00\x01\x02binary\x00\x00",
        "Привет, мир и все насосы. ".encode("cp1251") * 5,
        ("\ufffd" * 20 + "text").encode(),
        ("\ufffd" * 20 + "text").encode("utf-16"),
    ],
)
def test_what_cannot_be_told_is_refused(content: bytes) -> None:
    with pytest.raises(UnreadableError):
        decode(content)


@pytest.mark.parametrize("cut", range(1, 40, 3))
@pytest.mark.parametrize("encoding", ["gb18030", "big5", "utf-16", "utf-8"])
def test_a_text_cut_short_is_right_or_refused(encoding: str, cut: int) -> None:
    text = SIMPLIFIED if encoding != "big5" else TRADITIONAL
    try:
        found = decode(text.encode(encoding)[:-cut])
    except UnreadableError:
        return
    assert text.startswith(found)


@pytest.mark.parametrize("content", [b"", b"  \n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_refused(content: bytes) -> None:
    with pytest.raises(UnreadableError, match="empty"):
        read_text(content)


def test_a_stray_replacement_character_is_the_authors() -> None:
    text = "a" * 3000 + "\ufffd"
    assert read_text(text.encode()).text == text


def test_text_is_kept_as_it_is() -> None:
    raw = "\ufeffa  b\t \r\nc\rd\x0ce\x00\x07f\n\n\n\n  g  "
    assert faithful(raw) == "a  b\t \nc\nd\nef\n\n\n\n  g  "


def test_rebuilt_text_is_tidied() -> None:
    assert tidy(" a\u00a0 b\u200b \n\n\n\n  - c  d\n```\n x   y\n```\n") == " a b\n\n  - c d\n```\n x   y\n```"


@pytest.mark.parametrize(
    ("content", "title"),
    [(b"intro\n\n## Pump guide ##\n", "Pump guide"), (b"no heading", ""), ("# 手册\n".encode(), "手册")],
)
def test_the_first_heading_is_the_title(content: bytes, title: str) -> None:
    assert read_markdown(content).title == title


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"name,price\npump,12\n", "| name | price |\n|---|---|\n| pump | 12 |"),
        (b"name;price\npump;1,5\nseal;2,5\n", "| name | price |\n|---|---|\n| pump | 1,5 |\n| seal | 2,5 |"),
        (b'a,b\n"x | y","two\nlines"\n', "| a | b |\n|---|---|\n| x \\| y | two lines |"),
        ("型号\nY3\n".encode("gb18030"), ""),
        ("型号\t重量\nY3\t196\n".encode(), "| 型号 | 重量 |\n|---|---|\n| Y3 | 196 |"),
    ],
)
def test_csv_becomes_a_pipe_table(content: bytes, expected: str) -> None:
    if not expected:
        # Two Chinese characters are too few to tell an encoding by.
        with pytest.raises(UnreadableError):
            read_csv(content)
        return
    assert read_csv(content).text == expected


def test_an_empty_csv_is_refused() -> None:
    with pytest.raises(UnreadableError, match="empty"):
        read_csv(b" \n")
    with pytest.raises(UnreadableError, match="CSV"):
        read_csv(b'a,b\n"' + b"x" * 200_000 + b'"\n')


def test_tables_are_rectangular_and_lose_empty_columns() -> None:
    assert pipe_table([["a", "", "b"], ["1"], ["", "", ""]]) == "| a | b |\n|---|---|\n| 1 | |"
    assert pipe_table([]) == pipe_table([[""]]) == ""
    assert cell(" x |\ny ") == "x \\| y"
