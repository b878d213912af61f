"""A reply as plain values for the state, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent.records.conversation import Option
from graph.replies.said import Said


def said_json(said: Said) -> dict[str, Any]:
    """Return a reply as plain values."""
    return {
        "text": said.text,
        "question": said.question,
        "options": [option.model_dump(mode="json") for option in said.options],
        "evidence": list(said.evidence),
        "articles": list(said.articles),
        "answers": said.answers,
        "expecting": said.expecting,
    }


def said_of(values: Mapping[str, Any]) -> Said:
    """Return plain values as a reply."""
    return Said(
        text=values["text"],
        question=values["question"],
        options=tuple(Option.model_validate(one) for one in values["options"]),
        evidence=tuple(values["evidence"]),
        articles=tuple(values["articles"]),
        answers=values["answers"],
        expecting=values["expecting"],
    )
