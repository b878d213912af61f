from __future__ import annotations

import pytest

from agent.errors import InputError
from tools.evaluation.constraints import satisfies


@pytest.mark.parametrize(
    ("constraint", "language", "good", "bad"),
    [
        ({"kind": "max_words", "n": 3}, "en", ["Banks lend money.", "Yes - no."], ["Banks lend money daily.", "..."]),
        ({"kind": "max_words", "n": 4}, "zh", ["猫很可爱。"], ["猫非常可爱呀"]),
        (
            {"kind": "json", "keys": ["name", "age"]},
            "en",
            ['{"name": "A", "age": 3, "x": 1}', '```json\n{"name": 1, "age": 2}\n```'],
            ['{"name": "A"}', "name: A, age: 3", "[1]"],
        ),
        (
            {"kind": "bullets", "n": 2},
            "en",
            ["- a\n- b", "1. a\n 2. b", "Here:\n* a\n• b"],
            ["- a", "- a\n- b\n- c", "a\nb"],
        ),
        ({"kind": "language", "language": "en"}, "zh", ["Happy birthday!"], ["生日快乐", "123"]),
        ({"kind": "language", "language": "zh"}, "en", ["生日快乐"], ["Happy birthday"]),
        ({"kind": "forbidden", "words": ["water"]}, "en", ["Rain falls.", "Underwater"], ["Rain is WATER."]),
        ({"kind": "forbidden", "words": ["水"]}, "zh", ["下雨了"], ["雨水很多"]),
        ({"kind": "contains", "words": ["sun", "moon"]}, "en", ["Sun and moon."], ["Sunny moon", "sun"]),
        ({"kind": "contains", "words": ["太阳"]}, "zh", ["太阳出来了"], ["月亮出来了"]),
        ({"kind": "one_word"}, "en", ["Blue.", "“Blue”"], ["Sky blue", "."]),
        ({"kind": "one_word"}, "zh", ["蓝色。", "蓝"], ["天空是蓝色的"]),
        ({"kind": "starts_with", "text": "Dear"}, "en", [' "dear Ann"', "Dear Ann"], ["Oh dear"]),
        ({"kind": "uppercase"}, "en", ["STOP 1!"], ["Stop", "12!"]),
    ],
)
def test_constraints(constraint, language, good, bad):
    assert [satisfies(answer, constraint, language) for answer in good] == [True] * len(good)
    assert [satisfies(answer, constraint, language) for answer in bad] == [False] * len(bad)
    assert not satisfies("  ", constraint, language)


@pytest.mark.parametrize(
    "constraint",
    [
        {"kind": "rhyme"},
        {},
        {"kind": "max_words"},
        {"kind": "json", "keys": "name"},
        {"kind": "starts_with", "text": 3},
    ],
)
def test_a_wrong_constraint_says_where_the_kinds_stand(constraint):
    with pytest.raises(InputError, match="README"):
        satisfies("text", constraint, "en")
    with pytest.raises(InputError):
        satisfies("", constraint, "en")
