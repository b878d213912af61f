"""The catalogue, its names, this machine, and the plan on top."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.errors import InputError, NotFoundError
from tools import hardware
from tools.hardware import catalogue, find_device, memory_gib, this_machine
from tools.plan import plan


@pytest.mark.parametrize(
    ("name", "device"),
    [
        ("A800", "NVIDIA A800 PCIe"),
        ("nvidia a800", "NVIDIA A800 PCIe"),
        ("A800-SXM4-80GB", "NVIDIA A800 SXM"),
        ("a100", "NVIDIA A100 80GB PCIe"),
        ("H100", "NVIDIA H100 SXM"),
        ("RTX 4090", "NVIDIA RTX 4090"),
        ("rtx4090", "NVIDIA RTX 4090"),
        ("T4", "NVIDIA T4"),
        ("MTT S4000", "Moore Threads S4000"),
        ("MooreThread S3000", "Moore Threads S3000"),
        ("S3000", "Moore Threads S3000"),
        ("摩尔线程S4000", "Moore Threads S4000"),
        ("Ascend 910A", "Huawei Ascend 910A"),
        ("910a", "Huawei Ascend 910A"),
        ("昇腾 910B", "Huawei Ascend 910B"),
    ],
)
def test_devices_are_found_by_their_names(name: str, device: str) -> None:
    assert find_device(name).name == device


def test_no_two_devices_share_a_name() -> None:
    names = [key for device in catalogue() for key in {hardware._folded(n) for n in (device.name, *device.aliases)}]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("name", "near"), [("S400", "Moore Threads S4000"), ("Ascend 910C", "Huawei Ascend 910A"), ("A80", "NVIDIA A800")]
)
def test_an_unknown_device_is_answered_with_near_names(name: str, near: str) -> None:
    with pytest.raises(NotFoundError) as caught:
        find_device(name)
    assert caught.value.mend.startswith("did you mean ")
    assert near in caught.value.mend


@pytest.mark.parametrize("name", ["", "TPU v5e", "!!!", "Foo 9000", "Abacus 100"])
def test_a_device_like_none_is_answered_with_the_list(name: str) -> None:
    with pytest.raises(NotFoundError, match=r"known are .*H100"):
        find_device(name)


def test_every_figure_has_a_label_and_a_source() -> None:
    for device in catalogue():
        assert device.figures.keys() == {"gib", "bandwidth_gb_s", "fp16_tflops", "int8_tops"}
        for name, figure in device.figures.items():
            assert figure.source
            assert getattr(device, name) is not None or figure.label == "estimated", (device.name, name)


def test_every_method_that_a_device_cannot_do_has_its_reason() -> None:
    for device in catalogue():
        refused = {name for name in ("qlora", "lora", "full") if not getattr(device, name)}
        assert refused == set(device.why_not), device.name


@pytest.mark.parametrize("name", ["cpu", "CPU", "this machine", "本机"])
def test_the_machine_at_hand_is_measured(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware, "_NODES", ())
    this_machine.cache_clear()
    machine = find_device(name)
    assert machine.backend == "cpu"
    assert machine.label == "measured"
    assert machine.gib == round(memory_gib(), 2)
    assert machine.qlora
    assert find_device(machine.name) == machine


def test_a_control_group_limits_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limits = {"/sys/fs/cgroup/memory.max": 2 * 2**30}
    monkeypatch.setattr(hardware, "_limit", lambda file: limits.get(str(file)))
    assert memory_gib() == 2.0
    monkeypatch.undo()
    for text, expected in (("max", None), ("1048576\n", 1048576)):
        (tmp_path / "memory.max").write_text(text)
        assert hardware._limit(tmp_path / "memory.max") == expected


class FakeBackend:
    def __init__(self, name: str, bf16: bool) -> None:
        self.name, self.bf16 = name, bf16

    def get_device_name(self, _: int) -> str:
        return self.name

    def mem_get_info(self, _: int) -> tuple[int, int]:
        return 10 * 2**30, 79 * 2**30

    def is_bf16_supported(self) -> bool:
        return self.bf16


@pytest.mark.parametrize(
    ("backend", "name", "bf16", "expected"),
    [
        ("cuda", "NVIDIA H100 80GB HBM3", True, ("NVIDIA H100 SXM", 3350, True, "bf16")),
        ("cuda", "NVIDIA GeForce GTX 1080", False, ("NVIDIA GeForce GTX 1080", None, True, "fp16")),
        ("npu", "Ascend910Z", True, ("Ascend910Z", None, False, "bf16")),
    ],
)
def test_an_accelerator_is_taken_from_the_catalogue_or_from_its_driver(
    backend: str, name: str, bf16: bool, expected: tuple[object, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.setattr(torch.accelerator, "is_available", lambda: True)
    monkeypatch.setattr(torch.accelerator, "current_accelerator", type("Current", (), {"type": backend}))
    monkeypatch.setattr(torch, backend, FakeBackend(name, bf16), raising=False)
    machine = hardware._accelerator()
    assert machine is not None
    assert (machine.name, machine.bandwidth_gb_s, machine.qlora, machine.compute_type) == expected
    assert machine.gib == 79.0
    assert machine.figures["gib"].label == "measured"


def test_without_an_accelerator_the_processor_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.accelerator, "is_available", lambda: False)
    assert hardware._accelerator() is None


@pytest.mark.parametrize(
    ("device", "params_b", "start", "compute"),
    [
        ("A800", 7.0, "qlora", "bf16"),
        ("A800", 0.135, "qlora", "bf16"),
        ("MTT S4000", 7.0, "lora", "bf16"),
        ("S3000", 7.0, None, "fp32"),
        ("Ascend 910A", 7.0, "lora", "fp16"),
        ("RTX 4090", 70.0, None, "bf16"),
        ("cpu", 0.135, "qlora", "fp32"),
    ],
)
def test_a_plan_starts_on_the_first_rung_that_fits(
    device: str, params_b: float, start: str | None, compute: str
) -> None:
    made = plan(device, 1, params_b)
    assert made.start_at == start
    assert made.compute_type == compute


@pytest.mark.parametrize(
    ("count", "params_b", "where"),
    [
        (0, 7.0, "count"),
        (-1, 7.0, "count"),
        (1, 0.0, "params_b"),
        (1, float("nan"), "params_b"),
        (1, float("inf"), "params_b"),
    ],
)
def test_senseless_numbers_are_refused(count: int, params_b: float, where: str) -> None:
    with pytest.raises(InputError) as caught:
        plan("A800", count, params_b)
    assert caught.value.where == where
