from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.policy.power import (
    items_needed,
    items_to_add,
    paired_interval,
    smallest_detectable,
    smallest_shown,
    wilson_interval,
)


@pytest.mark.parametrize(
    ("difference", "about", "within"),
    [(0.10, 150, 10), (-0.10, 150, 10), (0.05, 620, 10), (0.20, 38, 3), (1.0, 4, 1)],
    ids=["10 points", "-10 points", "5 points", "20 points", "everything"],
)
def test_items_needed_at_20_percent_discordance(difference: float, about: int, within: int) -> None:
    assert abs(items_needed(difference) - about) <= within


@pytest.mark.parametrize("difference", [0.0, 1.5, -2.0])
def test_no_number_of_items_shows_nothing_or_the_impossible(difference: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        items_needed(difference)


def test_discordance_cannot_be_smaller_than_the_difference_it_makes() -> None:
    assert items_needed(0.5, discordance=0.1) == items_needed(0.5, discordance=0.5)


@given(st.integers(min_value=10, max_value=5000))
def test_the_smallest_detectable_difference_is_what_the_items_show(items: int) -> None:
    smallest = smallest_detectable(items)
    assert items_needed(smallest) <= items < items_needed(smallest * 0.98)


def test_too_few_items_show_nothing() -> None:
    assert smallest_detectable(1) == pytest.approx(1.0)


@pytest.mark.parametrize("items", [40, 150, 600])
def test_pairs_that_disagree_as_assumed_show_what_the_power_rule_says(items: int) -> None:
    assert smallest_shown(items, 0.20) == pytest.approx(smallest_detectable(items), rel=0.1)
    further = items_to_add(items, 0.05, smallest_shown(items, 0.20), 0.20)
    assert further == pytest.approx(items_needed(0.05) - items, rel=0.15)


def test_pairs_of_a_few_documents_show_less_and_need_more() -> None:
    assert smallest_shown(200, 0.20, design=4.0) == pytest.approx(smallest_shown(50, 0.20), rel=0.1)
    alone, together = (
        items_to_add(200, 0.05, smallest_shown(200, 0.20, design), 0.20, design) for design in (1.0, 2.0)
    )
    assert together > 2 * alone
    assert items_to_add(5000, 0.05, smallest_shown(5000, 0.20), 0.20) == 0


def test_what_few_clusters_cannot_show_takes_more_items_and_never_none() -> None:
    shown = smallest_shown(200, 0.20)
    assert shown < 0.10 < 1.2 * shown
    assert items_to_add(200, 0.10, shown, 0.20) == 0
    assert items_to_add(200, 0.10, 1.2 * shown, 0.20) > 0
    assert items_to_add(200, 0.05, 2 * shown, 0.20) == pytest.approx(
        4 * (items_to_add(200, 0.05, shown, 0.20) + 200) - 200, abs=4
    )
    assert items_to_add(200, 0.05, 0.10) == 600  # graded scores: by the square of the difference alone


def test_a_handful_of_pairs_that_agree_promises_nothing() -> None:
    assert smallest_shown(6, 0.0) > 0.3


@given(
    st.floats(min_value=0, max_value=1), st.floats(min_value=0, max_value=1), st.integers(min_value=1, max_value=3000)
)
def test_the_paired_interval_lies_in_range_and_narrows(first: float, second: float, items: int) -> None:
    low, high = paired_interval(first, second, items)
    wide_low, wide_high = paired_interval(first, second, max(1, items // 4))
    assert -1 <= low <= high <= 1
    assert high - low <= wide_high - wide_low + 1e-9


def test_the_paired_interval_is_no_narrower_than_the_power_rule_assumes() -> None:
    # 20% discordance and no net difference: half width 1.96 * sqrt(0.2 / n).
    low, high = paired_interval(0.7, 0.7, 400)
    assert (high - low) / 2 >= 1.96 * (0.2 / 400) ** 0.5


def test_without_items_everything_is_open() -> None:
    assert paired_interval(0.2, 0.9, 0) == (-1.0, 1.0)
    assert wilson_interval(0.5, 0) == (0.0, 1.0)


def test_perfect_agreement_on_few_items_still_leaves_doubt() -> None:
    low, high = paired_interval(1.0, 1.0, 5)
    assert low < -0.2
    assert high > 0.2


@pytest.mark.parametrize(
    ("rate", "items", "low", "high"),
    [(0.5, 100, 0.404, 0.596), (1.0, 10, 0.722, 1.0), (0.0, 10, 0.0, 0.278)],
)
def test_wilson_matches_published_values(rate: float, items: int, low: float, high: float) -> None:
    assert wilson_interval(rate, items) == pytest.approx((low, high), abs=0.001)
