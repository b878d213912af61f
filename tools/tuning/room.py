"""What is known of a run's memory before it: the model's architecture, and the rows that its own examples fill.

carried(this_machine(), free_gib(), model_in(folder), {"lora": workload_of(examples, settings)}, "en")
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path

from agent.errors import InputError
from agent.policy.memory import fit
from agent.records.base import Language
from agent.records.hardware import Device, MethodFit, ModelShape, Workload
from agent.records.tuning import Hyperparameters, Method
from tools.model_shape import read_shape
from tools.models import parameter_count
from tools.tuning.batches import micro_batch
from tools.tuning.examples import Example


@dataclass(frozen=True)
class Model:
    """What of a base model its memory depends on."""

    params: int
    shape: ModelShape | None
    """`None` where the architecture is not one that is worked out in parts."""


def model_in(folder: Path) -> Model:
    """Return what a checked model folder says of itself."""
    try:
        shape = read_shape(folder).shape
    except InputError:  # another family than the Llama one: the published range by its size is what is known
        shape = None
    return Model(parameter_count(folder), shape)


def epoch_order(size: int, seed: int, epoch: int) -> list[int]:
    """Return the order in which an epoch takes `size` examples; it depends on nothing but these numbers."""
    import torch

    generator = torch.Generator().manual_seed(seed * 1_000_003 + epoch)
    return [int(index) for index in torch.randperm(size, generator=generator)]


def workload_of(examples: Sequence[Example], settings: Hyperparameters) -> Workload:
    """Return what the largest row of a run computes, by the very order in which the run will take its examples.

    The beginning that the examples of a row share is computed once and counted for each, to the safe side.

    Args:
        examples: Training examples, at least one.
        settings: Of the run.
    """
    size = micro_batch(examples, settings.batch_size)
    tokens, learnt = 1, 1
    for epoch in range(ceil(settings.epochs)):
        order = epoch_order(len(examples), settings.seed, epoch)
        for first in range(0, len(order), size):
            row = [examples[index] for index in order[first : first + size]]
            tokens = max(tokens, sum(len(one.tokens) for one in row))
            learnt = max(learnt, sum(sum(one.trained) for one in row))
    length = ceil(tokens / size)
    return Workload(
        batch=settings.batch_size,
        length=length,
        learnt=min(1.0, learnt / (size * length)),
        rank=settings.rank or Workload().rank,
        dropout=settings.dropout > 0,
        row_tokens=size * length,
    )


def carried(
    device: Device, free_gib: float, model: Model, workloads: Mapping[Method, Workload], lang: Language
) -> tuple[MethodFit, ...]:
    """Return for every method whether the memory that is free now carries it.

    Args:
        device: Where the run will be.
        free_gib: Memory that is free there, GiB. On a processor what this process has loaded already is counted again,
            up to `agent.policy.memory_parts.PROCESS_GIB`, to the safe side.
        model: The base model.
        workloads: What a step of each method computes.
        lang: Language of the reasons.
    """
    here = device.model_copy(update={"gib": min(device.gib, free_gib)})
    return fit(here, 1, model.params / 1e9, lang, shape=model.shape, workloads=workloads)
