"""Turns a sentence's key into a `Reason`: the text in the asked language, what it rests on, and the guide's article."""

from __future__ import annotations

from agent.prompts.phrases import Phrases, fill
from agent.records.base import Language
from agent.records.decision import Reason


def reason(phrases: Phrases, key: str, lang: Language, article: str, *evidence: str, **values: object) -> Reason:
    """Return a reason.

    Args:
        phrases: Table that holds the sentence.
        key: The sentence.
        lang: Language of the text.
        article: Id of the guide article behind it.
        *evidence: Field names or ids of what was known or measured.
        **values: What fills the sentence's gaps.
    """
    return Reason(text=fill(phrases, key, lang, **values), evidence=evidence, article=article, rule=key)
