"""What is found in the data of a mix, for the checks that come before any further training.

Read from the mix as it is trained on, the project's pairs, its documents and its sealed items; nothing is taken from
what an extraction said of itself, so a pair that was spoilt afterwards is found too. Pairs and documents are told by
their ids, so that nothing of a document that is removed later stays in the record.

    check_data(data_figures(project, "mix-3f2a…", Silent()))
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agent.progress import Reporter
from agent.records.ladder import DataFigures
from agent.records.pairs import Pair
from knowledge.files import read_records
from knowledge.store import CorpusStore
from tools.cleaning.near import duplicates_of, says_another_thing
from tools.evaluation.scoring import judge
from tools.extraction.checks import supported
from tools.extraction.similarity import normal
from tools.extraction.split import saved_split
from tools.extraction.support import words_borne_out
from tools.mixing.leakage import bare_question
from tools.mixing.sealed import seals_of
from tools.tuning.choice import taught_by
from tools.workspace import Project

_WRITTEN: Final = frozenset(("model", "import"))
"""Sources whose answers were written freely; what a rule took from a cell quotes."""
_WITH_PASSAGE: Final = frozenset(("reading", "unanswerable"))
"""Kinds whose user turn holds a passage, so that two of them may ask the same of different passages."""
_MARKS: Final = re.compile(
    r"<\|[a-z_]+\|>|\[/?INST\]|<</?SYS>>|\ufffd|^\s*(?:assistant|system|user)\s*[:：]", re.I | re.M
)
_LINE: Final = 0.5
"""Score from which a passage bears an answer out, as in `tools.extraction.checks`."""


@dataclass(frozen=True)
class Taught:
    """One domain example as the mix has it, with the pair it came from."""

    id: str
    question: str
    """The last user turn, whole."""
    answer: str
    pair: Pair | None
    """`None` if the project does not have it any more."""

    @property
    def asked(self) -> str:
        """The question without passages."""
        return bare_question(self.question)

    @property
    def kind(self) -> str:
        """Kind of the pair; empty if it is not known."""
        return self.pair.kind if self.pair else ""


def data_figures(project: Project, mix: str, reporter: Reporter) -> DataFigures:
    """Return what is found in the data of a mix.

    Args:
        project: The project.
        mix: Mix id.
        reporter: Asked now and then whether to stop.
    """
    pairs = {pair.id: pair for pair in read_records(project.pairs, Pair)}
    examples, general = _read(project.mixes / mix / "train.jsonl", pairs)
    store = CorpusStore(project.root)
    texts = {document.document: document for document in store.texts()}
    readable = {document.id for document in store.readable()}
    split = saved_split(project)
    teaching = {key for key in readable if not split or key not in split.held_out}
    covered = {one.pair.document for one in examples if one.pair}
    ungrounded, unsourced = [], 0
    for number, one in enumerate(examples):
        if number % 200 == 0:
            reporter.check()
        if one.pair is None or one.pair.status != "accepted":
            ungrounded.append(one.id)
        elif one.pair.document not in texts or not one.pair.quote:
            unsourced += 1
        else:
            text = texts[one.pair.document]
            if not _grounded(one.pair, text.text, text.title):
                ungrounded.append(one.id)
    ratio, what = _balance(examples)
    taught = taught_by((one.pair for one in examples if one.pair), {one.id for one in examples})
    return DataFigures(
        pairs=len(examples),
        unsourced=unsourced,
        ungrounded=tuple(ungrounded),
        # What a passage tells to be wrong needs no vote, and must not have one.
        conflicting=_conflicting([one for one in examples if one.id not in set(ungrounded)]),
        duplicates=_duplicates(examples, reporter),
        leaks=_leaks(project, examples, reporter),
        malformed=tuple(one.id for one in examples if _malformed(one)),
        documents=len(teaching),
        uncovered=tuple(sorted(teaching - covered)),
        balance=ratio,
        unbalanced=what,
        wordings=taught.wordings if taught.aim == "facts" else None,
        general_share=general / max(1, general + len(examples)),
    )


def _read(path: Path, pairs: Mapping[str, Pair]) -> tuple[list[Taught], int]:
    """Return the domain examples of a mix, repetitions counted once, and how many general ones there are."""
    found: dict[str, Taught] = {}
    general = 0
    with path.open(encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            if row["origin"] != "domain":
                general += 1
                continue
            asked = [turn["content"] for turn in row["messages"] if turn["role"] == "user"]
            said = [turn["content"] for turn in row["messages"] if turn["role"] == "assistant"]
            found[row["id"]] = Taught(row["id"], asked[-1], said[-1], pairs.get(row["id"]))
    return list(found.values()), general


def _grounded(pair: Pair, text: str, title: str) -> bool:
    """Return whether the passage is in the document and bears the answer out; the mix may have masked parts of it."""
    if text[pair.start : pair.start + len(pair.quote)] != pair.quote:
        return False
    if pair.kind == "unanswerable":
        return True
    if pair.source in _WRITTEN:
        asked = bare_question(pair.question)
        return words_borne_out(asked, pair.answer, pair.quote, title, pair.language).score >= _LINE
    return supported(pair.answer, pair.quote)


def _conflicting(examples: Sequence[Taught]) -> tuple[str, ...]:
    """Return the examples that answer the same question, or word the same fact, otherwise than most of their group."""
    groups: dict[tuple[str, str], list[Taught]] = defaultdict(list)
    for one in examples:
        if one.kind in _WITH_PASSAGE:
            continue
        groups["question", normal(one.asked)].append(one)
        if one.pair and one.pair.fact:
            groups["fact", one.pair.fact].append(one)
    wrong: dict[str, None] = {}
    for members in groups.values():
        answers = Counter(normal(one.answer) for one in members)
        if len(answers) < 2:
            continue
        usual = next(one for one in members if normal(one.answer) == answers.most_common(1)[0][0])
        against = [one.id for one in members if not _agree(usual, one)]
        # Two against one tell which is wrong; one against one does not.
        doubtful = [usual.id] if len(against) >= answers[normal(usual.answer)] else []
        wrong.update(dict.fromkeys((*doubtful, *against) if against else ()))
    return tuple(wrong)


def _agree(left: Taught, right: Taught) -> bool:
    language = left.pair.language if left.pair else "en"
    return any(judge(a.answer, (b.answer,), a.asked, language).right for a, b in ((left, right), (right, left)))


def _duplicates(examples: Sequence[Taught], reporter: Reporter) -> tuple[str, ...]:
    """Return the examples that repeat an earlier one; of wordings of one fact only those in the same words.

    Wordings of one fact are meant to be alike, and two facts may be asked and answered alike of two things.
    """

    def check(_: int) -> None:
        reporter.check()

    texts = (f"{normal(one.question)}\n{normal(one.answer)}" for one in examples)
    twins = duplicates_of(texts, distinct=says_another_thing, check=check)
    return tuple(
        examples[number].id
        for number, twin in twins.items()
        if twin.kind == "exact" or not (_has_fact(examples[number]) or _has_fact(examples[twin.of]))
    )


def _has_fact(one: Taught) -> bool:
    return one.pair is not None and bool(one.pair.fact)


def _leaks(project: Project, examples: Sequence[Taught], reporter: Reporter) -> tuple[str, ...]:
    seals = seals_of(project, ())
    found = []
    for number, one in enumerate(examples):
        if number % 200 == 0:
            reporter.check()
        turns = [("user", one.question), ("assistant", one.answer)]
        if seals.leak_of(one.id, turns, one.pair.document if one.pair else ""):
            found.append(one.id)
    return tuple(found)


def _malformed(one: Taught) -> bool:
    said = one.answer.strip()
    repeats = normal(said) == normal(one.asked) and bool(normal(said))
    return not said or repeats or bool(_MARKS.search(f"{one.question}\n{one.answer}"))


def _balance(examples: Iterable[Taught]) -> tuple[float | None, str]:
    """Return the largest ratio of group sizes by kind, language and document, and what it compares."""
    known = [one.pair for one in examples if one.pair]
    groupings: dict[str, Counter[str]] = {
        "kind": Counter(pair.kind for pair in known),
        "language": Counter(pair.language for pair in known),
        "document": Counter(pair.document for pair in known if pair.document),
    }
    worst: tuple[float | None, str] = (None, "")
    for by, counts in groupings.items():
        if len(counts) < 2:
            continue
        (largest, most), (smallest, least) = counts.most_common()[0], counts.most_common()[-1]
        if worst[0] is None or most / least > worst[0]:
            worst = (most / least, f"{by}: {largest} {most} / {smallest} {least}")
    return worst
