"""Texts that are nearly the same: all pairs of a set, or those like a given one, exactly and without comparing all.

    NearDuplicates(["What is the rated flow of the Wren pump?"]).alike("what is the rated flow of the Wren pump")  # [0]
    duplicates_of(texts)    # {7: Twin(of=3, similarity=1.0, kind="exact")}

Similarity is Jaccard's over the set of words, characters for Chinese (`tools.extraction.similarity`). Where MinHash
estimates it and misses some, the prefix filter misses none: two sets whose similarity reaches the threshold must share
a word among the rarest few of each, so only texts that share such a word are compared at all.
Source: Bayardo, Ma, Srikant, Scaling up all pairs similarity search (2007); Xiao et al., PPJoin (2008).
"""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, Literal, NamedTuple

from tools.extraction.similarity import NEAR_DUPLICATE, words

_SLACK: Final = 1e-9
"""Against rounding: 0.8 of five words are four."""


class Twin(NamedTuple):
    """The earlier text that a text repeats."""

    of: int
    """Number of the earlier text, which itself repeats none."""
    similarity: float
    """Shared words / all words, 1 for the same words; for `meaning`, the cosine of the embeddings."""
    kind: Literal["exact", "near", "meaning"]


class NearDuplicates:
    """An index of wordings that finds those which are nearly the same as another, every one of them."""

    def __init__(self, wordings: Iterable[str], threshold: float = NEAR_DUPLICATE) -> None:
        """Index wordings.

        Args:
            wordings: What to look for.
            threshold: Jaccard similarity from which two count as the same, above 0.
        """
        self._threshold = threshold
        self._numbers: dict[frozenset[str], list[int]] = {}
        for number, wording in enumerate(wordings):
            self._numbers.setdefault(frozenset(words(wording)), []).append(number)
        self._smallest = min(map(len, self._numbers), default=0)
        self._largest = max(map(len, self._numbers), default=0)
        counts = Counter(word for known in self._numbers for word in known)
        # Rare words first; the word itself breaks ties, so that the order is the same everywhere.
        self._rank = {word: rank for rank, (_, word) in enumerate(sorted((n, word) for word, n in counts.items()))}
        self._holding: dict[str, dict[int, list[frozenset[str]]]] = {}
        for known in self._numbers:
            for word in sorted(known, key=self._rank.__getitem__)[: self._prefix(len(known))]:
                self._holding.setdefault(word, {}).setdefault(len(known), []).append(known)

    def alike(self, wording: str) -> list[int]:
        """Return the numbers of the indexed wordings that are nearly the same, ascending."""
        return self.alike_words(frozenset(words(wording)))

    def alike_words(self, here: frozenset[str]) -> list[int]:
        """Return what `alike` does, for a wording's set of words."""
        size = len(here)
        least, most = self._threshold * size - _SLACK, size / self._threshold + _SLACK
        # Of texts too short or too long for every indexed one, nothing more is looked at.
        if self._largest < least or self._smallest > most:
            return []
        shared = self._holding.keys() & here
        if not shared:
            return []
        # Words that no indexed wording holds are rarer than all others and come first.
        known = sorted((word for word in here if word in self._rank), key=self._rank.__getitem__)
        prefix = known[: max(0, self._prefix(len(here)) - (len(here) - len(known)))]
        candidates: set[frozenset[str]] = set()
        for word in prefix:
            if word in shared:
                for many, ones in self._holding[word].items():
                    if least <= many <= most:
                        candidates.update(ones)
        found = [one for one in candidates if len(here & one) >= self._threshold * len(here | one) - _SLACK]
        return sorted(number for one in found for number in self._numbers[one])

    def _prefix(self, size: int) -> int:
        return size - math.ceil(self._threshold * size - _SLACK) + 1


