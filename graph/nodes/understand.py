"""What is asked for: an answer to the last question first, then the chat model or the offline assistant."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any, Final

from agent.records.base import Language
from agent.records.conversation import Understanding
from agent.records.decision import Action
from graph.context import Context, language
from graph.replies.waiting import asked_for_yes
from graph.state import ConversationState
from graph.understanding.devices import asks_what_runs, named_devices
from graph.understanding.expected import option_in, verdict_in
from graph.understanding.facts import read_facts, says_unknown
from graph.understanding.meaning import asks_of_devices, device_action
from graph.understanding.numbers import spaced
from graph.understanding.slots import paths_in, read_slots
from knowledge.ingest.language import language_of
from tools.catalog import find_tool

_SHORT: Final = 40
_SHORT_ZH: Final = 12
"""Characters of a message whose bare number, or whose `no, monthly`, is an answer and no request of its own."""
_NUMBERS: Final = ("documents", "labelled_pairs", "target")
_NO_GOAL: Final[tuple[Action, ...]] = (
    "tune",
    "plan",
    "refuse",
    "guide",
    "mix",
    "validate",
    "evaluate",
    "export",
    "status",
)
"""Readings that are no description of a task, however they are worded."""


def understand(state: ConversationState, context: Context) -> dict[str, Any]:
    """Read the incoming message; what a person answers to a question needs no model."""
    incoming = state["incoming"]
    lang = language(state)
    if incoming["kind"] == "proposal":
        spec = find_tool(incoming["tool"])
        return _as(Understanding(action=spec.action, tool=spec.name, arguments=incoming["arguments"], language=lang))
    text = incoming["text"]
    if not state.get("talk"):
        answered = _answer(state, text, known_fields(state, context))
        if answered is not None and not _no_goal(state, text, context):
            return answered
    note: dict[str, Any] = {}
    if context.chat is not None:
        note = context.chat.understand(state, context)
        if "understanding" in note or state.get("talk"):
            return note
    if verdict_in(text) is not None and not state.get("approval") and not state.get("expecting"):
        return {**note, **_as(_plain(state, "smalltalk", {"nothing_waits": True}))}
    understood = _read(text, lang, context)
    expecting: dict[str, Any] = state.get("expecting") or {}
    if expecting.get("kind") == "field" and understood.action in ("clarify", "smalltalk", "setup"):
        facts = _facts(text, expecting["field"], known_fields(state, context))
        # The question stays: what was said beside it is noted, and it is asked again.
        return {**note, **_as(_plain(state, "setup", {**read_slots("setup", text), "facts": facts}))}
    return {**note, **_as(understood), "expecting": None}


def known_fields(state: ConversationState, context: Context) -> tuple[str, ...]:
    """Return the profile fields that have a value."""
    profile = context.profile(state)
    return tuple(name for name in type(profile).model_fields if getattr(profile, name) is not None)


def _answer(state: ConversationState, text: str, known: tuple[str, ...]) -> dict[str, Any] | None:
    """Return what a message means as an answer to what was asked last; `None` if it is none."""
    expecting: dict[str, Any] = state.get("expecting") or {}
    said = verdict_in(text)
    if said is not None and state.get("approval") is not None and not expecting and asked_for_yes(state.get("turn")):
        # Read by rule and never by a model: only a person's own bare yes lets a costly step go, and only where the
        # approval was what was asked last.
        return {"incoming": {**state["incoming"], "kind": "verdict", "verdict": said}, "understanding": None}
    if said == "decline" and state.get("approval") is not None and expecting.get("kind") in (None, "options"):
        # A no is safe wherever it is said: it need not be the answer to what was asked last.
        return {"incoming": {**state["incoming"], "kind": "verdict", "verdict": said}, "understanding": None}
    match expecting:
        case {"kind": "offer", "action": action} if said is not None:
            wanted: Action = "smalltalk" if said == "decline" else action
            slots = {"declined": action} if said == "decline" else expecting.get("slots") or {}
            return {**_as(_plain(state, wanted, slots)), "expecting": None}
        case {"kind": "options", "options": options}:
            return _option(state, text, options, expecting.get("text") or "")
        case {"kind": "field", "field": name}:
            return _field(state, text, name, known)
    return None


def _option(state: ConversationState, text: str, options: list[dict[str, Any]], asked: str) -> dict[str, Any] | None:
    at = option_in(text, options)
    if at is None:
        return None
    chosen = options[at]
    slots = chosen.get("slots") or read_slots(chosen["action"], asked or chosen["message"])
    return {**_as(_plain(state, chosen["action"], slots)), "expecting": None}


def _read(text: str, lang: Language, context: Context) -> Understanding:
    """Read a message; of a path only its last name counts, whatever folders it lies in."""
    plain = text
    for path in paths_in(text):
        plain = plain.replace(path, f"/{PurePath(path).name}")
    understood = context.brain.understand(plain, lang)
    if understood.action in ("benchmark", "clarify") and asks_what_runs(plain) and named_devices(spaced(plain)).all:
        understood = understood.model_copy(update={"action": "plan"})  # of sizes and no speeds
    understood = understood.model_copy(update={"action": device_action(understood.action, plain)})
    return understood.model_copy(update={"slots": read_slots(understood.action, text)})


def _no_goal(state: ConversationState, text: str, context: Context) -> bool:
    """Return whether a message asks for something where the task was asked for, which any words may answer."""
    expecting: dict[str, Any] = state.get("expecting") or {}
    return expecting.get("field") == "goal" and context.brain.understand(text).action in _NO_GOAL


def _facts(text: str, asked: str, known: tuple[str, ...]) -> dict[str, Any]:
    """Return what a message says of the task; a number alone answers only where nothing else is said."""
    for path in paths_in(text):
        text = text.replace(path, " ")
    facts = read_facts(text, asked, known)
    more = len(facts) > 1 or {"device", "hardware"} & read_slots("setup", text).keys() or not _short(text)
    return read_facts(text, None, known) if asked in _NUMBERS and asked in facts and more else facts


def _short(text: str) -> bool:
    return len(text) <= (_SHORT_ZH if language_of(text) == "zh" else _SHORT)


def _field(state: ConversationState, text: str, name: str, known: tuple[str, ...]) -> dict[str, Any] | None:
    if asks_of_devices(text):
        return None  # a question is no answer
    facts = _facts(text, name, known)
    slots = read_slots("setup", text)
    if name in facts or (_short(text) and any(field in known for field in facts)):
        return _as(_plain(state, "setup", {**slots, "facts": facts}))
    if says_unknown(text):
        return _as(_plain(state, "setup", {"facts": facts, "skipped": name}))
    if name == "hardware" and ("device" in slots or "hardware" in slots):
        return _as(_plain(state, "setup", slots))
    if name == "documents" and "paths" in slots:
        return _as(_plain(state, "ingest", {"paths": slots["paths"]}))
    return None


def _plain(state: ConversationState, action: Action, slots: dict[str, Any]) -> Understanding:
    return Understanding(action=action, slots=slots, language=language(state))


def _as(understood: Understanding) -> dict[str, Any]:
    return {"understanding": understood.model_dump(mode="json")}
