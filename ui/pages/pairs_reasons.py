"""Why a pair waits or was rejected, in the page's language; a person's own words stay as they are.

reason("length: question or answer is too short or too long", "zh")
"""

from __future__ import annotations

import re
from typing import Final

from agent.prompts.pair_reasons import CHECK_NAMES, reason_in, reason_of_check
from agent.records.base import Language
from ui.i18n import phrase

_CONFLICT: Final = re.compile(r"conflict: (.+?) says (['\"])(.*)\2, (.+?) says (['\"])(.*)\5", re.DOTALL)
_SAME_FACT: Final = re.compile(r"not_duplicate: the same fact stands in (.+)", re.DOTALL)


def reason(text: str, lang: Language) -> str:
    """Return a reason as a sentence of the language."""
    conflict = _CONFLICT.fullmatch(text)
    if conflict is not None:
        here, _, this, there, _, that = conflict.groups()
        said = phrase("pairs_conflict", lang, here=here, this=this, there=there, that=that)
        return f"{phrase('pairs_reason_conflict', lang)}{'：' if lang == 'zh' else ': '}{said}"
    same = _SAME_FACT.fullmatch(text)
    if same is not None:
        return phrase("pairs_same_fact", lang, document=same[1])
    return reason_in(text, lang) or text


def label(kind: str, lang: Language) -> str:
    """Return the name of a kind of reason, as `tools.pairs.reason_of` gives it."""
    if kind in CHECK_NAMES:
        return reason_of_check(kind, lang)
    return phrase("pairs_reason_conflict", lang) if kind == "conflict" else kind
