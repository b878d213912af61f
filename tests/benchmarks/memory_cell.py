"""One training of two steps in a process of its own, and the most memory it took.

    python -m tests.benchmarks.memory_cell qlora 256 4 --model FOLDER

Loaded are the product's own loader and trainer (`tools.tuning.run.prepare`, `tools.tuning.trainer.make_trainer`). The
examples are random tokens without a common beginning, the second half of each learnt. Two steps suffice: from the
second on the optimizer's moments exist. One line of JSON comes out:

- on a CPU `baseline` is what the process held once all libraries were imported, and `peak` the most it ever held, both
  resident (`VmRSS`, `ru_maxrss`). Their difference is what the run added; pages of the weight file that are mapped
  count, as the system counts them.
- on an accelerator `peak` is the most that torch's allocator reserved, and `baseline` 0; the context is not in it.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_OFFLINE", "1")

from agent.progress import Silent
from agent.records.tuning import Hyperparameters, Method

STEPS: Final = 2
_LIBRARIES: Final = (
    "torch",
    "transformers.models.auto.modeling_auto",
    "peft",
    "trl",
    "datasets",
    "bitsandbytes",
    "tools.tuning.trainer",
    "tools.tuning.listener",
)


def measure(folder: Path, method: Method, length: int, batch: int, rank: int) -> dict[str, float]:
    """Return baseline, peak after loading and peak of all, GiB, and the seconds of the last step."""
    for name in _LIBRARIES:
        importlib.import_module(name)
    import torch

    from tools.hardware import this_machine
    from tools.models import load_tokenizer
    from tools.quiet import quiet_libraries
    from tools.tuning.course import Course
    from tools.tuning.listener import Listener
    from tools.tuning.memory import peak_gib
    from tools.tuning.run import prepare
    from tools.tuning.trainer import make_trainer

    quiet_libraries()
    tokenizer = load_tokenizer(folder)
    on_cpu = not torch.accelerator.is_available()
    baseline = _resident() if on_cpu else 0.0
    settings = Hyperparameters(
        epochs=STEPS,
        learning_rate=1e-4,
        batch_size=batch,
        max_length=max(length, 8),
        rank=None if method == "full" else rank,
        alpha=None if method == "full" else 2 * rank,
        compute_type="fp32" if on_cpu else this_machine().compute_type,
    )
    model = prepare(folder, method, settings)
    loaded = _peak(on_cpu, peak_gib)
    with tempfile.TemporaryDirectory() as scratch:
        listener = Listener(Silent(), Course(), Path(scratch) / "checkpoints", "", [])
        examples = _examples(int(model.config.vocab_size), length, batch)
        trainer = make_trainer(model, tokenizer, examples, settings, Path(scratch) / "trainer", listener)
        from transformers.trainer_callback import PrinterCallback

        trainer.remove_callback(PrinterCallback)
        began = time.perf_counter()
        trainer.train()
        seconds = (time.perf_counter() - began) / STEPS
    return {"baseline": baseline, "loaded": loaded, "peak": _peak(on_cpu, peak_gib), "step_seconds": seconds}


def _examples(vocabulary: int, length: int, batch: int) -> list[Any]:
    import torch

    from tools.tuning.examples import Example

    generator = torch.Generator().manual_seed(0)
    rows = torch.randint(3, vocabulary, (batch, length), generator=generator)
    rows[:, 0] = torch.arange(3, 3 + batch)  # no two begin alike, so nothing is shared
    learnt = tuple(index >= length // 2 for index in range(length))
    return [Example(str(number), tuple(row), learnt) for number, row in enumerate(rows.tolist())]


def _resident() -> float:
    import psutil

    return float(psutil.Process().memory_info().rss) / 2**30


def _peak(on_cpu: bool, peak_gib: Any) -> float:
    if on_cpu:
        return float(peak_gib())
    import torch

    return float(torch.accelerator.max_memory_reserved()) / 2**30


def main() -> int:
    """Measure one cell and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("method", choices=("qlora", "lora", "full"))
    parser.add_argument("length", type=int)
    parser.add_argument("batch", type=int)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--rank", type=int, default=16)
    arguments = parser.parse_args()
    found = measure(arguments.model, arguments.method, arguments.length, arguments.batch, arguments.rank)
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
