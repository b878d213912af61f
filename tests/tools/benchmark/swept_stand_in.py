"""Benchmarks the device that stands in, in a process of its own: `python swept_stand_in.py FOLDER`; prints JSON.

`torch.accelerator` is that of torch 2.7, the oldest that the product takes: it counts no memory at all.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch

from agent.progress import Silent
from agent.settings import Settings
from tests.tiny_model import build_tiny_model
from tools.answerers import Answerers
from tools.benchmark import run
from tools.benchmark.answering import Point
from tools.benchmark.backends import detect
from tools.benchmark.request import BenchRequest, Part
from tools.benchmark.stepping import TrainingShape
from tools.benchmark.sweep import Plan
from tools.evaluation.costs import Meter
from tools.generation import load_generator
from tools.tuning.memory import free_gib, peak_gib

SINCE_2_9 = (
    *("empty_cache", "get_memory_info", "max_memory_allocated", "memory_allocated", "memory_reserved"),
    *("memory_stats", "max_memory_reserved", "reset_peak_memory_stats"),
)
"""What came to `torch.accelerator` with torch 2.9 and later."""
PARTS: tuple[Part, Part] = ("sweep", "train")
PLAN = Plan((Point(1, 16, 4), Point(1, 16, 4, "4bit")), 1, TrainingShape(1, 16, 1), ("qlora", "lora"))


def main(folder: Path) -> None:
    """Measure each part alone with a tiny model and print what came of it."""
    detect()  # loads the extension, which replaces some of these
    for name in SINCE_2_9:
        if hasattr(torch.accelerator, name):
            delattr(torch.accelerator, name)
    model = build_tiny_model(folder / "tiny")
    settings = Settings(home=folder, base_model=str(model), threads=1, _env_file=None)
    run.plan_for = lambda *_, **__: PLAN
    answered, trained = (run.measure(settings, BenchRequest(only=part), Silent()).result for part in PARTS)
    with Meter() as meter:
        generator = load_generator(settings)
    answerers = Answerers()
    with answerers.using(settings):
        pass
    answerers.release()
    told = {
        "answered": answered.model_dump(mode="json"),
        "trained": trained.model_dump(mode="json"),
        "free": free_gib(),
        "peak": peak_gib(),
        "loaded": str(next(generator._model.parameters()).dtype).removeprefix("torch."),
        "metered": meter.peak_gib,
    }
    print("", json.dumps(told), sep="\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
