"""How much memory a run may take and has taken, and the error when it runs out: nothing is retried smaller."""

from __future__ import annotations

import errno
import math
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from agent.errors import DoesNotFitError
from agent.policy.memory import LADDER
from agent.records.base import Language
from agent.records.hardware import Device
from tools.benchmark.backends import detect
from tools.processor import resident_peak_gib
from tools.tuning.batches import micro_batch
from tools.tuning.choice import Choice, what_fits
from tools.tuning.examples import Example
from tools.tuning.room import Model, carried, workload_of

_OUT_OF_MEMORY: Final = (
    "out of memory",
    "can't allocate memory",
    "cannot allocate memory",
    "not enough memory",
    "bad_alloc",
)
"""What errors say when memory ran out."""
_PERHAPS: Final = ("could not create a ", "can't start new thread")
"""What oneDNN and threads say then, and in other cases too."""
_NOTHING_LEFT: Final = 0.25
"""GiB below which such an error is taken for one of memory."""


def free_gib() -> float:
    """Return the memory that is free for a run: on the device, else what the system has and this process may take.

    Infinite where the device's driver does not tell it: what limits a run is then the device's own size.
    """
    free = detect().free_gib()
    return math.inf if free is None else free


def peak_gib() -> float:
    """Return the most memory that was taken: allocated on the device, else resident in this process."""
    peak = detect().peak_gib()
    return resident_peak_gib() if peak is None else peak


def says_no_memory(text: str) -> bool:
    """Return whether the text of an error, or what a process said as it ended, names memory as what is lacking."""
    said = text.lower()
    return any(phrase in said for phrase in _OUT_OF_MEMORY)


def ran_out(error: BaseException) -> bool:
    """Return whether an error, or one it came from, says that memory ran out."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    if isinstance(error, OSError) and error.errno == errno.ENOMEM:
        return True
    if isinstance(error, RuntimeError):
        said = str(error).lower()
        if says_no_memory(said):
            return True
        if any(phrase in said for phrase in _PERHAPS) and free_gib() < _NOTHING_LEFT:
            return True
    return error.__cause__ is not None and ran_out(error.__cause__)


@contextmanager
def memory_named(
    device: Device, free: float, model: Model, examples: Sequence[Example], choice: Choice, lang: Language
) -> Iterator[None]:
    """Turn running out of memory into an error that names what would fit.

    Args:
        device: Where the run is.
        free: Memory that was free before it, GiB.
        model: The base model.
        examples: Training examples.
        choice: What ran; only what needs less is named.
        lang: Language of the reasons.

    Raises:
        DoesNotFitError: Memory ran out; any other error passes.
    """
    try:
        yield
    except Exception as error:
        if not ran_out(error):
            raise
        # The frames hold the model and a step's activations; the job has yet to write how it ended.
        traceback.clear_frames(error.__traceback__)
        raise DoesNotFitError(
            f"{choice.method} ran out of memory with {choice.settings.batch_size} examples a step",
            where=device.name,
            mend=_what_needs_less(device, free, model, examples, choice, lang),
        ) from error


def _what_needs_less(
    device: Device, free: float, model: Model, examples: Sequence[Example], choice: Choice, lang: Language
) -> str:
    advice = []
    # Of a batch that is computed in parts, half needs as much memory as the whole.
    if (at_once := micro_batch(examples, choice.settings.batch_size)) > 1:
        advice.append(f"batch_size {at_once // 2}")
    lighter = LADDER[: LADDER.index(choice.method)]
    fits = carried(device, free, model, dict.fromkeys(LADDER, workload_of(examples, choice.settings)), lang)
    named = [one for one in fits if one.method in lighter and one.available and one.fits]
    advice.append(what_fits(named) if named else "a smaller base model or shorter examples: nothing lighter fits")
    return "; ".join(advice)
