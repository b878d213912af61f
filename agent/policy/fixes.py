"""From causes of failure to fixes, data first: what is wrong in the data is mended before anything is trained again.

The order is that of the data-first rule: wrong items and pairs, missing and ambiguous material, form and faithfulness,
wordings, the share of general data; then retrieval, then the prompt; training comes last.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, floor
from typing import Final, Literal

from agent.policy.thresholds import THRESHOLDS, Thresholds
from agent.prompts.mending import ACTIONS, WHY
from agent.prompts.phrases import fill, percent
from agent.records.base import Language
from agent.records.diagnosis import Cause, CauseCount, DiagnosedItem, Fix, Preamble

FixKind = Literal["data", "retrieval", "prompt", "training"]
Evidence = Mapping[str, str | float | bool | None]


@dataclass(frozen=True)
class _Mend:
    kind: FixKind
    command: str
    """Command line after `domainsmith`; the names in braces are filled in."""
    article: str
    action: str = ""
    """Key of what is said; empty where the cause's own is."""
    gaps: Mapping[str, object] = field(default_factory=dict)
    """What fills the names in braces besides what every command knows."""


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
"""Every cause in the order in which fixes are proposed, with the mend where the evidence gives no figure."""
_ABOUT_PAIRS: Final[frozenset[Cause]] = frozenset(["bad_training_pair", "format"])
"""Causes whose fix names training pairs."""


