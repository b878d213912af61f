"""Remove a document from a project of 5,000 documents and 100,000 chunks and pairs, beside a plain script.

    python -m tests.benchmarks.removal [--documents 5000] [--json]

The project is generated: 20 chunks and 20 pairs a document, a mix of all pairs that was trained, a report that quotes
the document. The script does the same with whole files in memory: sentences that only this document has, then every
pair and example that is its own or holds one. Time and peak memory are those of a process of its own each, imports
included. Both must leave the same pairs and examples.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from agent.records.corpus import Chunk, Document, DocumentText
from agent.records.mixture import GeneralSource, MixManifest
from agent.records.pairs import Message, Pair
from agent.records.tuning import TuneRequest
from knowledge.files import write_record, write_records
from tests.benchmarks.measured import measure
from tests.benchmarks.mixing import random_words
from tools.mixing.example import Example
from tools.removal import remove_document
from tools.workspace import Project, Workspace

CHUNKS = 20
"""Of a document; as many pairs."""
SHARED = "All rights are reserved by the company and its partners."


def identifier(number: int) -> str:
    """Return the id of a generated document."""
    return f"manual-{number:05}-0123abcd"


def build(home: Path, documents: int) -> Project:
    """Write the project."""
    draw = random.Random(0)
    project = Workspace(home).create("large")
    texts = [paragraphs(draw, number) for number in range(documents)]
    listed = []
    for number, parts in enumerate(texts):
        name, text = f"manual-{number}.txt", "\n\n".join(parts)
        digest = hashlib.sha256(text.encode()).hexdigest()
        stored = DocumentText(
            document=identifier(number), name=name, sha256=digest, language="en", title=name, text=text
        )
        write_plainly(project.root / "texts" / f"{identifier(number)}.json", stored.model_dump_json(indent=2))
        write_plainly(project.root / "documents" / f"{identifier(number)}.txt", text)
        listed.append(
            Document(
                id=identifier(number), name=name, sha256=digest, format="text", language="en", pages=None,
                characters=len(text), chunks=len(parts), status="read",
            )
        )  # fmt: skip
    write_records(project.root / "documents.jsonl", listed)
    write_records(project.chunks, (chunk for number, parts in enumerate(texts) for chunk in chunks(number, parts)))
    write_records(project.pairs, (pair for number, parts in enumerate(texts) for pair in pairs(number, parts)))
    mix = project.mixes / "mix-0123456789ab"
    write_records(
        mix / "train.jsonl",
        (
            Example.of(pair.id, "domain", pair.messages)
            for number, parts in enumerate(texts)
            for pair in pairs(number, parts)
        ),
    )
    write_record(mix / "manifest.json", manifest(mix.name, documents))
    run = project.runs / "20260101T000000Z-tune"
    write_record(run / "request.json", TuneRequest(base_model="builtin", mix=mix.name))
    (run / "result.json").write_text("{}")
    (run / "report.md").write_text(f"# Report\n\n{texts[documents // 2][0]}\n")
    return project


def write_plainly(path: Path, text: str) -> None:
    """Write a file without waiting for the disk."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")


def paragraphs(draw: random.Random, number: int) -> list[str]:
    """Return the paragraphs of a document: invented sentences, and one that all documents have."""
    return [
        f"{SHARED} " * (part == 0) + " ".join(f"Unit {number} part {part} {random_words(draw, 10)}." for _ in range(8))
        for part in range(CHUNKS)
    ]


def chunks(number: int, parts: Sequence[str]) -> Iterator[Chunk]:
    """Yield the chunks of a document."""
    start = 0
    for part in parts:
        end = start + len(part)
        yield Chunk(
            id=f"{identifier(number)}:{start}-{end}", document=identifier(number), name=f"manual-{number}.txt",
            title=f"manual-{number}.txt", headings=(), page=None, start=start, end=end, text=part, language="en",
        )  # fmt: skip
        start = end + 2


def pairs(number: int, parts: Sequence[str]) -> Iterator[Pair]:
    """Yield the pairs of a document; every fifth shows its passage."""
    for place, part in enumerate(parts):
        quote = part.split(". ")[1] + "."
        asked = f"{quote}\n\nWhich?" if place % 5 == 0 else f"What is said of part {place} of unit {number}?"
        messages = (Message(role="user", content=asked), Message(role="assistant", content=quote))
        yield Pair(
            id=f"p{number:08}{place:07}", messages=messages, document=identifier(number), page=None, start=0, end=9,
            quote=quote, kind="reading" if place % 5 == 0 else "factual", language="en", split="train",
            checks={"quote_verbatim": 1.0}, status="accepted", reason="",
        )  # fmt: skip


