"""The documents of a project while files are read: found by origin, by name and by content without a search."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from agent.records.corpus import Document


class Shelf:
    """Documents by id, in the order in which they were first put."""

    def __init__(self, documents: Iterable[Document] = ()) -> None:
        """Put the documents that are known."""
        self._documents: dict[str, Document] = {}
        self._origins: dict[str, set[str]] = defaultdict(set)
        self._files: dict[str, set[str]] = defaultdict(set)
        self._names: dict[str, set[str]] = defaultdict(set)
        self._digests: dict[str, set[str]] = defaultdict(set)
        for document in documents:
            self.put(document)

    def put(self, document: Document) -> None:
        """Put a document in the place of the one of its id."""
        old = self._documents.get(document.id)
        if old is not None:
            self._unindex(old)
        self._documents[document.id] = document
        for index, key in self._keys(document):
            index[key].add(document.id)

    def drop(self, document: Document) -> None:
        """Take a document out."""
        self._unindex(self._documents.pop(document.id))

    def _unindex(self, document: Document) -> None:
        for index, key in self._keys(document):
            index[key].discard(document.id)

    def _keys(self, document: Document) -> Iterator[tuple[dict[str, set[str]], str]]:
        yield self._origins, document.origin
        yield self._names, document.name
        for digest in {document.sha256, document.container} - {""}:
            yield self._digests, digest
        # A path may hold the sign that sets parts apart, so a document is filed under every file it may come from.
        pieces = document.origin.split("#")
        for count in range(1, len(pieces) + 1):
            yield self._files, "#".join(pieces[:count])

    def of_origin(self, origin: str) -> list[Document]:
        """Return the documents of exactly that origin."""
        return self._all(self._origins.get(origin, ()))

    def of_file(self, path: str) -> list[Document]:
        """Return the document that a file is, and those it holds."""
        return self._all(self._files.get(path, ()))

    def of_name(self, name: str) -> list[Document]:
        """Return the documents of a name."""
        return self._all(self._names.get(name, ()))

    def of_content(self, digest: str) -> list[Document]:
        """Return the documents whose file, or the file that holds them, has those bytes."""
        return self._all(self._digests.get(digest, ()))

    def _all(self, identifiers: Iterable[str]) -> list[Document]:
        # Sets have no order; names decide, so that every run goes the same way.
        found = [self._documents[identifier] for identifier in identifiers]
        return sorted(found, key=lambda document: (document.name, document.id))

    def __contains__(self, identifier: object) -> bool:
        return identifier in self._documents

    def __iter__(self) -> Iterator[Document]:
        return iter(list(self._documents.values()))
