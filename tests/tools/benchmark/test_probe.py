"""A probe's processes: every way to fail is an outcome, the others go on, and nothing is left behind."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from agent.errors import CancelledError
from agent.progress import Silent
from agent.records.benchmark import Capability
from tools.benchmark import probe as probe_module
from tools.benchmark.backends import Accelerator
from tools.benchmark.probe import ITEMS, probe
from tools.benchmark.probing import ATTEMPTS, EXIT_ORPHANED, NEEDS

CHILD = (sys.executable, "-P", str(Path(__file__).with_name("failing_child.py")))
CPU = Accelerator("cpu")


def tried(*names: str, **options: Any) -> dict[str, Capability]:
    return probe(CPU, names=names, child=CHILD, **options)


def test_every_item_has_an_attempt_and_a_name() -> None:
    assert set(ITEMS) == set(ATTEMPTS)
    assert set(NEEDS) <= set(ITEMS)


def test_each_failure_is_an_outcome_and_the_others_go_on() -> None:
    names = ("works", "refuses", "is_wrong", "lacks", "segfaults", "aborts", "babbles", "is_killed", "lacks_memory")
    names = (*names, "exits")
    seen: list[str] = []
    found = tried(*names, on_item=lambda name, _: seen.append(name))
    assert seen == list(names) == list(found)
    assert {name: one.outcome for name, one in found.items()} == {
        "works": "supported",
        "refuses": "refused",
        "is_wrong": "refused",
        "lacks": "not_tried",
        "segfaults": "crashed",
        "aborts": "crashed",
        "babbles": "supported",
        "is_killed": "not_tried",
        "lacks_memory": "not_tried",
        "exits": "crashed",
    }
    assert (found["works"].figure, found["works"].unit) == (2.5, "TFLOPS")
    assert found["refuses"].message == "RuntimeError: the reason stands last"
    assert found["is_wrong"].message == "the result is wrong: off by 12.0%"
    assert found["lacks"].message == "flash-attn is not installed"
    assert "SIGSEGV (about to touch what is not ours)" in found["segfaults"].message
    assert "SIGABRT" in found["aborts"].message
    assert "SIGKILL, which the system sends when memory runs out" in found["is_killed"].message
    assert "std::bad_alloc" in found["lacks_memory"].message
    assert "exit status 7" in found["exits"].message
    assert all(one.seconds is not None for one in found.values() if one.outcome in {"supported", "refused"})


def test_running_out_of_memory_is_no_finding_about_the_device() -> None:
    found = tried("exhausts", "works")
    assert found["exhausts"].outcome == "not_tried"
    assert "allocate" in found["exhausts"].message
    assert found["works"].outcome == "supported"


def test_what_hangs_is_ended_at_its_limit() -> None:
    started = time.monotonic()
    found = tried("hangs", "works", item_seconds=5)
    assert time.monotonic() - started < 300  # what hangs would go on for 600
    assert found["hangs"].outcome == "not_tried"
    assert found["hangs"].message == "no answer within 5 s; its process was ended"
    assert found["works"].outcome == "supported"


@pytest.mark.parametrize(
    ("word", "items", "expected"),
    [
        ("yes", {"matmul_bf16": "not_tried", "matmul_fp16": "not_tried"}, "bf16"),
        ("emulated", {"matmul_bf16": "not_tried", "matmul_fp16": "not_tried"}, "fp16"),
        ("unknown", {"matmul_bf16": "not_tried", "matmul_fp16": "not_tried"}, "fp16"),
        ("yes", {"matmul_bf16": "refused", "matmul_fp16": "supported"}, "fp16"),
        ("yes", {"matmul_bf16": "refused", "matmul_fp16": "refused"}, "fp32"),
        ("unknown", {"matmul_bf16": "supported", "matmul_fp16": "supported"}, "bf16"),
    ],
)
def test_steps_are_tried_in_the_vendors_type_where_memory_was_too_short_for_products(
    tmp_path: Path, word: str, items: dict[str, str], expected: str
) -> None:
    child = tmp_path / "child.py"
    child.write_text(
        "import json, sys\n"
        f"word, items, log = {word!r}, {items!r}, {str(tmp_path / 'log')!r}\n"
        "compute = sys.argv[sys.argv.index('--compute-type') + 1]\n"
        "print(json.dumps({'bf16': word}), flush=True)\n"
        "for name in sys.argv[sys.argv.index('--') + 1 :]:\n"
        "    open(log, 'a').write(f'{name} {compute}\\n')\n"
        "    print(json.dumps({'begins': name}), flush=True)\n"
        "    found = {'outcome': items.get(name, 'supported')}\n"
        "    print(json.dumps({'item': name, 'found': found}), flush=True)\n"
    )
    names = ("matmul_fp16", "matmul_bf16", "lora_step")
    found = probe(Accelerator("musa"), names=names, child=(sys.executable, str(child)))
    assert found["lora_step"].outcome == "supported"
    assert (tmp_path / "log").read_text().splitlines()[-1] == f"lora_step {expected}"


def test_reasons_are_in_the_language_asked_for() -> None:
    found = tried("segfaults", "is_wrong", lang="zh")
    assert found["segfaults"].message.startswith("进程随之崩溃：被 SIGSEGV 终止")
    assert found["is_wrong"].message == "结果错误：偏差 12.0%"


class Stops(Silent):
    """Cancels as soon as the file is there and something was told."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.told: list[tuple[float, float, str]] = []

    def progress(self, done: float, total: float, unit: str, message: str = "") -> None:
        self.told.append((done, total, message))

    def check(self) -> None:
        if self._file.exists() and self._file.read_text() and self.told:
            raise CancelledError("cancelled")


