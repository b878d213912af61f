"""The gate of a training asks what the plan says: parts for its own rows, of the model or of a typical one."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest

from agent.errors import DoesNotFitError
from agent.policy.memory import LADDER, detailed_plan, fit
from agent.policy.memory_parts import at_once
from agent.progress import Silent
from agent.records.hardware import Workload
from agent.records.tuning import Hyperparameters, Method, TuneRequest
from agent.settings import Settings
from tests.agent.policy.builders import CPU
from tests.agent.policy.test_memory_parts import SMOLLM2_135M
from tools.benchmark import guarding
from tools.benchmark.stepping import TrainingShape
from tools.ladder import terms
from tools.tuning.batches import micro_batch
from tools.tuning.choice import Taught, choose
from tools.tuning.examples import Example
from tools.tuning.room import Model, carried, epoch_order, model_in, workload_of
from tools.workspace import Project

BUILTIN = Model(134_515_008, SMOLLM2_135M)
UNKNOWN = Model(134_515_008, None)
FREE = 4.5
"""GiB between what the published range says of full fine-tuning of that model, 4.27, and what long rows take."""


def of(*lengths: int) -> list[Example]:
    return [Example(str(at), tuple(range(n)), (False,) + (True,) * (n - 1)) for at, n in enumerate(lengths)]


LONG, SHORT = of(*[256] * 32), of(*[24] * 32)


def settings_of(**changes: object) -> Hyperparameters:
    given = {"epochs": 2, "learning_rate": 1e-4, "batch_size": 16, "max_length": 1024, "rank": 16} | changes
    return Hyperparameters.model_validate(given)


def asked(method: Method | Literal["auto"], **changes: object) -> TuneRequest:
    return TuneRequest(method=method, base_model="builtin", mix="m1", hyperparameters=settings_of(**changes), seed=0)


def chosen(method: Method, model: Model, examples: list[Example], free: float = FREE, **changes: object) -> Method:
    return choose(asked(method, **changes), CPU, free, model, examples, Taught("skill", 1), "en").method


@pytest.mark.parametrize("model", [BUILTIN, UNKNOWN])
def test_long_rows_are_refused_where_short_ones_pass(model: Model) -> None:
    with pytest.raises(DoesNotFitError, match="full does not fit this machine"):
        chosen("full", model, LONG)
    assert chosen("full", model, SHORT) == "full"


def test_more_memory_takes_long_rows() -> None:
    assert chosen("full", BUILTIN, LONG, free=7) == "full"


def test_the_rank_of_the_run_counts() -> None:
    assert chosen("lora", BUILTIN, SHORT, free=3.0, rank=8) == "lora"
    with pytest.raises(DoesNotFitError, match="lora does not fit this machine"):
        chosen("lora", BUILTIN, SHORT, free=3.0, rank=256)


def test_the_policys_own_settings_are_what_is_asked_for() -> None:
    request = asked("full").model_copy(update={"hyperparameters": None, "overrides": {"batch_size": 16}})
    with pytest.raises(DoesNotFitError):
        choose(request, CPU, FREE, BUILTIN, LONG, Taught("skill", 1), "en")


def test_the_gate_and_the_plan_say_the_same_of_the_same_work() -> None:
    work = Workload(row_tokens=1024)
    here = CPU.model_copy(update={"gib": FREE})
    plan = detailed_plan(here, 1, BUILTIN.params / 1e9, work, 1000, shape=SMOLLM2_135M)
    gate = carried(CPU, FREE, BUILTIN, dict.fromkeys(LADDER, work), "en")
    assert [(one.method, one.fits, one.gib_low, one.gib_high, one.why) for one in gate] == [
        (one.method, one.fits, one.gib_low, one.gib_high, one.why) for one in plan.methods
    ]
    assert [one.fits for one in gate] == [True, True, False]
    assert carried(CPU, FREE, UNKNOWN, {}, "en") == fit(here, 1, BUILTIN.params / 1e9)


def test_the_work_is_that_of_the_largest_row_in_the_order_of_the_run() -> None:
    draw = random.Random(0)
    examples = of(*(draw.choice((20, 40, 300)) for _ in range(70)))
    settings = settings_of(rank=8, dropout=0.1)
    size = micro_batch(examples, 16)
    rows = []
    for epoch in (0, 1):
        order = epoch_order(70, settings.seed, epoch)
        rows += [[len(examples[at].tokens) for at in order[first : first + size]] for first in range(0, 70, size)]
    largest = max(sum(row) for row in rows)
    work = workload_of(examples, settings)
    assert 1 < size < 16
    assert at_once(work) == size
    assert largest <= size * work.length < largest + size
    assert (work.batch, work.rank, work.dropout) == (16, 8, True)
    assert largest - size <= round(work.learnt * size * work.length) < largest


def test_an_order_is_whole_and_each_epochs_own() -> None:
    orders = [epoch_order(50, 3, epoch) for epoch in (0, 1, 0)]
    assert orders[0] == orders[2] != orders[1]
    assert sorted(orders[0]) == sorted(orders[1]) == list(range(50))


def test_a_family_that_is_not_known_has_a_size_alone(tiny: Path, tmp_path: Path) -> None:
    known = model_in(tiny)
    assert known.shape is not None
    (tmp_path / "model.safetensors").write_bytes((tiny / "model.safetensors").read_bytes())
    (tmp_path / "config.json").write_text('{"model_type": "other", "num_experts": 8}')
    assert model_in(tmp_path) == Model(known.params, None)


def test_a_benchmark_tries_no_step_that_the_gate_would_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guarding, "free_gib", lambda: FREE)
    for shape, model, refused in (
        (TrainingShape(8, 256, 2), BUILTIN, True),
        (TrainingShape(8, 256, 2), UNKNOWN, True),
        (TrainingShape(2, 64, 2), BUILTIN, False),
    ):
        assert bool(guarding.cannot_train("full", model, shape, CPU, {}, "en")) == refused


@pytest.mark.parametrize(("examples", "fits"), [(LONG, False), (SHORT, True)])
def test_a_climb_starts_by_what_its_own_mix_needs(
    examples: list[Example],
    fits: bool,
    project: Project,
    settings: Settings,
    make_mix: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in (
        ("this_machine", lambda: CPU),
        ("free_gib", lambda: FREE),
        ("model_in", lambda _: BUILTIN),
        ("read_examples", lambda *_: examples),
    ):
        monkeypatch.setattr(terms, name, value)
    request = asked("auto").model_copy(update={"base_model": settings.base_model, "mix": make_mix()})
    found = terms.terms_of(project, settings, request, Silent())
    assert [one.fits for one in found.fits] == [True, True, fits]
    assert found.params == BUILTIN.params
