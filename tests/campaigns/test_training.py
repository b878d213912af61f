"""The campaign against training runs, in small."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_killed_runs_end_with_the_weights_of_undisturbed_ones() -> None:
    # In a process of its own: the campaign forks, which one with threads should not.
    command = [sys.executable, "-m", "tests.campaigns.training", "--kills", "2", "--methods", "qlora", "--started", "0"]
    home = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=home, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].startswith("2 kills of ")
    assert "0 faults" in done.stdout
