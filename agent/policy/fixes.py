"""From causes of failure to fixes, data first: what is wrong in the data is mended before anything is trained again.

The order is that of the data-first rule: wrong items and pairs, missing and ambiguous material, form and faithfulness,
wordings, the share of general data; then retrieval, then the prompt; training comes last.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from agent.policy.thresholds import THRESHOLDS, Thresholds
from agent.prompts.mending import ACTIONS, WHY
from agent.prompts.phrases import fill, percent
from agent.records.base import Language
from agent.records.diagnosis import Cause, CauseCount, DiagnosedItem, Fix

FixKind = Literal["data", "retrieval", "prompt", "training"]

WIDER_K: Final = 10
"""Chunks to retrieve when looking for a passage that the usual number missed."""
FEWER_K: Final = 3
"""Chunks to retrieve where the context was cut: a small model reads few passages best (measured)."""
UNANSWERABLE: Final = 0.05
"""Share of the domain pairs that show a silent passage, where abstaining has to be taught on the domain itself; it
costs answers without passages (measured on a 135M model, `BENCHMARKS.md`)."""
MORE_WORDINGS: Final = 16
"""Wordings of every fact where the usual twelve did not teach it."""


@dataclass(frozen=True)
class _Mend:
    kind: FixKind
    command: str
    """Command line after `domainsmith`; the names in braces are filled in."""
    article: str


_MENDS: Final[dict[Cause, _Mend]] = {
    "wrong_reference": _Mend("data", "validate -p {project} --questions {items}", "validation-set"),
    "bad_training_pair": _Mend("data", "review -p {project}", "pair-quality"),
    "missing_source": _Mend("data", "ingest -p {project} PATH", "documents"),
    "ambiguous_question": _Mend("data", "validate -p {project} --questions {items}", "qa-ambiguous-queries"),
    "format": _Mend("data", "review -p {project}", "pair-quality"),
    "unsupported": _Mend("data", "extract -p {project} --unanswerable {unanswerable}", "abstention"),
    "knowledge_gap": _Mend("data", "extract -p {project} --wordings {wordings}", "paraphrases"),
    "forgetting": _Mend("data", "mix -p {project} --domain-share {share}", "replay"),
    "retrieval_miss": _Mend("retrieval", "retrieve -p {project} -k {wider} --questions {items}", "chunking"),
    "context_lost": _Mend("retrieval", "retrieve -p {project} -k {fewer} --questions {items}", "chunking"),
    "truncated": _Mend("prompt", "review -p {project}", "pair-quality"),
    "unexplained": _Mend("data", "diagnose -p {project}", "diagnosis"),
    "reader_miss": _Mend("training", "tune -p {project}", "fine-tuning"),
    "undertrained": _Mend("training", "tune -p {project}", "hyperparameters"),
    "overfit": _Mend("training", "tune -p {project}", "hyperparameters"),
}
"""Every cause in the order in which fixes are proposed."""


def fixes_for(
    causes: Sequence[CauseCount],
    items: Sequence[DiagnosedItem],
    project_name: str,
    *,
    domain_share: float | None = None,
    items_file: str = "validation.jsonl",
    thresholds: Thresholds = THRESHOLDS,
    lang: Language = "en",
) -> tuple[tuple[Fix, ...], bool]:
    """Return the fixes in the order to apply them, and whether training again is among what is left.

    Args:
        causes: How often each cause was found; causes with a count of 0 need no fix.
        items: The failed items, for the targets of each fix.
        project_name: The project, as its commands name it.
        domain_share: Share of domain data in the mix that was trained on; `None` takes the default.
        items_file: File of questions that the commands name.
        thresholds: The numbers to decide by.
        lang: Language of the actions.

    Returns:
        The fixes, and `True` only if every cause that something is known of is one that training mends; what stays
        unexplained speaks for training only as long as it is the smaller part.
    """
    counts = {one.cause: one for one in causes if one.count}
    failed = sum(one.count for one in counts.values())
    share = _lower_share(thresholds.domain_share if domain_share is None else domain_share, thresholds)
    gaps: dict[str, object] = {
        "project": shlex.quote(project_name),
        "items": shlex.quote(items_file),
        "share": f"{share:g}",
        "wider": WIDER_K,
        "fewer": FEWER_K,
        "unanswerable": UNANSWERABLE,
        "wordings": MORE_WORDINGS,
    }
    paraphrases = thresholds.paraphrases_per_fact
    fixes = tuple(
        Fix(
            kind=mend.kind,
            action=fill(ACTIONS, cause, lang, share=percent(share), k=WIDER_K, paraphrases=paraphrases),
            command=f"domainsmith {mend.command.format(**gaps)}",
            targets=_targets(cause, items),
            why=_why(counts[cause], failed, lang),
            article=mend.article,
        )
        for cause, mend in _MENDS.items()
        if cause in counts
    )
    return fixes, _retrain(counts)


def _retrain(counts: dict[Cause, CauseCount]) -> bool:
    explained = {cause: one.count for cause, one in counts.items() if cause != "unexplained"}
    if not explained or any(_MENDS[cause].kind != "training" for cause in explained):
        return False
    unexplained = counts.get("unexplained")
    return unexplained is None or unexplained.count < sum(explained.values())


def _lower_share(share: float, thresholds: Thresholds) -> float:
    """Return the next share of the sweep below the present one, or half of it below the smallest."""
    below = [one for one in thresholds.share_sweep if one < share - 1e-9]
    return max(below) if below else round(share / 2, 3)


def _targets(cause: Cause, items: Sequence[DiagnosedItem]) -> tuple[str, ...]:
    """Return what the fix is applied to: the pairs where a pair is at fault and named, the items otherwise."""
    hit = [item for item in items if item.cause == cause]
    if cause == "bad_training_pair":
        named = [str(item.evidence.get("pair") or item.id) for item in hit]
        return tuple(dict.fromkeys(named))
    return tuple(dict.fromkeys(item.id for item in hit))


def _why(one: CauseCount, failed: int, lang: Language) -> str:
    return fill(
        WHY,
        "share",
        lang,
        count=one.count,
        failed=failed,
        share=percent(one.share),
        low=percent(one.low),
        high=percent(one.high),
    )
