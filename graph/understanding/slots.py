"""What a message names beside its action: paths, shares, devices, sizes, methods, ranks, questions, topics.

Rules, not guesses: a slot is there only if the message says it. `read_slots("tune", "Q-LoRA with rank 32, 3 epochs")`
is `{"method": "qlora", "rank": 32, "epochs": 3.0}`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from agent.records.decision import Action
from graph.understanding.devices import counted, named_devices
from graph.understanding.facts import model_size_in, read_facts
from graph.understanding.meaning import about, asks_cost, asks_of_devices, work_in
from graph.understanding.numbers import amount, fraction, spaced
from graph.understanding.patterns import patterns

_P: Final = patterns("slots")
MOST_WORDINGS: Final = 32
"""What `ExtractRequest.wordings` allows; a larger number is about something else."""
_SEVERAL: Final = 2
"""Of so many devices a count that stands elsewhere is of none in particular."""


def read_slots(action: Action, text: str) -> dict[str, Any]:
    """Return the slots of an action that a message fills, as plain values."""
    plain = " ".join(text.split())
    apart = spaced(plain)
    found: dict[str, Any] = {}
    slips: list[dict[str, str]] = []
    for read in _READERS.get(action, ()):
        # A question and a path are taken over word for word; everything else is searched for.
        found.update(read(plain if read in _VERBATIM else apart))
        slips += found.pop("slips", [])
    return {**found, "slips": slips} if slips else found


def paths_in(text: str) -> list[str]:
    """Return the file and folder names of a message, as written."""
    return [match[0].rstrip(".,;:!?)）") for match in _P.all("path", text)]


def wants_better(text: str) -> bool:
    """Return whether a message asks for something to become better, without saying what."""
    return _P.find("better", spaced(text)) is not None


def _paths(text: str) -> dict[str, Any]:
    found = paths_in(text)
    return {"paths": found} if found else {}


def _facts(text: str) -> dict[str, Any]:
    facts = read_facts(text)
    return {"facts": facts} if facts else {}


def _share(text: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    value = fraction(text)
    if value is None:
        match = _P.find("ratio", text)
        if match is not None:
            left = int(match[1]) if match[1] else amount(match[3]) or 0
            right = int(match[2]) if match[2] else amount(match[4]) or 0
            value = round(left / (left + right), 4) if left + right == 10 else None
    if value is not None and 0 < value <= 1:
        general, domain = _P.find("general_share", text), _P.find("domain_share", text)
        found["domain_share"] = round(1 - value, 4) if general and not domain else value
    if _P.find("by_tokens", text):
        found["by"] = "tokens"
    return found


def _asked_device(text: str) -> dict[str, Any]:
    """Read devices where the message is about them; any name of their form is one."""
    return _device(text, asked=True)


def _device(text: str, asked: bool = False) -> dict[str, Any]:
    """Read devices, how many of each, names that nobody has described, and `this machine`."""
    plain = _P.without("path", text)
    named = named_devices(plain, asked)
    found: dict[str, Any] = {}
    if named.unknown:
        found["unknown_devices"] = list(named.unknown)
    if named.known:
        found["devices"] = [one.name for one in named.known]
        found["device"] = found["devices"][0]
    elif _P.find("here", plain) and not named.unknown:
        found["device"] = "this machine"
    count = named.known[0].count if named.known else None
    if len(named.known) >= _SEVERAL and any(one.count for one in named.known):
        found["counts"] = [one.count or 1 for one in named.known]
    slips = list(named.miscounts)
    if not slips and count is None and len(named.all) < _SEVERAL and (said := _P.find("device_count", plain)):
        count, slip = counted(said["n"])
        slips += [slip] if slip else []
    if slips:
        return {**found, "slips": [{"what": "count", "said": one} for one in slips]}
    if count:
        found["count"] = count
    return found


def _hardware(text: str) -> dict[str, Any]:
    """Read what a team has: names that nobody has described stay as they are written."""
    found = _device(text)
    named = named_devices(_P.without("path", text), asked=False).all
    if not named:
        found.pop("slips", None)  # 500,000 cards may be what a team makes
    if named and not asks_of_devices(text):
        alone = found.get("count", 1) if len(named) == 1 else 1
        found["hardware"] = [{"device": one.name, "count": one.count or alone} for one in named]
    return found


def _devices(text: str) -> dict[str, Any]:
    """Read the devices to compare: this machine is one of them where a message names it beside others."""
    found = _asked_device(text)
    if "devices" in found and _P.find("here", text):
        found["devices"] = ["this machine", *found["devices"]]
    return found


def _size(text: str) -> dict[str, Any]:
    size, slip = model_size_in(text)
    if slip is not None:
        return {"slips": [{"what": "size", "said": slip}]}
    return {"params_b": size} if size else {}


def _work(text: str) -> dict[str, Any]:
    """Read the work of a training and what is asked about it."""
    found, slips = work_in(text)
    asked = about(text)
    subject = {"about": asked} if asked != "training" else {}
    return {**found, **subject, **({"slips": slips} if slips else {})}


def _wish(text: str) -> dict[str, Any]:
    """Read the work that a wish to train names; it asks nothing about it."""
    found = _work(text)
    return {name: value for name, value in found.items() if name != "about"}


def _prices(text: str) -> dict[str, Any]:
    return {"about": "cost"} if asks_cost(text) else {}


def _method(text: str) -> dict[str, Any]:
    named = _P.matching("methods", text)
    if named:
        return {"method": named[0]}
    return {}


def _rung(text: str) -> dict[str, Any]:
    """Return the method to train with, or the rung to climb to where the message speaks of climbing."""
    named = _P.matching("methods", text)
    if _P.find("climb", text):
        # Of several rungs that are named the highest is meant: the way there leads over the others.
        return {"climb_to": max(named, key=("qlora", "lora", "full").index, default="qlora")}
    return _method(text)


def _hyperparameters(text: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    rank = _P.find("rank", text)
    if rank:
        found["rank"] = int(rank[1] or rank[2])
    epochs = _P.find("epochs", text)
    if epochs:
        said = epochs[1] or epochs[2]
        value = float(said) if said[0].isdigit() else amount(said)
        if value:
            found["epochs"] = float(value)
    rate = _P.find("rate", text)
    if rate:
        found["learning_rate"] = float(rate[1])
    return found


def _resume(text: str) -> dict[str, Any]:
    return {"resume": True} if _P.find("resume", text) else {}


def _arms(text: str) -> dict[str, Any]:
    rest, chosen = text, []
    for arm, pattern in _P.group("arms").items():
        if pattern.search(rest):
            chosen.append(arm)
            if arm == "tuned+rag":
                rest = pattern.sub(" ", rest)
    order = ("base", "rag", "tuned", "tuned+rag")
    return {"arms": [arm for arm in order if arm in chosen]} if len(chosen) > 1 else {}


def _question(text: str) -> dict[str, Any]:
    """Return the question to put to the models: what stands in quotes or after a colon, or the message itself."""
    quoted = [match[1] for match in _P.all("quoted", text)]
    if quoted and (_P.at_start("ask_frame", text) or _P.find("ask_words", text)):
        return {"question": max(quoted, key=len).strip()}
    framed = _P.at_start("ask_frame", text)
    question = text[framed.end() :].strip() if framed else text
    return {"question": question} if len(question) > 1 else {}


def _dimension(text: str) -> dict[str, Any]:
    named = _P.matching("dimensions", text)
    if named:
        return {"dimension": named[0]}
    return {}


def _dimensions(text: str) -> dict[str, Any]:
    """Read the dimensions to measure; the domain's knowledge is asked of both kinds of documents."""
    named = _P.matching("dimensions", text)
    if "domain_knowledge" in named:
        named = [*named, "domain_knowledge_held_out"]
    return {"dimensions": named} if named else {}


