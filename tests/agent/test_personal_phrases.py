import pytest

from agent.prompts.personal import CLEANING, PERSONAL_NAMES, cleaning_note, counted_kinds, placeholder


def test_every_kind_has_a_name_in_both_languages():
    assert all(set(names) == {"en", "zh"} for names in (*PERSONAL_NAMES.values(), *CLEANING.values()))
    assert placeholder("phone", "zh") == "[电话号码]"


def test_kinds_are_counted_in_words():
    assert counted_kinds({"email": 2, "ip": 1}, "en") == "2 × e-mail address, 1 × IP address"
    assert counted_kinds({"email": 2, "ip": 1}, "zh") == "2 × 电子邮箱、1 × IP 地址"


@pytest.mark.parametrize("choice", ["keep", "mask", "drop"])
def test_a_note_names_the_first_examples_and_that_there_are_more(choice):
    said = cleaning_note(choice, 3, {"email": 4}, ("p1", "p2"), "en")
    assert said.startswith("3 examples")
    assert said.endswith("p1, p2, …")
    assert cleaning_note(choice, 1, {"email": 1}, ("p1",), "zh").endswith("p1")
