"""What is said of a device that neither the catalogue nor a user's file describes: it is unknown, and what is near."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from agent.prompts.devices import DEVICES
from agent.prompts.phrases import fill, listed
from agent.records.base import Language
from agent.records.conversation import Option
from agent.records.decision import Action
from agent.settings import Settings
from graph.replies.said import Said, joined
from tools.hardware import file_of_devices, near_names

_OFFERED: Final = 3
"""Near names offered at most."""


def unknown_devices(
    names: Sequence[str], action: Action, slots: Mapping[str, Any], settings: Settings, lang: Language
) -> Said:
    """Return that devices are unknown, the near names as options, and how to add a device.

    Args:
        names: As the message has them.
        action: What the message asks for.
        slots: What else it names; an option asks for the same of another device.
        settings: Say where a user's own devices are described.
        lang: Language of the answer.
    """
    known = tuple(slots.get("devices") or ())
    near = () if known or len(names) > 1 else near_names(names[0])[:_OFFERED]
    asks = fill(DEVICES, "ask_near", lang, names=listed(near, lang)) if near else ""
    also = fill(DEVICES, "also_named", lang, names=listed(known, lang)) if known else ""
    text = joined(
        fill(DEVICES, "not_known", lang, names=listed(tuple(names), lang)),
        also,
        asks,
        fill(DEVICES, "add", lang, file=file_of_devices(settings)),
    )
    if not near:
        return Said(text, articles=("hardware",))
    rest = {key: value for key, value in slots.items() if key != "unknown_devices"}
    options = [
        {"label": name, "message": name, "action": action, "slots": {**rest, "device": name, "devices": [name]}}
        for name in near
    ]
    return Said(
        text,
        question=asks,
        options=tuple(Option(label=name, message=name) for name in near),
        articles=("hardware",),
        expecting={"kind": "options", "text": "", "options": options},
    )
