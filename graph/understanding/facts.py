"""What a message tells about a team's task: values of profile fields, read by rules in English and Chinese.

Several facts in one message are all taken; a later message corrects an earlier one. Only what is said is taken: a
field that no rule finds stays unknown, and a number is never completed by a guess.

    read_facts("2,000 PDF manuals, prices change every Monday, we are air-gapped")
    # {"documents": {"count": 2000}, "knowledge_change": "weekly", "privacy": "air_gapped", …}
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache
from typing import Any, Final

from graph.understanding.numbers import amount, fraction, spaced
from graph.understanding.patterns import patterns
from tools.hardware import catalogue

_P: Final = patterns("facts")

_SHORT: Final = 24
"""Characters of a message that may correct a field by its bare value."""
_MOST_PARAMS_B: Final = 2000
"""Thousand millions of parameters above which nobody has a model."""
_YES_NO: Final = frozenset({"needs_citations", "per_document_access_control", "general_ability_matters"})


def read_facts(text: str, asked: str | None = None, known: Collection[str] = ()) -> dict[str, Any]:
    """Return the profile fields that a message gives a value for, as plain values in the profile's shape.

    Args:
        text: The message.
        asked: The field that was asked for last; a bare `yes`, `monthly` or `2000` then answers it.
        known: Fields that have a value: `no, monthly` then corrects one of them and answers nothing else.
    """
    plain = spaced(" ".join(text.split()))
    found: dict[str, Any] = {}
    readers = (
        _change, _citations, _privacy, _access, _general, _kind, _documents, _pairs, _target, _params, _latency,
        _languages, _no_gpu,
    )  # fmt: skip
    for read in readers:
        found.update(read(plain, asked))
    goal = _goal(plain, asked)
    if goal is not None:
        found["goal"] = goal
    if "knowledge_change" in known and "knowledge_change" not in found and len(plain) <= _SHORT:
        found.update(_change(plain, "knowledge_change"))
    if found and asked not in found and any(name in known for name in found) and _P.find("no", plain):
        return found  # a correction: its `no` is about what was said before
    return {**_bare(plain, asked), **found} if asked in _YES_NO else {**found, **_bare(plain, asked, found)}


def says_unknown(text: str) -> bool:
    """Return whether a message says that its writer does not know or wants to skip the question."""
    return _P.find("unknown", text) is not None


def _change(text: str, asked: str | None) -> dict[str, Any]:
    paced = _P.matching("paces", text)
    if not paced or (asked != "knowledge_change" and not _P.find("change_words", text)):
        return {}
    if paced[0] in ("yearly", "never") and len(paced) > 1:
        paced = paced[:1]
    # The fastest part sets the pace: whatever changes weekly cannot live in weights, however stable the rest is.
    return {"knowledge_change": paced[0]}


def _citations(text: str, asked: str | None) -> dict[str, Any]:
    if _P.find("cite_no", text):
        return {"needs_citations": False}
    return {"needs_citations": True} if _P.find("cite_yes", text) else {}


def _privacy(text: str, asked: str | None) -> dict[str, Any]:
    if _P.find("air_gapped", text):
        return {"privacy": "air_gapped"}
    if _P.find("open", text) and not _P.find("stays", text):
        return {"privacy": "open"}
    if _P.find("stays", text):
        return {"privacy": "on_premises"}
    return {"privacy": "on_premises"} if _P.find("on_premises", text) else {}


def _access(text: str, asked: str | None) -> dict[str, Any]:
    if _P.find("access_no", text):
        return {"per_document_access_control": False}
    return {"per_document_access_control": True} if _P.find("access_yes", text) else {}


def _general(text: str, asked: str | None) -> dict[str, Any]:
    if _P.find("general_no", text):
        return {"general_ability_matters": False}
    return {"general_ability_matters": True} if _P.find("general_yes", text) else {}


def _kind(text: str, asked: str | None) -> dict[str, Any]:
    if asked == "task_kind" and _P.find("several_kinds", text):
        return {"task_kind": "mixed"}
    kinds = _P.matching("kinds", text)
    if asked == "task_kind" and not kinds:
        kinds = _P.matching("bare_kinds", text)
    if not kinds:
        return {}
    formal = [kind for kind in kinds if kind != "facts"]
    if "facts" in kinds and formal:
        return {"task_kind": "mixed"}
    return {"task_kind": kinds[0]}


def _documents(text: str, asked: str | None) -> dict[str, Any]:
    match = _P.find("document_count", text)
    count = amount(match["count"]) if match else None
    return {"documents": {"count": count}} if count else {}


def _pairs(text: str, asked: str | None) -> dict[str, Any]:
    match = _P.find("pairs", text)
    if match is None:
        return {}
    if match["none"]:
        return {"labelled_pairs": 0}
    count = amount(match["count"])
    return {"labelled_pairs": count} if count is not None else {}


def _target(text: str, asked: str | None) -> dict[str, Any]:
    wrong = _P.find("most_wrong", text)
    if wrong is not None:
        missed = amount(wrong["wrong"])
        return {"target": round(1 - missed / 100, 4)} if missed is not None and missed < 100 else {}
    match = _P.find("target", text)
    if match is None:
        return {}
    value = fraction(match["value"] or match["leading"])
    return {"target": value} if value is not None and 0 < value <= 1 else {}


def model_size_in(text: str) -> tuple[float | None, str | None]:
    """Return the size of a model that a text names, thousand millions of parameters, or a size that none can have.

    Returns:
        The size, and the words that were meant as one where it is none: `5000B`.
    """
    # `910B` is a device and no size.
    match = _P.find("params", _without_devices(text))
    if match is None:
        return None, None
    unit = (match["unit"] or match["scale"] or match["zh_unit"]).lower()
    scale = {"亿": 0.1, "万": 1000.0, "m": 0.001, "t": 1000.0}.get(unit[0], 1.0)
    number = match["size"].replace(",", "") if match["size"] else amount(match["words"] or match["zh"])
    size = round(float(number or 0) * scale, 4)
    return (size, None) if 0 < size <= _MOST_PARAMS_B else (None, match[0].strip())


def _params(text: str, asked: str | None) -> dict[str, Any]:
    size, _ = model_size_in(text)
    return {"base_model_params_b": size} if size is not None else {}


@cache
def _devices() -> re.Pattern[str]:
    names = {alias for device in catalogue() for alias in (device.name, *device.aliases)}
    with_size = sorted((name for name in names if re.search(r"\d[bm]\b", name, re.IGNORECASE)), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, with_size)) or r"(?!)", re.IGNORECASE)


def _without_devices(text: str) -> str:
    return _devices().sub(" ", text)


def _latency(text: str, asked: str | None) -> dict[str, Any]:
    match = _P.find("latency", text)
    if match is None or (asked != "latency_target_ms" and not _P.find("answer_words", text)):
        return {}
    scale = 1 if match["unit"].lower().startswith(("ms", "milli", "毫")) else 1000
    return {"latency_target_ms": int(float(match["value"]) * scale)}


def _languages(text: str, asked: str | None) -> dict[str, Any]:
    named = _P.matching("languages", text)
    return {"languages": list(named)} if named else {}


def _no_gpu(text: str, asked: str | None) -> dict[str, Any]:
    """Read that there is no device to name; the devices themselves are read with the slots."""
    bare = asked == "hardware" and _P.find("none", text) is not None
    return {"hardware": []} if bare or _P.find("no_gpu", text) else {}


def _goal(text: str, asked: str | None) -> str | None:
    match = _P.find("goal", text)
    if match is not None:
        said = (match["en"] or match["zh"] or "").strip(" ,，")
        if _P.matching("kinds", said) or _P.find("assistant_words", said):
            return said
    return text if asked == "goal" and not says_unknown(text) and len(text) > 3 else None


def _bare(text: str, asked: str | None, found: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the value of the field asked for, where the message is just that value."""
    if asked is None or asked in (found or {}) or says_unknown(text):
        return {}
    match asked:
        case "needs_citations" | "per_document_access_control" | "general_ability_matters":
            # Looked at first: `no` would otherwise be swallowed by nothing, and `不用` by no rule.
            if _P.find("no", text):
                return {asked: False}
            return {asked: True} if _P.find("yes", text) else {}
        case "labelled_pairs":
            if _P.find("none", text):
                return {asked: 0}
            count = amount(text)
            return {asked: count} if count is not None else {}
        case "documents":
            count = amount(text)
            return {asked: {"count": count}} if count else {}
        case "target":
            value = fraction(text)
            return {asked: value} if value is not None and 0 < value <= 1 else {}
        case "privacy":
            return {asked: "on_premises"} if _P.find("not_outside", text) else {}
        case _:
            return {}
