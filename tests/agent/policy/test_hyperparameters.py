from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from agent.policy.hyperparameters import starting_hyperparameters
from agent.records.tuning import Method
from tests.agent.policy.builders import ARTICLES


def start(method: Method = "qlora", params_b: float = 7, examples: int = 5000, **more: Any) -> Any:
    compute_type = more.pop("compute_type", "bf16")
    return starting_hyperparameters(method, params_b, examples, compute_type, more.pop("seed", 0), **more)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"rank": 16, "alpha": 32, "dropout": 0.0}),
        ({"examples": 999}, {"dropout": 0.05}),
        ({"examples": 1000}, {"dropout": 0.0}),
        ({}, {"learning_rate": 2e-4}),
        ({"params_b": 0.135}, {"learning_rate": 1e-3}),
        ({"examples": 200}, {"learning_rate": 1e-3, "warmup_share": 0.10}),
        ({"method": "full"}, {"learning_rate": 2e-5, "rank": None, "alpha": None, "dropout": 0.0}),
        ({"method": "full", "params_b": 0.135}, {"learning_rate": 1e-4}),
        ({}, {"schedule": "cosine", "warmup_share": 0.05}),
        ({"examples": 100_000}, {"batch_size": 32}),
        ({"examples": 160}, {"batch_size": 8}),
        ({"examples": 800}, {"batch_size": 16}),
        ({"examples": 0}, {"batch_size": 8}),
        ({}, {"epochs": 3}),
        ({"compute_type": "fp32", "seed": 7}, {"compute_type": "fp32", "seed": 7}),
        ({"params_b": 0.135, "examples": 640, "aim": "facts"}, {"epochs": 6, "dropout": 0.0, "learning_rate": 3e-3}),
        (
            {"params_b": 0.135, "examples": 640, "aim": "facts", "wordings": 8},
            {"epochs": 3, "batch_size": 8, "loss_mean": "example"},
        ),
        ({"params_b": 7, "examples": 640, "aim": "facts"}, {"epochs": 3, "dropout": 0.05}),
    ],
    ids=[
        "rank 16, alpha 2r",
        "dropout 0.05 below 1k",
        "dropout 0 from 1k",
        "2e-4 for 1k and more",
        "1e-3 below 0.5B",
        "1e-3 for a short run",
        "full at a tenth",
        "full at a tenth, small",
        "cosine, warm-up",
        "batch at most 32",
        "small data, small batch",
        "batch grows with data",
        "no example yet",
        "3 epochs",
        "type and seed as given",
        "facts by heart, small model",
        "more wordings, fewer epochs",
        "facts, large model keeps the general start",
    ],
)
def test_starting_values(given: dict[str, Any], expected: dict[str, Any]) -> None:
    chosen, _ = start(**given)
    assert {name: getattr(chosen, name) for name in expected} == pytest.approx(expected)


@pytest.mark.parametrize("method", ["qlora", "lora", "full"])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_choice_has_a_reason(method: Method, lang: Any) -> None:
    _, reasons = start(method, compute_type="fp16", overrides={"epochs": 1}, lang=lang)
    assert {one.article for one in reasons} <= ARTICLES
    assert len(reasons) >= 4
    assert any("fp16" in one.text for one in reasons)


def test_qlora_in_fp16_is_called_unstable() -> None:
    assert any("unstable" in one.text for one in start("qlora", compute_type="fp16")[1])
    assert not any("unstable" in one.text for one in start("lora", compute_type="fp16")[1])


def test_overrides_win_and_are_named() -> None:
    chosen, reasons = start(overrides={"epochs": 1, "rank": 64})
    assert (chosen.epochs, chosen.rank) == (1, 64)
    assert reasons[-1].text == "set by you: epochs = 1, rank = 64"
    assert reasons[-1].evidence == ("epochs", "rank")


@pytest.mark.parametrize("overrides", [{"epoch": 1}, {"epochs": 0}, {"learning_rate": -1}])
def test_a_wrong_override_is_refused(overrides: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        start(overrides=overrides)
