"""Files dropped into a conversation: they go into the project, and reading them is proposed."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from knowledge.store import CorpusStore
from tools.removal import UPLOADS
from tools.uploads import take_in
from tools.workspace import Project


def bring_in(project: Project, files: Sequence[Path]) -> tuple[str, ...]:
    """Move uploaded files into a project and return where they are.

    Raises:
        BusyError: The project is being worked on; the uploads wait where they are.
    """
    wanted, move = take_in(project, files)
    with project.owned("upload"):
        move()
    return wanted.paths


def take_back(project: Project, paths: Sequence[str]) -> None:
    """Delete uploads that nobody has read: a no to reading them is a no to keeping them."""
    uploads = (project.root / UPLOADS).resolve()
    read = {Path(document.origin.partition("#")[0]) for document in CorpusStore(project.root).documents()}
    for path in map(Path, paths):
        # Each upload has a folder of its own.
        if path.parent.parent == uploads and path not in read:
            shutil.rmtree(path.parent, ignore_errors=True)
