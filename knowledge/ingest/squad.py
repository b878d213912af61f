"""SQuAD-style JSON as documents: every article's passages become a text, the questions stay out."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from knowledge.ingest.cleaning import faithful, one_line, without_false_headings
from knowledge.ingest.limits import MOST_ARTICLES
from knowledge.ingest.parsed import Parsed, UnreadableError

_TITLE_CHARACTERS = 200


def is_squad(data: Any) -> bool:
    """Return whether parsed JSON has SQuAD's shape: `data` → articles → `paragraphs` → `context`."""
    articles = data.get("data") if isinstance(data, dict) else None
    first = articles[0] if isinstance(articles, list) and articles else None
    paragraphs = first.get("paragraphs") if isinstance(first, dict) else None
    return isinstance(paragraphs, list) and all(
        isinstance(p, dict) and isinstance(p.get("context"), str) for p in paragraphs
    )


def read_squad(text: str) -> list[Parsed]:
    """Return one document for each article; passages are set apart by an empty line.

    Raises:
        UnreadableError: The file is no JSON, JSON of another shape, or holds too many articles.
    """
    try:
        data = json.loads(text)
    except ValueError as error:
        raise UnreadableError(f"no valid JSON: {error}") from error
    if not is_squad(data):
        raise UnreadableError("JSON of another shape than SQuAD's (data → paragraphs → context)")
    if len(data["data"]) > MOST_ARTICLES:
        raise UnreadableError(f"more than {MOST_ARTICLES} documents in it: split the file")
    found: list[Parsed] = []
    taken: set[str] = set()
    copies: Counter[str] = Counter()
    for number, article in enumerate(data["data"], start=1):
        paragraphs = [
            p for p in article.get("paragraphs", []) if isinstance(p, dict) and isinstance(p.get("context"), str)
        ]
        body = "\n\n".join(without_false_headings(faithful(p["context"])) for p in paragraphs)
        if not body.strip():
            continue
        part = _part_name(article, paragraphs, number)
        name = part
        while name in taken:
            copies[part] += 1
            name = f"{part}-{copies[part] + 1}"
        taken.add(name)
        found.append(Parsed(title=_title(article, body), text=body, part=name))
    if not found:
        raise UnreadableError("no passage in it")
    return found


def _part_name(article: dict[str, Any], paragraphs: list[dict[str, Any]], number: int) -> str:
    candidates = [article.get("title"), article.get("id"), *(paragraphs[0].get(key) for key in ("document_id", "id"))]
    for candidate in candidates:
        if isinstance(candidate, (str, int)) and (name := one_line(str(candidate))):
            return name[:80]
    return str(number)


def _title(article: dict[str, Any], body: str) -> str:
    title = article.get("title")
    if isinstance(title, str) and title.strip():
        return one_line(title)
    first, _, rest = body.lstrip().partition("\n")
    # A short first line above more text is a headline; a passage in one line has none.
    return one_line(first) if rest.strip() and len(first) <= _TITLE_CHARACTERS else ""