def manifest(name: str, documents: int) -> MixManifest:
    """Return what the mix says of itself."""
    count = documents * CHUNKS
    return MixManifest(
        id=name, examples=count, domain_examples=count, general_examples=0, domain_share_examples=1,
        domain_share_tokens=1, requested_share=1, by="examples", seed=0, sha256="", pairs_sha256="",
        general=GeneralSource(name="builtin", licence="Apache-2.0", sha256="", examples=0),
        documents=tuple(identifier(number) for number in range(documents)), files={},
    )  # fmt: skip


def script(root: Path, document: str) -> None:
    """Remove a document from chunks, texts, pairs and mix as one would write it in ten minutes."""

    def rows(path: Path) -> list[dict[str, object]]:
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

    def save(path: Path, kept: list[dict[str, object]]) -> None:
        lines = (json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in kept)
        path.write_text("".join(lines), encoding="utf-8")

    texts = {path.stem: json.loads(path.read_text(encoding="utf-8"))["text"] for path in (root / "texts").iterdir()}
    own = {f"{one}." for part in texts.pop(document).split("\n\n") for one in part.rstrip(".").split(". ")}
    others = "\n".join(texts.values())
    words = [word for word in own if word not in others]
    pairs = rows(root / "pairs.jsonl")
    gone = {pair["id"] for pair in pairs if pair["document"] == document}
    save(
        root / "pairs.jsonl",
        [
            pair
            for pair in pairs
            if pair["id"] not in gone
            and not (pair["kind"] == "reading" and any(word in str(pair["messages"]) for word in words))
        ],
    )
    for path in (root / "mixes").glob("*/train.jsonl"):
        kept = [
            row
            for row in rows(path)
            if row["id"] not in gone and not any(word in str(row["messages"]) for word in words)
        ]
        save(path, kept)
    save(root / "chunks.jsonl", [row for row in rows(root / "chunks.jsonl") if row["document"] != document])
    save(root / "documents.jsonl", [row for row in rows(root / "documents.jsonl") if row["id"] != document])
    (root / "texts" / f"{document}.json").unlink()
    (root / "documents" / f"{document}.txt").unlink()


def left(root: Path) -> dict[str, str]:
    """Return the hashes of what should be the same afterwards, whoever removed."""
    paths = [root / "pairs.jsonl", root / "chunks.jsonl", *(root / "mixes").glob("*/train.jsonl")]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure both, or be one of the measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=5_000)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--part", choices=("ours", "script"), help=argparse.SUPPRESS)
    parser.add_argument("--root", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--gone", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.part == "script":
        script(given.root, given.gone)
        print("{}")
        return 0
    if given.part == "ours":
        print(json.dumps({"pairs": remove_document(Project.at(given.root), given.gone).pairs}))
        return 0
    results, states = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        root = build(Path(folder) / "home", given.documents).root
        gone = identifier(given.documents // 2)
        for part in ("ours", "script"):
            copy = shutil.copytree(root, Path(folder) / part)
            results[part] = measure("tests.benchmarks.removal", ["--part", part, "--root", str(copy), "--gone", gone])
            states[part] = left(copy)
            if part == "ours" and any(gone.encode() in path.read_bytes() for path in stores(copy)):
                print("something of the document is left", file=sys.stderr)
                return 1
            shutil.rmtree(copy)
    for part, took in results.items():
        print(f"{part:7} {took.seconds:6.1f} s ({took.cpu_seconds:5.1f} of CPU) {took.peak_mib:5.0f} MiB")
    print("the same is left" if states["ours"] == states["script"] else "what is left differs")
    if given.json:
        rows = {part: {"seconds": took.seconds, "peak_mib": took.peak_mib} for part, took in results.items()}
        print(json.dumps({"documents": given.documents, **rows}))
    return 0 if states["ours"] == states["script"] else 1


def stores(root: Path) -> list[Path]:
    """Return the files that must say nothing of a removed document; a trained mix goes on naming it."""
    return [path for path in root.rglob("*") if path.is_file() and path.name != "manifest.json"]


if __name__ == "__main__":
    sys.exit(main())
