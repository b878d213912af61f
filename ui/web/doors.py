"""Which addresses exist at all and who may knock there; everything that is not listed here is refused.

Gradio brings more than a hundred routes, some of which skip its own login check or serve files; pages use few.
"""

from __future__ import annotations

import re
from typing import Final, Literal

from ui.pages.sites import LANGUAGES, PAGES

Door = Literal["open", "page", "events", "own", "api"]
"""`open` answers everybody; `page` sends a browser to the login; `events` are those of a page; `own` are our routes
behind the login; `api` takes keys instead of sessions."""

_LANG: Final = "|".join(LANGUAGES)
_PAGE: Final = "|".join(path for path in PAGES.values() if path)

_DOORS: Final[tuple[tuple[Door, str], ...]] = (
    ("open", r"/login|/healthz|/favicon\.ico|/assets/[a-z.]+"),
    ("open", rf"/({_LANG})/(theme\.css|favicon\.ico|(assets|static)(/[\w-][\w.-]*)+)"),
    ("page", rf"/|/({_LANG})/?|/({_LANG})/({_PAGE})/?"),
    ("events", rf"/({_LANG})/gradio_api/(queue/(join|data)|cancel|reset|upload|upload_progress|startup-events)/?"),
    # Asked again and again by a page that has lost its server; with the answer it knows that there is one again.
    ("events", rf"/({_LANG})/gradio_api/app_id/?"),
    ("events", rf"/({_LANG})/gradio_api/heartbeat/[a-z0-9]+"),
    ("own", r"/logout|/projects/new|/download/.+"),
    ("api", r"/(v1|mcp)(/.*)?"),
)


def door_of(path: str) -> Door | None:
    """Return what kind of address a path is; `None` if there is nothing behind it."""
    return next((door for door, pattern in _DOORS if re.fullmatch(pattern, path)), None)


def is_upload(path: str) -> bool:
    """Return whether files are sent to this path."""
    return path.rstrip("/").endswith("/gradio_api/upload")
