"""The console script before the command line is there."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

INTERRUPTED = """
import os, signal, sys

class Impatient:
    def find_spec(self, name, *_):
        if name == "ui.cli":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Impatient())
from ui.start import main
main()
"""


def test_an_interrupt_during_the_imports_is_no_traceback():
    ran = subprocess.run([sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, timeout=240, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, "", "domainsmith: cancelled\n")


def test_the_console_script_is_the_command_line():
    code = "import sys; sys.argv = ['domainsmith', '--version']; from ui.start import main; main()"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=240, check=True)
    assert ran.stdout.startswith("domainsmith ")


def test_the_module_is_the_command_line_too():
    command = [sys.executable, "-m", "ui.start", "--version"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=240, check=True)
    assert ran.stdout.startswith("domainsmith ")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_an_interrupt_during_the_imports_speaks_the_users_language(language):
    environment = {**os.environ, "DOMAINSMITH_LANG": language}
    ran = subprocess.run(
        [sys.executable, "-c", INTERRUPTED], capture_output=True, env=environment, timeout=240, check=False
    )
    assert ran.stderr.decode() == {"en": "domainsmith: cancelled\n", "zh": "domainsmith: 已取消\n"}[language]


IMPATIENT = """
import os, signal, sys

def press(*_):
    for _ in range(3):
        os.kill(os.getpid(), signal.SIGINT)

import tools.workspace
tools.workspace.Workspace.projects = press
sys.argv = ["domainsmith", "projects"]
from ui.start import main
main()
"""


def test_three_interrupts_in_a_row_are_no_death_by_signal():
    ran = subprocess.run([sys.executable, "-c", IMPATIENT], capture_output=True, text=True, timeout=240, check=False)
    assert ran.returncode == 130, ran
    assert "Traceback" not in ran.stderr


def test_an_interrupt_within_exec_is_no_death_by_signal(tmp_path: Path) -> None:
    """Run with `-m`, as only then the interpreter looks in the end whether an interrupt passed through `exec`."""
    pressing = "def press(*_):\n    exec('import signal; signal.raise_signal(signal.SIGINT)')"
    (tmp_path / "pressing.py").write_text(IMPATIENT.replace("def press(*_):", pressing))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), str(tmp_path)])}
    command = [sys.executable, "-m", "pressing"]
    ran = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=240, check=False)
    assert (ran.returncode, ran.stderr) == (130, "domainsmith: cancelled; what was finished is kept\n")


@pytest.mark.slow
@pytest.mark.parametrize("delay", [0.0, 0.02, 0.3, 1.2])
def test_an_interrupted_job_is_gone_or_cancelled(tmp_path: Path, delay: float) -> None:
    """A real process, interrupted a while after its run folder appears."""
    from agent.settings import Settings
    from tools.jobs.processes import members_of
    from tools.jobs.store import JobStore
    from tools.workspace import Workspace

    project = Workspace(Settings(home=tmp_path).home).create("Pumps")
    (tmp_path / "in").mkdir()
    for number in range(40):
        (tmp_path / "in" / f"{number}.md").write_text(f"# Pump {number}\n\n" + f"It has {number} bar. " * 400)
    environment = {**os.environ, "DOMAINSMITH_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "ui.start", "ingest", str(tmp_path / "in")]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
    while not (project.runs.is_dir() and any(project.runs.iterdir())):
        assert process.poll() is None, process.communicate()
        time.sleep(0.002)
    time.sleep(delay)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=240)
    jobs = JobStore(project.jobs).list()
    said = [line for line in err.splitlines() if line.startswith("domainsmith: ")]
    assert (process.returncode, len(said)) == (130, 1), err
    assert "cancelled" in said[0]
    assert [job.state for job in jobs] == ["cancelled"] * len(jobs)
    assert {path.name for path in project.runs.iterdir()} == {job.run for job in jobs}
    assert all(f"`domainsmith jobs resume {job.id}` goes on" in said[0] for job in jobs)
    assert not [one for job in jobs for one in members_of(job.id)]
