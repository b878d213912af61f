"""Regular expressions kept as data: `<name>.yaml` beside this module, alternatives as lists, in both languages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

import yaml


class Patterns:
    """The expressions of one file; case never matters."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self._single = {name: _joined(entry) for name, entry in raw.items() if not isinstance(entry, dict)}
        self._groups = {
            name: {key: _joined(one) for key, one in entry.items()}
            for name, entry in raw.items()
            if isinstance(entry, dict)
        }

    def find(self, name: str, text: str) -> re.Match[str] | None:
        """Return where an expression first matches."""
        return self._single[name].search(text)

    def at_start(self, name: str, text: str) -> re.Match[str] | None:
        """Return where an expression matches at the beginning."""
        return self._single[name].match(text)

    def all(self, name: str, text: str) -> list[re.Match[str]]:
        """Return every match of an expression."""
        return list(self._single[name].finditer(text))

    def without(self, name: str, text: str) -> str:
        """Return the text without what an expression matches."""
        return self._single[name].sub("", text)

    def matching(self, group: str, text: str) -> list[str]:
        """Return the keys of a group whose expression matches, in the file's order."""
        return [key for key, pattern in self._groups[group].items() if pattern.search(text)]

    def source(self, name: str) -> str:
        """Return an expression as it is written, to be put into a larger one."""
        return self._single[name].pattern

    def group(self, name: str) -> Mapping[str, re.Pattern[str]]:
        """Return a group's expressions by key."""
        return self._groups[name]


@cache
def patterns(name: str) -> Patterns:
    """Return the expressions of `<name>.yaml`."""
    text = resources.files(__package__).joinpath(f"{name}.yaml").read_text(encoding="utf-8")
    return Patterns(yaml.safe_load(text))


def _joined(alternatives: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(alternatives), re.IGNORECASE)
