"""Measuring this machine from the page: the card says what, how long and how much memory, a yes starts the job."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import Any, Final

import gradio as gr

from agent.errors import RefusedError
from agent.records.benchmark import BenchmarkResult
from agent.records.job import Job
from knowledge.files import read_record
from tools.benchmark.request import BenchRequest
from tools.benchmark.summary import summary
from tools.jobs.worker import RESULT
from tools.status import project_facts
from tools.workspace import Project
from ui.pages.frame import Frame, told
from ui.pages.job_panel import JobPanel
from ui.pages.step_card import StepCard
from ui.pages.steps import Proposal, cannot, propose

WHOLE, QUICK = "whole", "quick"
QUIET: Final[dict[str, Any]] = {"show_progress": "hidden", "api_visibility": "private"}


class Measuring:
    """The button that asks for a benchmark, the card between it and the job, and how the job fares."""

    def __init__(self, frame: Frame) -> None:
        """Draw it.

        Args:
            frame: The page's frame.
        """
        self._frame = frame
        say = frame.say
        with gr.Column(visible=False, elem_id="measured-ask") as self._offer:
            self._extent = gr.Radio(
                [(say(f"measured_extent_{extent}"), extent) for extent in (WHOLE, QUICK)],
                value=WHOLE,
                label=say("measured_extent"),
                elem_id="measured-extent",
            )
            self._ask = gr.Button(say("measured_start"), elem_id="measured-start")
        self._why_not = gr.HTML(js_on_load=None, elem_id="measured-why-not")
        self._card = StepCard(frame)
        self._panel = JobPanel(frame, "bench", "measured", self._described)

    def wire(self, render: Callable[[gr.Request], Sequence[Any]], outputs: list[Any]) -> None:
        """Connect it.

        Args:
            render: Returns the values of `outputs`; called when a benchmark has ended.
            outputs: Components that show saved benchmarks.
        """
        opened = [self._offer, self._why_not, *self._panel.parts]
        self._frame.on_load(self._shown, None, opened, show_progress="hidden")

        @told
        def ask(extent: str, request: gr.Request) -> list[Any]:
            return self._card.show(self._proposal(request, extent))

        self._ask.click(ask, self._extent, self._card.parts, **QUIET)
        self._panel.started(self._card.wire())
        self._panel.follow(render, outputs)

    def _shown(self, request: gr.Request) -> list[Any]:
        """Return whether it is offered, else why not, and the job that runs or ended last."""
        key = self._refused(request)
        said = f'<p class="ds-empty">{escape(self._frame.say(key))}</p>' if key else ""
        return [gr.Column(visible=not key), said, *self._panel.shown(request)]

    def _refused(self, request: gr.Request) -> str:
        """Return the phrase that says why the machine cannot be measured from here; empty where it can."""
        frame = self._frame
        # What is found of the machine goes before the catalogue for every account, so the server's own one starts it.
        if frame.desk(request).settings.home != frame.desks.settings.home:
            return "measured_not_yours"
        return "measured_no_project" if frame.project(request) is None else ""

    def _proposal(self, request: gr.Request, extent: str) -> Proposal:
        """Return the card.

        Raises:
            RefusedError: The account may not, there is no project, or another job of it runs.
        """
        frame, key = self._frame, self._refused(request)
        if key:
            raise RefusedError(frame.say(key))
        project = frame.need(request)
        why = cannot("bench", project_facts(project), frame.lang)
        if why:
            raise RefusedError(why)
        settings = frame.desk(request).settings.model_copy(update={"lang": frame.lang})
        return propose(project, settings, "bench", BenchRequest(quick=extent == QUICK), frame.lang)

    def _described(self, project: Project, job: Job) -> str:
        result = read_record(project.runs / job.run / RESULT, BenchmarkResult)
        return f"<p>{escape(summary(result, self._frame.lang))}</p>"
