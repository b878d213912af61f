"""What was read but is not yet in the list of documents, so that a reading that was killed is not done again.

    <root>/reading/<hash of the file>-<format>.json

A file is read once for its bytes, whatever it is called. The folder is emptied when the list of documents has been
saved (`knowledge.store`), so it never outlives the reading that needed it by more than one.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Final

from agent.records.corpus import DocumentFormat
from knowledge.files import write_bytes_atomically
from knowledge.ingest.parsed import Parsed, UnreadableError

_READERS: Final = 3
"""Number of the readers' generation; raised when they give other texts, so that nothing old is taken up."""


class KeptReadings:
    """Readings on disk."""

    def __init__(self, folder: Path, *, recognise: bool = False) -> None:
        """Point at the folder; nothing is read or made.

        Args:
            folder: Where they are kept.
            recognise: Whether they were made with text recognition, which gives others.
        """
        self._folder = folder
        self._mark = "-recognised" if recognise else ""

    def find(self, digest: str, form: DocumentFormat) -> list[Parsed] | None:
        """Return what was read of a file; `None` if it was not.

        Args:
            digest: SHA-256 of the file's bytes, in hex.
            form: Its format.

        Raises:
            UnreadableError: It was read and refused.
        """
        try:
            stored = json.loads(self._path(digest, form).read_bytes())
        except (FileNotFoundError, ValueError):
            return None
        if stored.get("readers") != _READERS:
            return None
        if stored["refused"]:
            raise UnreadableError(stored["refused"])
        return [Parsed(**{**fields, "pages": tuple(map(tuple, fields["pages"]))}) for fields in stored["documents"]]

    def keep(self, digest: str, form: DocumentFormat, read: list[Parsed] | UnreadableError) -> None:
        """Keep what was read of a file, or why it was refused."""
        refused = str(read) if isinstance(read, UnreadableError) else ""
        documents = [] if isinstance(read, UnreadableError) else [dataclasses.asdict(one) for one in read]
        data = {"readers": _READERS, "refused": refused, "documents": documents}
        write_bytes_atomically(self._path(digest, form), [json.dumps(data, ensure_ascii=False).encode()])

    def _path(self, digest: str, form: DocumentFormat) -> Path:
        return self._folder / f"{digest}-{form}{self._mark}.json"
