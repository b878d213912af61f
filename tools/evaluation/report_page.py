"""The report as one page that prints well: the same text as the Markdown, the radar inside it, nothing loaded.

What a report quotes may come from anywhere, so HTML in it is shown and not obeyed, links and pictures are not made, and
the page forbids the browser to load or run anything (Content-Security-Policy). To make a PDF, print it.

    page(markdown, "Evaluation", radar_png, "en")
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

from agent.records.base import Language

_STYLE: Final = """
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, "Noto Sans", "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif;
  color: #1a1a1a; background: #fff; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin-top: 2rem; break-after: avoid; }
img { display: block; max-width: 100%; max-height: 200mm; margin: 1rem auto; break-inside: avoid; }
table { border-collapse: collapse; width: 100%; font-size: 0.85rem; font-variant-numeric: tabular-nums; }
thead { display: table-header-group; }
tr { break-inside: avoid; }
th, td { border-bottom: 1px solid #ccc; padding: 0.25rem 0.5rem; text-align: left; vertical-align: top; }
th { border-bottom-color: #555; }
li { overflow-wrap: anywhere; }
@page { size: A4; margin: 15mm; }
@media print {
  body { font-size: 10pt; max-width: none; margin: 0; padding: 0; }
  table { font-size: 8pt; }
}
"""
_POLICY: Final = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def page(markdown: str, title: str, radar: bytes | None, lang: Language) -> str:
    """Return a report as an HTML page.

    Args:
        markdown: The report; its one picture is the radar.
        title: Of the page.
        radar: The radar as PNG; `None` leaves it out.
        lang: Language of the report.
    """
    from markdown_it import MarkdownIt
    from markdown_it.renderer import RendererProtocol
    from markdown_it.token import Token

    picture = ""
    if radar is not None:
        source = base64.b64encode(radar).decode("ascii")
        picture = f'<img alt="{escape({"en": "radar", "zh": "雷达图"}[lang])}" src="data:image/png;base64,{source}">'
    shown = False

    def image(
        renderer: RendererProtocol, tokens: Sequence[Token], index: int, options: Any, env: Mapping[str, Any]
    ) -> str:
        nonlocal shown
        del renderer, options, env
        # The report's own picture stands first; any other was quoted, and its words are enough.
        first, shown = not shown, True
        return picture if first and not tokens[index].content else escape(tokens[index].content)

    reader = MarkdownIt("commonmark", {"html": False}).enable("table").disable(["link", "autolink"])
    reader.add_render_rule("image", image)
    body = reader.render(markdown)
    return (
        f'<!doctype html>\n<html lang="{"zh-CN" if lang == "zh" else "en"}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{escape(title)}</title>\n'
        f"<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n"
    )
