"""Tell English from Chinese: the two languages the product cuts into words."""

from __future__ import annotations

import re
from typing import Final

from agent.records.base import Language
from knowledge.lexical import CJK

_HAN = re.compile(f"[{CJK}]")
_LETTER = re.compile(r"[^\W\d_]")
HAN_SHARE: Final = 0.2
"""Share of Han characters among letters from which on a text counts as Chinese; a Han character says about as much as
four Latin letters, so a Chinese manual full of English names passes."""
_SAMPLE: Final = 20_000


def language_of(text: str) -> Language:
    """Return `zh` if a good part of the letters are Han characters, else `en`."""
    sample = text[:_SAMPLE]
    han = len(_HAN.findall(sample))
    return "zh" if han and han >= HAN_SHARE * len(_LETTER.findall(sample)) else "en"
