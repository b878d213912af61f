"""A small project whose pairs can be reviewed, without reading or extracting anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agent.records.corpus import Document, DocumentSplit, DocumentText
from agent.records.pairs import Message, Pair
from knowledge.files import write_record, write_records
from tools.pairs import save_pairs
from tools.workspace import Project, Workspace

TEXTS = {
    "pump-md-1": ("pump.md", "en", "# Pump\n\nThe rated pressure is 12 bar.\n\nThe lid is red.\n"),
    "guide-zh-2": ("指南.md", "zh", "# 指南\n\n滤芯每五百小时更换一次。\n"),
    "spare-md-3": ("spare.md", "en", "# Spare\n\nNothing was made from this.\n"),
}
GOOD = {"quote_verbatim": True, "length": True}


def make_pair(identifier: str, document: str, quote: str, question: str, answer: str, **fields: Any) -> Pair:
    text = TEXTS[document][2] if document else ""
    start = text.index(quote) if document else 0
    given = {
        "id": identifier,
        "messages": (Message(role="user", content=question), Message(role="assistant", content=answer)),
        "document": document,
        "page": 1 if document else None,
        "start": start,
        "end": start + len(quote) if document else 0,
        "quote": quote,
        "kind": "factual",
        "language": TEXTS[document][1] if document else "en",
        "split": "train",
        "checks": GOOD,
        "status": "accepted",
        "reason": "",
    }
    return Pair.model_validate({**given, **fields})


PAIRS = [
    make_pair("p1", "pump-md-1", "12 bar", "What is the rated pressure?", "12 bar", kind="numeric"),
    make_pair(
        "p2", "pump-md-1", "red", "Which colour?", "red", status="pending",
        reason="conflict: pump.md says 'red', spare.md says \"it's blue\"",
    ),
    make_pair("p3", "guide-zh-2", "五百小时", "滤芯多久更换一次？", "五百小时", status="pending", reason="conflict: x"),
    make_pair(
        "p4", "pump-md-1", "red", "?", "red", status="rejected", checks={**GOOD, "length": False},
        reason="length: question or answer is too short or too long",
    ),
    make_pair("p5", "", "", "Who are you?", "A helper.", source="import", checks={}),
]  # fmt: skip


def build_pairs_project(home: Path, name: str = "Pumps") -> Project:
    """Make the project in a home."""
    project = Workspace(home).create(name)
    write_texts(project)
    write_record(project.split, DocumentSplit(seed=0, train=("guide-zh-2", "pump-md-1"), held_out=("spare-md-3",)))
    save_pairs(project, PAIRS)
    return project


def write_texts(project: Project) -> None:
    """Write the documents and their texts."""
    documents = []
    for identifier, (name, lang, text) in TEXTS.items():
        body = {"name": name, "sha256": "s", "language": lang, "title": ""}
        write_record(
            project.texts / f"{identifier}.json",
            DocumentText.model_validate({"document": identifier, "text": text, **body}),
        )
        counts = {"format": "markdown", "pages": None, "characters": len(text), "chunks": 1, "status": "read"}
        documents.append(Document.model_validate({"id": identifier, **body, **counts}))
    write_records(project.document_list, documents)
