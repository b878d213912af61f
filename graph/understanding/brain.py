"""The offline assistant's understanding: the action by examples, its slots by rules, a question where two are close."""

from __future__ import annotations

import threading
from functools import cache, cached_property
from typing import Final, Protocol, cast

from agent.prompts.assistant import READINGS
from agent.records.base import Language
from agent.records.conversation import Reading, Understanding
from agent.records.decision import Action
from graph.understanding.slots import read_slots
from knowledge.ingest.language import language_of

SURE: Final = 0.35
"""Score under which the best reading is too weak to act on."""
DOUBT: Final = 0.1
"""Score of “truly ambiguous” from which the assistant asks, whatever the best reading is: asking costs a moment, acting
on a guess may cost hours. Both were chosen on a development set of 340 messages, never on the golden one."""
SHOWN: Final = 4
"""Readings kept, likeliest first."""


class Reader(Protocol):
    """Reads the action of a message."""

    def read(self, text: str) -> tuple[Reading, ...]:
        """Return all readings of a message, likeliest first."""


class Brain:
    """Understands messages without a chat model."""

    def __init__(self, reader: Reader | None = None) -> None:
        """Take a reader; `None` loads the one that ships, on first use."""
        self._given = reader
        self._lock = threading.Lock()

    @cached_property
    def _reader(self) -> Reader:
        from graph.understanding.classifier import Classifier

        return self._given if self._given is not None else Classifier.load()

    def understand(self, text: str, lang: Language | None = None) -> Understanding:
        """Return what a message asks for; `clarify` where two readings are close or none is likely.

        Args:
            text: The message.
            lang: Language of the thread; `None` takes the message's.
        """
        offered = _labels().get(_folded(text))
        if offered is not None:
            # The words of the assistant's own buttons mean what the button says, not what they resemble.
            readings: tuple[Reading, ...] = (Reading(action=offered, score=1.0),)
        else:
            with self._lock:
                readings = self._reader.read(text)
        best = readings[0]
        spoken = lang if lang is not None else language_of(text)
        doubt = next((one.score for one in readings if one.action == "clarify"), 0.0)
        unclear = best.score < SURE or doubt >= DOUBT
        action = "clarify" if unclear else best.action
        return Understanding(
            action=action,
            slots=read_slots(action, text),
            readings=readings[:SHOWN],
            language=spoken,
        )


@cache
def _labels() -> dict[str, Action]:
    """Return what the assistant offers as a button, in every language, with its action."""
    return {_folded(label): cast("Action", action) for action, words in READINGS.items() for label in words.values()}


def _folded(text: str) -> str:
    return " ".join(text.split()).strip(" .!?。！？").casefold()
