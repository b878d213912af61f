"""A result that came as a file: no machine reaches its numbers, or the comparison and its charts can use them.

Its texts find room in a table.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, get_args

import pytest
from pydantic import BaseModel

from agent.errors import InputError
from agent.records.benchmark import BenchmarkResult
from tools.benchmark.comparison import compare
from tools.benchmark.comparison_charts import bars, drawable, radar
from tools.benchmark.emitting import read_result
from tools.benchmark.plausible import LEAST, LONGEST_NAME, LONGEST_TEXT, MOST
from tools.benchmark.saved import save, saved
from tools.benchmark.subjects import Chosen, said_moment

QUANTILES: Final = {"p50": 1.0, "p90": 1.0, "p95": 1.0, "p99": 1.0, "n": 3}
RESULT: Final[dict[str, Any]] = {
    "format": "domainsmith-bench/1",
    "place": "script",
    "at": "2026-01-02T03:04:05+00:00",
    "device": {"name": "Ascend 910A", "backend": "npu", "gib": 32.0, "count": 1, "cores": 3},
    "measurements": [
        {
            **{"batch": 1, "prompt_tokens": 64, "output_tokens": 32, "ttft_ms": 5.0, "tpot_ms": 1.0},
            **{"tokens_per_s": 9.0, "peak_gib": 1.0, "label": "measured", "ttft": QUANTILES, "inter_token": QUANTILES},
            **{"decode_tokens_per_s": 1.0, "prefill_tokens_per_s": 1.0, "goodput": 1.0, "joules_per_token": 1.0},
            **{"repeats": 2, "spread": 0.1, "requests": 3, "errors": {"seconds": 1}, "roofline_share": 0.5},
        }
    ],
    "capabilities": {
        "matmul_bf16": {"outcome": "supported", "figure": 3.0, "seconds": 1.0, "unit": "TFLOPS"},
        "memory_sum": {"outcome": "supported", "figure": 3.0, "seconds": 1.0, "unit": "GB/s"},
    },
    "training": [
        {
            **{"method": "lora", "batch": 1, "tokens": 3, "seconds": 1.0, "tokens_per_s": 3.0, "peak_gib": 1.0},
            **{"steps": 3, "spread": 0.1},
        }
    ],
    "roofline": {
        **{"bandwidth_gb_s": 100.0, "bandwidth_label": "measured", "tflops": 3.0, "tflops_label": "measured"},
        **{"compute_type": "bf16", "memory_bound_below_batch": 3.0, "decode_limit_tokens_per_s": 3.0},
        **{"decode_reached_tokens_per_s": 3.0, "decode_share": 0.3, "prefill_share": 0.1},
    },
    "warnings": [""],
    "seconds": 1.0,
}


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in parts:
        yield from leaves(one, (*path, key))
    if isinstance(value, int | float):
        yield path, value


NUMBERS: Final = list(leaves(RESULT))
NAMES: Final = [".".join(map(str, path)) for path, _ in NUMBERS]


def written(folder: Path, path: tuple[str | int, ...], value: float | str) -> Path:
    data = json.loads(json.dumps(RESULT))
    place = data
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    file = folder / "came.json"
    file.write_text(json.dumps(data))
    return file


def most(path: tuple[str | int, ...]) -> float:
    return MOST["errors"] if "errors" in path else next(MOST[key] for key in reversed(path) if key in MOST)


@pytest.mark.parametrize(("path", "usual"), NUMBERS, ids=NAMES)
def test_what_is_taken_can_be_compared_and_drawn(path: tuple[str | int, ...], usual: float, tmp_path: Path) -> None:
    for value in (0, LEAST, most(path)):
        result = read_result(written(tmp_path, path, type(usual)(value)))
        for size in (0.001, 1000.0):
            made = compare((Chosen("a", result=result),), size, "en")
            for row in drawable(made):
                assert bars(made, row, "en").bars
            radar(made, "zh")
            assert "inf" not in made.model_dump_json().lower().replace("inference", "")


@pytest.mark.parametrize(("path", "usual"), NUMBERS, ids=NAMES)
def test_what_no_machine_reaches_is_refused(path: tuple[str | int, ...], usual: float, tmp_path: Path) -> None:
    beyond = 10**400 if isinstance(usual, int) else 1e300
    for value in (type(usual)(most(path) * 1.1), beyond):
        with pytest.raises(InputError, match="more than any machine reaches") as caught:
            read_result(written(tmp_path, path, value))
        assert caught.value.where.endswith(": " + ".".join(map(str, path)))
    if isinstance(usual, float):
        with pytest.raises(InputError, match="less than anything that is measured"):
            read_result(written(tmp_path, path, 5e-324))


def fields(record: type[BaseModel]) -> Iterator[str]:
    """Yield the names of the fields that hold numbers."""
    for name, field in record.model_fields.items():
        yield from inside(field.annotation, name)


def inside(kind: Any, name: str) -> Iterator[str]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield from fields(kind)
    elif kind in {int, float}:
        yield name
    for one in get_args(kind):
        if not isinstance(one, str):
            yield from inside(one, name)


def test_every_number_has_a_bound() -> None:
    names = set(fields(BenchmarkResult))
    assert {"gib", "p99", "figure", "bandwidth_gb_s", "errors"} <= names
    assert names <= set(MOST)


MOMENTS = [
    *("0001-01-01T00:00:00+14:00", "0999-01-01T00:00:00+00:00", "1999-12-31T23:59:59+00:00"),
    *("2100-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00"),
]


@pytest.mark.parametrize("at", MOMENTS)
def test_a_moment_before_or_after_any_benchmark_is_refused(at: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="from 2000 to 2099") as caught:
        read_result(written(tmp_path, ("at",), at))
    assert caught.value.where.endswith(": at")
    with pytest.raises(InputError, match="2000 至 2099"):
        read_result(written(tmp_path, ("at",), at), "zh")
    assert said_moment(at) == at


@pytest.mark.parametrize("at", ["2000-01-01T00:00:00+14:00", "2099-12-31T23:59:59-12:00"])
def test_a_moment_at_the_edge_is_kept_and_found_again(at: str, tmp_path: Path) -> None:
    result = read_result(written(tmp_path, ("at",), at))
    file = save(tmp_path, result)
    assert saved(tmp_path) == ((file, result),)
    assert said_moment(at).endswith(" UTC")


TEXTS = [
    (("device", "name"), LONGEST_NAME),
    (("measurements", 0, "model"), LONGEST_NAME),
    (("device", "system"), LONGEST_TEXT),
    (("warnings", 0), LONGEST_TEXT),
]


@pytest.mark.parametrize(("path", "most"), TEXTS, ids=str)
def test_a_text_that_no_table_has_room_for_is_refused(path: tuple[str | int, ...], most: int, tmp_path: Path) -> None:
    assert read_result(written(tmp_path, path, "X" * most))
    with pytest.raises(InputError, match=f"has {most + 1} characters") as caught:
        read_result(written(tmp_path, path, "X" * (most + 1)))
    assert caught.value.where.endswith(": " + ".".join(map(str, path)))


def test_a_name_of_a_capability_is_a_text_too(tmp_path: Path) -> None:
    told = {**RESULT, "capabilities": {"x" * (LONGEST_TEXT + 1): {"outcome": "supported"}}}
    file = tmp_path / "result.json"
    file.write_text(json.dumps(told))
    with pytest.raises(InputError, match="characters") as caught:
        read_result(file)
    assert len(caught.value.where) < len(str(file)) + 200


@pytest.mark.parametrize("name", ["", " \n"])
def test_a_device_has_a_name(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no name"):
        read_result(written(tmp_path, ("device", "name"), name))
