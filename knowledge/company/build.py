"""Builds the example company's documents and reads its sealed items.

Run `python -m knowledge.company.build TARGET` to write every document, in the
format its front matter names, into the folder TARGET.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from knowledge.company.blocks import Source, read_source
from knowledge.company.docx_writer import docx_bytes
from knowledge.company.html_writer import html_bytes
from knowledge.company.pdf_writer import pdf_bytes

COMPANY: Final = "Ostrevane Fluid Works"
DEMO_FAMILY: Final = "tarvo"

_HERE: Final = Path(__file__).resolve().parent
_SOURCES: Final = _HERE / "sources"
_SEALED: Final = _HERE / "sealed.jsonl"


def _markdown_bytes(source: Source) -> bytes:
    # Front matter is for this builder; a team's own Markdown rarely has any.
    return source.body.encode()


_WRITERS: Final[dict[str, Callable[[Source], bytes]]] = {
    "md": _markdown_bytes,
    "html": html_bytes,
    "docx": docx_bytes,
    "pdf": pdf_bytes,
}


def sources(family: str | None = None) -> list[Source]:
    """Read the source documents.

    Args:
        family: Only documents of this family, or all when `None`.

    Returns:
        The documents, sorted by id.
    """
    found = [read_source(path) for path in sorted(_SOURCES.glob("*.md"))]
    return [source for source in found if family is None or source.family == family]


def families() -> tuple[str, ...]:
    """The names of the document families, sorted."""
    return tuple(sorted({source.family for source in sources()}))


def build_documents(target: Path) -> list[Path]:
    """Write every document in its own format.

    Args:
        target: The folder to write into; created if missing.

    Returns:
        The files written, in the order of the document ids.
    """
    target.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for source in sources():
        path = target / f"{source.id}.{source.format}"
        path.write_bytes(_WRITERS[source.format](source))
        written.append(path)
    return written


def sealed_file() -> Path:
    """Return the file of the sealed validation items, which `validate --questions` reads."""
    return _SEALED


def sealed_items(family: str | None = None) -> list[dict[str, Any]]:
    """Read the sealed validation items.

    They are for measuring only and must never reach training data.

    Args:
        family: Only items of this family, or all when `None`.

    Returns:
        One dictionary for each item, in file order.
    """
    lines = _SEALED.read_text(encoding="utf-8").splitlines()
    items: list[dict[str, Any]] = [json.loads(line) for line in lines if line.strip()]
    return [item for item in items if family is None or item["family"] == family]


def main(argv: Sequence[str] | None = None) -> int:
    """Command line entry point.

    Args:
        argv: The arguments, taken from the command line when `None`.

    Returns:
        The exit status.
    """
    parser = argparse.ArgumentParser(description=f"Write the documents of {COMPANY}.")
    parser.add_argument("target", type=Path, help="folder to write into")
    written = build_documents(parser.parse_args(argv).target)
    print(f"{len(written)} documents written")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
