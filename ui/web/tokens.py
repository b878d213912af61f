"""What stands for an account once it has proved who it is: sessions of browsers, keys of programs.

Both are random and only their SHA-256 is stored, so the file gives nobody entry; a fast hash is right here, since 256
random bits cannot be guessed.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from agent.errors import NotFoundError
from ui.web.accounts import Account, account_of
from ui.web.database import Database

SESSION_SECONDS = 7 * 24 * 3600
KEY_PREFIX = "dsk_"
"""What every key begins with, so that a leaked one can be recognised."""


@dataclass(frozen=True)
class Key:
    """An API key as it is listed; the key itself is shown once, when it is made."""

    id: str
    label: str
    created: str


class Tokens:
    """Sessions and keys of a server."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self.database = database
        self._clock = clock

    def begin(self, account: Account) -> str:
        """Return the token of a new session."""
        token = secrets.token_urlsafe(32)
        now = self._clock()
        with self.database.change() as connection:
            connection.execute("DELETE FROM sessions WHERE expires <= ?", (now,))
            connection.execute(
                "INSERT INTO sessions VALUES (?, ?, ?)", (_digest(token), account.id, now + SESSION_SECONDS)
            )
        return token

    def of_session(self, token: str) -> Account | None:
        """Return whose session it is; `None` if it has ended or never was."""
        query = (
            "SELECT accounts.* FROM sessions JOIN accounts ON accounts.id = sessions.account"
            " WHERE sessions.token = ? AND sessions.expires > ?"
        )
        with self.database.open() as connection:
            row = connection.execute(query, (_digest(token), self._clock())).fetchone()
        return account_of(row) if row is not None else None

    def end(self, token: str) -> None:
        """End a session."""
        with self.database.change() as connection:
            connection.execute("DELETE FROM sessions WHERE token = ?", (_digest(token),))

    def make_key(self, account: Account, label: str = "") -> tuple[str, Key]:
        """Return a new key, and how it is listed."""
        token = KEY_PREFIX + secrets.token_urlsafe(32)
        key = Key(secrets.token_hex(4), label[:80], datetime.now(UTC).isoformat(timespec="seconds"))
        with self.database.change() as connection:
            row = (key.id, _digest(token), account.id, key.label, key.created)
            connection.execute("INSERT INTO keys VALUES (?, ?, ?, ?, ?)", row)
        return token, key

    def keys(self, account: Account) -> tuple[Key, ...]:
        """Return the keys of an account, oldest first."""
        with self.database.open() as connection:
            rows = connection.execute(
                "SELECT * FROM keys WHERE account = ? ORDER BY created, id", (account.id,)
            ).fetchall()
        return tuple(Key(row["id"], row["label"], row["created"]) for row in rows)

    def revoke(self, account: Account, key_id: str) -> None:
        """Make a key useless.

        Raises:
            NotFoundError: The account has no such key.
        """
        with self.database.change() as connection:
            query = "DELETE FROM keys WHERE id = ? AND account = ?"
            if connection.execute(query, (key_id, account.id)).rowcount == 0:
                raise NotFoundError(
                    "no such key", where=key_id, mend=f"`domainsmith account key {account.name} --list`"
                )

    def of_key(self, token: str) -> Account | None:
        """Return whose key it is; `None` if it is nobody's."""
        query = "SELECT accounts.* FROM keys JOIN accounts ON accounts.id = keys.account WHERE keys.token = ?"
        with self.database.open() as connection:
            row = connection.execute(query, (_digest(token),)).fetchone()
        return account_of(row) if row is not None else None


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