def fixes_for(
    causes: Sequence[CauseCount],
    items: Sequence[DiagnosedItem],
    project_name: str,
    *,
    domain_share: float | None = None,
    preambles: Sequence[Preamble] = (),
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
        preambles: What the training pairs begin with that give their answers late, as the items' evidence names it.
        items_file: File of questions that the commands name.
        thresholds: The numbers to decide by.
        lang: Language of the actions.

    Returns:
        The fixes, those of causes that explain next to nothing last, and `True` only if every cause that something is
        known of is one that training mends; what stays unexplained speaks for training only as long as it is the
        smaller part.
    """
    counts = {one.cause: one for one in causes if one.count}
    failed = sum(one.count for one in counts.values())
    share = _lower_share(thresholds.domain_share if domain_share is None else domain_share, thresholds)
    gaps: dict[str, object] = {
        "project": shlex.quote(project_name),
        "items": shlex.quote(items_file),
        "share": f"{share:g}",
        "wider": thresholds.wider_k,
        "fewer": thresholds.fewer_k,
        "unanswerable": thresholds.unanswerable_share,
        "wordings": thresholds.more_wordings,
    }
    said = {"share": percent(share), "k": thresholds.wider_k, "paraphrases": thresholds.paraphrases_per_fact}
    fixes = []
    for cause in _in_order(counts, thresholds):
        seen = [item.evidence for item in items if item.cause == cause]
        mend = _begun(cause, seen, preambles) or _measured(cause, seen, thresholds) or _MENDS[cause]
        fixes.append(
            Fix(
                kind=mend.kind,
                action=fill(ACTIONS, mend.action or cause, lang, **{**said, **mend.gaps}),
                command=f"domainsmith {mend.command.format(**{**gaps, **mend.gaps})}",
                targets=_targets(cause, items, preambles),
                why=_why(counts[cause], failed, lang),
                article=mend.article,
            )
        )
    return tuple(fixes), _retrain(counts)


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


def _in_order(counts: Mapping[Cause, CauseCount], thresholds: Thresholds) -> list[Cause]:
    """Return the causes in the order of their fixes: data first, but what explains next to nothing after the rest."""
    least = thresholds.minor_cause * max((one.count for one in counts.values()), default=0)
    return sorted((cause for cause in _MENDS if cause in counts), key=lambda cause: counts[cause].count < least)


def _measured(cause: Cause, seen: Sequence[Evidence], thresholds: Thresholds) -> _Mend | None:
    """Return the mend whose figure the evidence gives, if it does for at least half of the items; else `None`."""
    match cause:
        case "retrieval_miss":
            ranks = [rank for one in seen if (rank := _number(one, "rank")) is not None]
            if ranks and 2 * len(ranks) >= len(seen):
                k = ceil(_reaching(ranks))
                return _Mend("retrieval", "evaluate -p {project} -k {k}", "chunking", "wider_k", {"k": k})
        case "context_lost":
            return _more_context(seen, thresholds)
        case "unsupported":
            doubted = [one for one in seen if _is_doubted(one, thresholds)]
            if doubted and 2 * len(doubted) >= len(seen):
                command = "evaluate -p {project} --abstain-below {threshold}"
                return _Mend(
                    "retrieval", command, "abstention", "gate_closed", {"threshold": f"{thresholds.abstain_below:g}"}
                )
        case "truncated":
            needed = [tokens for one in seen if (tokens := _number(one, "needed")) is not None]
            if needed and 2 * len(needed) >= len(seen):
                tokens = ceil(max(needed))
                return _Mend(
                    "prompt",
                    "evaluate -p {project} --max-tokens {tokens}",
                    "diagnosis",
                    "more_tokens",
                    {"tokens": tokens},
                )
        case "undertrained":
            epochs = [value for one in seen if (value := _number(one, "epochs")) is not None]
            # Less than one epoch is a person's choice and never the policy's: without a figure it chooses anew.
            if epochs and max(epochs) >= 1:
                more = {"epochs": f"{thresholds.more_epochs * max(epochs):g}"}
                return _Mend("training", "tune -p {project} --epochs {epochs}", "hyperparameters", "undertrained", more)
        case "overfit":
            best = [value for one in seen if (value := _number(one, "best_epoch")) is not None]
            if best:
                fewer = {"epochs": f"{max(best):g}"}
                return _Mend("training", "tune -p {project} --epochs {epochs}", "hyperparameters", "overfit", fewer)
        case _:
            pass
    return None


def _begun(cause: Cause, seen: Sequence[Evidence], preambles: Sequence[Preamble]) -> _Mend | None:
    """Return the mend of pairs that give their answers after a preamble, if at least half of the items are theirs.

    What such pairs teach is right, so their answers are shortened: the guide's article is not the one on wrong pairs,
    which are dropped.
    """
    named = [one for one in seen if "preamble" in one]
    if cause != "format" or not named or 2 * len(named) < len(seen):
        return None
    texts = {one["preamble"] for one in named}
    found = [one for one in preambles if one.text in texts]
    if len(found) != 1 or not found[0].tells_apart:
        return _Mend("data", "review -p {project}", "data-first", "preamble")
    command = "review list -p {project} --containing {preamble}"
    return _Mend("data", command, "data-first", "preamble", {"preamble": shlex.quote(found[0].text)})


def _more_context(seen: Sequence[Evidence], thresholds: Thresholds) -> _Mend | None:
    """Return the mend of passages that were found and not shown: held back by the gate, or cut by the budget."""
    unread = [one for one in seen if one.get("unread")]
    if 2 * len(unread) > len(seen):
        strict = max((_number(one, "abstain_below") or 0.0 for one in unread), default=0.0)
        known = [value for one in unread if (value := _number(one, "search_evidence")) is not None]
        if strict > thresholds.abstain_below:
            threshold = thresholds.abstain_below
        elif known:
            threshold = floor(20 * sorted(known)[floor(0.2 * len(known))]) / 20
        else:
            return None
        command = "evaluate -p {project} --abstain-below {threshold}"
        return _Mend("retrieval", command, "abstention", "gate_opened", {"threshold": f"{threshold:g}"})
    rooms = [
        (passages, characters)
        for one in seen
        if (passages := _number(one, "passages")) is not None and (characters := _number(one, "characters")) is not None
    ]
    if rooms and 2 * len(rooms) >= len(seen):
        room = {
            "passages": ceil(_reaching([passages for passages, _ in rooms])),
            "characters": ceil(_reaching([characters for _, characters in rooms])),
        }
        command = "evaluate -p {project} --passages {passages} --passage-characters {characters}"
        return _Mend("retrieval", command, "chunking", "more_room", room)
    return None


def _reaching(values: Sequence[float]) -> float:
    """Return the smallest of some values that nine tenths of them do not pass."""
    return sorted(values)[ceil(0.9 * len(values)) - 1]


def _is_doubted(one: Evidence, thresholds: Thresholds) -> bool:
    """Whether the search doubted what it found, and the gate that would have held it back stood open."""
    evidence, gate = _number(one, "search_evidence"), _number(one, "abstain_below")
    return evidence is not None and gate is not None and gate <= evidence < thresholds.abstain_below


def _number(one: Evidence, name: str) -> float | None:
    value = one.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _targets(cause: Cause, items: Sequence[DiagnosedItem], preambles: Sequence[Preamble]) -> tuple[str, ...]:
    """Return what the fix is applied to: the pairs where pairs are at fault and named, the items otherwise.

    Where an item's evidence names a preamble, these are all pairs that begin with it, whatever fact they are on.
    """
    hit = [item for item in items if item.cause == cause]
    named: list[str] = []
    for item in hit:
        pairs = str(item.evidence.get("pairs") or item.evidence.get("pair") or "").split()
        pairs += [name for one in preambles if one.text == item.evidence.get("preamble") for name in one.pairs]
        named += pairs if cause in _ABOUT_PAIRS and pairs else [item.id]
    return tuple(dict.fromkeys(named))


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
