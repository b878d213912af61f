"""The record of a climb as a page of Markdown, in either language: figures of the record, words of the policy.

markdown(record, "zh")
"""

from __future__ import annotations

from agent.policy.data_checks import check_data
from agent.policy.ladder import first_rung, next_rung
from agent.policy.ladder_fixes import fixes_after
from agent.policy.rung_gates import gates
from agent.policy.thresholds import THRESHOLDS, Thresholds
from agent.prompts.climbing import CLIMB, REPORT, check_names, rank_text
from agent.prompts.phrases import duration, fill, gib_range, percent, points
from agent.prompts.training import METHOD_NAMES
from agent.records.base import Language
from agent.records.decision import RungDecision
from agent.records.hardware import MethodFit
from agent.records.ladder import LadderRecord, Rung
from tools.evaluation.wording import dimension_name


def markdown(record: LadderRecord, lang: Language, thresholds: Thresholds = THRESHOLDS) -> str:
    """Return what a climb did, rung by rung: the gates with their figures, what followed, what to do next.

    Args:
        record: The record; decisions in it are said again in the language asked for.
        lang: Language of the page.
        thresholds: The numbers the gates were decided by.
    """
    parts = [
        f"# {_say('title', lang, outcome=_say(record.outcome, lang))}",
        _say(
            "head",
            lang,
            mix=_plain(record.mix),
            target=percent(record.target),
            dimension=dimension_name(record.dimension, lang),
            source=_say(record.target_from, lang),
            climb_to=METHOD_NAMES[record.climb_to][lang],
            trainings=len(record.steps),
            seconds=duration(record.seconds, lang),
        ),
    ]
    won = next((rung for rung in record.rungs if rung.run and rung.run == record.chosen), None)
    if won is not None:
        parts.append(_say("chosen", lang, run=won.run, **_named(won, lang)))
    start = first_rung(_fits(record, lang), lang)
    parts += [f"## {_say('start', lang)}", _reasons(start)]
    parts += [f"## {_say('data', lang)}", _checks(record, lang, thresholds)]
    for number, rung in enumerate(record.rungs, start=1):
        parts += _rung(number, rung, lang, thresholds)
    parts += [f"## {_say('steps', lang)}", _steps(record, lang)]
    fixes = _fixes(record, lang, thresholds)
    if fixes:
        parts += [f"## {_say('fixes', lang)}", fixes]
    return "\n\n".join([*parts, _say("limits", lang)]) + "\n"


def _fits(record: LadderRecord, lang: Language) -> tuple[MethodFit, ...]:
    """Return what fitted where the climb began, its reasons in the language of the page."""
    fits = record.rungs[0].evidence.fits
    said = {one.method: _say("needs", lang, need=gib_range(one.gib_low, one.gib_high)) for one in fits}
    # Why a method is not available was said in the language of the run, and nothing else knows it any more.
    return tuple(one.model_copy(update={"why": said[one.method]}) if one.available else one for one in fits)


def _checks(record: LadderRecord, lang: Language, thresholds: Thresholds) -> str:
    checks = check_data(record.figures, thresholds, lang)
    names = check_names(tuple(check.name for check in checks), lang)
    return "\n".join(
        f"- {'✓' if check.passed else '✗'} **{name}**: {_plain(check.reason.text)}"
        for check, name in zip(checks, names, strict=True)
    )


def _rung(number: int, rung: Rung, lang: Language, thresholds: Thresholds) -> list[str]:
    parts = [f"## {_say('rung', lang, number=number, **_named(rung, lang))}"]
    lines = []
    for gate in gates(rung.evidence, thresholds, lang):
        figures = ", ".join(f"{name} {value:.4g}" for name, value in gate.figures.items() if value is not None)
        told = f" `{figures}`" if figures else ""
        name = _say(f"gate_{gate.name}", lang)
        lines.append(f"- **{name}**: {_say(gate.state, lang)} – {_plain(gate.reason.text)}{told}")
    parts.append("\n".join(lines))
    if rung.extrapolation is not None:
        foreseen = rung.extrapolation
        shown = "; ".join(
            f"{percent(point.share)} ({point.pairs}): {percent(point.score)}" for point in rung.evidence.learning_curve
        )
        low, high = points(foreseen.low), points(foreseen.high)
        gain, at = points(foreseen.doubling), percent(foreseen.at_double)
        parts.append(_say("curve", lang, points=shown, gain=gain, low=low, high=high, at=at))
    if rung.rank_gain is not None:
        one = rung.rank_gain
        gain, low, high = points(one.difference), points(one.low), points(one.high)
        parts.append(_say("rank_gain", lang, gain=gain, low=low, high=high, n=one.n))
    decision = next_rung(rung.evidence, thresholds, lang)
    method = METHOD_NAMES[decision.method][lang] if decision.method else ""
    outcome = _say(f"outcome_{decision.outcome}", lang, method=method)
    return [*parts, f"**{_say('decision', lang, outcome=outcome)}**", _reasons(decision)]


def _steps(record: LadderRecord, lang: Language) -> str:
    rows = [_say("step_head", lang), "|---|---|--:|--:|--:|--:|--:|---|"]
    climb_to = METHOD_NAMES[record.climb_to][lang]
    for step in record.steps:
        name = METHOD_NAMES[step.method][lang]
        what = fill(
            CLIMB, f"why_{step.purpose}", lang, method=name, rank=rank_text(step.rank, lang), share=percent(step.share)
        )
        seconds = _say("taken", lang) if step.taken_over else f"{step.seconds:.1f}"
        score = "–" if step.score is None else percent(step.score)
        rows.append(
            f"| {what} | {step.run} | {step.steps} | {seconds} | {step.peak_gib:.2f} | {step.loss:.3g} | {score} "
            f"| {fill(CLIMB, f'by_{step.consent}', lang, method=climb_to)} |"
        )
    return "\n".join(rows)


def _fixes(record: LadderRecord, lang: Language, thresholds: Thresholds) -> str:
    last = record.rungs[-1]
    fixes = fixes_after(
        last.evidence,
        gates(last.evidence, thresholds, lang),
        next_rung(last.evidence, thresholds, lang),
        check_data(record.figures, thresholds, lang),
        last.extrapolation,
        record.project,
        dimension=record.dimension,
        thresholds=thresholds,
        lang=lang,
    )
    return "\n".join(f"{number}. {fix.action}\n   `{fix.command}`" for number, fix in enumerate(fixes, start=1))


def _named(rung: Rung, lang: Language) -> dict[str, str]:
    return {"method": METHOD_NAMES[rung.evidence.method][lang], "rank": rank_text(rung.evidence.rank, lang)}


def _reasons(decision: RungDecision) -> str:
    return "\n".join(f"- {_plain(reason.text)}" for reason in decision.reasons)


def _say(key: str, lang: Language, **values: object) -> str:
    return fill(REPORT, key, lang, **values)


def _plain(text: str) -> str:
    """Return a text on one line that becomes no markup; names of files and kinds may hold anything."""
    flat = " ".join(text.split())
    for sign in "\\`*_[]<>|#":
        flat = flat.replace(sign, f"\\{sign}")
    return flat
