from __future__ import annotations

from typing import Any

import pytest

from agent.policy.share import choose_share
from agent.policy.thresholds import Thresholds
from agent.records.mixture import SharePoint
from tests.agent.policy.builders import ARTICLES


def sweep(*points: tuple[float, float, float]) -> tuple[SharePoint, ...]:
    return tuple(SharePoint(share=share, domain_gain=gain, general_drop=drop) for share, gain, drop in points)


@pytest.mark.parametrize(
    ("points", "share", "confidence", "says"),
    [
        ((), 0.30, "default", "as the guide says"),
        (((0.1, 0.2, 0.0), (0.3, 0.4, 0.02), (0.6, 0.5, 0.05), (1.0, 0.55, 0.2)), 0.3, "measured", "+40 points"),
        (((0.1, 0.3, 0.0), (0.3, 0.3, 0.0)), 0.1, "measured", "best domain gain"),
        (((0.1, 0.2, 0.03), (0.3, 0.4, 0.06)), 0.1, "measured", "no share of the sweep"),
        (((0.3, 0.2, 0.0), (1.0, 0.6, 0.01)), 1.0, "measured", "best domain gain"),
    ],
    ids=[
        "default-30-percent",
        "best-gain-subject-to-2-points",
        "tie-keeps-more-general-data",
        "none-within-2-points",
        "all-domain-if-nothing-is-lost",
    ],
)
def test_share(points: Any, share: float, confidence: str, says: str) -> None:
    decision = choose_share(sweep(*points))
    assert (decision.share, decision.confidence) == (share, confidence)
    assert says in decision.reasons[0].text
    assert {one.article for one in decision.reasons} <= ARTICLES


def test_below_one_percent_of_general_data_replay_is_called_for() -> None:
    assert any("2502.06042" in one.text for one in choose_share(sweep((1.0, 0.6, 0.0))).reasons)
    assert not any("2502.06042" in one.text for one in choose_share(sweep((0.98, 0.6, 0.0))).reasons)


def test_the_default_is_a_threshold_and_speaks_chinese() -> None:
    decision = choose_share(thresholds=Thresholds(domain_share=0.5), lang="zh")
    assert decision.share == 0.5
    assert "50%" in decision.reasons[0].text
    assert "指南" in decision.reasons[0].text
