"""Pairs from files of other trainers: what is new in them becomes the project's, with what the checks say of it.

    made = import_counted(project, Path("pairs.jsonl"))
    len(made.added), made.present

Writing expects the caller to own the project.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from agent.errors import InputError
from agent.records.base import Language
from agent.records.pairs import Message, Pair
from tools.conversations import read_conversations
from tools.extraction.checks import Candidate, first_failure, judge, scores
from tools.extraction.checks import reason as reason_for
from tools.extraction.similarity import is_chinese, normal
from tools.pairs import load_pairs, pair_id, save_pairs
from tools.workspace import Project


class ImportedPairs(NamedTuple):
    """What a file of pairs gave."""

    added: list[Pair]
    """New pairs; some may fail the checks."""
    present: int
    """Pairs that say what one of the project, or an earlier line of the file, says already; left out."""


def import_pairs(project: Project, path: Path) -> list[Pair]:
    """Add pairs from a file of other trainers: `messages`, Alpaca, ShareGPT, Parquet, or a table.

    A table is CSV or XLSX with the columns question and answer. A folder with `dataset_info.json` is read as well. A
    pair that says what another says already is left out. Imported pairs come from no document, so of the checks only
    those that need none are made; what fails is kept as rejected with its reason.

    Returns:
        The pairs of the file that are new, rejected ones included.

    Raises:
        InputError: The file or lines of it cannot be read; counts the lines and names the first.
    """
    return import_counted(project, path).added


def import_counted(project: Project, path: Path) -> ImportedPairs:
    """Add pairs from a file as `import_pairs` does, and count those that were there already.

    Raises:
        InputError: The file cannot be read, or lines of it, or it holds no pair at all.
    """
    known = load_pairs(project)
    made = imported_pairs(known, read_conversations(path))
    if not made.added and not made.present:
        raise InputError(
            "no pairs in it", where=path.name, mend="write a question and an answer a line; `review export` shows how"
        )
    save_pairs(project, [*known, *made.added])
    return made


def imported_pairs(known: Iterable[Pair], conversations: Iterable[tuple[Message, ...]]) -> ImportedPairs:
    """Return the pairs that conversations make, without those that are known, each with what the checks say of it.

    A pair is known if one of the project, whatever it was made from, has the same turns.
    """
    said: set[tuple[Message, ...]] = set()
    taken: set[str] = set()
    asked: set[str] = set()
    for pair in known:
        taken.add(pair.id)
        said.add(tuple(message for message in pair.messages if message.role != "system"))
        asked.add(normal(pair.question))
    fresh: list[Pair] = []
    present = 0
    for messages in conversations:
        pair = _imported(messages, asked)
        if pair.id in taken or messages in said:
            present += 1
            continue
        taken.add(pair.id)
        asked.add(normal(pair.question))
        fresh.append(pair)
    return ImportedPairs(fresh, present)


def _imported(messages: tuple[Message, ...], asked: set[str]) -> Pair:
    question, answer = messages[-2].content, messages[-1].content
    language: Language = "zh" if is_chinese(question) else "en"
    made = judge(Candidate(question, answer, answer, answer, 0, language, duplicate=normal(question) in asked))
    verdicts = {name: made[name] for name in ("no_instruction", "not_duplicate")}
    checks = scores(verdicts)
    failed = first_failure(checks)
    return Pair(
        id=pair_id("", 0, 0, messages),
        messages=messages,
        document="",
        page=None,
        start=0,
        end=0,
        quote="",
        kind="factual",
        language=language,
        split="train",
        checks=checks,
        status="rejected" if failed else "accepted",
        reason=reason_for(failed, verdicts[failed]) if failed else "",
        source="import",
    )
