"""Whether an answer obeys a constraint that a program can check (IFEval's idea: Zhou et al. 2023).

The kinds and their parameters stand in `tools/evaluation/data/README.md`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from agent.errors import InputError
from agent.records.base import Language

Constraint = Mapping[str, str | int | list[str]]
_FENCE = re.compile(r"\A\s*```\w*\n(?P<body>.*?)\n?```\s*\Z", re.DOTALL)
_BULLET = re.compile(r"^\s*(?:[-*•]|\d+[.)．、])\s*\S", re.MULTILINE)
_CJK = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]")
_EDGES = re.compile(r"^[\W_]+|[\W_]+$")
_OPENING = " \t\r\n\"'“”‘’「『《"


def satisfies(answer: str, constraint: Constraint, language: Language) -> bool:
    """Return whether the answer obeys the constraint; an empty answer obeys none.

    Args:
        answer: What the model said.
        constraint: `{"kind": ..., parameters}`.
        language: Language of the item's prompt; words are counted and matched by it.

    Raises:
        InputError: The kind is unknown or a parameter is missing.
    """
    if not answer.strip():
        _check_known(constraint)
        return False
    match constraint.get("kind"):
        case "max_words":
            return 0 < _length(answer, language) <= _number(constraint, "n")
        case "json":
            return _has_keys(answer, _words(constraint, "keys"))
        case "bullets":
            return len(_BULLET.findall(answer)) == _number(constraint, "n")
        case "language":
            chinese, latin = len(_CJK.findall(answer)), len(_LATIN.findall(answer))
            wanted, other = (chinese, latin) if _text(constraint, "language") == "zh" else (latin, chinese)
            return wanted > other
        case "forbidden":
            return not any(_occurs(word, answer, language) for word in _words(constraint, "words"))
        case "contains":
            return all(_occurs(word, answer, language) for word in _words(constraint, "words"))
        case "one_word":
            word = _EDGES.sub("", answer)
            if _CJK.search(word):
                return bool(re.fullmatch(r"[\u3400-\u4dbf\u4e00-\u9fff]{1,4}", word))
            return len(word.split()) == 1
        case "starts_with":
            return answer.lstrip(_OPENING).lower().startswith(_text(constraint, "text").lower())
        case "uppercase":
            return any(char.isupper() for char in answer) and not any(char.islower() for char in answer)
        case kind:
            raise _wrong(f"unknown constraint kind {kind!r}")


def _length(answer: str, language: Language) -> int:
    if language == "zh":
        return sum(char.isalnum() for char in answer)
    return sum(any(char.isalnum() for char in word) for word in answer.split())


def _has_keys(answer: str, keys: list[str]) -> bool:
    fenced = _FENCE.match(answer)
    try:
        data = json.loads(fenced["body"] if fenced else answer)
    except ValueError:
        return False
    return isinstance(data, dict) and all(key in data for key in keys)


def _occurs(word: str, answer: str, language: Language) -> bool:
    if language == "zh" or _CJK.search(word):
        return word.lower() in answer.lower()
    return bool(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", answer, re.IGNORECASE))


def _check_known(constraint: Constraint) -> None:
    satisfies("x", constraint, "en")


def _number(constraint: Constraint, key: str) -> int:
    value = constraint.get(key)
    if not isinstance(value, int):
        raise _wrong(f"constraint {constraint.get('kind')} needs a whole number {key}")
    return value


def _text(constraint: Constraint, key: str) -> str:
    value = constraint.get(key)
    if not isinstance(value, str):
        raise _wrong(f"constraint {constraint.get('kind')} needs a text {key}")
    return value


def _words(constraint: Constraint, key: str) -> list[str]:
    value = constraint.get(key)
    if not isinstance(value, list):
        raise _wrong(f"constraint {constraint.get('kind')} needs a list {key}")
    return value


def _wrong(what: str) -> InputError:
    return InputError(what, where="validation item", mend="the kinds stand in tools/evaluation/data/README.md")
