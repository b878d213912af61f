"""What a benchmark came to, in a sentence or two; its tables are the Hardware page's and the command's.

summary(result, "en")
"""

from __future__ import annotations

from agent.prompts.benchmark import SUMMARY
from agent.prompts.phrases import duration, fill
from agent.prompts.training import METHOD_NAMES
from agent.records.base import Language
from agent.records.benchmark import BenchmarkResult
from tools.benchmark.comparison_rows import written
from tools.benchmark.subjects import measured_name


def summary(result: BenchmarkResult, lang: Language) -> str:
    """Return what was tried, the best speeds of answers and training, and how many warnings there are."""
    tried = [one for one in result.capabilities.values() if one.outcome != "not_tried"]
    name, took = measured_name(result.device, lang), duration(result.seconds, lang)
    parts = [fill(SUMMARY, "measured", lang, name=name, time=took)]
    if tried:
        native = sum(one.outcome == "supported" for one in tried)
        parts.append(fill(SUMMARY, "tried", lang, native=native, tried=len(tried)))
    speeds = [(one.tokens_per_s, one.batch) for one in result.measurements if one.tokens_per_s is not None]
    if speeds:
        speed, batch = max(speeds)
        parts.append(fill(SUMMARY, "answers", lang, speed=written(speed), batch=batch))
    if result.training:
        best = max(result.training, key=lambda one: one.tokens_per_s)
        rate, method = written(best.tokens_per_s), METHOD_NAMES[best.method][lang]
        parts.append(fill(SUMMARY, "training", lang, speed=rate, method=method))
    if result.warnings:
        parts.append(fill(SUMMARY, "warnings", lang, count=len(result.warnings)))
    return "".join(parts)
