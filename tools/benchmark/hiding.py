"""Keys and passwords are taken out of what a server says before anybody sees it: some repeat the key they refuse.

Secrets("sk-abcdefgh").hidden("wrong key sk-abcdefgh")      # wrong key [key]
"""

from __future__ import annotations

import base64
import json
import re
from typing import Final
from urllib.parse import quote, unquote, urlsplit

HIDDEN: Final = "[key]"
_SHORT: Final = 8
"""Characters below which a key may be part of an ordinary word (`none`, `x`); it is taken out as a word only."""


class Secrets:
    """What must not be shown.

    Args:
        key: The bearer token; empty for none.
        url: Address whose user and password are secret too, as they stand and as HTTP's basic authentication.
    """

    def __init__(self, key: str, url: str = "") -> None:
        parts = urlsplit(url)
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        basic = base64.b64encode(f"{user}:{password}".encode()).decode() if password else ""
        written = {form for one in (key, password, basic) if one for form in _forms(one)}
        # The longest first: one form may be part of another.
        patterns = [_pattern(form) for form in sorted(written, key=len, reverse=True)]
        self._found = re.compile("|".join(patterns)) if patterns else None

    def hidden(self, text: str) -> str:
        """Return a text with `HIDDEN` wherever a secret stood."""
        return text if self._found is None else self._found.sub(HIDDEN, text)


def _forms(secret: str) -> set[str]:
    """Return a secret as texts, JSON, Python and addresses write it."""
    return {secret, json.dumps(secret)[1:-1], repr(secret)[1:-1], quote(secret), quote(secret, safe="")}


def _pattern(form: str) -> str:
    return re.escape(form) if len(form) >= _SHORT else rf"(?<!\w){re.escape(form)}(?!\w)"
