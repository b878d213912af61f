"""What no training example may share anything with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from agent.records.evaluation import Item
from knowledge.files import read_records
from tools.extraction.split import saved_split
from tools.mixing.leakage import Seals
from tools.validation.readers import read_questions
from tools.workspace import Project


def seals_of(project: Project, against: Sequence[str]) -> Seals:
    """Return what is sealed: the project's items, held-out documents, and the question files of one's own.

    Args:
        project: Whose sealed items.
        against: Question files besides; nothing of them may be shared, their passages included.

    Raises:
        InputError: A question file cannot be read; names file and line.
    """
    items = list(read_records(project.validation, Item))
    split = saved_split(project)
    held_out = set(split.held_out) if split else set()
    # A document whose passages are sealed stays out of training, even if the split was drawn anew since.
    held_out |= {item.document for item in items if item.kind == "skill" and item.source == "auto" and item.document}
    for name in against:
        path = Path(name).expanduser()
        items += [
            Item(
                id=f"{path.name}#{number}",
                kind="skill",
                dimension="understanding",
                form="free" if asked.form == "question" else asked.form,
                language=asked.language,
                question=asked.question,
                answers=asked.answers,
                options=asked.options,
                context=asked.context,
            )
            for number, asked in enumerate(read_questions(path), start=1)
        ]
    return Seals(items, held_out)
