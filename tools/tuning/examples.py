"""A mix as token sequences: which tokens a model sees and which of them it learns.

The loss falls on the assistant's tokens only, its end token included. Prompt and reply are tokenised apart, at the very
place where generation stops reading and starts writing, so training sees exactly what `tools.generation` will show.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, ValidationError

from agent.errors import EmptyError, InputError
from agent.progress import Reporter
from agent.records.base import Record
from agent.records.mixture import MixManifest
from agent.records.pairs import Message
from knowledge.files import read_record, sha256_of


class MixLine(Record):
    """One line of `train.jsonl` or `validation.jsonl` of a mix; keys it does not need are left alone."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    messages: tuple[Message, ...]
    origin: str
    """`domain` or `general`."""
    id: str


@dataclass(frozen=True)
class Example:
    """One conversation in tokens."""

    id: str
    tokens: tuple[int, ...]
    trained: tuple[bool, ...]
    """Whether the loss falls on the token of the same index."""

    @property
    def untrained_beginning(self) -> int:
        """Tokens before the first one that is learnt."""
        return self.trained.index(True)


@dataclass(frozen=True)
class Mix:
    """A mix as it lies on the disk."""

    id: str
    train: Path
    validation: Path | None
    """`None` if the mix holds back nothing for validation."""
    sha256: str
    """Of `train`."""


def open_mix(folder: Path) -> Mix:
    """Return the files of a mix after checking that they are those of its manifest.

    Raises:
        InputError: The mix does not exist or was changed after it was made.
    """
    train, manifest = folder / "train.jsonl", folder / "manifest.json"
    if not train.is_file() or not manifest.is_file():
        raise InputError("there is no such mix", where=folder.name, mend="`domainsmith mix` makes one")
    sha256 = sha256_of(train)
    if sha256 != read_record(manifest, MixManifest).sha256:
        raise InputError(
            "the mix was changed after it was made", where=str(train), mend="make a new one with `domainsmith mix`"
        )
    validation = folder / "validation.jsonl"
    filled = validation.is_file() and validation.stat().st_size > 0
    return Mix(folder.name, train, validation if filled else None, sha256)


def read_examples(file: Path, tokenizer: Any, reporter: Reporter) -> list[Example]:
    """Read and tokenise the conversations of a mix file.

    Raises:
        InputError: A line is no conversation with a reply.
        EmptyError: The file holds no example.
    """
    examples: list[Example] = []
    for number, line in _lines(file):
        if number % 100 == 0:
            reporter.check()
        examples.append(encode(line, tokenizer))
    if not examples:
        raise EmptyError(
            "the mix holds no example", where=file.name, mend="`domainsmith extract`, then `domainsmith mix`"
        )
    return examples


def refuse_long(examples: Sequence[Example], max_length: int, source: str) -> None:
    """Refuse examples longer than `max_length` tokens; nothing is cut.

    Raises:
        InputError: Says how many, and which is the longest.
    """
    longest = max(examples, key=lambda example: len(example.tokens))
    count = sum(len(example.tokens) > max_length for example in examples)
    if count:
        raise InputError(
            f"{count} of {len(examples)} examples are longer than {max_length} tokens, "
            f"the longest {len(longest.tokens)}",
            where=f"{source}, {longest.id}",
            mend=f"raise max_length to {len(longest.tokens)}, or shorten or remove them; none is cut silently",
        )


def encode(line: MixLine, tokenizer: Any) -> Example:
    """Tokenise one conversation; every assistant turn is learnt.

    Raises:
        InputError: There is no assistant turn, or the model's chat template shows a conversation differently once it
            goes on, so that training and generation would not agree.
    """
    turns = [message.model_dump() for message in line.messages]
    replies = [index for index, turn in enumerate(turns) if turn["role"] == "assistant"]
    if not replies or replies[0] == 0 or not turns[replies[-1]]["content"].strip():
        raise InputError("the example has no question with a reply", where=line.id, mend="correct or remove it")
    tokens: list[int] = []
    trained: list[bool] = []
    seen = ""
    for index in replies:
        asked = _render(tokenizer, turns[:index], asking=True)
        answered = _render(tokenizer, turns[: index + 1], asking=False)
        if not asked.startswith(seen) or not answered.startswith(asked):
            raise InputError(
                "the chat template shows a prompt differently with and without its reply",
                where=line.id,
                mend="choose a model whose template only appends, such as ChatML",
            )
        prompt, reply = _ids(tokenizer, asked[len(seen) :]), _ids(tokenizer, answered[len(asked) :])
        end = tokenizer.eos_token_id
        learnt = reply.index(end) + 1 if end in reply else len(reply)
        if end not in reply:
            reply, learnt = [*reply, end], len(reply) + 1
        tokens += prompt + reply
        trained += [False] * len(prompt) + [True] * learnt + [False] * (len(reply) - learnt)
        seen = answered
    last = len(trained) - trained[::-1].index(True)
    return Example(line.id, tuple(tokens[:last]), tuple(trained[:last]))


def _lines(file: Path) -> Iterator[tuple[int, MixLine]]:
    with file.open("rb") as handle:
        for number, raw in enumerate(handle, start=1):
            if not raw.strip():
                continue
            try:
                yield number, MixLine.model_validate(json.loads(raw))
            except (ValueError, ValidationError) as error:
                raise InputError(
                    "this is no line of a mix", where=f"{file.name}, line {number}", mend="make the mix again"
                ) from error


def _render(tokenizer: Any, turns: Sequence[dict[str, Any]], *, asking: bool) -> str:
    return str(tokenizer.apply_chat_template(list(turns), add_generation_prompt=asking, tokenize=False))


def _ids(tokenizer: Any, text: str) -> list[int]:
    return list(tokenizer(text, add_special_tokens=False)["input_ids"])
