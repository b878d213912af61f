from __future__ import annotations

import pytest
from pydantic import ValidationError

from agent.policy.method import choose_method
from agent.policy.thresholds import SOURCES, THRESHOLDS, Thresholds
from tests.agent.policy.builders import profile


def test_every_number_names_its_source_and_nothing_else_does() -> None:
    assert set(SOURCES) == set(Thresholds.model_fields)
    assert all(source.strip() for source in SOURCES.values())


@pytest.mark.parametrize("name", Thresholds.model_fields)
def test_every_number_says_what_it_means(name: str) -> None:
    assert Thresholds.model_fields[name].description


def test_only_the_share_of_domain_data_is_ascribed_to_the_guide() -> None:
    assert [name for name, source in SOURCES.items() if "the guide" in source] == ["domain_share"]


def test_defaults_cannot_be_changed_in_place_and_unknown_names_are_refused() -> None:
    with pytest.raises(ValidationError):
        THRESHOLDS.gap = 0.2  # type: ignore[misc]
    with pytest.raises(ValidationError):
        Thresholds(gapp=0.2)  # type: ignore[call-arg]


def test_an_override_changes_the_decision() -> None:
    style = profile(task_kind="style", labelled_pairs=120)
    assert choose_method(style).method == "finetune"
    assert choose_method(style, Thresholds(enough_examples=200)).method == "prompt"
