"""The campaign against readings, extractions and mixes, in small."""

from __future__ import annotations

import random

import pytest

from tests.campaigns.data import KINDS, campaign
from tests.campaigns.moments import LEAST_LEFT, Left, Pace, Tally, table


@pytest.mark.slow
def test_killed_jobs_end_as_undisturbed_ones() -> None:
    tallies = campaign(3, 7)
    assert [fault for tally in tallies for fault in tally.faults] == []
    assert {tally.kind: tally.kills for tally in tallies} == dict.fromkeys(KINDS, 1)


def test_moments_lie_within_what_is_left() -> None:
    chance = random.Random(1)
    pace = Pace(start_up=[2.0], work=[10.0])
    left = Left(pace, kept=True)
    assert max(left.moment(chance) for _ in range(500)) > 9
    left.worked = 6.0
    assert 3.5 < max(left.moment(chance) for _ in range(500)) <= 4.0
    left.worked = 60.0
    assert max(left.moment(chance) for _ in range(500)) <= 10 * LEAST_LEFT
    assert max(Left(pace, kept=False, worked=60.0).moment(chance) for _ in range(500)) > 9
    assert max(pace.start_up_moment(chance) for _ in range(500)) <= 2.0


def test_the_table_counts_only_kills_that_landed() -> None:
    tally = Tally("mix", jobs=2, in_start_up=1, at_work=[0.25, 0.5, 0.75], late=4, seconds=61.2)
    assert tally.kills == 4
    assert table([tally]).splitlines()[-1] == "| mix | 4 | 3 | 1 | 4 | 2 | 25%, 50%, 75% | 61 | 0 |"
