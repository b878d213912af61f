"""Every domestic device as its vendor documents it: probed in processes of its own, planned, and placed on the ladder.

The stand-ins speak for the documents, not for the devices: what the devices really do is what `bench` finds on them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from agent.policy.capabilities import measured_device
from agent.policy.devices import starting_rung
from agent.policy.memory import detailed_plan
from agent.records.hardware import Backend, Device
from agent.records.profile import HardwareItem, Profile
from agent.records.tuning import Method
from tools.benchmark.backends import Accelerator
from tools.benchmark.probe import probe

FOLDER = Path(__file__).parent / "stand_ins"
VENDORS: dict[Backend, str] = {"npu": "ascend", "musa": "moore_threads"}
ITEMS = (
    *("matmul_fp32", "matmul_fp16", "matmul_bf16", "nf4", "nf4_double"),
    *("lora_step", "qlora_step", "full_step", "adapter_files"),
)
SEEN = """
from tools.benchmark.backends import detect
from tools.hardware import this_machine
print("", detect().machine().model_dump_json(), this_machine().model_dump_json(), sep="\\n")
"""


@pytest.fixture
def stands_in(monkeypatch: pytest.MonkeyPatch) -> object:
    def put(name: str, backend: Backend) -> None:
        path = [str(FOLDER), str(FOLDER / VENDORS[backend]), os.environ.get("PYTHONPATH", "")]
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, path)))
        monkeypatch.setenv("STAND_IN", name)

    return put


DEVICES = [
    (
        *("910A", "npu", "Huawei Ascend 910A", "no"),
        {"matmul_bf16": "refused", "nf4": "refused", "nf4_double": "refused", "qlora_step": "refused"},
        *("fp16", "lora", "loss scaling"),
    ),
    (
        *("910B", "npu", "Huawei Ascend 910B", "yes"),
        {"nf4_double": "refused"},
        *("bf16", "qlora", "double quantization does not work here"),
    ),
    (
        *("S4000", "musa", "Moore Threads S4000", "yes"),
        {"nf4": "refused", "nf4_double": "refused", "qlora_step": "refused"},
        *("bf16", "lora", "tried on this machine"),
    ),
    (
        *("S3000", "musa", "Moore Threads S3000", "emulated"),
        {
            **{"matmul_bf16": "emulated", "nf4": "refused", "nf4_double": "refused"},
            **{"qlora_step": "refused", "lora_step": "refused", "full_step": "refused"},
        },
        *("fp32", None, "no training method is available"),
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "backend", "listed", "bf16", "otherwise", "compute", "start", "note"),
    DEVICES,
    ids=[row[0] for row in DEVICES],
)
def test_probe_plan_and_ladder_say_what_the_vendor_documents(
    name: str,
    backend: Backend,
    listed: str,
    bf16: str,
    otherwise: dict[str, str],
    compute: str,
    start: Method | None,
    note: str,
    stands_in: object,
) -> None:
    stands_in(name, backend)  # type: ignore[operator]
    seen = subprocess.run([sys.executable, "-P", "-c", SEEN], capture_output=True, text=True, check=True)
    machine, device = seen.stdout.strip().splitlines()
    assert json.loads(machine)["backend"] == backend
    assert json.loads(machine)["driver"]
    on = Device.model_validate_json(device)
    assert (on.name, on.bf16) == (listed, bf16)

    found = probe(Accelerator(backend), names=ITEMS)
    assert {item: one.outcome for item, one in found.items()} == dict.fromkeys(ITEMS, "supported") | otherwise, found
    measured = measured_device(on, found)
    assert measured.bf16 == bf16
    for method in ("qlora", "lora", "full"):
        assert getattr(measured, method) is (found[f"{method}_step"].outcome == "supported")
        assert getattr(measured, method) is getattr(on, method)
    plan = detailed_plan(measured, 1, 7)
    assert (plan.compute_type, plan.start_at) == (compute, start)
    assert note in "\n".join(plan.notes)
    told = Profile(hardware=(HardwareItem(device=listed, count=1),), base_model_params_b=7)
    assert starting_rung(told, {listed: measured}, "en")[0] == start


def test_an_extension_without_its_device_is_told(stands_in: object) -> None:
    stands_in("S4000", "npu")  # type: ignore[operator]
    found = probe(Accelerator("npu"), names=("matmul_fp32",))
    # A device that could not be opened says nothing of what it can do.
    assert found["matmul_fp32"].outcome == "not_tried"
    assert "libascend_hal.so" in found["matmul_fp32"].message
