"""The data-first rule as checks with figures: which hold, which do not, and by how much.

check_data(figures)[0].passed     # whether few enough pairs are wrong or ungrounded
"""

from __future__ import annotations

from agent.policy.reasons import reason
from agent.policy.thresholds import THRESHOLDS, Thresholds
from agent.prompts.climbing import FOUND
from agent.prompts.phrases import percent
from agent.records.base import Language
from agent.records.ladder import CheckName, DataCheck, DataFigures


def check_data(
    figures: DataFigures, thresholds: Thresholds = THRESHOLDS, lang: Language = "en"
) -> tuple[DataCheck, ...]:
    """Return every check of the data, in the order of the data-first rule.

    Quantity comes last in that rule and is no check here: the learning curve measures it.

    Args:
        figures: What was found in the data of a mix.
        thresholds: The limits.
        lang: Language of the reasons.
    """
    return (
        _grounded(figures, thresholds, lang),
        _counted("duplicates", figures.duplicates, thresholds.duplicate_pairs, figures, lang),
        _counted("leakage", figures.leaks, 0.0, figures, lang),
        _counted("form", figures.malformed, thresholds.malformed_pairs, figures, lang),
        _coverage(figures, thresholds, lang),
        _balance(figures, thresholds, lang),
        _wordings(figures, thresholds, lang),
        _replay(figures, thresholds, lang),
    )


def _grounded(figures: DataFigures, thresholds: Thresholds, lang: Language) -> DataCheck:
    wrong = tuple(dict.fromkeys((*figures.ungrounded, *figures.conflicting)))
    share, limit = _share(len(wrong), figures.pairs), thresholds.wrong_pairs
    why = reason(
        FOUND,
        "grounded",
        lang,
        "pair-quality",
        "pairs",
        wrong=len(wrong),
        pairs=figures.pairs,
        share=f"{share:.1%}",
        limit=percent(limit),
        conflicting=len(figures.conflicting),
        unsourced=figures.unsourced,
    )
    return DataCheck(name="grounded", passed=share <= limit, found=share, limit=limit, reason=why, targets=wrong)


def _counted(name: CheckName, ids: tuple[str, ...], limit: float, figures: DataFigures, lang: Language) -> DataCheck:
    share = _share(len(ids), figures.pairs)
    article = {"duplicates": "data-first", "leakage": "leakage"}.get(name, "pair-quality")
    why = reason(
        FOUND,
        name,
        lang,
        article,
        "pairs",
        count=len(ids),
        pairs=figures.pairs,
        share=f"{share:.1%}",
        limit=percent(limit),
    )
    return DataCheck(name=name, passed=share <= limit, found=share, limit=limit, reason=why, targets=ids)


def _coverage(figures: DataFigures, thresholds: Thresholds, lang: Language) -> DataCheck:
    covered = figures.documents - len(figures.uncovered)
    share = _share(covered, figures.documents) if figures.documents else 1.0
    limit = thresholds.covered_documents
    why = reason(
        FOUND,
        "coverage",
        lang,
        "documents",
        "documents",
        covered=covered,
        documents=figures.documents,
        share=percent(share),
        limit=percent(limit),
    )
    return DataCheck(
        name="coverage", passed=share >= limit, found=share, limit=limit, reason=why, targets=figures.uncovered
    )


def _balance(figures: DataFigures, thresholds: Thresholds, lang: Language) -> DataCheck:
    limit = thresholds.balance
    if figures.balance is None:
        why = reason(FOUND, "balance_none", lang, "data-first", "pairs")
        return DataCheck(name="balance", passed=True, found=1.0, limit=limit, reason=why)
    what = f" ({figures.unbalanced})" if figures.unbalanced else ""
    why = reason(
        FOUND, "balance", lang, "data-first", "pairs", ratio=f"{figures.balance:.3g}", limit=f"{limit:g}", what=what
    )
    passed = figures.balance <= limit
    return DataCheck(name="balance", passed=passed, found=figures.balance, limit=limit, reason=why)


def _wordings(figures: DataFigures, thresholds: Thresholds, lang: Language) -> DataCheck:
    limit = float(thresholds.paraphrases_per_fact)
    if figures.wordings is None:
        why = reason(FOUND, "wordings_none", lang, "paraphrases", "pairs")
        return DataCheck(name="wordings", passed=True, found=limit, limit=limit, reason=why)
    why = reason(FOUND, "wordings", lang, "paraphrases", "pairs", found=f"{figures.wordings:.1f}", limit=f"{limit:g}")
    # Thinning to a share leaves some facts a wording short, so the mean is rounded before it is held against a count.
    passed = round(figures.wordings, 1) >= limit
    return DataCheck(name="wordings", passed=passed, found=figures.wordings, limit=limit, reason=why)


def _replay(figures: DataFigures, thresholds: Thresholds, lang: Language) -> DataCheck:
    share, limit = figures.general_share, thresholds.least_replay
    why = reason(FOUND, "replay", lang, "replay", "general_share", share=percent(share), limit=percent(limit))
    return DataCheck(name="replay", passed=share >= limit, found=share, limit=limit, reason=why)


def _share(count: int, total: int) -> float:
    return count / total if total else 0.0
