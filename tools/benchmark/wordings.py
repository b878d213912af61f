"""Prompts of a wanted number of tokens that begin differently, so that no server answers from a cache of prefixes.

Two prompts of different seeds have their first four words in common once in five million pairs; what servers keep is
blocks of 16 tokens or more, and the chat template, which all prompts share. Whoever wants prompts that no earlier run
has sent puts something into the seed that no earlier run had.

Lengths(overhead=12, per_word=1.3).words(512)        # 384
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

ESTIMATED_PER_WORD: Final = 1.3
"""Tokens of an English word where nobody counts: OpenAI's rule of thumb is 100 tokens for 75 words."""
_WORDS: Final = """
water time people year house river stone paper light machine pump valve filter pressure table window garden road engine
winter summer letter number school market bridge metal glass cotton silver north south bread coffee doctor farmer
teacher driver music story picture island forest mountain ocean weather morning evening
"""


@dataclass(frozen=True)
class Lengths:
    """How words become tokens: `overhead + per_word · words`."""

    overhead: float = 0.0
    """Tokens of the chat template and the question."""
    per_word: float = ESTIMATED_PER_WORD

    def words(self, tokens: int) -> int:
        """Return how many words give a prompt of so many tokens, at least one."""
        return max(1, round((tokens - self.overhead) / self.per_word))

    def tokens(self, words: int) -> int:
        """Return how many tokens a prompt of so many words has."""
        return round(self.overhead + self.per_word * words)

    @classmethod
    def through(cls, short: tuple[int, int], long: tuple[int, int]) -> Lengths:
        """Return the line through two counted prompts, each words and tokens."""
        per_word = (long[1] - short[1]) / (long[0] - short[0])
        return cls(short[1] - per_word * short[0], per_word) if per_word > 0 else cls()


def prompt(words: int, seed: str) -> str:
    """Return a prompt of so many words; the same seed gives the same one, another seed another beginning."""
    return " ".join(random.Random(seed).choices(_WORDS.split(), k=words))
