"""Addresses of endpoints: what clients take, and what may be shown of it; pure.

base_address("http://host:8000")                      # http://host:8000/v1
without_credentials("https://me:pw@host/v1?key=x")    # https://host/v1
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from agent.errors import InputError
from agent.prompts.benchmark_errors import BENCHMARK_ERRORS
from agent.prompts.phrases import fill
from agent.records.base import Language

_BEFORE_HOST: Final = re.compile(r"^([a-z][a-z0-9+.-]*://)?.*@", re.IGNORECASE | re.DOTALL)
_BEHIND_PATH: Final = re.compile(r"[?#].*", re.DOTALL)


def base_address(url: str, lang: Language = "en") -> str:
    """Return the address that clients take; `/v1` is added to a bare host.

    Raises:
        InputError: It is no address of a server; shows it without user, password and query.
    """
    try:
        parts = urlsplit(url.strip())
        known = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a bracket that is not closed, a port that is no number
        known = False
    if not known:
        raise no_address(url, lang)
    return urlunsplit(parts._replace(path=parts.path.rstrip("/") or "/v1", query="", fragment=""))


def no_address(url: str, lang: Language = "en") -> InputError:
    """Return the error for what is no address of a server."""
    mend = fill(BENCHMARK_ERRORS, "no_address_mend", lang)
    return InputError(fill(BENCHMARK_ERRORS, "no_address", lang), where=without_credentials(url), mend=mend)


def without_credentials(url: str) -> str:
    """Return an address without user, password, query and fragment, whether or not it is a valid one.

    Where the parts of an address cannot be told apart, everything up to the last `@` may be a password.
    """
    return _BEHIND_PATH.sub("", _BEFORE_HOST.sub(lambda found: found[1] or "", url.strip()))
