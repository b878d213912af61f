"""What a machine can have measured, field by field: a result that came as a file may hold any number and any text.

The bounds stand far beyond every machine there is, and near enough that what is computed from them stays a number. A
text may be no longer than a table has room for.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from agent.errors import InputError
from agent.prompts.benchmark_errors import BENCHMARK_ERRORS
from agent.prompts.phrases import fill
from agent.records.base import Language
from agent.records.benchmark import BenchmarkResult

LEAST: Final = 1e-12
"""What is above zero and below this is no measurement: a thousandth of a nanosecond."""
_GIB: Final = 1e6
"""10⁶ GiB, a thousand times the largest accelerator's or machine's memory."""
_SECONDS: Final = 1e8
"""Three years."""
_MILLISECONDS: Final = _SECONDS * 1e3
_RATE: Final = 1e9
"""Tokens or requests a second, TFLOPS, TOPS or GB/s: a hundred thousand times the fastest device's."""
_COUNT: Final = 10**9
"""Devices, cores, repeats, requests, batches, tokens."""
_SHARE: Final = 1e3
"""Of a limit, which caches and a noisy probe lead beyond one."""
_RATIO: Final = 1e6
_SAID: Final = 1e300
LONGEST_NAME: Final = 300
"""Characters of what stands at the head of a table; a path that a server calls its model by is shorter."""
LONGEST_TEXT: Final = 2000
"""Characters of any other text; the longest that a benchmark writes are what libraries say, some 300."""
YEARS: Final = range(2000, 2100)
"""Of a benchmark, as its file says it; near the ends of the calendar no moment can be told in another time zone."""
_SHOWN: Final = 100
"""Characters that are shown of a field's name."""
_NAMES: Final = ("name", "model")
MOST: Final[dict[str, float]] = {
    **dict.fromkeys(("gib", "peak_gib"), _GIB),
    **dict.fromkeys(("seconds",), _SECONDS),
    **dict.fromkeys(("ttft_ms", "tpot_ms", "p50", "p90", "p95", "p99"), _MILLISECONDS),
    **dict.fromkeys(("figure", "tflops", "bandwidth_gb_s", "goodput"), _RATE),
    **dict.fromkeys(("tokens_per_s", "decode_tokens_per_s", "prefill_tokens_per_s"), _RATE),
    **dict.fromkeys(("decode_limit_tokens_per_s", "decode_reached_tokens_per_s", "memory_bound_below_batch"), _RATE),
    **dict.fromkeys(("roofline_share", "decode_share", "prefill_share"), _SHARE),
    **dict.fromkeys(("spread",), _RATIO),
    **dict.fromkeys(("joules_per_token",), _RATE),
    **dict.fromkeys(("count", "cores", "n", "batch", "repeats", "requests", "steps", "tokens", "errors"), _COUNT),
    **dict.fromkeys(("prompt_tokens", "output_tokens", "asked_prompt", "asked_output"), _COUNT),
}
"""Most of every field that holds a number, by its name; of the numbers in a table by the table's name."""


def plausible(result: BenchmarkResult, file: Path, lang: Language) -> None:
    """Refuse what no machine measures.

    Raises:
        InputError: Names the field: a moment without a time zone, a device without a name, a text that is too long,
            an amount below zero or beyond every machine.
    """

    def refuse(field: str, key: str, **values: object) -> InputError:
        what = fill(BENCHMARK_ERRORS, key, lang, **values)
        return InputError(what, where=f"{file}: {field}", mend=fill(BENCHMARK_ERRORS, "again", lang))

    if moment_of(result.at) is None:
        raise refuse("at", "far_moment" if _aware(result.at) else "no_moment")
    if not result.device.name.strip():
        raise refuse("device.name", "no_name")
    told = result.model_dump()
    for path, name, text in _texts(told, "", ""):
        most = LONGEST_NAME if name in _NAMES else LONGEST_TEXT
        if len(text) > most:
            raise refuse(path, "too_long", length=len(text), most=most)
    for path, name, value in _numbers(told, "", ""):
        if not value >= 0 or value == math.inf:  # a NaN is not at least zero either
            raise refuse(path, "below_zero")
        if value > MOST[name]:
            # A whole number may be longer than any float.
            said = f"{value:g}" if value < _SAID else f"> {_SAID:g}"
            raise refuse(path, "too_much", value=said, most=f"{MOST[name]:g}")
        if 0 < value < LEAST:
            raise refuse(path, "too_little", value=f"{value:g}", least=f"{LEAST:g}")


def moment_of(at: str) -> datetime | None:
    """Return when a benchmark began, in UTC; `None` where its text is no such moment."""
    return datetime.fromisoformat(at).astimezone(UTC) if _aware(at) and int(at[:4]) in YEARS else None


def _aware(at: str) -> bool:
    try:
        return datetime.fromisoformat(at).tzinfo is not None
    except ValueError:
        return False


def _texts(value: Any, path: str, name: str) -> Iterator[tuple[str, str, str]]:
    """Yield path, name of the field and text of every text; what stands before a colon is one too."""
    if isinstance(value, str):
        yield path, name, value
    elif isinstance(value, dict):
        for key, one in value.items():
            at = f"{path}.{key[:_SHOWN]}".lstrip(".")
            yield at, "", key
            yield from _texts(one, at, key)
    elif isinstance(value, tuple | list):
        for number, one in enumerate(value):
            yield from _texts(one, f"{path}.{number}", name)


def _numbers(value: Any, path: str, name: str) -> Iterator[tuple[str, str, float]]:
    """Yield path, name of the field and value of every number."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return
    if isinstance(value, int | float):
        yield path, name, value
        return
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    for key, one in parts:
        # What a result names itself, e.g. a kind of failure, is no field.
        field = key if isinstance(key, str) and key in MOST and name != "errors" else name
        yield from _numbers(one, f"{path}.{key}".lstrip("."), field)