def test_cancelling_ends_the_process_and_its_scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "pid"
    monkeypatch.setenv("HANGING_PID", str(file))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    listener = Stops(file)
    with pytest.raises(CancelledError):
        tried("works", "hangs_telling", reporter=listener)
    assert listener.told == [(1, 2, "works")]
    pid = int(file.read_text())
    deadline = time.monotonic() + 60
    while psutil.pid_exists(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not psutil.pid_exists(pid)
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_device_that_cannot_be_opened_is_tried_in_no_item() -> None:
    found = probe(Accelerator("musa"), names=("matmul_fp32", "lora_step"))
    assert [one.outcome for one in found.values()] == ["not_tried", "not_tried"]
    assert all(one.message == "the device could not be opened: torch sees no such device" for one in found.values())


def test_a_reader_that_is_late_finds_its_pipe_open(monkeypatch: pytest.MonkeyPatch) -> None:
    class Late(queue.Queue[Any]):
        def put(self, item: Any, *_: Any) -> None:
            super().put(item)
            time.sleep(1)  # by now the probe has had its answer and ended the process

    monkeypatch.setattr(probe_module.queue, "Queue", Late)
    found = probe(CPU, names=("matmul_fp32",), child=(sys.executable, "-c", 'print(\'{"failed": "told"}\')'))
    assert found["matmul_fp32"].message == "the device could not be opened: told"
    readers = [thread for thread in threading.enumerate() if thread.name == "probe"]
    assert readers
    for thread in readers:
        thread.join(30)  # an exception of a thread fails the test


@pytest.mark.parametrize("told", [('{"bf16": "yes"}',), ('{"bf16": "yes"}', '{"begins": "matmul_fp32"}')])
def test_a_process_that_closes_its_output_and_stays_is_ended(told: tuple[str, ...]) -> None:
    """As where a driver hangs while it is unloaded."""
    code = f"import os, time\nfor one in {told!r}: print(one, flush=True)\nos.close(1)\ntime.sleep(600)"
    found = probe(CPU, names=("matmul_fp32",), child=(sys.executable, "-c", code), item_seconds=1)
    assert found["matmul_fp32"].message == "no answer within 1 s; its process was ended"


def test_cancelling_does_not_wait_for_a_process_that_says_no_more(tmp_path: Path) -> None:
    class Stops(Silent):
        def check(self) -> None:
            if (tmp_path / "closed").exists():
                raise CancelledError("cancelled")

    code = f"import os, time; os.close(1); open({str(tmp_path / 'closed')!r}, 'w'); time.sleep(600)"
    with pytest.raises(CancelledError):
        probe(CPU, names=("matmul_fp32",), child=(sys.executable, "-c", code), reporter=Stops())


@pytest.mark.parametrize(
    ("code", "message", "seconds"),
    [("import os; os.abort()", "SIGABRT", 120.0), ("import time; time.sleep(600)", "no answer within 1 s", 1.0)],
)
def test_a_process_that_never_opens_its_device_is_not_started_again(
    code: str, message: str, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe_module, "START_SECONDS", seconds)
    started: list[int] = []
    popen = subprocess.Popen

    def counted(*arguments: Any, **options: Any) -> Any:
        process = popen(*arguments, **options)
        started.append(process.pid)
        return process

    monkeypatch.setattr(probe_module.subprocess, "Popen", counted)
    found = probe(CPU, child=(sys.executable, "-c", code))
    assert list(found) == list(ITEMS)
    assert {one.outcome for one in found.values()} == {"not_tried"}
    assert all(message in one.message for one in found.values())
    assert len(started) == 1


def test_the_process_ends_with_its_parent(tmp_path: Path) -> None:
    command = [*CHILD, "--device", "cpu", "--folder", str(tmp_path), "hangs"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    while b"begins" not in process.stdout.readline():
        pass
    process.stdin.close()
    assert process.wait(120) == EXIT_ORPHANED
    process.stdout.close()


def test_a_processor_is_probed_without_sight_of_accelerators(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, str] = {}

    def stop(*_: Any, env: dict[str, str], **__: Any) -> Any:
        seen.update(env)
        raise CancelledError("seen enough")

    monkeypatch.setattr(probe_module.subprocess, "Popen", stop)
    for device, hidden in ((CPU, "-1"), (Accelerator("cuda"), os.environ.get("CUDA_VISIBLE_DEVICES"))):
        seen.clear()
        with pytest.raises(CancelledError):
            probe(device, names=("matmul_fp32",))
        assert seen.get("CUDA_VISIBLE_DEVICES") == hidden
