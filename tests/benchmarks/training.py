"""How fast is tuning? Plain TRL, TRL packed and ours, on the same pairs, in one run.

    python -m tests.benchmarks.training [--examples 96] [--batch 16]

Each variant computes the loss of every example and its gradient, once, from the same 4-bit base (Q-LoRA, rank 16,
fp32). The loss is the mean over the learnt tokens of all examples, so it must be the same in each line. The ratio is
the time of plain TRL over the variant's.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_OFFLINE", "1")

from agent.progress import Silent
from agent.records.pairs import Message
from agent.records.tuning import Hyperparameters
from agent.settings import load_settings
from tools.models import load_tokenizer, resolve_base_model
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


@dataclass(frozen=True)
class Measurement:
    """One line of the table."""

    name: str
    seconds: float
    loss: float


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


def measure(name: str, trainer: Any, batches: Iterable[Any]) -> Measurement:
    """Compute loss and gradient of every batch, after one for warming up."""
    batches = list(batches)
    trainer.model.train()
    total, tokens, started = 0.0, 0, 0.0
    for number, batch in enumerate([batches[0], *batches]):
        if number == 1:
            total, tokens, started = 0.0, 0, time.perf_counter()
        inputs = dict(batch)
        labels = inputs.get("shift_labels", inputs.get("labels"))
        learnt = int((labels != -100).sum()) if "shift_labels" in inputs else int((labels[..., 1:] != -100).sum())
        loss = trainer.compute_loss(trainer.model, inputs, num_items_in_batch=learnt)
        loss.backward()
        trainer.model.zero_grad()
        total += float(loss.detach()) * learnt
        tokens += learnt
    return Measurement(name, time.perf_counter() - started, total / tokens)


def plain(folder: Path, tokenizer: Any, examples: Sequence[Example], batch: int, scratch: Path, **options: Any) -> Any:
    """Return TRL's own trainer with its defaults but for what a CPU needs."""
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    config = SFTConfig(
        output_dir=str(scratch),
        per_device_train_batch_size=batch,
        use_cpu=True,
        bf16=False,
        report_to="none",
        **options,
    )
    rows = Dataset.from_list(as_rows(examples))
    model = prepare(folder, "qlora", settings(batch))
    return SFTTrainer(model=model, args=config, train_dataset=rows, processing_class=tokenizer)


def settings(batch: int) -> Hyperparameters:
    """Return the settings all variants share."""
    return Hyperparameters(epochs=1, learning_rate=1e-3, batch_size=batch, max_length=256, rank=16, alpha=32)


def collated(trainer: Any, examples: Sequence[Example], batch: int) -> list[Any]:
    """Return the same batches, as the trainer's own collator lays them out."""
    rows = as_rows(examples)
    return [trainer.data_collator(rows[start : start + batch]) for start in range(0, len(rows), batch)]


def variants(
    folder: Path, tokenizer: Any, examples: Sequence[Example], batch: int, scratch: Path
) -> Iterable[Measurement]:
    """Measure every variant."""
    import torch

    from tools.tuning.trainer import Listener, make_trainer

    def precision(name: str) -> None:
        torch.set_float32_matmul_precision(name)

    trainer = plain(folder, tokenizer, examples, batch, scratch)
    precision("highest")
    yield measure("TRL, its defaults", trainer, collated(trainer, examples, batch))
    trainer = plain(folder, tokenizer, examples, batch, scratch, gradient_checkpointing=False)
    precision("highest")
    yield measure("TRL, no gradient checkpointing", trainer, collated(trainer, examples, batch))
    trainer = plain(folder, tokenizer, examples, 1, scratch, gradient_checkpointing=False, packing=True, max_length=512)
    precision("highest")
    yield measure("TRL, packed", trainer, trainer.get_train_dataloader())
    listener = Listener(Silent(), Course(), scratch / "checkpoints", "", [])
    trainer = make_trainer(
        prepare(folder, "qlora", settings(batch)), tokenizer, examples, settings(batch), scratch, listener
    )
    for name, kernel in (("ours, default matrix kernel", "highest"), ("ours", "medium")):
        precision(kernel)
        yield measure(name, trainer, collated(trainer, examples, batch))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=96)
    parser.add_argument("--batch", type=int, default=16)
    arguments = parser.parse_args()
    folder = resolve_base_model(load_settings())
    tokenizer = load_tokenizer(folder)
    examples = [encode(line, tokenizer) for line in invented(arguments.examples)]
    tokens = sum(len(example.tokens) for example in examples)
    out = sys.stdout.write
    out(f"{len(examples)} examples, {tokens} tokens, {os.cpu_count()} processors\n")
    first: float | None = None
    with tempfile.TemporaryDirectory() as scratch:
        for one in variants(folder, tokenizer, examples, arguments.batch, Path(scratch)):
            first = first or one.seconds
            out(
                f"{one.name:32s} {len(examples) / one.seconds:7.2f} examples/s {tokens / one.seconds:7.0f} tokens/s "
                f"{first / one.seconds:5.2f} x   loss {one.loss:.4f}\n"
            )
            sys.stdout.flush()


if __name__ == "__main__":
    main()
