from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats import contingency_tables, multitest

from agent.policy.power import items_needed
from tests.benchmarks.intervals import Setting, coverage, false_alarms
from tools.evaluation.clusters import Clusters, expanded_tail
from tools.evaluation.comparisons import detectable, further_items, verdict
from tools.evaluation.statistics import (
    PairedDifference,
    bootstrap_means,
    clustered_p,
    clusters_of,
    effective_items,
    holm,
    is_binary,
    mcnemar,
    mean_interval,
    newcombe,
    paired_difference,
    wilson,
)

counts = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
rates = st.lists(st.sampled_from((0.0, 1.0)), min_size=1, max_size=60)


@pytest.mark.parametrize(("right", "n"), [(0, 10), (3, 10), (10, 10), (45, 90), (1, 1), (199, 200)])
def test_wilson_is_scipys(right, n):
    reference = stats.binomtest(right, n).proportion_ci(method="wilson")
    assert wilson(right, n) == pytest.approx((reference.low, reference.high), abs=1e-9)


def test_wilson_of_nothing_leaves_everything_open():
    assert wilson(0, 0) == (0, 1)


@given(counts)
def test_wilson_holds_the_rate_and_stays_inside(count):
    right, n = count
    low, high = wilson(right, n)
    assert 0 <= low <= right / n <= high <= 1


@given(counts)
def test_wilson_narrows_with_ten_times_the_items(count):
    right, n = count
    low, high = wilson(right, n)
    low10, high10 = wilson(10 * right, 10 * n)
    assert high10 - low10 < high - low


@pytest.mark.parametrize(("a_only", "b_only", "p"), [(0, 0, 1.0), (0, 5, 0.0625), (0, 6, 0.03125), (4, 4, 1.0)])
def test_mcnemar_known_values(a_only, b_only, p):
    assert mcnemar(a_only, b_only) == pytest.approx(p)


def test_against_statsmodels():
    for a_only, b_only in ((1, 9), (7, 12), (0, 3)):
        assert mcnemar(a_only, b_only) == pytest.approx(
            contingency_tables.mcnemar([[5, a_only], [b_only, 5]], exact=True).pvalue
        )
    raw = [0.01, 0.04, 0.03, 0.005, 0.9]
    assert holm(raw) == pytest.approx(tuple(multitest.multipletests(raw, method="holm")[1]))


@given(st.lists(st.floats(0, 1), max_size=20))
def test_holm_never_lowers_a_p_and_keeps_the_order(raw):
    adjusted = holm(raw)
    assert all(before <= after <= 1 for before, after in zip(raw, adjusted, strict=True))
    ranked = sorted(zip(raw, adjusted, strict=True))
    assert [pair[1] for pair in ranked] == sorted(adjusted)


def test_newcombe_published_example():
    # Newcombe 1998, table II, method 10 for the cells 36, 12, 2, 0; his difference is a - b.
    low, high = newcombe(both=36, a_only=12, b_only=2, neither=0)
    assert (-high, -low) == pytest.approx((0.0569, 0.3404), abs=2e-4)


def test_a_shift_of_every_pair_is_not_certainty():
    outcome = paired_difference([0] * 6, [1] * 6, [str(i) for i in range(6)], seed=1)
    assert (outcome.difference, outcome.high) == (1, 1)
    assert 0.3 < outcome.low < 1
    assert outcome.p == pytest.approx(0.03125)


