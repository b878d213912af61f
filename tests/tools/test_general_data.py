"""The built-in general items: valid, short, balanced, and replay shares nothing with the evaluation."""

from __future__ import annotations

import json
import re
from collections import Counter
from importlib import resources
from itertools import combinations
from statistics import mean
from typing import Any

import pytest

ENGLISH_CONTEXT = re.compile(r"Context:\n(?P<passage>[^\n]+)\n\nQuestion: (?P<question>[^\n]+)")
CHINESE_CONTEXT = re.compile(r"资料：\n(?P<passage>[^\n]+)\n\n问题：(?P<question>[^\n]+)")
ABSTENTIONS = {"en": "The documents do not say.", "zh": "资料中没有说明。"}
CHINESE = re.compile(r"[\u4e00-\u9fff]")
PARAMETERS: dict[str, dict[str, type]] = {
    "max_words": {"n": int},
    "json": {"keys": list},
    "bullets": {"n": int},
    "language": {"language": str},
    "forbidden": {"words": list},
    "contains": {"words": list},
    "one_word": {},
    "starts_with": {"text": str},
    "uppercase": {},
}

Item = dict[str, Any]


def _load(package: str, name: str) -> list[Item]:
    text = resources.files("tools").joinpath(package, "data", name).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


REPLAY = _load("mixing", "general.jsonl")
ABILITY = _load("evaluation", "general_ability.jsonl")
INSTRUCTIONS = _load("evaluation", "instructions.jsonl")


def _question(item: Item) -> str:
    return str(item["messages"][0]["content"])


def _answer(item: Item) -> str:
    return str(item["messages"][1]["content"])


def _length(item: Item, text: str) -> int:
    return len(text.split()) if item["language"] == "en" else len(re.sub(r"\s", "", text))


