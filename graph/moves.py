"""From an understanding to a move: something to say, or a tool call with what should follow it.

A move is only a wish; `graph.admission` lets it in or not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from agent.prompts.assistant import READINGS, TALK
from agent.prompts.phrases import fill
from agent.records.base import Language
from agent.records.conversation import Option, Understanding
from agent.records.decision import Action
from graph.context import Context, language
from graph.fixing import FixMove, Following, fix_move, fix_number
from graph.replies.plans import slipped
from graph.replies.said import Said, reading_option
from graph.replies.unknown_devices import unknown_devices
from graph.state import ConversationState
from graph.understanding.slots import wants_better
from graph.weakness import weak_spots
from tools.catalog import find_tool
from tools.hardware import names_this_machine
from tools.requests import CompareRequest

_ASKED: Final = 4
"""Readings offered at most."""
_FEWEST: Final = 3
_NO_OPTION: Final = ("clarify", "refuse", "smalltalk")
_ALWAYS: Final[tuple[Action, ...]] = ("status", "setup", "guide")
"""Readings that fit any message a little, offered where few others do."""


_OF_PLAN: Final = ("params_b", "method", "about", "length", "batch", "tokens")
"""What is asked of every device that a plan is for."""
_OF_DEVICES: Final[tuple[Action, ...]] = ("plan", "tune", "benchmark")
"""What is answered for a device, and so for none in the place of one that nobody has described."""


@dataclass(frozen=True)
class Move:
    """One of: something to say, or a tool to call."""

    said: Said | None = None
    tool: str = ""
    arguments: dict[str, Any] = field(default_factory=dict)
    following: Following = ()
    remember: dict[str, Any] = field(default_factory=dict)
    """State to keep beside the step."""
    before: Said | None = None
    """What to say ahead of the question for a yes."""


def move_for(understood: Understanding, state: ConversationState, context: Context) -> Move:
    """Return what the assistant would do about a message."""
    lang = language(state)
    number = fix_number(state["incoming"].get("text", ""))
    if number is not None and state.get("watch"):
        return _fix(fix_move(state, context, number), understood)
    slips = understood.slots.get("slips")
    if slips and understood.action in (*_OF_DEVICES, "setup"):
        return Move(said=slipped(slips, lang))
    unknown = understood.slots.get("unknown_devices")
    if unknown and understood.action in _OF_DEVICES:
        if len(unknown) > 1 or "devices" in understood.slots or not names_this_machine(unknown[0]):
            said = unknown_devices(unknown, understood.action, understood.slots, context.settings, lang)
            return Move(said=said)
        understood = understood.model_copy(update={"slots": {**understood.slots, "device": "this machine"}})
    return _MOVES[understood.action](Wish(understood, state, context, lang))


@dataclass(frozen=True)
class Wish:
    """What a message asks for, with everything a move may look at."""

    understood: Understanding
    state: ConversationState
    context: Context
    lang: Language

    @property
    def slots(self) -> Mapping[str, Any]:
        """What the message names."""
        return self.understood.slots


def _read(wish: Wish) -> Move:
    if "paths" not in wish.slots:
        return Move(said=_ask_paths(wish.lang))
    return Move(tool="read_documents", arguments={"paths": wish.slots["paths"]})


def _method(wish: Wish) -> Move:
    remember = {"expecting": {"kind": "verdict"}}
    facts = wish.slots.get("facts")
    if facts:
        return Move(tool="note_facts", arguments={"facts": facts}, remember=remember)
    return Move(tool="decide", remember=remember)


def _validate(wish: Wish) -> Move:
    paths = tuple(wish.slots.get("paths", ()))
    return Move(tool="build_validation_set", arguments={"questions": paths} if paths else {})


def _evaluate(wish: Wish) -> Move:
    arguments = _chosen(wish.slots, "arms", "limit", "dimensions")
    if wish.slots.get("paths"):
        arguments["questions"] = tuple(wish.slots["paths"])
    return Move(tool="evaluate", arguments=arguments)


def _guide(wish: Wish) -> Move:
    question = wish.slots.get("question") or wish.state["incoming"].get("text", "")
    return Move(tool="ask_guide", arguments={"question": question})


def _smalltalk(wish: Wish) -> Move:
    declined = wish.slots.get("declined")
    if declined:
        return Move(said=Said(fill(TALK, "offer_declined", wish.lang, step=fill(READINGS, declined, wish.lang))))
    key = "nothing_waits" if wish.slots.get("nothing_waits") else "greeting"
    return Move(said=Said(fill(TALK, key, wish.lang)))


def _setup(slots: Mapping[str, Any]) -> Move:
    facts = dict(slots.get("facts") or {})
    if "hardware" in slots:
        facts["hardware"] = slots["hardware"]
    remember: dict[str, Any] = {"expecting": {"kind": "interview", "skipped": slots.get("skipped")}}
    following: Following = ()
    if slots.get("paths"):
        following = (("read_documents", {"paths": slots["paths"]}, ""),)
    return Move(tool="note_facts", arguments={"facts": facts}, remember=remember, following=following)


def _tune(slots: Mapping[str, Any]) -> Move:
    """Train here; where a message names another machine or model, say first what fits there."""
    device = slots.get("device")
    if (device and device != "this machine") or "params_b" in slots:
        return _plan(slots, {"expecting": {"kind": "wish", **slots}})
    return Move(tool="tune", arguments=_chosen(slots, "method", "climb_to", "rank", "epochs", "learning_rate"))


def _plan(slots: Mapping[str, Any], remember: dict[str, Any] | None = None) -> Move:
    """Say what fits a device, and then what fits each other one that is named."""
    first, *others = slots.get("devices") or [slots.get("device")]
    counts = slots.get("counts") or [slots.get("count")]
    asked = _chosen(slots, *_OF_PLAN)
    following = tuple(
        ("plan_memory", {**asked, "device": name, "count": count}, "")
        for name, count in zip(others, counts[1:] or [1] * len(others), strict=True)
    )
    arguments = {**_chosen({"device": first, "count": counts[0]}, "device", "count"), **asked}
    return Move(tool="plan_memory", arguments=arguments, following=following, remember=remember or {})


def _benchmark(slots: Mapping[str, Any]) -> dict[str, Any]:
    """Return what to look at; a cost is asked of this machine too, where no other is named."""
    devices = slots.get("devices") or ([slots["device"]] if slots.get("about") and "device" in slots else None)
    return _chosen({**slots, "devices": devices}, "devices", "params_b", "about")


def _compare(slots: Mapping[str, Any], lang: Language) -> Move:
    question = str(slots.get("question", "")).strip()
    if not question:
        words = {"en": "Which question shall I put to them?", "zh": "要问它们什么问题？"}[lang]
        return Move(said=Said(words, question=words, expecting={"kind": "offer", "action": "compare"}))
    request = CompareRequest(question=question[:4000], arms=tuple(slots["arms"]) if "arms" in slots else None)
    return Move(tool="compare", arguments=request.model_dump(mode="json"))


def _ask_paths(lang: Language) -> Said:
    question = fill(TALK, "where_documents", lang)
    return Said(question, question=question, expecting={"kind": "field", "field": "documents"}, articles=("documents",))


def _clarify(understood: Understanding, state: ConversationState, context: Context) -> Said:
    """Return one question with the readings as options; where an evaluation stands, its weak spots."""
    lang = language(state)
    weak = weak_spots(state, context, lang)
    if weak is not None and wants_better(state["incoming"].get("text", "")):
        return weak
    actions: list[Action] = [one.action for one in understood.readings if one.action not in _NO_OPTION]
    chosen = list(dict.fromkeys((*actions, *_ALWAYS)))[: max(_FEWEST, min(_ASKED, len(actions)))]
    options: list[tuple[Action, Option]] = [(action, reading_option(action, lang)) for action in chosen]
    question = fill(TALK, "clarify", lang)
    listed = "\n".join(f"{number}. {option.label}" for number, (_, option) in enumerate(options, start=1))
    return Said(
        f"{question}\n\n{listed}",
        question=question,
        options=tuple(option for _, option in options),
        expecting={
            "kind": "options",
            "text": state["incoming"].get("text", ""),
            "options": [{"label": o.label, "message": o.message, "action": action} for action, o in options],
        },
    )


def _fix(move: FixMove, understood: Understanding) -> Move:
    if move.said is not None:
        return Move(said=move.said)
    meant = understood.model_copy(update={"action": find_tool(move.tool).action})
    return Move(
        tool=move.tool,
        arguments=move.arguments,
        following=move.following,
        remember={**move.remember, "understanding": meant.model_dump(mode="json")},
        before=Said(move.applies),
    )


def _chosen(slots: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: slots[name] for name in names if slots.get(name) is not None}


_MOVES: Final[Mapping[Action, Callable[[Wish], Move]]] = {
    "setup": lambda wish: _setup(wish.slots),
    "ingest": _read,
    "decide": _method,
    "extract": lambda wish: Move(tool="make_pairs", arguments=_chosen(wish.slots, "wordings")),
    "review": lambda wish: Move(tool="show_pairs", arguments={"containing": wish.slots.get("topic", "")}),
    "mix": lambda wish: Move(
        tool="make_mix", arguments={**_chosen(wish.slots, "domain_share", "by"), "drop_leaks": True}
    ),
    "plan": lambda wish: _plan(wish.slots),
    "tune": lambda wish: _tune(wish.slots),
    "validate": _validate,
    "evaluate": _evaluate,
    "diagnose": lambda wish: Move(tool="diagnose", arguments=_chosen(wish.slots, "dimension", "topic", "run")),
    "compare": lambda wish: _compare(wish.slots, wish.lang),
    "benchmark": lambda wish: Move(tool="look_at_machine", arguments=_benchmark(wish.slots)),
    "export": lambda _wish: Move(tool="list_results"),
    "status": lambda wish: Move(tool="cancel_job" if wish.slots.get("cancel") else "status"),
    "guide": _guide,
    "smalltalk": _smalltalk,
    "refuse": lambda wish: Move(said=Said(fill(TALK, "refuse", wish.lang), articles=("consent",))),
    "clarify": lambda wish: Move(said=_clarify(wish.understood, wish.state, wish.context)),
}
"""What each action comes to."""
