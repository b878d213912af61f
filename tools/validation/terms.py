"""Tokenization items: the words a domain lives by, on which a tokenizer shows how well it carries them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from math import exp
from typing import Final

from agent.records.base import Language
from agent.records.corpus import DocumentText
from agent.records.evaluation import Item
from knowledge.lexical import STOPWORDS, is_everyday, tokens
from tools.extraction.similarity import is_chinese
from tools.validation.identity import with_id

_UNIT: Final = (
    r"(?:(?:[mk]?g|ng|[µμu][gl]|lb|[mcdh]?l|[mckdn]?m|[µμ]m|ft|m?bar|psi|rpm|dpi|bp|kb|min|h|s|ms|[cp]fu|n?m?mol|gal"
    r"|[kKMGTmnpµμ]?(?:VA|V|Wh|W|Ah|A|Hz|Pa|Nm|N|J|L|B|Da|M|eV)|IU|dB|K|EUR|USD|°[CF]?|[Ω%‰])"
    r"(?:/(?:[a-zA-Z]{1,3}|[µμ][a-zA-Z]))?)"
)
_MEASURE: Final = re.compile(
    rf"(?<![A-Za-z0-9_.,\-/])\d[\d.,]*\s?(?:{_UNIT}|litres?(?: per hour)?|met(?:re|er)s?|"
    r"hours?|minutes?|months?|weeks?|days?|watts?|euros?|千瓦|公斤|千克|毫米|厘米|兆帕|摄氏度|小时|分钟|个月|工作日|"
    r"[台件米克吨升元年天页])(?![a-zA-Z])"
)
_CODE: Final = re.compile(
    r"(?<![A-Za-z0-9_\-])(?=[A-Z0-9\-/]*[A-Z])(?=[A-Z0-9\-/]*\d)[A-Z0-9]{1,8}(?:[\-/][A-Z0-9]{1,8}){0,3}(?![A-Za-z0-9_\-])"
)
_WORD: Final = re.compile(r"(?<![\w\-])[A-Za-z][a-z]{4,}(?![\w\-])")
_FREQUENT = 3
"""Occurrences from which a word is one of the domain."""
_BURSTS = 1.5
"""How many times as often as by chance a word of the domain occurs in a document that has it: words of a subject come
in bursts, others do not (Church and Gale 1995, Poisson mixtures)."""
_DOCUMENTS = 5
"""Documents of a language from which on bursts tell."""


def term_items(texts: Iterable[DocumentText], everyday: Collection[str]) -> Iterator[Item]:
    """Yield terms: numbers with units, codes, and frequent words that everyday texts do not use.

    Args:
        texts: All documents; a tokenizer is not trained here, so nothing can leak.
        everyday: Words of general language, in lower case.
    """
    found: dict[tuple[Language, str], Counter[str]] = {}
    holders: dict[Language, Counter[str]] = {}
    documents: Counter[Language] = Counter()
    for text in texts:
        language = text.language
        documents[language] += 1
        found.setdefault((language, "measure"), Counter()).update(m.group() for m in _MEASURE.finditer(text.text))
        found.setdefault((language, "code"), Counter()).update(m.group() for m in _CODE.finditer(text.text))
        if language == "zh":
            words = [w for w in tokens(text.text, "zh") if len(w) >= 2 and is_chinese(w) and not is_everyday(w)]
        else:
            words = [word.lower() for word in _WORD.findall(text.text)]
        kept = [word for word in words if word not in everyday and word not in STOPWORDS]
        found.setdefault((language, "term"), Counter()).update(kept)
        holders.setdefault(language, Counter()).update(set(kept))
    for (language, kind), counted in sorted(found.items()):
        for term, times in sorted(counted.items(), key=lambda entry: (-entry[1], entry[0])):
            if kind != "term" or (times >= _FREQUENT and _bursts(times, holders[language][term], documents[language])):
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


def _bursts(times: int, holders: int, documents: int) -> bool:
    """Return whether a word occurs in bursts; where documents are few, nobody can say, and every frequent word counts.

    By chance (Poisson) a word with `times / documents` occurrences a document has `rate / (1 - exp(-rate))` of them in
    one that has it at all.
    """
    rate = times / documents
    return documents < _DOCUMENTS or times / holders >= _BURSTS * rate / (1 - exp(-rate))
