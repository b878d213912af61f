"""Small corpora for tests."""

from __future__ import annotations

from pathlib import Path

from agent.records.base import Language
from agent.records.corpus import Chunk, DocumentText
from knowledge.ingest.chunking import chunk_document

MANUAL = """# Tarvo pump manual

## Models

| Model | Rated flow | Cable length |
|---|---|---|
| Tarvo Wren pump | 17 litres per hour | 2.4 metres |
| Tarvo Heron pump | 46 litres per hour | 3.1 metres |

## Error numbers

- **Error E17**: blocked suction filter
- **Error E23**: motor overheating

## Care

Clean the filter each month. It is held by two screws. Use a soft brush.

## Questions

### Q: Where is the Tarvo pump assembled?

It is assembled in Pellworth.
"""

MANUAL_ZH = """# 砚鹤装置手册

## 技术参数

| 型号 | 药箱容积 | 整机重量 |
|---|---|---|
| 砚鹤Y3装置 | 280升 | 196千克 |
| 砚鹤Y6装置 | 650升 | 342千克 |

## 维护

加药泵的隔膜每运行2600小时更换一次。药箱每45天清洗一次。

## 名词

- **药撬**：砚鹤装置在车间里的叫法
"""


def document(text: str, language: Language = "en", name: str = "manual.md") -> DocumentText:
    title = text.split("\n", 1)[0].lstrip("# ")
    return DocumentText(
        document=name.replace(".", "-"), name=name, sha256="", language=language, title=title, text=text
    )


def chunks(text: str, language: Language = "en", name: str = "manual.md") -> tuple[Chunk, ...]:
    return chunk_document(document(text, language, name))


def write_folder(folder: Path) -> Path:
    """Write a folder of readable files."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "manual.md").write_text(MANUAL, encoding="utf-8")
    (folder / "手册.md").write_text(MANUAL_ZH, encoding="utf-8")
    (folder / "notes.txt").write_text("The canary word is zanzibar. It stands in the notes only.", encoding="utf-8")
    return folder
