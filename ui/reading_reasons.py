"""Why a document was not read, or not all of it, in the reader's language.

The reading writes its reasons in English; the table knows each of them. A reason that is not in the table, such as a
parser's own words, is shown as it stands.

    reason("same content as manual.pdf", "zh")  # 与 manual.pdf 内容相同
"""

from __future__ import annotations

import re
from typing import Final

from agent.records.base import Language
from ui.i18n import phrase

_KNOWN: Final[tuple[tuple[re.Pattern[str], str], ...]] = tuple(
    (re.compile(pattern, re.DOTALL), f"documents_reason_{key}")
    for pattern, key in (
        (r"not a type that is read \((.*)\)", "type"),
        (r"same content as (.+)", "twin"),
        (r"cannot be opened: (.+)", "open"),
        (r"larger than (\d+ MiB).*", "large"),
        (r"more than (\d+) characters of text.*", "long"),
        (r"more than (\d+) pages: .*", "pages"),
        (r"more than (\d+) (?:files|documents) in it: .*", "files"),
        (r"needs more than (\d+ MiB) of memory.*", "memory"),
        (r"more than (\d+) cells: .*", "cells"),
        (r"more than (\d+) columns: .*", "columns"),
        (r"empty", "empty"),
        (r"no text in it \(a scan\?\): .*", "scan"),
        (r"no text in it(?:, and none was recognised)?|no passage in it", "textless"),
        (r"its fonts do not say .*|full of U\+FFFD: .*", "fonts"),
        (r"locked by a password.*", "password"),
        (r"damaged, or no (.+)", "damaged_or"),
        (r"damaged.*", "damaged"),
        (r"(\d+) cells? holds? (?:a formula|formulas) without a value: .*", "formulas"),
        (r"unpacks to .*", "bomb"),
        (r"declares entities .*", "entities"),
        (r"encrypted: .*", "encrypted"),
        (r"an archive within archives: .*|its archive took too long .*|no archive", "nested"),
        (r"its name is in no known encoding: .*", "name"),
        (r"changed while it was read: .*", "changed"),
        (r"a link that leads out of the folder: .*", "link"),
        (r"took longer than (\d+) s to read.*", "slow"),
        (r"(?:\d+ pages are pictures|1 page is a picture)[^(]*\((.+)\): .*", "pictures"),
        (r"text recognised from pictures on pages \((.+)\), mean confidence (\d+%): check figures", "recognised"),
        (r"no text was recognised on pages that are pictures \((.+)\)", "photos"),
        (r"(\d+) of its \d+ chapters could not be read", "chapters"),
        (r"broke its reader.*|gives too much text|nested too deep", "broke"),
        (r"a binary file, not text", "binary"),
        (r"cut short .*|its encoding cannot be told: .*", "encoding"),
        (r"no valid JSON: .*|JSON of another shape .*", "json"),
        (r"no valid CSV: .*", "csv"),
    )
)


_FILES: Final = {"office file": "Office 文件", "archive": "压缩包", "e-book": "电子书", "e-mail": "电子邮件"}
"""What a damaged file was taken for."""


def reason(text: str, lang: Language) -> str:
    """Return a reason in a language; in English as the reading wrote it, which says more."""
    if lang == "en":
        return text
    for pattern, key in _KNOWN:
        found = pattern.fullmatch(text)
        if found is not None:
            what, more = (*found.groups(""), "", "")[:2]
            return phrase(key, lang, what=_FILES.get(what, what), more=more)
    first, several, rest = text.partition("; ")
    return f"{reason(first, lang)}；{reason(rest, lang)}" if several else text
