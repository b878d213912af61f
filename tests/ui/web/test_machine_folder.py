"""With accounts a page and a job of any of them speak of the same machine: the server's own folder tells of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.records.benchmark import BenchmarkResult, Capability
from agent.settings import Settings
from knowledge.files import read_record
from tests.ui.web.machine_worker import MACHINE_WORKER, Seen, seen
from tools.benchmark import backends
from tools.benchmark.saved import save
from tools.jobs.runner import submit, wait
from tools.jobs.snapshot import load_snapshot, save_snapshot
from ui.runtime import Runtime
from ui.web.desk import Desks

DEVICE = """devices:
  - name: Example X100
    cells:
      backend: [musa, datasheet, page]
      gib: [96, datasheet, page]
      bf16: ["yes", datasheet, page]
      compute_type: [bf16, datasheet, page]
      qlora: [false, datasheet, page]
      lora: [true, datasheet, page]
      full: [true, datasheet, page]
    why_not: {qlora: none}
"""


def probed(home: Path, message: str) -> None:
    found = {"qlora_step": Capability(outcome="refused", message=message)}
    machine = backends.detect().machine()
    save(home, BenchmarkResult(place="local", at="2026-01-01T00:00:00+00:00", device=machine, capabilities=found))


def test_a_job_of_an_account_finds_the_servers_devices_and_probe(tmp_path: Path) -> None:
    home = tmp_path / "server"
    desks = Desks(Runtime(settings=Settings(home=home, _env_file=None)).settings)
    desk = desks.for_account("ben", "ben")
    project = desk.workspace.create("Pumps")
    (home / "devices.yaml").write_text(DEVICE, encoding="utf-8")
    probed(home, "the server's own probe")
    probed(desk.settings.home, "brought along by an account")

    page = seen()
    job = wait(project, submit(project, desk.settings, "mix", {}, "mix", worker=MACHINE_WORKER).id)

    assert job.state == "done", job.error
    assert read_record(project.runs / job.run / "result.json", Seen) == page
    assert "Example X100" in page.devices
    assert not page.qlora
    assert "the server's own probe" in page.why


def test_a_snapshot_keeps_the_machines_folder_and_file_with_absolute_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    plain = Settings(home=Path("home"), hardware_file=Path("mine.yaml"), _env_file=None)
    assert plain.machine_folder == Path("home")
    save_snapshot(plain.model_copy(update={"machine_home": Path("server")}), tmp_path)
    monkeypatch.chdir("/")
    kept = load_snapshot(tmp_path)
    assert (kept.home, kept.machine_folder) == (tmp_path / "home", tmp_path / "server")
    assert kept.hardware_file == tmp_path / "mine.yaml"
