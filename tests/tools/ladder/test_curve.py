from __future__ import annotations

import random
from statistics import fmean

import pytest

from tools.ladder.curve import extrapolate

PAIRS = {0.25: 100, 0.5: 200, 1.0: 400}


def answers(shares: dict[float, float], items: int = 400) -> dict[float, list[float]]:
    """Right answers for so much of the items, the same items first."""
    return {share: [float(n < round(rate * items)) for n in range(items)] for share, rate in shares.items()}


def clusters(items: int = 400) -> list[str]:
    return [f"i{n}" for n in range(items)]


def test_a_line_over_the_logarithm_is_found_again() -> None:
    found = extrapolate(PAIRS, answers({0.25: 0.3, 0.5: 0.4, 1.0: 0.5}), clusters(), 0.7)
    assert found.doubling == pytest.approx(0.10)
    assert found.low < 0.10 < found.high
    assert found.at_double == pytest.approx(0.60)
    assert found.pairs_for_target == pytest.approx(1600, abs=2)
    assert found.pairs_low is not None
    assert found.pairs_low < 1600


def test_a_flat_curve_promises_nothing() -> None:
    found = extrapolate(PAIRS, answers({0.25: 0.5, 0.5: 0.5, 1.0: 0.5}), clusters(), 0.7)
    assert (found.doubling, found.pairs_for_target, found.pairs_high) == (0, None, None)


def test_a_target_that_is_met_needs_no_more() -> None:
    found = extrapolate(PAIRS, answers({0.25: 0.7, 0.5: 0.8, 1.0: 0.9}), clusters(), 0.6)
    assert found.pairs_for_target == 400
    assert found.at_double == 1.0


def test_fewer_items_leave_more_open() -> None:
    wide = extrapolate(PAIRS, answers({0.25: 0.3, 0.5: 0.4, 1.0: 0.5}, 40), clusters(40), 0.7)
    narrow = extrapolate(PAIRS, answers({0.25: 0.3, 0.5: 0.4, 1.0: 0.5}), clusters(), 0.7)
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)


def test_a_curve_on_which_no_answer_moves_is_flat_only_as_far_as_its_items_tell() -> None:
    rates = {0.25: 0.5, 0.5: 0.5, 1.0: 0.5}
    few = extrapolate(PAIRS, answers(rates, 40), clusters(40), 0.7)
    many = extrapolate(PAIRS, answers(rates), clusters(), 0.7)
    assert -few.low == few.high > 0.02 > many.high > 0


def test_one_document_tells_nothing() -> None:
    found = extrapolate(PAIRS, answers({0.25: 0.3, 0.5: 0.4, 1.0: 0.5}), ["one"] * 400, 0.7)
    assert (found.low, found.high, found.pairs_high) == (-1, 1, None)


def test_the_interval_of_few_documents_covers_the_true_slope_as_often_as_it_says() -> None:
    dice = random.Random(1)
    true, covered, runs = 0.08, 0, 150
    for _ in range(runs):
        # A document's marks lie close together; over all documents every mark is as likely as any other.
        marks = [(one, (place + 0.4 * dice.random()) % 1) for one in range(6) for place in [dice.random()]
                 for _ in range(12)]  # fmt: skip
        scores = {share: [float(mark < 0.3 + true * step) for _, mark in marks] for step, share in enumerate(PAIRS)}
        found = extrapolate(PAIRS, scores, [str(one) for one, _ in marks], 0.9)
        covered += found.low <= true <= found.high
    assert covered / runs > 0.9


def test_the_interval_covers_the_true_slope_as_often_as_it_says() -> None:
    dice = random.Random(0)
    true, covered, runs = 0.08, 0, 60
    for _ in range(runs):
        # Each item has a threshold of its own, so the three points of one item go together.
        marks = [dice.random() for _ in range(150)]
        scores = {share: [float(mark < 0.3 + true * place) for mark in marks] for place, share in enumerate(PAIRS)}
        found = extrapolate(PAIRS, scores, clusters(150), 0.9)
        covered += found.low <= true <= found.high
    assert covered / runs > 0.85
    assert fmean(scores[1.0]) > fmean(scores[0.25])