def duplicates_of(
    texts: Iterable[str],
    threshold: float = NEAR_DUPLICATE,
    *,
    distinct: Callable[[frozenset[str], frozenset[str]], bool] | None = None,
    check: Callable[[int], None] | None = None,
) -> dict[int, Twin]:
    """Return the texts that repeat an earlier one, exactly or nearly, by their numbers.

    Of texts that repeat one another the first stays; a text counts as repeating only one that stays. Memory: about four
    bytes a distinct word of a text, and the postings of its rarest fifth.

    Args:
        texts: The texts, in the order of their numbers; read once.
        threshold: Jaccard similarity from which two count as the same; 1 finds only those with the same words.
        distinct: Tells of two alike sets of words whether they say two things nevertheless (`says_another_thing`).
        check: Called now and then with how many texts were compared; may raise to stop.
    """
    twins: dict[int, Twin] = {}
    first: dict[str, int] = {}
    codes: dict[str, int] = {}
    seen: Counter[int] = Counter()
    kept: list[int] = []
    rows: list[array[int]] = []
    for number, text in enumerate(texts):
        same = first.setdefault(" ".join(text.split()).lower(), number)
        if same != number:
            twins[number] = Twin(same, 1.0, "exact")
            continue
        kept.append(number)
        said = words(text)
        if not text.isascii() and 2 * sum(map(len, said)) < sum(map(str.isalnum, text)):
            # A script that is not cut into words: nothing is known of how alike two of its texts are.
            rows.append(array("I"))
            continue
        row = array("I", sorted({codes.setdefault(word, len(codes)) for word in said}))
        seen.update(row)
        rows.append(row)
    del first
    names = list(codes) if distinct else []
    for later, earlier, similarity in _joined(rows, seen, threshold, names, distinct, check):
        twins[kept[later]] = Twin(kept[earlier], similarity, "near")
    # A text that repeats one which turned out to repeat another itself repeats that other.
    for number, twin in list(twins.items()):
        beyond = twins.get(twin.of)
        if beyond is not None:
            twins[number] = Twin(beyond.of, beyond.similarity, "near")
    return dict(sorted(twins.items()))


def says_another_thing(left: frozenset[str], right: frozenset[str]) -> bool:
    """Return whether two alike texts differ in a number or code on both sides, as `… of part 17` and `… of part 18`."""
    return _coded(left - right) and _coded(right - left)


def _coded(parts: Iterable[str]) -> bool:
    return any(character.isdigit() for part in parts for character in part)


def _joined(
    rows: Sequence[array[int]],
    seen: Counter[int],
    threshold: float,
    names: Sequence[str],
    distinct: Callable[[frozenset[str], frozenset[str]], bool] | None,
    check: Callable[[int], None] | None,
) -> Iterator[tuple[int, int, float]]:
    """Yield every row that repeats an earlier row which stays, with that row and how alike they are."""
    rank = {code: place for place, code in enumerate(sorted(seen, key=lambda code: (seen[code], code)))}
    holding: dict[int, array[int]] = {}
    for number, row in enumerate(rows):
        if check and number % 5_000 == 0:
            check(number)
        size = len(row)
        if not size:
            continue
        least = math.ceil(threshold * size - _SLACK)
        rare = sorted(row, key=rank.__getitem__)[: size - least + 1]
        here = set(row)
        best = (0.0, -1)
        for other in dict.fromkeys(one for code in rare for one in holding.get(code, ())):
            there = rows[other]
            if not least <= len(there) <= size / threshold + _SLACK:
                continue
            shared = len(here.intersection(there))
            similarity = shared / (size + len(there) - shared)
            if similarity >= threshold - _SLACK and similarity > best[0]:
                if distinct and distinct(_named(row, names), _named(there, names)):
                    continue
                best = (similarity, other)
                if not distinct or similarity == 1:
                    break
        if best[1] >= 0:
            yield number, best[1], best[0]
            continue
        for code in rare:
            holding.setdefault(code, array("I")).append(number)


def _named(row: array[int], names: Sequence[str]) -> frozenset[str]:
    return frozenset(names[code] for code in row)
