"""A training and its measurement are done once, by whichever climb; and a killed climb goes on where it stood."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from agent.errors import CancelledError, EmptyError
from agent.policy.thresholds import Thresholds
from agent.progress import Reporter, Silent
from agent.records.evaluation import EvaluateRequest, Item, ItemAnswer
from agent.records.ladder import LadderRecord
from agent.records.tuning import ClimbPlan, Hyperparameters, TuneRequest, TuneResult
from agent.settings import Settings
from knowledge.files import read_record, read_records, write_records
from tests.tiny_model import build_tiny_model
from tests.tools.ladder.conftest import Scripted, Way
from tests.tools.tuning.conftest import Recorder
from tools.ladder import trials as trials_module
from tools.ladder.climb import climb
from tools.ladder.portion import portion_of
from tools.ladder.trials import Scored, Trials, paired
from tools.tuning.run import tune
from tools.workspace import Project

GIVEN = Hyperparameters(epochs=1, learning_rate=1e-3, batch_size=8, max_length=128, rank=4, alpha=8)


def request(settings: Settings, **changes: Any) -> TuneRequest:
    values = {"method": "lora", "base_model": settings.base_model, "mix": "mix-invented", "hyperparameters": GIVEN}
    return TuneRequest(**(values | changes))


class Counting:
    """Trainings and measurements that write what the real ones write, and count."""

    def __init__(self, scripted: Scripted) -> None:
        self.scripted, self.trained, self.measured, self.fail = scripted, 0, 0, False

    def train(
        self, project: Project, settings: Settings, request: TuneRequest, run: Path, reporter: Reporter
    ) -> TuneResult:
        self.trained += 1
        (run / "checkpoints").mkdir(exist_ok=True)
        if self.fail:
            raise CancelledError("cancelled")
        done = self.scripted.trained(request, "")
        shutil.copytree(done.run / "adapter", run / "adapter")
        shutil.rmtree(done.run)
        return done.result.model_copy(update={"run": run.name})

    def measure(
        self, project: Project, settings: Settings, request: EvaluateRequest, run: Path, reporter: Reporter
    ) -> object:
        self.measured += 1
        items = list(read_records(project.validation, Item))
        answers = [
            ItemAnswer(item=item.id, arm="tuned", text="", score=None if n == 0 else float(n % 2))
            for n, item in enumerate(items)
        ]
        write_records(run / "eval" / "answers.jsonl", answers)
        return None


@pytest.fixture
def counting(project: Project) -> Counting:
    return Counting(Scripted(project, {("lora", 4): Way(0.5, 1.0), ("lora", 8): Way(0.5, 1.0)}))


def trials(project: Project, settings: Settings, counting: Counting) -> Trials:
    return Trials(project, settings, Recorder(), train=counting.train, measure=counting.measure)


def test_the_same_training_is_taken_over_and_any_other_is_not(
    project: Project, settings: Settings, counting: Counting
) -> None:
    first = trials(project, settings, counting).trained(request(settings), "a pilot")
    again = trials(project, settings, counting).trained(request(settings, climb=ClimbPlan()), "a pilot")
    assert (first.taken_over, again.taken_over, counting.trained) == (False, True, 1)
    assert again.run == first.run
    half = portion_of(project, "mix-invented", 0.5, 0).id
    others = ({"mix": half}, {"seed": 1}, {"hyperparameters": GIVEN.model_copy(update={"rank": 8})})
    for changes in others:
        assert not trials(project, settings, counting).trained(request(settings, **changes), "another").taken_over
    assert counting.trained == 4


def test_another_base_of_the_same_name_is_another_training(
    project: Project, settings: Settings, counting: Counting, tmp_path: Path
) -> None:
    folder = build_tiny_model(tmp_path / "base")
    trials(project, settings, counting).trained(request(settings, base_model=str(folder)), "a pilot")
    shutil.rmtree(folder)
    build_tiny_model(folder, seed=5)
    again = trials(project, settings, counting).trained(request(settings, base_model=str(folder)), "a pilot")
    assert not again.taken_over


def test_a_killed_training_goes_on_in_its_folder_and_a_finished_one_keeps_no_checkpoints(
    project: Project, settings: Settings, counting: Counting
) -> None:
    counting.fail = True
    with pytest.raises(CancelledError):
        trials(project, settings, counting).trained(request(settings), "a pilot")
    counting.fail = False
    one = trials(project, settings, counting)
    done = one.trained(request(settings), "a pilot")
    assert len(list(project.runs.glob("*-pilot*/pilot.json"))) == 1
    assert isinstance(one.reporter, Recorder)
    assert any("goes on where it stood" in note for note in one.reporter.notes)
    assert not (done.run / "checkpoints").exists()
    assert project.latest_run("tune") is None


def test_lost_weights_are_trained_again(project: Project, settings: Settings, counting: Counting) -> None:
    done = trials(project, settings, counting).trained(request(settings), "a pilot")
    shutil.rmtree(done.run / "adapter")
    assert not trials(project, settings, counting).trained(request(settings), "a pilot").taken_over


def test_a_score_has_its_interval_and_leaves_errors_out(
    project: Project, settings: Settings, counting: Counting
) -> None:
    one = trials(project, settings, counting)
    scored = one.scored(one.trained(request(settings), "a pilot"), "domain_knowledge", None)
    assert (scored.estimate.n, scored.estimate.errors) == (15, 1)
    assert scored.estimate.mean == 8 / 15
    assert scored.estimate.low < scored.estimate.mean < scored.estimate.high
    assert set(scored.clusters.values()) == {f"fact:f{n}" for n in range(4)}
    assert one.has_items("domain_knowledge")
    assert not one.has_items("syntax")


def test_items_that_nobody_could_answer_are_an_error(
    project: Project, settings: Settings, counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = trials(project, settings, counting)
    done = one.trained(request(settings), "a pilot")
    monkeypatch.setattr(counting, "measure", lambda *_: write_records(done.run / "eval" / "answers.jsonl", []))
    with pytest.raises(EmptyError, match="no item could be answered"):
        trials(project, settings, counting).scored(done, "domain_knowledge", None)


def test_two_runs_are_compared_on_the_items_both_answered(
    project: Project, settings: Settings, counting: Counting
) -> None:
    one = trials(project, settings, counting)
    scored = one.scored(one.trained(request(settings), "a pilot"), "domain_knowledge", None)
    better = Scored(scored.estimate, dict.fromkeys(scored.by_item, 1.0), scored.clusters)
    found = paired(scored, better)
    assert found is not None
    assert found.n == 15
    assert found.difference == pytest.approx(7 / 15)
    assert found.low > 0
    assert paired(scored, Scored(scored.estimate, {}, {})) is None


class Killed(Silent):
    """Stops the work at a sign in what it hears, as a kill would."""

    def __init__(self, sign: str) -> None:
        self.sign = sign

    def progress(self, done: float, total: float, unit: str, message: str = "") -> None:
        if self.sign in message:
            raise KeyboardInterrupt


@pytest.mark.slow
def test_a_killed_climb_goes_on_and_repeats_no_finished_step(
    project: Project, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For real, with the tiny model; killed in its second epoch, in the first measurement and in the curve."""
    asked = TuneRequest(
        base_model=settings.base_model, mix="mix-invented", overrides={"epochs": 2}, climb=ClimbPlan(target=0.9)
    )
    # Whatever the loss is, the data count as known by heart: the climb ends with the curve.
    short = Thresholds(fitted_loss=1000.0)
    run = project.new_run("tune")
    for sign in ("epoch 1.33", "tuned, domain_knowledge", "25% of the data in as many steps: epoch 2.00"):
        with pytest.raises(KeyboardInterrupt):
            climb(project, settings, asked, run, Killed(sign), thresholds=short)
    trained = []

    def counted(*arguments: Any) -> TuneResult:
        trained.append((arguments[2].method, arguments[2].mix))
        return tune(*arguments)

    monkeypatch.setattr(trials_module, "tune", counted)
    heard = Recorder()
    result = climb(project, settings, asked, run, heard, thresholds=short)
    assert ("qlora", "mix-invented") not in trained
    assert any("taken over" in note for note in heard.notes)
    assert any("learning curve: 25% of the data in as many steps: goes on" in note for note in heard.notes)
    assert list((project.runs / result.run / "adapter").glob("*.safetensors"))
    assert project.latest_run("tune", needs="ladder.json") == run
    once = read_record(run / "ladder.json", LadderRecord)
    del trained[:]
    again = climb(project, settings, asked, project.new_run("tune"), Silent(), thresholds=short)
    assert trained == []
    record = read_record(project.runs / again.run / "ladder.json", LadderRecord)
    assert again.adapter_sha256 == result.adapter_sha256
    assert [rung.gates for rung in record.rungs] == [rung.gates for rung in once.rungs]
    assert (record.seconds, all(step.taken_over for step in record.steps)) == (0, True)
