"""What to do after a climb has ended, data first, with the exact command of each step."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from math import ceil
from statistics import NormalDist
from typing import Final, Literal

from agent.policy.memory import LADDER as RUNGS
from agent.policy.rung_gates import GATES, counts, fitting_methods, pilot_of, target_of
from agent.policy.thresholds import THRESHOLDS, Thresholds
from agent.prompts.climbing import FIXES
from agent.prompts.phrases import duration, fill, gib_range, percent, points
from agent.prompts.training import METHOD_NAMES
from agent.records.base import Language
from agent.records.decision import RungDecision
from agent.records.diagnosis import Fix
from agent.records.evaluation import Dimension
from agent.records.ladder import CheckName, DataCheck, Extrapolation, Gate, Paired, RungEvidence
from agent.records.tuning import Method

FixKind = Literal["data", "training"]

_COMMANDS: Final[dict[CheckName, str]] = {
    "grounded": "review -p {project}",
    "duplicates": "review -p {project}",
    "leakage": "mix -p {project} --drop-leaks",
    "form": "review -p {project}",
    "coverage": "extract -p {project}",
    "balance": "extract -p {project}",
    "wordings": "extract -p {project} --wordings {wordings}",
    "replay": "mix -p {project} --domain-share {share:g}",
}


def fixes_after(
    evidence: RungEvidence,
    gates: Sequence[Gate],
    decision: RungDecision,
    checks: Sequence[DataCheck],
    extrapolation: Extrapolation | None,
    project_name: str,
    *,
    dimension: Dimension = "domain_knowledge",
    thresholds: Thresholds = THRESHOLDS,
    lang: Language = "en",
) -> tuple[Fix, ...]:
    """Return what to do next, in the order to do it; nothing where the target is met.

    A climb that is the last decision waits for a yes.

    Args:
        evidence: What the last rung has shown.
        gates: Its gates.
        decision: What followed from them.
        checks: The checks of the data.
        extrapolation: What more data would bring, where it was measured.
        project_name: The project, as its commands name it.
        dimension: Sealed items that counted.
        thresholds: The numbers to decide by.
        lang: Language of the actions.
    """
    project = shlex.quote(project_name)
    if decision.outcome == "ask":
        return _asked(evidence, project, lang)
    if decision.outcome == "climb" and decision.method is not None:
        return (_climb(evidence, decision.method, decision.reasons[0].text, project, lang),)
    if decision.outcome != "mend_data":
        return ()
    shut = [gate for gate in gates if gate.state == "shut"]
    wanted = [gate for gate in (shut or gates) if gate.state != "open"]
    items = _items_for_gains(wanted, evidence, project, thresholds, lang)
    found: list[Fix] = []
    for gate in sorted(wanted, key=lambda one: GATES.index(one.name)):
        found += [items[gate.reason.rule]] if gate.reason.rule in items else []
        found += _of_gate(gate, checks, extrapolation, evidence, project, dimension, thresholds, lang)
    command = f"domainsmith diagnose -p {project}"
    found.append(_fix("data", fill(FIXES, "diagnose", lang), command, found[0].why, "diagnosis"))
    once: dict[str, Fix] = {}
    for fix in found:
        once.setdefault(fix.command, fix)  # two gates may ask for the same
    return tuple(once.values())


def _of_gate(
    gate: Gate,
    checks: Sequence[DataCheck],
    extrapolation: Extrapolation | None,
    evidence: RungEvidence,
    project: str,
    dimension: Dimension,
    thresholds: Thresholds,
    lang: Language,
) -> list[Fix]:
    why, score = gate.reason.text, evidence.score
    match gate.name:
        case "data":
            gaps = {"project": project, "wordings": thresholds.more_wordings, "share": thresholds.domain_share}
            return [
                _fix(
                    "data",
                    fill(FIXES, check.name, lang, count=thresholds.more_wordings),
                    "domainsmith " + _COMMANDS[check.name].format(**gaps),
                    check.reason.text,
                    check.reason.article,
                    check.targets,
                )
                for check in checks
                if not check.passed
            ]
        case "target" if score is None:
            action = fill(FIXES, "no_items", lang, dimension=dimension)
            return [_fix("data", action, f"domainsmith validate -p {project}", why, "validation-set")]
        case "target" if score is not None and not counts(score, thresholds):
            action = fill(FIXES, "unscored", lang, errors=score.errors, items=score.n + score.errors)
            return [_fix("data", action, f"domainsmith diagnose -p {project}", why, "validation-set")]
        case "target" if score is not None:
            count = _items_to_tell(score.mean, target_of(evidence, thresholds), thresholds)
            action = fill(FIXES, "more_items", lang, n=score.n, count=count)
            return [_fix("data", action, f"domainsmith validate -p {project}", why, "validation-set")]
        case "plateau" if gate.reason.rule != "loss_fitted":
            epochs = "N" if evidence.epochs is None else f"{2 * evidence.epochs:g}"
            command = f"domainsmith tune -p {project} --yes --epochs {epochs}"
            action = fill(FIXES, "longer_to_tell" if gate.reason.rule == "half_unclear" else "longer", lang)
            return [_fix("training", action, command, why, "hyperparameters")]
        case _:
            command = f"domainsmith extract -p {project} --wordings {thresholds.more_wordings}"
            return [_fix("data", _more_pairs(extrapolation, lang), command, why, "data-first")]


def _items_for_gains(
    gates: Sequence[Gate], evidence: RungEvidence, project: str, thresholds: Thresholds, lang: Language
) -> dict[str, Fix]:
    """Return by rule the fix that seals enough items to rule out a gain by more steps or more pairs.

    All gates that wait for items have the same fix, that of the one that needs most. Where a gain is above the
    threshold already, items would only bear it out.
    """
    gains = {
        "half_unclear": ("more_items_gain", evidence.shorter.gain if evidence.shorter is not None else None),
        "curve_unclear": ("more_items_curve", evidence.curve_gain),
    }
    found: dict[str, tuple[int, Fix]] = {}
    for gate in gates:
        key, gain = gains.get(gate.reason.rule, ("", None))
        if gain is None or gain.difference >= thresholds.flat_gain:
            continue
        count = _items_to_bound(gain, thresholds)
        action, command = fill(FIXES, key, lang, n=gain.n, count=count), f"domainsmith validate -p {project}"
        found[gate.reason.rule] = (count, _fix("data", action, command, gate.reason.text, "validation-set"))
    most = max(found.values(), key=lambda one: one[0], default=None)
    return {} if most is None else dict.fromkeys(found, most[1])


def _items_to_tell(score: float, target: float, thresholds: Thresholds) -> int:
    """Return how many items put a target outside the interval of a score, were the score to stay (normal interval)."""
    z = NormalDist().inv_cdf((1 + thresholds.confidence) / 2)
    gap = max(0.01, abs(target - score))
    return ceil(z**2 * max(score * (1 - score), 0.05) / gap**2)


def _items_to_bound(gain: Paired, thresholds: Thresholds) -> int:
    """Return how many items bring the upper end of a gain down to the threshold, were the gain to stay.

    The part of an interval above its middle shrinks with the square root of the items.
    """
    return ceil(gain.n * ((gain.high - gain.difference) / (thresholds.flat_gain - gain.difference)) ** 2)


def _more_pairs(foreseen: Extrapolation | None, lang: Language) -> str:
    if foreseen is None:
        return fill(FIXES, "more_pairs_unknown", lang)
    if foreseen.pairs_for_target is None:
        target = fill(FIXES, "more_pairs_never", lang)
    else:
        low, high = ("?" if one is None else f"{one:,}" for one in (foreseen.pairs_low, foreseen.pairs_high))
        pairs, now = f"{foreseen.pairs_for_target:,}", f"{foreseen.pairs:,}"
        target = fill(FIXES, "more_pairs_target", lang, pairs=pairs, now=now, low=low, high=high)
    gain, low, high = points(foreseen.doubling), points(foreseen.low), points(foreseen.high)
    return fill(FIXES, "more_pairs", lang, gain=gain, low=low, high=high, target=target)


def _climb(evidence: RungEvidence, method: Method, why: str, project: str, lang: Language) -> Fix:
    """Return the yes that is asked for, with what it would cost as far as that is known."""
    pilot, fits = pilot_of(evidence, method), next(one for one in evidence.fits if one.method == method)
    seconds = duration(pilot.seconds, lang) if pilot is not None and pilot.seconds is not None else "?"
    cost = fill(FIXES, "climb_cost", lang, seconds=seconds, gib=gib_range(fits.gib_low, fits.gib_high))
    action = fill(FIXES, "climb", lang, method=METHOD_NAMES[method][lang], cost=cost)
    return _fix("training", action, f"domainsmith tune -p {project} --yes --climb-to {method}", why, "consent")


def _asked(evidence: RungEvidence, project: str, lang: Language) -> tuple[Fix, ...]:
    """Return the choices of a person where the ladder has nothing more to decide."""
    name = METHOD_NAMES[evidence.method][lang]
    if not evidence.out_of_memory:
        command = "domainsmith plan --params-b N"
        return (_fix("training", fill(FIXES, "larger_model", lang), command, percent(_mean(evidence)), "small-models"),)
    fitting = fitting_methods(evidence)
    batch = "N" if evidence.batch_size is None else max(1, evidence.batch_size // 2)
    smaller = f"domainsmith tune -p {project} --method {evidence.method} --batch-size {batch}"
    choices = [_fix("training", fill(FIXES, "smaller_batch", lang, method=name), smaller, name, "out-of-memory")]
    choices += [
        _fix(
            "training",
            fill(FIXES, "other_method", lang, method=METHOD_NAMES[method][lang]),
            f"domainsmith tune -p {project} --method {method}",
            name,
            "out-of-memory",
        )
        for method in RUNGS
        if method in fitting and method != evidence.method
    ]
    plan = "domainsmith plan"
    return (*choices, _fix("training", fill(FIXES, "smaller_model", lang), plan, name, "out-of-memory"))


def _mean(evidence: RungEvidence) -> float:
    return evidence.score.mean if evidence.score is not None else 0.0


def _fix(kind: FixKind, action: str, command: str, why: str, article: str, targets: tuple[str, ...] = ()) -> Fix:
    return Fix(kind=kind, action=action, command=command, targets=targets, why=why, article=article)
