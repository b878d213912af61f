"""Log-probabilities of continuations: those of one prompt branch off a trunk that is computed once.

trees = scored_trees([("The pump is rated", " 12 bar"), ("The pump is rated", " 9 bar")], encode, start)
score(model, trees, Silent())
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from agent.errors import InputError
from agent.progress import Reporter
from tools.forest import Tree, plant

Encode = Callable[[str], list[int]]
"""Turns text into tokens."""
ROW_TOKENS: Final = 768
"""Tokens of a row when scoring; attention inside a row grows with the square."""


@dataclass(frozen=True)
class ScoredTree:
    """One prompt with continuations, small enough for a row."""

    tree: Tree
    pairs: tuple[int, ...]
    """Index of the pair behind every branch."""


def scored_trees(pairs: Sequence[tuple[str, str]], encode: Encode, start: int) -> list[ScoredTree]:
    """Return trees of one prompt each that hold all pairs of prompt and continuation.

    Args:
        pairs: Prompt and continuation.
        encode: The tokenizer's.
        start: Token that stands for an empty prompt.

    Raises:
        InputError: A continuation is empty.
    """
    by_prompt: dict[str, list[int]] = {}
    for index, (prompt, continuation) in enumerate(pairs):
        if not continuation:
            raise InputError("a continuation to score is empty", where=f"pair {index + 1}", mend="leave it out")
        by_prompt.setdefault(prompt, []).append(index)
    trees = []
    for prompt, indices in by_prompt.items():
        trunk = encode(prompt) or [start]
        branches = [_continuation(prompt, trunk, pairs[index][1], encode) for index in indices]
        room = max(1, ROW_TOKENS - len(trunk))
        for part in _rows([len(branch) for branch in branches], room):
            tree = Tree(tuple(trunk), tuple(tuple(branches[i]) for i in part))
            trees.append(ScoredTree(tree, tuple(indices[i] for i in part)))
    return trees


def score(model: Any, trees: Sequence[ScoredTree], listener: Reporter) -> list[tuple[float, int]]:
    """Return, for each pair, the continuation's log-probability (natural) and its tokens."""
    import torch

    count = sum(len(scored.pairs) for scored in trees)
    results: list[tuple[float, int]] = [(0.0, 0)] * count
    done = 0
    with torch.inference_mode():
        for row in _rows([scored.tree.size for scored in trees]):
            listener.check()
            planted = plant([[trees[i].tree for i in row]])
            inputs = {name: tensor.to(model.device) for name, tensor in planted.inputs(model.dtype).items()}
            hidden = _backbone(model)(**inputs, use_cache=False).last_hidden_state[0]
            for index, places in zip(row, planted.places[0], strict=True):
                scored = trees[index]
                for branch, place, pair in zip(scored.tree.branches, places, scored.pairs, strict=True):
                    logits = model.get_output_embeddings()(hidden[[place.predictor(i) for i in range(len(branch))]])
                    targets = torch.tensor(branch, device=logits.device)[:, None]
                    results[pair] = (float(logits.float().log_softmax(-1).gather(1, targets).sum()), len(branch))
                    done += 1
            listener.progress(done, count, "scores")
    return results


def _continuation(prompt: str, trunk: list[int], continuation: str, encode: Encode) -> list[int]:
    """Tokenise prompt and continuation as one text where that keeps the prompt's tokens."""
    joint = encode(prompt + continuation)
    if prompt and joint[: len(trunk)] == trunk and len(joint) > len(trunk):
        return joint[len(trunk) :]
    return encode(continuation)


def _backbone(model: Any) -> Any:
    """Return the decoder without its language-model head."""
    return model.get_base_model().base_model if hasattr(model, "get_base_model") else model.base_model


def _rows(sizes: Sequence[int], room: int = ROW_TOKENS) -> Iterator[list[int]]:
    """Yield indices in order, as many as fit into a row of `room` tokens, at least one."""
    row: list[int] = []
    filled = 0
    for index, size in enumerate(sizes):
        if row and filled + size > room:
            yield row
            row, filled = [], 0
        row.append(index)
        filled += size
    if row:
        yield row
