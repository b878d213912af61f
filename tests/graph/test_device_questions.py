"""Questions about devices, asked in both languages: the one that was asked is answered, and first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.records.base import Language
from graph.comparing import look_at_machine
from graph.nodes.understand import understand
from graph.replies.machines import token_costs
from graph.state import ConversationState, Incoming
from tests.graph.worlds import World, small_settings
from tools.benchmark.comparison import compare
from tools.benchmark.subjects import of_device
from tools.hardware import find_device, this_machine
from tools.hardware_settings import use_settings, used_settings
from tools.plan import plan
from tools.requests import MachineRequest

A800, S4000, A910 = "NVIDIA A800 PCIe", "Moore Threads S4000", "Huawei Ascend 910A"


@pytest.fixture
def world(tmp_path: Path) -> World:
    home = tmp_path / "home"
    return World(home, small_settings(home))


def priced(world: World, *lines: str) -> World:
    world.home.mkdir(exist_ok=True)
    (world.home / "devices.yaml").write_text("\n".join(("prices:", *(f"  {line}" for line in lines))))
    return world


@pytest.mark.parametrize(
    ("text", "lang", "says"),
    [
        (
            "Can I run 72B inference on one A800?",
            "en",
            [
                "Inference with 72B on 1 × NVIDIA A800 PCIe",
                "in bf16: no — 134 GiB of weights against 80 GiB",
                "about 41B",
            ],
        ),
        (
            "Can the A800 serve a 72B model?",
            "en",
            ["no — 134 GiB of weights", "in 4 bit (NF4): yes — 38 GiB of weights"],
        ),
        ("Can I run 72B on one A800?", "en", ["in bf16: no — 134 GiB of weights against 80 GiB"]),
        (
            "能用一张A800推理72B吗？",
            "zh",
            ["推理（估算", "以 bf16：不行——权重 134 GiB", "4 位（NF4）：可以——权重 38 GiB"],
        ),
        ("在一张S4000上部署32B模型行吗", "zh", ["以 bf16：不行——权重 60 GiB，设备内存 48 GiB", "不规划 4 位推理"]),
        (
            "can the S3000 serve 7B?",
            "en",
            ["in fp16: yes — 13 GiB of weights against 32 GiB", "in 4 bit is not planned"],
        ),
        ("can two A800 serve 72B?", "en", ["You asked of 2: inference with a model split over several devices"]),
        ("两张A800能部署72B吗", "zh", ["您问的是 2 张：这里不规划把模型拆到多张卡上推理"]),
        (
            "can an A800 serve a 41B with 100k tokens of context?",
            "en",
            ["for a conversation of 102,400 tokens", "in bf16: no — 76 GiB of weights fit into 80 GiB, but only"],
        ),
    ],
)
def test_inference_is_answered_before_training(world: World, text: str, lang: Language, says: list[str]) -> None:
    turn = world.assistant().send("t", text, lang)
    assert turn.action == "plan"
    assert [part for part in says if part not in turn.reply] == []
    training = {"en": "is another question:\n- Q-LoRA", "zh": "是另一个问题：\n- Q-LoRA"}[lang]
    assert 0 < turn.reply.index("4 bit" if lang == "en" else "4 位") < turn.reply.index(training)


def test_inference_is_that_of_the_plan(world: World) -> None:
    found = plan("A800", 1, 72.0).inference_4bit
    assert found is not None
    assert f"room for {found.largest_context:,} tokens" in world.assistant().send("t", "can an A800 serve 72B?").reply


@pytest.mark.parametrize(
    ("text", "lang", "says"),
    [
        (
            "fine-tune 14B on two A800 and serve it on one S4000?",
            "en",
            ["Inference with 14B on 1 × Moore", "starts at"],
        ),
        ("能在A800上微调14B再部署吗", "zh", ["上用 14B 推理", "从 Q-LoRA 开始"]),
    ],
)
def test_asked_for_both_both_are_told(world: World, text: str, lang: Language, says: list[str]) -> None:
    reply = world.assistant().send("t", text, lang).reply
    assert [part for part in says if part not in reply] == []
    assert "another question" not in reply
    assert "另一个问题" not in reply


def test_without_a_size_the_largest_for_inference_come_first(world: World) -> None:
    reply = world.assistant().send("t", "what can one A800 serve?").reply
    assert reply.startswith("The largest models that 1 × NVIDIA A800 PCIe carries, estimated:\n- answering, in bf16")


@pytest.mark.parametrize(
    ("text", "lang", "says"),
    [
        ("Compare A800, S4000 and 910A", "en", "NVIDIA A800 PCIe is faster than Moore Threads S4000"),
        ("比较A800、S4000和910A", "zh", "NVIDIA A800 PCIe 比 Moore Threads S4000 快"),
        ("A800和S4000有什么区别", "zh", "NVIDIA A800 PCIe 比 Moore Threads S4000 快"),
        ("A800 vs S4000", "en", "NVIDIA A800 PCIe is faster than Moore Threads S4000"),
        ("S4000", "en", "The largest models that 1 × Moore Threads S4000 carries"),
        ("H200", "en", "I know no device called H200"),
        ("should we buy two A800?", "en", "The largest models that 2 × NVIDIA A800 PCIe carries"),
        ("要不要买两张A800？", "zh", "2 × NVIDIA A800 PCIe 能承载的最大模型"),
    ],
)
def test_a_question_changes_no_profile(world: World, text: str, lang: Language, says: str) -> None:
    assistant = world.assistant()
    turn = assistant.send("t", text, lang)
    assert says in turn.reply
    assert assistant.profile("t").hardware is None


@pytest.mark.parametrize(
    ("text", "expecting", "action", "noted"),
    [
        ("S4000", {"kind": "field", "field": "hardware"}, "setup", [S4000]),
        ("two A800 and an S4000", {"kind": "field", "field": "hardware"}, "setup", [A800, S4000]),
        ("S4000", {"kind": "field", "field": "privacy"}, "plan", []),
        ("S4000", None, "plan", []),
        ("Compare A800, S4000 and 910A", {"kind": "field", "field": "hardware"}, "benchmark", []),
        ("比较A800、S4000和910A", {"kind": "field", "field": "hardware"}, "benchmark", []),
        ("should we buy two A800?", {"kind": "field", "field": "hardware"}, "plan", []),
        ("要不要买两张A800？", {"kind": "field", "field": "hardware"}, "plan", []),
    ],
)
def test_a_bare_name_is_hardware_only_where_that_was_asked(
    world: World, text: str, expecting: dict[str, str] | None, action: str, noted: list[str]
) -> None:
    incoming = Incoming(id="1", kind="message", text=text, at="2026-11-24T00:00:00Z")
    state = ConversationState(thread="t", incoming=incoming, expecting=expecting)
    read = understand(state, world.assistant()._context)["understanding"]
    assert read["action"] == action
    assert [one["device"] for one in read["slots"].get("hardware", ())] == noted


@pytest.mark.parametrize(
    ("text", "lang", "says"),
    [
        ("can we tune 14B on two A800 and three XYZ-77?", "en", "I know no device called XYZ-77"),
        ("两张A800和三张XYZ-77能微调14B吗", "zh", "我不认识名为 XYZ-77 的设备"),
        ("can we tune 14B on zero A800", "en", "“zero” is no number of devices"),
        ("can we tune 14B on -2 A800", "en", "“-2” is no number of devices"),
        ("can we tune 14B on 1000000 A800", "en", "a whole number from 1 to 100,000"),
        ("能在零张A800上微调14B吗", "zh", "“零”不是可以规划的设备数量"),
        ("负两张A800能微调14B吗", "zh", "“负两”不是可以规划的设备数量"),
        ("一百万张A800能微调14B吗", "zh", "“一百万”不是可以规划的设备数量"),
        ("can an A800 tune 5000B?", "en", "I do not understand “5000B” as a model's size"),
        ("能在A800上微调0B吗", "zh", "“0B”不像模型大小"),
        ("can we tune 14B on A800 with batch 0?", "en", "A batch of “0” cannot be planned for"),
        ("A800微调14B，批量0，行吗", "zh", "无法按批量“0”规划"),
        ("can we tune 14B on A800 with length 4?", "en", "Examples of “4” tokens cannot be planned for"),
        ("A800微调14B，长度4，行吗", "zh", "无法按每条“4”个词元规划"),
        ("how long does it take to train 14B on an A800 with 0 tokens?", "en", "“0” training tokens cannot"),
        ("A800训练14B，0个词元，要多久", "zh", "无法按“0”个训练词元规划"),
    ],
)
def test_what_cannot_be_planned_is_said(world: World, text: str, lang: Language, says: str) -> None:
    reply = world.assistant().send("t", text, lang).reply
    assert says in reply
    assert " GiB" not in reply, "planned for something else"


@pytest.mark.parametrize(
    ("text", "lang", "says"),
    [
        ("can we tune 14,000M on A800", "en", "1 × NVIDIA A800 PCIe, 14B"),
        ("tune 14B on two A800 with length 4096", "en", "16 examples a step of 4096 tokens"),
        ("can we tune 14B on two A800, 8192 tokens per example, batch 4?", "en", "4 examples a step of 8192 tokens"),
        ("两张A800微调14B，长度4096，批量4，放得下吗", "zh", "按每步 4 条、每条 4096 个词元"),
    ],
)
def test_the_plan_is_for_what_was_named(world: World, text: str, lang: Language, says: str) -> None:
    assert says in world.assistant().send("t", text, lang).reply


@pytest.mark.parametrize(
    ("text", "lang", "says"),
    [
        (
            "how long would training 14B on two A800 take?",
            "en",
            [
                "time for 1,000,000 training tokens, estimated",
                "- Q-LoRA: 12 min to 42 min",
                "if it fitted",
                "Name them",
            ],
        ),
        (
            "how long does it take to train 7B on one 910A with 10 million tokens?",
            "en",
            ["10,000,000 training tokens", "- Q-LoRA: none — ", "- LoRA: 49 min to 2.7 h", "16 examples a step"],
        ),
        ("在两张A800上微调14B要多久？", "zh", ["1,000,000 个训练词元", "Q-LoRA：12 分钟至 42 分钟", "请说明词元数"]),
        ("910A微调7B，1000万词元，需要多少小时", "zh", ["10,000,000 个训练词元", "LoRA：49 分钟至 2.7 小时"]),
    ],
)
def test_a_time_is_told_where_one_is_asked(world: World, text: str, lang: Language, says: list[str]) -> None:
    turn = world.assistant().send("t", text, lang)
    assert turn.action == "plan"
    assert [part for part in says if part not in turn.reply] == []
    assert ("Name them" in turn.reply or "请说明词元数" in turn.reply) is ("0,000,000" not in turn.reply)


@pytest.mark.parametrize(
    ("text", "lang", "says"),
    [
        (
            "how long does training take on an A800?",
            "en",
            "No size was named, so this is for the base model that is set.",
        ),
        ("A800上训练要多久？", "zh", "未指明模型大小，以下针对所设基座模型。"),
    ],
)
def test_a_time_for_no_size_says_so(world: World, text: str, lang: Language, says: str) -> None:
    assert world.assistant().send("t", text, lang).reply.startswith(says)


@pytest.fixture
def own_devices(world: World) -> Iterator[World]:
    before = used_settings()
    use_settings(world.settings)
    yield world
    use_settings(before)


def test_a_device_without_a_peak_has_no_time(own_devices: World) -> None:
    world = own_devices
    cells = {"backend": "musa", "gib": 96, "bf16": '"yes"', "compute_type": "bf16", "lora": "true", "full": "true"}
    rows = "\n".join(f"      {name}: [{value}, datasheet, page]" for name, value in cells.items())
    world.home.mkdir()
    (world.home / "devices.yaml").write_text(
        f"devices:\n  - name: Example X100\n    aliases: [X100]\n    cells:\n{rows}\n"
        "      qlora: [false, datasheet, page]\n    why_not: {qlora: no such layer}\nprices:\n  X100: [3, offer]\n"
    )
    reply = world.assistant().send("t", "how long does it take to train 7B on an X100?").reply
    assert "- LoRA: not known, since nothing says how fast this device is" in reply
    asked = world.assistant().send("u", "what does it cost to train 7B on an X100?").reply
    assert "no method both fits and has a known time" in asked
    tokens = world.assistant().send("v", "what do a million tokens cost on an X100?").reply
    assert "No speed is known" in tokens


@pytest.mark.parametrize(
    ("text", "lang", "says"),
    [
        (
            "What does a million tokens cost on A800?",
            "en",
            ["No price of NVIDIA A800 PCIe is known", "under `prices:`"],
        ),
        ("A800上一百万词元要多少钱？", "zh", ["不知道 NVIDIA A800 PCIe 的价格", "在 `prices:` 下写一行"]),
        ("what does it cost to tune 14B on A800?", "en", ["No price of NVIDIA A800 PCIe", "- LoRA: 8 min to 28 min"]),
        ("what does this machine cost per million tokens?", "en", ["No price of this machine"]),
    ],
)
def test_without_a_price_it_says_how_to_give_one(world: World, text: str, lang: Language, says: list[str]) -> None:
    turn = world.assistant().send("t", text, lang)
    assert [part for part in says if part not in turn.reply] == []
    assert str(world.home / "devices.yaml") in turn.reply
    assert "largest models" not in turn.reply


@pytest.mark.parametrize(
    ("text", "lang", "says"),
    [
        ("What does a million tokens cost on A800?", "en", ["NVIDIA A800 PCIe 12.5 (given by you)", "A800 PCIe 0.896"]),
        ("A800上一百万词元要多少钱？", "zh", ["单设备每小时价格：NVIDIA A800 PCIe 12.5", "成本下限"]),
        ("A800 or S4000, which is cheaper?", "en", ["No price of Moore Threads S4000", "NVIDIA A800 PCIe 12.5"]),
        (
            "what does it cost to tune 14B on two A800 with 100 million tokens?",
            "en",
            [
                "at 12.5 an hour for one NVIDIA A800 PCIe (offer), with 2",
                "- Q-LoRA: 251.05 to 878.69",
                "Q-LoRA is planned",
            ],
        ),
        ("在A800上微调14B一亿词元的成本是多少", "zh", ["每小时 12.5（offer）、共 1 张计", "Q-LoRA：251.05 至 878.69"]),
    ],
)
def test_a_price_that_was_given_is_used(world: World, text: str, lang: Language, says: list[str]) -> None:
    turn = priced(world, "A800: [12.5, offer]").assistant().send("t", text, lang)
    assert [part for part in says if part not in turn.reply] == []


def test_the_price_line_that_is_proposed_for_this_machine_works(world: World) -> None:
    line = f"{this_machine().name}: [2, offer]"
    asked = "本机每百万词元成本多少"
    assert f"`{this_machine().name}: [12.5" in world.assistant().send("t", asked).reply
    assert "2（由您提供）" in priced(world, line).assistant().send("u", asked).reply


def test_a_program_that_names_no_device_asks_what_this_machine_costs(world: World) -> None:
    assistant = world.assistant()
    state = ConversationState(thread="t")
    done = look_at_machine(MachineRequest(about="cost"), state, assistant._context, None, "en")
    assert "No price of this machine" in done.said["text"]


def test_costs_of_several_name_every_device_without_a_price() -> None:
    chosen = [of_device(find_device(name)) for name in ("S4000", "910A")]
    said = token_costs(compare(chosen, 7.0, "en"), "devices.yaml", "en")
    assert f"No price of {S4000}, {A910} is known" in said.text


@pytest.mark.parametrize(
    ("text", "lang", "says"),
    [
        ("compare A800, S4000, 910B, H100 and L40S", "en", "left out: NVIDIA L40S"),
        ("比较A800、S4000、910B、H100和L40S", "zh", "未列出：NVIDIA L40S"),
    ],
)
def test_a_device_that_is_left_out_of_a_comparison_is_named(world: World, text: str, lang: Language, says: str) -> None:
    assert says in world.assistant().send("t", text, lang).reply
