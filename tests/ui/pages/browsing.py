"""What both browser tests of documents and pairs ask of a visited page."""

from __future__ import annotations

from typing import Final

from tests.ui.web.conftest import Watched
from tests.ui.web.test_browser import CONTRAST, NAMELESS, choose

OF_GRADIO: Final = (
    "warning: Method not implemented.",
    "error: AbortError:",
    "error: Unexpected error Connection errored out.",
)
"""What Gradio itself says of its upload button, and of its connections when a page is left."""


def clean(watched: Watched) -> None:
    """Fail if anything happened that must not."""
    watched.errors[:] = [error for error in watched.errors if not error.startswith(OF_GRADIO)]
    watched.clean()


def presentable(watched: Watched) -> None:
    """Fail if anything on the page is hard to read, has no name, or does not fit a telephone."""
    for theme in ("light", "dark"):
        choose(watched, theme)
        assert watched.wrong(CONTRAST, "#ds-main") == [], theme
    assert watched.wrong(NAMELESS) == []
    for width in (360, 1920, 1280):
        watched.page.set_viewport_size({"width": width, "height": 900})
        watched.page.wait_for_timeout(100)
        assert watched.overflow() <= 0, f"{width} px wide"
