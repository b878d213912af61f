"""The base of every record: frozen, closed to unknown keys, and written the same way each time."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

Language = Literal["en", "zh"]
"""Languages the product speaks and tokenises: English and Chinese."""


class Record(BaseModel):
    """A frozen record; unknown keys are an error so that a misspelt field never passes silently."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def line(self) -> str:
        """Return the record as one JSON line, keys in field order, characters unescaped."""
        return self.model_dump_json()
