"""Parts of the script for other machines: what a vendor's library prints or raises loses one finding at most."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.records.benchmark import Capability
from tools.benchmark import standalone_device, standalone_trying
from tools.benchmark.backends import Accelerator
from tools.benchmark.emitting import read_result, script
from tools.benchmark.probe import probe
from tools.benchmark.probes import arithmetic
from tools.benchmark.probes.attempt import Bench as Trial
from tools.benchmark.standalone import Bench, main
from tools.benchmark.standalone_device import LEAST_BYTES, UNKNOWN_BYTES, Device, beyond_caches, cache_bytes
from tools.benchmark.standalone_model import SHAPES, build, parameters
from tools.tuning import memory

FAILING = (sys.executable, str(Path(__file__).parent / "failing_child.py"))
TOLD = '{"outcome": "supported", "figure": 2.0, "unit": "TFLOPS", "seconds": 0.1}'


@pytest.fixture
def bench() -> Bench:
    asked = {"device": "cpu", "params": "0.001", "dtype": "auto", "quick": True, "lang": "en", "out": "-"}
    return Bench(argparse.Namespace(**asked))


def child(text: str, code: int = 0) -> Any:
    return lambda command, **_: subprocess.CompletedProcess(command, code, text.encode(), b"why it died")


@pytest.mark.parametrize(
    "text",
    [
        f"{TOLD}\nlibvendor: unloaded, bye\n",
        f"hello\n\n{TOLD}\n[1, 2]\n42\n\n",
        f'{TOLD}\n{{"level": "info"}}\n',
        f"{TOLD}\n{'[' * 100_000}",
        f"\x85before\u2028\n{TOLD}",
    ],
)
def test_stray_lines_around_a_finding_lose_nothing(bench: Bench, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", child(text))
    bench.probe("matmul_fp32")
    assert bench.capabilities["matmul_fp32"] == json.loads(TOLD)


@pytest.mark.parametrize(("text", "code"), [("bye\n", 0), ("", 0), (TOLD, 1), ("{}", 0)])
def test_a_child_without_a_finding_crashed(bench: Bench, text: str, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", child(text, code))
    bench.probe("matmul_fp32")
    assert bench.capabilities["matmul_fp32"] == {"outcome": "crashed", "message": f"exit {code}: why it died"}


# What happened to an attempt, by the words of the probe of `bench`


def segfaults() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def is_killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def finds_no_memory() -> None:
    raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 4398046511104 bytes")


def dies_of_memory() -> None:
    print("terminate called after throwing an instance of 'std::bad_alloc'", file=sys.stderr, flush=True)
    os.abort()


def refuses() -> None:
    raise RuntimeError("no kernel for an illegal memory access")


@pytest.mark.parametrize(
    ("event", "alike"),
    [
        (segfaults, "segfaults"),
        (is_killed, "is_killed"),
        (finds_no_memory, "exhausts"),
        (dies_of_memory, "lacks_memory"),
        (refuses, "refuses"),
    ],
)
def test_one_event_has_one_word_here_and_in_the_probe(
    bench: Bench, event: Callable[[], None], alike: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = (
        f"import tests.tools.benchmark.test_standalone as here\n"
        f"from tools.benchmark import standalone_trying as trying\n"
        f"trying.attempt = lambda *_: here.{event.__name__}()\n"
        f"trying.child('matmul_fp32', 'cpu', 'fp32')\n"
    )
    run = subprocess.run
    monkeypatch.setattr(subprocess, "run", lambda _, **kept: run([sys.executable, "-c", script], check=False, **kept))
    bench.probe("matmul_fp32")
    found = bench.capabilities["matmul_fp32"]
    probed = probe(Accelerator("cpu"), names=(alike,), child=FAILING)[alike]
    assert found["outcome"] == probed.outcome
    assert found["message"]
    assert Capability.model_validate(found).outcome == probed.outcome


def test_a_hang_was_not_tried_here_and_in_the_probe(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def hangs(command: Any, timeout: float, **_: object) -> None:
        raise subprocess.TimeoutExpired(command, timeout)

    monkeypatch.setattr(subprocess, "run", hangs)
    bench.probe("lora_step")
    probed = probe(Accelerator("cpu"), names=("hangs",), item_seconds=0.2, child=FAILING)["hangs"]
    assert bench.capabilities["lora_step"]["outcome"] == probed.outcome == "not_tried"
    assert "180 s" in bench.capabilities["lora_step"]["message"]


def test_a_device_that_does_not_open_was_not_tried(capsys: pytest.CaptureFixture[str]) -> None:
    standalone_trying.child("matmul_fp32", "npu", "fp16")
    told = json.loads(capsys.readouterr().out)
    assert told["outcome"] == "not_tried"
    assert "torch sees no npu" in told["message"]


def test_memory_is_told_by_the_same_words_in_both() -> None:
    assert standalone_device.NO_MEMORY == memory._OUT_OF_MEMORY
    assert standalone_device.ran_out(MemoryError())
    assert not standalone_device.ran_out(ValueError("out of memory"))


@pytest.mark.parametrize("outcome", ["refused", "crashed", "not_tried"])
def test_what_did_not_work_in_a_process_of_its_own_is_not_done_here(bench: Bench, outcome: str) -> None:
    bench.capabilities["full_step"] = {"outcome": outcome, "message": "why not"}
    bench.train("full", SHAPES["0.001"], bench.device.torch.float32)
    assert bench.steps == []
    assert bench.warnings == ["full: left out (why not)"]


def test_training_steps_name_what_was_trained(bench: Bench, tmp_path: Path) -> None:
    bench.compute = "fp32"
    for method in ("lora", "full"):
        bench.train(method, SHAPES["0.001"], bench.device.torch.float32)
    file = tmp_path / "result.json"
    file.write_text(json.dumps(bench.result("")))
    steps = read_result(file).training
    assert [(one.method, one.model, one.compute_type) for one in steps] == [
        ("lora", "random Llama 0.001B", "fp32"),
        ("full", "random Llama 0.001B", "fp32"),
    ]


@pytest.mark.parametrize(("spread", "doubts"), [(0.4, ["lora: repeats differ by 40% of the median"]), (0.1, [])])
def test_steps_that_vary_are_doubted(
    bench: Bench, spread: float, doubts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tools.benchmark.standalone.train", lambda *_: {"method": "lora", "spread": spread})
    bench.train("lora", SHAPES["0.001"], bench.device.torch.float32)
    assert (len(bench.steps), bench.warnings) == (1, doubts)


def test_a_child_that_cannot_be_started_was_not_tried(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(subprocess, "run", refuse)
    bench.part("matmul_fp32", lambda: bench.probe("matmul_fp32"))
    assert bench.capabilities["matmul_fp32"]["outcome"] == "not_tried"
    assert "Permission denied" in bench.capabilities["matmul_fp32"]["message"]


ERRORS = (ValueError, TypeError, AttributeError, KeyError, AssertionError, OSError, RuntimeError)


@pytest.mark.parametrize("error", ERRORS)
def test_whatever_a_part_raises_is_a_warning(bench: Bench, error: type[Exception]) -> None:
    def fail() -> None:
        raise error("the vendor's own words")

    bench.part("lora", fail)
    assert bench.done == 1
    assert len(bench.warnings) == 1
    assert "lora: left out" in bench.warnings[0]
    assert "the vendor's own words" in bench.warnings[0]


def test_nothing_that_fails_takes_the_result_along(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Vendor:
        def mem_get_info(self) -> None:
            raise TypeError("no argument is no device")

        def get_device_name(self, _: int) -> None:
            raise AttributeError("no names here")

    def refuse(*_: object, **__: object) -> None:
        raise AttributeError("no such thing in this torch")

    monkeypatch.setattr(bench, "probe", refuse)
    monkeypatch.setattr(bench, "answer", refuse)
    monkeypatch.setattr("tools.benchmark.standalone.train", refuse)
    bench.device.backend, bench.device.module = "xpu", Vendor()
    bench.run()
    file = tmp_path / "result.json"
    file.write_text(json.dumps(bench.result("")))
    result = read_result(file)
    assert (result.capabilities, result.measurements, result.training) == ({}, (), ())
    assert result.device.gib is None
    assert result.device.name
    assert len(result.warnings) >= bench.total - 1
    assert any("mem_get_info" in warning and "no argument is no device" in warning for warning in result.warnings)
    assert any("get_device_name" in warning for warning in result.warnings)


@pytest.mark.parametrize("method", ["lora", "full"])
def test_what_main_memory_does_not_hold_is_left_out(bench: Bench, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object, **__: object) -> None:
        raise AssertionError("the system would end the process here")

    monkeypatch.setattr("tools.benchmark.standalone.build", killed)
    monkeypatch.setattr("tools.benchmark.standalone.train", killed)
    bench.args.params, bench.compute = "13", "fp32"
    gib = 4 * parameters(SHAPES["13"]) / 2**30
    monkeypatch.setattr(bench.device, "room_gib", lambda: gib - 1)
    kind = bench.device.torch.float32
    bench.part("1 × 64/32", lambda: bench.answer((1, 64, 32), SHAPES["13"], kind, []))
    bench.part(method, lambda: bench.train(method, SHAPES["13"], kind))
    times = {"lora": 1, "full": 4}[method]
    assert bench.warnings == [
        f"1 × 64/32: left out, it takes {gib:.0f} GiB of memory and {gib - 1:.0f} are free",
        f"{method}: left out, it takes {times * gib:.0f} GiB of memory and {gib - 1:.0f} are free",
    ]
    assert (bench.measurements, bench.steps) == ([], [])


@pytest.mark.parametrize("params", ["0.001", "0.1"])
def test_parameters_are_those_of_the_model_that_is_built(bench: Bench, params: str) -> None:
    torch = bench.device.torch
    model = build(torch, {"device": "cpu", "dtype": torch.float32}, SHAPES[params])
    assert sum(one.numel() for one in model.parameters() if one.dim() > 1) == parameters(SHAPES[params])


def test_room_is_asked_for_on_a_processor_alone(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    room, memory_gib = bench.device.room_gib(), bench.device.memory_gib()
    assert room is not None
    assert memory_gib is not None
    assert 0 < room <= memory_gib
    monkeypatch.setattr(standalone_device, "_lines", lambda _: [])
    assert bench.device.room_gib() == bench.device.memory_gib()
    bench.device.backend = "npu"
    assert bench.device.room_gib() is None
    assert not bench.lacks_room("full", 1000)


def test_what_is_known_is_kept_after_every_part(bench: Bench, tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    bench.args.out = str(file)
    bench.part("matmul_fp32", lambda: bench.capabilities.update(matmul_fp32=json.loads(TOLD)))
    first = read_result(file)
    assert (first.complete, first.stopped) == (False, f"ended after 1 of {bench.total} parts")
    assert first.capabilities["matmul_fp32"].figure == 2.0
    bench.write("")
    assert read_result(file).complete
    assert [one.name for one in tmp_path.iterdir()] == ["result.json"]


def test_a_file_that_cannot_be_written_is_told_before_much_is_measured(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    out = str(tmp_path / "gone" / "result.json")
    monkeypatch.setattr(sys, "argv", ["bench.py", "--device", "cpu", "--params", "0.001", "--quick", "--out", out])
    monkeypatch.setattr(Bench, "probe", lambda *_: None)
    with pytest.raises(SystemExit, match=r"cannot be written .*No such file"):
        main()


@pytest.mark.parametrize(("lang", "says"), [("en", "cannot be imported"), ("zh", "无法导入 torch")])
def test_without_torch_one_line_says_so(lang: str, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["bench.py", "--lang", lang])
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(SystemExit, match=says):
        main()


def test_the_parts_are_joined_once_each() -> None:
    text = script()
    for name in ("class Device:", "def cache_bytes(", "def build(", "class Bench:", "def outcome_of("):
        assert text.count(name) == 1
    assert "from tools" not in text


# How much memory is measured with


def caches(folder: Path, *known: tuple[int, str, str, str]) -> str:
    """Write what Linux tells of caches: core, level, size, cores that share it."""
    for number, (core, level, size, shared) in enumerate(known):
        cache = folder / f"cpu{core}" / "cache" / f"index{number}"
        cache.mkdir(parents=True)
        for name, text in (("level", level), ("size", size), ("shared_cpu_list", shared)):
            (cache / name).write_text(f"{text}\n")
    return str(folder)


def test_caches_of_one_level_are_counted_once_and_together(tmp_path: Path) -> None:
    two = caches(
        tmp_path,
        *((0, "2", "1024K", "0"), (1, "2", "1024K", "1"), (0, "3", "384M", "0-1"), (1, "3", "384M", "0-1")),
        *((2, "3", "393216K", "2-3"), (3, "1", "what", "3")),
    )
    assert cache_bytes(two) == 2 * 384 * 2**20
    assert beyond_caches(None, two) == 4 * 2 * 384 * 2**20
    assert beyond_caches(8.0, two) == 2**30


def test_without_large_or_known_caches(tmp_path: Path) -> None:
    small = caches(tmp_path / "small", (0, "3", "8192K", "0"))
    assert beyond_caches(64.0, small) == LEAST_BYTES
    assert beyond_caches(64.0, str(tmp_path / "none")) == UNKNOWN_BYTES
    assert beyond_caches(1.0, str(tmp_path / "none")) == 2**27


def test_both_ways_of_measuring_memory_use_it(bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    trial = Trial(Accelerator("cpu"), "fp32", tmp_path, "en")
    asked = Device("cpu").memory_gib()
    assert asked == pytest.approx(trial.device.total_gib(), rel=0.01)
    monkeypatch.setattr("tools.benchmark.standalone_trying.beyond_caches", lambda _: 2**20)
    sizes: list[int] = []
    ones = bench.device.torch.ones

    def counted(count: int, **where: Any) -> Any:
        sizes.append(4 * count)
        return ones(count, **where)

    monkeypatch.setattr(bench.device.torch, "ones", counted)
    monkeypatch.setattr("tools.benchmark.standalone_trying._rate", lambda *_: 1e9)
    standalone_trying.attempt("memory_sum", bench.device, "fp32")
    assert sizes == [2**20]
    monkeypatch.setattr(arithmetic, "beyond_caches", lambda _: 2**21)
    arithmetic.reading(trial)
    assert sizes[-1] == 2**21
