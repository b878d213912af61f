"""The page of runs: what is next and may start, every run with its state, one run live, cancel and resume."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, get_args

import gradio as gr

from agent.errors import InputError, NotFoundError
from agent.prompts.training import METHOD_NAMES
from agent.records.job import Job
from agent.records.tuning import Method
from tools.diagnosis.remedy import StepName
from tools.jobs.processes import worker_lives
from tools.jobs.store import RESUMABLE, TERMINAL
from tools.status import project_facts, stand
from tools.workspace import Project
from ui.pages import runs_view
from ui.pages.chart_data import loss_finding
from ui.pages.charts import as_plot, loss_figure
from ui.pages.evaluation_view import downloads, headline
from ui.pages.frame import Frame, told
from ui.pages.resumption import propose_resumption
from ui.pages.run_records import Runs, chosen, log_text
from ui.pages.step_card import StepCard
from ui.pages.steps import Proposal, StepOptions, cannot, propose, wanted

TICK_SECONDS: Final = 2.0
STARTED_HERE: Final[tuple[StepName, ...]] = ("validate", "mix", "tune", "evaluate")
"""Steps that this page starts, in the order of the road; documents and pairs have their own pages."""


def build(frame: Frame) -> None:
    """Draw the page."""
    _Page(frame).wire()


class _Page:
    """The components of the page in one language, and what fills them."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._runs = Runs()
        self._parts: dict[str, Any] = {}
        """Components that follow the project and the open run, by name."""
        self._draw_steps()
        self._card = StepCard(frame)
        parts = self._parts
        parts["list"] = gr.HTML(js_on_load=None)
        # Id of the job that is drawn. Cancel and Resume mean that one, whatever has started since; kept by the
        # browser, so that it outlives the server.
        parts["facing"] = gr.Textbox("", visible=False)
        parts["head"] = gr.HTML(js_on_load=None, elem_id="ds-run-head")
        with gr.Row():
            parts["cancel"] = gr.Button(
                frame.say("runs_cancel"), visible=False, size="sm", scale=0, variant="stop", elem_id="runs-cancel"
            )
            parts["resume"] = gr.Button(
                frame.say("runs_resume"), visible=False, size="sm", scale=0, variant="primary", elem_id="runs-resume"
            )
        with gr.Row(elem_classes="ds-beside"):
            with gr.Column(scale=3, min_width=280):
                parts["finding"] = gr.HTML(js_on_load=None)
                parts["plot"] = gr.Plot(
                    show_label=False, container=False, visible=False, elem_classes="chart chart-loss"
                )
                parts["files"] = gr.HTML(js_on_load=None)
                parts["outcome"] = gr.HTML(js_on_load=None)
                parts["lines"] = gr.HTML(js_on_load=None)
                parts["log"] = gr.HTML(js_on_load=None)
            with gr.Column(scale=2, min_width=240):
                parts["request"] = gr.HTML(js_on_load=None)
                parts["reasons"] = gr.HTML(js_on_load=None)
        self._timer = gr.Timer(TICK_SECONDS, active=False)
        self._drawn = gr.State({})

    def _draw_steps(self) -> None:
        say = self._frame.say
        self._parts["next"] = gr.HTML(js_on_load=None)
        with gr.Row(elem_id="ds-steps"):
            for kind in STARTED_HERE:
                button = gr.Button(
                    say(f"runs_step_{kind}"), interactive=False, size="sm", min_width=120, elem_id=f"runs-step-{kind}"
                )
                self._parts[f"step_{kind}"] = button
        with gr.Accordion(say("runs_options"), open=False):
            rungs = [(METHOD_NAMES[method][self._frame.lang], method) for method in get_args(Method)]
            with gr.Row():
                share = gr.Number(
                    30, label=say("runs_option_share"), minimum=1, maximum=100, precision=0, min_width=220
                )
                method = gr.Dropdown(
                    [(say("runs_method_choice"), "auto"), *rungs],
                    value="auto",
                    label=say("runs_option_method"),
                    min_width=220,
                )
                epochs = gr.Number(
                    0, label=say("runs_option_epochs"), minimum=0, maximum=100, min_width=220, elem_id="runs-epochs"
                )
                limit = gr.Number(
                    0, label=say("runs_option_limit"), minimum=0, precision=0, min_width=220, elem_id="runs-limit"
                )
            # Beside others in a row, a checkbox is squeezed to the width of a word.
            drop = gr.Checkbox(True, label=say("runs_option_drop"))
            self._options: list[Any] = [share, drop, method, epochs, limit]

    def wire(self) -> None:
        """Connect the components."""
        frame = self._frame
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        live = [*self._parts.values(), self._timer, self._drawn]

        @told
        def look(drawn: dict[str, int], opened: str, request: gr.Request) -> list[Any]:
            return self._fill(request, drawn, opened)

        frame.on_load(look, [self._drawn, self._card.run], live, show_progress="hidden")
        self._timer.tick(look, [self._drawn, self._card.run], live, **quiet)

        for kind in STARTED_HERE:
            self._wire_step(kind)

        started = self._card.wire()
        frame.after(started.success(look, [self._drawn, self._card.run], live, **quiet))

        @told
        def cancel(facing: str, request: gr.Request) -> None:
            self._cancel(request, facing)

        @told
        def resume(facing: str, request: gr.Request) -> list[Any]:
            return self._card.show(self._resumption(request, facing))

        for name, handler, outputs in (("cancel", cancel, None), ("resume", resume, self._card.parts)):
            done = self._parts[name].click(handler, self._parts["facing"], outputs, api_visibility="private")
            frame.after(done.then(look, [self._drawn, self._card.run], live, **quiet))

    def _wire_step(self, kind: StepName) -> None:
        frame = self._frame

        @told
        def ask(share: float, drop: bool, method: Any, epochs: float, limit: float, request: gr.Request) -> list[Any]:
            project = frame.need(request)
            settings = frame.desk(request).settings.model_copy(update={"lang": frame.lang})
            options = StepOptions(
                domain_share=(share or 30) / 100,
                drop_leaks=drop,
                method=method,
                epochs=float(epochs) if epochs else None,
                limit=int(limit) if limit else None,
            )
            asked = wanted(project, settings, kind, project_facts(project), options)
            proposal = propose(project, settings, kind, asked, frame.lang)
            return self._card.show(proposal)

        self._parts[f"step_{kind}"].click(ask, self._options, self._card.parts, api_visibility="private")

    def _cancel(self, request: gr.Request, facing: str) -> None:
        from tools.jobs.runner import cancel

        project, job = self._faced(request, facing)
        if job.state in TERMINAL:
            state = self._frame.say(f"runs_state_{job.state}")
            raise InputError(self._frame.say("runs_ended_meanwhile", state=state))
        cancel(project, job.id)
        gr.Info(self._frame.say("runs_cancelled"))

    def _resumption(self, request: gr.Request, facing: str) -> Proposal:
        project, job = self._faced(request, facing)
        settings = self._frame.desk(request).settings
        return propose_resumption(project, settings, job, self._runs.course(project, job), self._frame.lang)

    def _faced(self, request: gr.Request, facing: str) -> tuple[Project, Job]:
        """Return the job that a person was looking at when they pressed a button."""
        project = self._frame.need(request)
        job = next((one for one in self._runs.jobs(project) if one.id == facing), None)
        if job is None:
            raise NotFoundError(self._frame.say("runs_gone"))
        return project, job

    def _fill(self, request: gr.Request, drawn: Mapping[str, int], opened: str) -> list[Any]:
        """Return what follows the project and the open run; what has not changed is not sent again."""
        frame, lang = self._frame, self._frame.lang
        project = frame.project(request)
        if project is None:
            return self._sent({"list": f'<p class="ds-empty">{frame.say("runs_no_project")}</p>'}, drawn, active=False)
        jobs = self._runs.jobs(project)
        asked = opened or frame.asked(request, "run")
        job = chosen(jobs, asked)
        values: dict[str, Any] = {"facing": job.id if job is not None else ""}
        states = hash(tuple((one.id, one.state) for one in jobs))
        if drawn.get("states") != states:  # counting what a project holds reads all its pairs
            values |= self._road(project) | {"states": states}
        if job is not None:
            values |= self._run(project, job, drawn)
        elif asked:
            values["head"] = f'<p class="ds-empty">{frame.say("runs_gone")}</p>'
        values["list"] = runs_view.listing(jobs, lang, project.id, datetime.now(UTC), job.run if job else "")
        # A cancelled worker needs a moment to leave; until then its run cannot be resumed.
        active = any(one.state not in TERMINAL for one in jobs) or (job is not None and worker_lives(job))
        return self._sent(values, drawn, active=active)

    def _road(self, project: Project) -> dict[str, Any]:
        lang = self._frame.lang
        ready, facts = stand(project, lang), project_facts(project)
        blocked: dict[str, str] = {kind: cannot(kind, facts, lang) for kind in STARTED_HERE}
        return {"next": runs_view.following(ready, blocked, lang, project.id)} | {
            f"step_{kind}": gr.Button(
                interactive=not blocked[kind], variant="primary" if kind == ready.next_action else "secondary"
            )
            for kind in STARTED_HERE
        }

    def _run(self, project: Project, job: Job, drawn: Mapping[str, int]) -> dict[str, Any]:
        lang = self._frame.lang
        run = self._runs.opened(project, job, lang)
        ended = job.state in TERMINAL
        finding = loss_finding(run.course, lang, ended=ended)
        values: dict[str, Any] = {
            "head": runs_view.head(run, lang),
            "finding": headline(finding, level=3) if finding else runs_view.no_curve(job, lang),
            "files": downloads(lang, project.id, job.run, "loss.png", "loss.csv") if finding else "",
            "outcome": runs_view.outcome(run, lang),
            "lines": runs_view.lines(run.course, lang),
            "log": runs_view.log(log_text(project, job), lang),
            "request": runs_view.request(job, lang),
            "reasons": runs_view.reasons(run, lang),
            "cancel": gr.Button(visible=not ended),
            "resume": gr.Button(visible=job.state in RESUMABLE and not worker_lives(job)),
        }
        curve = hash((job.run, len(run.course.losses), len(run.course.validation)))
        if drawn.get("curve") != curve:
            values["curve"] = curve
            values["plot"] = gr.Plot(as_plot(loss_figure(run.course, lang)) if finding else None, visible=bool(finding))
        return values

    def _sent(self, values: Mapping[str, Any], drawn: Mapping[str, int], *, active: bool) -> list[Any]:
        """Return an update for every component: folded parts that a person opened stay open if nothing is new."""
        known = dict(drawn)
        updates = []
        for name in self._parts:
            value = values.get(name, gr.skip())
            if isinstance(value, str):
                fresh = hash(value)
                value = gr.skip() if known.get(name) == fresh else value
                known[name] = fresh
            updates.append(value)
        known |= {name: values[name] for name in ("states", "curve") if name in values}
        return [*updates, gr.Timer(TICK_SECONDS, active=active), known]
