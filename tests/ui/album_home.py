"""The home that `make screenshots` photographs: an English and a Chinese project, really measured with the tiny model.

environment = build_album_home(home, work)
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from agent.records.base import Language
from knowledge.company.build import sealed_file
from tests.ui.pages.measured_project import KEPT, environment_of, measure, setting

PROJECTS: Final[dict[Language, tuple[str, tuple[str, ...]]]] = {
    "en": ("Pumps", KEPT),
    "zh": ("临棠水泵", ("yanhe-manual-zh", "yanhe-faq-zh", "warranty-zh", "solwick-guide-zh")),
}
"""Language of the pages to the project that they show: its name and its documents."""


def build_album_home(home: Path, work: Path) -> dict[str, str]:
    """Make the home; returns the environment that its server needs. Takes two or three minutes on two cores."""
    environment = environment_of(home, work)
    with setting(environment):
        for lang, (name, kept) in PROJECTS.items():
            measure(name, kept, work / lang, lang, _questions(kept, work / f"{lang}.jsonl"))
    return environment


def _questions(kept: Sequence[str], file: Path) -> Path:
    """Write the company's sealed questions about some of its documents, which are in the documents' language."""
    lines = sealed_file().read_text(encoding="utf-8").splitlines()
    chosen = [line for line in lines if json.loads(line)["document"] in kept]
    file.write_text("\n".join(chosen) + "\n", encoding="utf-8")
    return file
