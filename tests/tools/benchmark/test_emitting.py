"""The script for other machines: one file for old Pythons that runs with torch alone; its JSON is checked strictly."""

from __future__ import annotations

import ast
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from agent.errors import InputError, NotFoundError
from tools.benchmark.backends import fingerprint
from tools.benchmark.emitting import SIZE, read_result, script

ALLOWED = frozenset(sys.stdlib_module_names) | {"torch"}


def test_the_script_is_one_file_for_python_3_8_that_imports_torch_alone() -> None:
    text = script()
    tree = ast.parse(text, feature_version=(3, 8))
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [one.name for one in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported <= ALLOWED
    assert "torch" in imported
    assert text.startswith("#!/usr/bin/env python3\n")
    # What newer Pythons brought besides syntax and ruff cannot tell from here.
    assert not any(word in text for word in ("strict=", "removeprefix", "pairwise", "datetime.UTC", "match "))
    annotations = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module == "__future__"]
    assert len(annotations) == 1


@pytest.fixture(scope="module")
def emitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("elsewhere") / "bench.py"
    file.write_text(script(), encoding="utf-8")
    return file


def bare(file: Path, *arguments: str, **options: Any) -> subprocess.Popen[str]:
    """Start it as on a machine without domainsmith: isolated, elsewhere, without our environment."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "DOMAINSMITH"))}
    return subprocess.Popen(
        [sys.executable, "-I", str(file), *arguments],
        cwd=file.parent,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def test_its_help_says_what_to_do(emitted: Path) -> None:
    out, _ = bare(emitted, "--help").communicate(timeout=240)
    for word in ("--params", "--out", "torch_npu", "torch_musa", "bench --import"):
        assert word in out


@pytest.mark.slow
def test_it_runs_bare_and_its_json_is_imported(emitted: Path) -> None:
    started = bare(emitted, "--params", "0.001", "--quick", "--out", "result.json", "--device", "cpu")
    _, said = started.communicate(timeout=500)
    assert started.returncode == 0, said
    assert "[12/12]" in said
    assert "s left" in said
    result = read_result(emitted.parent / "result.json")
    assert (result.place, result.complete, result.device.backend) == ("script", True, "cpu")
    assert result.device.fingerprint == fingerprint(result.device)
    assert result.capabilities["matmul_fp32"].outcome == "supported"
    assert result.capabilities["matmul_fp32"].unit == "TFLOPS"
    assert (result.measurements[0].prompt_tokens, result.measurements[0].output_tokens) == (64, 32)
    assert [step.method for step in result.training] == ["lora", "full"]
    assert result.roofline is not None
    assert result.roofline.decode_share is not None
    assert result.roofline.decode_share > 0


@pytest.mark.slow
def test_ctrl_c_leaves_a_partial_result(emitted: Path) -> None:
    started = bare(emitted, "--params", "0.001", "--out", "partial.json", "--device", "cpu", "--lang", "zh")
    assert started.stderr is not None
    line = next(line for line in started.stderr if line.startswith("[3/"))
    assert "matmul_fp32" in line
    time.sleep(0.5)
    started.send_signal(signal.SIGINT)
    started.communicate(timeout=240)
    assert started.returncode == 130
    result = read_result(emitted.parent / "partial.json")
    assert not result.complete
    assert "已取消" in result.stopped
    assert "memory_copy" in result.capabilities


def told(**changed: Any) -> dict[str, Any]:
    device = {"name": "Ascend 910A", "backend": "npu", "gib": 32.0, "packages": {"torch": "2.1.0"}}
    point = {
        "batch": 1, "prompt_tokens": 64, "output_tokens": 32, "ttft_ms": 5.0, "tpot_ms": 1.0, "tokens_per_s": 900.0,
        "peak_gib": 1.5, "label": "measured",
    }  # fmt: skip
    data = {
        "format": "domainsmith-bench/1", "place": "script", "at": "2026-01-02T03:04:05+00:00", "device": device,
        "measurements": [point], "capabilities": {"matmul_bf16": {"outcome": "refused", "message": "no bf16"}},
    }  # fmt: skip
    return data | changed


def written(folder: Path, data: Any) -> Path:
    file = folder / "result.json"
    file.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
    return file


def test_a_result_gets_its_machines_fingerprint(tmp_path: Path) -> None:
    result = read_result(written(tmp_path, told()))
    assert result.device.fingerprint == fingerprint(result.device)
    again = json.loads(result.model_dump_json())
    assert read_result(written(tmp_path, again)) == result
    again["device"]["gib"] = 64.0
    with pytest.raises(InputError, match="was changed"):
        read_result(written(tmp_path, again))


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ("{", "no JSON"),
        ("[]", "object is expected"),
        ("\x80\x05K\x01.", "no JSON"),
        ('{"format": NaN}', "NaN"),
        ("[" * 100_000, "no JSON"),
        (told(format="domainsmith-bench/9"), "format"),
        (told(at="yesterday"), "at"),
        (told(at="2026-01-02T03:04:05"), "at"),
        (told(place="moon"), "place"),
        (told(extra=1), "extra"),
        (told(device={"name": "x", "backend": "tpu"}), "device.backend"),
        (told(measurements=[{**told()["measurements"][0], "ttft_ms": "fast"}]), "measurements.0.ttft_ms"),
        (told(measurements=[{**told()["measurements"][0], "ttft_ms": -1.0}]), "measurements.0.ttft_ms"),
        (told(measurements=[{**told()["measurements"][0], "label": "guessed"}]), "measurements.0.label"),
        (told(seconds=1e400), "no JSON"),
        (told(capabilities={"nf4": {"outcome": "fine"}}), "capabilities.nf4.outcome"),
    ],
)
def test_what_is_no_result_is_refused_with_field_and_mend(tmp_path: Path, data: Any, field: str) -> None:
    file = written(tmp_path, data)
    with pytest.raises(InputError) as caught:
        read_result(file)
    assert field in f"{caught.value.what} {caught.value.where}"
    assert str(file) in caught.value.where
    assert caught.value.mend


@pytest.mark.parametrize(
    "data",
    [
        *("{", "[]", " " * (SIZE + 1), told(format="domainsmith-bench/9"), told(at="yesterday"), told(place="moon")),
        told(seconds=-1.0),
        told(seconds=1e300),
        told(seconds=1e-300),
        told(device={**told()["device"], "fingerprint": "0" * 12}),
    ],
)
def test_it_is_refused_in_chinese_too(tmp_path: Path, data: Any) -> None:
    with pytest.raises(InputError) as caught:
        read_result(written(tmp_path, data), "zh")
    for said in (caught.value.what, caught.value.mend):
        assert any("\u4e00" <= letter <= "\u9fff" for letter in said), said
    with pytest.raises(NotFoundError, match="没有这个文件"):
        read_result(tmp_path / "gone.json", "zh")


def test_files_that_are_missing_or_too_large(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        read_result(tmp_path / "gone.json")
    with pytest.raises(NotFoundError):
        read_result(tmp_path)
    with pytest.raises(InputError, match="MiB"):
        read_result(written(tmp_path, " " * (SIZE + 1)))


def test_a_file_that_calls_itself_local_says_nothing_of_this_machine(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    told = {"format": "domainsmith-bench/1", "place": "local", "at": "2026-11-01T10:00:00+00:00"}
    file.write_text(json.dumps(told | {"device": {"name": "A800", "backend": "cuda"}}), encoding="utf-8")
    assert read_result(file).place == "script"
