"""Where in the project's documents a question of a file has its answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from agent.records.corpus import DocumentText
from tools.extraction.blocks import passage
from tools.extraction.similarity import content_words, words
from tools.validation.asked import Asked

PASSAGE = 800
"""Characters of a gold passage."""
_PROBE = 60
"""Characters of a piece by which a context is found in a document."""
_SKIPPED = re.compile(r"[\s*|#]")
_SHARED = 0.5
"""Share of a question's content words that a passage must hold to be taken for its source."""


@dataclass(frozen=True)
class Place:
    """A gold passage: offsets and text; a passage outside the project has no document."""

    document: str
    start: int | None
    end: int | None
    text: str


class Corpus:
    """The project's documents, searchable by name and by text whatever its line breaks."""

    def __init__(self, texts: Iterable[DocumentText]) -> None:
        self.texts = {text.document: text for text in texts}
        self._flat: dict[str, tuple[str, list[int]]] = {key: _flattened(text.text) for key, text in self.texts.items()}
        self._names: dict[str, str] = {}
        self._sources: dict[str, tuple[str, ...]] = {}
        for key, text in self.texts.items():
            path = PurePosixPath(text.name)
            for name in (key, text.name, path.name, path.stem, text.title):
                self._names.setdefault(name.strip().casefold(), key)

    def named(self, name: str) -> str:
        """Return the id of the document of that id, file name, stem or title; empty if there is none."""
        return self._names.get(name.strip().casefold(), "") if name.strip() else ""

    def place(self, asked: Asked) -> Place | None:
        """Return where the answer stands, or `None` if nobody can say.

        The file's own context or quote decides; without them, the passage that holds an answer and most of the
        question's words.
        """
        named = self.named(asked.document)
        if asked.context:
            return self._in_context(asked, named)
        if asked.quote:
            for key in [named] if named else list(self.texts):
                span = self._find(key, asked.quote)
                if span:
                    return self._window(key, *span)
        if asked.answerable and asked.answers:
            return self._by_words(asked, [named] if named else list(self.texts))
        return None

    def opening(self, document: str) -> Place:
        """Return the beginning of a document, as the passage of a question it does not answer."""
        return self._window(document, 0, min(1, len(self.texts[document].text)))

    def _in_context(self, asked: Asked, named: str) -> Place:
        start, end = _answer_span(asked)
        low, high = passage(asked.context, start, end, PASSAGE)
        shown = asked.context[low:high]
        keys = self._sources_of(asked.context)
        for key in (named,) if named in keys else keys:
            # The text around the answer tells which of several occurrences is meant.
            around = asked.context[max(low, start - 80) : min(high, end + 80)]
            found = self._find(key, around) or self._find(key, asked.context[start:end])
            if found:
                return self._window(key, *found)
            return Place(key, None, None, shown)
        return Place("", None, None, shown)

    def _sources_of(self, context: str) -> tuple[str, ...]:
        """Return the documents that hold a context: its beginning, middle and end, or two of them."""
        if context not in self._sources:
            bare = _bare(context)
            probes = {bare[place : place + _PROBE] for place in (0, len(bare) // 2, max(0, len(bare) - _PROBE))} - {""}
            needed = min(2, len(probes))
            held = {key: sum(probe in flat for probe in probes) for key, (flat, _) in self._flat.items()}
            self._sources[context] = tuple(key for key, count in held.items() if probes and count >= needed)
        return self._sources[context]

    def _find(self, key: str, needle: str) -> tuple[int, int] | None:
        flat, offsets = self._flat[key]
        bare = _bare(needle)
        place = flat.find(bare) if bare else -1
        return (offsets[place], offsets[place + len(bare) - 1] + 1) if place >= 0 else None

    def _by_words(self, asked: Asked, keys: Sequence[str]) -> Place | None:
        topic = content_words(asked.question)
        best: tuple[float, Place] | None = None
        for key in keys:
            text = self.texts[key].text
            for match in _occurrences(text, asked.answers[0]):
                place = self._window(key, *match)
                around = set(words(place.text)) | set(words(self.texts[key].title))
                share = len(topic & around) / len(topic) if topic else 0.0
                if share >= _SHARED and (best is None or share > best[0]):
                    best = (share, place)
        return best[1] if best else None

    def _window(self, key: str, start: int, end: int) -> Place:
        text = self.texts[key].text
        low, high = passage(text, start, end, PASSAGE)
        return Place(key, low, high, text[low:high])


def _answer_span(asked: Asked) -> tuple[int, int]:
    answer = asked.answers[0] if asked.answers else ""
    start = asked.answer_start if asked.answer_start is not None else -1
    if start < 0 or asked.context[start : start + len(answer)].strip() != answer:
        start = asked.context.find(answer) if answer else 0
    start = max(0, start)
    return start, min(len(asked.context), start + max(1, len(answer)))


def _occurrences(text: str, answer: str) -> list[tuple[int, int]]:
    edge = r"(?![A-Za-z0-9])" if answer[-1:].isascii() else ""
    lead = r"(?<![A-Za-z0-9])" if answer[:1].isascii() else ""
    found = re.finditer(f"{lead}{re.escape(answer)}{edge}", text, re.IGNORECASE)
    return [match.span() for match, _ in zip(found, range(50), strict=False)]


def _flattened(text: str) -> tuple[str, list[int]]:
    """Return a text without white space and Markdown marks, in lower case, and the offset of every character left."""
    offsets = [place for place, character in enumerate(text) if not _SKIPPED.match(character)]
    return _bare(text), offsets


def _bare(text: str) -> str:
    # Some letters have two in lower case; the first keeps one character for one offset.
    kept = _SKIPPED.sub("", text)
    lower = kept.lower()
    return lower if len(lower) == len(kept) else "".join(character.lower()[:1] for character in kept)
