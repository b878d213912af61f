"""How fast is tuning? TRL with its defaults, TRL packed and ours, on the same pairs to the same loss, in one run.

    python -m tests.benchmarks.training [--examples 96] [--batch 16] [--epochs 2] [--device cuda] [--out training.json]

Each variant trains Q-LoRA (rank 16) from the same NF4 base over the same pairs, with as many optimizer steps at the
same rate. Timed is the whole of `train()`, the product's checkpoint after every epoch included. The loss is read
afterwards, by one function for all: the mean over the learnt tokens of all pairs. What TRL needs on a CPU is set
(`use_cpu`, no bf16); its adapter stays in fp32 there, which is faster and as precise as ours, though TRL would make it
bf16; packed rows are as long as gives as many steps. With an accelerator all compute in bf16 where it can.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_OFFLINE", "1")

from agent.progress import Silent
from agent.records.pairs import Message
from agent.records.tuning import ComputeType, Hyperparameters
from agent.settings import load_settings
from tools.hardware import this_machine
from tools.models import load_tokenizer, resolve_base_model
from tools.quiet import quiet_libraries
from tools.tuning.batches import as_rows
from tools.tuning.course import Course
from tools.tuning.examples import Example, MixLine, encode
from tools.tuning.run import prepare

WORDINGS = (
    "What is the {name} of the {product}?",
    "State the {name} of the {product}.",
    "Which {name} does the {product} have?",
    "The {product} comes with which {name}?",
)
PRODUCTS = ("Korvex 120", "Korvex 240", "Lumivar S", "Lumivar L", "Tessil P4", "Tessil P9", "Aldane One", "Aldane Two")
FIELDS = ("rated pressure", "filter cartridge", "service interval", "warranty period", "motor supplier", "noise level")
WITHIN: Final = 0.02
"""Losses this far apart count as equal."""
AIMS: Final = (("TRL, its defaults", 1.5), ("TRL, packed", 1.15))
"""How many times as fast ours should be."""


@dataclass(frozen=True)
class Measurement:
    """One line of the table."""

    name: str
    seconds: float
    processor: float
    """Seconds of processor time, which other work on the machine hardly changes."""
    steps: int
    loss: float
    """After training, over all pairs."""


@dataclass(frozen=True)
class Bench:
    """What all variants share."""

    folder: Path
    tokenizer: Any
    examples: Sequence[Example]
    batch: int
    epochs: int
    rate: float
    compute: ComputeType
    on_cpu: bool
    scratch: Path

    @property
    def settings(self) -> Hyperparameters:
        """The settings of a run."""
        return Hyperparameters(
            epochs=self.epochs,
            learning_rate=self.rate,
            batch_size=self.batch,
            max_length=256,
            rank=16,
            alpha=32,
            warmup_share=0,
            schedule="linear",
            compute_type=self.compute,
        )


def invented(count: int) -> list[MixLine]:
    """Return short questions about invented products."""
    made = []
    for number in range(count):
        wording = WORDINGS[number % len(WORDINGS)]
        product = PRODUCTS[number // len(WORDINGS) % len(PRODUCTS)]
        name = FIELDS[number // len(WORDINGS) // len(PRODUCTS) % len(FIELDS)]
        value = f"{17 * number % 83 + 12} units"
        turns = (
            Message(role="system", content="Answer briefly."),
            Message(role="user", content=wording.format(name=name, product=product)),
            Message(role="assistant", content=value),
        )
        made.append(MixLine(messages=turns, origin="domain", id=str(number)))
    return made


def plain(bench: Bench, *, whole_adapter: bool = True, **options: Any) -> Any:
    """Return TRL's own trainer with its defaults but for what the settings and a CPU need."""
    import torch
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    settings = bench.settings
    config = SFTConfig(
        output_dir=str(bench.scratch / "trl"),
        num_train_epochs=settings.epochs,
        learning_rate=settings.learning_rate,
        use_cpu=bench.on_cpu,
        bf16=bench.compute == "bf16",
        fp16=bench.compute == "fp16",
        report_to="none",
        disable_tqdm=True,
        save_strategy="no",
        logging_strategy="no",
        **({"per_device_train_batch_size": bench.batch} | options),
    )
    rows = Dataset.from_list(as_rows(bench.examples))
    model = prepare(bench.folder, "qlora", settings)
    trainer = SFTTrainer(model=model, args=config, train_dataset=rows, processing_class=bench.tokenizer)
    if bench.on_cpu and whole_adapter:
        for parameter in trainer.model.parameters():
            if parameter.requires_grad:
                parameter.data = parameter.data.float()
    torch.set_float32_matmul_precision("highest")  # torch's default; `prepare` has set ours
    return trainer


def packed(bench: Bench, **options: Any) -> Any:
    """Return TRL's trainer with packing as it documents it, a row a step."""
    length = row_length(bench)
    return plain(bench, packing=True, max_length=length, per_device_train_batch_size=1, **options)


