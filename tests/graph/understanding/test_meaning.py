"""What questions about devices ask for, in both languages: inference is no training, and a question states nothing."""

from __future__ import annotations

import pytest

from agent.records.decision import Action
from graph.understanding.devices import named_devices
from graph.understanding.facts import model_size_in
from graph.understanding.meaning import about, asks_cost, asks_of_devices, device_action, is_question, work_in
from graph.understanding.numbers import amount, spaced
from graph.understanding.slots import read_slots


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("Can I run 72B inference on one A800?", "inference"),
        ("Can the A800 serve a 72B model?", "inference"),
        ("Can I run 72B on one A800?", "inference"),
        ("does a 72B fit on an A800", "inference"),
        ("能用一张A800推理72B吗？", "inference"),
        ("在一张S4000上部署32B模型行吗", "inference"),
        ("一张A800能跑72B吗", "inference"),
        ("A800装得下32B吗", "inference"),
        ("fine-tune 14B on two A800 and serve it on one S4000?", "both"),
        ("在A800上微调14B再部署", "both"),
        ("can we fine-tune 72B on one A800?", "training"),
        ("单张A800能微调72B吗", "training"),
        ("can we run a fine-tuning of 14B on an A800", "training"),
        ("what can we run on a 910A?", "training"),
        ("how long would training 14B on two A800 take?", "time"),
        ("在两张A800上微调14B要多久？", "time"),
        ("how long does a reply take after training", "training"),
        ("what does it cost to tune 14B on A800", "cost"),
        ("在A800上微调14B的成本是多少", "cost"),
        ("how much memory does tuning 14B cost on A800?", "training"),
    ],
)
def test_a_plan_is_asked_about_one_thing(text: str, subject: str) -> None:
    assert about(spaced(text)) == subject


@pytest.mark.parametrize(
    ("read", "text", "meant"),
    [
        ("setup", "Compare A800, S4000 and 910A", "benchmark"),
        ("guide", "A800和S4000有什么区别", "benchmark"),
        ("decide", "A800 vs S4000, which is better", "benchmark"),
        ("clarify", "对比一下A800、S4000、910A", "benchmark"),
        ("benchmark", "is this machine faster than an A800?", "benchmark"),
        ("setup", "Compare tuning 14B on A800 and S4000", "plan"),
        ("tune", "tune 14B on A800, compared with S4000", "tune"),
        ("guide", "compare LoRA with Q-LoRA", "guide"),
        ("guide", "what does an A800 do", "guide"),
        ("benchmark", "how long does it take to train 7B on one 910A?", "plan"),
        ("benchmark", "910A微调7B要多少小时", "plan"),
        ("plan", "how long does an answer of 7B take on A800?", "benchmark"),
        ("plan", "What does a million tokens cost on A800?", "benchmark"),
        ("plan", "A800上一百万词元要多少钱？", "benchmark"),
        ("benchmark", "what does it cost to tune 14B on A800?", "plan"),
        ("benchmark", "can the A800 serve a 72B model?", "plan"),
        ("benchmark", "can an A800 serve a 41B with 100k tokens of context?", "plan"),
        ("benchmark", "how fast does an A800 serve a 7B?", "benchmark"),
        ("setup", "S4000", "plan"),
        ("setup", "H200", "plan"),
        ("clarify", "A800呢", "plan"),
        ("setup", "two A800 cards", "setup"),
        ("setup", "we have two A800", "setup"),
        ("setup", "我们有两张A800，够吗", "setup"),
        ("setup", "should we buy two A800?", "plan"),
        ("setup", "要不要买两张A800？", "plan"),
        ("setup", "an assistant for 2,000 manuals; can two A800 do it?", "setup"),
        ("setup", "we want an assistant", "setup"),
        ("refuse", "Compare A800 and S4000", "refuse"),
    ],
)
def test_a_question_about_devices_is_read_as_one(read: Action, text: str, meant: Action) -> None:
    assert device_action(read, text) == meant


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("Compare A800, S4000 and 910A", True),
        ("比较A800、S4000和910A", True),
        ("should we buy two A800?", True),
        ("do we have two A800?", True),
        ("如果我们有两张A800，够吗", True),
        ("we have two A800 and four S4000, compare them", False),
        ("We want an assistant. One A800 is in the rack. Can it work offline?", False),
        ("我们有两张A800，够吗", False),
        ("two A800", False),
        ("S4000?", False),
        ("can it work offline?", False),
    ],
)
def test_hardware_is_stated_or_asked_about(text: str, asks: bool) -> None:
    assert asks_of_devices(text) is asks
    assert asks_of_devices(text) <= ("hardware" not in read_slots("setup", text))


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("can it", True),
        ("it can", False),
        ("so, what fits", True),
        ("够不够", True),
        ("有两张A800", False),
        ("ok?", True),
    ],
)
def test_questions_are_told(text: str, asks: bool) -> None:
    assert is_question(text) is asks


