"""How many parameters a base model has, without loading it.

parameters_of("builtin", settings)      # 134515008
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from agent.settings import BUILTIN, Settings

BUILTIN_PARAMS: Final = 134_515_008
"""Parameters of the built-in model, which may not have been unpacked yet."""


def parameters_of(base_model: str, settings: Settings) -> int | None:
    """Return the parameters of a base model that is at hand, without loading or unpacking it."""
    from tools.models import parameter_count

    if base_model == BUILTIN:
        return BUILTIN_PARAMS
    folder = Path(base_model).expanduser()
    return parameter_count(folder) or None if folder.is_dir() else None
