"""What a training needs has one answer: in `plan`, on the page, in the chat, in a decision, and before a training."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.policy.consent import consent
from agent.policy.devices import starting_rung
from agent.policy.memory import LADDER
from agent.policy.memory_parts import USUAL
from agent.prompts.phrases import gib_range
from agent.records.base import Language
from agent.records.hardware import MemoryPlan
from agent.records.profile import HardwareItem, Profile
from agent.records.tuning import Hyperparameters, Method, TuneRequest
from agent.settings import BUILTIN
from tests.graph.worlds import World, small_settings
from tests.tiny_model import build_tiny_model
from tests.tiny_project import build_tiny_project
from tests.ui.conftest import Ran
from tools.benchmark.comparison import compare
from tools.benchmark.subjects import of_device
from tools.forecast import step_facts
from tools.hardware import catalogue, find_device, this_machine
from tools.model_shape import BUILTIN_MODEL, read_shape
from tools.models import resolve_base_model
from tools.plan import model_at_hand
from tools.road_costs import costs
from tools.tuning.room import carried, model_in
from ui.pages.hardware import taken_apart, what_fits
from ui.plan_parts import part_rows

Cli = Callable[..., Ran]


def planned(cli: Cli, *arguments: str) -> MemoryPlan:
    return MemoryPlan.model_validate_json(cli("plan", *arguments, "--json").out)


def ranges(plan: MemoryPlan) -> dict[Method, str]:
    """Return the range of every method as people read it."""
    return {one.method: gib_range(one.gib_low, one.gib_high) for one in plan.methods}


@pytest.mark.parametrize(
    ("lang", "asks"), [("en", "what fits on an A800 for a 14B model?"), ("zh", "A800 上 14B 的模型放得下什么？")]
)
def test_of_a_size_on_a_device(cli: Cli, home: Path, lang: Language, asks: str) -> None:
    plan = planned(cli, "--device", "A800", "--params-b", "14")
    wanted = ranges(plan)
    assert (wanted["qlora"], wanted["full"]) == ("12–20", "120–240")
    row = re.search(r'<tr><th scope="row">14B</th>(.*?)</tr>', what_fits("A800", 1, None, lang))
    assert row
    assert re.findall(r'"ds-num">([\d.–]+) GiB', row[1]) == list(wanted.values())
    told = World(home, small_settings(home)).assistant().send("t", asks)
    assert told.action == "plan"
    assert [needed for needed in wanted.values() if needed not in told.reply] == []
    assert {"en": "disagree by about two", "zh": "相差约一倍"}[lang] in told.reply, "why it is a range"
    profile = Profile(hardware=(HardwareItem(device="A800", count=1),), base_model_params_b=14.0)
    method, (why, *_) = starting_rung(profile, {one.name: one for one in catalogue()}, lang)
    assert method == "qlora"
    assert wanted["qlora"] in why.text
    cost = costs(None, small_settings(home), profile, ("tune",))["tune"]
    assert (cost.gib_low, cost.gib_high) == (plan.methods[0].gib_low, plan.methods[0].gib_high)


@pytest.mark.parametrize(
    ("lang", "asks"), [("en", "what fits on an S3000 for a 14B model?"), ("zh", "S3000 上 14B 的模型放得下什么？")]
)
def test_of_answering_where_nothing_trains(cli: Cli, home: Path, lang: Language, asks: str) -> None:
    ran = cli("plan", "--device", "S3000", "--params-b", "14", "--lang", lang, "--json")
    plan = MemoryPlan.model_validate_json(ran.out)
    assert plan.inference is not None
    assert (plan.compute_type, plan.inference.compute_type, plan.inference_4bit) == ("fp32", "fp16", None)
    context = f"{plan.inference.largest_context:,}"
    assert plan.inference.largest_context > 2176
    assert any(context in note and "fp16" in note for note in plan.notes)
    assert context in taken_apart("S3000", 1, 14.0, None, None, lang)
    told = World(home, small_settings(home)).assistant().send("t", asks)
    assert told.action == "plan"
    assert context in told.reply
    row = compare([of_device(find_device("S3000"))], 14.0, lang).row("largest")
    assert row is not None
    assert row.cells[0].value == plan.inference.largest_params_b


def test_the_page_shows_the_parts_what_is_published_and_what_decides(cli: Cli) -> None:
    asked = ("--device", "A800", "--params-b", "3", "--batch", "8", "--length", "2048")
    plan = planned(cli, *asked)
    rows = {row[0]: row[1:] for row in part_rows(plan, "en")}
    assert rows["Range that decides"] == list(ranges(plan).values())
    assert rows["Published figures, to compare"] == ["2.8–7.1", "7.1–11", "26–53"]
    html = taken_apart("A800", 1, 3.0, 8, 2048, "en")
    for name in ("Most held", "Range that decides", "Published figures, to compare"):
        cells = "".join(f"<td>{cell}</td>" for cell in rows[name])
        assert f'<th scope="row">{name}</th>{cells}' in html
    row = re.search(r'<tr><th scope="row">3B</th>(.*?)</tr>', what_fits("A800", 1, 3.0, "en", 8, 2048))
    assert row
    assert re.findall(r'"ds-num">([\d.–]+) GiB', row[1]) == list(ranges(plan).values())
    usual = what_fits("A800", 1, 3.0, "en")
    assert usual != what_fits("A800", 1, 3.0, "en", 64, 4096), "batch and length count in the table too"


@pytest.mark.parametrize("family", ["llama", "experts"])
def test_of_the_base_model_that_is_set(
    cli: Cli, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, family: str
) -> None:
    folder = build_tiny_model(tmp_path / "tiny")
    if family == "experts":
        config = (folder / "config.json").read_text()
        (folder / "config.json").write_text(config.replace("{", '{"num_local_experts": 8,', 1))
    monkeypatch.setenv("DOMAINSMITH_BASE_MODEL", str(folder))
    plan = planned(cli)
    settings = small_settings(home, base_model=str(folder))
    told = World(home, settings).assistant().send("t", "what fits on this machine?")
    assert [needed for needed in ranges(plan).values() if needed not in told.reply] == []
    gate = carried(this_machine(), this_machine().gib, model_in(folder), dict.fromkeys(LADDER, USUAL), "en")
    project = build_tiny_project(settings, "Pumps")
    for one, before in zip(plan.methods, gate, strict=True):
        request = TuneRequest(method=one.method, base_model=str(folder), mix="m", seed=0)
        facts = step_facts(project, settings, "tune", request)
        assert (facts.gib_low, facts.gib_high) == (one.gib_low, one.gib_high) == (before.gib_low, before.gib_high)
        assert (
            f"{gib_range(one.gib_low, one.gib_high)} GiB (a range, as `domainsmith plan`"
            in consent("tune", facts).summary
        )
    auto = step_facts(project, settings, "tune", TuneRequest(method="auto", base_model=str(folder), mix="m", seed=0))
    assert auto.gib_high == plan.methods[0].gib_high
    (first,) = costs(project, settings, Profile(), ("tune",)).values()
    assert first.gib_high == plan.methods[0].gib_high


def test_the_cost_of_a_training_is_of_the_devices_that_the_decision_takes(home: Path) -> None:
    owned = (
        HardwareItem(device="our own accelerator", count=8),
        HardwareItem(device="S3000", count=8),
        HardwareItem(device="A800", count=2),
    )
    profile = Profile(hardware=owned, base_model_params_b=7.0)
    method, (why, *_) = starting_rung(profile, {one.name: one for one in catalogue()}, "en")
    cost = costs(None, small_settings(home), profile, ("tune",))["tune"]
    assert cost.gib_low is not None
    assert cost.gib_high is not None
    assert method == "qlora"
    assert gib_range(cost.gib_low, cost.gib_high) in why.text
    assert "tune" not in costs(
        None, small_settings(home), Profile(hardware=owned[:1], base_model_params_b=7.0), ("tune",)
    )


def test_the_settings_of_a_training_count_before_it(cli: Cli, home: Path, tmp_path: Path) -> None:
    folder = build_tiny_model(tmp_path / "tiny", hidden=256, layers=8)
    settings = small_settings(home)
    project = build_tiny_project(settings, "Pumps")
    given = Hyperparameters(epochs=1, learning_rate=1e-4, batch_size=1, max_length=64, rank=256, compute_type="fp32")
    asked = TuneRequest(method="lora", base_model=str(folder), mix="m", hyperparameters=given, seed=0)
    facts = step_facts(project, settings, "tune", asked)
    plan = planned(cli, "--model", str(folder), "--batch", "1", "--rank", "256")
    assert (facts.gib_low, facts.gib_high) == (plan.methods[1].gib_low, plan.methods[1].gib_high)
    assert (
        facts.gib_low
        != step_facts(project, settings, "tune", asked.model_copy(update={"hyperparameters": None})).gib_low
    )


def test_the_built_in_model_is_known_without_being_unpacked(home: Path) -> None:
    settings = small_settings(home)
    assert model_at_hand(BUILTIN, settings) == BUILTIN_MODEL
    assert not settings.cache_folder.exists()
    assert model_at_hand("nobody/no-such", settings) is None


@pytest.mark.slow
def test_what_is_known_of_the_built_in_model_is_what_its_files_say(home: Path) -> None:
    assert read_shape(resolve_base_model(small_settings(home))) == BUILTIN_MODEL
