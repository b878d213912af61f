import json

import pytest

from agent.errors import EmptyError
from agent.progress import Silent
from agent.records.evaluation import Item
from agent.records.tuning import TuneResult
from agent.settings import Settings
from knowledge.files import read_record, write_records
from tests.tiny_model import build_tiny_model
from tests.tools.mixing.test_mix import pairs
from tools.mixing.run import latest_mix
from tools.mixing.sweep import forecast, sweep
from tools.mixing.swept import SweepRequest
from tools.pairs import save_pairs
from tools.status import project_facts
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


def test_the_forecast_grows_with_the_general_data_of_low_shares():
    low, high = forecast(SweepRequest(shares=(0.1, 0.5), pairs=100, epochs=2), (100, 400))
    assert (low, high) == (1200 * 50 * 2 / 400, 1200 * 50 * 2 / 100)
