"""The routes of a climb on scripted trainings: where it ends, what it trains for that, and what the record holds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from agent.errors import CancelledError, DoesNotFitError
from agent.policy.memory import fit
from agent.policy.thresholds import THRESHOLDS, Thresholds
from agent.progress import Silent
from agent.records.hardware import MethodFit
from agent.records.ladder import LadderRecord
from agent.records.pairs import Pair
from agent.records.profile import Profile
from agent.records.tuning import ClimbPlan, Hyperparameters, Method, TuneRequest, TuneResult
from agent.settings import Settings
from knowledge.files import read_record, read_records, write_record, write_text
from tests.agent.policy.builders import device
from tests.tools.ladder.conftest import FLAT, Remix, Scripted, Way, Ways
from tests.tools.ladder.test_data import false_answers
from tests.tools.tuning.conftest import Recorder
from tools.ladder.climb import climb
from tools.workspace import Project

EVERYTHING = fit(device("Big", 2000), 1, 0.135)
LOW = Way(0.13, 1.0)
"""A rung that misses the target although nothing speaks against its data."""
CURVE = FLAT
UNCLEAR = {0.25: 0.10, 0.5: 0.12}
"""A point less at half of the data: the interval of that gain, −1 to +3 points, leaves room for more than 2."""


def request(settings: Settings, **plan: Any) -> TuneRequest:
    return TuneRequest(base_model=settings.base_model, mix="mix-invented", climb=ClimbPlan(**({"target": 0.7} | plan)))


def go(
    project: Project,
    settings: Settings,
    trials: Scripted,
    *,
    asked: TuneRequest | None = None,
    fits: Sequence[MethodFit] = EVERYTHING,
    thresholds: Thresholds = THRESHOLDS,
    **plan: Any,
) -> tuple[TuneResult, LadderRecord]:
    run = project.new_run("tune")
    result = climb(
        project,
        settings,
        asked or request(settings, **plan),
        run,
        Recorder(),
        trials=trials,
        fits=fits,
        thresholds=thresholds,
    )
    return result, read_record(run / "ladder.json", LadderRecord)


def page(project: Project, record: LadderRecord, lang: str) -> str:
    return (project.runs / record.run / f"ladder.{lang}.md").read_text(encoding="utf-8")


def made(record: LadderRecord) -> list[tuple[str, Method, int | None, float]]:
    return [(step.purpose, step.method, step.rank, step.share) for step in record.steps]


def test_a_run_that_meets_the_target_ends_the_climb(project: Project, settings: Settings) -> None:
    result, record = go(project, settings, Scripted(project, {("qlora", 16): Way(0.9, 0.2)}), climb_to="full")
    assert (record.outcome, result.ladder, result.method) == ("done", "done", "qlora")
    assert made(record) == [("rung", "qlora", 16, 1.0)]
    assert record.fixes == ()
    assert (record.target, record.target_from) == (0.7, "request")


def test_a_fault_of_the_data_ends_in_its_fix_and_trains_no_more(
    project: Project, settings: Settings, remix: Remix
) -> None:
    remix(false_answers(list(read_records(project.pairs, Pair))))
    result, record = go(project, settings, Scripted(project, {("qlora", 16): LOW}), climb_to="full")
    assert (record.outcome, result.ladder) == ("mend_data", "mend_data")
    assert made(record) == [("rung", "qlora", 16, 1.0)]
    assert record.fixes[0].command == "domainsmith review -p met"
    assert len(record.fixes[0].targets) == 3
    assert {gate.name: gate.state for gate in record.rungs[0].gates}["curve"] == "unmeasured"


def test_a_curve_that_rises_says_how_many_pairs_buy_how_much(project: Project, settings: Settings) -> None:
    trials = Scripted(project, {("qlora", 16): Way(0.4, 1.0)}, curve={0.25: 0.03, 0.5: 0.08})
    _, record = go(project, settings, trials, climb_to="full")
    assert record.outcome == "mend_data"
    assert made(record)[1:] == [("curve", "qlora", 16, 0.25), ("curve", "qlora", 16, 0.5)]
    (rung,) = record.rungs
    assert [point.pairs for point in rung.evidence.learning_curve] == [4, 8, 16]
    assert rung.extrapolation is not None
    assert rung.extrapolation.low > 0
    assert rung.extrapolation.pairs_for_target is not None
    assert "the target would take about" in record.fixes[0].action


def test_a_loss_that_falls_at_the_end_is_held_against_half_of_the_steps(project: Project, settings: Settings) -> None:
    ways: Ways = {("qlora", 16): Way(0.13, 1.0, falls=True), ("lora", 16): Way(0.9, 0.3)}
    trials = Scripted(project, ways, curve=CURVE)
    _, record = go(project, settings, trials, climb_to="lora")
    assert made(record)[:3] == [("rung", "qlora", 16, 1.0), ("half", "qlora", 16, 1.0), ("curve", "qlora", 16, 0.25)]
    whole, half = (one.hyperparameters for one in trials.asked[:2])
    assert whole is not None
    assert half is not None
    assert (whole.epochs, half.epochs, half.seed, half.batch_size) == (6.0, 3.0, whole.seed, whole.batch_size)
    shorter = record.rungs[0].evidence.shorter
    assert shorter is not None
    assert (shorter.steps, shorter.run) == (9, record.steps[1].run)
    assert {gate.name: gate.state for gate in record.rungs[0].gates}["plateau"] == "open"
    assert record.outcome == "done"


def test_a_run_that_was_too_short_is_made_longer_and_not_left(project: Project, settings: Settings) -> None:
    trials = Scripted(project, {("qlora", 16): Way(0.13, 1.0, falls=True, half=2.0)}, curve=CURVE)
    result, record = go(project, settings, trials, climb_to="full")
    assert (record.outcome, result.method) == ("mend_data", "qlora")
    assert [step[0] for step in made(record)] == ["rung", "half"]
    assert record.chosen == record.steps[0].run
    assert record.fixes[0].command == "domainsmith tune -p met --yes --epochs 12"
    assert record.rungs[0].decision.reasons[0].rule == "loss_falls"


def test_each_part_of_the_curve_is_trained_in_as_many_steps(project: Project, settings: Settings) -> None:
    trials = Scripted(project, {("qlora", 16): LOW, ("lora", 16): Way(0.9, 0.3)}, curve=CURVE)
    go(project, settings, trials, climb_to="lora")
    whole, quarter, half, pilot, *_ = (one.hyperparameters for one in trials.asked)
    assert whole is not None
    assert [whole.epochs, whole.batch_size] == [6.0, 8]
    for one, examples in ((quarter, 4), (half, 9), (pilot, 18)):
        assert one is not None
        per_epoch = -(-examples // 8)
        assert -(-per_epoch * one.epochs // 1) == 18
    assert (quarter.seed, pilot.seed) == (whole.seed, whole.seed)  # type: ignore[union-attr]


def test_where_quantization_limits_lora_is_next(project: Project, settings: Settings) -> None:
    trials = Scripted(project, {("qlora", 16): LOW, ("lora", 16): Way(0.9, 0.3)}, curve=CURVE)
    result, record = go(project, settings, trials, climb_to="lora")
    assert (record.outcome, result.method) == ("done", "lora")
    assert made(record) == [
        ("rung", "qlora", 16, 1.0),
        ("curve", "qlora", 16, 0.25),
        ("curve", "qlora", 16, 0.5),
        ("pilot", "lora", 16, 1.0),
        ("rung", "lora", 16, 1.0),
    ]
    (pilot,) = record.rungs[0].evidence.pilots
    assert pilot.gain is not None
    assert pilot.gain.low > 0.6
    assert pilot.loss < 0.5
    assert record.steps[-1].consent == "rung"
    assert record.steps[0].consent == "plan"


def test_a_curve_that_the_items_leave_unclear_is_told_by_the_pilot(project: Project, settings: Settings) -> None:
    trials = Scripted(project, {("qlora", 16): LOW, ("lora", 16): Way(0.9, 0.3)}, curve=UNCLEAR)
    result, record = go(project, settings, trials, climb_to="lora")
    assert (record.outcome, result.method) == ("done", "lora")
    assert [step[0] for step in made(record)] == ["rung", "curve", "curve", "pilot", "rung"]
    curve = next(gate for gate in record.rungs[0].gates if gate.name == "curve")
    assert (curve.state, curve.reason.rule) == ("open", "pilot_outruns_data")
    assert "the learning curve is flat, or is outrun**: holds" in page(project, record, "en")
    assert "学习曲线已平或被超过**: 成立" in page(project, record, "zh")


@pytest.mark.parametrize(
    ("rank", "pilots"), [(16, ["lora"]), (256, ["lora", "full"])], ids=["one pilot", "each pilot once"]
)
def test_a_curve_that_no_pilot_tells_asks_for_items_and_pairs(
    project: Project, settings: Settings, rank: int, pilots: list[str]
) -> None:
    ways: Ways = {("qlora", rank): LOW, ("lora", rank): Way(0.13, 0.995), ("full", None): Way(0.13, 0.995)}
    asked = request(settings, climb_to="full").model_copy(update={"overrides": {"rank": rank}})
    _, record = go(project, settings, Scripted(project, ways, curve=UNCLEAR), asked=asked)
    assert record.outcome == "mend_data"
    assert [step[:2] for step in made(record)[3:]] == [("pilot", method) for method in pilots]
    assert record.rungs[0].decision.reasons[0].rule == "curve_unclear"
    commands = [
        "domainsmith validate -p met",
        "domainsmith extract -p met --wordings 16",
        "domainsmith diagnose -p met",
    ]
    assert [fix.command for fix in record.fixes] == commands
    assert "200 leave room for a gain by more pairs, about" in record.fixes[0].action


def test_data_known_by_heart_have_their_curve_measured_once_and_wait_for_no_pilot(
    project: Project, settings: Settings
) -> None:
    trials = Scripted(project, {("qlora", 16): Way(0.13, 0.01)}, curve=UNCLEAR)
    _, record = go(project, settings, trials, climb_to="full")
    assert record.outcome == "mend_data"
    assert [step[0] for step in made(record)] == ["rung", "curve", "curve"]
    assert record.rungs[0].decision.reasons[0].rule == "loss_fitted"


def test_a_costlier_rung_waits_for_a_yes_and_the_best_so_far_is_kept(project: Project, settings: Settings) -> None:
    trials = Scripted(project, {("qlora", 16): LOW, ("lora", 16): Way(0.9, 0.3)}, curve=CURVE)
    result, record = go(project, settings, trials)
    assert (record.outcome, result.ladder, result.method) == ("awaiting_approval", "awaiting_approval", "qlora")
    assert record.fixes[0].command == "domainsmith tune -p met --yes --climb-to lora"
    assert "its pilot took 10 s" in record.fixes[0].action


def test_where_capacity_limits_the_rank_is_raised_and_then_all_weights_are_trained(
    project: Project, settings: Settings
) -> None:
    ways: Ways = {
        ("qlora", 16): LOW,
        ("lora", 16): Way(0.13, 0.995),
        ("qlora", 256): LOW,
        ("full", None): Way(0.9, 0.2),
    }
    result, record = go(project, settings, Scripted(project, ways, curve=CURVE), climb_to="full")
    assert (record.outcome, result.method) == ("done", "full")
    assert [(rung.evidence.method, rung.evidence.rank, rung.decision.outcome) for rung in record.rungs] == [
        ("qlora", 16, "stay"),
        ("qlora", 256, "climb"),
        ("full", None, "done"),
    ]
    assert record.rungs[1].rank_gain is not None
    assert record.rungs[1].rank_gain.difference == 0
    pilots = [pilot.method for pilot in record.rungs[1].evidence.pilots]
    assert pilots == ["lora", "full"]
    assert [step[0] for step in made(record)].count("pilot") == 2


def test_full_settings_have_no_rank_and_a_tenth_of_the_rate(project: Project, settings: Settings) -> None:
    ways: Ways = {("lora", 256): LOW, ("full", None): Way(0.9, 0.2)}
    given = Hyperparameters(epochs=6, learning_rate=1e-3, batch_size=8, max_length=128, rank=256, alpha=32)
    asked = request(settings, climb_to="full").model_copy(update={"hyperparameters": given, "overrides": {"epochs": 5}})
    fits = tuple(one.model_copy(update={"available": one.method != "qlora"}) for one in EVERYTHING)
    trials = Scripted(project, ways, curve=CURVE)
    _, record = go(project, settings, trials, asked=asked, fits=fits)
    full = trials.asked[-1].hyperparameters
    assert record.outcome == "done"
    assert full is not None
    assert (full.rank, full.alpha, full.epochs) == (None, None, 5.0)
    assert full.learning_rate == pytest.approx(1e-4)


def test_a_long_run_has_shorter_pilots_and_a_reference_of_their_length(project: Project, settings: Settings) -> None:
    trials = Scripted(project, {("qlora", 16): LOW, ("lora", 16): Way(0.9, 0.3)}, curve=CURVE)
    _, record = go(project, settings, trials, thresholds=Thresholds(pilot_steps=10))
    assert [step[0] for step in made(record)] == ["rung", "curve", "curve", "pilot", "reference"]
    (pilot,) = record.rungs[0].evidence.pilots
    assert (pilot.steps, pilot.reference) == (10, 1.0)
    assert record.thresholds == {"pilot_steps": 10}


def test_out_of_memory_on_the_first_rung_stops_with_choices(project: Project, settings: Settings) -> None:
    trials = Scripted(project, {}, too_large=frozenset({"qlora"}))
    with pytest.raises(DoesNotFitError, match=r"--method qlora --batch-size 4.*--method lora"):
        go(project, settings, trials)
    (path,) = project.runs.glob("*-tune/ladder.json")
    record = read_record(path, LadderRecord)
    assert (record.outcome, record.steps, record.chosen) == ("ask", (), "")


def test_out_of_memory_higher_up_keeps_what_was_trained_and_asks(project: Project, settings: Settings) -> None:
    ways: Ways = {("qlora", 16): LOW, ("lora", 16): Way(0.13, 0.995)}
    trials = Scripted(project, ways, curve=CURVE, too_large_at=256)
    result, record = go(project, settings, trials, climb_to="full")
    assert (record.outcome, result.method, result.hyperparameters.rank) == ("ask", "qlora", 16)
    assert record.rungs[-1].run == ""
    assert record.rungs[-1].decision.reasons[0].rule == "out_of_memory"
    assert record.chosen == record.rungs[0].run
    assert record.fixes[0].command == "domainsmith tune -p met --method qlora --batch-size 4"


def test_a_pilot_that_does_not_fit_ends_in_a_question_and_nothing_smaller_is_tried(
    project: Project, settings: Settings
) -> None:
    ways: Ways = {("qlora", 16): LOW, ("qlora", 256): LOW}
    trials = Scripted(project, ways, curve=CURVE, too_large=frozenset({"lora", "full"}))
    result, record = go(project, settings, trials, climb_to="full")
    assert (record.outcome, result.method) == ("ask", "qlora")
    assert [one.method for one in trials.asked] == ["qlora"] * 6
    assert record.chosen == record.rungs[0].run


def test_without_sealed_items_the_climb_ends_on_the_first_rung(project: Project, settings: Settings) -> None:
    result, record = go(project, settings, Scripted(project, {("qlora", 16): LOW}, items=0))
    assert (record.outcome, result.method) == ("mend_data", "qlora")
    assert record.fixes[0].command == "domainsmith validate -p met"
    assert record.steps[0].score is None


def test_nothing_fits(project: Project, settings: Settings) -> None:
    with pytest.raises(DoesNotFitError, match="no method fits"):
        go(project, settings, Scripted(project, {}), fits=fit(device("Small", 0.1), 1, 7))


def test_the_target_comes_from_the_profile_or_is_the_default(project: Project, settings: Settings) -> None:
    trials = Scripted(project, {("qlora", 16): Way(0.9, 0.2)})
    _, record = go(project, settings, trials, target=None)
    assert (record.target, record.target_from) == (0.7, "default")
    write_record(project.profile, Profile(target=0.85))
    _, record = go(project, settings, trials, target=None)
    assert (record.target, record.target_from) == (0.85, "profile")


def test_the_result_lies_in_the_run_as_that_of_any_training(project: Project, settings: Settings) -> None:
    result, record = go(project, settings, Scripted(project, {("qlora", 16): Way(0.9, 0.2)}))
    run = project.runs / result.run
    assert (run / result.adapter / "adapter_model.safetensors").read_bytes() == record.chosen.encode()
    assert set(json.loads((run / "adapter" / "manifest.json").read_text())["files"]) == {"adapter_model.safetensors"}
    assert result.run != record.chosen
    assert any("reaches the target" in reason for reason in result.reasons)
    assert "scripted" in result.reasons


def test_the_result_is_copied_where_the_disk_knows_no_links(
    project: Project, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise OSError("no links here")

    monkeypatch.setattr("tools.ladder.result.os.link", refused)
    result, record = go(project, settings, Scripted(project, {("qlora", 16): Way(0.9, 0.2)}))
    weights = project.runs / result.run / "adapter" / "adapter_model.safetensors"
    assert weights.read_bytes() == record.chosen.encode()


def test_the_record_is_a_page_in_both_languages(project: Project, settings: Settings) -> None:
    ways: Ways = {
        ("qlora", 16): LOW,
        ("lora", 16): Way(0.13, 0.995),
        ("qlora", 256): LOW,
        ("full", None): Way(0.9, 0.2),
    }
    result, record = go(project, settings, Scripted(project, ways, curve=CURVE))
    run = project.runs / result.run
    english, chinese = ((run / f"ladder.{lang}.md").read_text(encoding="utf-8") for lang in ("en", "zh"))
    assert record.outcome == "awaiting_approval"
    for figure in ("at_25 0.1", "lora_loss 0.995", "full_loss 0.2", "--climb-to full", record.steps[-1].run):
        assert figure in english
        assert figure in chinese
    assert "the learning curve is flat" in english
    assert "学习曲线已平" in chinese
    assert english.count("\n| ") == chinese.count("\n| ") == 1 + len(record.steps)


def test_progress_is_one_bar_with_the_time_left_and_the_readings_of_the_rungs_alone(
    project: Project, settings: Settings
) -> None:
    heard = Recorder()
    trials = Scripted(project, {("qlora", 16): LOW, ("lora", 16): Way(0.9, 0.3)}, curve=CURVE)
    climb(project, settings, request(settings), project.new_run("tune"), heard, trials=trials, fits=EVERYTHING)
    done = [one[0] for one in heard.steps]
    assert done == sorted(done)
    assert all(one <= total for one, total, _ in heard.steps)
    assert any(message == "learning curve: 25% of the data in as many steps: half" for _, _, message in heard.steps)
    assert sum("loss" in reading for reading in heard.metrics) == 1
    assert any("seconds_left" in reading for reading in heard.metrics)
    assert heard.checks > 3


class CancelAt(Silent):
    def __init__(self, what: str) -> None:
        self.what, self.cancelled = what, False

    def progress(self, done: float, total: float, unit: str, message: str = "") -> None:
        self.cancelled = self.cancelled or self.what in message

    def check(self) -> None:
        if self.cancelled:
            raise CancelledError("cancelled")


def test_a_climb_can_be_cancelled_within_a_part(project: Project, settings: Settings) -> None:
    trials = Scripted(project, {("qlora", 16): LOW}, curve=CURVE)
    with pytest.raises(CancelledError):
        climb(
            project,
            settings,
            request(settings),
            project.new_run("tune"),
            CancelAt("50% of the data"),
            trials=trials,
            fits=EVERYTHING,
        )
    assert len(trials.asked) == 2
    write_text(project.root / "seen", "the run folder has no result")
    assert project.latest_run("tune") is None
