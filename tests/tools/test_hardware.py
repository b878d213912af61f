"""The catalogue, its names, this machine, and the plan on top."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from agent.errors import InputError, NotFoundError
from agent.policy.devices import starting_rung
from agent.policy.memory import detailed_plan
from agent.records.base import Language
from agent.records.benchmark import BenchmarkResult, Capability
from agent.records.hardware import Backend, Figure, Support, Workload
from agent.records.profile import HardwareItem, Profile
from agent.records.tuning import Method
from agent.settings import Settings
from tools import hardware, processor
from tools.benchmark import backends
from tools.benchmark.run import _listed
from tools.benchmark.saved import save
from tools.devices_file import CELLS, RATES, folded
from tools.hardware import catalogue, find_device, listed_device, means_this_machine, this_machine
from tools.hardware_settings import use_settings
from tools.plan import plan
from tools.processor import memory_gib


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
    names = [key for device in catalogue() for key in {folded(n) for n in (device.name, *device.aliases)}]
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


@pytest.mark.parametrize(("name", "says"), [("S400", "是否指 Moore Threads S4000"), ("TPU v5e", "已知设备：NVIDIA")])
def test_an_unknown_device_is_told_in_chinese(name: str, says: str) -> None:
    with pytest.raises(NotFoundError) as caught:
        find_device(name, "zh")
    assert caught.value.what == "没有这个设备"
    assert caught.value.mend.startswith(says)


@pytest.mark.parametrize(("count", "size", "says"), [(0, 7.0, "无法为 0 张卡"), (1, 0.0, "0 十亿参数")])
def test_what_no_plan_can_be_made_for_is_told_in_chinese(count: int, size: float, says: str) -> None:
    with pytest.raises(InputError, match=says):
        plan("A800", count, size, lang="zh")


def test_every_cell_has_a_label_and_a_source() -> None:
    for device in catalogue():
        cells = {name for name in (*CELLS, *RATES) if name != "link_gb_s" or device.link_gb_s is not None}
        assert device.figures.keys() == cells, device.name
        for name, figure in device.figures.items():
            assert figure.source.strip()
            assert getattr(device, name) is not None or figure.label == "estimated", (device.name, name)


@pytest.mark.parametrize(
    ("name", "link"), [("A800", 400), ("A800 SXM", 400), ("A100", 600), ("S4000", 240), ("910B", 392), ("T4", None)]
)
def test_the_bandwidth_between_devices_is_a_figure(name: str, link: float | None) -> None:
    device = find_device(name)
    assert device.link_gb_s == link
    assert ("link_gb_s" in device.figures) is (link is not None)


def test_every_method_that_a_device_cannot_do_has_its_reason() -> None:
    for device in catalogue():
        refused = {name for name in ("qlora", "lora", "full") if not getattr(device, name)}
        assert refused == set(device.why_not), device.name


@pytest.mark.parametrize("name", ["cpu", "CPU", "this machine", "本机"])
def test_the_machine_at_hand_is_measured(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "_NODES", ())
    hardware._detected.cache_clear()
    machine = find_device(name)
    assert machine.backend == "cpu"
    assert machine.label == "measured"
    assert machine.gib == round(memory_gib(), 2)
    assert machine.qlora
    assert find_device(machine.name) == machine


def test_a_plan_counts_cores_where_the_system_has_no_affinity(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    made = plan("cpu", 1, 0.135, Workload())
    assert any("3 cores" in note for note in made.notes)


def test_a_control_group_limits_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limits = {"/sys/fs/cgroup/memory.max": 2 * 2**30}
    monkeypatch.setattr(processor, "_limit", lambda file: limits.get(str(file)))
    assert memory_gib() == 2.0
    monkeypatch.undo()
    for text, expected in (("max", None), ("1048576\n", 1048576)):
        (tmp_path / "memory.max").write_text(text)
        assert processor._limit(tmp_path / "memory.max") == expected


def test_what_a_probe_of_this_very_machine_found_overrides_the_catalogue(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    machine = backends.detect().machine()
    capabilities = {"qlora_step": Capability(outcome="refused", message="RuntimeError: no kernel")}
    result = BenchmarkResult(place="local", at="2026-01-01T00:00:00+00:00", device=machine, capabilities=capabilities)
    save(tmp_path, result.model_copy(update={"device": machine.model_copy(update={"fingerprint": "0" * 12})}))
    use_settings(settings)
    assert plan("cpu", 1, 0.135).start_at == "qlora"
    save(tmp_path, result)
    made = plan("cpu", 1, 0.135)
    assert made.start_at == "lora"
    assert "在本机实际运行，被拒绝" in this_machine("zh").why_not["qlora"]
    assert "在本机实际运行，被拒绝" in find_device("cpu", "zh").why_not["qlora"]
    assert "在本机实际运行，被拒绝" in plan("cpu", 1, 0.135, lang="zh").methods[0].why
    use_settings(settings.model_copy(update={"lang": "zh"}))
    assert "在本机实际运行，被拒绝" in this_machine().why_not["qlora"]
    use_settings(settings)
    assert "tried on this machine and refused: RuntimeError: no kernel" in made.methods[0].why
    assert this_machine().figures["qlora"].label == "measured"
    use_settings(None)
    assert plan("cpu", 1, 0.135).start_at == "qlora"


class FakeBackend:
    def __init__(self, name: str, native: bool | None, emulated: bool = False) -> None:
        self.name, self.native, self.emulated = name, native, emulated

    def is_available(self) -> bool:
        return True

    def device_count(self) -> int:
        return 1

    def get_device_name(self, _: int) -> str:
        return self.name

    def mem_get_info(self, _: int) -> tuple[int, int]:
        return 10 * 2**30, 79 * 2**30

    def is_bf16_supported(self, including_emulation: bool = True) -> bool:
        return bool(self.native) or (including_emulation and self.emulated)


@pytest.mark.parametrize(
    ("backend", "name", "bf16", "expected"),
    [
        ("cuda", "NVIDIA H100 80GB HBM3", "yes", ("NVIDIA H100 SXM", 3350, True, "yes", "bf16")),
        ("cuda", "NVIDIA GeForce GTX 1080", "emulated", ("NVIDIA GeForce GTX 1080", None, True, "emulated", "fp16")),
        ("cuda", "Tesla T4", "emulated", ("NVIDIA T4", 320, True, "emulated", "fp16")),
        ("xpu", "Intel Arc", "yes", ("Intel Arc", None, True, "yes", "bf16")),
    ],
)
def test_an_accelerator_is_taken_from_the_catalogue_or_from_its_driver(
    backend: Backend, name: str, bf16: str, expected: tuple[object, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.setattr(torch, backend, FakeBackend(name, bf16 == "yes", bf16 == "emulated"), raising=False)
    machine = hardware._accelerator(backends.Accelerator(backend))
    assert (machine.name, machine.bandwidth_gb_s, machine.qlora, machine.bf16, machine.compute_type) == expected
    assert machine.gib == 79.0
    assert machine.figures["gib"] == Figure(label="measured", source="driver")
    assert machine.figures["bf16"] == Figure(label="datasheet", source="driver"), "nothing ran: it is the maker's word"
    assert {one.label for name, one in machine.figures.items() if name != "gib"} <= {"datasheet", "estimated"}


class Wordless:
    """A driver that tells neither its memory nor anything of bf16."""

    def __init__(self, name: str) -> None:
        self.name = name

    def get_device_name(self, _: int) -> str:
        return self.name


@pytest.fixture
def wordless(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], backends.Accelerator]:
    def put(name: str) -> backends.Accelerator:
        import torch

        monkeypatch.setattr(torch, "musa", Wordless(name), raising=False)
        monkeypatch.setitem(sys.modules, "torch_musa", ModuleType("torch_musa"))
        monkeypatch.setattr(backends, "_asked", lambda *_: None)
        opened = backends.Accelerator("musa")
        monkeypatch.setattr(hardware, "_detected", lambda: opened)
        return opened

    return put


def test_what_a_driver_does_not_tell_has_the_catalogues_word(wordless: Callable[[str], backends.Accelerator]) -> None:
    wordless("MTT S4000")
    machine, listed = this_machine(), find_device("S4000")
    assert (machine.gib, machine.bf16, machine.compute_type) == (listed.gib, listed.bf16, listed.compute_type)
    assert machine.figures == listed.figures


@pytest.mark.parametrize(("lang", "says"), [("en", "how much memory"), ("zh", "显存大小")])
def test_main_memory_is_never_that_of_a_device(
    wordless: Callable[[str], backends.Accelerator], lang: Language, says: str, tmp_path: Path
) -> None:
    wordless("MTT X9")
    with pytest.raises(InputError, match=says) as caught:
        plan("this machine", 1, 7.0, lang=lang)
    assert caught.value.where == "MTT X9"
    assert "devices.yaml" in caught.value.mend
    use_settings(Settings(home=tmp_path))
    with pytest.raises(InputError) as caught:
        this_machine(lang)
    assert str(tmp_path / "devices.yaml") in caught.value.mend
    assert plan("cpu", 1, 0.135).device.startswith("this machine"), "its processor can be planned for"
    with pytest.raises(NotFoundError):
        find_device("Foo 9000")


def test_an_unknown_word_about_bf16_is_no_figure(wordless: Callable[[str], backends.Accelerator]) -> None:
    from tools.benchmark.comparison_rows import ability_rows
    from tools.benchmark.subjects import of_device

    opened = wordless("MTT X9")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backends.Accelerator, "total_gib", lambda _: 48.0)
        machine = hardware._accelerator(opened)
    assert (machine.bf16, machine.compute_type, machine.gib) == ("unknown", "fp16", 48.0)
    assert "bf16" not in machine.figures
    (cell,) = ability_rows([of_device(machine)], "en")[0].cells
    assert (cell.text, cell.label) == ("not known", None)


@pytest.mark.parametrize("emulated", [True, False])
def test_a_listed_device_whose_driver_denies_bf16_trains_in_fp16(
    emulated: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.setattr(torch, "musa", FakeBackend("MTT S4000", False, emulated), raising=False)
    monkeypatch.setitem(sys.modules, "torch_musa", ModuleType("torch_musa"))
    machine = hardware._accelerator(backends.Accelerator("musa"))
    assert (machine.name, machine.compute_type) == ("Moore Threads S4000", "fp16")
    assert machine.bf16 == ("emulated" if emulated else "no")
    assert machine.figures["compute_type"].label == "estimated"
    notes = "\n".join(detailed_plan(machine, 1, 7.0).notes)
    assert "loss scaling" in notes


def test_cpu_is_the_processor_of_a_machine_with_an_accelerator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch, "cuda", FakeBackend("NVIDIA H100 80GB HBM3", True))
    monkeypatch.setattr(hardware, "_detected", lambda: backends.Accelerator("cuda"))
    assert plan("this machine", 1, 7.0).device == this_machine().name == "NVIDIA H100 SXM"
    assert [means_this_machine(name) for name in ("This Machine", "本机", "CPU", "H100")] == [True, True, False, False]
    made = plan("cpu", 1, 7.0, Workload())
    assert made.device == f"this machine ({backends.Accelerator('cpu').name()})"
    assert made.compute_type == "fp32"
    assert find_device("CPU").gib == round(memory_gib(), 2)
    assert find_device("cpu").aliases == ("cpu",)
    # What a benchmark of the processor found is the processor's alone.
    machine = backends.Accelerator("cpu").machine()
    refused = {"qlora_step": Capability(outcome="refused", message="RuntimeError: no kernel")}
    save(
        tmp_path,
        BenchmarkResult(place="local", at="2026-01-01T00:00:00+00:00", device=machine, capabilities=refused),
    )
    monkeypatch.setattr(backends.Accelerator, "driver", lambda self: "")
    hardware._fingerprint.cache_clear()
    use_settings(Settings(home=tmp_path))
    assert (find_device("cpu").qlora, this_machine().qlora) == (False, True)
    hardware._fingerprint.cache_clear()


def test_the_processors_word_on_bf16_is_not_measured() -> None:
    machine = find_device("cpu")
    assert {name for name, one in machine.figures.items() if one.label == "measured"} == {"gib"}
    assert machine.figures["bf16"] == Figure(label="datasheet", source="operating system")


def test_a_variant_with_other_memory_is_no_alias_of_its_sister(monkeypatch: pytest.MonkeyPatch) -> None:
    """The 910B4 is sold with less memory than the entry's 64 GiB; its driver's own word stands."""
    import torch

    assert listed_device("Ascend910B4", "npu", "yes") is None
    with pytest.raises(NotFoundError, match="Huawei Ascend 910B"):
        find_device("Ascend910B4")
    monkeypatch.setattr(torch, "npu", FakeBackend("Ascend910B4", True), raising=False)
    monkeypatch.setitem(sys.modules, "torch_npu", ModuleType("torch_npu"))
    machine = hardware._accelerator(backends.Accelerator("npu"))
    assert (machine.name, machine.fp16_tflops, machine.bandwidth_gb_s) == ("Ascend910B4", None, None)


@pytest.mark.parametrize("word", ["yes", "unknown", "emulated"])
def test_a_users_own_910a_leaves_the_generations_apart(tmp_path: Path, word: str) -> None:
    cells = ("backend: [npu, d, p]", "gib: [32, d, p]", f'bf16: ["{word}", d, p]', "compute_type: [fp16, d, p]")
    methods = ("qlora: [false, d, p]", "lora: [true, d, p]", "full: [true, d, p]")
    listed = ", ".join((*cells, *methods)).replace(" d,", " datasheet,")
    entry = f"{{name: Huawei Ascend 910A, cells: {{{listed}}}, why_not: {{qlora: none}}}}"
    (tmp_path / "devices.yaml").write_text(f"devices: [{entry}]", encoding="utf-8")
    use_settings(Settings(home=tmp_path))
    found = listed_device("Ascend910B", "npu", "no")
    assert found is not None
    assert (found.name, found.bf16) == ("Huawei Ascend 910A", word)


@pytest.mark.parametrize(
    ("name", "bf16", "listed"),
    [
        ("Ascend910B3", "yes", "Huawei Ascend 910B"),
        ("Ascend910B", "no", "Huawei Ascend 910A"),
        ("Ascend910B", "emulated", "Huawei Ascend 910A"),
        ("Ascend910B", "unknown", "Huawei Ascend 910B"),
        ("Ascend910ProB", "no", "Huawei Ascend 910A"),
        ("Ascend310P", "no", None),
    ],
)
def test_a_910b_without_bf16_is_one_of_the_first_generation(name: str, bf16: Support, listed: str | None) -> None:
    found = listed_device(name, "npu", bf16)
    assert (found.name if found else None) == listed


@pytest.mark.parametrize(("native", "listed"), [(True, "Huawei Ascend 910B"), (False, "Huawei Ascend 910A")])
def test_a_benchmark_takes_the_limits_of_the_generation_it_is_on(
    native: bool, listed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.setattr(torch, "npu", FakeBackend("Ascend910B", native), raising=False)
    monkeypatch.setitem(sys.modules, "torch_npu", ModuleType("torch_npu"))
    found = _listed(backends.Accelerator("npu"))
    assert found is not None
    assert found.name == listed


def test_a_users_device_is_recognised_by_its_drivers_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    cells = ("backend: [musa, d, p]", "gib: [1, d, p]", 'bf16: ["yes", d, p]', "compute_type: [bf16, d, p]")
    methods = ("qlora: [false, d, p]", "lora: [true, d, p]", "full: [true, d, p]", "link_gb_s: [100, d, p]")
    listed = ", ".join((*cells, *methods)).replace(" d,", " datasheet,")
    text = f"devices: [{{name: MTT X100, cells: {{{listed}}}, why_not: {{qlora: none}}}}]"
    (tmp_path / "devices.yaml").write_text(text, encoding="utf-8")
    use_settings(Settings(home=tmp_path))
    monkeypatch.setattr(torch, "musa", FakeBackend("MTT X100", True), raising=False)
    monkeypatch.setitem(sys.modules, "torch_musa", ModuleType("torch_musa"))
    machine = hardware._accelerator(backends.Accelerator("musa"))
    assert (machine.name, machine.gib, machine.link_gb_s, machine.qlora) == ("MTT X100", 79.0, 100, False)


SIZE = 7.0


@pytest.mark.parametrize(
    ("name", "bf16", "methods", "compute", "start", "note"),
    [
        ("A800", "yes", "qlora lora full", "bf16", "qlora", "NVLink 400 GB/s"),
        ("A100", "yes", "qlora lora full", "bf16", "qlora", "estimated"),
        ("H100", "yes", "qlora lora full", "bf16", "qlora", "estimated"),
        ("RTX 4090", "yes", "qlora lora full", "bf16", "qlora", "small models only"),
        ("L40S", "yes", "qlora lora full", "bf16", "qlora", "small models only"),
        ("T4", "no", "qlora lora full", "fp16", "qlora", "Q-LoRA with fp16 compute is unstable"),
        ("S4000", "yes", "lora full", "bf16", "lora", "torch_musa 2.9 with MUSA SDK 5.1"),
        ("S3000", "emulated", "", "fp32", None, "llama.cpp"),
        ("910A", "no", "lora full", "fp16", "lora", "loss scaling"),
        ("910B", "yes", "qlora lora full", "bf16", "qlora", "without double quantization"),
    ],
)
def test_plan_and_ladder_of_every_device_that_is_listed(
    name: str, bf16: str, methods: str, compute: str, start: Method | None, note: str
) -> None:
    device = find_device(name)
    made = plan(name, 1, SIZE)
    assert device.bf16 == bf16
    assert [one.method for one in made.methods if one.available] == methods.split()
    assert (made.compute_type, made.start_at) == (compute, start)
    assert note in "\n".join(made.notes)
    told = Profile(hardware=(HardwareItem(device=name, count=1),), base_model_params_b=SIZE)
    assert starting_rung(told, {one.name: one for one in catalogue()}, "en")[0] == start


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
