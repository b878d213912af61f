"""What fits a device: the catalogue, asked by the memory policy.

plan("A800", 1, 7.0).start_at      # "qlora"
"""

from __future__ import annotations

import math

from agent.errors import InputError
from agent.policy.memory import memory_plan
from agent.records.base import Language
from agent.records.hardware import MemoryPlan
from tools.hardware import find_device

MOST_DEVICES = 100_000
"""A larger number is a slip of the finger."""
MOST_PARAMS_B = 100_000.0
"""Thousand millions of parameters; likewise."""


def plan(device: str, count: int, params_b: float, lang: Language = "en") -> MemoryPlan:
    """Return memory and availability of every method for a model of `params_b` thousand million parameters.

    Raises:
        NotFoundError: The catalogue has no such device.
        InputError: The count or the size is no sensible number.
    """
    if not 1 <= count <= MOST_DEVICES:
        raise InputError(f"{count} devices cannot be planned for", where="count", mend="give a whole number from 1 on")
    if not math.isfinite(params_b) or not 0 < params_b <= MOST_PARAMS_B:
        raise InputError(
            f"{params_b} thousand million parameters is no size of a model",
            where="params_b",
            mend="give thousand millions, e.g. 7 for a 7B model or 0.135",
        )
    return memory_plan(find_device(device), count, params_b, lang)
