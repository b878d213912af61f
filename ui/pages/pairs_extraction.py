"""Making pairs from the page: the card that says what, how long and what changes comes first, a yes starts the job."""

from __future__ import annotations

from typing import Any, Final

import gradio as gr

from agent.errors import EmptyError
from knowledge.store import CorpusStore
from tools.status import project_facts
from tools.workspace import Project
from ui.pages import steps
from ui.pages.documents_view import escaped
from ui.pages.frame import Frame, told
from ui.pages.job_panel import JobPanel
from ui.pages.steps import Proposal, StepOptions
from ui.pages.steps_view import card

QUIET: Final[dict[str, Any]] = {"show_progress": "hidden", "api_visibility": "private"}


class Extraction:
    """The button that asks for pairs, and the card between it and the job."""

    def __init__(self, frame: Frame) -> None:
        """Draw it.

        Args:
            frame: The page's frame.
        """
        self._frame = frame
        with gr.Column(visible=False) as self._ask_part:
            self._again = gr.HTML(apply_default_css=False, js_on_load=None)
            self._ask = gr.Button(frame.say("pairs_extract"), variant="primary", elem_id="pairs-extract")
        with gr.Group(visible=False, elem_id="pairs-approval") as self._card_part:
            self._card = gr.HTML(apply_default_css=False, js_on_load=None, padding=True)
            with gr.Row():
                self._yes = gr.Button(frame.say("pairs_approve"), variant="primary", elem_id="pairs-approve")
                self._no = gr.Button(frame.say("pairs_decline"), elem_id="pairs-decline")
        self._proposal = gr.State(None)

    @property
    def outputs(self) -> list[Any]:
        """Components that depend on whether there is anything to make pairs from, and on whether there are pairs."""
        return [self._ask_part, self._again, self._ask, self._card_part]

    def shown(self, project: Project | None) -> list[Any]:
        """Return the values of `outputs`.

        Args:
            project: The page's project; `None` without one.
        """
        say = self._frame.say
        possible = project is not None and bool(CorpusStore(project.root).readable())
        again = possible and project is not None and project.pairs.exists()
        note = escaped(self._frame.lang)("pairs_extract_again_more") if again else ""
        return [
            gr.Column(visible=possible),
            f'<p class="ds-quiet">{note}</p>' if note else "",
            gr.Button(
                say("pairs_extract_again" if again else "pairs_extract"), variant="secondary" if again else "primary"
            ),
            gr.Group(visible=False),
        ]

    def wire(self, panel: JobPanel) -> None:
        """Connect it.

        Args:
            panel: Follows the job.
        """

        @told
        def ask(request: gr.Request) -> tuple[Any, str, Proposal]:
            frame, project = self._frame, self._frame.need(request)
            settings = frame.desk(request).settings.model_copy(update={"lang": frame.lang})
            wanted = steps.wanted(project, settings, "extract", project_facts(project), StepOptions())
            proposal = steps.propose(project, settings, "extract", wanted, frame.lang)
            return gr.Group(visible=True), card(proposal, frame.lang), proposal

        @told
        def approve(proposal: Proposal | None, request: gr.Request) -> tuple[Any, None]:
            frame, project = self._frame, self._frame.need(request)
            if proposal is None:
                raise EmptyError(frame.say("frame_no_card"))
            steps.start(frame.desk(request), project, proposal, frame.lang)
            gr.Info(frame.say("pairs_started"))
            return gr.Group(visible=False), None

        self._ask.click(ask, None, [self._card_part, self._card, self._proposal], **QUIET)
        self._no.click(lambda: (gr.Group(visible=False), None), None, [self._card_part, self._proposal], **QUIET)
        panel.started(
            self._yes.click(approve, self._proposal, [self._card_part, self._proposal], api_visibility="private")
        )
