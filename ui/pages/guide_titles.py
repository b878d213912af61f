"""What the guide's articles are called, for links to them.

titles_of("en")["ladder"]  # The ladder: Q-LoRA, LoRA, full
"""

from __future__ import annotations

from functools import cache
from types import MappingProxyType

from agent.records.base import Language
from knowledge.guide.library import load_library


@cache
def titles_of(lang: Language) -> MappingProxyType[str, str]:
    """Return the title of every article by its id."""
    return MappingProxyType({article.id: article.title for article in load_library().articles(lang)})
