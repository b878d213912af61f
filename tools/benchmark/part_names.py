"""What the parts of a benchmark are called: points of a sweep, methods, items of the probe; and its recorded remarks.

part_name("matmul_fp32", "zh")   # fp32 矩阵乘
remark("cancelled after 2 of 5 parts", "zh")   # 已取消，完成 5 项中的 2 项
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any, Final

from agent.prompts.benchmark import BENCHMARK, VARIANT_NAMES
from agent.prompts.capabilities import ITEM_NAMES, MEASURED, PROBE
from agent.prompts.comparison import COMPARISON
from agent.prompts.phrases import Phrases
from agent.prompts.training import LADDER, MEMORY, METHOD_NAMES
from agent.records.base import Language
from agent.records.benchmark import BenchmarkResult
from tools.benchmark.answering import Point
from tools.recorded import Recorded, Sentence, renamed

_NAMES: Final = (*VARIANT_NAMES.values(), *METHOD_NAMES.values())
_NAMED: Final = {"point", "method"}
"""Gaps that hold a point or a method."""
_SENTENCES: Final = {"why", "warning"}
"""Gaps that hold another sentence."""
_HERE: Final = Recorded(lambda: (COMPARISON["this_machine"],), lambda _, value, __: value)
"""Recognises how the machine at hand is called."""


def part_name(part: object, lang: Language) -> str:
    """Return what a part is called in a language: a point, or the id of a method, a variant or an item.

    What is none of them, such as the point of an endpoint, which is numbers alone, stays as it is written.
    """
    if isinstance(part, Point):
        return f"{VARIANT_NAMES[part.variant][lang]} {part.batch} × {part.prompt}/{part.output}"
    tables: tuple[Mapping[Any, Mapping[Language, str]], ...] = (ITEM_NAMES, METHOD_NAMES, VARIANT_NAMES)
    known = next((table[part] for table in tables if part in table), None)
    return known[lang] if known is not None else str(part)


def remark(text: str, lang: Language) -> str:
    """Return a warning, a message or a reason of a benchmark in a language; as it was recorded if no table has it."""
    return _RECORDED.told(text, lang)


def told_in(result: BenchmarkResult, lang: Language) -> BenchmarkResult:
    """Return a benchmark with its warnings, its messages and why it stopped told in a language."""
    capabilities = {
        name: one.model_copy(update={"message": remark(one.message, lang)}) for name, one in result.capabilities.items()
    }
    return result.model_copy(
        update={
            "capabilities": capabilities,
            "stopped": remark(result.stopped, lang),
            "warnings": tuple(remark(one, lang) for one in result.warnings),
        }
    )


def _value(name: str, value: str, lang: Language) -> str:
    if name in _SENTENCES:
        return remark(value, lang)
    if name == "device":
        return _HERE.told(value, lang)
    return renamed(value, _NAMES, lang) if name in _NAMED else value


def _sentences() -> Iterator[Sentence]:
    tables: tuple[Phrases, ...] = (BENCHMARK, PROBE, MEASURED, MEMORY, LADDER)
    return chain.from_iterable(table.values() for table in tables)


_RECORDED: Final = Recorded(_sentences, _value, _SENTENCES)
