"""What happens between the steps of a run: reporting, validating, saving, stopping early.

Loaded by workers only: it imports torch and transformers.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import save_file
from transformers import TrainerCallback

from agent.progress import Reporter
from agent.records.tuning import TrainingPoint
from tools.tuning.batches import UNTRAINED, Planter
from tools.tuning.checkpoints import Pace, save
from tools.tuning.course import Course
from tools.tuning.patience import is_exhausted, validation_interval
from tools.tuning.weights import trainable

if TYPE_CHECKING:
    from tools.tuning.trainer import TreeTrainer


class Listener(TrainerCallback):  # type: ignore[misc]
    """Reports every step, validates and saves after every epoch and within long ones, and stops when asked to.

    It also stops when nothing improves.
    """

    def __init__(
        self,
        reporter: Reporter,
        course: Course,
        checkpoints: Path,
        key: str,
        validation: Sequence[dict[str, Any]],
        every: float = 30,
    ) -> None:
        """Listen to a trainer yet to be bound.

        Args:
            reporter: Told of every step and asked before each whether to stop.
            course: Of the run; gone on with.
            checkpoints: Folder they are written to.
            key: Of the run's checkpoints.
            validation: Rows to validate on; without any the last weights are kept.
            every: Seconds of training between checkpoints within an epoch, see `Pace`.
        """
        self._reporter = reporter
        self._course = course
        self._checkpoints = checkpoints
        self._key = key
        self._validation = validation
        self._pace = Pace(every)
        self.trainer: TreeTrainer | None = None
        self.best: dict[str, torch.Tensor] = {}
        self._since = time.perf_counter()
        self._epoch_steps = self._interval = 0

    def _bound(self) -> TreeTrainer:
        if self.trainer is None:
            raise AssertionError("the listener belongs to a trainer")
        return self.trainer

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Start the clock."""
        examples = len(self._bound().train_dataset)
        self._epoch_steps = -(-examples // (args.per_device_train_batch_size * args.gradient_accumulation_steps))
        self._interval = validation_interval(self._epoch_steps, examples, len(self._validation) or 1)
        self._since = time.perf_counter()

    def on_substep_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Let the user cancel between micro-batches."""
        self._reporter.check()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Report one optimizer step; within an epoch, validate and save where it is time."""
        self._reporter.check()
        self._report(state)
        within = state.global_step % self._epoch_steps
        if within and state.global_step < state.max_steps:  # what ends an epoch is left to `on_epoch_end`
            if self._validation and within % self._interval == 0:
                self._validate(control)
            if self._pace.is_due and not control.should_training_stop:
                self._save(state)
        self._since = time.perf_counter()

    def _report(self, state: Any) -> None:
        trainer = self._bound()
        trainer.step_ended()
        now = time.perf_counter()
        spent = max(now - self._since, 1e-9)
        self._pace.trained(spent)
        self._course.seconds += spent
        self._course.tokens += trainer.step_tokens
        point = TrainingPoint(
            step=state.global_step,
            epoch=round(float(state.epoch), 4),
            loss=trainer.step_loss,
            learning_rate=float(trainer.lr_scheduler.get_last_lr()[0]),
            tokens_per_s=trainer.step_tokens / spent,
        )
        self._course.points.append(point.model_dump())
        left = self._course.seconds / len(self._course.points) * (state.max_steps - state.global_step)
        self._reporter.metric(**point.model_dump(exclude_none=True), seconds_left=round(left, 1))
        message = f"epoch {point.epoch:.2f}, loss {point.loss:.3f}, {point.tokens_per_s:.0f} tokens/s"
        self._reporter.progress(state.global_step, state.max_steps, "steps", message)

    def on_epoch_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Validate, save, and stop where the validation loss has stopped falling."""
        if self._validation and self._course.points[-1]["validation_loss"] is None:
            self._validate(control)
        left = state.global_step < state.max_steps
        self._course.stopped = left and control.should_training_stop
        self._course.finished = not left or control.should_training_stop
        self._save(state)
        self._since = time.perf_counter()

    def _save(self, state: Any) -> None:
        began = time.perf_counter()
        save(self._checkpoints, state.global_step, self._key, self._write)
        took = time.perf_counter() - began
        self._course.saving += took
        self._pace.saved(took)

    def _write(self, folder: Path) -> None:
        self._bound().write_state(folder)
        if self.best:
            save_file(self.best, folder / "best.safetensors")
        self._course.write(folder)

    def _validate(self, control: Any) -> None:
        trainer, course = self._bound(), self._course
        loss = mean_loss(trainer.model, self._validation, trainer.args.per_device_train_batch_size, self._reporter)
        epoch = course.points[-1]["epoch"]
        course.points[-1]["validation_loss"] = loss
        self._reporter.metric(epoch=epoch, validation_loss=loss)
        if course.best_loss is None or loss < course.best_loss:
            course.best_loss, course.best_epoch, course.stale = loss, epoch, 0
            self.best = trainable(trainer.model)
            return
        course.stale += 1
        left = trainer.state.global_step < trainer.state.max_steps
        if left and is_exhausted(course.stale, self._interval, self._epoch_steps):
            epochs = course.stale * self._interval / self._epoch_steps
            self._reporter.note(f"stopped early: {epochs:.2g} epochs without a better validation loss")
            control.should_training_stop = True


def mean_loss(model: Any, rows: Sequence[dict[str, Any]], batch: int, reporter: Reporter) -> float:
    """Return the mean loss over the learnt tokens of `rows`."""
    planter = Planter(model.dtype)
    total, tokens = 0.0, 0
    model.eval()
    with torch.no_grad():
        for start in range(0, len(rows), batch):
            reporter.check()
            inputs = {name: tensor.to(model.device) for name, tensor in planter(rows[start : start + batch]).items()}
            targets = inputs.pop("shift_labels")[0]
            del inputs["example_weights"], inputs["row_tokens"]
            logits = model(**inputs, use_cache=False).logits[0].float()
            total += float(torch.nn.functional.cross_entropy(logits, targets, reduction="sum"))
            tokens += int((targets != UNTRAINED).sum())
    model.train()
    return total / tokens
