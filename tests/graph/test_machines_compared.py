"""Questions about machines, asked of the assistant in both languages: answered from benchmarks and the catalogue."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from agent.records.base import Language
from agent.records.benchmark import BenchmarkResult, Machine
from graph.understanding.slots import read_slots
from tests.graph.worlds import World, small_settings
from tests.tools.benchmark.compared import here, point, result
from tools.benchmark.saved import save
from tools.jobs.store import JobStore

LABELS = {"en": ("(data sheet)", "(estimated)", "(measured)"), "zh": ("（规格书）", "（估算）", "（实测）")}


@pytest.fixture
def world(tmp_path: Path) -> World:
    home = tmp_path / "home"
    return World(home, small_settings(home))


def measured(device: str, speed: float, at: str = "2026-05-01T10:00:00Z", **changed: Any) -> BenchmarkResult:
    fingerprint = hashlib.sha256(device.encode()).hexdigest()[:12]
    return result(
        at=at,
        place="script",
        device=Machine(name=device, backend="musa", gib=48.0, fingerprint=fingerprint),
        measurements=(point(speed), point(3 * speed, batch=4)),
        **changed,
    )


@pytest.mark.parametrize(
    ("text", "lang", "says"),
    [
        ("how does the S4000 compare for inference?", "en", ["NVIDIA A800 PCIe is faster than", "2.5 times as fast"]),
        ("S4000推理比A800慢多少？", "zh", ["NVIDIA A800 PCIe 比 Moore Threads S4000 快", "为 2.5 倍"]),
    ],
)
def test_devices_nobody_measured_are_compared_by_bounds_that_say_so(
    world: World, text: str, lang: Language, says: list[str]
) -> None:
    turn = world.assistant().send("t", text)
    assert turn.action == "benchmark"
    assert [part for part in says if part not in turn.reply] == []
    sheet, estimated, real = LABELS[lang]
    assert f"54.6{estimated[0] if lang == 'zh' else ' ('}" in turn.reply
    assert sheet in turn.reply
    assert estimated in turn.reply
    assert real not in turn.reply, "nothing was measured"
    assert "`domainsmith bench`" in turn.reply
    assert {"Moore Threads S4000", "NVIDIA A800 PCIe"} == set(turn.evidence)
    assert turn.articles == ("hardware",)
    assert turn.approval is None


@pytest.mark.parametrize(
    ("text", "gap"),
    [
        ("S4000 or S3000, which is faster for inference?", "Moore Threads S3000: Arithmetic, 16 bit"),
        ("S3000 跟 S4000 推理差多少", "Moore Threads S3000：16 位算力"),
    ],
)
def test_what_nobody_knows_is_said(world: World, text: str, gap: str) -> None:
    assert gap in world.assistant().send("t", text).reply


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("how does the S4000 compare with the A800 for inference?", "80 (measured) against 40 (measured)"),
        ("S4000推理比A800慢多少？", "80（实测）对 40（实测）"),
    ],
)
def test_what_both_were_measured_at_decides(world: World, text: str, says: str) -> None:
    save(world.home, measured("MTT S4000", 40.0))
    save(world.home, measured("NVIDIA A800 80GB PCIe", 80.0))
    turn = world.assistant().send("t", text)
    assert says in turn.reply
    assert "2.0" in turn.reply
    assert all(name.endswith("-20260501T100000Z") for name in turn.evidence)


@pytest.mark.parametrize(
    ("text", "level", "faster"),
    [
        ("how does the S4000 compare with the A800 for inference?", "are level: ", "is faster than"),
        ("S4000推理比A800慢多少？", "相当：", "快："),
    ],
)
@pytest.mark.parametrize(("speed", "spread", "even"), [(40.5, None, True), (44.0, 0.15, True), (44.0, 0.05, False)])
def test_speeds_that_differ_less_than_their_repeats_are_level(
    world: World, text: str, level: str, faster: str, speed: float, spread: float | None, even: bool
) -> None:
    save(world.home, measured("MTT S4000", 40.0))
    quicker = measured("NVIDIA A800 80GB PCIe", speed)
    points = tuple(one.model_copy(update={"spread": spread}) for one in quicker.measurements)
    save(world.home, quicker.model_copy(update={"measurements": points}))
    reply = world.assistant().send("t", text).reply
    assert (level in reply, faster in reply) == (even, not even)
    assert "1.0 times" not in reply


@pytest.mark.parametrize(
    ("text", "says", "never"),
    [
        ("how fast is the S4000 against the A800?", "not measured", "against 40"),
        ("S4000推理比A800慢多少？", "未实测", "对 40"),
    ],
)
def test_a_measured_speed_is_never_set_against_a_bound(world: World, text: str, says: str, never: str) -> None:
    save(world.home, measured("MTT S4000", 40.0))
    reply = world.assistant().send("t", text).reply
    assert says in reply
    assert never not in reply


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("how does the S4000 compare for inference with a 70B model?", "does not fit: needs 132 GiB of 48"),
        ("70B模型推理，S4000比A800慢多少？", "装不下：需要 132 GiB，只有 48"),
    ],
)
def test_a_model_too_large_has_no_speed(world: World, text: str, says: str) -> None:
    reply = world.assistant().send("t", text).reply
    assert says in reply
    assert "times as fast" not in reply
    assert "倍" not in reply


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("can we tune 14B on two A800?", ["2 × NVIDIA A800 PCIe, 14B", "Q-LoRA: fits", "starts at Q-LoRA"]),
        ("两张A800能微调14B吗？", ["2 × NVIDIA A800 PCIe, 14B", "Q-LoRA: 装得下", "从 Q-LoRA 开始"]),
    ],
)
def test_what_can_be_tuned_is_answered_by_the_plan(world: World, text: str, says: list[str]) -> None:
    turn = world.assistant().send("t", text)
    assert turn.action == "plan"
    assert [part for part in says if part not in turn.reply] == []


@pytest.mark.parametrize(
    ("text", "lang", "says"),
    [
        ("measure this machine", "en", ["No benchmark of this machine is saved yet", "I do not start it by myself"]),
        ("测一下这台机器", "zh", ["还没有保存过本机的基准测试", "我不会自行启动"]),
    ],
)
def test_measuring_is_left_to_a_person(world: World, text: str, lang: Language, says: list[str]) -> None:
    world.workspace.create("pumps")
    turn = world.assistant().send("t", text, lang, "pumps")
    assert turn.action == "benchmark"
    assert [part for part in (*says, "`domainsmith bench`") if part not in turn.reply] == []
    assert turn.approval is None
    assert not JobStore(world.workspace.open("pumps").jobs).list()
    assert not (world.home / "benchmarks").exists()


@pytest.mark.parametrize(
    ("text", "lang", "says"),
    [
        (
            "measure this machine",
            "en",
            ["Saved is a benchmark of this machine", "40 (measured)", "incomplete: cancelled after 2 of 5", "noisy"],
        ),
        ("测一下这台机器", "zh", ["已保存本机（", "40（实测）", "基准测试不完整：已取消，完成 5 项中的 2 项", "noisy"]),
    ],
)
def test_the_newest_benchmark_of_this_machine_is_what_it_answers_with(
    world: World, text: str, lang: Language, says: list[str]
) -> None:
    partial: dict[str, Any] = {"complete": False, "stopped": "cancelled after 2 of 5 parts"}
    save(world.home, here(10.0, at="2026-04-01T10:00:00Z", **partial))
    save(world.home, here(warnings=("noisy",), **partial))
    save(world.home, result("Chip of another machine", 777.0, at="2026-07-01T10:00:00Z"))
    save(world.home, measured("Elsewhere", 999.0, at="2026-06-01T10:00:00Z"))
    turn = world.assistant().send("t", text, lang)
    assert [part for part in (*says, "`domainsmith bench`") if part not in turn.reply] == []
    assert here().device.name in turn.reply
    assert "999" not in turn.reply
    assert "777" not in turn.reply
    assert "0123456789ab-20260501T100000Z" in turn.evidence


def test_a_benchmark_without_speeds_says_so(world: World) -> None:
    save(world.home, here(measurements=(), training=(), roofline=None))
    reply = world.assistant().send("t", "measure this machine").reply
    assert "That benchmark holds no speeds." in reply
    assert "5 of 8 (measured)" in reply


@pytest.mark.parametrize(
    ("facts", "partner"),
    [
        ({"hardware": [{"device": "RTX 4090", "count": 1}]}, "NVIDIA RTX 4090"),
        ({"hardware": [{"device": "the box in the cellar", "count": 1}]}, "NVIDIA A800 PCIe"),
        ({"base_model_params_b": 14.0}, "NVIDIA A800 PCIe"),
    ],
)
def test_one_device_is_set_against_what_the_team_has(world: World, facts: dict[str, object], partner: str) -> None:
    from tools.profiles import save_facts

    save_facts(world.workspace.create("pumps"), facts)
    turn = world.assistant().send("t", "how does the S4000 compare for inference?", "en", "pumps")
    assert turn.evidence == ("Moore Threads S4000", partner)
    assert ("14B" in turn.reply) == ("base_model_params_b" in facts)


def test_one_device_is_set_against_this_machine_where_that_was_measured(world: World) -> None:
    save(world.home, here())
    turn = world.assistant().send("t", "how does the S4000 compare for inference?")
    assert turn.evidence == ("Moore Threads S4000", "0123456789ab-20260501T100000Z")


@pytest.mark.parametrize(
    ("text", "slots"),
    [
        ("is this machine slower than the A800?", {"devices": ["this machine", "NVIDIA A800 PCIe"]}),
        ("本机和S4000推理哪个快", {"devices": ["this machine", "Moore Threads S4000"]}),
        ("how fast would 14B run on the S4000?", {"devices": ["Moore Threads S4000"], "params_b": 14.0}),
    ],
)
def test_this_machine_and_a_size_are_read(text: str, slots: dict[str, object]) -> None:
    assert slots.items() <= read_slots("benchmark", text).items()


def test_this_machine_beside_a_device_is_compared(world: World) -> None:
    turn = world.assistant().send("t", "how fast is this machine against the A800?")
    assert turn.action == "benchmark"
    assert len(turn.evidence) == 2
    assert "is not known" in turn.reply, "its bandwidth is not"


def test_equal_bounds_are_level(world: World) -> None:
    reply = world.assistant().send("t", "is the A100 faster than the A800 for inference?").reply
    assert "are level by their figures" in reply
