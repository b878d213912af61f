"""Devices as messages name them: whole names, every digit, how many of each, and what nobody has described."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.settings import Settings
from graph.understanding.devices import asks_what_runs, named_devices
from graph.understanding.numbers import spaced
from tools.hardware_settings import use_settings, used_settings

A800, S4000, A910 = "NVIDIA A800 PCIe", "Moore Threads S4000", "Huawei Ascend 910A"
OWN = """
devices:
  - name: Example X100
    aliases: [X100]
    cells:
      backend: [musa, datasheet, page]
      gib: [96, datasheet, page]
      bf16: ["yes", estimated, page]
      compute_type: [bf16, estimated, page]
      qlora: [false, estimated, page]
      lora: [true, measured, page]
      full: [true, estimated, page]
    why_not: {qlora: bitsandbytes has no MUSA backend}
"""


@pytest.mark.parametrize(
    ("text", "known", "unknown"),
    [
        ("14B on two A800 or four S4000", [(A800, 2), (S4000, 4)], ()),
        ("两张A800还是四张S4000？", [(A800, 2), (S4000, 4)], ()),
        ("S4000两张一起", [(S4000, 2)], ()),
        ("硬件：昇腾910B×4", [("Huawei Ascend 910B", 4)], ()),
        ("2x A800 80G", [(A800, 2)], ()),
        ("2x A800 160GB", [(A800, 2)], ()),
        ("would an 8B go on a T4", [("NVIDIA T4", None)], ()),
        ("A800s and A800", [(A800, None)], ()),
        ("can we tune a 70B on an H200?", [], ("H200",)),
        ("14B on A8000", [], ("A8000",)),
        ("32B on 2xA100 40G", [], ("A100 40G",)),
        ("RTX 4090 Ti", [], ("RTX 4090 Ti",)),
        ("一张RTX 5090能训多大", [], ("RTX 5090",)),
        ("MI300X上能跑什么", [], ("MI300X",)),
        ("昇腾 920 上能微调 7B 吗", [], ("昇腾 920",)),
        ("昇腾910C", [], ("昇腾 910C",)),
        ("V100 against A800", [(A800, None)], ("V100",)),
        ("3x3090没NVLink", [], ("3090",)),
        ("what can one do with a single 3090?", [], ("3090",)),
        ("which bs fits in bf16 with BM25, pp512 and rank r16", [], ()),
        ("what fits for our X200 manuals, 4090 pairs", [], ()),
        ("a 800 page manual", [], ()),
    ],
)
def test_devices_are_named(text: str, known: list[tuple[str, int | None]], unknown: tuple[str, ...]) -> None:
    found = named_devices(spaced(text))
    assert [(one.name, one.count) for one in found.known] == known
    assert found.unknown == unknown


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("tune it on the X200 manuals", ()),
        ("用X200的手册微调", ()),
        ("questions about the P210 and the T4 valve", ()),
        ("train on an H200 tonight", ("H200",)),
        ("在H200上训练", ("H200",)),
        ("we have two V100.", ("V100",)),
        ("有一块A6000，48G显存", ("A6000",)),
    ],
)
def test_a_product_is_no_device_where_documents_are_spoken_of(text: str, unknown: tuple[str, ...]) -> None:
    found = named_devices(spaced(text), asked=False)
    assert (found.known, found.unknown) == ((), unknown)


@pytest.mark.parametrize("text", ["can we tune 14B on two X100?", "两张X100能微调14B吗？", "X100 x 2"])
def test_a_users_own_device_is_counted_like_any(text: str, tmp_path: Path) -> None:
    before = used_settings()
    (tmp_path / "devices.yaml").write_text(OWN, encoding="utf-8")
    assert named_devices(spaced(text)).unknown == ("X100",)
    use_settings(Settings(home=tmp_path, _env_file=None))
    try:
        found = named_devices(spaced(text))
    finally:
        use_settings(before)
    assert [(one.name, one.count) for one in found.known] == [("Example X100", 2)]
    assert found.unknown == ()


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("what can we run on a 910A?", True),
        ("910A 上能跑什么？", True),
        ("S4000能跑多大的模型", True),
        ("how fast can we run it on a 910A?", False),
        ("910A 能跑多快", False),
        ("S4000 against 910A?", False),
    ],
)
def test_what_runs_is_no_question_of_speed(text: str, *, asks: bool) -> None:
    assert asks_what_runs(text) is asks
