"""What a command prints: one JSON document, or text a person reads; everything else goes to stderr."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import Any

from agent.records.base import Language, Record
from ui.i18n import phrase
from ui.visible import in_line, in_text


@dataclass(frozen=True)
class Output:
    """Where a command's result goes.

    Attributes:
        as_json: Print JSON instead of text.
        lang: Language of the text.
    """

    as_json: bool
    lang: Language

    def emit(self, data: Record | dict[str, Any], text: str) -> None:
        """Print the result once, in the form asked for."""
        if not self.as_json:
            print(in_text(text))
        elif isinstance(data, Record):
            print(data.model_dump_json(by_alias=True))
        else:
            print(json.dumps(data, ensure_ascii=False))

    def say(self, key: str, **values: object) -> str:
        """Return a phrase in the output's language."""
        return phrase(key, self.lang, **values)


def complain(line: str) -> None:
    """Print one line to stderr."""
    print(in_line(" ".join(line.split())), file=sys.stderr)
