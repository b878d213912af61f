"""What training data must not share with the sealed items (`evaluation.md`, validation set).

A mix leaks if an example comes from a held-out document, words a sealed question nearly the same (Jaccard >= 0.8 over
words, characters for Chinese), or shares 13 words in a row (30 Chinese characters) with a skill
item.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final, Literal

from agent.prompts.choices import GAP
from agent.records.base import Record
from agent.records.evaluation import Item
from agent.records.pairs import Pair
from tools.cleaning.near import NearDuplicates
from tools.extraction.similarity import content_words, is_chinese, normal, words
from tools.mixing.example import Example

WORDS_IN_A_ROW: Final = 13
CHARACTERS_IN_A_ROW: Final = 30
_QUESTION: Final = re.compile(r"^(?:Context:\n|资料：\n).*\n\n(?:Question: |问题：)(?P<question>[^\n]+)$", re.DOTALL)
_NAME: Final = re.compile(r"[A-Za-z0-9][\w\-./]*")


class Leak(Record):
    """One training example that shares something with what is sealed."""

    example: str
    """Example id; of a domain example, its pair id."""
    kind: Literal["held_out_document", "near_duplicate", "shared_passage"]
    item: str
    """Sealed item, or held-out document."""
    text: str
    """What is shared, for the message."""


class SealedQuestions:
    """The questions of sealed items, to be kept apart from while pairs are made; the rule is that of `Seals`."""

    def __init__(self, items: Iterable[Item]) -> None:
        """Index the items that ask something."""
        self._asked = [item for item in items if item.question.strip()]
        self._near = NearDuplicates([item.question for item in self._asked])

    def alike(self, question: str, answer: str) -> bool:
        """Return whether a question words one of them nearly the same and asks for the same thing."""
        return any(not another_thing(question, answer, self._asked[number]) for number in self._near.alike(question))


class Seals:
    """What is sealed, ready to be compared with a million examples."""

    def __init__(self, items: Sequence[Item], held_out: Collection[str] = ()) -> None:
        """Index what is sealed.

        Args:
            items: The sealed items, of every validation set.
            held_out: Ids of held-out documents.
        """
        self._held_out = frozenset(held_out)
        self._asked = [item for item in items if item.question.strip()]
        self._near = NearDuplicates([item.question for item in self._asked])
        self._passages = _runs_of_items(items)
        # A run of 13 words holds a run of 7 that starts at a multiple of 7, wherever it stands; so of an example only
        # those few are looked up, and all of its runs only where one of them is known.
        self._halves = {half for run in self._passages for half in _halves_anywhere(run.split(" "))}

    def leak_of(
        self,
        identifier: str,
        turns: Sequence[tuple[str, str]],
        document: str = "",
        said: Sequence[Sequence[str]] | None = None,
    ) -> Leak | None:
        """Return what an example shares with the sealed; `None` if nothing.

        Args:
            identifier: The example's id.
            turns: Role and content of its turns, without a system line.
            document: The document it was made from, of a domain example.
            said: The words of each turn, where they are known.
        """
        if document and document in self._held_out:
            return Leak(example=identifier, kind="held_out_document", item=document, text=document)
        said = said or [words(content) for _, content in turns]
        for place in range(0, len(turns) - 1, 2):
            asked = bare_question(turns[place][1])
            parts = said[place] if asked is turns[place][1] else words(asked)
            for number in self._near.alike_words(frozenset(parts)):
                item = self._asked[number]
                if not another_thing(asked, turns[place + 1][1], item):
                    return Leak(example=identifier, kind="near_duplicate", item=item.id, text=item.question)
        return self._shared_passage(identifier, turns, said) if self._passages else None

    def _shared_passage(
        self, identifier: str, turns: Sequence[tuple[str, str]], said: Sequence[Sequence[str]]
    ) -> Leak | None:
        for (_, content), parts in zip(turns, said, strict=True):
            if len(parts) < WORDS_IN_A_ROW:
                continue
            half = _half(is_chinese(content))
            if any(" ".join(parts[at : at + half]) in self._halves for at in range(0, len(parts) - half + 1, half)):
                for run in runs(content):
                    if run in self._passages:
                        return Leak(example=identifier, kind="shared_passage", item=self._passages[run], text=run)
        return None


def find_leaks(
    examples: Sequence[Example], pairs: Mapping[str, Pair], items: Sequence[Item], held_out: Collection[str]
) -> list[Leak]:
    """Return every leak, at most one an example.

    Args:
        examples: The training examples.
        pairs: Domain pairs by id.
        items: The sealed items.
        held_out: Ids of held-out documents.
    """
    seals = Seals(items, held_out)
    found = (
        seals.leak_of(
            example.id,
            [(message.role, message.content) for message in example.messages if message.role != "system"],
            pairs[example.id].document if example.id in pairs else "",
        )
        for example in examples
    )
    return [leak for leak in found if leak]


def runs(text: str) -> Iterator[str]:
    """Yield all runs of 13 words of a text, of 30 characters where it is Chinese."""
    length = CHARACTERS_IN_A_ROW if is_chinese(text) else WORDS_IN_A_ROW
    parts = words(text)
    for first in range(len(parts) - length + 1):
        yield " ".join(parts[first : first + length])


def bare_question(turn: str) -> str:
    """Return the question of a user turn, without the passages of a reading pair."""
    match = _QUESTION.match(turn) if turn.startswith(("Context:", "资料：")) else None
    return match["question"] if match else turn


def alike_items(example: Example, near: NearDuplicates, asked: Sequence[Item]) -> Iterator[Item]:
    """Yield the sealed items that an example words nearly the same, all of them.

    Args:
        example: The training example.
        near: Index over the questions of `asked`.
        asked: Items with a question.
    """
    turns = [message.content for message in example.messages]
    for turn, answer in zip(turns[1::2], turns[2::2], strict=False):
        question = bare_question(turn)
        for number in near.alike(question):
            if not another_thing(question, answer, asked[number]):
                yield asked[number]


def another_thing(question: str, answer: str, item: Item) -> bool:
    """Return whether two alike wordings ask about two things, as `… of the Wren pump` and `… of the Heron pump`.

    That holds if each names something the other does not: a name or a number, or other content words where the answers
    differ too. Wordings with the same words never do.
    """
    here, there = words(question), words(item.question)
    if set(here) == set(there):
        return False
    only_here, only_there = set(here) - set(there), set(there) - set(here)
    if only_here & _names(question) and only_there & _names(item.question):
        return True
    differ = all(normal(gold) not in normal(answer) and normal(answer) not in normal(gold) for gold in item.answers)
    return (
        bool(item.answers)
        and differ
        and bool(only_here & content_words(question) and only_there & content_words(item.question))
    )


@lru_cache(maxsize=50_000)
def _names(text: str) -> frozenset[str]:
    """Return the words of a text that are names or codes, in lower case; the first word counts only with a digit."""
    found = [match.group() for match in _NAME.finditer(text)]
    marked = [name for n, name in enumerate(found) if any(c.isdigit() for c in name) or (n and name[0].isupper())]
    return frozenset(word for name in marked for word in words(name))


def _runs_of_items(items: Iterable[Item]) -> dict[str, str]:
    found: dict[str, str] = {}
    for item in items:
        if item.kind != "skill":
            continue
        for text in (whole_question(item), item.context, *(item.options[:1] if item.form == "minimal_pair" else ())):
            for run in runs(text):
                found.setdefault(run, item.id)
    return found


def whole_question(item: Item) -> str:
    """Return the question as it stood in its document, the term back in its gap."""
    if GAP not in item.question or item.correct is None or not item.options:
        return item.question
    return item.question.replace(GAP, item.options[item.correct])


def _half(chinese: bool) -> int:
    return ((CHARACTERS_IN_A_ROW if chinese else WORDS_IN_A_ROW) + 1) // 2


def _halves_anywhere(run: Sequence[str]) -> Iterator[str]:
    half = (len(run) + 1) // 2
    for at in range(len(run) - half + 1):
        yield " ".join(run[at : at + half])
