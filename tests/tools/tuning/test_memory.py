"""Memory that really ends: the method stays what was asked for, and the error names what needs less."""

from __future__ import annotations

import errno
import math
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.errors import DoesNotFitError, InputError
from agent.records.tuning import TuneRequest
from agent.settings import Settings
from knowledge.files import read_record
from tests.tiny_model import build_tiny_model
from tests.tools.benchmark.test_backends import Vendor, present
from tests.tools.tuning.conftest import FACTS, Recorder
from tests.tools.tuning.limited_worker import LIMITED
from tests.tools.tuning.test_run import request
from tools.generation import _room_for_copy
from tools.jobs.runner import submit, wait
from tools.tuning.memory import free_gib, peak_gib, ran_out
from tools.tuning.run import tune
from tools.workspace import Project


@pytest.mark.slow
def test_a_run_out_of_memory_ends_with_what_needs_less_and_goes_on_unchanged(
    project: Project, settings: Settings, make_mix: Callable[..., str], tmp_path: Path
) -> None:
    wide = build_tiny_model(tmp_path / "wide", hidden=512, layers=3)
    settings = settings.model_copy(update={"base_model": str(wide), "checkpoint_seconds": 0})
    asked = request(settings, make_mix(FACTS * 4), "lora", batch_size=16, epochs=2)
    job = wait(project, submit(project, settings, "tune", asked.model_dump(mode="json"), "tune", worker=LIMITED).id)

    assert (job.state, job.exit_code) == ("failed", DoesNotFitError.exit_code), job.error
    assert "lora ran out of memory with 16 examples a step" in job.error
    assert "batch_size 8; what fits here: qlora" in job.error
    run = project.runs / job.run
    assert not (run / "adapter").exists()
    assert read_record(run / "request.json", TuneRequest) == asked
    assert TuneRequest.model_validate(job.request) == asked

    recorder = Recorder()
    result = tune(project, settings, asked, run, recorder)  # on a machine with memory
    assert (result.method, result.hyperparameters) == ("lora", asked.hyperparameters)
    assert recorder.steps[0][0] == 3, "what was saved before stays"


@pytest.mark.parametrize(
    ("error", "free", "expected"),
    [
        (MemoryError(), 8.0, True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"), 8.0, True),
        (RuntimeError("std::bad_alloc"), 8.0, True),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), 8.0, True),
        (RuntimeError("could not create a primitive"), 0.01, True),
        (RuntimeError("could not create a primitive"), 8.0, False),
        (RuntimeError("can't start new thread"), 0.01, True),
        (RuntimeError("a bug"), 0.01, False),
        (OSError(errno.ENOSPC, "No space left on device"), 0.01, False),
        (ValueError("out of memory"), 0.01, False),
    ],
)
def test_only_errors_of_memory_are_taken_for_such(
    error: Exception, free: float, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tools.tuning.memory.free_gib", lambda: free)
    assert ran_out(error) is expected
    wrapped = InputError("the weights cannot be read")
    wrapped.__cause__ = error
    assert ran_out(wrapped) is expected


def test_what_a_process_may_take_counts_as_free(monkeypatch: pytest.MonkeyPatch) -> None:
    assert free_gib() > 0
    monkeypatch.setattr("resource.getrlimit", lambda _: (1, 1))
    assert free_gib() == 0


def test_the_vendor_is_asked_for_its_memory_where_torch_counts_none(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    told = {"free": 30 * 2**30}
    calls = {"mem_get_info": lambda _: (told["free"], 32 * 2**30), "max_memory_allocated": lambda _: 3 * 2**30}
    vendor = present(monkeypatch, "npu", Vendor(**calls))
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: True)
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda: torch.device("meta"))
    for name in ("get_memory_info", "max_memory_allocated"):  # as before torch 2.10 and 2.9
        monkeypatch.delattr(torch.accelerator, name, raising=False)
    assert (free_gib(), peak_gib()) == (30.0, 3.0)
    copied = torch.nn.Linear(256, 256, bias=False)  # 256 KiB
    assert _room_for_copy(copied)
    told["free"] = 2 * 2**18
    assert not _room_for_copy(copied)

    vendor.mem_get_info = vendor.max_memory_allocated = None  # type: ignore[assignment]
    assert free_gib() == math.inf, "then the device's own size is the limit"
    assert peak_gib() > 0, "of the process"
    assert not _room_for_copy(copied), "what nobody knows is no room"
