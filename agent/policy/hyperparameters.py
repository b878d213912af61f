"""Hyperparameters to start a run with, by size of model and data.

Sources: QLoRA 2305.14314, LoRA Without Regret, and our own measurements on a 135M model (see `thresholds.SOURCES`).
Example: `starting_hyperparameters("qlora", 0.135, 640, "fp32", seed=0, aim="facts")` gives 6 epochs at 3e-3.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import Literal

from agent.policy.reasons import reason
from agent.policy.thresholds import THRESHOLDS, Thresholds
from agent.prompts.phrases import listed, model_size
from agent.prompts.training import HYPERPARAMETERS as TEXTS
from agent.records.base import Language
from agent.records.decision import Reason
from agent.records.tuning import ComputeType, Hyperparameters, Method

Aim = Literal["skill", "facts"]
"""What the run teaches: a skill or form, or facts to be known by heart."""


def starting_hyperparameters(
    method: Method,
    params_b: float,
    examples: int,
    compute_type: ComputeType,
    seed: int,
    *,
    aim: Aim = "skill",
    wordings: float = 4,
    overrides: Mapping[str, object] | None = None,
    thresholds: Thresholds = THRESHOLDS,
    lang: Language = "en",
) -> tuple[Hyperparameters, tuple[Reason, ...]]:
    """Return the settings to start with and why each is what it is.

    Args:
        method: The rung.
        params_b: Parameters of the base model, in thousand millions.
        examples: Training examples.
        compute_type: Type the device trains in.
        seed: Seed of the run.
        aim: `facts` takes the rate and the epochs that a small model needed to know facts by heart, and counts every
            example the same, since facts have short answers; larger models keep the general start.
        wordings: Trained wordings a fact has on average; the more there are, the fewer epochs show a fact as often.
        overrides: Fields of `Hyperparameters` that a person set; they win and are named in the reasons.
        thresholds: The numbers to decide by.
        lang: Language of the reasons.

    Raises:
        pydantic.ValidationError: An override is no field of `Hyperparameters` or has no valid value.
    """
    small = params_b < thresholds.small_model_b
    by_heart = aim == "facts" and small
    epochs = float(max(1, round(thresholds.fact_visits / max(wordings, 1)))) if by_heart else thresholds.epochs
    batch = thresholds.smallest_batch if by_heart else _batch(examples, thresholds)
    steps = ceil(max(examples, 1) / batch) * ceil(epochs)
    rate, rate_reason = _learning_rate(method, params_b, steps, by_heart, thresholds, lang)
    values: dict[str, object] = {
        "epochs": epochs,
        "learning_rate": rate,
        "batch_size": batch,
        "max_length": thresholds.max_length,
        "warmup_share": thresholds.short_warmup if steps < thresholds.short_run_steps else thresholds.warmup,
        "compute_type": compute_type,
        "loss_mean": "example" if by_heart else "token",
        "seed": seed,
    }
    reasons = [rate_reason]
    if method != "full":
        adapter, adapter_reasons = _adapter(method, examples, by_heart, thresholds, lang)
        values |= adapter
        reasons = [*adapter_reasons, rate_reason]
    key = "epochs_facts" if by_heart else "epochs"
    reasons.append(
        reason(
            TEXTS,
            key,
            lang,
            "hyperparameters",
            "examples",
            "params_b",
            epochs=f"{epochs:g}",
            visits=thresholds.fact_visits,
            wordings=f"{wordings:.1f}",
        )
    )
    reasons.append(
        reason(TEXTS, "batch", lang, "hyperparameters", "examples", batch=batch, limit=thresholds.largest_batch)
    )
    if compute_type == "fp16":
        reasons.append(reason(TEXTS, "fp16", lang, "hardware", "compute_type"))
        if method == "qlora":
            reasons.append(reason(TEXTS, "fp16_qlora", lang, "qlora", "compute_type"))
    if overrides:
        values |= overrides
        names = listed(tuple(f"{name} = {value}" for name, value in overrides.items()), lang)
        reasons.append(reason(TEXTS, "overridden", lang, "hyperparameters", *overrides, names=names))
    return Hyperparameters.model_validate(values), tuple(reasons)


def _batch(examples: int, thresholds: Thresholds) -> int:
    """Double the batch from the smallest while an epoch keeps enough steps and the largest is not passed."""
    batch = thresholds.smallest_batch
    while batch * 2 <= thresholds.largest_batch and examples >= batch * 2 * thresholds.steps_per_epoch:
        batch *= 2
    return batch


def _learning_rate(
    method: Method, params_b: float, steps: int, by_heart: bool, thresholds: Thresholds, lang: Language
) -> tuple[float, Reason]:
    if by_heart:
        rate, key = thresholds.fact_learning_rate, "rate_facts"
    elif params_b < thresholds.small_model_b:
        rate, key = thresholds.small_learning_rate, "rate_small"
    elif steps < thresholds.short_run_steps:
        rate, key = thresholds.small_learning_rate, "rate_short"
    else:
        rate, key = thresholds.learning_rate, "rate"
    if method == "full":
        rate, key = rate * thresholds.full_learning_rate_factor, "rate_full"
    why = reason(
        TEXTS,
        key,
        lang,
        "hyperparameters",
        "params_b",
        "examples",
        rate=f"{rate:g}",
        size=model_size(params_b),
        steps=steps,
    )
    return rate, why


def _adapter(
    method: Method, examples: int, by_heart: bool, thresholds: Thresholds, lang: Language
) -> tuple[dict[str, object], list[Reason]]:
    rank, alpha = thresholds.rank, thresholds.rank * thresholds.alpha_per_rank
    few = examples < thresholds.dropout_examples
    dropout = thresholds.small_data_dropout if few and not by_heart else thresholds.dropout
    reasons = [reason(TEXTS, "adapter", lang, method, "method", rank=rank, alpha=alpha)]
    if not by_heart:
        key, limit = "dropout" if few else "no_dropout", thresholds.dropout_examples
        reasons.append(
            reason(
                TEXTS,
                key,
                lang,
                "scarce-data" if few else "hyperparameters",
                "examples",
                dropout=dropout,
                examples=examples,
                limit=limit,
            )
        )
    return {"rank": rank, "alpha": alpha, "dropout": dropout}, reasons
