"""Sequences that begin alike, computed as trees: the common beginning once, every continuation as a branch.

Training examples share their system line. A padded batch computes that beginning, and its padding, once for each
sequence; here several trees lie in one row without padding, and an attention mask keeps every branch to its own trunk.
The result is that of separate sequences up to rounding (`tests/tools/tuning/test_trainer.py`). Requests to score,
which share at any depth, are laid out by `tools.tries`.

    trees = [Tree(trunk=(1, 7, 9), branches=((4, 2), (5, 6, 2)))]
    batch = plant([trees])
    model(**batch.inputs(torch.float32))
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Tokens = tuple[int, ...]


@dataclass(frozen=True)
class Tree:
    """Sequences with a common beginning."""

    trunk: Tokens
    """Token ids that every sequence begins with; may be empty."""
    branches: tuple[Tokens, ...]
    """What follows the trunk, one a sequence."""

    @property
    def size(self) -> int:
        """Tokens computed."""
        return len(self.trunk) + sum(map(len, self.branches))


@dataclass(frozen=True)
class Place:
    """Where one branch lies."""

    row: int
    start: int
    """Column of the branch's first token."""
    before: int | None
    """Column of the token before it: the end of the trunk; `None` without a trunk."""

    def predictor(self, offset: int) -> int | None:
        """Return the column whose output predicts the branch's token at `offset`."""
        return self.start + offset - 1 if offset else self.before


@dataclass(frozen=True)
class Planted:
    """Rows of trees, ready for a model."""

    ids: Any
    """Token ids, (rows, columns)."""
    positions: Any
    """Position of each token in its own sequence, (rows, columns)."""
    segments: Any
    """0 for the padding at a row's end, else 2 x tree for a trunk and a number of its own for each branch."""
    trunks: Any
    """Segment of the trunk each token belongs to."""
    places: tuple[tuple[tuple[Place, ...], ...], ...]
    """Place by row, tree and branch."""

    def mask(self, dtype: Any) -> Any:
        """Return the additive attention mask, (rows, 1, columns, columns)."""
        import torch

        size = self.ids.shape[1]
        to, of = self.segments[:, :, None], self.segments[:, None, :]
        allowed = (to == of) | (self.trunks[:, :, None] == of)
        allowed &= torch.ones(size, size, dtype=torch.bool).tril()
        return torch.zeros(allowed.shape, dtype=dtype).masked_fill_(~allowed, torch.finfo(dtype).min)[:, None]

    def inputs(self, dtype: Any) -> dict[str, Any]:
        """Return the keyword arguments of a model's forward pass."""
        return {"input_ids": self.ids, "position_ids": self.positions, "attention_mask": self.mask(dtype)}


def common_beginning(sequences: Sequence[Sequence[int]]) -> int:
    """Return how many tokens all sequences begin with, leaving at least one token to each."""
    ordered = sorted(map(tuple, sequences))
    low, high = ordered[0], ordered[-1]  # whatever these two share, all in between share
    limit = max(min(map(len, ordered)) - 1, 0)
    return next((i for i in range(limit) if low[i] != high[i]), limit)


def plant(rows: Sequence[Sequence[Tree]], filler: int = 0, multiple: int = 1) -> Planted:
    """Lay trees into rows; shorter rows are filled up with `filler`, which sees only itself and is seen by nobody.

    Args:
        rows: Trees of each row.
        filler: Token id to fill up with.
        multiple: Of which the rows' width is a whole multiple, so that few widths occur.
    """
    import torch

    width = -(-max(sum(tree.size for tree in trees) for trees in rows) // multiple) * multiple
    ids = torch.full((len(rows), width), filler, dtype=torch.long)
    positions = torch.zeros_like(ids)
    segments = torch.zeros_like(ids)
    trunks = torch.zeros_like(ids)
    places = []
    for row, trees in enumerate(rows):
        column = segment = 0
        placed = []
        for tree in trees:
            segment += 1
            trunk, end = segment, column + len(tree.trunk)
            ids[row, column:end] = torch.tensor(tree.trunk, dtype=torch.long)
            positions[row, column:end] = torch.arange(len(tree.trunk))
            segments[row, column:end] = trunk
            trunks[row, column:end] = trunk
            before = end - 1 if tree.trunk else None
            column, branch_places = end, []
            for branch in tree.branches:
                segment += 1
                end = column + len(branch)
                ids[row, column:end] = torch.tensor(branch, dtype=torch.long)
                positions[row, column:end] = torch.arange(len(branch)) + len(tree.trunk)
                segments[row, column:end] = segment
                trunks[row, column:end] = trunk
                branch_places.append(Place(row, column, before))
                column = end
            placed.append(tuple(branch_places))
        places.append(tuple(placed))
    return Planted(ids, positions, segments, trunks, tuple(places))
