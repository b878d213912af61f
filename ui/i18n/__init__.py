"""Every phrase of the interface in English and Chinese, one file an area and language: `<area>.<language>.json`.

The areas of both languages hold the same keys, and no key stands in two areas (a test keeps it so).
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources

from agent.records.base import Language


@cache
def phrases(lang: Language) -> dict[str, str]:
    """Return all phrases of a language by key."""
    loaded: dict[str, str] = {}
    for file in sorted(resources.files(__package__).iterdir(), key=lambda one: one.name):
        if file.name.endswith(f".{lang}.json"):
            loaded.update(json.loads(file.read_text(encoding="utf-8")))
    return loaded


def phrase(key: str, lang: Language, **values: object) -> str:
    """Return one phrase with its values filled in."""
    return phrases(lang)[key].format(**values)
