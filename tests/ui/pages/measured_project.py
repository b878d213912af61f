"""A project with a finished small tuning run and its evaluation: real stations, the tiny random model, a minute
at most.

home = build_home(tmp_path / "home", tmp_path / "work")
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from agent.records.base import Language
from knowledge.company.build import build_documents, sealed_file
from tests.tiny_model import build_tiny_model
from ui.cli import run

KEPT = ("tarvo-manual", "tarvo-spec", "tarvo-maintenance", "returns")
NAME = "Pumps"
PROJECT = "pumps"
STRICT_GATE = "0.98"
"""The fault in the evaluation: so much evidence is asked that the search holds back what it found. Unlike what a random
model answers, its diagnosis is sure, and its fix is one that a yes applies."""


def build_home(home: Path, work: Path) -> dict[str, str]:
    """Make a home with one measured project; returns the environment that its commands and its server need."""
    environment = environment_of(home, work)
    with setting(environment):
        measure(NAME, KEPT, work / "documents")
    return environment


def environment_of(home: Path, work: Path) -> dict[str, str]:
    """Make the tiny random model; returns the environment of commands and a server that use it in a home."""
    return {
        "DOMAINSMITH_HOME": str(home),
        "DOMAINSMITH_BASE_MODEL": str(build_tiny_model(work / "model")),
        "DOMAINSMITH_EXTRACTION_MODEL": "rules",
    }


def measure(name: str, kept: Sequence[str], folder: Path, lang: Language = "en", questions: Path | None = None) -> None:
    """Make a project and lead it from some of the company's documents to an evaluation, in this process's environment.

    Args:
        name: Name of the project.
        kept: The documents, by their file names without ending.
        folder: Where their files are written.
        lang: Language the commands speak.
        questions: File of the sealed items; all of the company's by default.
    """
    for path in build_documents(folder):
        if path.stem not in kept:
            path.unlink()
    for command in (
        ["new", name],
        ["ingest", str(folder)],
        ["extract", "--held-out", "0.3"],
        ["validate", "--questions", str(questions or sealed_file())],
        ["mix", "--drop-leaks", "--max-domain", "24"],
        ["tune", "--epochs", "2"],
        ["evaluate", "--limit", "6", "--abstain-below", STRICT_GATE],
    ):
        code = run([*command, "--lang", lang, *(["-p", name] if command[0] != "new" else [])])
        if code != 0:
            raise AssertionError(f"`domainsmith {' '.join(command)}` exits with {code}")


@contextmanager
def setting(environment: dict[str, str]) -> Iterator[None]:
    """Set environment variables until the block ends."""
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
