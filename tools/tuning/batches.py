"""Batches without waste: what examples share is computed once, nothing is padded, only what is learnt is predicted.

Measured on 2 cores (`python -m tests.benchmarks.training`): the gain over padded batches with logits for every token
is about three times on short pairs, at the same loss.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from agent.policy import memory_parts
from tools.forest import Tree, common_beginning, plant
from tools.tuning.examples import Example

ROW_TOKENS: Final = memory_parts.ROW_TOKENS
"""Tokens computed at once; a larger batch is accumulated. Attention inside a row grows with the square."""
WIDTH_STEP: Final = 32
COLUMN_STEP: Final = 16
"""Rows and predicted columns come in multiples of these: a matrix library prepares a kernel for every new shape, which
costs time and memory, while the fillers cost about a sixteenth of the arithmetic."""
UNTRAINED: Final = -100
"""Label of a token that is not learnt; the convention of transformers."""


def micro_batch(examples: Sequence[Example], batch_size: int) -> int:
    """Return how many examples are computed at once: the largest divisor of the batch whose rows stay in bounds."""
    mean = sum(len(example.tokens) for example in examples) / len(examples)
    return max(
        size for size in range(1, batch_size + 1) if batch_size % size == 0 and (size == 1 or size * mean <= ROW_TOKENS)
    )


def as_rows(examples: Sequence[Example]) -> list[dict[str, list[int]]]:
    """Return examples in the columns that trainers expect."""
    return [
        {
            "input_ids": list(example.tokens),
            "labels": [
                token if learnt else UNTRAINED for token, learnt in zip(example.tokens, example.trained, strict=True)
            ],
        }
        for example in examples
    ]


class Planter:
    """Collates examples into one tree."""

    def __init__(self, dtype: Any) -> None:
        self._dtype = dtype

    def __call__(self, features: Sequence[Mapping[str, list[int]]]) -> dict[str, Any]:
        """Return the inputs of a forward pass.

        `logits_to_keep` holds the columns whose output predicts a learnt token, `shift_labels` those tokens (fillers
        are `UNTRAINED`), `example_weights` what each weighs where every example counts the same, and `row_tokens` the
        tokens computed without fillers.
        """
        import torch

        tokens = [feature["input_ids"] for feature in features]
        learnt = [[i for i, label in enumerate(feature["labels"]) if label != UNTRAINED] for feature in features]
        shared = min(common_beginning(tokens), *(indices[0] for indices in learnt))
        tree = Tree(tuple(tokens[0][:shared]), tuple(tuple(ids[shared:]) for ids in tokens))
        planted = plant([[tree]], multiple=WIDTH_STEP)
        columns: list[int] = []
        targets: list[int] = []
        weights: list[float] = []
        for ids, indices, place in zip(tokens, learnt, planted.places[0][0], strict=True):
            for index in indices:
                column = place.predictor(index - shared)
                if column is not None:
                    columns.append(column)
                    targets.append(ids[index])
                    weights.append(1 / (len(indices) * len(tokens)))
        spare = -len(columns) % COLUMN_STEP
        columns += columns[:1] * spare
        targets += [UNTRAINED] * spare
        weights += [0.0] * spare
        inputs = planted.inputs(self._dtype)
        return {
            **inputs,
            "logits_to_keep": torch.tensor(columns),
            "shift_labels": torch.tensor([targets]),
            "example_weights": torch.tensor(weights),
            "row_tokens": torch.tensor(tree.size),
        }