@pytest.mark.parametrize(
    ("text", "work", "slips"),
    [
        ("tune 14B on two A800 with length 4096", {"length": 4096}, []),
        ("8192 tokens per example and batch 4", {"length": 8192, "batch": 4}, []),
        ("sequence length 8k, batch size of 4", {"length": 8192, "batch": 4}, []),
        ("with 2,048-token examples", {"length": 2048}, []),
        ("32k tokens of context", {"length": 32768}, []),
        ("16 examples a step", {"batch": 16}, []),
        ("长度4096，批量4", {"length": 4096, "batch": 4}, []),
        ("每条8192个词元，每步4条", {"length": 8192, "batch": 4}, []),
        ("2048个词元的样本", {"length": 2048}, []),
        ("how long to train on 10 million tokens", {"tokens": 10_000_000}, []),
        ("how long to train with 2.5M tokens", {"tokens": 2_500_000}, []),
        ("how long to train a million tokens", {"tokens": 1_000_000}, []),
        ("how long does training with 512 tokens per example take", {"length": 512}, []),
        ("训练1000万词元要多久", {"tokens": 10_000_000}, []),
        ("训练一亿词元要多久", {"tokens": 100_000_000}, []),
        ("how long does reading a million tokens take", {}, []),
        ("tune on two A800", {}, []),
        ("a batch of 0", {}, [{"what": "batch", "said": "0"}]),
        ("length 4", {}, [{"what": "length", "said": "4"}]),
        ("长度 -512", {}, [{"what": "length", "said": "-512"}]),
        ("length 5,000,000", {}, [{"what": "length", "said": "5,000,000"}]),
    ],
)
def test_the_work_is_read(text: str, work: dict[str, int], slips: list[dict[str, str]]) -> None:
    assert work_in(spaced(text)) == (work, slips)


@pytest.mark.parametrize(
    ("text", "size", "slip"),
    [
        ("14,000M", 14.0, None),
        ("14000M", 14.0, None),
        ("140亿参数", 14.0, None),
        ("一百四十亿参数", 14.0, None),
        ("1.4万亿参数", 1400.0, None),
        ("a fourteen billion model", 14.0, None),
        ("seventy-two billion", 72.0, None),
        ("a 1T model", 1000.0, None),
        ("135M", 0.135, None),
        ("Qwen-7B", 7.0, None),
        ("910B", None, None),
        ("10 billion tokens", None, None),
        ("一亿词元", None, None),
        ("000M", None, "000M"),
        ("0B", None, "0B"),
        ("a -7B", None, "-7B"),
        ("5000B", None, "5000B"),
    ],
)
def test_a_size_is_read_or_said_to_be_none(text: str, size: float | None, slip: str | None) -> None:
    assert model_size_in(spaced(text)) == (size, slip)


@pytest.mark.parametrize(
    ("text", "count", "miscount"),
    [
        ("on zero A800", None, "zero"),
        ("on 0 A800", None, "0"),
        ("on -2 A800", None, "-2"),
        ("on minus two A800", None, "minus two"),
        ("on 1000000 A800", None, "1000000"),
        ("on 1,000,000 A800", None, "1,000,000"),
        ("on 1.5 A800", None, "1.5"),
        ("on half an A800", None, "half an"),
        ("A800 x 0", None, "0"),
        ("零张A800", None, "零"),
        ("负两张A800", None, "负两"),
        ("一百万张A800", None, "一百万"),
        ("100万张A800", None, "100万"),
        ("ten A800", 10, None),
        ("sixteen A800", 16, None),
        ("a dozen A800", 12, None),
        ("twenty-four A800", 24, None),
        ("100 A800", 100, None),
        ("十六张A800", 16, None),
        ("两台A800", 2, None),
        ("14B on A800", None, None),
    ],
)
def test_devices_are_counted_or_the_number_is_none(text: str, count: int | None, miscount: str | None) -> None:
    (found,) = named_devices(spaced(text)).known
    assert (found.count, found.miscount) == (count, miscount)


@pytest.mark.parametrize(
    ("text", "asked", "unknown"),
    [
        ("can we tune 14B on two A800 and three XYZ-77?", True, ("XYZ-77",)),
        ("两张A800和三张XYZ-77能微调14B吗", True, ("XYZ-77",)),
        ("XYZ-77 or A800 for 14B tuning?", True, ("XYZ-77",)),
        ("can we tune 14B on an XYZ-77?", True, ("XYZ-77",)),
        ("train 7B on three AB-900", False, ("AB-900",)),
        ("can we tune Llama-3 8B on one A800", True, ()),
        ("tune Qwen-14B on A800 with BGE-M3", True, ()),
        ("two GPT-4 subscriptions beside the A800", True, ()),
        ("our manuals are for the KSB-40 and ETA-80 pumps", False, ()),
        ("tune it on the KSB-40 manuals", False, ()),
    ],
)
def test_letters_a_dash_and_digits_may_be_a_device(text: str, asked: bool, unknown: tuple[str, ...]) -> None:
    assert named_devices(spaced(text), asked).unknown == unknown


@pytest.mark.parametrize(
    ("action", "text", "slots"),
    [
        ("plan", "tune 14B on zero GPUs", {"slips": [{"what": "count", "said": "zero"}], "params_b": 14.0}),
        (
            "plan",
            "tune 5000B on -2 A800",
            {
                "device": "NVIDIA A800 PCIe",
                "devices": ["NVIDIA A800 PCIe"],
                "slips": [{"what": "count", "said": "-2"}, {"what": "size", "said": "5000B"}],
            },
        ),
        ("benchmark", "what do tokens cost here", {"device": "this machine", "about": "cost"}),
        ("tune", "tune it with length 4096", {"length": 4096}),
        ("setup", "we print 500000 cards a year", {}),
        ("setup", "we have zero GPUs", {"facts": {"hardware": []}}),
        ("setup", "我们零张显卡", {"facts": {"hardware": []}}),
    ],
)
def test_slots_hold_what_cannot_be_planned(action: Action, text: str, slots: dict[str, object]) -> None:
    assert read_slots(action, text) == slots


def test_numbers_between_twelve_and_twenty_are_known() -> None:
    teens = ("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen")
    assert [amount(word) for word in teens] == list(range(13, 20))


@pytest.mark.parametrize(("text", "asks"), [("什么价格", True), ("how cheap", True), ("显存花费多少", False)])
def test_a_cost_is_one_of_money(text: str, asks: bool) -> None:
    assert asks_cost(text) is asks
