"""What a question about devices asks for: inference, training, a time, a price or a comparison, by the words it uses.

The classifier tells that a message is about devices; which of these questions it is decides what is answered first, so
that nobody reads “Q-LoRA: fits” as a yes to inference. A question or a comparison never states a team's hardware.

    about("can one A800 serve a 72B model?", sized=True)    # "inference"
    device_action("setup", "Compare A800, S4000 and 910A")  # "benchmark"
"""

from __future__ import annotations

import re
from typing import Any, Final

from agent.records.decision import Action
from graph.understanding.devices import NamedDevices, named_devices
from graph.understanding.facts import read_facts
from graph.understanding.numbers import amount, chinese_number, spaced
from graph.understanding.patterns import patterns
from tools.requests import LENGTHS, MOST_BATCH, MOST_TOKENS, PlanSubject

_P: Final = patterns("meaning")
_SLOTS: Final = patterns("slots")
_SENTENCES: Final = re.compile(r"(?<=[.!?;])\s+|(?<=[。！？；])")
_SEVERAL: Final = 2
_ABOUT_DEVICES: Final[tuple[Action, ...]] = ("plan", "tune", "benchmark", "setup", "clarify", "compare", "smalltalk")
"""Readings in whose place a question about devices may have been meant."""
_STATES: Final[tuple[Action, ...]] = ("setup", "clarify", "smalltalk")
"""Readings of what only names a device."""
_OF_TWO: Final[tuple[Action, ...]] = (*_ABOUT_DEVICES, "guide", "decide")
"""Readings in whose place a comparison of devices may have been meant."""
_LIMITS: Final = {"length": LENGTHS, "batch": (1, MOST_BATCH), "tokens": (1, MOST_TOKENS)}


def device_action(action: Action, text: str) -> Action:
    """Return what a message asks for, corrected where it is a question about devices, or a bare name of one.

    Args:
        action: As the classifier reads it.
        text: The message; no answer to what the assistant has just asked, whose bare name would tell a team's hardware.
    """
    plain = spaced(" ".join(text.split()))
    named = _named(plain)
    here = _SLOTS.find("here", plain) is not None
    if action not in _OF_TWO or not (named.all or here):
        return action
    trains, asks = _P.find("training", plain) is not None, is_question(plain)
    if _compares(plain, named, here=here):
        return action if action in ("plan", "tune") and trains else "plan" if trains else "benchmark"
    if action not in _ABOUT_DEVICES:
        return action
    if _P.find("how_long", plain):
        return "plan" if trains and not _P.find("replies", plain) else "benchmark"
    if asks and asks_cost(plain):
        return "plan" if trains else "benchmark"
    if asks and not trains and _P.find("inference", plain) and _sized(plain) and not _is_speed(plain):
        return "plan"
    return "plan" if action in _STATES and _no_statement(plain, named) else action


def is_question(text: str) -> bool:
    """Return whether a message asks something."""
    return _P.find("question", text) is not None


def asks_of_devices(text: str) -> bool:
    """Return whether a message asks about devices it names, and so tells no team's hardware."""
    plain = spaced(" ".join(text.split()))
    named = _named(plain)
    if _compares(plain, named, here=_SLOTS.find("here", plain) is not None) and not _states(plain):
        return True
    naming = [part for part in _SENTENCES.split(plain) if part and _named(part).all]
    return bool(naming) and all(_asks(part) for part in naming)


def about(text: str) -> PlanSubject:
    """Return what a plan is asked about."""
    trains = _P.find("training", text) is not None
    if trains and _P.find("how_long", text) and not _P.find("replies", text):
        return "time"
    if trains and asks_cost(text):
        return "cost"
    if _P.find("inference", text):
        return "both" if trains else "inference"
    return "inference" if not trains and _P.find("runs", text) and _sized(text) else "training"


def asks_cost(text: str) -> bool:
    """Return whether a message asks what something costs."""
    return _P.find("cost", text) is not None and _P.find("memory", text) is None


