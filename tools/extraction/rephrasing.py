"""Other ways to ask a whole question, where grammar makes them certain.

A frame around a question teaches the question; the same matter in other words teaches the answer. So rephrasings come
before frames.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from agent.prompts import wordings
from agent.records.base import Language
from tools.extraction.phrases import capitalised, uncapitalised
from tools.extraction.variants import other_words

_WHAT_IS: Final = re.compile(r"^What (?P<be>is|are|was|were) (?P<noun>(?:the|a|an|our|your) [^?,;]+)\?$", re.IGNORECASE)
_STRANDED: Final = re.compile(
    r"\b(for|to|of|in|on|at|with|from|about|by|into|called|used|made|meant|like|doing|done|"
    r"\w{3,}ed)$",
    re.IGNORECASE,
)
_SUBJECT_QUESTION: Final = re.compile(
    r"^(?P<wh>Who|What|Which)(?!.*\b(?:is|are|was|were|do|does|did|can|could|will|would|should|must|may|has|have|had|shall)\b)"
    r"(?P<rest> [^?]+)\?$"
)
_PASSIVE: Final = re.compile(
    r"^(?P<wh>Where|When|How|Why|By whom) (?P<be>is|are|was|were) (?P<noun>[^?,;]+) "
    r"(?P<done>\w+ed|built|made|kept|held|found|sold|sent)\?$"
)
_ZH_WHAT: Final = re.compile(r"^(?P<noun>[^，。？?]{2,40}的[^，。？?的]{1,12})是(?:什么|多少|哪里|谁)[？?]?$")


def question_wordings(question: str, language: Language) -> Iterator[str]:
    """Yield wordings of a full question: itself, then rephrased, with everyday words, and framed.

    Args:
        question: As it stands in the source.
        language: Its language.
    """
    full = question
    if language == "zh" and not question.endswith(("？", "?")):
        full = f"{question}？"
    yield full
    yield from _rephrased(full, language)
    for asked in (full, *_rephrased(full, language)):
        yield from other_words(asked, language)
    small = full
    if language == "en":
        small = uncapitalised(full)
        noun = _WHAT_IS.match(full)
        if noun and not _STRANDED.search(noun["noun"]):
            yield from (frame.format(n=noun["noun"]) for frame in wordings.KNOWN_QUESTION["en"])
        if indirect := _indirect(full):
            yield from (frame.format(i=indirect) for frame in wordings.INDIRECT_QUESTION)
    elif match := _ZH_WHAT.match(full):
        yield from (frame.format(n=match["noun"]) for frame in wordings.KNOWN_QUESTION["zh"])
    yield from (frame.format(q=full, k=small) for frame in wordings.QUESTION[language][1:])


def rephrasings(question: str, language: Language) -> int:
    """Return how many of the first wordings say the question in other words."""
    return len(list(_rephrased(question, language)))


def about(subject: str, question: str, language: Language) -> str:
    """Give a question that names nothing its subject."""
    return wordings.ABOUT[language].format(s=subject, q=question.rstrip("? ") if language == "en" else question)


def _rephrased(question: str, language: Language) -> Iterator[str]:
    for shape, frames in wordings.REPHRASED[language]:
        if match := re.fullmatch(shape, question):
            parts = {name: part.strip() for name, part in match.groupdict().items()}
            yield from (capitalised(frame.format(**parts)) for frame in frames)
            return


def _indirect(question: str) -> str:
    if match := _SUBJECT_QUESTION.match(question):
        return f"{match['wh'].lower()}{match['rest']}"
    if match := _PASSIVE.match(question):
        return f"{match['wh'].lower()} {match['noun']} {match['be']} {match['done']}"
    return ""
