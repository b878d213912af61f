"""The proposed fixes of an evaluation, each with its button: apply after a yes, or look passages up.

panel = FixPanel(frame, opened)          # `opened(request, run)` gives the evaluation and its diagnosis
panel.parts, panel.fill(seen, diagnosis, settings)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, get_args

import gradio as gr

from agent.errors import InputError, RefusedError
from agent.records.diagnosis import Cause, Diagnosis, Fix
from agent.records.evaluation import Item
from agent.settings import Settings
from tools.diagnosis.remedy import BlockedRemedy, LookUpRemedy, PersonRemedy, Remedy, StepRemedy, find_passages, remedy
from tools.status import project_facts
from ui.pages import failures_view
from ui.pages.evaluation_records import Evaluation
from ui.pages.frame import Frame, told
from ui.pages.page_progress import PageReporter
from ui.pages.step_card import StepCard
from ui.pages.steps import cannot, propose

MOST_QUESTIONS: Final = 60
"""Questions that a look-up asks retrieval again; each takes up to half a second the first time."""
ROWS: Final = len(get_args(Cause))
"""There is one fix for a cause at most."""

Open = Callable[[gr.Request, str], tuple[Evaluation, Diagnosis]]


class FixPanel:
    """Rows for as many fixes as there can be; those that are not needed stay hidden."""

    def __init__(self, frame: Frame, opened: Open) -> None:
        """Draw the panel.

        Args:
            frame: The page's frame.
            opened: Opens an evaluation by the name of its run, with its diagnosis.
        """
        self._frame = frame
        self._opened = opened
        self._head = gr.HTML(js_on_load=None)
        self._texts: list[gr.HTML] = []
        self._buttons: list[gr.Button] = []
        for place in range(ROWS):
            self._texts.append(gr.HTML(visible=False, js_on_load=None))
            self._buttons.append(gr.Button(visible=False, size="sm", scale=0, elem_id=f"ds-apply-{place + 1}"))
        self._card = StepCard(frame)

    @property
    def parts(self) -> list[Any]:
        """What `fill` fills."""
        return [self._head, *self._texts, *self._buttons]

    def fill(self, seen: Evaluation, diagnosis: Diagnosis, settings: Settings) -> list[Any]:
        """Return the updates that show the fixes of a diagnosis."""
        lang, project = self._frame.lang, seen.project
        texts: list[Any] = []
        buttons: list[Any] = []
        for place, fix in enumerate(diagnosis.fixes, start=1):
            found = remedy(fix, project, settings)
            texts.append(gr.HTML(failures_view.fix(fix, found, place, lang, project.id), visible=True))
            buttons.append(gr.Button(self._label(found), visible=not isinstance(found, PersonRemedy | BlockedRemedy)))
        hidden = ROWS - len(texts)
        texts += [gr.HTML("", visible=False)] * hidden
        buttons += [gr.Button(visible=False)] * hidden
        return [failures_view.fixes_head(diagnosis, lang), *texts, *buttons]

    def clear(self) -> list[Any]:
        """Return the updates that take all fixes away."""
        return ["", *[gr.HTML("", visible=False)] * ROWS, *[gr.Button(visible=False)] * ROWS]

    def wire(self, run: Any) -> None:
        """Connect the buttons.

        Args:
            run: Component with the name of the open run.
        """
        for place, button in enumerate(self._buttons):
            self._wire_row(place, button, run)
        self._frame.after(self._card.wire())

    def _wire_row(self, place: int, button: gr.Button, run: Any) -> None:
        frame = self._frame

        @told
        def apply(
            name: str,
            request: gr.Request,
            progress: gr.Progress = gr.Progress(),  # noqa: B008 - Gradio finds it by its default
        ) -> list[Any]:
            seen, diagnosis = self._opened(request, name)
            if place >= len(diagnosis.fixes):
                raise InputError(frame.say("evaluation_fixes_changed"))
            settings = self._settings(request)
            fix = diagnosis.fixes[place]
            match remedy(fix, seen.project, settings, seen.request):
                case StepRemedy(kind=kind, request=asked):
                    why = cannot(kind, project_facts(seen.project), frame.lang)
                    if why:
                        raise RefusedError(why)
                    return self._card.show(propose(seen.project, settings, kind, asked, frame.lang))
                case LookUpRemedy(k=k):
                    return self._card.hide(self._look_up(request, seen, fix, k, progress))
                case _:
                    raise InputError(frame.say("evaluation_fixes_changed"))

        button.click(apply, run, self._card.parts, api_visibility="private", concurrency_id="fixes")

    def _look_up(self, request: gr.Request, seen: Evaluation, fix: Fix, k: int, progress: gr.Progress) -> str:
        items = _asked(seen, fix)
        retriever = self._frame.desk(request).retriever(seen.project)
        reporter = PageReporter(progress, self._frame.say("runs_looking_up"))
        found = []
        for done, item in enumerate(items):
            reporter.progress(done, len(items), "questions")
            found.append(retriever.search(item.question, k))
        return failures_view.looked_up(find_passages(items, found), k, self._frame.lang)

    def _label(self, found: Remedy) -> str:
        if isinstance(found, LookUpRemedy):
            return self._frame.say("evaluation_look_up", k=found.k)
        return self._frame.say("evaluation_apply")

    def _settings(self, request: gr.Request) -> Settings:
        return self._frame.desk(request).settings.model_copy(update={"lang": self._frame.lang})


def _asked(seen: Evaluation, fix: Fix) -> Sequence[Item]:
    """Return the questions a fix is about that have an answer to look for."""
    known = (seen.items.get(name) for name in fix.targets)
    return [item for item in known if item is not None and item.answers][:MOST_QUESTIONS]