def _wordings(text: str) -> dict[str, Any]:
    match = _P.find("wordings", text)
    count = amount(match["n"] or match["zh"]) if match is not None else None
    return {"wordings": int(count)} if count and 1 <= count <= MOST_WORDINGS else {}


def _topic(text: str) -> dict[str, Any]:
    match = _P.find("topic", _P.without("why", text))
    if match is None:
        return {}
    said = (match["en"] or match["subject"] or match["zh"] or "").strip()
    return {} if not said or _P.at_start("no_topic", said) else {"topic": said}


def _run(text: str) -> dict[str, Any]:
    match = _P.find("run", text)
    return {"run": match[0]} if match else {}


def _cancel(text: str) -> dict[str, Any]:
    return {"cancel": True} if _P.find("cancel", text) else {}


def _ask_guide(text: str) -> dict[str, Any]:
    return {"question": text}


def _limit(text: str) -> dict[str, Any]:
    match = _P.find("limit", text)
    return {"limit": int(match[1])} if match else {}


_Reader = Callable[[str], dict[str, Any]]
_READERS: Final[Mapping[Action, tuple[_Reader, ...]]] = {
    "setup": (_facts, _paths, _hardware),
    "ingest": (_paths,),
    "decide": (_facts,),
    "mix": (_share,),
    "plan": (_asked_device, _size, _method, _work),
    "tune": (_rung, _hyperparameters, _device, _size, _resume, _wish),
    "validate": (_paths,),
    "extract": (_wordings,),
    "evaluate": (_arms, _paths, _limit, _dimensions),
    "diagnose": (_dimension, _topic, _run),
    "compare": (_question, _arms),
    "benchmark": (_devices, _size, _prices),
    "status": (_cancel,),
    "guide": (_ask_guide,),
    "review": (_topic,),
}
"""Which readers look for the slots of each action."""
_VERBATIM: Final = (_paths, _question, _ask_guide)
