"""The page of the pairs: one at a time with its source, decided by keyboard or button; coverage beside it.

`?status=…&reason=…&kind=…&document=…&text=…&pair=ID` opens the page with filters set, and at a pair; `-` stands for a
filter by nothing, such as pairs without a document.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, NamedTuple

import gradio as gr

from agent.policy.consent import time_needed
from agent.records.job import Job
from agent.records.pairs import ExtractResult
from knowledge.files import read_record
from knowledge.store import CorpusStore
from tools.extraction.request import ExtractRequest
from tools.forecast import step_facts
from tools.jobs.worker import RESULT
from tools.workspace import Project
from ui.pages import pairs_view
from ui.pages.documents_view import escaped
from ui.pages.frame import Frame, told
from ui.pages.job_panel import JobPanel
from ui.pages.pairs_deck import Decks
from ui.pages.pairs_desk import PairsDesk
from ui.pages.pairs_extraction import Extraction
from ui.pages.pairs_report import ReportPanel
from ui.pages.pairs_walk import ALL, Filters, Walk

CLOSE: Final = "() => window.dsPairs?.close()"
WHYS: Final = ("wrong", "unclear", "useless", "outdated", "personal")
QUIET: Final[dict[str, Any]] = {"show_progress": "hidden", "api_visibility": "private"}
LANE: Final[dict[str, Any]] = {**QUIET, "concurrency_id": "pairs", "concurrency_limit": 1, "trigger_mode": "multiple"}
"""Key presses take effect in the order in which they came. `multiple`: the script of the page sends one at a time, and
an answer that is lost on its way must not end a button for good."""
LATEST: Final[dict[str, Any]] = {**LANE, "trigger_mode": "always_last"}


def build(frame: Frame) -> None:
    """Draw the page."""
    _Page(frame).wire()


class Parts(NamedTuple):
    """What shows one pair."""

    counter: gr.HTML
    card: gr.HTML
    source: gr.HTML
    question: gr.Textbox
    answer: gr.Textbox
    facing: gr.Textbox
    """Id of the pair that the browser shows, held there and never seen: a decision is about what the person saw, even
    if the answer to a key pressed just before has not arrived yet, or is lost."""
    walk: gr.State


class _Page:
    """The components of the page and what they do."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self.decks = Decks()
        say = frame.say
        self.panel = JobPanel(frame, "extract", "pairs", self._describe)
        self.empty = _html("pairs-empty")
        with gr.Row(elem_classes="ds-columns", visible=False) as self.review:
            with gr.Column(scale=3, min_width=300):
                self._draw_filters()
                counter, card = _html("pairs-counter"), _html("pairs-card")
                self._draw_buttons()
                with gr.Column(elem_classes="ds-panel-edit"):
                    question = gr.Textbox(label=say("pairs_edit_question"), lines=2, elem_id="pairs-edit-question")
                    answer = gr.Textbox(label=say("pairs_edit_answer"), lines=3, elem_id="pairs-edit-answer")
                    with gr.Row():
                        self.save = gr.Button(say("pairs_save"), variant="primary", elem_id="pairs-save")
                        gr.Button(say("pairs_cancel"), elem_classes="ds-close")
                self._draw_reject()
                facing = gr.Textbox(visible=False)
                source = _html("pairs-source")
                self.parts = Parts(counter, card, source, question, answer, facing, gr.State(Walk()))
                gr.HTML(f'<p class="ds-quiet">{escaped(frame.lang)("pairs_keys")}</p>', **_PLAIN)
            with gr.Column(scale=2, min_width=300):
                self.beside = _html("pairs-beside")
        self.report = ReportPanel(frame)
        self.extraction = Extraction(frame)
        # The links of the coverage map change the address and press this button, so no page is loaded anew.
        self.apply = gr.Button("", elem_id="pairs-apply", elem_classes="ds-offstage")
        # Pressed by the script some seconds after the last decision: counting for the rail reads all pairs.
        self.settle = gr.Button("", elem_id="pairs-settle", elem_classes="ds-offstage")

    def _draw_filters(self) -> None:
        say = self.frame.say
        with gr.Row(elem_classes="ds-filters"):
            self.filters: list[gr.Dropdown] = [
                gr.Dropdown([(say("pairs_all"), ALL)], value=ALL, label=say(f"pairs_filter_{name}"), min_width=120)
                for name in ("status", "reason", "kind", "document")
            ]
            self.text = gr.Textbox(
                "",
                label=say("pairs_filter_text"),
                placeholder=say("pairs_filter_text_hint"),
                max_lines=1,
                min_width=240,
                elem_id="pairs-text",
            )

    def _draw_buttons(self) -> None:
        say = self.frame.say
        with gr.Row(elem_classes="ds-actions"):
            self.buttons = {
                name: gr.Button(
                    say(f"pairs_{name}"),
                    size="sm",
                    min_width=90,
                    variant="primary" if name == "accept" else "secondary",
                    elem_id=f"pairs-{name}",
                )
                for name in ("accept", "edit", "reject", "previous", "next", "undo")
            }

    def _draw_reject(self) -> None:
        say = self.frame.say
        with gr.Column(elem_classes="ds-panel-reject"):
            self.why = gr.Textbox(
                label=say("pairs_reject_why"), placeholder=say("pairs_reject_hint"), max_lines=1, elem_id="pairs-why"
            )
            with gr.Row():
                self.whys = [gr.Button(say(f"pairs_why_{name}"), size="sm", min_width=90) for name in WHYS]
            with gr.Row():
                self.reject = gr.Button(say("pairs_reject_yes"), variant="stop", elem_id="pairs-reject-yes")
                gr.Button(say("pairs_cancel"), elem_classes="ds-close")

    def wire(self) -> None:
        """Connect the components."""
        parts, changing = list(self.parts), [*self.parts, self.beside, self.filters[1]]
        opening = [self.empty, self.review, *self.filters, self.text, *parts, self.beside, *self.extraction.outputs]
        self.frame.on_load(told(self._load), None, [*opening, *self.panel.parts], show_progress="hidden")
        self.apply.click(told(self._open), None, opening, **LANE)
        self.panel.follow(self._open, opening)
        for one in self.filters:
            one.input(told(self._find), [*self.filters, self.parts.walk], parts, **LATEST)
        # `input` of a text field is told of typed keys only, not of a paste or an input method. `change` is told as
        # well when the page itself fills the field, at a moment at which the other fields are still to be filled.
        self.text.change(told(self._find_text), [self.text, self.parts.walk], parts, **LATEST)
        self.buttons["previous"].click(self._back, self.parts.walk, parts, **LANE)
        self.buttons["next"].click(self._on, self.parts.walk, parts, **LANE)
        decided = [self.parts.walk, self.parts.facing]
        given = [*decided, self.parts.question, self.parts.answer]
        self.buttons["accept"].click(told(self._accept), decided, changing, **LANE)
        self.buttons["undo"].click(told(self._undo), self.parts.walk, changing, **LANE)
        self.save.click(told(self._edit), given, changing, **LANE).success(None, None, None, js=CLOSE, **QUIET)
        for event in (self.why.submit, self.reject.click):
            event(told(self._reject), [*decided, self.why], changing, **LANE).success(
                None, None, None, js=CLOSE, **QUIET
            )
        for button, name in zip(self.whys, WHYS, strict=True):
            button.click(self._rejecting(self.frame.say(f"pairs_why_{name}")), decided, changing, **LANE).success(
                None, None, None, js=CLOSE, **QUIET
            )
        self.frame.after(self.settle.click(lambda: None, None, None, **QUIET))
        self.extraction.wire(self.panel)
        self.report.wire()

    def _desk(self, request: gr.Request) -> PairsDesk:
        project = self.frame.need(request)
        return PairsDesk(project, self.decks.of(project), self.frame.lang)

    def _load(self, request: gr.Request) -> list[Any]:
        return [*self._open(request), *self.panel.shown(request)]

    def _open(self, request: gr.Request) -> list[Any]:
        frame, project = self.frame, self.frame.project(request)
        if project is None:
            hint = f'<p class="ds-empty">{escaped(frame.lang)("frame_need_project")}</p>'
            return [hint, gr.Row(visible=False), *self._rest(gr.skip()), *self.extraction.shown(None)]
        desk = self._desk(request)
        if not desk.deck.pairs:
            return [
                self._nothing_yet(request, project),
                gr.Row(visible=False),
                *self._rest(gr.skip()),
                *self.extraction.shown(project),
            ]
        walk = desk.begin(asked_filters(frame, request), frame.asked(request, "pair") or "")
        filters = walk.filters
        return [
            "",
            gr.Row(visible=True),
            gr.Dropdown(desk.statuses(), value=filters.status),
            gr.Dropdown(desk.reasons(), value=filters.reason),
            gr.Dropdown(desk.kinds(), value=filters.kind),
            gr.Dropdown(desk.documents(), value=filters.document),
            filters.text,
            *self._values(desk, walk),
            desk.beside(),
            *self.extraction.shown(project),
        ]

    def _rest(self, value: Any) -> list[Any]:
        return [value] * (len(self.filters) + 1 + len(self.parts) + 1)

    def _nothing_yet(self, request: gr.Request, project: Project) -> str:
        frame = self.frame
        facts = step_facts(project, frame.desk(request).settings, "extract", ExtractRequest(), frame.lang)
        return pairs_view.empty(
            bool(CorpusStore(project.root).readable()),
            time_needed(facts, frame.lang),
            frame.link("documents", project),
            frame.lang,
        )

    def _values(self, desk: PairsDesk, walk: Walk) -> list[Any]:
        walk = replace(walk, turn=walk.turn + 1)
        one = desk.shown(walk)
        return [one.counter, one.card, one.source, one.question, one.answer, one.id, walk]

    def _changed(self, desk: PairsDesk, walk: Walk) -> list[Any]:
        return [*self._values(desk, walk), desk.beside(), gr.Dropdown(desk.reasons())]

    def _find(self, status: str, reason: str, kind: str, document: str, walk: Walk, request: gr.Request) -> list[Any]:
        return self._filtered(Filters(status, reason, kind, document, walk.filters.text), walk, request)

    def _find_text(self, text: str, walk: Walk, request: gr.Request) -> list[Any]:
        return self._filtered(replace(walk.filters, text=text), walk, request)

    def _filtered(self, filters: Filters, walk: Walk, request: gr.Request) -> list[Any]:
        if walk.project and walk.filters == filters:
            return [gr.skip()] * len(self.parts)
        desk = self._desk(request)
        return self._values(desk, desk.find(filters, walk))

    def _back(self, walk: Walk, request: gr.Request) -> list[Any]:
        return self._values(self._desk(request), walk.moved(-1))

    def _on(self, walk: Walk, request: gr.Request) -> list[Any]:
        return self._values(self._desk(request), walk.moved(1))

    def _accept(self, walk: Walk, facing: str, request: gr.Request) -> list[Any]:
        desk = self._desk(request)
        return self._changed(desk, desk.accept(walk.facing(facing)))

    def _reject(self, walk: Walk, facing: str, why: str, request: gr.Request) -> list[Any]:
        desk = self._desk(request)
        return self._changed(desk, desk.reject(walk.facing(facing), why))

    def _rejecting(self, why: str) -> Callable[..., list[Any]]:
        @told
        def reject(walk: Walk, facing: str, request: gr.Request) -> list[Any]:
            return self._reject(walk, facing, why, request)

        return reject

    def _edit(self, walk: Walk, facing: str, question: str, answer: str, request: gr.Request) -> list[Any]:
        desk = self._desk(request)
        return self._changed(desk, desk.edit(walk.facing(facing), question, answer))

    def _undo(self, walk: Walk, request: gr.Request) -> list[Any]:
        desk = self._desk(request)
        if not walk.undo:
            gr.Info(self.frame.say("pairs_nothing_to_undo"), duration=3)
            return [*self._values(desk, walk), gr.skip(), gr.skip()]
        back, pair = desk.undo(walk)
        say = escaped(self.frame.lang)
        gr.Info(say("pairs_undone", status=self.frame.say(f"pairs_status_{pair.status}")), duration=3)
        return self._changed(desk, back)

    def _describe(self, project: Project, job: Job) -> str:
        return pairs_view.ended(read_record(project.runs / job.run / RESULT, ExtractResult), self.frame.lang)


def asked_filters(frame: Frame, request: gr.Request) -> Filters | None:
    """Return the filters of the page's address; `None` if it names none."""
    asked = {name: frame.asked(request, name) for name in ("status", "reason", "kind", "document", "text")}
    given = {name: "" if value == "-" else value for name, value in asked.items() if value is not None}
    return Filters(**given) if given else None


_PLAIN: Final[dict[str, Any]] = {"apply_default_css": False, "js_on_load": None}


def _html(identifier: str) -> gr.HTML:
    return gr.HTML(elem_id=identifier, **_PLAIN)
