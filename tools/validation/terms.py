"""Tokenization items: the words a domain lives by, on which a tokenizer shows how well it carries them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from typing import Final

from agent.records.base import Language
from agent.records.corpus import DocumentText
from agent.records.evaluation import Item
from knowledge.lexical import STOPWORDS, tokens
from tools.extraction.similarity import is_chinese
from tools.validation.identity import with_id

_MEASURE: Final = re.compile(
    r"(?<![A-Za-z0-9_.,\-/])\d[\d.,]*\s?(?:[a-zA-Zµ°Ω%‰]{1,5}(?:/[a-zA-Z]{1,4})?|litres?(?: per hour)?|met(?:re|er)s?|"
    r"hours?|minutes?|months?|weeks?|days?|watts?|euros?|千瓦|公斤|千克|毫米|厘米|兆帕|摄氏度|小时|分钟|个月|工作日|"
    r"[台件米克吨升元年天页])(?![a-zA-Z])"
)
_CODE: Final = re.compile(
    r"(?<![A-Za-z0-9_\-])(?=[A-Z0-9\-/]*[A-Z])(?=[A-Z0-9\-/]*\d)[A-Z0-9]{1,8}(?:[\-/][A-Z0-9]{1,8}){0,3}(?![A-Za-z0-9_\-])"
)
_WORD: Final = re.compile(r"(?<![\w\-])[A-Za-z][a-z]{4,}(?![\w\-])")
_FREQUENT = 3
"""Occurrences from which a word is one of the domain."""


def term_items(texts: Iterable[DocumentText], everyday: Collection[str]) -> Iterator[Item]:
    """Yield terms: numbers with units, codes, and frequent words that everyday texts do not use.

    Args:
        texts: All documents; a tokenizer is not trained here, so nothing can leak.
        everyday: Words of general language, in lower case.
    """
    found: dict[tuple[Language, str], Counter[str]] = {}
    for text in texts:
        language = text.language
        found.setdefault((language, "measure"), Counter()).update(m.group() for m in _MEASURE.finditer(text.text))
        found.setdefault((language, "code"), Counter()).update(m.group() for m in _CODE.finditer(text.text))
        if language == "zh":
            words = [word for word in tokens(text.text, "zh") if len(word) >= 2 and is_chinese(word)]
        else:
            words = [word.lower() for word in _WORD.findall(text.text)]
        kept = [word for word in words if word not in everyday and word not in STOPWORDS]
        found.setdefault((language, "term"), Counter()).update(kept)
    for (language, kind), counted in sorted(found.items()):
        for term, times in sorted(counted.items(), key=lambda entry: (-entry[1], entry[0])):
            if times >= (_FREQUENT if kind == "term" else 1):
                yield with_id(
                    Item(
                        id="",
                        kind="skill",
                        dimension="tokenization",
                        language=language,
                        question=term,
                        answers=(term,),
                        question_kind=kind,
                        source="auto",
                    )
                )
