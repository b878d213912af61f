"""What a plan says to the question that was asked of it: inference, a time, a cost; or what cannot be planned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from agent.policy.memory_inference import LONGEST
from agent.prompts.device_answers import ANSWERS
from agent.prompts.memory import PLAN
from agent.prompts.phrases import duration, fill, gib, model_size
from agent.prompts.training import METHOD_NAMES
from agent.records.base import Language
from agent.records.hardware import InferenceFit, MemoryPlan, MethodFit, Price
from graph.replies.said import Said, joined
from tools.benchmark.subjects import spoken_name
from tools.plan import MOST_DEVICES
from tools.requests import LENGTHS, MOST_BATCH, MOST_TOKENS

_HOUR: Final = 3600.0
_ON_FIGURES: Final = 3
"""Notes on a plan's figures that a time rests on: why they are ranges, for what work, and for how many tokens."""


def inference(plan: MemoryPlan, capacity: float, tokens: int | None, lang: Language) -> str:
    """Return whether one device answers with the model, in its own type and in 4 bit.

    Args:
        plan: For a device and a model.
        capacity: Memory of the device, GiB.
        tokens: Of the conversation that must fit; the usual longest one by default.
        lang: Language of the answer.
    """
    wanted = tokens or LONGEST
    device = spoken_name(plan.device, lang)
    gaps = {"size": model_size(plan.params_b), "device": device, "tokens": f"{wanted:,}"}
    rows = [_answers(one, capacity, wanted, lang) for one in (plan.inference, plan.inference_4bit) if one is not None]
    if plan.inference_4bit is None:
        rows.append(fill(PLAN, "no_4bit", lang, device=device))
    several = fill(ANSWERS, "one_of_several", lang, count=plan.count) if plan.count > 1 else ""
    return joined("\n".join((fill(ANSWERS, "inference", lang, **gaps), *(f"- {row}" for row in rows))), several)


def with_inference(before: str, said: Said, plan: MemoryPlan, lang: Language, *, alone: bool) -> Said:
    """Return the answer about inference, and after it what the plan says of training.

    Args:
        before: The answer about inference.
        said: What the plan says of training.
        plan: The plan.
        lang: Language of the answer.
        alone: Whether nobody asked of training: then one line for each method stands for it.
    """
    if alone:
        rows = "\n".join(f"- {method_line(fit, lang)}" for fit in plan.methods)
        beside = fill(ANSWERS, "training_beside", lang, size=model_size(plan.params_b))
        why_ranges = plan.notes[len(plan.notes) - plan.figure_notes] if plan.figure_notes else ""
        text = joined(before, f"{beside}\n{rows}", why_ranges)
    else:
        text = joined(before, said.text)
    return Said(text, evidence=said.evidence, articles=said.articles)


def method_line(fit: MethodFit, lang: Language) -> str:
    """Return whether a method fits, with the reason; that it is not available the reason says itself."""
    words = {"en": ("fits", "does not fit"), "zh": ("装得下", "装不下")}[lang]
    state = f"{words[0] if fit.fits else words[1]} — " if fit.available else ""
    return f"{METHOD_NAMES[fit.method][lang]}: {state}{fit.why}"


def times(plan: MemoryPlan, lang: Language, *, named: bool, sized: bool) -> Said:
    """Return how long a training takes by each method, and what that rests on.

    Args:
        plan: For a device, a model and a number of training tokens.
        lang: Language of the answer.
        named: Whether somebody said how many tokens.
        sized: Whether somebody named the model or its size.
    """
    device = f"{plan.count} × {spoken_name(plan.device, lang)}"
    gaps = {"size": model_size(plan.params_b), "device": device, "tokens": f"{plan.tokens or 0:,}"}
    rows = "\n".join(f"- {_time(fit, lang)}" for fit in plan.methods)
    figures = plan.notes[len(plan.notes) - plan.figure_notes :][1:_ON_FIGURES]
    notes = "\n".join(f"- {note}" for note in figures)
    text = f"{fill(ANSWERS, 'time', lang, **gaps)}\n{rows}"
    told = joined(
        "" if sized else fill(ANSWERS, "time_base", lang),
        text,
        notes,
        "" if named else fill(ANSWERS, "time_other", lang),
    )
    return Said(told, evidence=(plan.device,), articles=("memory", "ladder"))


def costs(plan: MemoryPlan, price: Price | None, file: str, lang: Language) -> str:
    """Return what the plan's times cost by a price; without one, how to give it."""
    device = spoken_name(plan.device, lang)
    if price is None:
        return joined(
            fill(ANSWERS, "no_price", lang, device=device),
            fill(ANSWERS, "give_price", lang, device=plan.device, file=file),
        )
    gaps = {"price": f"{price.amount:g}", "device": device, "source": price.source, "count": plan.count}
    rows = []
    for fit in plan.methods:
        if fit.fits and fit.seconds_low is not None and fit.seconds_high is not None:
            paid = price.amount * (1 if fit.method == "qlora" else plan.count) / _HOUR
            low, high = f"{fit.seconds_low * paid:.2f}", f"{fit.seconds_high * paid:.2f}"
            rows.append(fill(ANSWERS, "cost_range", lang, method=METHOD_NAMES[fit.method][lang], low=low, high=high))
    one = fill(ANSWERS, "cost_one", lang) if plan.count > 1 else ""
    rows = rows or [fill(ANSWERS, "cost_none", lang)]
    listed = "\n".join((fill(ANSWERS, "cost_hours", lang, **gaps), *(f"- {row}" for row in rows)))
    return joined(listed, one)


def slipped(slips: Sequence[Mapping[str, str]], lang: Language) -> Said:
    """Return what nothing can be planned for, and what can be said instead."""
    limits: dict[str, dict[str, object]] = {
        "count": {"most": f"{MOST_DEVICES:,}"},
        "length": {"least": LENGTHS[0], "most": f"{LENGTHS[1]:,}"},
        "batch": {"most": f"{MOST_BATCH:,}"},
        "tokens": {"most": f"{MOST_TOKENS:,}"},
    }
    lines = dict.fromkeys(
        fill(ANSWERS, f"slip_{one['what']}", lang, said=one["said"], **limits.get(one["what"], {})) for one in slips
    )
    return Said("\n".join(lines), articles=("memory",))


def _answers(found: InferenceFit, capacity: float, wanted: int, lang: Language) -> str:
    key = "no" if not found.largest_context else "yes" if found.largest_context >= wanted else "short"
    form = fill(ANSWERS, "form_4bit" if found.quantised else "form_whole", lang, type=found.compute_type)
    gaps = {"form": form, "weights": gib(found.weights_gib), "gib": gib(capacity)}
    text = fill(ANSWERS, f"inference_{key}", lang, context=f"{found.largest_context:,}", **gaps)
    largest = "largest" if found.largest_params_b else "largest_none"
    return {"en": "; ", "zh": "；"}[lang].join(
        (text, fill(ANSWERS, largest, lang, size=model_size(found.largest_params_b)))
    )


def _time(fit: MethodFit, lang: Language) -> str:
    method = METHOD_NAMES[fit.method][lang]
    if not fit.available:
        return fill(ANSWERS, "time_cannot", lang, method=method, why=fit.why)
    if fit.seconds_low is None or fit.seconds_high is None:
        return fill(ANSWERS, "time_none", lang, method=method)
    key = "time_range" if fit.fits else "time_no_fit"
    low, high = duration(fit.seconds_low, lang), duration(fit.seconds_high, lang)
    return fill(ANSWERS, key, lang, method=method, low=low, high=high, why=fit.why)
