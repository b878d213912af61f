"""What a job or a look-up came to, in words; each figure from a record, each record named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from agent.policy.memory_details import answering_notes
from agent.prompts.assistant import READINGS, RESULTS, TALK
from agent.prompts.memory import PLAN
from agent.prompts.phrases import fill, listed, model_size
from agent.prompts.training import METHOD_NAMES
from agent.records.base import Language, Record
from agent.records.benchmark import BenchmarkResult
from agent.records.conversation import Option
from agent.records.corpus import IngestResult
from agent.records.decision import Action, MethodDecision, Readiness
from agent.records.evaluation import Estimate, EvaluationReport
from agent.records.hardware import MemoryPlan
from agent.records.judging import JudgeReport
from agent.records.mixture import MixManifest
from agent.records.pairs import ExtractResult, Pair
from agent.records.tuning import TuneResult
from graph.replies.interview import method_name
from graph.replies.names import dimension_name, station_name
from graph.replies.plans import method_line
from graph.replies.said import Said, joined, reasons_text
from knowledge.guide.library import Article
from tools.benchmark.subjects import spoken_name
from tools.benchmark.summary import summary as measured
from tools.evaluation.wording import arm_name
from tools.judging.report import summary
from tools.validation.request import ValidateResult

MOST_BAD: Final = 5
"""Unread documents named one by one."""
_ON_RANGES: Final = 2
"""Notes on a plan's figures that say why they are ranges, and for what work."""
_MARKS: Final = {"done": "✓", "current": "▶", "waiting": "○", "needs_you": "!"}


def job_result(result: Record, run: str, lang: Language) -> Said:
    """Return what a finished job made."""
    match result:
        case IngestResult():
            return _ingest(result, run, lang)
        case ExtractResult():
            text = fill(
                RESULTS,
                "extract",
                lang,
                pairs=result.pairs,
                facts=result.facts,
                rejected=result.rejected,
                train=result.documents_train,
                held=result.documents_held_out,
                run=run,
            )
            return Said(text, evidence=(run,), articles=("llm-extraction",))
        case MixManifest():
            text = fill(
                RESULTS,
                "mix",
                lang,
                id=result.id,
                examples=result.examples,
                domain=result.domain_examples,
                share=f"{result.domain_share_examples:.0%}",
            )
            notes = "\n".join(f"- {note}" for note in result.notes)
            return Said(joined(text, notes), evidence=(run, result.id), articles=("domain-share",))
        case ValidateResult():
            text = fill(RESULTS, "validate", lang, items=result.items, run=run)
            rows = "\n".join(f"- {count} {dimension_name(name, lang)}" for name, count in result.by_dimension.items())
            return Said(joined(text, rows), evidence=(run, result.sha256[:12]), articles=("validation-set",))
        case TuneResult():
            return _tune(result, lang)
        case EvaluationReport():
            return evaluation(result, lang)
        case JudgeReport():
            return Said(summary(result, lang), evidence=(result.run, run), articles=("statistics",))
        case BenchmarkResult():
            return Said(measured(result, lang), evidence=(run,), articles=("hardware",))
    raise AssertionError(f"no job makes a {type(result).__name__}")


def evaluation(report: EvaluationReport, lang: Language) -> Said:
    """Return the scores of every arm, each with its interval and n."""
    lines = [fill(RESULTS, "evaluate", lang, run=report.run)]
    for arm, spokes in report.arms.items():
        cells = listed(tuple(f"{dimension_name(name, lang)} {estimate(value)}" for name, value in spokes.items()), lang)
        lines.append(fill(RESULTS, "evaluate_line", lang, arm=arm_name(arm, lang), cells=cells))
    return Said("\n".join(lines), evidence=(report.run,), articles=("baseline", "statistics"))


def estimate(value: Estimate) -> str:
    """Return a mean with its 95% interval and n."""
    return f"{value.mean:.0%} ({value.low:.0%}–{value.high:.0%}, n={value.n})"


def verdict(decision: MethodDecision, lang: Language) -> Said:
    """Return a decision with the reason that decided it first."""
    why = decision.reasons[0].text if decision.reasons else ""
    head = fill(
        RESULTS,
        "verdict",
        lang,
        confidence=fill(TALK, f"confidence_{decision.confidence}", lang),
        method=method_name(decision.method, lang),
        why=why,
    )
    return Said(
        joined(head, reasons_text(decision.reasons[1:], lang), decision.question),
        question=decision.question or None,
        evidence=tuple(dict.fromkeys(name for one in decision.reasons for name in one.evidence)),
        articles=tuple(dict.fromkeys(one.article for one in decision.reasons)),
    )


def offer(action: Action, lang: Language) -> Said:
    """Return a step as an offer that a bare yes takes."""
    step = fill(READINGS, action, lang)
    question = fill(TALK, "next_offer", lang, step=step)
    return Said(
        question,
        question=question,
        options=(Option(label=step, message=step),),
        expecting={"kind": "offer", "action": action},
    )


