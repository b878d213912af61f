"""Commands inside a sentence of the interface, which stand between backticks there.

with_commands("run `domainsmith mix`")  # run <code>domainsmith mix</code>
"""

from __future__ import annotations

import re


def with_commands(escaped: str) -> str:
    """Return escaped text with what stands between backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escaped)
