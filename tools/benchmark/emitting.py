"""Benchmarks of machines that are out of reach: a script goes there, its JSON comes back.

Path("bench.py").write_text(script())         # python bench.py --out result.json, on the other machine
result = read_result(Path("result.json"))
"""

from __future__ import annotations

import json
import math
import re
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from agent import __version__
from agent.errors import InputError, NotFoundError
from agent.records.benchmark import BenchmarkResult
from tools.benchmark.backends import fingerprint

SIZE: Final = 4 * 2**20
"""Bytes of a file that is read; a result of every point and item has some 40 KB."""
_PARTS: Final = ("standalone.py", "standalone_model.py")
_IMPORT: Final = re.compile(r"^from tools\.benchmark\.standalone_model import .*$", re.MULTILINE)
_FORMAT: Final = BenchmarkResult.model_fields["format"].default
_AGAIN: Final = "run the script of `domainsmith bench --emit-script FILE` again, and bring its JSON as it is"


def script() -> str:
    """Return the script for the other machine: one file that needs torch and its vendor's extension alone."""
    folder = resources.files("tools.benchmark")
    body, model = (folder.joinpath(name).read_text(encoding="utf-8") for name in _PARTS)
    # A `from __future__` may stand at the top of a file only, and the second file's imports are those of the first.
    parts = model[model.index("import math") :]
    joined = _IMPORT.sub(lambda _: parts, body, count=1)
    return (
        f"#!/usr/bin/env python3\n# Written by domainsmith {__version__}: `domainsmith bench --emit-script`.\n{joined}"
    )


def read_result(file: Path) -> BenchmarkResult:
    """Return the result a file holds, checked field by field; its machine gets its fingerprint.

    Raises:
        InputError: It is no such result; names the field, and what to do.
        NotFoundError: There is no such file.
    """
    told = _json(file)
    if not isinstance(told, dict):
        raise InputError("this is no benchmark: a JSON object is expected", where=str(file), mend=_AGAIN)
    if told.get("format") != _FORMAT:
        raise InputError(
            f"this is no benchmark of this version: it says {told.get('format')!r}"[:200],
            where=f"{file}: format",
            mend=f"expected is {_FORMAT!r}; {_AGAIN}",
        )
    try:
        result = BenchmarkResult.model_validate_json(json.dumps(told), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise InputError(f"this is no benchmark: {first['msg']}", where=f"{file}: {field}", mend=_AGAIN) from error
    _plausible(result, file)
    seen = fingerprint(result.device)
    if result.device.fingerprint not in {"", seen}:
        raise InputError(
            "the machine was changed after it was measured", where=f"{file}: device.fingerprint", mend=_AGAIN
        )
    # What came as a file was not measured by this process, whatever machine it calls itself: it overrides no plan.
    place = "script" if result.place == "local" else result.place
    return result.model_copy(update={"device": result.device.model_copy(update={"fingerprint": seen}), "place": place})


def _json(file: Path) -> Any:
    try:
        if not file.is_file():
            raise NotFoundError("no such file", where=str(file), mend="check the path")
        if (size := file.stat().st_size) > SIZE:
            raise InputError(
                f"the file has {size / 2**20:.1f} MiB, more than a benchmark may",
                where=str(file),
                mend=f"at most {SIZE // 2**20} MiB; {_AGAIN}",
            )
        return json.loads(file.read_text(encoding="utf-8"), parse_constant=_refuse)
    except OSError as error:
        raise InputError(
            f"cannot be read ({error.strerror or error})", where=str(file), mend="check its rights"
        ) from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"this is no JSON ({error})"[:200], where=str(file), mend=_AGAIN) from error


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no number")


def _plausible(result: BenchmarkResult, file: Path) -> None:
    """Refuse what no machine measures: a moment without a time zone, amounts below zero or beyond all numbers.

    Raises:
        InputError: Names the field.
    """
    try:
        aware = datetime.fromisoformat(result.at).tzinfo is not None
    except ValueError:
        aware = False
    if not aware:
        raise InputError("no moment in ISO 8601 with a time zone", where=f"{file}: at", mend=_AGAIN)
    wrong = _below_zero(result.model_dump(), "")
    if wrong:
        raise InputError("an amount below zero, or none at all", where=f"{file}: {wrong}", mend=_AGAIN)


def _below_zero(value: Any, path: str) -> str:
    """Return the path of the first number that no measurement yields; empty if there is none."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return ""
    if isinstance(value, int | float):
        return path if value < 0 or not math.isfinite(value) else ""
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    return next((found for key, one in parts if (found := _below_zero(one, f"{path}.{key}".lstrip(".")))), "")
