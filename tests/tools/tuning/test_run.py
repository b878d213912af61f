"""Tuning end to end on the tiny model: all methods, resuming, cancelling, refusals."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.errors import CancelledError, DoesNotFitError, InputError
from agent.progress import Silent
from agent.records.pairs import Message
from agent.records.tuning import Hyperparameters, Method, TuneRequest, TuneResult
from agent.settings import Settings
from knowledge.files import sha256_of
from tests.tools.tuning.conftest import FACTS, Recorder
from tools.generation import load_generator
from tools.tuning.patience import PATIENCE_WITHIN
from tools.tuning.run import tune
from tools.workspace import Project

MakeMix = Callable[..., str]


def hyper(**changes: object) -> Hyperparameters:
    values: dict[str, object] = {
        "epochs": 3,
        "learning_rate": 1e-2,
        "batch_size": 4,
        "max_length": 128,
        "rank": 8,
        "alpha": 16,
    }
    return Hyperparameters.model_validate(values | changes)


def request(settings: Settings, mix: str, method: str = "lora", **changes: object) -> TuneRequest:
    return TuneRequest.model_validate(
        {"method": method, "base_model": settings.base_model, "mix": mix, "hyperparameters": hyper(**changes)}
    )


def weights(run: Path) -> dict[str, object]:
    from safetensors.torch import load_file

    (file,) = [*run.glob("adapter/*.safetensors"), *run.glob("model/*.safetensors")]
    return dict(load_file(file))


def equal(one: dict[str, object], other: dict[str, object]) -> bool:
    import torch

    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)  # type: ignore[arg-type]


class CancelAtStep(Silent):
    def __init__(self, step: int) -> None:
        self.step = step
        self.cancelled = False

    def progress(self, done: float, total: float, unit: str, message: str = "") -> None:
        self.cancelled = unit == "steps" and done >= self.step

    def check(self) -> None:
        if self.cancelled:
            raise CancelledError("cancelled")


@pytest.mark.parametrize("method", ["qlora", "lora", "full"])
def test_every_method_learns_and_its_result_answers(
    method: Method, project: Project, settings: Settings, make_mix: MakeMix
) -> None:
    recorder = Recorder()
    run = project.new_run("tune")
    rate = 5e-3 if method == "full" else 2e-2
    result = tune(
        project, settings, request(settings, make_mix(), method, epochs=12, learning_rate=rate), run, recorder
    )

    assert result.method == method
    assert result.last_loss < 0.5 * result.first_loss
    assert result.steps == len(result.history) == 24
    assert result.adapter == ("model" if method == "full" else "adapter")
    assert (run / result.adapter / "manifest.json").is_file()
    assert not list(run.rglob("*.bin"))
    assert not list(run.rglob("*.pt"))
    assert result.total_parameters >= result.trainable_parameters > 0
    assert (result.trainable_parameters == result.total_parameters) == (method == "full")
    assert result.tokens > 0
    assert result.seconds > 0
    assert result.peak_gib > 0

    assert [done for done, _, _ in recorder.steps] == list(range(1, 25))
    assert {"loss", "tokens_per_s", "seconds_left", "epoch"} <= recorder.metrics[0].keys()
    assert recorder.checks >= 24

    arms = load_generator(settings, run / result.adapter)
    prompt = arms.prompt((Message(role="system", content="Answer briefly."), Message(role="user", content=FACTS[0][0])))
    asked = [(prompt, f"{FACTS[0][1]}<|im_end|>")]
    ((tuned, _),) = arms.logprobs(asked, adapter=True)
    ((base, _),) = arms.logprobs(asked, adapter=False)
    assert tuned > base + 10


def test_auto_starts_on_the_first_rung_and_says_why(project: Project, settings: Settings, make_mix: MakeMix) -> None:
    asked = TuneRequest(method="auto", base_model=settings.base_model, mix=make_mix(), hyperparameters=hyper(epochs=1))
    result = tune(project, settings, asked, project.new_run("tune"), Silent())
    assert result.method == "qlora"
    assert result.reasons


def test_settings_left_open_come_from_the_policy(project: Project, settings: Settings, make_mix: MakeMix) -> None:
    asked = TuneRequest(method="lora", base_model=settings.base_model, mix=make_mix(FACTS[:2]), seed=5)
    result = tune(project, settings, asked, project.new_run("tune"), Silent())
    assert result.hyperparameters.seed == 5
    assert result.hyperparameters.compute_type == "fp32"
    assert len(result.reasons) > 2


@pytest.mark.parametrize("given", [None, hyper(epochs=9)])
def test_single_settings_that_a_person_set_win(
    given: Hyperparameters | None, project: Project, settings: Settings, make_mix: MakeMix
) -> None:
    asked = TuneRequest(
        method="lora",
        base_model=settings.base_model,
        mix=make_mix(FACTS[:2]),
        hyperparameters=given,
        overrides={"epochs": 1, "rank": 3},
    )
    result = tune(project, settings, asked, project.new_run("tune"), Silent())
    assert result.hyperparameters.epochs == 1
    assert result.hyperparameters.rank == 3
    assert result.steps == 1


def losses(result: TuneResult) -> list[tuple[int, float, float, float | None, float]]:
    return [(p.step, p.epoch, p.loss, p.validation_loss, p.learning_rate) for p in result.history]


@pytest.mark.slow
@pytest.mark.parametrize(("method", "dropout"), [("qlora", 0.1), ("full", 0.0)])
def test_a_run_resumed_within_epochs_ends_with_the_same_weights(
    method: str,
    dropout: float,
    project: Project,
    settings: Settings,
    make_mix: MakeMix,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tools.tuning.batches.ROW_TOKENS", 100)  # a step is computed in two parts
    monkeypatch.setattr("tools.tuning.patience.LEAST_STEPS", 2)  # an epoch of four steps is validated in its middle
    settings = settings.model_copy(update={"checkpoint_seconds": 0})
    pairs = (*FACTS, *((f"{question} Now!", answer) for question, answer in FACTS[:5]))
    mix = make_mix(pairs, validation=FACTS[:1])
    asked = request(settings, mix, method, dropout=dropout, learning_rate=1e-3)
    whole, broken = project.new_run("tune"), project.new_run("tune")
    reference = tune(project, settings, asked, whole, Silent())
    assert [p.step for p in reference.history if p.validation_loss is not None] == [2, 4, 6, 8, 10, 12]

    recorder = Recorder()
    for step in (1, 2, 6, 11):
        with pytest.raises(CancelledError):
            tune(project, settings, asked, broken, CancelAtStep(step))
    assert not (broken / "adapter").exists()
    resumed = tune(project, settings, asked, broken, recorder)
    assert "going on after epoch 2.8571" in recorder.notes
    assert recorder.steps[0][0] == 12
    assert equal(weights(whole), weights(broken))
    assert resumed.adapter_sha256 == reference.adapter_sha256
    assert losses(resumed) == losses(reference)
    assert resumed.tokens == reference.tokens


def test_checkpoints_of_whole_epochs_by_an_earlier_version_are_gone_on_from(
    project: Project, settings: Settings, make_mix: MakeMix
) -> None:
    asked = request(settings, make_mix(validation=FACTS[:2]), "lora")
    run = project.new_run("tune")
    first = tune(project, settings, asked, run, Silent())
    checkpoints = run / "checkpoints"
    shutil.rmtree(checkpoints / "step-00000006")
    old = checkpoints / "epoch-0002"
    (checkpoints / "step-00000004").rename(old)
    course = json.loads((old / "progress.json").read_text())
    del course["finished"], course["saving"]
    (old / "progress.json").write_text(json.dumps(course | {"best_epoch": 2}))
    manifest = json.loads((old / "manifest.json").read_text())
    del manifest["step"]
    manifest["files"]["progress.json"]["sha256"] = sha256_of(old / "progress.json")
    (old / "manifest.json").write_text(json.dumps(manifest | {"epoch": 2}))
    recorder = Recorder()
    assert tune(project, settings, asked, run, recorder).adapter_sha256 == first.adapter_sha256
    assert "going on after epoch 2" in recorder.notes
    assert recorder.steps[0][0] == 5


@pytest.mark.slow
def test_the_same_seed_gives_the_same_weights_and_another_does_not(
    project: Project, settings: Settings, make_mix: MakeMix
) -> None:
    mix = make_mix()
    runs = [project.new_run("tune") for _ in range(3)]
    for run, seed in zip(runs, (1, 1, 2), strict=True):
        tune(project, settings, request(settings, mix, epochs=1, seed=seed), run, Silent())
    assert equal(weights(runs[0]), weights(runs[1]))
    assert not equal(weights(runs[0]), weights(runs[2]))


def test_a_finished_run_called_again_only_writes_its_result(
    project: Project, settings: Settings, make_mix: MakeMix
) -> None:
    asked = request(settings, make_mix())
    run = project.new_run("tune")
    first = tune(project, settings, asked, run, Silent())
    recorder = Recorder()
    again = tune(project, settings, asked, run, recorder)
    assert recorder.steps == []
    assert again.adapter_sha256 == first.adapter_sha256


def test_a_damaged_checkpoint_is_passed_over(project: Project, settings: Settings, make_mix: MakeMix) -> None:
    asked = request(settings, make_mix())
    run = project.new_run("tune")
    first = tune(project, settings, asked, run, Silent())
    (run / "checkpoints" / "step-00000006" / "optimizer.safetensors").write_bytes(b"cut")
    (run / "checkpoints" / "step-00000004" / "manifest.json").unlink()
    (run / "checkpoints" / ".step-00000008-x.part").mkdir()
    (run / ".trainer-x.part").mkdir()
    recorder = Recorder()
    again = tune(project, settings, asked, run, recorder)
    assert recorder.steps[0][0] == 1
    assert again.adapter_sha256 == first.adapter_sha256
    assert not [*(run / "checkpoints").glob(".*"), *run.glob(".*")]


def test_a_checkpoint_of_other_settings_is_refused(project: Project, settings: Settings, make_mix: MakeMix) -> None:
    mix = make_mix()
    run = project.new_run("tune")
    tune(project, settings, request(settings, mix, epochs=1), run, Silent())
    with pytest.raises(InputError, match="other settings"):
        tune(project, settings, request(settings, mix, epochs=1, learning_rate=1e-4), run, Silent())


def test_part_of_an_epoch_can_be_asked_for(project: Project, settings: Settings, make_mix: MakeMix) -> None:
    asked = request(settings, make_mix(validation=FACTS[:2]), epochs=1.5)
    run = project.new_run("tune")
    result = tune(project, settings, asked, run, Silent())
    assert result.steps == 3
    assert sorted(path.name for path in (run / "checkpoints").iterdir()) == ["step-00000002", "step-00000003"]
    recorder = Recorder()
    again = tune(project, settings, asked, run, recorder)
    assert recorder.steps == []
    assert (again.adapter_sha256, again.reasons) == (result.adapter_sha256, result.reasons)


def test_the_best_epoch_is_kept_and_training_stops_early(
    project: Project, settings: Settings, make_mix: MakeMix
) -> None:
    wrong = tuple((question, "no such thing 99") for question, _ in FACTS[:4])
    recorder = Recorder()
    run = project.new_run("tune")
    asked = request(settings, make_mix(validation=wrong), epochs=30, learning_rate=2e-2, batch_size=8)
    result = tune(project, settings, asked, run, recorder)
    validated = [point.validation_loss for point in result.history if point.validation_loss is not None]
    assert result.steps < 30
    assert result.validation_loss == min(validated)
    assert validated.index(min(validated)) == len(validated) - 3
    assert any("stopped early" in note for note in recorder.notes)
    assert any("kept the weights of epoch" in reason for reason in result.reasons)
    assert tune(project, settings, asked, run, Silent()).adapter_sha256 == result.adapter_sha256


def test_a_long_epoch_is_validated_within_and_its_best_step_kept(
    project: Project, settings: Settings, make_mix: MakeMix, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tools.tuning.patience.LEAST_STEPS", 2)
    monkeypatch.setattr("tools.tuning.patience.COST", 1)
    wrong = tuple((question, "no such thing 99") for question, _ in FACTS[:2])
    recorder = Recorder()
    asked = request(settings, make_mix(FACTS * 2, validation=wrong), epochs=1, learning_rate=2e-2, batch_size=1)
    result = tune(project, settings, asked, project.new_run("tune"), recorder)
    read = {point.step: point.validation_loss for point in result.history if point.validation_loss is not None}
    assert list(read) == list(range(2, result.steps + 1, 2))
    best = min(read, key=lambda step: read[step])
    assert result.steps == best + 2 * PATIENCE_WITHIN < 16
    assert f"stopped early: {PATIENCE_WITHIN / 8:g} epochs without a better validation loss" in recorder.notes
    assert f"kept the weights of epoch {best / 16:g}, where the validation loss was lowest" in result.reasons


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"max_length": 30}, "longer than 30 tokens, the longest"),
        ({"max_length": 20}, "longer than 20 tokens"),
    ],
)
def test_long_examples_are_refused_and_never_cut(
    changes: dict[str, object], message: str, project: Project, settings: Settings, make_mix: MakeMix
) -> None:
    with pytest.raises(InputError, match=message):
        tune(project, settings, request(settings, make_mix(), **changes), project.new_run("tune"), Silent())


def test_a_changed_mix_is_refused(project: Project, settings: Settings, make_mix: MakeMix) -> None:
    asked = request(settings, make_mix())
    with (project.mixes / "m1" / "train.jsonl").open("a") as file:
        file.write(json.dumps({"messages": [], "origin": "domain", "id": "x"}) + "\n")
    with pytest.raises(InputError, match="changed after it was made"):
        tune(project, settings, asked, project.new_run("tune"), Silent())
    shutil.rmtree(project.mixes / "m1")
    with pytest.raises(InputError, match="no such mix"):
        tune(project, settings, asked, project.new_run("tune"), Silent())


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory")])
def test_out_of_memory_says_what_would_fit(
    error: Exception, project: Project, settings: Settings, make_mix: MakeMix, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("tools.tuning.run.load_model", fail)
    with pytest.raises(DoesNotFitError, match=r"batch_size 2; what fits here: qlora"):
        tune(project, settings, request(settings, make_mix()), project.new_run("tune"), Silent())


def test_other_failures_keep_their_name(
    project: Project, settings: Settings, make_mix: MakeMix, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("tools.tuning.run.load_model", fail)
    with pytest.raises(RuntimeError, match="a bug"):
        tune(project, settings, request(settings, make_mix()), project.new_run("tune"), Silent())


@pytest.mark.parametrize("method", ["auto", "full"])
def test_what_does_not_fit_is_refused_before_loading(
    method: str, project: Project, settings: Settings, make_mix: MakeMix, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tools.tuning.run.free_gib", lambda: 0.2)
    monkeypatch.setattr("tools.tuning.run.load_model", lambda *_, **__: pytest.fail("loaded"))
    with pytest.raises(DoesNotFitError, match="nothing fits here"):
        tune(project, settings, request(settings, make_mix(), method), project.new_run("tune"), Silent())
