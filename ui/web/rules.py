"""How a server treats those who come; decided by the command that starts it."""

from __future__ import annotations

from dataclasses import dataclass

from ui.web.limits import BODY_BYTES, UPLOAD_BYTES


@dataclass(frozen=True)
class Rules:
    """The defaults are those of a server that one person runs for themselves."""

    login: bool = False
    hosts: frozenset[str] | None = None
    """Names the server answers to; `None` for any. Set on the loopback, against DNS rebinding."""
    secure: bool = False
    """Whether cookies are for HTTPS only."""
    upload_bytes: int = UPLOAD_BYTES
    """Most that one upload may carry."""
    body_bytes: int = BODY_BYTES
    """Most that any other request may carry."""
