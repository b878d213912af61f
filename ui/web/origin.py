"""Does a request come from our own pages, and was it meant for this machine?

Browsers attach cookies to requests that another site starts, and reach servers on the loopback through names that
another site chose (DNS rebinding). Both show in headers that a page cannot forge.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def is_loopback(host: str) -> bool:
    """Return whether a server bound to this host can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def host_name(header: str) -> str:
    """Return the name of a Host header without its port; empty if it is malformed."""
    try:
        return urlsplit(f"//{header}").hostname or ""
    except ValueError:
        return ""


def from_our_pages(method: str, headers: Mapping[str, str]) -> bool:
    """Return whether a request that changes something may have been started by our own pages.

    Args:
        method: HTTP method; those that change nothing always pass.
        headers: Header names in lower case.
    """
    if method in SAFE_METHODS:
        return True
    site = headers.get("sec-fetch-site")
    if site is not None and site not in {"same-origin", "none"}:
        return False
    origin = headers.get("origin")
    # Browsers send Origin with every request of this kind; without it, it is a program with nothing to steal.
    return origin is None or _same(origin, headers.get("host", ""))


def _same(origin: str, host: str) -> bool:
    try:
        return origin != "null" and bool(host) and urlsplit(origin).netloc.lower() == host.lower()
    except ValueError:
        return False
