"""Writes a source document as an HTML page."""

from __future__ import annotations

from html import escape

from knowledge.company.blocks import Block, Definitions, Heading, Items, Paragraph, Source


def _render(block: Block) -> str:
    if isinstance(block, Heading):
        return f"<h{block.level}>{escape(block.text)}</h{block.level}>"
    if isinstance(block, Paragraph):
        return f"<p>{escape(block.text, quote=False)}</p>"
    if isinstance(block, Items):
        tag = "ol" if block.ordered else "ul"
        items = "\n".join(f"<li>{escape(item, quote=False)}</li>" for item in block.items)
        return f"<{tag}>\n{items}\n</{tag}>"
    if isinstance(block, Definitions):
        pairs = "\n".join(
            f"<dt>{escape(term, quote=False)}</dt>\n<dd>{escape(text, quote=False)}</dd>"
            for term, text in block.entries
        )
        return f"<dl>\n{pairs}\n</dl>"
    head = "".join(f"<th>{escape(cell, quote=False)}</th>" for cell in block.header)
    rows = "\n".join(
        "<tr>" + "".join(f"<td>{escape(cell, quote=False)}</td>" for cell in row) + "</tr>" for row in block.rows
    )
    return f"<table>\n<thead>\n<tr>{head}</tr>\n</thead>\n<tbody>\n{rows}\n</tbody>\n</table>"


def html_bytes(source: Source) -> bytes:
    """Render a document as a complete HTML page.

    Args:
        source: The document.

    Returns:
        UTF-8 bytes, the same on every run.
    """
    language = "zh-CN" if source.language == "zh" else "en"
    body = "\n".join(_render(block) for block in source.blocks)
    page = (
        f'<!DOCTYPE html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{escape(source.title)}</title>\n"
        f'<meta name="date" content="{source.date.isoformat()}">\n'
        f"</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )
    return page.encode()
