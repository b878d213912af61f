"""The pages of the application: their names, their addresses, and which page a station of the road leads to."""

from __future__ import annotations

from typing import Final, Literal
from urllib.parse import urlencode

from agent.records.base import Language

PageName = Literal["assistant", "compare", "documents", "pairs", "runs", "evaluation", "hardware", "guide"]

PAGES: Final[dict[PageName, str]] = {
    "assistant": "",
    "compare": "compare",
    "documents": "documents",
    "pairs": "pairs",
    "runs": "runs",
    "evaluation": "evaluation",
    "hardware": "hardware",
    "guide": "guide",
}
"""Page to its address below `/{lang}/`, in the order of the navigation."""

STATION_PAGES: Final[dict[str, PageName]] = {
    "profile": "assistant",
    "documents": "documents",
    "pairs": "pairs",
    "mix": "runs",
    "tune": "runs",
    "evaluate": "evaluation",
    "decide": "evaluation",
}

LANGUAGES: Final[tuple[Language, ...]] = ("en", "zh")


def address(lang: Language, page: PageName, /, **query: str | None) -> str:
    """Return the address of a page, with the parts of the query that are not empty."""
    asked = urlencode({name: value for name, value in query.items() if value})
    return f"/{lang}/{PAGES[page]}{f'?{asked}' if asked else ''}"
