"""What a person looks at before training: personal data and repetitions, in the pairs and in general data.

    look_for_personal(project, settings, general=None)
    look_for_duplicates(project, settings, general="team.jsonl", threshold=0.8)

Nothing is changed; the mix masks, drops or keeps as its request says, and a review rejects.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from agent.progress import Reporter
from agent.records.base import Record
from agent.settings import Settings
from tools.cleaning.meaning import SAME_MEANING, alike_in_meaning
from tools.cleaning.near import duplicates_of, says_another_thing
from tools.cleaning.personal import find_personal
from tools.conversations import Turn
from tools.mixing.domain import pair_lines, turns_of_pair
from tools.mixing.general import open_general
from tools.mixing.parts import read_turns
from tools.mixing.pool import Rows, scan
from tools.workspace import Project


class PersonalFinding(Record):
    """One piece of personal data."""

    id: str
    """Pair id, or id of the general example."""
    turn: int
    """Which turn of the conversation, from 1, without a system line."""
    kind: str
    text: str


class PersonalFindings(Record):
    """The personal data of the pairs or of a general source; the shape of `review personal --json`."""

    looked_at: int
    """Examples looked at; rejected pairs are not."""
    by_kind: dict[str, int]
    found: tuple[PersonalFinding, ...]


class Duplicate(Record):
    """One example that repeats an earlier one."""

    id: str
    of: str
    kind: str
    """`exact`, `near` (the same words) or `meaning`."""
    similarity: float
    text: str


class Duplicates(Record):
    """The repetitions in the pairs or in a general source; the shape of `review duplicates --json`."""

    looked_at: int
    by_kind: dict[str, int]
    found: tuple[Duplicate, ...]


def look_for_personal(
    project: Project,
    settings: Settings,
    reporter: Reporter,
    *,
    general: str | None = None,
    names: bool = False,
    people: bool = False,
) -> PersonalFindings:
    """Return the personal data in the pairs that are not rejected, or in a general source.

    Args:
        project: Whose pairs.
        settings: Whether downloads are allowed.
        reporter: May stop the work.
        general: A general source to look through instead: a file, a folder, a hub id or `builtin`.
        names: Also names that a title or a label introduces.
        people: Also names in Chinese text that nothing introduces; needs the extra `names`.

    Raises:
        InputError: The extra is asked for and missing.
    """
    found: list[PersonalFinding] = []
    count = 0
    for identifier, _, turns in _examples(project, settings, reporter, general):
        count += 1
        found += [
            PersonalFinding(id=identifier, turn=place, kind=one.kind, text=one.text)
            for place, (_, content) in enumerate(turns, start=1)
            for one in find_personal(content, with_names=names, with_people=people)
        ]
    by_kind = Counter(one.kind for one in found)
    return PersonalFindings(looked_at=count, by_kind=dict(sorted(by_kind.items())), found=tuple(found))


def look_for_duplicates(
    project: Project,
    settings: Settings,
    reporter: Reporter,
    *,
    general: str | None = None,
    threshold: float = 0.8,
    meaning: bool = False,
) -> Duplicates:
    """Return what repeats an earlier example, in the pairs that are not rejected or in a general source.

    Wordings of one fact are meant to be alike and do not count, and neither do texts that differ in a number or code.

    Args:
        project: Whose pairs.
        settings: Name the embedder; whether downloads are allowed.
        reporter: May stop the work.
        general: A general source to look through instead.
        threshold: Share of words from which two are alike.
        meaning: Also by the embeddings of the texts, which takes as long as embedding them.
    """
    names, facts, texts = [], [], []
    for identifier, fact, turns in _examples(project, settings, reporter, general):
        names.append(identifier)
        facts.append(fact)
        texts.append("\n".join(content for _, content in turns))
    twins = duplicates_of(texts, threshold, distinct=says_another_thing, check=lambda _: reporter.check())
    if meaning and texts:
        from knowledge.embedding import load_embedder

        vectors = load_embedder(settings).embed_passages(texts, reporter)
        twins = {**alike_in_meaning(vectors, SAME_MEANING), **twins}
    found = [
        Duplicate(
            id=names[number],
            of=names[twin.of],
            kind=twin.kind,
            similarity=round(twin.similarity, 4),
            text=texts[number],
        )
        for number, twin in sorted(twins.items())
        if not (facts[number] and facts[number] == facts[twin.of])
    ]
    by_kind = Counter(one.kind for one in found)
    return Duplicates(looked_at=len(texts), by_kind=dict(sorted(by_kind.items())), found=tuple(found))


def _examples(
    project: Project, settings: Settings, reporter: Reporter, general: str | None
) -> Iterator[tuple[str, str, list[Turn]]]:
    """Yield id, fact and turns of every example."""
    if general is None:
        for pair, _, _ in pair_lines(project):
            if pair.status != "rejected":
                yield pair.id, pair.fact, turns_of_pair(pair)
        return
    with TemporaryDirectory() as work:
        opened = open_general(general, settings, Path(work))
        pool = scan(opened, weigh=None, seals=None, seen=set(), drop_same=False, refuse=None, reporter=reporter)
        with Rows(opened.path) as rows:
            for number in range(len(pool)):
                line = rows.line(int(pool.offsets[number]), int(pool.lengths[number]))
                yield pool.id(number), "", read_turns(line)
