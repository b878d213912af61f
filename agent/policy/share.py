"""The share of domain data in the mix: the guide's 30% until a sweep of short pilots says better."""

from __future__ import annotations

from collections.abc import Sequence

from agent.policy.reasons import reason
from agent.policy.thresholds import THRESHOLDS, Thresholds
from agent.prompts.decisions import SHARE
from agent.prompts.phrases import count_points, percent, points
from agent.records.base import Language
from agent.records.decision import Reason, ShareDecision
from agent.records.mixture import SharePoint


def choose_share(
    sweep: Sequence[SharePoint] = (), thresholds: Thresholds = THRESHOLDS, lang: Language = "en"
) -> ShareDecision:
    """Return the share with the best domain gain among those that keep general ability.

    Args:
        sweep: What the pilots showed; empty gives the default.
        thresholds: The numbers to decide by.
        lang: Language of the reasons.
    """
    if not sweep:
        share = thresholds.domain_share
        why = reason(SHARE, "default", lang, "domain-share", "thresholds.domain_share", share=percent(share))
        return ShareDecision(share=share, reasons=(why, *_replay(share, thresholds, lang)), confidence="default")
    limit = thresholds.general_drop
    keeping = [point for point in sweep if point.general_drop <= limit]
    if keeping:
        # Of two shares that gain the same, the one with more general data forgets less later.
        best = max(keeping, key=lambda point: (point.domain_gain, -point.share))
        key = "best"
    else:
        best = min(sweep, key=lambda point: (point.general_drop, point.share))
        key = "none_keeps"
    why = reason(
        SHARE,
        key,
        lang,
        "domain-share" if keeping else "replay",
        *(f"sweep.{percent(point.share)}" for point in sweep),
        share=percent(best.share),
        gain=points(best.domain_gain),
        drop=points(best.general_drop),
        limit=count_points(limit),
    )
    reasons = (why, *_replay(best.share, thresholds, lang))
    return ShareDecision(share=best.share, reasons=reasons, confidence="measured")


def _replay(share: float, thresholds: Thresholds, lang: Language) -> tuple[Reason, ...]:
    general = 1 - share
    if general >= thresholds.least_replay:
        return ()
    least = percent(thresholds.least_replay)
    return (reason(SHARE, "no_replay", lang, "replay", "share", general=percent(general), least=least),)
