"""A reporter that shows on a page how far a handler's own work is, in Gradio's progress bar."""

from __future__ import annotations

import gradio as gr

from agent.progress import Silent


class PageReporter(Silent):
    """Shows progress on the page; whoever waits sees how many of how many."""

    def __init__(self, progress: gr.Progress, what: str) -> None:
        """Take the handler's progress and what is being done, in the page's language."""
        self._progress = progress
        self._what = what

    def progress(self, done: float, total: float, unit: str, message: str = "") -> None:
        """Show that `done` of `total` units are finished."""
        self._progress((round(done), round(total)), desc=self._what)
