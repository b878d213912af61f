"""How the figures of the benchmark's own benchmark are set beside llama.cpp's clock: on one number of threads."""

from __future__ import annotations

from typing import Any

import pytest

from tests.benchmarks import hardware
from tests.tools.benchmark.compared import point


def test_the_endpoint_is_held_against_the_clock() -> None:
    clock = {"decode": [40.0, 50.0, 60.0], "prefill": [400.0, 320.0, 500.0]}
    first, each = hardware.against_the_clock(clock, point(1.0, prompt_tokens=80, ttft_ms=230.0, tpot_ms=21.0))
    assert (first.first, first.second, first.apart) == (200.0, 230.0, pytest.approx(0.15))
    assert (each.first, each.second, each.apart) == (20.0, 21.0, pytest.approx(0.05))
    text = hardware.agreement_table((first, each), "its own clock", "bench --endpoint")
    assert "| TTFT ms | 200 | 230 | 15% |" in text
    assert "| TPOT ms | 20 | 21 | 5% |" in text
    assert text.endswith("of 2 within 15%")


def test_a_measurement_without_a_reply_is_held_against_nothing() -> None:
    failed = point(1.0, ttft_ms=None, tpot_ms=None, errors={"timeout": 3})
    with pytest.raises(AssertionError, match="timeout"):
        hardware.against_the_clock({"decode": [1.0], "prefill": [1.0]}, failed)


def test_server_and_clock_have_as_many_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []

    def begin(command: list[str], **_: Any) -> Any:
        started.append(command)
        raise InterruptedError

    monkeypatch.setattr("subprocess.Popen", begin)
    monkeypatch.setattr("subprocess.run", begin)
    with pytest.raises(InterruptedError):
        hardware.from_outside(3)
    with pytest.raises(InterruptedError):
        hardware.llama_in_a_process(1, 3)
    assert [command[-1] for command in started] == ["3", "3"]
    assert started[1][-2] == "--threads"
