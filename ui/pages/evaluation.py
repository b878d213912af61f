"""The page of evaluations: verdict, radar, scores, differences; why items failed, and fixes that can be applied."""

from __future__ import annotations

from typing import Any, Final

import gradio as gr

from agent.errors import EmptyError
from agent.records.diagnosis import Diagnosis
from tools.evaluation.report import deciding, finding
from tools.iterations import iterations
from tools.workspace import Project
from ui.pages import evaluation_view, failures_view, iterations_view
from ui.pages.chart_data import differences_finding
from ui.pages.charts import as_plot, differences_figure, radar_figure
from ui.pages.check_panel import CheckPanel
from ui.pages.evaluation_records import Diagnoses, Evaluation, newest_first
from ui.pages.evaluation_view import downloads, headline
from ui.pages.fix_panel import FixPanel
from ui.pages.frame import Frame, told
from ui.pages.report_files import report_in
from ui.pages.running import running_job

PAGE: Final = 20
"""Failed items shown at once."""
ALL: Final = "all"


def build(frame: Frame) -> None:
    """Draw the page."""
    _Page(frame).wire()


class _Page:
    """The components of the page in one language, and what fills them."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._diagnoses = Diagnoses()
        self._run = gr.Dropdown(
            [], label=frame.say("evaluation_choose"), visible=False, elem_id="ds-evaluation-run", filterable=False
        )
        self._text: dict[str, gr.HTML] = {}
        self._plot: dict[str, gr.Plot] = {}
        self._draw("verdict")
        with gr.Row(elem_classes="ds-beside"):
            with gr.Column(scale=3, min_width=300):
                self._draw("radar_finding")
                self._chart("radar")
                self._draw("radar_files")
            with gr.Column(scale=3, min_width=300):
                self._draw("differences_finding")
                self._chart("differences")
                self._draw("differences_files")
        for name in ("scores", "comparisons", "judged", "costs", "iterations", "notes"):
            self._draw(name)
        self._check = CheckPanel(frame)
        waiting = f'<p class="ds-quiet" role="status">{frame.say("evaluation_finding_causes")}</p>'
        self._failed = gr.HTML(waiting, js_on_load=None, elem_id="ds-failed")
        self._cause = gr.Radio([], label=frame.say("evaluation_filter"), visible=False, elem_id="ds-causes")
        self._items = gr.HTML(js_on_load=None, elem_id="ds-items")
        self._more = gr.Button(frame.say("evaluation_more"), visible=False, size="sm", elem_id="ds-more")
        self._shown = gr.State(PAGE)
        self._fixes = FixPanel(frame, self._opened)

    def _draw(self, name: str) -> None:
        self._text[name] = gr.HTML(js_on_load=None)

    def _chart(self, name: str) -> None:
        self._plot[name] = gr.Plot(show_label=False, container=False, visible=False, elem_classes=f"chart chart-{name}")

    def wire(self) -> None:
        """Connect the components."""
        frame, run = self._frame, self._run
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        measured = [run, *self._text.values(), *self._plot.values()]
        failed = [self._failed, self._cause, self._items, self._more, self._shown, *self._fixes.parts]
        listed = [self._items, self._more, self._shown]

        @told
        def opened(request: gr.Request) -> list[Any]:
            return self._measured(request, None)

        @told
        def picked(name: str, request: gr.Request) -> list[Any]:
            return self._measured(request, name)

        @told
        def opened_failures(request: gr.Request) -> list[Any]:
            return self._failures(request, None)

        @told
        def picked_failures(name: str, request: gr.Request) -> list[Any]:
            return self._failures(request, name)

        @told
        def narrowed(name: str, cause: str, request: gr.Request) -> list[Any]:
            return self._listed(*self._opened(request, name), cause or ALL, PAGE)

        @told
        def more(name: str, cause: str, shown: int, request: gr.Request) -> list[Any]:
            return self._listed(*self._opened(request, name), cause or ALL, shown + PAGE)

        # Side by side and not one after the other: causes take seconds to find, and each part shows when it is there.
        frame.on_load(opened, None, measured, show_progress="hidden")
        frame.on_load(opened_failures, None, failed, show_progress="hidden")
        self._check.wire()
        run.input(picked, run, measured, **quiet)
        run.input(picked_failures, run, failed, **quiet)
        self._cause.input(narrowed, [run, self._cause], listed, **quiet)
        self._more.click(more, [run, self._cause, self._shown], listed, **quiet)
        self._fixes.wire(run)

    def _opened(self, request: gr.Request, name: str) -> tuple[Evaluation, Diagnosis]:
        """Return an evaluation with its diagnosis.

        Raises:
            EmptyError: Nothing was evaluated.
            NotFoundError: There is no such evaluation in the project.
        """
        if not name:
            raise EmptyError(self._frame.say("evaluation_none"))
        seen = Evaluation.read(self._frame.need(request), name)
        settings = self._frame.desk(request).settings.model_copy(update={"lang": self._frame.lang})
        return seen, self._diagnoses.of(seen, settings)

    def _chosen(self, request: gr.Request, project: Project | None, picked: str | None) -> str | None:
        """Return the evaluation to show: the one picked, else that of the address, else the newest."""
        names = newest_first(project) if project is not None else ()
        asked = picked or self._frame.asked(request, "run")
        return asked if asked in names else next(iter(names), None)

    def _measured(self, request: gr.Request, picked: str | None) -> list[Any]:
        frame = self._frame
        project = frame.project(request)
        name = self._chosen(request, project, picked)
        if project is None or name is None:
            return self._empty(project)
        asked = picked or frame.asked(request, "run") or name
        seen = Evaluation.read(project, name)
        choices = [(evaluation_view.choice(run, frame.lang), run) for run in newest_first(project)]
        texts = self._texts(seen, lost=asked if asked != name else "")
        plots = [
            gr.Plot(as_plot(radar_figure(seen.report, frame.lang)), visible=True),
            gr.Plot(as_plot(differences_figure(seen.report, frame.lang)), visible=bool(seen.report.comparisons)),
        ]
        return [gr.Dropdown(choices, value=name, visible=True), *(texts[key] for key in self._text), *plots]

    def _texts(self, seen: Evaluation, *, lost: str) -> dict[str, str]:
        lang, report, project, run = self._frame.lang, seen.report, seen.project.id, seen.run.name
        decision = seen.decision(lang)
        decided = deciding(report, decision)
        compared = bool(report.comparisons)
        gone = evaluation_view.gone(lost, lang) if lost else ""
        return {
            "verdict": gone + evaluation_view.verdict(report, decision, lang),
            "radar_finding": headline(finding(report, lang)) + evaluation_view.radar_lead(lang),
            "radar_files": downloads(lang, project, run, "radar.png", "scores.csv"),
            "differences_finding": headline(differences_finding(report, lang)) if compared else "",
            "differences_files": downloads(lang, project, run, "differences.png", "differences.csv")
            if compared
            else "",
            "scores": evaluation_view.scores(report, lang),
            "comparisons": evaluation_view.comparisons(report, lang, decided),
            "judged": evaluation_view.judged(seen.judged, lang),
            "costs": evaluation_view.costs(report, lang),
            "iterations": iterations_view.iterations(iterations(seen.project, lang), lang),
            "notes": evaluation_view.notes(report_in(seen, lang), lang)
            + downloads(lang, project, run, "report.html", "report.md"),
        }

    def _empty(self, project: Project | None) -> list[Any]:
        job = running_job(project) if project is not None else None
        said = evaluation_view.empty(
            self._frame.lang,
            project.id if project is not None else None,
            items=project is not None and project.validation.exists(),
            active=job.kind if job is not None else "",
        )
        texts = [said, *[""] * (len(self._text) - 1)]
        return [gr.Dropdown([], value=None, visible=False), *texts, *[gr.Plot(None, visible=False)] * len(self._plot)]

    def _failures(self, request: gr.Request, picked: str | None) -> list[Any]:
        frame = self._frame
        name = self._chosen(request, frame.project(request), picked)
        if name is None:
            hidden = [gr.Radio(visible=False), "", gr.Button(visible=False), PAGE]
            return ["", *hidden, *self._fixes.clear()]
        seen, diagnosis = self._opened(request, name)
        settings = frame.desk(request).settings.model_copy(update={"lang": frame.lang})
        choices = [(frame.say("evaluation_all_causes", count=diagnosis.failed), ALL)]
        choices += [(failures_view.cause_label(one, frame.lang), one.cause) for one in diagnosis.causes]
        head = failures_view.summary(diagnosis, frame.lang)
        if diagnosis.failed:
            head += downloads(frame.lang, seen.project.id, name, "failed.csv")
        return [
            head,
            gr.Radio(choices, value=ALL, visible=len(diagnosis.causes) > 1),
            *self._listed(seen, diagnosis, ALL, PAGE),
            *self._fixes.fill(seen, diagnosis, settings),
        ]

    def _listed(self, seen: Evaluation, diagnosis: Diagnosis, cause: str, shown: int) -> list[Any]:
        """Return the failed items of a cause, as far as they are shown."""
        lang = self._frame.lang
        wanted = [one for one in seen.failures(diagnosis) if cause in (ALL, one[0].cause)]
        listed = "".join(
            failures_view.item(one, seen.answers[one[1].id], seen.retrieved.get(one[1].id, ()), lang, seen.project.id)
            for one in wanted[:shown]
        )
        count = failures_view.shown_of(min(shown, len(wanted)), len(wanted), lang)
        return [listed + count, gr.Button(visible=shown < len(wanted)), shown]
