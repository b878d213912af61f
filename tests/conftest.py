"""The longest files first, and properties tried on the same examples each time.

The longest first, so that no process of `make test` is left alone with them at the end. A property fails for what is
wrong, not for the minute in which it is tried: no example has a time limit, and the examples follow from the test.
`pytest --hypothesis-profile=default` draws others.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, settings

LONG: Final = (
    "ui/test_three_uses.py",
    "ui/web/test_server_killed.py",
    "ui/pages/test_measured_in_browser.py",
    "ui/test_road.py",
    "ui/pages/test_assistant_in_browser.py",
    "graph/test_real_project.py",
    "ui/web/test_browser.py",
    "campaigns/test_data.py",
    "ui/pages/test_compare_in_browser.py",
    "ui/pages/test_pairs_browser.py",
    "ui/pages/test_documents_browser.py",
    "tools/benchmark/test_stand_ins.py",
    "ui/pages/test_measured_hardware_browser.py",
    "ui/web/test_app.py",
    "ui/pages/test_assistant_scripted.py",
    "campaigns/test_training.py",
    "tools/benchmark/test_emitting.py",
    "graph/test_kills.py",
    "graph/understanding/test_classifier.py",
)
"""Files of a minute and more, the longest first."""


settings.register_profile("repeatable", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("repeatable")


@pytest.fixture(autouse=True)
def _devices_of_nobody() -> Iterator[None]:
    """Forget after each test where a command that ran in this process looked for devices and measurements."""
    yield
    if "tools.hardware_settings" in sys.modules:
        sys.modules["tools.hardware_settings"].use_settings(None)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 4 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a small disk can be mounted by root only")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of the long files before all others; everything else keeps its order."""
    places = {name: place for place, name in enumerate(LONG)}
    order = {item.nodeid: _place(item, places) for item in items}
    items.sort(key=lambda item: order[item.nodeid])


def _place(item: pytest.Item, places: dict[str, int]) -> int:
    return next((place for name, place in places.items() if item.path.as_posix().endswith(f"tests/{name}")), len(LONG))
