import random

import pytest

from tools.cleaning.near import NearDuplicates, Twin, duplicates_of, says_another_thing
from tools.extraction.similarity import jaccard

VOCABULARY = [
    "pump",
    "valve",
    "seal",
    "rotor",
    "shaft",
    "flow",
    "rated",
    "replace",
    "clean",
    "inspect",
    "oil",
    "泵",
    "阀",
]


def random_texts(count, seed=0):
    draw = random.Random(seed)
    return [" ".join(draw.choices(VOCABULARY, k=draw.randint(1, 9))) for _ in range(count)]


@pytest.mark.parametrize("threshold", [0.5, 0.8, 1.0])
def test_the_index_finds_exactly_what_comparing_all_finds(threshold):
    texts = random_texts(200)
    index = NearDuplicates(texts, threshold)
    for wanted in random_texts(100, seed=1):
        assert index.alike(wanted) == [n for n, text in enumerate(texts) if jaccard(text, wanted) >= threshold - 1e-9]


@pytest.mark.parametrize("threshold", [0.6, 0.8, 1.0])
def test_duplicates_are_those_that_comparing_all_finds(threshold):
    texts = random_texts(300)
    kept, expected = [], set()
    for number, text in enumerate(texts):
        alike = any(texts[k].split() == text.split() or jaccard(texts[k], text) >= threshold - 1e-9 for k in kept)
        (expected.add if alike else kept.append)(number)
    found = duplicates_of(texts, threshold)
    assert set(found) == expected
    for number, twin in found.items():
        assert twin.of < number
        assert twin.of not in found
        assert twin.similarity == pytest.approx(jaccard(texts[number], texts[twin.of]))


def test_the_first_stays_and_what_repeats_it_is_named():
    texts = [
        "How often is the Wren pump greased? Every 90 days.",
        "how often is the  wren pump greased? every 90 days.",
        "How often is the Wren pump greased? Every 90 days, please.",
        "砚鹤装置的药箱容积是多少？280升。",
        "请问砚鹤装置的药箱容积是多少？280升。",
        "",
        "",
    ]
    found = duplicates_of(texts)
    assert found[1] == Twin(0, 1.0, "exact")
    assert (found[2].of, found[2].kind) == (0, "near")
    assert (found[4].of, found[4].kind) == (3, "near")
    assert found[6] == Twin(5, 1.0, "exact")
    assert len(found) == 4


def test_texts_that_differ_in_a_number_are_two_things_where_that_is_asked():
    texts = [f"Which torque is given for the flange bolts of the main feed water pump unit {n}?" for n in (17, 18)]
    assert list(duplicates_of(texts)) == [1]
    assert duplicates_of(texts, distinct=says_another_thing) == {}
    more = [*texts, texts[0].replace("Which", "What")]
    assert {n: t.of for n, t in duplicates_of(more, distinct=says_another_thing).items()} == {2: 0}


def test_scripts_without_words_are_compared_as_they_stand():
    texts = ["Какой насос 5?", "Где клапан 5?", "какой  насос 5?"]
    assert duplicates_of(texts) == {2: Twin(0, 1.0, "exact")}


def test_a_long_search_can_be_stopped():
    def stop(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        duplicates_of(["a b"], check=stop)


def test_a_thousand_texts_that_nearly_repeat_one_another_take_no_thousand_comparisons_each():
    texts = [f"the same long sentence about one and the same pump number {n}" for n in range(3000)]
    assert len(duplicates_of(texts, check=None)) == 2999
