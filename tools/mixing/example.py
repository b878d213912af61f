"""One line of a training file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import orjson

from agent.prompts.forms import SYSTEM, system_message
from agent.records.base import Language, Record
from agent.records.pairs import Message
from tools.conversations import Turn
from tools.extraction.similarity import is_chinese, words

Origin = Literal["domain", "general"]


class Example(Record):
    """One conversation of the mix, system line first."""

    messages: tuple[Message, ...]
    origin: Origin
    id: str
    """Pair id, or id of the general example; a repetition carries `#2`, `#3`, …"""

    @classmethod
    def of(cls, identifier: str, origin: Origin, messages: Sequence[Message] | Sequence[Turn]) -> Example:
        """Put the system line that every prompt of the product starts with before a conversation."""
        given = (m if isinstance(m, Message) else Message(role=m[0], content=m[1]) for m in messages)
        spoken = tuple(message for message in given if message.role != "system")
        return cls(messages=(system_message(_language(spoken[0].content)), *spoken), origin=origin, id=identifier)

    @property
    def text(self) -> str:
        """All turns but the system line."""
        return "\n".join(message.content for message in self.messages if message.role != "system")

    @property
    def words(self) -> int:
        """Words of all turns but the system line; every Chinese character counts as one."""
        return len(words(self.text))


def example_line(identifier: str, origin: Origin, turns: Sequence[Turn]) -> bytes:
    """Return the line of `Example.of(…)` without making the record, for files of a million lines.

    Args:
        identifier: The example's id.
        origin: Which part of the mix it belongs to.
        turns: Its turns, without a system line.
    """
    messages = [{"role": "system", "content": SYSTEM[_language(turns[0][1])]}]
    messages += [{"role": role, "content": content} for role, content in turns]
    return orjson.dumps({"messages": messages, "origin": origin, "id": identifier}) + b"\n"


def _language(text: str) -> Language:
    return "zh" if is_chinese(text) else "en"