def _tokens(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+|[\u4e00-\u9fff]", text.lower())


def _shingles(text: str, size: int) -> set[tuple[str, ...]]:
    tokens = _tokens(text)
    return {tuple(tokens[at : at + size]) for at in range(len(tokens) - size + 1)}


def _jaccard(one: set[Any], other: set[Any]) -> float:
    return len(one & other) / len(one | other) if one | other else 0.0


def _reading(item: Item) -> re.Match[str]:
    pattern = ENGLISH_CONTEXT if item["language"] == "en" else CHINESE_CONTEXT
    found = pattern.fullmatch(_question(item))
    assert found is not None, item["id"]
    return found


@pytest.mark.parametrize(
    ("items", "prefix", "english", "chinese"),
    [(REPLAY, "g", 210, 90), (ABILITY, "a", 110, 100), (INSTRUCTIONS, "i", 40, 20)],
    ids=["replay", "ability", "instructions"],
)
def test_counts_languages_and_ids(items: list[Item], prefix: str, english: int, chinese: int) -> None:
    assert Counter(item["language"] for item in items) == {"en": english, "zh": chinese}
    assert [item["id"] for item in items] == [f"{prefix}{number:03d}" for number in range(1, len(items) + 1)]


def test_replay_items_have_the_messages_form() -> None:
    for item in REPLAY:
        assert list(item) == ["id", "language", "kind", "messages"]
        assert [message["role"] for message in item["messages"]] == ["user", "assistant"]
        assert all(message["content"].strip() == message["content"] != "" for message in item["messages"])


def test_replay_items_are_short() -> None:
    limits = {"en": (25, 20), "zh": (40, 30)}
    for item in REPLAY:
        question, answer = limits[item["language"]]
        assert _length(item, _question(item)) <= question, item["id"]
        assert _length(item, _answer(item)) <= answer, item["id"]
    for language, longest in (("en", 20), ("zh", 35)):
        lengths = [
            _length(item, _question(item)) + _length(item, _answer(item))
            for item in REPLAY
            if item["language"] == language
        ]
        assert mean(lengths) <= longest


def test_replay_is_diverse() -> None:
    for language in ("en", "zh"):
        kinds = Counter(item["kind"] for item in REPLAY if item["language"] == language)
        assert len(kinds) >= 15
        assert max(kinds.values()) <= 0.15 * sum(kinds.values())


def test_reading_items_follow_the_answering_format() -> None:
    reading = [item for item in REPLAY if item["kind"] == "reading"]
    assert len(reading) == 40
    silent = [item for item in reading if _answer(item) == ABSTENTIONS[item["language"]]]
    assert len(silent) == 8
    assert {item["language"] for item in silent} == {"en", "zh"}
    for item in reading:
        found = _reading(item)
        if item in silent:
            continue
        content = set(_tokens(_answer(item))) - {"the", "a", "by", "in", "on", "at", "of", "is", "because"}
        assert content <= set(_tokens(found["passage"])), item["id"]


def test_only_reading_items_abstain_in_the_fixed_words() -> None:
    for item in REPLAY:
        if item["kind"] != "reading":
            assert _answer(item) not in ABSTENTIONS.values()
            assert "Context:" not in _question(item)


def test_replay_questions_are_unique_and_not_near_duplicates() -> None:
    assert len({_question(item) for item in REPLAY}) == len(REPLAY)
    token_sets = [(item["id"], set(_tokens(_question(item)))) for item in REPLAY]
    for (one_id, one), (other_id, other) in combinations(token_sets, 2):
        assert _jaccard(one, other) < 0.8, (one_id, other_id)


def test_sums_in_replay_are_right() -> None:
    checked = 0
    operations = {"+": int.__add__, "加": int.__add__, "minus": int.__sub__, "减去": int.__sub__}
    operations |= {"times": int.__mul__, "乘以": int.__mul__, "divided by": int.__floordiv__, "除以": int.__floordiv__}
    for item in REPLAY:
        found = re.search(r"(\d+)\s*([^\d\s]+(?: by)?)\s*(\d+)\s*(?:is|等于|是)\s*(\d+)", _answer(item))
        if item["kind"] == "arithmetic" and found and found[2] in operations:
            assert operations[found[2]](int(found[1]), int(found[3])) == int(found[4]), item["id"]
            checked += 1
    assert checked >= 8


def test_languages_match_the_script() -> None:
    for item in [*REPLAY, *ABILITY, *INSTRUCTIONS]:
        text = item.get("question") or item.get("prompt") or _question(item)
        if item["language"] == "zh":
            assert CHINESE.search(text), item["id"]
        elif item.get("kind") != "translation" and item.get("constraint", {}).get("kind") != "language":
            assert not CHINESE.search(text), item["id"]


def test_ability_items_are_multiple_choice() -> None:
    for item in ABILITY:
        assert list(item) == ["id", "language", "kind", "question", "options", "answer"]
        assert len(item["options"]) == len(set(item["options"])) == 4
        assert all(option and option == option.strip() for option in item["options"])
        assert item["answer"] in range(4)
        lengths = [_length(item, option) for option in item["options"]]
        assert max(lengths) <= 2 * min(lengths) + 1, item["id"]
    assert len({item["question"] for item in ABILITY}) == len(ABILITY)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_ability_answers_are_balanced(language: str) -> None:
    items = [item for item in ABILITY if item["language"] == language]
    positions = Counter(item["answer"] for item in items)
    assert max(positions.values()) - min(positions.values()) <= 1
    longest = 0
    for item in items:
        lengths = [_length(item, option) for option in item["options"]]
        right = lengths.pop(item["answer"])
        longest += right > max(lengths)
    assert longest <= 0.3 * len(items)


def test_replay_and_ability_share_nothing() -> None:
    replay = []
    for item in REPLAY:
        texts = [_question(item), f"{_question(item)} {_answer(item)}"]
        texts += [_reading(item)["question"]] if item["kind"] == "reading" else []
        replay.append((item["id"], texts))
    for item in ABILITY:
        right = item["options"][item["answer"]]
        own_texts = [item["question"], f"{item['question']} {right}"]
        own_grams = _shingles(own_texts[1], 13)
        own_bags = [set(_tokens(text)) for text in own_texts]
        for replay_id, texts in replay:
            assert not own_grams & _shingles(texts[1], 13), (item["id"], replay_id)
            closest = max(_jaccard(set(_tokens(text)), own) for text in texts for own in own_bags)
            assert closest < 0.6, (item["id"], replay_id, closest)


def test_instructions_have_known_constraints() -> None:
    assert len({item["prompt"] for item in INSTRUCTIONS}) == len(INSTRUCTIONS)
    for item in INSTRUCTIONS:
        assert list(item) == ["id", "language", "prompt", "constraint"]
        constraint = dict(item["constraint"])
        expected = PARAMETERS[constraint.pop("kind")]
        assert {name: type(value) for name, value in constraint.items()} == expected, item["id"]
        assert all(constraint.values()), item["id"]
    assert {item["constraint"]["kind"] for item in INSTRUCTIONS} == set(PARAMETERS)


def test_instructions_say_what_is_checked() -> None:
    for item in INSTRUCTIONS:
        constraint, prompt = item["constraint"], item["prompt"]
        wanted = [*constraint.get("words", []), *constraint.get("keys", [])]
        wanted += [constraint["text"]] if "text" in constraint else []
        assert all(word in prompt for word in wanted), item["id"]


def test_the_readme_documents_every_constraint_kind() -> None:
    readme = resources.files("tools").joinpath("evaluation", "data", "README.md").read_text(encoding="utf-8")
    for kind in PARAMETERS:
        assert f"| `{kind}` |" in readme
