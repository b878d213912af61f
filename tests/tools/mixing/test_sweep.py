import json
import shutil

import pytest

from agent.errors import EmptyError
from agent.progress import Silent
from agent.records.evaluation import Item
from agent.records.tuning import TuneResult
from agent.settings import Settings
from knowledge.files import read_record, write_records
from tests.tiny_model import build_tiny_model
from tests.tools.mixing.test_mix import pairs
from tools.mixing import sweep as sweep_module
from tools.mixing.run import latest_mix
from tools.mixing.sweep import forecast, sweep
from tools.mixing.swept import SweepMark, SweepRequest
from tools.pairs import save_pairs
from tools.status import project_facts
from tools.tuning.run import tune
from tools.workspace import Workspace

QUESTIONS = (
    ("Which paint is on cover {n} of the rack?", "domain_knowledge"),
    ("Sum of {n} and one?", "general_ability"),
)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return build_tiny_model(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture
def project(tmp_path):
    project = Workspace(tmp_path).create("x")
    save_pairs(project, pairs())
    write_records(
        project.validation,
        [
            Item(
                id=f"v{n}-{dimension}",
                kind="knowledge",
                dimension=dimension,
                language="en",
                question=wording.format(n=n),
                answers=(str(n),),
                source="company",
            )
            for n in range(3)
            for wording, dimension in QUESTIONS
        ],
    )
    return project


@pytest.fixture
def general(tmp_path):
    file = tmp_path / "general.jsonl"
    file.write_text(
        "\n".join(json.dumps({"question": f"Name hill {n * n}.", "answer": f"Hill {n}"}) for n in range(40))
    )
    return str(file)


@pytest.mark.slow
def test_pilots_are_trained_measured_and_one_share_recommended(project, general, tiny):
    settings = Settings(base_model=str(tiny), threads=1)
    request = SweepRequest(shares=(0.5, 0.25), pairs=12, epochs=1, items=3, general=general)
    result = sweep(project, settings, request, Silent())
    assert [p.share for p in result.pilots] == [0.25, 0.5]
    assert [(p.domain_examples, p.examples) for p in result.pilots] == [(12, 48), (12, 24)]
    for pilot, point in zip(result.pilots, result.points, strict=True):
        trained = read_record(project.runs / pilot.run / "result.json", TuneResult)
        assert trained.examples == pilot.examples
        assert trained.seconds == pilot.seconds > 0
        assert point.domain_gain == pilot.domain - result.base_domain
        assert point.general_drop == result.base_general - pilot.general
        assert pilot.items == 3
    # Random weights gain and lose nothing, so of two equal shares the one with more general data is recommended.
    assert result.decision.share == 0.25
    assert result.decision.confidence == "measured"
    assert "sweep.25%" in result.decision.reasons[0].evidence


@pytest.mark.slow
def test_a_sweep_leaves_no_candidate_for_the_next_steps(project, general, tiny):
    settings = Settings(base_model=str(tiny), threads=1)
    sweep(project, settings, SweepRequest(shares=(0.5,), pairs=4, epochs=1, items=1, general=general), Silent())
    assert latest_mix(project) is None
    assert project_facts(project).mixes == 0
    assert project.latest_run("tune") is None
    assert project.latest_run("evaluate") is None


@pytest.mark.slow
def test_without_items_of_both_kinds_there_is_nothing_to_weigh(project, general, tiny):
    lines = project.validation.read_text(encoding="utf-8").splitlines()
    project.validation.write_text(
        "".join(f"{line}\n" for line in lines if "domain_knowledge" not in line), encoding="utf-8"
    )
    with pytest.raises(EmptyError, match="domain_knowledge"):
        sweep(
            project, Settings(base_model=str(tiny), threads=1), SweepRequest(shares=(0.5,), general=general), Silent()
        )


class Stopping(Silent):
    """Stops the work at a sign in what it hears, as a kill would."""

    def __init__(self, sign="", times=1):
        self.sign, self.times, self.notes = sign, times, []

    def _heard(self, text):
        if self.sign and self.sign in text:
            self.times -= 1
            if not self.times:
                raise KeyboardInterrupt

    def progress(self, done, total, unit, message=""):
        self._heard(f"{unit} {done:g}/{total:g} {message}")

    def note(self, message):
        self.notes.append(message)
        self._heard(message)


def counted(monkeypatch):
    trained = []

    def training(project, settings, request, run, reporter):
        trained.append(run.name)
        return tune(project, settings, request, run, reporter)

    monkeypatch.setattr(sweep_module, "tune", training)
    return trained


def figures(result):
    return [(p.share, p.examples, p.domain, p.general, p.items) for p in result.pilots], result.points


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sign", "times", "again", "goes_on"), [("pilots 1/2", 1, 1, False), ("epoch 2.00", 2, 1, True)]
)
def test_a_sweep_that_broke_off_goes_on_and_trains_nothing_twice(
    project, general, tiny, monkeypatch, tmp_path, sign, times, again, goes_on
):
    settings = Settings(base_model=str(tiny), threads=1)
    request = SweepRequest(shares=(0.5, 0.25), pairs=12, epochs=2, items=3, general=general)
    copy = Workspace(tmp_path / "undisturbed").create("y")
    for name in ("pairs.jsonl", "validation.jsonl"):
        shutil.copy(project.root / name, copy.root / name)
    expected = sweep(copy, settings, request, Silent())
    trained = counted(monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        sweep(project, settings, request, Stopping(sign, times))
    del trained[:]
    heard = Stopping()
    result = sweep(project, settings, request, heard)
    assert len(trained) == again
    assert result.taken_over == 2 - again
    assert any("taken over" in note for note in heard.notes)
    assert any("goes on where it stood" in note for note in heard.notes) == goes_on
    assert any("sweep that broke off" in note for note in heard.notes)
    assert figures(result) == figures(expected)
    assert len(list(project.runs.glob("*-sweep*"))) == 1
    assert [adapter(project, one) for one in result.pilots] == [adapter(copy, one) for one in expected.pilots]


def adapter(project, pilot):
    return read_record(project.runs / pilot.run / "result.json", TuneResult).adapter_sha256


@pytest.mark.slow
def test_only_the_same_pilots_are_taken_over(project, general, tiny, monkeypatch, tmp_path):
    settings = Settings(base_model=str(tiny), threads=1, lang="zh")
    request = SweepRequest(shares=(0.5,), pairs=4, epochs=1, items=1, general=general)
    first = sweep(project, settings, request, Silent())
    trained = counted(monkeypatch)
    heard = Stopping()
    more = sweep(project, settings, request.model_copy(update={"shares": (0.5, 1.0)}), heard)
    assert (len(trained), more.taken_over, more.run != first.run) == (1, 1, True)
    assert any("直接沿用" in note for note in heard.notes)
    assert sweep(project, settings, request.model_copy(update={"seed": 1}), Silent()).taken_over == 0
    assert sweep(project, settings, request.model_copy(update={"epochs": 2.0}), Silent()).taken_over == 0
    other = build_tiny_model(tmp_path / "other", seed=5)
    assert sweep(project, Settings(base_model=str(other), threads=1), request, Silent()).taken_over == 0
    save_pairs(project, [pair for pair in pairs() if pair.id != pairs()[0].id][:8])
    assert sweep(project, settings, request, Silent()).taken_over == 0
    for weights in project.runs.glob("*-pilot*/adapter/*.safetensors"):
        weights.unlink()
    assert sweep(project, settings, request, Silent()).taken_over == 0


@pytest.mark.slow
def test_a_killed_pilot_does_not_block_a_sweep_on_the_same_model_by_another_name(project, general, tiny, tmp_path):
    request = SweepRequest(shares=(0.5,), pairs=4, epochs=2, items=1, general=general)
    with pytest.raises(KeyboardInterrupt):
        sweep(project, Settings(base_model=str(tiny), threads=1), request, Stopping("epoch 2.00"))
    (killed,) = project.runs.glob("*-pilot*/pilot.json")
    assert (project.mixes / read_record(killed, SweepMark).mix / "manifest.json").exists()
    same = shutil.copytree(tiny, tmp_path / "same")
    assert sweep(project, Settings(base_model=str(same), threads=1), request, Silent()).taken_over == 0


def test_the_forecast_grows_with_the_general_data_of_low_shares():
    low, high = forecast(SweepRequest(shares=(0.1, 0.5), pairs=100, epochs=2), (100, 400))
    assert (low, high) == (1200 * 50 * 2 / 400, 1200 * 50 * 2 / 100)
