"""A reply piece by piece: tokens become text as soon as it is sure that later tokens leave that text as it is.

A Chinese character or an emoji is often several tokens: nothing of it is shown before all of them are there. A piece
that may yet turn out to be the beginning of a stop string waits as well, and so does white space, which the end of a
reply sheds. All pieces together are the text that `Generator.generate` gives.

    for piece in generator.stream(conversation, 48):
        print(piece if isinstance(piece, str) else piece.tokens)
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Final

from tools.decoding import Step
from tools.generated import Generated

Decode = Callable[[Sequence[int]], str]
"""Turns tokens into text, without special tokens."""
_INCOMPLETE: Final = "\ufffd"
"""What tokenizers write for bytes that are no character, or not yet."""


class Letters:
    """Tokens to text that later tokens do not change.

    Only a short window is decoded for each token; the tokens before the new text stay in it, since some tokenizers
    write a token's leading space only after another token.
    """

    def __init__(self, decode: Decode) -> None:
        self._decode = decode
        self._tokens: list[int] = []
        self._start = 0
        self._told = 0

    def take(self, token: int) -> str:
        """Return the text that this token makes sure, often none."""
        self._tokens.append(token)
        known, text = self._window()
        if text.endswith(_INCOMPLETE) or len(text) <= len(known):
            return ""
        self._start, self._told = self._told, len(self._tokens)
        return text[len(known) :]

    def rest(self) -> str:
        """Return what was held back, now that no token follows."""
        known, text = self._window()
        self._start = self._told = len(self._tokens)
        return text[len(known) :]

    def _window(self) -> tuple[str, str]:
        """Return the text told already and the text so far, both from the window's beginning."""
        return self._decode(self._tokens[self._start : self._told]), self._decode(self._tokens[self._start :])


class Edges:
    """Cuts a text at the first stop string and sheds the white space around it, piece by piece."""

    def __init__(self, stop: Iterable[str] = ()) -> None:
        self._stop = tuple(stop)
        self._held = ""
        self._begun = False
        self.stopped = False
        """Whether a stop string was met; nothing comes after it."""

    def take(self, text: str) -> str:
        """Return what may be shown now that `text` is there too."""
        self._held += text
        ends = [place for place in map(self._held.find, self._stop) if place >= 0]
        if ends:
            self.stopped = True
            self._held = self._held[: min(ends)]
            return self.rest()
        return self._release(len(self._held) - self._undecided())

    def rest(self) -> str:
        """Return what was held back, now that no text follows."""
        shown = self._release(len(self._held))
        self._held = ""
        return shown

    def _release(self, upto: int) -> str:
        shown = self._held[:upto].rstrip()
        self._held = self._held[len(shown) :]
        if not self._begun:
            shown = shown.lstrip()
            self._begun = bool(shown)
        return shown

    def _undecided(self) -> int:
        """Return the length of the longest end of the text that a stop string may begin with."""
        longest = min(max(map(len, self._stop), default=1) - 1, len(self._held))
        return next((n for n in range(longest, 0, -1) if any(s.startswith(self._held[-n:]) for s in self._stop)), 0)


def spoken(
    steps: Iterable[Step], decode: Decode, ends: Collection[int], stop: Iterable[str] = ()
) -> Iterator[str | Generated]:
    """Yield a reply's text in pieces, none of them empty, and at the end the whole reply.

    Args:
        steps: The tokens of one reply.
        decode: The tokenizer's.
        ends: Tokens that end a reply and are no part of its text.
        stop: Strings that end a reply and are no part of its text.
    """
    letters, edges = Letters(decode), Edges(stop)
    pieces: list[str] = []
    tokens = 0
    seconds, first = 0.0, None
    ended = False
    for step in steps:
        tokens += 1
        seconds = step.seconds
        first = seconds if first is None else first
        ended = step.token in ends
        text = letters.rest() if ended else letters.take(step.token)
        if step.last and not ended:
            text += letters.rest()
        piece = edges.take(text)
        if step.last and not edges.stopped:
            piece += edges.rest()
        if piece:
            pieces.append(piece)
            yield piece
        if edges.stopped:
            break
    yield Generated(
        text="".join(pieces),
        tokens=tokens,
        seconds=seconds,
        seconds_to_first_token=first,
        truncated=not (ended or edges.stopped),
    )
