"""Text, Markdown and CSV files: bytes to characters without guessing wrong silently."""

from __future__ import annotations

import csv
import io
import re
import warnings
from typing import Final

from knowledge.ingest.cleaning import faithful, pipe_table
from knowledge.ingest.parsed import Parsed, UnreadableError
from knowledge.lexical import CJK

_BOMS: Final = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_CHINESE: Final = ("gb18030", "big5")
_LOST_SHARE: Final = 0.001
"""Share of U+FFFD from which on a text is taken for badly converted."""
_STRANGE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ud800-\uf8ff\ufffe\uffff]")
"""Control characters, halves of pairs and private characters: never in a text that was decoded rightly."""
_HAN = re.compile(f"[{CJK}]")
_UNSURE: Final = "its encoding cannot be told: save it as UTF-8"
_COMMON: Final = frozenset(
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实"
    "這個們來為國時說會對發後裡經麼學現當沒動還進樣實無與體義讓應該請問題設備電機時間產品檢查使用注意安裝"
    "设备使用产品检查安装注意问题时间应该请与无系统公司员工维护保养手册说明温度压力"
)
_TITLE = re.compile(r"^#{1,6}[ \t]+(.+?)[ \t]*#*$", re.MULTILINE)


def decode(content: bytes) -> str:
    """Return the characters of a text file.

    Tried in order: byte-order mark, UTF-8, UTF-16 without a mark, the Chinese encodings GB18030 and Big5 by whether
    they give common characters, at last the Western single-byte encodings by charset-normalizer.

    Raises:
        UnreadableError: The file is binary, or no encoding gives a believable text.
    """
    if not content.strip(b" \t\r\n\0"):
        raise UnreadableError("empty")
    for mark, name in _BOMS:
        if content.startswith(mark):
            return _strict(content, name, "cut short or damaged after its byte-order mark")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        text = ""
        # After plain ASCII, the odd byte may be the only accent of a Western encoding.
        if error.reason == "unexpected end of data" and not content[: error.start].isascii():
            raise UnreadableError("cut short in the middle of a character") from error
    if text and "\0" not in text:
        return _without_losses(text)
    if wide := _utf16(content):
        return wide
    if b"\0" in content:
        raise UnreadableError("a binary file, not text")
    return _legacy(content)


def _strict(content: bytes, name: str, reason: str) -> str:
    try:
        text = content.decode(name)
    except UnicodeDecodeError as error:
        raise UnreadableError(reason) from error
    return _without_losses(text)


def _without_losses(text: str) -> str:
    """Return the text unless an earlier conversion left it full of U+FFFD; a stray one is the author's."""
    if text.count("\ufffd") > _LOST_SHARE * len(text):
        raise UnreadableError("full of U+FFFD: an earlier conversion lost characters, convert the original again")
    return text


def _utf16(content: bytes) -> str:
    """Return the text if it is UTF-16 without a mark: ASCII shows by its zero bytes, Chinese by its characters."""
    if len(content) < 4 or len(content) % 2:
        return ""
    best = ""
    for name in ("utf-16-le", "utf-16-be"):
        try:
            text = content.decode(name)
        except UnicodeDecodeError:
            continue
        if _STRANGE.search(text):
            continue
        plain = sum(c.isascii() or c in _COMMON or c in "，。、；：？！（）《》“”" for c in text)
        if plain >= 0.35 * len(text) and (b"\0" in content or _commonness(text) >= 0.2):
            best = text if plain > sum(c.isascii() or c in _COMMON for c in best) else best
    return best


def _commonness(text: str) -> float:
    """Return the share of very common characters among the Han characters; about 0.3 in real Chinese, 0.02 in noise."""
    han = _HAN.findall(text)
    return sum(c in _COMMON for c in han) / len(han) if han else 0.0


def _legacy(content: bytes) -> str:
    scored: list[tuple[float, str]] = []
    for name in _CHINESE:
        try:
            text = content.decode(name)
        except UnicodeDecodeError:
            continue
        if any("\ue000" <= c <= "\uf8ff" for c in text):
            continue
        scored.append((_commonness(text), text))
    scored.sort(key=lambda pair: -pair[0])
    if scored and scored[0][0] >= 0.12 and (len(scored) == 1 or scored[0][0] >= 1.5 * scored[1][0]):
        return scored[0][1]
    western = _western(content)
    if western:
        return western
    raise UnreadableError(_UNSURE)


def _western(content: bytes) -> str:
    """Return the text if it is Latin script with a few accents; anything else stays undecided."""
    high = sum(byte >= 0x80 for byte in content)
    if high > 0.15 * len(content):
        return ""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from charset_normalizer import from_bytes
    best = from_bytes(content, cp_isolation=["cp1252", "latin_1", "cp1250", "iso8859_15"]).best()
    # Accented letters stand within words; a high byte between blanks or in a row is another script.
    text = str(best) if best is not None else ""
    odd = sum(not (c.isascii() or c.isalpha() or c in "“”‘’–—…€£§°±²³µ·«»©®™½¼¾×¿¡ºª\u00a0") for c in text)
    return text if text and not odd and not re.search(r"[^\x00-\x7f\W]{4,}", text) else ""


def read_text(content: bytes) -> Parsed:
    """Return a text file as it is; it has no title of its own.

    Raises:
        UnreadableError: Its encoding cannot be told, or it is empty.
    """
    text = faithful(decode(content))
    if not text.strip():
        raise UnreadableError("empty")
    return Parsed(title="", text=text)


def read_markdown(content: bytes) -> Parsed:
    """Return a Markdown file as it is; its first heading is its title.

    Raises:
        UnreadableError: Its encoding cannot be told, or it is empty.
    """
    parsed = read_text(content)
    heading = _TITLE.search(parsed.text)
    return Parsed(title=heading[1] if heading else "", text=parsed.text)


def read_csv(content: bytes) -> Parsed:
    """Return a CSV file as a pipe table; comma, semicolon, tab or bar may set its columns apart.

    Raises:
        UnreadableError: Its encoding cannot be told, it is no table, or it is empty.
    """
    text = faithful(decode(content))
    if not text.strip():
        raise UnreadableError("empty")
    try:
        dialect: type[csv.Dialect] | csv.Dialect = csv.Sniffer().sniff(text[:20_000], delimiters=",;\t|")
    except csv.Error:
        dialect = csv.excel
    try:
        rows = [row for row in csv.reader(io.StringIO(text), dialect) if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise UnreadableError(f"no valid CSV: {error}") from error
    return Parsed(title="", text=pipe_table(rows))
