"""XML of files that came from anywhere: no outer entity, no inner one, no network, no giant tree."""

from __future__ import annotations

from typing import Any

from knowledge.ingest.parsed import UnreadableError


def parse_xml(content: bytes) -> Any:
    """Return the root element of an XML part, as lxml's `_Element`.

    Raises:
        UnreadableError: It is no XML.
    """
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise UnreadableError("damaged: its XML cannot be read") from error


def children_named(element: Any, *names: str) -> list[Any]:
    """Return all descendants of the given local names, whatever their namespace, in document order."""
    return [child for child in element.iter() if isinstance(child.tag, str) and local_name(child) in names]


def local_name(element: Any) -> str:
    """Return an element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]
