"""What both browser tests of documents and pairs ask of a visited page."""

from __future__ import annotations

from typing import Final

from tests.ui.web.conftest import Watched

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