def work_in(text: str) -> tuple[dict[str, int], list[dict[str, str]]]:
    """Return the work that a message names (tokens of an example, examples a step, training tokens), and its slips.

    Returns:
        Numbers by name, and for each that nothing can be planned for its name and how it was written.
    """
    found: dict[str, int] = {}
    slips: list[dict[str, str]] = []
    for name, said in (("length", _group("length", text)), ("batch", _group("batch", text)), ("tokens", _tokens(text))):
        if said is None:
            continue
        value = _number(said, thousand=1024 if name == "length" else 1000)
        if value is not None and _LIMITS[name][0] <= value <= _LIMITS[name][1]:
            found[name] = value
        else:
            slips.append({"what": name, "said": said.strip()})
    return found, slips


def _tokens(text: str) -> str | None:
    """Return the training tokens, which are told for a time and nothing else: a length is none of them."""
    if _P.find("how_long", text) is None and _P.find("cost", text) is None:
        return None
    if _P.find("training", text) is None:
        return None
    match = _P.find("tokens_of_training", text)
    return match["n"] if match is not None else None


def _group(name: str, text: str) -> str | None:
    match = _P.find(name, text)
    return next(one for one in match.groups() if one is not None) if match is not None else None


def _number(said: str, thousand: int) -> int | None:
    plain = said.strip().lower().replace(",", "")
    chinese = re.fullmatch(r"([一二两三四五六七八九十百千]+)([万亿])", plain)
    if chinese is not None:
        return chinese_number(chinese[1]) * {"万": 10**4, "亿": 10**8}[chinese[2]]
    match = re.fullmatch(r"(-?\d+(?:\.\d+)?)\s*(k|m|b|thousand|million|billion|万亿|亿|百万|千万|万|千)?", plain)
    if match is None:
        return amount(plain)
    scale = {
        None: 1, "k": thousand, "thousand": 1000, "千": 1000, "万": 10**4, "m": 10**6, "million": 10**6, "百万": 10**6,
        "千万": 10**7, "亿": 10**8, "b": 10**9, "billion": 10**9, "万亿": 10**12,
    }[match[2]]  # fmt: skip
    return round(float(match[1]) * scale)


def _named(plain: str) -> NamedDevices:
    """Return the devices of a message; where it is nothing but a name, any of their form is one."""
    rest = _SLOTS.without("path", plain)
    named = named_devices(rest, asked=True)
    return named if _is_bare(rest, named) else named_devices(rest, asked=False)


def _compares(text: str, named: NamedDevices, *, here: bool) -> bool:
    return len(named.all) + here >= _SEVERAL and _P.find("compares", text) is not None


def _asks(sentence: str) -> bool:
    """Return whether a sentence asks about its devices, and neither tells of having them nor only names them."""
    return is_question(sentence) and not _states(sentence) and not _is_bare(sentence, _named(sentence))


def _states(text: str) -> bool:
    return _P.find("states", text) is not None and _P.find("supposes", text) is None


def _sized(text: str) -> bool:
    return "base_model_params_b" in read_facts(text)


def _is_speed(text: str) -> bool:
    """Return whether a speed is asked; the tokens of a context or an example are none."""
    return patterns("devices").find("speed", _P.without("length", text)) is not None


def _is_bare(text: str, named: NamedDevices) -> bool:
    rest = text
    for one in sorted(named.all, key=lambda one: -one.at):
        rest = rest[: one.at] + " " + rest[one.end :]
    return bool(named.all) and _P.find("bare", rest) is not None


def _no_statement(text: str, named: NamedDevices) -> bool:
    """Return whether devices are asked about, or only named, without a word of having them."""
    facts: dict[str, Any] = read_facts(text)
    if facts.keys() - {"base_model_params_b"}:
        return False  # a task is told; devices that are asked about beside it are no hardware, see `read_slots`
    if _is_bare(text, named):
        return all(one.count is None for one in named.all)  # `two A800` tells what there is
    return asks_of_devices(text)
