"""Benchmarks of machines that are out of reach: a script goes there, its JSON comes back.

Path("bench.py").write_text(script())         # python bench.py --out result.json, on the other machine
result = read_result(Path("result.json"))
"""

from __future__ import annotations

import json
import re
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from agent import __version__
from agent.errors import InputError, NotFoundError
from agent.prompts.benchmark_errors import BENCHMARK_ERRORS
from agent.prompts.phrases import fill
from agent.records.base import Language
from agent.records.benchmark import BenchmarkResult
from tools.benchmark.backends import fingerprint
from tools.benchmark.plausible import plausible

SIZE: Final = 4 * 2**20
"""Bytes of a file that is read; a result of every point and item has some 40 KB."""
_BODY: Final = "standalone.py"
_IMPORT: Final = re.compile(r"^from tools\.benchmark\.(standalone_\w+) import .*$", re.MULTILINE)
"""Of a part, which takes the place of the line."""
_TOLD: Final = 150
"""Characters of what a file or a library says."""
_FORMAT: Final = BenchmarkResult.model_fields["format"].default


def script() -> str:
    """Return the script for the other machine: one file that needs torch and its vendor's extension alone."""
    folder = resources.files("tools.benchmark")

    def part(found: re.Match[str]) -> str:
        text = folder.joinpath(f"{found[1]}.py").read_text(encoding="utf-8")
        # A `from __future__` may stand at the top of a file only, as may what describes it.
        body = text.partition("from __future__ import annotations\n")[2]
        return _IMPORT.sub("", body).strip("\n") + "\n\n"  # what a part takes of another stands above it already

    joined = _IMPORT.sub(part, folder.joinpath(_BODY).read_text(encoding="utf-8"))
    return (
        f"#!/usr/bin/env python3\n# Written by domainsmith {__version__}: `domainsmith bench --emit-script`.\n{joined}"
    )


def read_result(file: Path, lang: Language = "en") -> BenchmarkResult:
    """Return the result a file holds, checked field by field; its machine gets its fingerprint.

    Args:
        file: Written by the script, or by another domainsmith.
        lang: Language of errors; what the JSON and the record's checks say themselves stays English.

    Raises:
        InputError: It is no such result; names the field, and what to do.
        NotFoundError: There is no such file.
    """
    says = partial(fill, BENCHMARK_ERRORS, lang=lang)
    told, again = _json(file, lang), says("again")
    if not isinstance(told, dict):
        raise InputError(says("no_object"), where=str(file), mend=again)
    if told.get("format") != _FORMAT:
        raise InputError(
            says("other_format", told=repr(told.get("format"))[:_TOLD]),
            where=f"{file}: format",
            mend=says("other_format_mend", known=repr(_FORMAT), again=again),
        )
    try:
        result = BenchmarkResult.model_validate_json(json.dumps(told), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise InputError(says("no_benchmark", why=first["msg"]), where=f"{file}: {field}", mend=again) from error
    plausible(result, file, lang)
    seen = fingerprint(result.device)
    if result.device.fingerprint not in {"", seen}:
        raise InputError(says("changed"), where=f"{file}: device.fingerprint", mend=again)
    # What came as a file was not measured by this process, whatever machine it calls itself: it overrides no plan.
    place = "script" if result.place == "local" else result.place
    return result.model_copy(update={"device": result.device.model_copy(update={"fingerprint": seen}), "place": place})


def _json(file: Path, lang: Language) -> Any:
    says = partial(fill, BENCHMARK_ERRORS, lang=lang)
    again = says("again")
    try:
        if not file.is_file():
            raise NotFoundError(says("no_file"), where=str(file), mend=says("no_file_mend"))
        if (size := file.stat().st_size) > SIZE:
            raise InputError(
                says("too_large", mib=f"{size / 2**20:.1f}"),
                where=str(file),
                mend=says("too_large_mend", most=SIZE // 2**20, again=again),
            )
        return json.loads(file.read_text(encoding="utf-8"), parse_constant=_refuse)
    except OSError as error:
        why = error.strerror or str(error)
        raise InputError(says("not_readable", why=why), where=str(file), mend=says("not_readable_mend")) from error
    except (ValueError, RecursionError) as error:
        raise InputError(says("no_json", why=str(error)[:_TOLD]), where=str(file), mend=again) from error


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no number")
