"""The spot-check of the sealed set on the evaluation page: its error rate, and the drawn items to judge, one at a time.

panel = CheckPanel(frame)
panel.wire()
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from html import escape
from typing import Any, Final

import gradio as gr

from agent.errors import EmptyError, InputError, NotFoundError
from agent.prompts.set_check import check_line
from agent.records.base import Language
from agent.records.evaluation import Item
from agent.records.set_check import SetCheck
from tools.evaluation.wording import dimension_name, kind_name
from tools.validation.check import drawn_sample, items_left, judge, set_check
from tools.workspace import Project
from ui.i18n import phrase
from ui.pages.failures_view import gold, passage
from ui.pages.frame import Frame, told
from ui.pages.inline_code import with_commands

LANE: Final[dict[str, Any]] = {
    "show_progress": "hidden",
    "api_visibility": "private",
    "concurrency_id": "check",
    "concurrency_limit": 1,
}


@dataclass(frozen=True)
class Seen:
    """What this visit to the page did."""

    judged: tuple[str, ...] = ()
    """Ids of the items, the latest last."""
    later: tuple[str, ...] = ()
    """Ids of the items put off."""


class CheckPanel:
    """A section with the state of the sample and one item of it."""

    def __init__(self, frame: Frame) -> None:
        """Draw the section.

        Args:
            frame: The page's frame.
        """
        self._frame = frame
        say = frame.say
        self._head = gr.HTML(js_on_load=None, elem_id="ds-check")
        self._item = gr.HTML(js_on_load=None, elem_id="ds-check-item")
        with gr.Row(visible=False) as self._row:
            self._why = gr.Textbox(label=say("check_why"), max_lines=1, min_width=240, elem_id="ds-check-why")
        with gr.Row(visible=False) as self._buttons:
            self._right, self._wrong, self._skip = (
                gr.Button(say(f"check_{name}"), size="sm", min_width=90, elem_id=f"ds-check-{name}")
                for name in ("right", "wrong", "skip")
            )
        self._undo = gr.Button(say("check_undo"), visible=False, size="sm", scale=0, elem_id="ds-check-undo")
        # A verdict is on what the person saw, even if the next item is on its way already.
        self._facing = gr.Textbox(visible=False)
        self._seen = gr.State(Seen())

    @property
    def parts(self) -> list[Any]:
        """What every handler fills."""
        return [
            *(self._head, self._item, self._row, self._why, self._buttons, self._undo),
            *(self._facing, self._seen),
        ]

    def wire(self) -> None:
        """Connect the components."""
        given = [self._facing, self._seen]

        @told
        def opened(request: gr.Request) -> list[Any]:
            return self._shown(self._frame.project(request), Seen())

        @told
        def right(facing: str, seen: Seen, request: gr.Request) -> list[Any]:
            return self._judged(request, seen, facing, {facing: None})

        @told
        def wrong(facing: str, seen: Seen, why: str, request: gr.Request) -> list[Any]:
            return self._judged(request, seen, facing, {facing: why})

        @told
        def later(facing: str, seen: Seen, request: gr.Request) -> list[Any]:
            return self._shown(self._frame.need(request), replace(seen, later=(*seen.later, facing)))

        @told
        def undone(seen: Seen, request: gr.Request) -> list[Any]:
            return self._undone(request, seen)

        self._frame.on_load(opened, None, self.parts, show_progress="hidden")
        self._right.click(right, given, self.parts, **LANE)
        self._wrong.click(wrong, [*given, self._why], self.parts, **LANE)
        self._skip.click(later, given, self.parts, **LANE)
        self._undo.click(undone, self._seen, self.parts, **LANE)

    def _judged(self, request: gr.Request, seen: Seen, facing: str, said: Mapping[str, str | None]) -> list[Any]:
        project = self._frame.need(request)
        self._write(project, said)
        return self._shown(project, replace(seen, judged=(*seen.judged, facing)))

    def _undone(self, request: gr.Request, seen: Seen) -> list[Any]:
        if not seen.judged:
            raise EmptyError(self._frame.say("check_nothing_to_undo"))
        project, last = self._frame.need(request), seen.judged[-1]
        self._write(project, {}, last)
        return self._shown(project, replace(seen, judged=seen.judged[:-1]), last)

    def _write(self, project: Project, said: Mapping[str, str | None], *undo: str) -> None:
        try:
            judge(project, said, undo)
        except (EmptyError, NotFoundError) as error:
            raise InputError(self._frame.say("check_changed")) from error

    def _shown(self, project: Project | None, seen: Seen, wanted: str = "") -> list[Any]:
        """Return the updates that show the state and an item: the wanted one, else the first that was not put off."""
        lang = self._frame.lang
        if project is None or drawn_sample(project) is None:
            said = head(phrase("check_none", lang), lang) if project is not None else ""
            return [said, "", gr.Row(visible=False), "", gr.Row(visible=False), gr.Button(visible=False), "", seen]
        made = set_check(project, lang)
        left = [one for one in items_left(project) if one.id not in seen.later or one.id == wanted]
        asked = next((one for one in left if one.id == wanted), left[0] if left else None)
        shown = item(asked, made, lang, project.id) if asked else rest(made, lang)
        return [
            state(made, lang),
            shown,
            gr.Row(visible=asked is not None),
            "",
            gr.Row(visible=asked is not None),
            gr.Button(visible=bool(seen.judged)),
            asked.id if asked else "",
            seen,
        ]


def head(said: str, lang: Language) -> str:
    """Return the heading of the section with what is said of the sample."""
    return f"<h2>{_say('check_title', lang)}</h2><p>{escape(said)}</p>"


def state(made: SetCheck, lang: Language) -> str:
    """Return the error rate with its interval, and what was found wrong with its mend."""
    rows = ""
    for one in made.found:
        said = f" – {one.reason}" if one.reason else ""
        earlier = "" if one.counted else f' <span class="ds-quiet">({_say("check_earlier", lang)})</span>'
        mend = f'<br><span class="ds-quiet">{with_commands(escape(one.mend))}</span>'
        rows += f"<li>{escape(one.question + said)} <code>{escape(one.item)}</code>{earlier}{mend}</li>"
    found = f"<p>{_say('check_found', lang)}</p><ul>{rows}</ul>" if rows else ""
    return head(check_line(made.figures, lang), lang) + found


def item(asked: Item, made: SetCheck, lang: Language, project: str) -> str:
    """Return an item as a person judges it: what is asked, what counts as right, the passage, the kind."""
    kinds = [dimension_name(asked.dimension, lang)]
    kinds += [kind_name(asked.question_kind, lang)] if asked.question_kind else []
    title = asked.question or " / ".join(asked.options)
    waiting = _say("check_at", lang, left=len(made.sample), drawn=made.figures.drawn)
    return (
        f'<div class="ds-item-body"><p class="ds-quiet" role="status">{waiting}</p>'
        f'<p><strong lang="{asked.language}">{escape(title)}</strong> '
        f'<span class="ds-chip">{escape(" · ".join(kinds))}</span></p>'
        f"{gold(asked, lang)}{passage(asked, lang, project)}</div>"
    )


def rest(made: SetCheck, lang: Language) -> str:
    """Return what is said where no item is left to show."""
    return f'<p class="ds-quiet" role="status">{_say("check_rest" if made.sample else "check_done", lang)}</p>'


def _say(key: str, lang: Language, **values: object) -> str:
    return escape(phrase(key, lang, **values))
