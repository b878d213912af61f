"""A small corpus in two languages, written straight into a project's store."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from agent.records.base import Language
from agent.records.corpus import Document, DocumentText
from knowledge.ingest.chunking import chunk_document
from knowledge.store import CorpusStore
from tools.workspace import Project, Workspace

PUMP = """# Brindle pump operating manual

A Brindle pump moves small amounts of liquid. It was built for clean liquids only.

## Models

| Model | Rated flow | Net weight (kg) |
| --- | --- | --- |
| Brindle One pump | 17 litres per hour | 4.6 |
| Brindle Two pump | 46 litres per hour | - |

## Lamps

- **Amber lamp**: reservoir nearly empty
- **Violet lamp**: priming in progress

The pump is kept in the dry store. The length of the hose was checked before delivery to the site.
"""

FAQ = """# Brindle pump questions and answers

### Q: Where is the Brindle pump assembled?

It is assembled in Pellworth.

### What is the default PIN of a Brindle pump?

The default PIN is 7340.

### Q: How long does it take to prime?

Priming takes 110 seconds.
"""

RULES = """# House rules for visitors

The Customer Advisory Board (CAB) meets in May. Every visitor of the CAB wears a badge at all times.

| Item | Value |
| --- | --- |
| Opening time | 07:40 |
| Parking spaces | 32 |

- **Tern tag**: yellow tag for visitors
- **Moss card**: key card of the night shift

A Tern tag is handed out at the gate. The gate of the yard is closed at night.
"""

GLOSSARY_ZH = """# 临棠工厂术语与缩写

新员工常常听不懂车间里的话，工艺科编了这份小词表。

## 缩写

- **LTJ**：临棠检，出厂前的最后一道检验
- **YHB**：砚鹤板，装置控制柜里的主电路板

过堂每月开一次，LTJ的印章是八角形的，每个检验员领取3枚印章。
"""

MANUAL_ZH = """# 砚鹤加药装置手册

本手册写给操作人员，请把装置放在平整的地面上。

| 型号 | 药箱容积 | 整机重量（千克） |
| --- | --- | --- |
| 砚鹤Y3装置 | 280升 | 196 |
| 砚鹤Y6装置 | 650升 | 342 |

### Q: 砚鹤装置的黄灯亮了是什么意思？

过滤网堵塞，拆下来用清水冲洗即可。
"""

NAMES: dict[str, tuple[str, Language]] = {
    "pump-manual": (PUMP, "en"),
    "pump-faq": (FAQ, "en"),
    "house-rules": (RULES, "en"),
    "glossary-zh": (GLOSSARY_ZH, "zh"),
    "manual-zh": (MANUAL_ZH, "zh"),
}


def text_of(name: str, text: str, language: Language = "en", title: str | None = None) -> DocumentText:
    """Return a document's text; its title is the first heading unless another is given."""
    heading = text.lstrip().split("\n", 1)[0].lstrip("# ") if text.lstrip().startswith("#") else ""
    named = heading if title is None else title
    return DocumentText(document=name, name=f"{name}.md", sha256="0", language=language, title=named, text=text)


def corpus() -> list[DocumentText]:
    """Return the documents of the corpus."""
    return [text_of(name, text, language) for name, (text, language) in NAMES.items()]


def project_with(home: Path, texts: Sequence[DocumentText]) -> Project:
    """Return a project that holds the texts, as if they had been ingested."""
    project = Workspace(home).create("example")
    put(project, texts)
    return project


def put(project: Project, texts: Sequence[DocumentText]) -> None:
    """Replace the documents of a project."""
    store = CorpusStore(project.root)
    for text in texts:
        store.save_text(text, ".md", text.text.encode())
    documents = [
        Document(
            id=text.document,
            name=text.name,
            sha256="0",
            format="markdown",
            language=text.language,
            pages=None,
            characters=len(text.text),
            chunks=1,
            status="read",
        )
        for text in texts
    ]
    store.save(documents, [chunk for text in texts for chunk in chunk_document(text)])


def form(number: str, make: str, place: str, hours: int) -> str:
    """Return a report as a PDF reader hands it over when two columns share a line."""
    return f"""# Incident Report

Location: {place} Report Number: {number}
Aircraft: {make} Damage Level: Substantial
Flight Hours: {hours} Seats: 4
Weather: None
Narrative

The pilot landed on the strip and came to rest. Copy of {number} filed.
"""
