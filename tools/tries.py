"""Sequences that begin alike at any depth, laid into rows as tries: every beginning stands once, whatever shares it.

Sequences are put in order, so that each stands beside the one it shares most with; a row then holds a trie in depth
first order, in which the tokens that follow a token's beginning are one run of columns. That run is all an attention
mask needs: a token sees those before it whose run it lies in. The result is that of separate sequences up to rounding
(`tests/tools/test_scoring.py`).

    for batch in batches(rows_of([(1, 7, 9), (1, 7, 4, 2)]), 1024):
        model(**batch_inputs(batch, torch.float32))
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

Tokens = tuple[int, ...]

EVEN_WIDTH: Final = 3072
"""Width of a row at which attention, which grows with the width, costs a token as much as everything else does.

From the shape of a Llama: two products of width x head size for each head, against the weights each token meets; 3,072
for the 135M model and more for larger ones, which a narrower row than necessary does not harm."""
LONGEST_ROW: Final = 4096
"""Widest row that more than one sequence makes; bounds the mask (4 bytes times the square)."""
NEAR: Final = 0.75
"""Rows of one batch are at least this share of its widest, so that little is computed for padding."""


@dataclass
class Row:
    """Sequences with common beginnings, one token a column."""

    ids: list[int] = field(default_factory=list)
    depths: list[int] = field(default_factory=list)
    """Position of each token in its own sequences."""
    ends: list[int] = field(default_factory=list)
    """Column after the last one that follows each token's beginning."""
    paths: dict[int, Tokens] = field(default_factory=dict)
    """Columns of each sequence, by its index."""

    def __len__(self) -> int:
        return len(self.ids)

    def grow(self, index: int, sequence: Tokens, path: list[int], shared: int) -> None:
        """Add a sequence that shares its first `shared` tokens with the one added before, which has `path`."""
        for column in path[shared:]:
            self.ends[column] = len(self)
        del path[shared:]
        for token in sequence[shared:]:
            path.append(len(self))
            self.depths.append(len(path) - 1)
            self.ids.append(token)
            self.ends.append(0)
        self.paths[index] = tuple(path)


def rows_of(sequences: Sequence[Tokens]) -> list[Row]:
    """Return rows that hold all sequences; one joins the row before it as long as that costs less than its own row."""
    rows: list[Row] = []
    path: list[int] = []
    previous: Tokens = ()
    for index in sorted(range(len(sequences)), key=sequences.__getitem__):
        sequence = sequences[index]
        shared = _shared(previous, sequence)
        size = len(rows[-1]) if rows else 0
        grown = size + len(sequence) - shared
        own = _cost(len(sequence))
        if not rows or grown > max(LONGEST_ROW, len(sequence)) or _cost(grown) - _cost(size) > own:
            if rows:
                _close(rows[-1], path)
            rows.append(Row())
            path, shared = [], 0
        rows[-1].grow(index, sequence, path, shared)
        previous = sequence
    if rows:
        _close(rows[-1], path)
    return rows


def batches(rows: Sequence[Row], tokens: int) -> Iterator[list[Row]]:
    """Yield rows of nearly one width, widest first, at most `tokens` columns in all or a single row."""
    batch: list[Row] = []
    for row in sorted(rows, key=len, reverse=True):
        if batch and ((len(batch) + 1) * len(batch[0]) > tokens or len(row) < NEAR * len(batch[0])):
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


def batch_inputs(batch: Sequence[Row], dtype: Any) -> dict[str, Any]:
    """Return the keyword arguments of a model's forward pass; padding sees only itself and is seen by nobody."""
    import torch

    width = max(map(len, batch))
    ids, depths, ends = (torch.zeros(len(batch), width, dtype=torch.long) for _ in range(3))
    ends += torch.arange(1, width + 1)
    for number, row in enumerate(batch):
        ids[number, : len(row)] = torch.tensor(row.ids, dtype=torch.long)
        depths[number, : len(row)] = torch.tensor(row.depths, dtype=torch.long)
        ends[number, : len(row)] = torch.tensor(row.ends, dtype=torch.long)
    columns = torch.arange(width)
    allowed = (columns[:, None] >= columns) & (columns[:, None] < ends[:, None, :])
    mask = torch.zeros(allowed.shape, dtype=dtype).masked_fill_(~allowed, torch.finfo(dtype).min)[:, None]
    return {"input_ids": ids, "position_ids": depths, "attention_mask": mask}


def _close(row: Row, path: Sequence[int]) -> None:
    for column in path:
        row.ends[column] = len(row)


def _shared(a: Tokens, b: Tokens) -> int:
    limit = min(len(a), len(b))
    if a[:limit] == b[:limit]:
        return limit
    return next(i for i in range(limit) if a[i] != b[i])


def _cost(width: int) -> float:
    """Return what a row costs, in tokens of a narrow row."""
    return width * (1 + width / EVEN_WIDTH)
