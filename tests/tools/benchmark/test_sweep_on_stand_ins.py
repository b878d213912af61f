"""The sweep on devices as their vendors document them, with a torch that knows less than ours; nothing is stubbed.

What a part needs is probed before it in processes of their own, and what the probe found decides what is measured.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agent.records.benchmark import BenchmarkResult
from tests.tools.benchmark.test_stand_ins import FOLDER, VENDORS

ROOT = Path(__file__).parents[3]
SCRIPT = "tests.tools.benchmark.swept_stand_in"


def swept(tmp_path: Path, name: str) -> dict[str, Any]:
    backend = "musa" if name.startswith("S") else "npu"
    path = os.pathsep.join((str(FOLDER), str(FOLDER / VENDORS[backend]), str(ROOT)))  # type: ignore[index]
    ran = subprocess.run(
        [sys.executable, "-P", "-m", SCRIPT, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": path, "STAND_IN": name, "DOMAINSMITH_HOME": str(tmp_path)},
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    told: dict[str, Any] = json.loads(ran.stdout.strip().splitlines()[-1])
    return told


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "compute", "variants", "methods"),
    [
        ("910A", "fp16", ["base"], ["lora"]),
        # Listed nowhere: what was tried just now says what it can do; 4 bit without the kernel of double quantization.
        ("unlisted", "bf16", ["base", "4bit"], ["qlora", "lora"]),
        ("S4000", "bf16", ["base"], ["lora"]),
    ],
)
def test_the_probe_of_this_very_run_decides_what_is_measured(
    name: str, compute: str, variants: list[str], methods: list[str], tmp_path: Path
) -> None:
    told = swept(tmp_path, name)
    answered, trained = (BenchmarkResult.model_validate(told[part]) for part in ("answered", "trained"))
    assert answered.complete, answered.stopped
    assert [one.variant for one in answered.measurements] == variants, answered.warnings
    assert {one.compute_type for one in answered.measurements} == {compute}
    assert all(one.joules_per_token is None for one in answered.measurements)
    assert told["free"] == pytest.approx((answered.device.gib or 0) - 1)
    assert (told["peak"], told["metered"]) == (0, 0)
    assert told["loaded"] == {"fp16": "float16", "bf16": "bfloat16"}[compute]
    assert trained.complete, trained.stopped
    assert [step.method for step in trained.training] == methods, trained.warnings
    assert {step.compute_type for step in trained.training} == {compute}
