"""One reply before it becomes a turn, and how its parts are joined."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from agent.prompts.assistant import READINGS
from agent.prompts.phrases import fill
from agent.records.base import Language
from agent.records.conversation import Option
from agent.records.decision import Action, Reason


@dataclass(frozen=True)
class Said:
    """What the assistant says, with what it rests on."""

    text: str
    question: str | None = None
    options: tuple[Option, ...] = ()
    evidence: tuple[str, ...] = ()
    articles: tuple[str, ...] = ()
    answers: dict[str, Any] = field(default_factory=dict)
    """Side-by-side answers, where the turn compared."""
    expecting: dict[str, Any] | None = None
    """What an answer to the question means; see `ConversationState.expecting`."""


def joined(*parts: str) -> str:
    """Join paragraphs; empty ones are left out."""
    return "\n\n".join(part for part in parts if part)


def reasons_text(reasons: Iterable[Reason], lang: Language) -> str:
    """Return reasons as a list, each with its article."""
    mark = {"en": "guide: ", "zh": "指南："}[lang]
    left, right = {"en": (" (", ")"), "zh": ("（", "）")}[lang]
    return "\n".join(f"- {one.text}{left}{mark}{one.article}{right}" for one in reasons)


def reading_option(action: Action, lang: Language) -> Option:
    """Return a reading as a button whose message asks for just that action."""
    words = fill(READINGS, action, lang)
    return Option(label=words, message=words)


def yes_no(lang: Language) -> tuple[Option, ...]:
    """Return the two buttons of an offer."""
    words = {"en": ("Yes", "Not now"), "zh": ("好", "暂不")}[lang]
    return tuple(Option(label=word, message=word) for word in words)
