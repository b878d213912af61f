"""The part of a page that follows its own job: progress while it runs, what came of it when it ends, cancel.

panel = JobPanel(frame, "ingest", "documents", describe)
panel.follow(render, outputs)            # `render(request)` fills `outputs` again once a job has ended
panel.started(button.click(start, ...))  # after an event that starts a job
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import gradio as gr

from agent.errors import InputError
from agent.records.job import Job, JobKind
from tools.jobs.store import JobStore
from tools.workspace import Project
from ui.pages import job_view
from ui.pages.frame import Frame, told
from ui.pages.running import running_job

TICK_SECONDS: Final = 1.0


class JobPanel:
    """Follows the jobs of one kind; the timer rests while there is none."""

    def __init__(self, frame: Frame, kind: JobKind, area: str, describe: Callable[[Project, Job], str]) -> None:
        """Draw the panel.

        Args:
            frame: The page's frame.
            kind: Kind of the jobs.
            area: Beginning of the page's phrases.
            describe: Says what a job did that ended well, as HTML.
        """
        self._frame = frame
        self._kind = kind
        self._area = area
        self._describe = describe
        self._card = gr.HTML(apply_default_css=False, js_on_load=None, elem_id=f"{area}-job")
        self._cancel = gr.Button(frame.say("frame_cancel"), visible=False, size="sm", elem_id=f"{area}-cancel")
        # Id of the job that the card shows: the button cancels that one, whatever has started since.
        self._facing = gr.Textbox("", visible=False)
        self._timer = gr.Timer(TICK_SECONDS, active=False)

    @property
    def parts(self) -> list[Any]:
        """The components, for the load event of the page."""
        return [self._card, self._cancel, self._facing, self._timer]

    def follow(self, render: Callable[[gr.Request], Sequence[Any]], outputs: list[Any]) -> None:
        """Wire the panel.

        Args:
            render: Returns the values of `outputs`; called when a job has ended.
            outputs: Components that show what the job makes.
        """

        @told
        def tick(request: gr.Request) -> list[Any]:
            state = self._look(request, is_fresh=True)
            _, job = state
            ended = not job
            fresh = list(render(request)) if ended else [gr.skip()] * len(outputs)
            return [*self._updates(state), *fresh]

        @told
        def cancel(facing: str, request: gr.Request) -> list[Any]:
            self._stop(request, facing)
            return tick(request)

        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        # `multiple`: one answer that is lost on its way must not end the following for good.
        self._timer.tick(tick, None, [*self.parts, *outputs], trigger_mode="multiple", **quiet)
        self._frame.after(self._cancel.click(cancel, self._facing, [*self.parts, *outputs], **quiet))

    def started(self, event: Any) -> None:
        """Begin to follow after an event that started a job."""
        self._frame.after(event.success(self.begun, None, self.parts, show_progress="hidden", api_visibility="private"))

    def shown(self, request: gr.Request) -> list[Any]:
        """Return the values of `parts` for a page that opens."""
        return self._updates(self._look(request, is_fresh=False))

    def begun(self, request: gr.Request) -> list[Any]:
        """Return the values of `parts` for a page that has just started a job.

        The timer runs in any case: a job that is through before this first look is told, and what it made is shown, by
        the tick that follows.
        """
        *rest, _ = self.shown(request)
        return [*rest, gr.Timer(TICK_SECONDS, active=True)]

    def _updates(self, state: tuple[str, str]) -> list[Any]:
        said, job = state
        return [said, gr.Button(visible=bool(job)), job, gr.Timer(TICK_SECONDS, active=bool(job))]

    def _look(self, request: gr.Request, *, is_fresh: bool) -> tuple[str, str]:
        """Return what the card says, and the id of the job that runs; empty if none does.

        Args:
            request: Who asks, and for which project.
            is_fresh: Whether the page has followed the job to its end, so that a good end is told too.
        """
        frame = self._frame
        project = frame.project(request)
        if project is None:
            return "", ""
        job = running_job(project)
        if job is not None and job.kind == self._kind:
            return job_view.progress(job, frame.lang), job.id
        last = next((one for one in reversed(JobStore(project.jobs).list()) if one.kind == self._kind), None)
        if last is None or last.state in ("queued", "running"):
            return "", ""
        if last.state == "done":
            return (job_view.done(self._describe(project, last)) if is_fresh else ""), ""
        return job_view.trouble(last, self._area, frame.link("runs", project, run=last.run), frame.lang), ""

    def _stop(self, request: gr.Request, facing: str) -> None:
        from tools.jobs.runner import cancel

        project = self._frame.need(request)
        job = running_job(project)
        if job is None or job.id != facing:
            return  # it ended meanwhile, and the card says how
        try:
            cancel(project, job.id)
        except InputError:
            return  # it ended by itself meanwhile, and the card says how
