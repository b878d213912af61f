"""The page of the assistant: the conversation, the card that asks for a yes, and beside it what is known so far.

`?thread=ID` names the conversation, so a page that is loaded anew, or on another day, goes on where it was. Whatever is
asked runs outside the page (`assistant_turns`): handlers only draw how far it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path
from typing import Any, Final

import gradio as gr

from agent.errors import BusyError, DomainsmithError, InputError
from agent.records.conversation import Verdict
from agent.records.profile import Profile
from graph.threads import new_thread
from tools.profiles import save_facts
from ui.pages import assistant_cards as cards
from ui.pages import assistant_view as view
from ui.pages.assistant_asks import message, reading, settling
from ui.pages.assistant_beside import Passages, job_line, profile_of, shown_for, standing
from ui.pages.assistant_layout import LONGEST, draw_list, draw_talk
from ui.pages.assistant_profile import ProfileForm
from ui.pages.assistant_scene import Scene, now, scene, with_project
from ui.pages.assistant_turns import Ask, Turns
from ui.pages.frame import Frame, told

AT_ONCE: Final = 16
"""Turns of all visitors that are watched at the same time."""
POLL_SECONDS: Final = 2.0
CHANGE: Final = "() => window.dsAssistant?.change()"
FOLLOW: Final = "(address) => { window.dsAssistant?.at(address); }"


def build(frame: Frame) -> None:
    """Draw the page."""
    _Page(frame).draw()


class _Page:
    """The components of the page and what they do."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._say = frame.say
        self._turns = Turns()
        self._passages = Passages()

    def draw(self) -> None:
        """Lay out the components and connect them."""
        with gr.Row(elem_classes="ds-talk"):
            with gr.Column(scale=5, min_width=300, elem_classes="ds-conversation"):
                self._list = draw_list(self._say)
                self._front = draw_talk(self._say)
            with gr.Column(scale=3, min_width=260, elem_classes="ds-beside"):
                self._form = ProfileForm(self._frame)
                self._decision = gr.HTML(apply_default_css=False, js_on_load=None, elem_id="assistant-decision")
        with gr.Column(elem_classes="ds-offstage"):
            # The links of the list change the address and press this button, so no page is loaded anew.
            self._opener = gr.Button("", elem_id="assistant-open")
            # These live in the page, not in the server's session: they outlive a restart of the server.
            self._address = gr.Textbox(elem_id="assistant-address")
            self._approval = gr.Textbox(elem_id="assistant-approval")
        self._seen = gr.State("")
        self._timer = gr.Timer(POLL_SECONDS, active=False)
        self._connect()

    def _connect(self) -> None:
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        turn: dict[str, Any] = {
            **quiet,
            "concurrency_limit": AT_ONCE,
            "concurrency_id": f"assistant-{self._frame.lang}",
            "trigger_mode": "multiple",
        }
        once = {**turn, "trigger_mode": "once"}
        front, listed, talk, beside = self._front, self._list, self._talk_parts(), self._beside_parts()
        # The rail comes again once the address is whole: its links keep the conversation, and its project.
        self._frame.after(self._frame.on_load(told(self._open), None, [*talk, *beside], show_progress="hidden"))
        self._address.change(None, self._address, None, js=FOLLOW, api_visibility="private")
        asked = [
            front.box.submit(told(self._send), front.box, [front.box, *talk], **turn),
            front.chat.option_select(told(self._choose), None, talk, **once),
            front.chat.example_select(told(self._choose), None, talk, **once),
            front.approve.click(told(self._settle("approve")), self._approval, talk, **once),
            front.decline.click(told(self._settle("decline")), self._approval, talk, **once),
        ]
        for event in asked:
            # `multiple`: of two turns that end together, the second must be drawn around as well.
            self._frame.after(event.then(told(self._beside), None, beside, trigger_mode="multiple", **quiet))
        front.change.click(None, None, None, js=CHANGE, api_visibility="private")
        opened = self._opener.click(told(self._open), None, [*talk, *beside], trigger_mode="always_last", **quiet)
        self._frame.after(opened)
        self._timer.tick(self._tick, self._seen, [*talk, *beside], **quiet)
        listed.delete.click(told(self._ask_deletion), None, [listed.confirm, listed.asked, listed.doomed], **quiet)
        listed.no.click(lambda: gr.Group(visible=False), None, listed.confirm, **quiet)
        self._frame.after(listed.yes.click(told(self._deleted), listed.doomed, [*talk, *beside], **quiet))
        self._frame.after(self._form.wire(self._profile, self._save, [self._address, *beside]))

    def _talk_parts(self) -> list[Any]:
        """Return what a turn changes, in the order of `_talk`."""
        front = self._front
        card = [front.card, front.card_text, self._approval]
        return [front.chat, *card, front.job, self._timer, self._address, self._seen]

    def _beside_parts(self) -> list[Any]:
        """Return what stands around the conversation, in the order of `_around`."""
        return [self._list.threads, self._list.delete, self._list.confirm, self._form.text, self._decision]

    # What is shown

    def _talk(self, here: Scene, seen: str = "") -> list[Any]:
        """Return the conversation as it is now, with what is under way."""
        assistant, lang = here.desk.assistant, self._frame.lang
        asks = self._turns.of(here.key)
        running = asks[0].before if asks else None
        history = running if running is not None else assistant.history(here.thread)
        waits = view.open_approval(history, asks)
        shown = shown_for(lang, here.project, history, self._passages)
        state = f"{here.thread}:{len(history)}:{'.'.join(f'{id(ask)}-{ask.version}' for ask in asks)}"
        job = None if asks else assistant.waiting_job(here.thread)
        unanswered = bool(history) and history[-1].role == "user"
        polls = job is not None or bool(asks) or unanswered
        return [
            gr.skip() if state == seen else view.messages(history, asks, shown),
            gr.Group(visible=waits is not None),
            cards.approval(waits, shown) if waits is not None else "",
            waits.id if waits is not None else "",
            job_line(job, here.project, shown) if job is not None else "",
            gr.Timer(POLL_SECONDS, active=polls),
            self._frame.link("assistant", here.project, thread=here.thread),
            state,
        ]

    def _around(self, here: Scene) -> list[Any]:
        """Return what stands around the conversation."""
        lang = self._frame.lang
        shown = shown_for(lang, here.project, ())
        known = standing(here, lang)
        project = here.project.id if here.project is not None else None
        # Always another one: pressed before the first turn is drawn around, it would lead back to that turn.
        return [
            cards.threads(here.listed, here.thread, project, new_thread(), shown),
            gr.Button(visible=here.known is not None),
            gr.Group(visible=False),
            cards.profile(known.profile, shown),
            cards.decision(known, shown),
        ]

    # Handlers

    def _open(self, request: gr.Request) -> list[Any]:
        here = scene(self._frame, request)
        return [*self._talk(here), *self._around(here)]

    def _beside(self, request: gr.Request) -> list[Any]:
        return self._around(scene(self._frame, request))

    def _send(self, given: dict[str, Any] | None, request: gr.Request) -> Iterator[list[Any]]:
        text = str((given or {}).get("text") or "").strip()
        files = [Path(file) for file in (given or {}).get("files") or ()]
        here = scene(self._frame, request)
        if len(text) > LONGEST:
            raise InputError(self._say("assistant_too_long", most=LONGEST))
        asks = []
        if files:
            here = with_project(here, self._frame)
            dropped = reading(here, files, self._frame)
        if text:
            asks.append(self._turns.put(here.key, message(here, text)))
        if files:
            asks.append(self._turns.put(here.key, dropped))
        # The box is emptied once; what is typed while the turn runs stays.
        box: Any = None
        for ask in asks:
            try:
                for changed in self._turns.watch(ask):
                    yield [box, *(self._talk(here) if changed else self._unchanged())]
                    box = gr.skip()
            except Exception:
                if ask.said == text:  # nothing that was typed is lost
                    yield [{"text": text, "files": []}, *self._talk(here)]
                raise
        yield [box if asks else gr.skip(), *self._talk(now(here))]

    def _choose(self, chosen: gr.SelectData, request: gr.Request) -> Iterator[list[Any]]:
        value = chosen.value.get("text") if isinstance(chosen.value, dict) else chosen.value
        text = str(value or "").strip()[:LONGEST]
        here = scene(self._frame, request)
        if text:
            yield from self._watched(here, message(here, text))

    def _settle(self, verdict: Verdict) -> Callable[[str, gr.Request], Iterator[list[Any]]]:
        def settle(approval: str, request: gr.Request) -> Iterator[list[Any]]:
            here = scene(self._frame, request)
            if approval:
                yield from self._watched(here, settling(here, approval, verdict))

        return settle

    def _tick(self, seen: str, request: gr.Request) -> list[Any]:
        here = scene(self._frame, request)
        try:
            if not self._turns.of(here.key):
                here.desk.assistant.follow(here.thread)
        except BusyError:
            pass  # another page or process speaks in this conversation just now; the next look tells
        except DomainsmithError as error:
            gr.Warning(escape(str(error)))
            return [*(gr.skip() for _ in range(5)), gr.Timer(active=False), *(gr.skip() for _ in range(7))]
        here = now(here)
        talk = self._talk(here, seen)
        around = self._around(here) if talk[-1] != seen else [gr.skip() for _ in self._beside_parts()]
        return [*talk, *around]

    def _ask_deletion(self, request: gr.Request) -> list[Any]:
        here = scene(self._frame, request)
        title = here.known.title if here.known is not None else ""
        said = f"<p>{escape(self._say('assistant_delete_ask', title=title))}</p>"
        return [gr.Group(visible=here.known is not None), said, here.thread]

    def _deleted(self, doomed: str, request: gr.Request) -> list[Any]:
        here = scene(self._frame, request)
        if doomed and doomed == here.thread and here.known is not None:
            if self._turns.of(here.key):
                raise BusyError(self._say("assistant_delete_busy"))
            here.desk.assistant.delete(doomed)
        here = scene(self._frame, request, leaving=doomed)
        return [*self._talk(here), *self._around(here)]

    def _profile(self, request: gr.Request) -> Profile:
        return profile_of(scene(self._frame, request))

    def _save(self, request: gr.Request, facts: dict[str, Any], forgotten: tuple[str, ...]) -> list[Any]:
        here = scene(self._frame, request)
        if facts or forgotten:
            here = with_project(here, self._frame)
            assert here.project is not None
            save_facts(here.project, facts, forgotten)
        return [self._frame.link("assistant", here.project, thread=here.thread), *self._around(here)]

    # What runs

    def _watched(self, here: Scene, ask: Ask) -> Iterator[list[Any]]:
        kept = self._turns.put(here.key, ask)
        for changed in self._turns.watch(kept):
            yield self._talk(here) if changed else self._unchanged()
        yield self._talk(now(here))

    def _unchanged(self) -> list[Any]:
        return [gr.skip() for _ in self._talk_parts()]
