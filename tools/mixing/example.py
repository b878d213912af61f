"""One line of a training file."""

from __future__ import annotations

from typing import Literal

from agent.prompts.forms import system_message
from agent.records.base import Language, Record
from agent.records.pairs import Message
from tools.extraction.similarity import is_chinese, words


class Example(Record):
    """One conversation of the mix, system line first."""

    messages: tuple[Message, ...]
    origin: Literal["domain", "general"]
    id: str
    """Pair id, or id of the general example; a repetition carries `#2`, `#3`, …"""

    @classmethod
    def of(cls, identifier: str, origin: Literal["domain", "general"], messages: tuple[Message, ...]) -> Example:
        """Put the system line that every prompt of the product starts with before a conversation."""
        spoken = tuple(message for message in messages if message.role != "system")
        language: Language = "zh" if is_chinese(spoken[0].content) else "en"
        return cls(messages=(system_message(language), *spoken), origin=origin, id=identifier)

    @property
    def text(self) -> str:
        """All turns but the system line."""
        return "\n".join(message.content for message in self.messages if message.role != "system")

    @property
    def words(self) -> int:
        """Words of all turns but the system line; every Chinese character counts as one."""
        return len(words(self.text))