def stand(readiness: Readiness, project: str, lang: Language, running: str = "") -> Said:
    """Return the road with the state of every station, and the next step."""
    rows = "\n".join(f"- {_MARKS[s.state]} {station_name(s.name, lang)}: {s.detail}" for s in readiness.stations)
    return Said(
        joined(f"**{project}**", running, rows, reasons_text(readiness.reasons, lang)),
        evidence=tuple(dict.fromkeys(name for one in readiness.reasons for name in one.evidence)),
        articles=tuple(dict.fromkeys(one.article for one in readiness.reasons)),
    )


def memory(plan: MemoryPlan, lang: Language, *, sized: bool = True) -> Said:
    """Return what fits a device, method by method, and what answering takes.

    Args:
        plan: For a device and a model.
        lang: Language of the answer.
        sized: Whether somebody named the model or its size; where nobody did, the largest models come first.
    """
    rows = [f"- {method_line(fit, lang)}" for fit in plan.methods]
    device = f"{plan.count} × {spoken_name(plan.device, lang)}"
    head = f"{device}, {model_size(plan.params_b)}"
    if not sized:
        head = joined(_largest(plan, device, lang), fill(PLAN, "plan_for_base", lang, head=head))
    first = len(plan.notes) - plan.figure_notes
    # Of the notes on figures, those that say why they are ranges, for what work, and what answering takes: times are
    # not told here.
    notes = "\n".join(f"- {note}" for note in (*plan.notes[: first + _ON_RANGES], *answering_notes(plan, lang)))
    return Said(joined(head, "\n".join(rows), notes), evidence=(plan.device,), articles=("memory", "ladder"))


def _largest(plan: MemoryPlan, device: str, lang: Language) -> str:
    """Return the largest models that devices carry, for answering and by each method."""
    rows = []
    for key, found in (("largest_answering", plan.inference), ("largest_4bit", plan.inference_4bit)):
        if found is not None:
            size = model_size(found.largest_params_b)
            told = key if found.largest_params_b else f"{key}_none"
            rows.append(fill(PLAN, told, lang, type=found.compute_type, size=size))
    for fit in plan.methods:
        key = "largest_tuning" if fit.largest_params_b else "largest_tuning_none"
        gaps = {"method": METHOD_NAMES[fit.method][lang], "size": model_size(fit.largest_params_b or 0.0)}
        rows.append(fill(PLAN, key, lang, **gaps))
    return "\n".join((fill(PLAN, "largest", lang, device=device), *(f"- {row}" for row in rows)))


def guide(articles: Sequence[Article], lang: Language) -> Said:
    """Return the best article, and the titles of the others."""
    if not articles:
        return Said(fill(RESULTS, "guide_none", lang))
    first = articles[0]
    more = listed(tuple(f"{one.title} ({one.id})" for one in articles[1:]), lang)
    rest = fill(RESULTS, "guide_more", lang, articles=more) if more else ""
    return Said(
        joined(f"**{first.title}** (guide: {first.id})", first.text, rest), articles=tuple(one.id for one in articles)
    )


def pairs(counts: Mapping[str, int], shown: Sequence[Pair], lang: Language) -> Said:
    """Return how many pairs stand in which state, and a few of them."""
    if not sum(counts.values()):
        return Said(fill(RESULTS, "pairs_none", lang), articles=("pair-quality",))
    named = {state: counts.get(state, 0) for state in ("accepted", "pending", "rejected")}
    rows = "\n".join(f"- `{one.id}` {one.status}: {one.question} — {one.answer}" for one in shown)
    text = joined(fill(RESULTS, "pairs", lang, **named), rows)
    return Said(text, evidence=tuple(one.id for one in shown), articles=("pair-quality",))


def _ingest(result: IngestResult, run: str, lang: Language) -> Said:
    head = fill(
        RESULTS,
        "ingest",
        lang,
        read=result.read,
        unchanged=result.unchanged,
        skipped=result.skipped,
        failed=result.failed,
        chunks=result.chunks,
        run=run,
    )
    bad = [one for one in result.documents if one.status in {"skipped", "failed"}][:MOST_BAD]
    rows = "\n".join("- " + fill(RESULTS, "ingest_bad", lang, name=one.name, reason=one.reason) for one in bad)
    return Said(joined(head, rows), evidence=(run,), articles=("documents",))


def _tune(result: TuneResult, lang: Language) -> Said:
    text = fill(
        RESULTS,
        "tune",
        lang,
        method=METHOD_NAMES[result.method][lang],
        examples=result.examples,
        first=f"{result.first_loss:.2f}",
        last=f"{result.last_loss:.2f}",
        seconds=f"{result.seconds:.0f}",
        peak=f"{result.peak_gib:.1f}",
        run=result.run,
    )
    why = "\n".join(f"- {reason}" for reason in result.reasons)
    hint = fill(RESULTS, f"tune_{result.ladder or 'hint'}", lang)
    return Said(joined(text, why, hint), evidence=(result.run, result.mix), articles=("ladder",))