@given(rates, st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_an_arm_does_not_differ_from_itself(scores, seed):
    outcome = paired_difference(scores, scores, [str(i) for i in range(len(scores))], seed=seed)
    assert outcome.difference == 0
    assert outcome.low <= 0 <= outcome.high
    assert outcome.p == 1


@given(st.lists(st.tuples(st.sampled_from((0.0, 1.0)), st.sampled_from((0.0, 1.0))), min_size=2, max_size=40))
@settings(max_examples=25, deadline=None)
def test_swapping_the_arms_turns_the_interval_round(pairs):
    a, b = [x for x, _ in pairs], [y for _, y in pairs]
    labels = [str(i // 2) for i in range(len(a))]
    there, back = paired_difference(a, b, labels, seed=3), paired_difference(b, a, labels, seed=3)
    assert there.difference == pytest.approx(-back.difference)
    assert there.low == pytest.approx(-back.high, abs=1e-9)
    assert there.p == pytest.approx(back.p)
    assert there.low <= there.difference <= there.high


def test_the_seed_decides_the_interval():
    a = [0.1 * (i % 7) for i in range(60)]
    b = [0.1 * (i % 5) for i in range(60)]
    labels = [str(i % 25) for i in range(60)]
    assert paired_difference(a, b, labels, seed=1) == paired_difference(a, b, labels, seed=1)
    assert paired_difference(a, b, labels, seed=1).low != paired_difference(a, b, labels, seed=2).low


def test_bootstrap_agrees_with_scipy_where_items_are_their_own_clusters():
    rng = np.random.default_rng(5)
    values = rng.random(80)
    low, high = np.percentile(bootstrap_means(list(values), [str(i) for i in range(80)], seed=1), [2.5, 97.5])
    reference = stats.bootstrap((values,), np.mean, n_resamples=4000, method="percentile", rng=rng)
    assert (low, high) == pytest.approx(
        (reference.confidence_interval.low, reference.confidence_interval.high), abs=0.01
    )


def test_clusters_widen_the_interval_of_items_that_fail_together():
    a, b = [0.5] * 80, [0.9 if i // 4 % 2 else 0.2 for i in range(80)]
    alone = paired_difference(a, b, [str(i) for i in range(80)], seed=1)
    together = paired_difference(a, b, [str(i // 4) for i in range(80)], seed=1)
    assert together.high - together.low > 1.5 * (alone.high - alone.low)


def test_graded_means_use_the_bootstrap_and_rates_wilson():
    labels = [str(i) for i in range(10)]
    assert mean_interval([1.0] * 8 + [0.0] * 2, labels, seed=1) == wilson(8, 10)
    low, high = mean_interval([0.5] * 9 + [0.9], labels, seed=1)
    assert low == pytest.approx(0.54 - stats.t.ppf(0.975, 9) * 0.04)  # by t: the mean is .54, its standard error .04
    assert 0.54 <= high < 0.7
    assert not is_binary([0.5])


@pytest.mark.parametrize(
    ("documents", "facts", "by", "clusters"),
    [
        (["a", "b", "c", "d", "e", "e"], ["f"] * 6, "document", 5),
        (["a", "a", "b", "b"], ["f1", "f1", "f2", "f3"], "fact", 3),
        (["a", "a", "b", "b"], [""] * 4, "item", 4),
        ([""] * 4, [""] * 4, "item", 4),
        (["a", "b", "c", "d", "e", ""], [""] * 6, "document", 6),
    ],
)
def test_what_is_resampled(documents, facts, by, clusters):
    labels, kind = clusters_of(documents, facts, [f"i{n}" for n in range(len(documents))])
    assert kind == by
    assert len(set(labels)) == clusters


def test_unpaired_scores_are_refused():
    with pytest.raises(ValueError, match="same positive length"):
        paired_difference([], [], [], seed=1)
    with pytest.raises(ValueError, match="same positive length"):
        paired_difference([1], [1, 0], ["a"], seed=1)


@pytest.mark.parametrize(
    "setting",
    [
        Setting("document", 90, 5, (0.6, 0.7), graded=False, strong=True),
        Setting("document", 90, 5, (0.6, 0.7), graded=True),
        Setting("document", 90, 10, (0.6, 0.7), graded=False),
        Setting("document", 90, 30, (0.6, 0.6), graded=False),
        Setting("fact", 40, 0, (0.6, 0.7), graded=False),
        Setting("item", 20, 0, (0.6, 0.8), graded=False),
    ],
    ids=str,
)
def test_coverage_of_the_intervals(setting):
    """In 150 simulated evaluations the 95% intervals hold the truth about as often as they say."""
    found = coverage(setting, rounds=150, seed=7)
    assert found["difference"]["high"] > 0.95
    assert found["mean"]["high"] > 0.95
    assert found["difference"]["share"] >= found["percentile"]["share"]


def test_few_documents_need_more_than_a_percentile_bootstrap_and_wilson_of_all_items():
    found = coverage(Setting("document", 90, 5, (0.6, 0.6), graded=False, strong=True), rounds=150, seed=7)
    assert found["percentile"]["high"] < 0.95
    assert found["plain"]["high"] < 0.80
    assert found["difference"]["share"] > 0.92
    assert found["rejected"]["low"] < 0.05


def test_arms_worth_the_same_are_seldom_told_apart():
    """False alarms of a whole report, over all its comparisons."""
    assert false_alarms(50, 12, rounds=30, seed=3)["false_alarms"]["low"] < 0.05


def test_the_clustered_p_is_that_of_a_regression_with_clustered_errors():
    rng = np.random.default_rng(3)
    groups = np.repeat(np.arange(8), 5)
    values = rng.normal(0.3, 1, 40) + rng.normal(0, 1, 8)[groups]
    reference = sm.OLS(values, np.ones(40)).fit(
        cov_type="cluster", cov_kwds={"groups": groups, "use_correction": False}, use_t=True
    )
    grouped = Clusters.of(values.tolist(), [str(g) for g in groups])
    assert grouped.error == pytest.approx(float(reference.bse[0]) * np.sqrt(8 / 7))
    expected = 2 * stats.t.sf(abs(grouped.mean) / grouped.error, 7)
    assert clustered_p(grouped) == pytest.approx(expected)


def test_clustered_pairs_are_not_taken_for_independent_ones():
    # Two documents on which b alone is right, two on which a alone is: 20 to 20 is even, 40 to 0 is not.
    a, b = [0.0] * 20 + [1.0] * 5, [1.0] * 20 + [0.0] * 5
    labels = [str(i // 5) for i in range(25)]
    alone = paired_difference(a, b, [str(i) for i in range(25)], seed=1)
    together = paired_difference(a, b, labels, seed=1)
    assert alone.p == pytest.approx(mcnemar(5, 20))
    assert together.p > 0.05 > alone.p
    assert together.low < 0 < alone.low
    assert (alone.design, together.design > 4) == (1.0, True)


@pytest.mark.parametrize(
    ("values", "clusters", "worth"),
    [
        ([1, 0, 1, 0], "abcd", 4),
        ([1, 1, 1, 1], "aabb", 4),
        ([1, 0, 1, 0, 1, 0], "aabbcc", 6),
        # Three documents of one mind count for fewer than three items, since so few say little about their spread.
        ([1, 1, 1, 0, 0, 0, 1, 1, 1], "aaabbbccc", 9 / 4 * (1.96 / 4.3027) ** 2),
    ],
)
def test_what_clustered_items_are_worth(values, clusters, worth):
    assert effective_items(values, list(clusters)) == pytest.approx(worth, rel=1e-3)


def test_wilsons_interval_counts_what_the_items_are_worth():
    values, labels = [1.0] * 15 + [0.0] * 15, [str(i // 5) for i in range(30)]
    worth = effective_items(values, labels)
    assert worth < 6
    assert mean_interval(values, labels, seed=1) == wilson(worth / 2, worth)


def test_one_cluster_says_nothing_of_others():
    graded = paired_difference([0.2, 0.4], [0.5, 0.9], ["a", "a"], seed=1)
    assert (graded.low, graded.high, graded.p) == (-1, 1, 1)


def test_graded_pairs_that_all_shift_alike_have_the_p_of_a_sign_test():
    assert paired_difference([0.25] * 6, [0.5] * 6, list("abcdef"), seed=1).p == pytest.approx(1 / 32)


def test_expanded_percentiles_go_further_out_the_fewer_the_clusters():
    tails = [expanded_tail(count) for count in (5, 10, 30, 10_000)]
    assert tails == sorted(tails)
    assert tails[-1] == pytest.approx(0.025, abs=1e-4)
    assert tails[1] == pytest.approx(stats.norm.cdf(-stats.t.ppf(0.975, 9) * np.sqrt(10 / 9)))


@pytest.mark.parametrize(
    ("difference", "low", "high", "p", "n", "discordance", "expected"),
    [
        (0.4, 0.3, 0.5, 0.001, 90, 0.4, "b_better"),
        (-0.4, -0.5, -0.3, 0.001, 90, 0.4, "a_better"),
        (0.4, 0.3, 0.5, 0.2, 90, 0.4, "too_few_items"),
        (0.01, -0.03, 0.05, 0.9, 400, 0.1, "no_difference_shown"),
        (0.02, -0.1, 0.14, 0.9, 60, 0.2, "too_few_items"),
    ],
)
def test_verdicts(difference, low, high, p, n, discordance, expected):
    outcome = PairedDifference(difference, low, high, p, n, 30, True, discordance)
    assert verdict(outcome, p, detectable(outcome)) == expected


def test_the_smallest_detectable_difference_agrees_with_the_number_of_items_needed():
    outcome = PairedDifference(0.0, -0.1, 0.1, 1.0, items_needed(0.10), items_needed(0.10), True, 0.20)
    assert detectable(outcome) == pytest.approx(0.10, abs=0.003)
    graded = PairedDifference(0.0, -0.0196, 0.0196, 1.0, 100, 30, False, None)
    assert detectable(graded) == pytest.approx(0.028, abs=0.0005)


def test_items_that_fail_together_show_less_and_need_more():
    alone = PairedDifference(0.0, -0.1, 0.1, 1.0, 200, 30, True, 0.20)
    together = replace(alone, design=2.0)
    assert detectable(together) == pytest.approx(detectable(replace(alone, n=100)), abs=0.01)
    assert detectable(replace(alone, clusters=6)) > 1.15 * detectable(replace(alone, clusters=200))
    needed = items_needed(0.05, 41 / 202)
    apart = replace(alone, clusters=200)
    assert further_items(apart, detectable(apart)) == needed - 200
    reach = detectable(alone) / detectable(apart)
    assert 1.03 < reach < 1.05  # by t with 29 degrees of freedom
    assert further_items(alone, detectable(alone)) == pytest.approx(needed * reach**2 - 200, abs=1)
    assert further_items(together, detectable(together)) == pytest.approx(2 * needed * reach**2 - 200, abs=1)
    assert further_items(replace(alone, n=10_000), 0.01) == 0
    graded = replace(alone, binary=False, discordance=None)
    assert further_items(graded, 0.10) == 600


def test_no_further_items_are_asked_for_only_where_the_difference_can_be_shown():
    few = PairedDifference(0.02, -0.05, 0.09, 0.6, 700, 5, True, 0.20)
    assert detectable(few) > 0.05  # by t with four degrees of freedom; independent pairs would show it
    assert further_items(few, detectable(few)) > 0
    assert further_items(replace(few, clusters=700), detectable(replace(few, clusters=700))) == 0


def test_clusters_that_differ_alike_do_not_make_a_graded_difference_certain():
    before, after = [0.0, 0.2, 0.1, 0.3] * 2, [0.5, 0.7, 0.9, 0.7] * 2
    found = paired_difference(before, after, ["a"] * 4 + ["b"] * 4, seed=1)
    apart = paired_difference(before, after, [f"item{n}" for n in range(8)], seed=1)
    assert found.low <= apart.low < found.difference < apart.high <= found.high
    assert found.p == apart.p


def test_graded_answers_that_are_all_the_same_leave_room_by_how_few_they_are():
    scores = [0.2, 0.5, 0.9, 0.4, 0.6]
    few = paired_difference(scores, scores, [f"d{n}" for n in range(5)], seed=1)
    many = paired_difference(scores * 40, scores * 40, [f"d{n % 5}" for n in range(200)], seed=1)
    assert few.low < -0.3 < 0.3 < few.high
    assert few.p == many.p == 1.0
    assert verdict(few, few.p, detectable(few)) == "too_few_items"
    assert verdict(many, many.p, detectable(many)) == "no_difference_shown"


def test_a_mean_of_equal_graded_scores_has_an_interval():
    assert mean_interval([0.5] * 40, [f"d{n % 5}" for n in range(40)], seed=1) == wilson(20, 40)