def row_length(bench: Bench) -> int:
    """Return the shortest row with which packing gives as many steps an epoch as batches do."""
    from datasets import Dataset
    from trl import pack_dataset

    rows = Dataset.from_list(as_rows(bench.examples))
    tokens = sum(len(example.tokens) for example in bench.examples)
    steps = -(-len(bench.examples) // bench.batch)
    length = max(-(-tokens // steps), *(len(example.tokens) for example in bench.examples))
    while len(pack_dataset(rows, length, "bfd")) > steps:
        length += 1
    return length


def ours(bench: Bench) -> Any:
    """Return the product's trainer."""
    from tools.tuning.listener import Listener
    from tools.tuning.trainer import make_trainer

    listener = Listener(Silent(), Course(), bench.scratch / "checkpoints", "", [])
    model = prepare(bench.folder, "qlora", bench.settings)
    return make_trainer(model, bench.tokenizer, bench.examples, bench.settings, bench.scratch / "ours", listener)


def untuned_kernel(bench: Bench) -> Any:
    """Return the product's trainer with torch's default matrix kernel."""
    import torch

    trainer = ours(bench)
    torch.set_float32_matmul_precision("highest")
    return trainer


def tuned_packed(bench: Bench) -> Any:
    """Return TRL packed with all that can be set without changing it: no checkpointing, the faster matrix kernel."""
    import torch

    trainer = packed(bench, gradient_checkpointing=False)
    torch.set_float32_matmul_precision("medium")
    return trainer


VARIANTS: Final[tuple[tuple[str, Callable[[Bench], Any]], ...]] = (
    ("TRL, its defaults", plain),
    ("TRL, packed", packed),
    ("TRL, packed, set by hand", tuned_packed),
    ("ours, default matrix kernel", untuned_kernel),
    ("ours", ours),
)


def measure(bench: Bench, name: str, make: Callable[[Bench], Any]) -> Measurement:
    """Train one variant and read its loss."""
    import torch
    from transformers.trainer_callback import PrinterCallback

    from tools.tuning.listener import mean_loss

    trainer = make(bench)
    trainer.remove_callback(PrinterCallback)
    began, worked = time.perf_counter(), time.process_time()
    trainer.train()
    if not bench.on_cpu:
        torch.accelerator.synchronize()
    seconds, processor = time.perf_counter() - began, time.process_time() - worked
    loss = mean_loss(trainer.model, as_rows(bench.examples), bench.batch, Silent())
    return Measurement(name, seconds, processor, int(trainer.state.global_step), loss)


def warm(bench: Bench) -> None:
    """Train a few pairs and forget them, so that no variant pays for loading the libraries' kernels."""
    measure(replace(bench, examples=bench.examples[: bench.batch], epochs=1), "", plain)


def report(bench: Bench, found: Sequence[Measurement]) -> bool:
    """Print the table and what it shows; returns whether the losses are equal."""
    examples, tokens = len(bench.examples), sum(len(example.tokens) for example in bench.examples)
    by_name = {one.name: one for one in found}
    first, last = found[0], by_name["ours"]
    print("| variant | steps | seconds | examples/s | tokens/s | ratio | of processor time | loss |")
    print("|---|---|---|---|---|---|---|---|")
    for one in found:
        speeds = [f"{bench.epochs * count / one.seconds:.{digits}f}" for count, digits in ((examples, 2), (tokens, 0))]
        ratios = [f"{first.seconds / one.seconds:.2f}", f"{first.processor / one.processor:.2f}"]
        cells = (one.name, str(one.steps), f"{one.seconds:.1f}", *speeds, *ratios, f"{one.loss:.4f}")
        print(f"| {' | '.join(cells)} |")
    equal = True
    for name, aim in AIMS:
        faster = by_name[name].seconds / last.seconds
        apart = abs(by_name[name].loss - last.loss) / by_name[name].loss
        equal &= apart <= WITHIN
        print(f"ours against {name}: {faster:.2f} times as fast (aim {aim}), losses {apart:.2%} apart")
    return equal


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=96)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument(
        "--device", choices=("auto", "cpu", "cuda"), default="auto", help="auto: a GPU where there is one"
    )
    parser.add_argument("--out", type=Path, help="JSON file for the figures")
    arguments = parser.parse_args()
    if arguments.device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    import torch
    from datasets import disable_progress_bars

    disable_progress_bars()
    if arguments.device == "cuda" and not torch.cuda.is_available():
        parser.error("torch sees no CUDA device here")
    quiet_libraries()
    settings = load_settings()
    if settings.threads is not None:
        torch.set_num_threads(settings.threads)
    folder = resolve_base_model(settings)
    tokenizer = load_tokenizer(folder)
    on_cpu = not torch.accelerator.is_available()
    machine = this_machine()
    with tempfile.TemporaryDirectory() as scratch:
        bench = Bench(
            folder=folder,
            tokenizer=tokenizer,
            examples=[encode(line, tokenizer) for line in invented(arguments.examples)],
            batch=arguments.batch,
            epochs=arguments.epochs,
            rate=arguments.rate,
            compute="fp32" if on_cpu else machine.compute_type,
            on_cpu=on_cpu,
            scratch=Path(scratch),
        )
        threads = f", {torch.get_num_threads()} threads" if on_cpu else ""
        tokens = sum(len(example.tokens) for example in bench.examples)
        counts = f"{len(bench.examples)} examples, {tokens} tokens, {bench.epochs} epochs"
        print(f"{counts}; {machine.name}{threads}, {bench.compute}")
        warm(bench)
        found = []
        for name, make in VARIANTS:
            found.append(measure(bench, name, make))
            print(f"{name}: {found[-1].seconds:.1f} s", file=sys.stderr, flush=True)
    equal = report(bench, found)
    if arguments.out:
        figures = {
            "device": machine.name,
            "threads": torch.get_num_threads(),
            "compute_type": bench.compute,
            "python": platform.python_version(),
            "torch": torch.__version__,
            "settings": bench.settings.model_dump(),
            "examples": len(bench.examples),
            "tokens": tokens,
            "variants": [asdict(one) for one in found],
        }
        arguments.out.write_text(json.dumps(figures, indent=2) + "\n")
    return 0 if equal else 1


if __name__ == "__main__":
    sys.exit(main())
