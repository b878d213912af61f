"""Other names that a corpus gives its own things: acronyms with their long forms, and `also called`, 又称, 简称.

    >>> names = Synonyms(["Acute respiratory distress syndrome (ARDS) is rare. The Wren (also called the mule) pumps."])
    >>> names.of("What is ARDS?")
    ['Acute respiratory distress syndrome']
    >>> names.of("How much does the mule pump?")
    ['Wren']

An acronym is believed only where the initials of the words before it spell it (after Schwartz and Hearst, 2003, but
stricter: a wrong long form costs more than a missed one); a name by its own phrase, and only the words next to it.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Final

from knowledge.lexical import CJK, STOPWORDS

_SHORT = re.compile(r"\(([A-Z][A-Za-z0-9-]{1,9})\)")
_WORDS = re.compile(r"[A-Za-z0-9]+")
_SMALL: Final = frozenset(["of", "and", "the", "to", "for", "in", "by", "on", "with", "a", "an"])
"""Words that lend an acronym no letter."""
_CALLED = re.compile(
    r",? ?\(?\b(?:also|otherwise|formerly|commonly) (?:called|known as|named|referred to as) (?:the |an? )?"
    r"[“\"‘']?([A-Za-z0-9-]+(?: [A-Za-z0-9-]+)?)[”\"’']?(?=[),.;]|$| (?:is|are|was|were)\b)"
)
_NAMED = re.compile(
    rf"[，（(](?:以下)?(?:也?简称|又称|又名|俗称|也叫|也称|亦称|别名)为?[：:]?[“\"「]?"
    rf"([{CJK}A-Za-z0-9-]{{2,12}}?)[”\"」]?(?=[，。；）),;]|$)"
)
_BEFORE = re.compile(r"(?:[A-Za-z0-9-]+ ){0,2}[A-Za-z0-9-]+$")
_BEFORE_ZH = re.compile(rf"[{CJK}A-Za-z0-9-]{{2,20}}$")
_IN_BRACKETS = re.compile(rf"(?<=[{CJK}])[（(]([A-Z][A-Za-z0-9-]{{1,9}})[）)]")
_LEAD: Final = re.compile(r".*[的是为由和与及在对将把从到]")
"""What stands before a name in a Chinese clause, up to the last word of grammar."""
_REACH: Final = 120
"""Characters before a name's phrase in which the usual name is looked for."""
_LONGEST_QUESTION: Final = 400
"""Characters of a question that are looked at."""


class Synonyms:
    """The other names found in some texts."""

    def __init__(self, texts: Iterable[str]) -> None:
        """Collect the names.

        Args:
            texts: Passages; order decides only between equally frequent long forms.
        """
        found: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for text in texts:
            for short, long in _pairs(text):
                found[short][long] += 1
        self._long: dict[str, str] = {short: counts.most_common(1)[0][0] for short, counts in found.items()}
        self._short: defaultdict[str, list[str]] = defaultdict(list)
        for short, long in self._long.items():
            self._short[_plain(long)].append(short)

    def __len__(self) -> int:
        """Return how many names are known."""
        return len(self._long)

    def of(self, question: str) -> list[str]:
        """Return the other names of the things a question names, without those it says itself.

        A name in capitals counts only as such: `or` is no odds ratio.
        """
        asked = question[:_LONGEST_QUESTION]
        low = f" {_plain(asked)} "
        others: list[str] = []
        for run in _runs(asked):
            if run in self._long and _plain(self._long[run]) not in low:
                others.append(self._long[run])
            for short in self._short.get(_plain(run), ()):
                if not _says(asked, short):
                    others.append(short)
        return list(dict.fromkeys(others))


def _pairs(text: str) -> Iterable[tuple[str, str]]:
    """Yield (short or other name, long or usual name)."""
    for match in _SHORT.finditer(text):
        long = _spelled(match[1], text[max(0, match.start() - _REACH) : match.start()])
        if long:
            yield match[1], long
    for match in _CALLED.finditer(text):
        before = _BEFORE.search(text, max(0, match.start() - _REACH), match.start())
        words = [word for word in before[0].split() if word.lower() not in STOPWORDS] if before else []
        if words and match[1].lower() not in STOPWORDS:
            yield match[1], " ".join(words[-2:]) if words[-1][:1].islower() else words[-1]
    for pattern in (_NAMED, _IN_BRACKETS):
        for match in pattern.finditer(text):
            before = _BEFORE_ZH.search(text, max(0, match.start() - _REACH), match.start())
            usual = _LEAD.sub("", before[0]) if before else ""
            if len(usual) > 1 and match[1] != usual:
                yield match[1], usual


def _spelled(short: str, before: str) -> str:
    """Return the words right before an acronym whose initials spell it; empty if they do not."""
    letters = [letter.lower() for letter in short.removesuffix("s") if letter.isalpha()]
    words = list(_WORDS.finditer(before))
    if len(letters) < 2 or not words or re.search(r"[.;:!?)]", before[words[-1].end() :]):
        return ""
    left = len(letters)
    for number in range(len(words) - 1, -1, -1):
        word = words[number].group().lower()
        if number + 1 < len(words) and re.search(r"[.;:!?()]", before[words[number].end() : words[number + 1].start()]):
            return ""
        if word[0] == letters[left - 1]:
            left -= 1
            if left == 0:
                return before[words[number].start() : words[-1].end()]
        elif word not in _SMALL:
            return ""
    return ""


def _runs(question: str) -> Iterable[str]:
    """Yield every run of words of a question that may be a name."""
    spans = [match.span() for match in re.finditer(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*", question)]
    for first, (start, _) in enumerate(spans):
        for _, end in spans[first : first + 8]:
            yield question[start:end]
    for match in re.finditer(rf"[{CJK}]{{2,}}", question):
        run = match.group()
        for start in range(len(run)):
            for end in range(start + 2, min(len(run), start + 16) + 1):
                yield run[start:end]


def _says(question: str, name: str) -> bool:
    """Return whether a question names something by this very name."""
    if re.match(rf"[{CJK}]", name):
        return name in question
    return re.search(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", question) is not None


def _plain(text: str) -> str:
    """Return text in lower case with single spaces for hyphens and spaces, so that spellings meet."""
    return " ".join(re.split(r"[\s-]+", text.lower())).strip()
