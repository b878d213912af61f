"""Every phrase of the interface in English and Chinese; the two files hold the same keys (a test keeps it so)."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources

from agent.records.base import Language


@cache
def phrases(lang: Language) -> dict[str, str]:
    """Return all phrases of a language by key."""
    text = resources.files(__package__).joinpath(f"{lang}.json").read_text(encoding="utf-8")
    loaded: dict[str, str] = json.loads(text)
    return loaded


def phrase(key: str, lang: Language, **values: object) -> str:
    """Return one phrase with its values filled in."""
    return phrases(lang)[key].format(**values)
