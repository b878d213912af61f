"""Measure abstention on SQuAD-style files: part of the articles is indexed, the questions of the others have no answer.

    python -m tests.benchmarks.abstention FILE... [--shares 0.1 0.5] [--repeats 3] [--read 100] [--json]

For every drawn part, the questions of its articles and as many questions of articles left out are put to the retriever.
An abstention is right if the question's article is left out. `--read` has that many questions of each file (half of
each kind, at the last share) answered by the built-in model as `rag`, with the gate and without it.
`near` asks the same questions of the whole index without the chunks that hold their answers: the subject is there, the
answer is not.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from agent.prompts.forms import with_context
from agent.records.corpus import Chunk
from agent.settings import Settings
from knowledge.answering import ABSTAIN_BELOW, MAX_NEW_TOKENS, abstained, build_context
from knowledge.embedding import Embedder, load_embedder
from knowledge.index import VectorIndex
from knowledge.ingest.language import language_of
from knowledge.retrieval import Retriever
from tests.benchmarks.retrieval import Question, hits, load

GROUPS = 8
"""Into so many groups the questions of `near` fall; the answers of one group are left out together."""


def rates(pairs: Sequence[tuple[bool, bool]]) -> dict[str, float]:
    """Return recall, precision and false alarms of (abstained, there is no answer) pairs."""
    due = sum(silent for _, silent in pairs)
    said = sum(given for given, _ in pairs)
    right = sum(given and silent for given, silent in pairs)
    return {
        "questions": len(pairs),
        "recall": right / max(1, due),
        "precision": right / max(1, said),
        "false_alarms": (said - right) / max(1, len(pairs) - due),
    }


class Asked:
    """Questions put to an index of some chunks."""

    def __init__(self, chunks: Sequence[Chunk], embedder: Embedder) -> None:
        self._folder = tempfile.TemporaryDirectory()
        index = VectorIndex(Path(self._folder.name), embedder)
        index.sync(chunks)
        self.retriever = Retriever(chunks, index, embedder)

    def silent(self, question: str) -> bool:
        """Return whether retrieval doubts that the chunks answer."""
        return build_context(question, self.retriever.search(question), language_of(question)).silent

    def close(self) -> None:
        """Let go of the index."""
        self.retriever.close()
        self._folder.cleanup()


def drawn(
    chunks: Sequence[Chunk], questions: Sequence[Question], share: float, rng: np.random.Generator
) -> tuple[list[Chunk], list[tuple[Question, bool]]]:
    """Return the chunks of a share of the articles, and questions with whether their article is left out."""
    articles = sorted({chunk.document for chunk in chunks})
    kept = set(rng.permutation(articles)[: max(2, round(share * len(articles)))])
    inside = [question for question in questions if question.document in kept]
    outside = [question for question in questions if question.document not in kept]
    outside = [outside[i] for i in rng.permutation(len(outside))[: len(inside)]]
    asked = [(question, False) for question in inside] + [(question, True) for question in outside]
    return [chunk for chunk in chunks if chunk.document in kept], asked


def near(
    chunks: Sequence[Chunk], questions: Sequence[Question], embedder: Embedder, rng: np.random.Generator
) -> dict[str, float]:
    """Return the rates where only the chunks with the answers are left out."""
    groups = rng.integers(0, GROUPS, len(questions))
    pairs = []
    whole = Asked(chunks, embedder)
    pairs += [(whole.silent(question.text), False) for question in questions]
    whole.close()
    for group in range(GROUPS):
        mine = [question for question, number in zip(questions, groups, strict=True) if number == group]
        left = Asked([chunk for chunk in chunks if not any(hits(chunk, question) for question in mine)], embedder)
        pairs += [(left.silent(question.text), True) for question in mine]
        left.close()
    return rates(pairs)


def read(asked: Sequence[tuple[Question, bool]], index: Asked, cache: Path) -> dict[str, dict[str, float]]:
    """Return the rates of the built-in model's answers as `rag`, with the gate and without it."""
    from tools.generation import load_generator

    model = load_generator(Settings(cache=cache), None)
    found: dict[str, list[tuple[bool, bool]]] = {"reader alone": [], "gate and reader": []}
    for question, without_answer in asked:
        language = language_of(question.text)
        context = build_context(question.text, index.retriever.search(question.text), language)
        said = model.generate([with_context(question.text, context.passages, language)], MAX_NEW_TOKENS)[0].text
        by_reader = abstained(said, language)
        found["reader alone"].append((by_reader, without_answer))
        found["gate and reader"].append((by_reader or context.silent, without_answer))
    return {name: rates(pairs) for name, pairs in found.items()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark and print a table and JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--shares", type=float, nargs="+", default=[0.1, 0.25, 0.5])
    parser.add_argument("--repeats", type=int, default=4, help="parts drawn at each share")
    parser.add_argument("--read", type=int, default=0, help="questions of each file for the model to answer")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "domainsmith-benchmark")
    options = parser.parse_args(arguments)
    embedder = load_embedder(Settings(cache=options.cache))
    rows: list[dict[str, Any]] = []

    def report(**row: Any) -> None:
        rows.append(row)
        shown = "  ".join(f"{name} {row[name]:.3f}" for name in ("recall", "precision", "false_alarms"))
        print(f"{row['file']:20} {row['what']:32} {row['questions']:5} questions  {shown}", flush=True)

    for file in options.files:
        rng = np.random.default_rng(options.seed)
        chunks, questions = load(file, None)
        for share in options.shares:
            pairs = []
            for repeat in range(options.repeats):
                part, asked = drawn(chunks, questions, share, rng)
                index = Asked(part, embedder)
                pairs += [(index.silent(question.text), silent) for question, silent in asked]
                if options.read and share == options.shares[-1] and repeat == options.repeats - 1:
                    sample = [asked[i] for i in rng.permutation(len(asked))[: options.read]]
                    for name, found in read(sample, index, options.cache).items():
                        report(file=file.name, what=name, **found)
                index.close()
            report(file=file.name, what=f"{share:.0%} of the articles indexed", **rates(pairs))
        report(file=file.name, what="near: only the answers left out", **near(chunks, questions, embedder, rng))
    print(json.dumps({"abstain_below": ABSTAIN_BELOW, "rows": rows}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
