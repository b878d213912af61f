"""The page that puts one question to several arms, takes the vote and keeps the tally."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any, Final

import gradio as gr

from agent.errors import InputError
from agent.records.evaluation import Arm, Item
from agent.records.vote import VoteVerdict
from tools.asking import choose_arms, stream_arms
from tools.evaluation.arms import WITH_RETRIEVAL
from tools.evaluation.wording import arm_name
from tools.rounds import Round, backing_of, new_round, next_question, sealed_questions
from tools.vote_tally import tally
from tools.votes import cast, load_votes, standing, undo
from tools.workspace import Project
from ui.pages import compare_view as view
from ui.pages import tally_view
from ui.pages.comparison import Comparison, ballot, begin, heard, narrowed, stopped, unvoted, voted
from ui.pages.frame import Frame, told
from ui.pages.pump import Pump
from ui.web.desk import Desk

MOST_COLUMNS: Final = 5
MOST_OPTIONS: Final = 6
"""Options of a question back that get a button."""
REDRAWN_EVERY: Final = 0.1
"""Seconds between two drawings of an answer that is being written."""
AT_ONCE: Final = 16
"""Questions of all visitors whose columns are shown while they wait for the one model or are answered by it."""
PASSAGES: Final = 5
"""Chunks retrieved for the arms with retrieval; the command `ask` takes as many."""


def build(frame: Frame) -> None:
    """Draw the page."""
    _Page(frame).draw()


class _Page:
    """The components of the page and what they do."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._say = frame.say

    def draw(self) -> None:
        """Lay out the components and connect them."""
        self._shown = gr.State(None)
        self._sealed = gr.State("")
        self._empty = gr.HTML(js_on_load=None, elem_id="compare-empty")
        self._draw_form()
        self._draw_answers()
        self._tally = gr.HTML(js_on_load=None, elem_id="compare-tally")
        self._last = gr.HTML(js_on_load=None, elem_id="compare-last")
        self._undo = gr.Button(self._say("compare_undo"), visible=False, size="sm", elem_id="compare-undo")
        self._connect()

    def _draw_form(self) -> None:
        with gr.Column(visible=False) as self._form:
            self._question = gr.Textbox(
                label=self._say("compare_question"),
                placeholder=self._say("compare_question_hint"),
                lines=2,
                max_length=4000,
                elem_id="compare-question",
            )
            self._arms = gr.CheckboxGroup(label=self._say("compare_arms"), elem_id="compare-arms")
            self._blind = gr.Checkbox(label=self._say("compare_blind"), elem_id="compare-blind")
            self._missing = gr.HTML(js_on_load=None)
            with gr.Row():
                self._ask = gr.Button(self._say("compare_ask"), variant="primary", elem_id="compare-ask")
                self._next = gr.Button(self._say("compare_next"), elem_id="compare-next")
                self._stop = gr.Button(self._say("compare_stop"), visible=False, elem_id="compare-stop")

    def _draw_answers(self) -> None:
        self._status = gr.HTML(js_on_load=None, elem_id="compare-status")
        self._columns = gr.HTML(js_on_load=None, elem_id="compare-columns")
        self._clarify = gr.HTML(js_on_load=None)
        with gr.Row():
            self._options = [gr.Button(visible=False) for _ in range(MOST_OPTIONS)]
        with gr.Column(visible=False, elem_id="compare-ballot") as self._ballot:
            gr.HTML(f"<h2>{escape(self._say('compare_vote'))}</h2>", js_on_load=None)
            with gr.Row():
                self._better = [gr.Button(visible=False, elem_id=f"compare-better-{n}") for n in range(MOST_COLUMNS)]
            with gr.Row():
                self._tie = gr.Button(self._say("compare_tie"), elem_id="compare-tie")
                self._wrong = gr.Button(self._say("compare_all_wrong"), elem_id="compare-wrong")
        self._outcome = gr.HTML(js_on_load=None, elem_id="compare-outcome")

    def _connect(self) -> None:
        asked = [self._question, self._arms, self._blind, self._sealed]
        drawn = self._round_parts()
        quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        streamed: dict[str, Any] = {
            **quiet,
            "concurrency_limit": AT_ONCE,
            "concurrency_id": f"compare-{self._frame.lang}",
            "trigger_mode": "once",
        }
        self._frame.on_load(
            told(self._open),
            None,
            [self._empty, self._form, self._arms, self._missing, self._next],
            show_progress="hidden",
        )
        self._frame.on_load(told(self._counted), None, self._count_parts(), show_progress="hidden")
        runs = [
            gr.on([self._ask.click, self._question.submit], told(self._answer), asked, drawn, **streamed),
            self._next.click(told(self._take_next), self._sealed, [self._question, self._sealed], **quiet).success(
                told(self._answer), asked, drawn, **streamed
            ),
        ]
        for place, option in enumerate(self._options):
            runs.append(
                option.click(
                    lambda shown, place=place: narrowed(shown, place) if shown else "",
                    self._shown,
                    self._question,
                    **quiet,
                ).success(told(self._answer), asked, drawn, **streamed)
            )
        self._stop.click(lambda shown: shown and stopped(shown), self._shown, self._shown, cancels=runs, **quiet).then(
            self._drawn, self._shown, drawn, **quiet
        )
        for place, button in enumerate(self._better):
            self._vote_on(button, "better", place)
        self._vote_on(self._tie, "tie", None)
        self._vote_on(self._wrong, "all_wrong", None)
        self._undo.click(told(self._take_back), self._shown, drawn, **quiet).then(
            told(self._counted), None, self._count_parts(), **quiet
        )

    def _vote_on(self, button: gr.Button, verdict: VoteVerdict, place: int | None) -> None:
        @told
        def give(shown: Comparison | None, request: gr.Request) -> tuple[Any, ...]:
            return self._given(shown, verdict, place, request)

        given = button.click(
            give,
            self._shown,
            self._round_parts(),
            api_visibility="private",
            show_progress="hidden",
            trigger_mode="once",
        )
        given.then(told(self._counted), None, self._count_parts(), api_visibility="private", show_progress="hidden")

    def _round_parts(self) -> list[Any]:
        """Return what a round changes, in the order of `_drawn`."""
        head = [self._shown, self._columns, self._status, self._ballot, self._outcome, self._stop, self._clarify]
        return [*head, *self._better, *self._options]

    def _count_parts(self) -> list[Any]:
        return [self._tally, self._last, self._undo]

    def _open(self, request: gr.Request) -> tuple[Any, ...]:
        project = self._frame.project(request)
        arms = choose_arms(project, None) if project else ()
        choices = [(arm_name(arm, self._frame.lang), arm) for arm in arms]
        ready = len(arms) > 1
        items = bool(project and ready and sealed_questions(project))
        hint = "" if items or not ready else f'<p class="ds-quiet">{escape(self._say("compare_no_items"))}</p>'
        return (
            view.empty(project, len(arms), self._frame.lang),
            gr.Column(visible=ready),
            gr.CheckboxGroup(choices=choices, value=list(arms)),
            view.missing(arms, self._frame.lang) + hint,
            gr.Button(interactive=items),
        )

    def _take_next(self, sealed: str, request: gr.Request) -> tuple[str, str]:
        project = self._frame.need(request)
        account = self._frame.desk(request).account
        item = next_question(sealed_questions(project), load_votes(project), account, sealed)
        if item is None:
            raise InputError(self._say("compare_no_items"))
        return item.question, item.id

    def _answer(
        self, question: str, arms: Sequence[str], blind: bool, sealed: str, request: gr.Request
    ) -> Iterator[tuple[Any, ...]]:
        desk, project = self._frame.desk(request), self._frame.need(request)
        text, chosen = self._checked(project, question, arms)
        item = _item(project, sealed)
        known = item.id if item is not None and item.question.strip() == text else ""
        round_ = new_round(project, desk.settings, text, chosen, blind=bool(blind), item=known)
        shown = begin(project.id, round_, (), desk.settings)
        yield self._drawn(shown, self._say("compare_searching") if _reads(chosen) else None)
        try:
            for shown in self._heard(desk, project, round_):
                yield self._drawn(shown)
        except Exception:
            yield self._drawn(stopped(shown))
            raise

    def _heard(self, desk: Desk, project: Project, round_: Round) -> Iterator[Comparison]:
        """Yield the comparison as the arms write, ten times a second at most, and once they have finished."""
        retrieved = desk.retriever(project).look_up(round_.question, PASSAGES) if _reads(round_.arms) else []
        shown = begin(project.id, round_, retrieved, desk.settings)
        yield shown
        answerers, drawn_at = self._frame.desks.answerers, 0.0
        with Pump(
            lambda reporter: stream_arms(
                project,
                desk.settings,
                round_.question,
                round_.arms,
                retrieved,
                answerers=answerers,
                reporter=reporter,
            )
        ) as events:
            for event in events:
                shown = shown if event is None else heard(shown, event)
                if time.monotonic() - drawn_at >= REDRAWN_EVERY:
                    drawn_at = time.monotonic()
                    yield shown
        yield shown

    def _checked(self, project: Project, question: str, arms: Sequence[str]) -> tuple[str, tuple[Arm, ...]]:
        text = question.strip()
        if not text:
            raise InputError(self._say("compare_no_question"), mend=self._say("compare_no_question_mend"))
        chosen = choose_arms(project, ",".join(arms)) if arms else ()
        if len(chosen) < 2:
            raise InputError(self._say("compare_too_few"), mend=self._say("compare_too_few_mend"))
        return text, tuple(arm for arm in choose_arms(project, None) if arm in chosen)

    def _given(
        self, shown: Comparison | None, verdict: VoteVerdict, place: int | None, request: gr.Request
    ) -> tuple[Any, ...]:
        desk, project = self._frame.desk(request), self._frame.need(request)
        beyond = place is not None and shown is not None and place >= len(shown.columns)
        if shown is None or not shown.open or beyond or shown.project != project.id:
            raise InputError(self._say("compare_gone"), mend=self._say("compare_gone_mend"))
        winner = None if place is None else shown.columns[place].arm
        vote = cast(project, ballot(shown), shown.answers, verdict, winner, desk.account, shown.documents)
        return self._drawn(voted(shown, vote, _item(project, shown.round.item)))

    def _take_back(self, shown: Comparison | None, request: gr.Request) -> tuple[Any, ...]:
        gone = undo(self._frame.need(request), self._frame.desk(request).account)
        gr.Info(escape(self._say("compare_undone")))
        if shown is not None and shown.vote is not None and shown.vote.id == gone.id:
            shown = unvoted(shown)
        return self._drawn(shown)

    def _counted(self, request: gr.Request) -> tuple[str, str, Any]:
        project = self._frame.project(request)
        if project is None:
            return "", "", gr.Button(visible=False)
        desk = self._frame.desk(request)
        votes = load_votes(project)
        own = [vote for vote in standing(votes) if vote.account == desk.account]
        arms = choose_arms(project, None)
        counted = tally(votes, backing_of(project, desk.settings, arms))
        return (
            tally_view.tally(counted, project.id, self._frame.lang) if votes or len(arms) > 1 else "",
            view.last_vote(own[-1] if own else None, self._frame.lang),
            gr.Button(visible=bool(own)),
        )

    def _drawn(self, shown: Comparison | None, status: str | None = None) -> tuple[Any, ...]:
        """Return the round's parts as they are now."""
        lang = self._frame.lang
        if shown is None:
            return tuple(gr.skip() for _ in self._round_parts())
        said = view.progress(shown, lang) if status is None else escape(status)
        running = not shown.finished and not any(column.state == "stopped" for column in shown.columns)
        options = shown.clarify.options[:MOST_OPTIONS] if shown.clarify else ()
        return (
            shown,
            view.columns(shown, lang),
            f'<p role="status">{said}</p>' if said else "",
            gr.Column(visible=shown.open),
            view.outcome(shown, lang),
            gr.Button(visible=running),
            view.clarification(shown),
            *(
                gr.Button(view.vote_label(shown, n, lang), visible=True)
                if n < len(shown.columns)
                else gr.Button(visible=False)
                for n in range(MOST_COLUMNS)
            ),
            *(
                gr.Button(options[n], visible=True) if n < len(options) else gr.Button(visible=False)
                for n in range(MOST_OPTIONS)
            ),
        )


def _reads(arms: Sequence[Arm]) -> bool:
    return any(arm in WITH_RETRIEVAL for arm in arms)


def _item(project: Project, identifier: str) -> Item | None:
    if not identifier:
        return None
    return next((item for item in sealed_questions(project) if item.id == identifier), None)
