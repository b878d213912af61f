"""A project with a finished small tuning run and its evaluation: real stations, the tiny random model, a minute
at most.

home = build_home(tmp_path / "home", tmp_path / "work")
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from knowledge.company.build import build_documents, sealed_file
from tests.tiny_model import build_tiny_model
from ui.cli import run

KEPT = ("tarvo-manual", "tarvo-spec", "tarvo-maintenance", "returns")
NAME = "Pumps"
PROJECT = "pumps"


def build_home(home: Path, work: Path) -> dict[str, str]:
    """Make a home with one measured project; returns the environment that its commands and its server need."""
    folder = work / "documents"
    for path in build_documents(folder):
        if path.stem not in KEPT:
            path.unlink()
    environment = {
        "DOMAINSMITH_HOME": str(home),
        "DOMAINSMITH_BASE_MODEL": str(build_tiny_model(work / "model")),
        "DOMAINSMITH_EXTRACTION_MODEL": "rules",
    }
    with _set(environment):
        for command in (
            ["new", NAME],
            ["ingest", str(folder)],
            ["extract", "--held-out", "0.3"],
            ["validate", "--questions", str(sealed_file())],
            ["mix", "--drop-leaks", "--max-domain", "24"],
            ["tune", "--epochs", "2"],
            ["evaluate", "--limit", "6"],
        ):
            code = run([*command, "-p", NAME] if command[0] != "new" else command)
            if code != 0:
                raise AssertionError(f"`domainsmith {' '.join(command)}` exits with {code}")
    return environment


@contextmanager
def _set(environment: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
