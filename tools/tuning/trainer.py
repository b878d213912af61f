"""TRL's trainer with our batches and our checkpoints.

Loaded by workers only: it imports torch, transformers and TRL.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import torch
from datasets import Dataset
from safetensors.torch import load_file, save_file
from torch.utils.data import Sampler
from trl import SFTConfig, SFTTrainer

from agent.records.tuning import Hyperparameters
from tools.tuning.batches import UNTRAINED, Planter, as_rows, micro_batch
from tools.tuning.examples import Example
from tools.tuning.room import epoch_order
from tools.tuning.weights import restore, trainable

if TYPE_CHECKING:
    from tools.tuning.listener import Listener

_MOMENTS: Final = ("exp_avg", "exp_avg_sq", "step")


class EpochSampler(Sampler):  # type: ignore[misc]
    """A fresh order every epoch that depends on nothing but seed and epoch, so a resumed run draws the same."""

    def __init__(self, size: int, seed: int) -> None:
        self._size = size
        self._seed = seed
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the order of `epoch`; the trainer calls it."""
        self._epoch = epoch

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Any:
        return iter(epoch_order(self._size, self._seed, self._epoch))


class TreeTrainer(SFTTrainer):  # type: ignore[misc]
    """SFT on planted batches: the mean loss of a step, as in TRL, without computing what is not learnt."""

    def __init__(self, *, order_seed: int, loss_mean: str, **options: Any) -> None:
        super().__init__(**options)
        self._order_seed = order_seed
        self._loss_mean = loss_mean
        self.step_loss = 0.0
        self.step_tokens = 0
        self._fresh = True

    def _get_train_sampler(self, train_dataset: Any = None) -> EpochSampler:
        return EpochSampler(len(train_dataset if train_dataset is not None else self.train_dataset), self._order_seed)

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """Return the micro-batch's part of the step's mean loss, over learnt tokens or over examples."""
        targets, weights = inputs.pop("shift_labels")[0], inputs.pop("example_weights")
        tokens = int(inputs.pop("row_tokens"))
        logits = model(**inputs, use_cache=False).logits[0].float()
        if self._loss_mean == "example":
            losses = torch.nn.functional.cross_entropy(logits, targets, reduction="none")
            # Where the trainer was told the step's tokens, it does not divide by the micro-batches itself.
            parts = 1 if num_items_in_batch is None else self.args.gradient_accumulation_steps
            loss = (losses * weights).sum() / parts
        else:
            total = torch.nn.functional.cross_entropy(logits, targets, reduction="sum")
            loss = total / (num_items_in_batch if num_items_in_batch is not None else (targets != UNTRAINED).sum())
        if self._fresh:
            self.step_loss, self.step_tokens, self._fresh = 0.0, 0, False
        self.step_loss += float(loss.detach())
        self.step_tokens += tokens
        return (loss, None) if return_outputs else loss

    def step_ended(self) -> None:
        """Let the next loss begin a new sum."""
        self._fresh = True

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        restore(self.model, Path(resume_from_checkpoint) / "weights.safetensors")

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        if checkpoint is None:
            return
        folder = Path(checkpoint)
        saved = load_file(folder / "optimizer.safetensors")
        state = self.optimizer.state_dict()
        state["state"] = {
            index: {name: saved[f"{index}.{name}"] for name in _MOMENTS}
            for group in state["param_groups"]
            for index in group["params"]
            if f"{index}.step" in saved  # a weight without a gradient so far, e.g. of an expert not asked, has none
        }
        self.optimizer.load_state_dict(state)
        self.lr_scheduler.load_state_dict(json.loads((folder / "schedule.json").read_text()))
        for group, rate in zip(self.optimizer.param_groups, self.lr_scheduler.get_last_lr(), strict=True):
            group["lr"] = rate  # a schedule sets it only when it moves on, which is after the next step

    def _load_scaler(self, checkpoint: str | None) -> None:
        """Leave the loss scaler at its start: it finds its level within a few steps."""

    def _load_rng_state(self, checkpoint: str | None) -> None:
        if checkpoint is None:
            return
        states = load_file(Path(checkpoint) / "random.safetensors")
        torch.set_rng_state(states["cpu"])
        if torch.cuda.is_available():
            torch.cuda.set_rng_state(states["cuda"])

    def write_state(self, folder: Path) -> None:
        """Write what is needed to go on: trainable weights, optimizer, schedule, random state, counters."""
        save_file(trainable(self.model), folder / "weights.safetensors")
        optimizer = self.optimizer.state_dict()["state"]
        flat = {
            f"{i}.{name}": one[name].detach().cpu().contiguous() for i, one in optimizer.items() for name in _MOMENTS
        }
        save_file(flat, folder / "optimizer.safetensors")
        random_state = {"cpu": torch.get_rng_state()}
        if torch.cuda.is_available():
            random_state["cuda"] = torch.cuda.get_rng_state()
        save_file(random_state, folder / "random.safetensors")
        (folder / "schedule.json").write_text(json.dumps(self.lr_scheduler.state_dict()))
        self.state.save_to_json(str(folder / "trainer_state.json"))


def make_trainer(
    model: Any,
    tokenizer: Any,
    examples: Sequence[Example],
    settings: Hyperparameters,
    scratch: Path,
    listener: Listener,
) -> TreeTrainer:
    """Return the trainer of one run.

    Args:
        model: With its adapter, if any; what is to be trained requires gradients.
        tokenizer: The model's.
        examples: Training examples.
        settings: Of the run.
        scratch: A folder the trainer may write to; nothing of it is kept.
        listener: Is bound to the trainer.
    """
    on_cpu = model.device.type == "cpu"
    size = micro_batch(examples, settings.batch_size)
    steps = -(-len(examples) // settings.batch_size) * settings.epochs
    schedule = "constant_with_warmup" if settings.schedule == "constant" else settings.schedule
    config = SFTConfig(
        output_dir=str(scratch),
        num_train_epochs=settings.epochs,
        learning_rate=settings.learning_rate,
        per_device_train_batch_size=size,
        gradient_accumulation_steps=settings.batch_size // size,
        lr_scheduler_type=schedule,
        warmup_steps=int(settings.warmup_share * steps),
        weight_decay=settings.weight_decay,
        max_grad_norm=1.0,
        optim="adamw_torch",
        use_cpu=on_cpu,
        bf16=not on_cpu and settings.compute_type == "bf16",
        fp16=not on_cpu and settings.compute_type == "fp16",
        # Recomputing activations costs a fifth of the speed on a CPU and saves memory that short rows do not need.
        gradient_checkpointing=not on_cpu,
        max_length=None,
        dataset_kwargs={"skip_prepare_dataset": True},
        remove_unused_columns=False,
        dataloader_pin_memory=False,
        save_strategy="no",
        eval_strategy="no",
        logging_strategy="no",
        report_to="none",
        disable_tqdm=True,
        seed=settings.seed,
        data_seed=settings.seed,
    )
    adapter_types = {p.dtype for p in model.parameters() if p.requires_grad}
    trainer = TreeTrainer(
        order_seed=settings.seed,
        loss_mean=settings.loss_mean,
        model=model,
        args=config,
        train_dataset=Dataset.from_list(as_rows(examples)),
        data_collator=Planter(model.dtype),
        processing_class=tokenizer,
        callbacks=[listener],
    )
    if adapter_types == {torch.float32}:
        # TRL turns the adapters of a 4-bit model into bf16; on a CPU that is slow, and small updates get lost in it.
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.data = parameter.data.float()
    listener.trainer = trainer
    return trainer
