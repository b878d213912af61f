"""The settings a job was submitted with, kept in its run folder so that a resumed job runs as the first attempt did.

`Settings` holds no secret; keys of endpoints stay in the environment and are inherited by the worker.
"""

from __future__ import annotations

from pathlib import Path

from agent.settings import BUILTIN, Settings
from knowledge.files import write_text

SNAPSHOT = "settings.json"


def save_snapshot(settings: Settings, run: Path) -> None:
    """Write the settings with absolute paths, because a resumed worker may start from another folder."""
    folders = {"home": settings.home, "machine_home": settings.machine_folder, "cache": settings.cache_folder}
    fixed = settings.model_copy(update={name: folder.resolve() for name, folder in folders.items()})
    if settings.hardware_file is not None:
        fixed = fixed.model_copy(update={"hardware_file": settings.hardware_file.resolve()})
    for name, value in fixed:
        if isinstance(value, str) and value != BUILTIN and Path(value).is_dir():
            fixed = fixed.model_copy(update={name: str(Path(value).resolve())})
    write_text(run / SNAPSHOT, fixed.model_dump_json(indent=2) + "\n")


def load_snapshot(run: Path) -> Settings:
    """Read the settings of a run; the environment and `.env` do not override them."""
    return Settings.model_validate_json((run / SNAPSHOT).read_bytes())
