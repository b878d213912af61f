"""Accounts: a name, a password kept as a scrypt hash, and a home folder of its own.

accounts = Accounts(Database.of(home))
accounts.add("anna", "correct horse battery")
accounts.verify("anna", "guess")  # None, after the same work as for a right one
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import sqlite3
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from agent.errors import InputError, NotFoundError
from ui.web.database import Database

COST, BLOCK, PARALLEL = 2**15, 8, 1
"""scrypt parameters for new hashes (32 MiB, about a tenth of a second; RFC 7914, OWASP password storage); each hash
carries its own, so they can be raised later."""
SHORTEST, LONGEST = 10, 256
"""Characters of a password."""


@dataclass(frozen=True)
class Account:
    """Who asks."""

    id: str
    name: str
    home: str
    """Folder inside `accounts/`; empty for the server's own home."""
    created: str


class Accounts:
    """The accounts of a server."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def add(self, name: str, password: str) -> Account:
        """Make an account; the first one gets the server's own home, with the projects made without login.

        Raises:
            InputError: The name or password cannot be used, or the name is taken.
        """
        clean, folded = _named(name)
        hashed = _hash(_checked(password))
        with self.database.change() as connection:
            first = connection.execute("SELECT count(*) FROM accounts").fetchone()[0] == 0
            identifier = secrets.token_hex(8)
            row = (identifier, clean, folded, "" if first else identifier, hashed, _now())
            try:
                connection.execute("INSERT INTO accounts VALUES (?, ?, ?, ?, ?, ?)", row)
            except sqlite3.IntegrityError as error:
                raise InputError("this account exists", where=clean, mend="choose another name") from error
        return self.get(clean)

    def get(self, name: str) -> Account:
        """Return an account by name.

        Raises:
            NotFoundError: There is none.
        """
        with self.database.open() as connection:
            row = connection.execute("SELECT * FROM accounts WHERE folded = ?", (_fold(name),)).fetchone()
        if row is None:
            raise NotFoundError("no such account", where=name, mend="`domainsmith account list` shows them")
        return account_of(row)

    def list(self) -> tuple[Account, ...]:
        """Return all accounts, oldest first."""
        if not self.database.path.exists():
            return ()
        with self.database.open() as connection:
            rows = connection.execute("SELECT * FROM accounts ORDER BY created, id").fetchall()
        return tuple(account_of(row) for row in rows)

    def remove(self, name: str) -> Account:
        """Remove an account with its sessions and keys; its home folder stays.

        Raises:
            NotFoundError: There is none.
        """
        account = self.get(name)
        with self.database.change() as connection:
            connection.execute("DELETE FROM accounts WHERE id = ?", (account.id,))
        return account

    def change_password(self, name: str, password: str) -> Account:
        """Set a new password and end all sessions of the account.

        Raises:
            InputError: The password cannot be used.
            NotFoundError: There is no such account.
        """
        hashed = _hash(_checked(password))
        account = self.get(name)
        with self.database.change() as connection:
            connection.execute("UPDATE accounts SET password = ? WHERE id = ?", (hashed, account.id))
            connection.execute("DELETE FROM sessions WHERE account = ?", (account.id,))
        return account

    def verify(self, name: str, password: str) -> Account | None:
        """Return the account if the password is right; an unknown name costs the same work as a wrong password."""
        with self.database.open() as connection:
            row = connection.execute("SELECT * FROM accounts WHERE folded = ?", (_fold(name),)).fetchone()
        right = _matches(password[: LONGEST + 1], row["password"] if row is not None else self._nobody)
        return account_of(row) if row is not None and right else None

    @cached_property
    def _nobody(self) -> str:
        return _hash(secrets.token_hex(16))


def account_of(row: sqlite3.Row) -> Account:
    """Return the account that a row of the table describes."""
    return Account(row["id"], row["name"], row["home"], row["created"])


def _named(name: str) -> tuple[str, str]:
    clean = unicodedata.normalize("NFKC", name).strip()
    if not clean or len(clean) > 80 or not clean.isprintable():
        raise InputError(
            "an account name has 1 to 80 printable characters", where=name[:80], mend="choose another name"
        )
    return clean, _fold(clean)


def _fold(name: str) -> str:
    return unicodedata.normalize("NFKC", name).strip().casefold()


def _checked(password: str) -> str:
    if not SHORTEST <= len(password) <= LONGEST:
        raise InputError(
            f"a password has {SHORTEST} to {LONGEST} characters",
            where=f"{len(password)} given",
            mend="a few words make a good one",
        )
    return password


def _hash(password: str) -> str:
    salt = secrets.token_bytes(16)
    return f"scrypt${COST}${BLOCK}${PARALLEL}${salt.hex()}${_scrypt(password, salt, COST, BLOCK, PARALLEL).hex()}"


def _matches(password: str, stored: str) -> bool:
    _, cost, block, parallel, salt, digest = stored.split("$")
    found = _scrypt(password, bytes.fromhex(salt), int(cost), int(block), int(parallel))
    return hmac.compare_digest(found, bytes.fromhex(digest))


def _scrypt(password: str, salt: bytes, cost: int, block: int, parallel: int) -> bytes:
    text = unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
    memory = 2 * 128 * cost * block
    return hashlib.scrypt(text, salt=salt, n=cost, r=block, p=parallel, maxmem=memory, dklen=32)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
