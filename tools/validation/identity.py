"""Ids of items: the same question on the same thing has the same id in every build."""

from __future__ import annotations

import hashlib

from agent.records.evaluation import Item


def with_id(item: Item) -> Item:
    """Return the item with an id made from what it asks, of what and how."""
    parts = (
        item.dimension,
        item.document,
        item.question,
        item.context,
        "\x1e".join(item.options),
        "\x1e".join(item.answers),
    )
    digest = hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:14]
    return item.model_copy(update={"id": f"v{digest}"})
