"""The card that asks for a yes before a step starts, with its two buttons; a page may have one.

card = StepCard(frame)
button.click(lambda ...: card.show(proposal), ..., card.parts)
started = card.wire()          # the event of a started job; its run is in `card.run`
"""

from __future__ import annotations

from typing import Any

import gradio as gr

from agent.progress import Reporter
from ui.pages import steps_view
from ui.pages.frame import Frame, told
from ui.pages.page_progress import PageReporter
from ui.pages.steps import Proposal, start


class StepCard:
    """One card; hidden until a step is proposed."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        with gr.Column(visible=False, elem_id="ds-card") as self._group:
            self._text = gr.HTML(js_on_load=None)
            with gr.Row():
                self._approve = gr.Button(
                    frame.say("runs_approve"), variant="primary", size="sm", scale=0, elem_id="runs-approve"
                )
                self._decline = gr.Button(frame.say("runs_decline"), size="sm", scale=0, elem_id="runs-decline")
        self._waiting = gr.State(None)
        self._started = gr.HTML(js_on_load=None)
        self.run = gr.State("")
        """Run folder of the job that was started here last."""

    @property
    def parts(self) -> list[Any]:
        """What `show` fills."""
        return [self._group, self._text, self._waiting, self._started]

    def show(self, proposal: Proposal) -> list[Any]:
        """Return the updates that put a proposal on the card."""
        return [gr.Column(visible=True), steps_view.card(proposal, self._frame.lang), proposal, ""]

    def hide(self, said: str = "") -> list[Any]:
        """Return the updates that take the card away, with what is said instead (HTML)."""
        return [gr.Column(visible=False), "", None, said]

    def wire(self) -> Any:
        """Connect the buttons; returns the event after which a job may run."""
        frame = self._frame

        @told
        def approve(
            waiting: Proposal | None,
            request: gr.Request,
            progress: gr.Progress = gr.Progress(),  # noqa: B008 - Gradio finds it by its default
        ) -> list[Any]:
            return self._begin(waiting, request, PageReporter(progress, frame.say("runs_looking_up")))

        self._decline.click(self.hide, None, self.parts, show_progress="hidden", api_visibility="private")
        return self._approve.click(
            approve, self._waiting, [*self.parts, self.run], api_visibility="private", trigger_mode="once"
        )

    def _begin(self, waiting: Proposal | None, request: gr.Request, reporter: Reporter) -> list[Any]:
        """Start what was agreed to; returns the updates of `parts` and `run`."""
        frame = self._frame
        if waiting is None:  # the server has been started anew since the card was drawn
            gr.Warning(frame.say("frame_no_card"))
            return [*self.hide(), gr.skip()]
        job = start(frame.desk(request), frame.need(request), waiting, frame.lang, reporter)
        return [*self.hide(steps_view.started(job, waiting, frame.lang)), job.run]
