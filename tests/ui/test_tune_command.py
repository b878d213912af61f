"""`tune` on the command line: one run unless a climb and its cost are agreed to, exit 3 where a yes is missing."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.policy.memory import fit
from agent.progress import Silent
from agent.records.tuning import ClimbPlan, TuneRequest, TuneResult
from agent.settings import Settings
from knowledge.files import write_record
from tests.agent.policy.builders import device
from tests.benchmarks.ladder import SITUATIONS, project_of
from tests.tiny_model import build_tiny_model
from tests.tools.ladder.conftest import Scripted, Way
from tests.ui.conftest import Ran
from tools.ladder.climb import climb
from tools.workspace import Project
from ui.commands import tuning
from ui.runtime import Runtime

Cli = Callable[..., Ran]
CURVE = {0.25: 0.10, 0.5: 0.12}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny_model(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture
def asked(home: Path, tiny: Path, monkeypatch: pytest.MonkeyPatch) -> list[TuneRequest]:
    """A project whose trainings are scripted; every request that would have started a job."""
    monkeypatch.setenv("DOMAINSMITH_BASE_MODEL", str(tiny))
    project = project_of(home, SITUATIONS[0])
    heard: list[TuneRequest] = []

    def station(
        runtime: Runtime, opened: Project, kind: str, request: TuneRequest, result: type[TuneResult], *, detach: bool
    ) -> TuneResult:
        heard.append(request)
        trials = Scripted(project, {("qlora", 16): Way(0.13, 1.0), ("lora", 16): Way(0.9, 0.3)}, curve=CURVE)
        run = opened.new_run("tune")
        settings: Settings = runtime.settings
        wanted = request if request.climb else request.model_copy(update={"climb": ClimbPlan()})
        fits = fit(device("Big", 2000), 1, 0.135)
        done = climb(opened, settings, wanted, run, Silent(), trials=trials, fits=fits)
        if request.climb is None:
            (run / "ladder.json").unlink()
            done = done.model_copy(update={"ladder": ""})
        write_record(run / "result.json", done)
        return done

    monkeypatch.setattr(tuning, "run_station", station)
    return heard


def test_without_a_yes_one_run_is_trained_and_it_is_said_what_was_not_measured(
    cli: Cli, asked: list[TuneRequest]
) -> None:
    ran = cli("tune")
    assert ran.code == 0
    assert asked[0].climb is None
    assert "`--yes` climbs by its gates" in ran.out


def test_with_a_yes_it_climbs_and_stops_before_a_costlier_rung(cli: Cli, asked: list[TuneRequest]) -> None:
    ran = cli("tune", "--yes", "--target", "0.7", "--items", "50", "--batch-size", "4")
    assert ran.code == 3
    assert asked[0].climb == ClimbPlan(target=0.7, climb_to="qlora", items=50)
    assert asked[0].overrides == {"batch_size": 4}
    assert "A higher rung waits for your yes" in ran.out
    assert "domainsmith tune -p met --yes --climb-to lora" in ran.err


def test_a_rung_agreed_to_in_advance_is_climbed_to(cli: Cli, asked: list[TuneRequest]) -> None:
    ran = cli("tune", "--yes", "--climb-to", "lora", "--lang", "zh")
    assert ran.code == 0
    assert "已达标" in ran.out
    told = cli("tune", "--yes", "--climb-to", "lora", "--json").json
    assert (told["method"], told["ladder"]) == ("lora", "done")


def test_the_result_is_one_json_document_where_a_yes_is_missing(cli: Cli, asked: list[TuneRequest]) -> None:
    ran = cli("tune", "--yes", "--json")
    assert ran.code == 3
    assert json.loads(ran.out)["ladder"] == "awaiting_approval"


def test_options_of_a_climb_without_a_yes_are_answered_with_its_cost(cli: Cli, asked: list[TuneRequest]) -> None:
    ran = cli("tune", "--climb-to", "lora")
    assert (ran.code, asked) == (3, [])
    assert "up the ladder by its gates as far as LoRA: at most 24 trainings, each measured on 16 sealed" in ran.err
    assert "--yes" in ran.err
    assert cli("tune", "--climb-to", "full", "--lang", "zh").code == 3


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("answer", "climbs"), [("y\n", True), ("是\n", True), ("\n", False), ("no\n", False)])
def test_on_a_terminal_it_asks_once_with_the_cost(
    answer: str, climbs: bool, cli: Cli, asked: list[TuneRequest], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = Terminal()
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    monkeypatch.setattr("sys.stderr", shown)
    cli("tune")
    assert (asked[0].climb is not None) == climbs
    assert "at most 12 trainings" in shown.getvalue()
    assert "[y/N]" in shown.getvalue()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--method", "lora", "--climb-to", "full"], "a climb starts on the first rung"),
        (["--climb-to", "rank"], "it takes qlora, lora, full"),
        (["--method", "best"], "it takes auto, qlora, lora, full"),
        (["--yes", "--for", "taste"], "domain_knowledge"),
        (["--target", "70"], "give it as 0.8"),
        (["--batch-size", "0"], "batch-size"),
    ],
)
def test_wrong_options_say_what_is_right(options: list[str], says: str, cli: Cli, asked: list[TuneRequest]) -> None:
    ran = cli("tune", *options)
    assert (ran.code, asked) == (2, [])
    assert says in ran.err


def test_a_method_that_is_named_is_one_run(cli: Cli, asked: list[TuneRequest]) -> None:
    ran: Any = cli("tune", "--method", "qlora", "--yes")
    assert ran.code == 0
    assert asked[0].climb is None
    assert "climbs by its gates" not in ran.out
