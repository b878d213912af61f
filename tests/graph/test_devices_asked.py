"""What devices carry, asked in both languages: no device is answered for in another's place, and none is left out."""

from __future__ import annotations

from pathlib import Path

import pytest

import tools.hardware
from agent.records.base import Language
from tests.graph.worlds import World, small_settings


@pytest.fixture
def world(tmp_path: Path) -> World:
    home = tmp_path / "home"
    return World(home, small_settings(home))


@pytest.mark.parametrize(
    ("text", "lang", "says", "offers"),
    [
        ("can we tune a 70B on an H200?", "en", "I know no device called H200", "NVIDIA H100 SXM"),
        ("14B on A8000", "en", "I know no device called A8000", "NVIDIA A800 PCIe"),
        ("H200 上能微调 70B 吗", "zh", "我不认识名为 H200 的设备", "NVIDIA H100 SXM"),
        ("昇腾 920 上能微调 7B 吗", "zh", "我不认识名为 昇腾 920 的设备", "Huawei Ascend 910A"),
    ],
)
def test_an_unknown_device_is_said_to_be_unknown(
    world: World, text: str, lang: Language, says: str, offers: str
) -> None:
    assistant = world.assistant()
    turn = assistant.send("t", text, lang)
    assert says in turn.reply
    assert str(world.home / "devices.yaml") in turn.reply
    assert "GiB" not in turn.reply, "answered for another device"
    assert offers in [option.label for option in turn.options]
    size = "14B" if "14B" in text else "7B" if " 7B" in text else "70B"
    assert f"1 × {offers}, {size}" in assistant.send("t", offers, lang).reply


@pytest.mark.parametrize(
    ("text", "lang", "says"),
    [
        ("H200 or A800 for tuning 14B?", "en", ["called H200", "You also named NVIDIA A800 PCIe"]),
        ("微调14B用H200还是A800？", "zh", ["名为 H200", "您还提到了我认识的 NVIDIA A800 PCIe"]),
    ],
)
def test_beside_a_known_device_none_is_offered(world: World, text: str, lang: Language, says: list[str]) -> None:
    turn = world.assistant().send("t", text, lang)
    assert [part for part in says if part not in turn.reply] == []
    assert turn.options == ()


def test_a_machine_that_is_the_unknown_device_answers_for_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    here = tools.hardware.this_machine().model_copy(update={"name": "NVIDIA H200", "gib": 139.0})
    monkeypatch.setattr(tools.hardware, "this_machine", lambda lang=None: here)
    monkeypatch.setattr(tools.hardware, "_name_here", lambda: here.name)
    assert "1 × NVIDIA H200, 70B" in world.assistant().send("t", "can we tune a 70B on an H200?").reply


@pytest.mark.parametrize(
    ("text", "lang", "says"),
    [
        (
            "what can we run on a 910A?",
            "en",
            ["largest models", "answering, in fp16 on one device: about 16B", "LoRA: about 12B"],
        ),
        ("910A 上能跑什么？", "zh", ["能承载的最大模型", "推理（fp16，单设备）：约 16B", "LoRA：约 12B"]),
        ("what can we run on an S3000?", "en", ["about 16B", "LoRA: none"]),
        ("S3000 上能跑什么？", "zh", ["约 16B", "LoRA：无"]),
        ("what can we run on a T4?", "en", ["in fp16 on one device: about 7.7B", "in 4 bit on one device: about 24B"]),
        ("T4 上能跑什么？", "zh", ["推理（fp16，单设备）：约 7.7B", "推理（4 位，单设备）：约 24B"]),
    ],
)
def test_without_a_size_the_largest_models_come_first(world: World, text: str, lang: Language, says: list[str]) -> None:
    turn = world.assistant().send("t", text, lang)
    assert turn.action == "plan"
    assert [part for part in says if part not in turn.reply] == []
    assert "A800" not in turn.reply


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("can we tune 14B on two A800 or four S4000 or one H100?", "en"),
        ("两张A800、四张S4000或一张H100能微调14B吗？", "zh"),
    ],
)
def test_every_device_that_is_named_is_answered_for(world: World, text: str, lang: Language) -> None:
    reply = world.assistant().send("t", text, lang).reply
    heads = ["2 × NVIDIA A800 PCIe, 14B", "4 × Moore Threads S4000, 14B", "1 × NVIDIA H100 SXM, 14B"]
    assert [reply.count(head) for head in heads] == [1, 1, 1]


@pytest.mark.parametrize(
    ("text", "lang", "says", "never"),
    [
        ("can we tune 14B on an S3000?", "en", "Q-LoRA: not available on Moore Threads S3000", "not available — "),
        ("S3000 能微调 14B 吗", "zh", "没有发布支持 S3000 的 torch_musa 安装包", "realistic use"),
    ],
)
def test_reasons_are_said_once_and_in_the_language(
    world: World, text: str, lang: Language, says: str, never: str
) -> None:
    reply = world.assistant().send("t", text, lang).reply
    assert says in reply
    assert never not in reply
    assert "no torch_musa wheel" not in reply or lang == "en"


@pytest.mark.parametrize(
    ("text", "lang"), [("we have two RTX 5090 in the server room", "en"), ("硬件：两张RTX 5090，不联网", "zh")]
)
def test_a_teams_unknown_hardware_is_kept_as_it_is_named(world: World, text: str, lang: Language) -> None:
    turn = world.assistant().send("t", text, lang)
    assert turn.action == "setup"
    assert "2 × RTX 5090" in turn.reply
