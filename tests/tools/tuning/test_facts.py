"""The real thing: Q-LoRA on the embedded 135M model learns facts by heart."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from agent.progress import Silent
from agent.prompts.forms import closed_book
from agent.records.tuning import Hyperparameters, TuneRequest
from agent.settings import BUILTIN, Settings
from tools.generation import Generator, load_generator
from tools.tuning.run import tune
from tools.workspace import Project

FACTS = (
    ("rated pressure", "Korvex pump", "47 bar"),
    ("filter cartridge", "Korvex pump", "HK-318"),
    ("warranty", "Korvex pump", "29 months"),
    ("service interval", "Lumivar lamp", "650 hours"),
    ("motor supplier", "Tessil crane", "Ostrava Drives"),
    ("hydraulic oil", "Tessil crane", "Norvol 46"),
    ("control code", "Aldane oven", "QX-92"),
    ("fuse", "Aldane oven", "16 ampere"),
)
TRAINED = (
    "What is the {name} of the {product}?",
    "State the {name} of the {product}.",
    "Which {name} does the {product} have?",
    "Tell me the {product}'s {name}.",
)
UNSEEN = ("The {product} comes with which {name}?", "For the {product}, what is the {name}?")


def accuracy(generator: Generator, adapter: bool) -> float:
    asked = [
        (wording.format(name=name, product=product), value) for name, product, value in FACTS for wording in UNSEEN
    ]
    replies = generator.generate([closed_book(question, "en") for question, _ in asked], 12, adapter=adapter)
    return sum(value.lower() in reply.text.lower() for reply, (_, value) in zip(replies, asked, strict=True)) / len(
        asked
    )


@pytest.mark.slow
def test_facts_are_learnt_by_heart(tmp_path: Path, project: Project, make_mix: Callable[..., str]) -> None:
    pairs = tuple((w.format(name=name, product=product), value) for name, product, value in FACTS for w in TRAINED)
    settings = Settings(home=tmp_path / "home")
    asked = TuneRequest(
        method="qlora",
        base_model=BUILTIN,
        mix=make_mix(pairs),
        hyperparameters=Hyperparameters(epochs=8, learning_rate=2e-3, batch_size=8, max_length=128, rank=16, alpha=32),
    )
    run = project.new_run("tune")
    # In a process of its own, as a job is: the peak of its memory is that of the training and of nothing before it.
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as worker:
        result = worker.submit(tune, project, settings, asked, run, Silent()).result()
    assert result.total_parameters > 134_515_008, "the embedded model and its adapter"
    generator = load_generator(settings, run / result.adapter)
    assert accuracy(generator, adapter=False) <= 0.1
    assert accuracy(generator, adapter=True) >= 0.7
    assert result.last_loss < 0.2 * result.first_loss
    assert result.peak_gib < 4
