"""Where a chat model runs: within the own network, or somewhere that text of documents must not go unasked."""

from __future__ import annotations

import ipaddress
import os
from typing import Any, Final
from urllib.parse import urlsplit

_OWN: Final = (".local", ".internal", ".lan", ".intranet", ".home.arpa", ".localdomain")
"""Endings of names that no public address has."""


def runs_near(model: Any) -> bool:
    """Return whether a model runs on this machine or in the own network; a provider's unknown place counts as far."""
    if not type(model).__module__.startswith("langchain"):
        return True  # of no provider's package: it was made by this process and runs in it
    address = _address(model)
    return address is not None and is_near(address)


def is_near(address: str) -> bool:
    """Return whether an address is of this machine or of a private network.

    A name without a dot is one of the own network's; a public name is far even where it may lead inside.
    """
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        return False
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return bool(host) and ("." not in host or host.endswith(_OWN))
    return found.is_private or found.is_loopback


def _address(model: Any) -> str | None:
    client = getattr(model, "root_client", None)
    if client is not None:
        return str(client.base_url)
    given = getattr(model, "base_url", None)
    if given is None and type(model).__module__.startswith("langchain_ollama"):
        return os.environ.get("OLLAMA_HOST", "http://localhost")
    return str(given) if given is not None else None
