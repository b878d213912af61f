"""Checkpoints that are whole or not there (promise 7).

One is written after every epoch, and within an epoch whenever `Pace` says so: into a temporary folder, each file
synced, the manifest last, then renamed. Training goes on only from a folder whose manifest is there and whose files are
those it lists. Tensors are safetensors, the rest JSON; nothing is a pickle.

    checkpoints/step-00000120/{weights,best,optimizer,random}.safetensors, schedule.json, trainer_state.json,
        progress.json, manifest.json

An earlier version named them by whole epochs, `epoch-0003`; those are gone on from as well.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from agent.errors import InputError
from knowledge.files import sha256_of, sync_folder, write_json

MANIFEST: Final = "manifest.json"
KEPT: Final = 2
"""Newest checkpoints that stay on the disk."""
COST: Final = 0.05
"""Share of the training time that writing checkpoints within an epoch may take."""


class Pace:
    """When a run saves within an epoch: by the time it has trained since, so that a kill costs about as much."""

    def __init__(self, least: float) -> None:
        """Begin.

        Args:
            least: Seconds of training between two checkpoints at least; 0 saves after every step, whatever it costs.
        """
        self._least = least
        self._cost = 0.0
        self._trained = 0.0

    def trained(self, seconds: float) -> None:
        """Count a step."""
        self._trained += seconds

    def saved(self, seconds: float) -> None:
        """Count anew after a checkpoint that took so long to write."""
        self._cost, self._trained = seconds, 0.0

    @property
    def is_due(self) -> bool:
        """Whether to save now. What writing costs is known from the last time, so a first checkpoint may cost more."""
        return not self._least or self._trained >= max(self._least, self._cost / COST)


def publish(folder: Path, write: Callable[[Path], None], extra: Mapping[str, Any]) -> None:
    """Make `folder` appear whole: `write` fills a temporary one, which is synced, given a manifest and renamed.

    A folder of that name is replaced.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", suffix=".part", dir=folder.parent))
    try:
        write(temporary)
        files = sorted(path for path in temporary.rglob("*") if path.is_file())
        for file in files:
            file.chmod(0o644)
            with file.open("rb") as handle:
                os.fsync(handle.fileno())
        listed = {
            str(file.relative_to(temporary)): {"bytes": file.stat().st_size, "sha256": sha256_of(file)}
            for file in files
        }
        write_json(temporary / MANIFEST, {**extra, "files": listed})
        temporary.chmod(0o755)
        if folder.exists():
            shutil.rmtree(folder)
        temporary.rename(folder)
        sync_folder(folder.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def drop_unfinished(folder: Path) -> None:
    """Delete the temporary folders that a killed process left in `folder`, which no other process may be writing to."""
    for leftover in folder.glob(".*.part"):
        if leftover.is_dir():
            shutil.rmtree(leftover)


def save(root: Path, step: int, key: str, write: Callable[[Path], None]) -> None:
    """Publish the checkpoint of a step and drop all but the newest ones.

    Args:
        root: The run's `checkpoints` folder.
        step: Optimizer steps taken.
        key: Hash of everything that must be the same to go on.
        write: Fills the folder it is given.
    """
    publish(root / f"step-{step:08d}", write, {"step": step, "key": key})
    for old in _folders(root)[:-KEPT]:
        shutil.rmtree(old)


def newest(root: Path, key: str) -> Path | None:
    """Return the newest whole checkpoint; newer ones that are not whole, and what a killed process left, are removed.

    Raises:
        InputError: It belongs to another model, mix or other settings.
    """
    drop_unfinished(root)
    for folder in reversed(_folders(root)):
        manifest = _manifest(folder)
        if manifest is None:
            # Kept, it would count as newer than those that are written from here on.
            shutil.rmtree(folder)
            continue
        if manifest["key"] != key:
            raise InputError(
                "the checkpoint was made with another model, mix or other settings",
                where=f"{root.parent.name}/{folder.name}",
                mend="start a new run; this one goes on only as it was begun",
            )
        return folder
    return None


def _folders(root: Path) -> list[Path]:
    """Return the checkpoints, oldest first; those named by epochs are of an earlier version and so of earlier steps."""
    return [*sorted(root.glob("epoch-[0-9]*")), *sorted(root.glob("step-[0-9]*"))]


def _manifest(folder: Path) -> dict[str, Any] | None:
    """Return the manifest of a whole checkpoint, `None` for any other folder."""
    file = folder / MANIFEST
    if not file.is_file():
        return None
    try:
        manifest: dict[str, Any] = json.loads(file.read_bytes())
    except ValueError:
        return None
    whole = all(
        (folder / name).is_file() and sha256_of(folder / name) == entry["sha256"]
        for name, entry in manifest["files"].items()
    )
    return manifest if whole else None
