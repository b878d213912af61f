"""The profile beside the conversation, and the form that corrects it.

The form is filled when it is opened, and only what was changed in it is saved: what the conversation has noted
meanwhile stays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, get_args

import gradio as gr

from agent.prompts.interview import FIELD_NAMES, VALUES
from agent.prompts.phrases import fill
from agent.records.base import Language
from agent.records.profile import KnowledgeChange, Privacy, Profile, TaskKind
from graph.replies.interview import value_text
from tools.hardware import catalogue
from ui.pages.frame import Frame, told

_CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "task_kind": get_args(TaskKind),
    "knowledge_change": get_args(KnowledgeChange),
    "privacy": get_args(Privacy),
}
_YES_NO: Final = ("needs_citations", "per_document_access_control", "general_ability_matters")
_NUMBERS: Final[Mapping[str, int | None]] = {
    "labelled_pairs": 0,
    "documents": 0,
    "base_model_params_b": None,
    "latency_target_ms": None,
    "target": None,
}
"""Fields that are a number, with its decimals; `None` leaves them as typed."""
_UNKNOWN: Final = ""
_NONE: Final = "none"
_SEVERAL: Final = "several"
COUNT: Final = "count"
"""The part of the form that says how many devices there are."""
PARTS: Final = tuple(part for name in FIELD_NAMES for part in ((name, COUNT) if name == "hardware" else (name,)))
"""What the form asks for, in its order."""


def form_values(known: Profile) -> dict[str, Any]:
    """Return what the form shows for a profile."""
    values: dict[str, Any] = {"goal": known.goal or "", "languages": list(known.languages or ())}
    for name in _CHOICES:
        values[name] = getattr(known, name) or _UNKNOWN
    for name in _YES_NO:
        value = getattr(known, name)
        values[name] = _UNKNOWN if value is None else str(value).lower()
    values["labelled_pairs"] = known.labelled_pairs
    values["documents"] = known.documents.count if known.documents else None
    values["base_model_params_b"] = known.base_model_params_b
    values["latency_target_ms"] = None if known.latency_target_ms is None else known.latency_target_ms / 1000
    values["target"] = None if known.target is None else round(known.target * 100, 4)
    items = known.hardware
    values["hardware"] = (
        _UNKNOWN if items is None else _NONE if not items else items[0].device if len(items) == 1 else _SEVERAL
    )
    values[COUNT] = items[0].count if items is not None and len(items) == 1 else 1
    return values


def changes(before: Mapping[str, Any], given: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the facts that a form changes, and the fields it empties.

    Args:
        before: What the form was filled with.
        given: What stands in it now.
    """
    facts: dict[str, Any] = {}
    forgotten: list[str] = []
    for name in FIELD_NAMES:
        value = given[name].strip() if isinstance(given[name], str) else given[name]
        same = value == before[name] and (name != "hardware" or given[COUNT] == before[COUNT])
        if same or (name == "hardware" and value == _SEVERAL):
            continue
        if value in (None, _UNKNOWN, []):
            forgotten.append(name)
        else:
            facts[name] = _fact(name, value, given[COUNT])
    return facts, tuple(forgotten)


class ProfileForm:
    """The profile, a button that opens the form, and the form."""

    def __init__(self, frame: Frame) -> None:
        """Draw it."""
        self._frame = frame
        self.text = gr.HTML(apply_default_css=False, js_on_load=None, elem_id="assistant-profile")
        self._edit = gr.Button(frame.say("assistant_edit"), size="sm", elem_id="assistant-edit")
        self._filled = gr.State({})
        with gr.Group(visible=False, elem_id="assistant-form") as self._group:
            self._inputs = {name: _input(name, frame) for name in PARTS}
            with gr.Row():
                self._save = gr.Button(
                    frame.say("assistant_save"), variant="primary", size="sm", elem_id="assistant-save"
                )
                self._cancel = gr.Button(frame.say("assistant_cancel"), size="sm", elem_id="assistant-cancel")

    def wire(
        self,
        read: Callable[[gr.Request], Profile],
        save: Callable[[gr.Request, dict[str, Any], tuple[str, ...]], Sequence[Any]],
        outputs: list[Any],
    ) -> Any:
        """Connect the buttons; returns the event of a saved form.

        Args:
            read: Returns the profile of the conversation.
            save: Saves facts and forgets fields; returns the values of `outputs`.
            outputs: What else changes with the profile.
        """

        @told
        def opened(request: gr.Request) -> list[Any]:
            known = read(request)
            values = form_values(known)
            shown = [
                _hardware(known, self._frame.lang) if name == "hardware" else values[name] for name in self._inputs
            ]
            return [gr.Group(visible=True), values, *shown]

        @told
        def saved(filled: dict[str, Any], request: gr.Request, *given: Any) -> list[Any]:
            facts, forgotten = changes(filled, dict(zip(self._inputs, given, strict=True)))
            return [gr.Group(visible=False), *save(request, facts, forgotten)]

        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        inputs = list(self._inputs.values())
        self._edit.click(opened, None, [self._group, self._filled, *inputs], **quiet)
        self._cancel.click(lambda: gr.Group(visible=False), None, self._group, **quiet)
        return self._save.click(saved, [self._filled, *inputs], [self._group, *outputs], **quiet)


def _fact(name: str, value: Any, count: Any) -> Any:
    if name in _YES_NO:
        return value == "true"
    if name == "documents":
        return {"count": int(value)}
    if name == "labelled_pairs":
        return int(value)
    if name == "latency_target_ms":
        return round(value * 1000)
    if name == "target":
        return round(value / 100, 6)
    if name == "hardware":
        return [] if value == _NONE else [{"device": value, "count": int(count or 1)}]
    return value


def _input(name: str, frame: Frame) -> Any:
    lang = frame.lang
    if name == COUNT:
        return gr.Number(label=frame.say("assistant_devices"), precision=0, minimum=1, value=1)
    label = FIELD_NAMES[name][lang]
    if name in _CHOICES:
        return gr.Dropdown(_choices(_CHOICES[name], frame), label=label)
    if name in _YES_NO:
        return gr.Dropdown(_choices(("true", "false"), frame), label=label)
    if name == "languages":
        return gr.CheckboxGroup([("English", "en"), ("中文", "zh")], label=label)
    if name == "hardware":
        return gr.Dropdown(_devices(None, lang), label=label)
    if name in _NUMBERS:
        unit = frame.say(f"assistant_unit_{name}") if name not in ("labelled_pairs", "documents") else ""
        return gr.Number(label=f"{label} ({unit})" if unit else label, precision=_NUMBERS[name], minimum=0)
    return gr.Textbox(label=label, max_lines=4, max_length=2000)


def _choices(values: Sequence[str], frame: Frame) -> list[tuple[str, str]]:
    known = [(fill(VALUES, value, frame.lang), value) for value in values]
    return [(frame.say("assistant_unknown"), _UNKNOWN), *known]


def _devices(known: Profile | None, lang: Language) -> list[tuple[str, str]]:
    names = [("–", _UNKNOWN), (fill(VALUES, "no_gpu", lang), _NONE)]
    names += [(device.name, device.name) for device in catalogue()]
    items = known.hardware if known is not None and known.hardware else ()
    if len(items) > 1:
        names.append((value_text("hardware", items, lang), _SEVERAL))
    elif items and items[0].device not in {value for _, value in names}:
        names.append((items[0].device, items[0].device))
    return names


def _hardware(known: Profile, lang: Language) -> Any:
    return gr.Dropdown(_devices(known, lang), value=form_values(known)["hardware"])
