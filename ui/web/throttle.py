"""Wrong passwords are counted per account name and per client address, on disk, so a restart gives no new tries.

A try is counted before the password is looked at and forgiven if it was right: a thousand tries at once get no more
than ten looked at.
"""

from __future__ import annotations

import hashlib
import time
import unicodedata
from collections.abc import Callable

from ui.web.database import Database

TRIES = 10
WINDOW_SECONDS = 15 * 60.0


class Throttle:
    """Counts tries to log in."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self.database = database
        self._clock = clock

    def admit(self, name: str, address: str) -> tuple[int, ...] | None:
        """Count a try; `None` if the name or the address has had its tries and the password must not be looked at.

        Returns:
            What `forgive` takes if the password was right.
        """
        now = self._clock()
        subjects = (_subject("name", name), _subject("address", address))
        with self.database.change() as connection:
            connection.execute("DELETE FROM guesses WHERE at <= ?", (now - WINDOW_SECONDS,))
            for subject in subjects:
                query = "SELECT count(*) FROM guesses WHERE subject = ?"
                if connection.execute(query, (subject,)).fetchone()[0] >= TRIES:
                    return None
            made = (
                connection.execute("INSERT INTO guesses (subject, at) VALUES (?, ?)", (subject, now)).lastrowid
                for subject in subjects
            )
            return tuple(number for number in made if number is not None)

    def forgive(self, tries: tuple[int, ...]) -> None:
        """Take back the count of a right password."""
        with self.database.change() as connection:
            connection.executemany("DELETE FROM guesses WHERE number = ?", [(number,) for number in tries])


def _subject(kind: str, text: str) -> str:
    # Hashed: people type their password into the field of the name.
    folded = unicodedata.normalize("NFKC", text).strip().casefold()
    return f"{kind}:{hashlib.sha256(folded.encode('utf-8', 'surrogatepass')).hexdigest()}"
