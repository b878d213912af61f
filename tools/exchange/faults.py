"""The bad lines of a file: all are counted, the first ones are named with what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from agent.errors import InputError

_MEND: Final = "correct or remove what is named"
_NAMED: Final = 5
"""Bad lines named in the error."""


class Faults:
    """Collects what is wrong with a file while it is read to its end."""

    def __init__(self) -> None:
        self.count = 0
        self._first: list[tuple[str, str, str]] = []

    def add(self, where: str, what: str, mend: str = "") -> None:
        """Note a bad line.

        Args:
            where: File and line.
            what: What is wrong.
            mend: What to do about it.
        """
        self.count += 1
        if len(self._first) < _NAMED:
            self._first.append((where, what, mend))

    def take(self, first: Sequence[tuple[str, str, str]], count: int) -> None:
        """Note what was found elsewhere.

        Args:
            first: Place, what is wrong and the mend of the first bad lines.
            count: All bad lines.
        """
        self._first += first[: _NAMED - len(self._first)]
        self.count += count

    def refuse(self) -> None:
        """Raise if anything was noted.

        Raises:
            InputError: Names the first bad lines and counts all.
        """
        if not self.count:
            return
        where, what, _ = self._first[0]
        mend = next((mend for _, _, mend in self._first if mend), _MEND)
        if self.count == 1:
            raise InputError(what, where=where, mend=mend)
        listed = "; ".join(f"{place} ({why})" for place, why, _ in self._first)
        more = f"; and {self.count - len(self._first)} more" if self.count > len(self._first) else ""
        raise InputError(f"{self.count} lines cannot be used", where=f"{listed}{more}", mend=mend)
