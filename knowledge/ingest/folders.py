"""Files that hold files: zipped folders, and e-mails with attachments.

A container lists its members and hands out their bytes; nothing is ever unpacked to disk, so no name in it can point
anywhere. It is opened once and kept while its members are asked for, one after another.
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Final, Protocol

from agent.records.corpus import DocumentFormat
from knowledge.ingest.archives import archive_of, member_name, shown_name, suffix_of, unpack
from knowledge.ingest.formats import FORMATS, not_read
from knowledge.ingest.limits import DEEPEST_ARCHIVE, LARGEST_MEMBER, MOST_FILES
from knowledge.ingest.mail import Mail
from knowledge.ingest.parsed import Member, Parsed, Source, UnreadableError, content_of

CONTAINERS: Final[tuple[DocumentFormat, ...]] = ("zip", "email")
_SYSTEM_FILES: Final = ("thumbs.db", "desktop.ini")


class Container(Protocol):
    """A file that holds files."""

    def parsed(self) -> Parsed | None:
        """Return what the container itself says; `None` if it only holds."""

    def members(self) -> list[Member]:
        """Return what it holds."""

    def content(self, key: str) -> bytes:
        """Return a member's bytes."""


class ZippedFolder:
    """A .zip file whose members are documents, each named by its path."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        """Look into an open archive.

        Raises:
            UnreadableError: It holds too many files, or none.
        """
        self._archive = archive
        self._infos = [info for info in archive.infolist() if not info.filename.endswith(("/", "\\"))]
        if len(self._infos) > MOST_FILES:
            raise UnreadableError(f"more than {MOST_FILES} files in it: split the archive")

    def parsed(self) -> None:
        """A folder says nothing of its own."""

    def members(self) -> list[Member]:
        """Return the files in the order of their names; hidden ones and those of the system are passed over."""
        found: list[Member] = []
        taken: set[str] = set()
        named = [(shown_name(member_name(info)), str(key)) for key, info in enumerate(self._infos)]
        for name, key in sorted(named):
            parts = name.split("/")
            hidden = any(part.startswith((".", "__MACOSX", "~$")) for part in parts)
            if hidden or parts[-1].lower() in _SYSTEM_FILES:
                continue
            form = FORMATS.get(suffix_of(name))
            shown, number = name, 2
            # Two members may have one name, or names that differ in what is not shown.
            while shown in taken:
                shown, number = f"{name} ({number})", number + 1
            taken.add(shown)
            found.append(Member(key, shown, form, "" if form else not_read()))
        return found

    def content(self, key: str) -> bytes:
        """Return a member's bytes.

        Raises:
            UnreadableError: It is locked, damaged or too large.
        """
        return unpack(self._archive, self._infos[int(key)])


class Opened:
    """The containers of one file that stand open, outermost first."""

    def __init__(self) -> None:
        """Nothing is open yet."""
        self._place: tuple[str, tuple[str, ...]] | None = None
        self._stack = ExitStack()
        self._containers: list[Container] = []

    def reach(self, source: Source, form: DocumentFormat, keys: Sequence[str]) -> Container:
        """Open a container.

        Args:
            source: The outermost file.
            form: Its format.
            keys: Keys of members, each a container within the one before; none means the file itself.

        Raises:
            UnreadableError: One of them cannot be opened, or they stand in each other too deep.
        """
        if len(keys) >= DEEPEST_ARCHIVE:
            raise UnreadableError("an archive within archives: unpack it first")
        place = (str(source), tuple(keys))
        if self._place != place:
            self.close()
            container = self._open(source, form)
            for key in keys:
                member = next(member for member in container.members() if member.key == key)
                assert member.format is not None
                container = self._open(container.content(key), member.format)
            self._place = place
            self._containers = [container]
        return self._containers[0]

    def _open(self, source: Source, form: DocumentFormat) -> Container:
        match form:
            case "zip":
                return ZippedFolder(self._stack.enter_context(archive_of(source, "archive")))
            case "email":
                return Mail(content_of(source, LARGEST_MEMBER))
            case _:
                raise UnreadableError("no archive")

    def close(self) -> None:
        """Close all of them."""
        self._place, self._containers = None, []
        self._stack.close()
        self._stack = ExitStack()
