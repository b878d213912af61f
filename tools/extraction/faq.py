"""Questions that a document asks and answers itself: headings that are questions, `Q:`/`A:` lines, bold questions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from tools.extraction.blocks import Block, Piece, piece_of

_ASKED: Final = re.compile(
    r"^\**\s*(?:(?:Q(?:uestion)?\s*\d*|问题?\s*\d*)\s*[.:：)、]\s*)?(?P<question>[^?？]{4,180}[?？])\s*\**\s*(?P<rest>.*)$",
    re.IGNORECASE,
)
_MARKED: Final = re.compile(r"^\**\s*(Q(uestion)?\s*\d*|问题?\s*\d*)\s*[.:：)]", re.IGNORECASE)
_ANSWER_MARK: Final = re.compile(r"^\**\s*(?:A(?:nswer)?\s*\d*|答\s*\d*)\s*[.:：)、]\s*\**\s*", re.IGNORECASE)
_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+(?=[A-Z(])|(?<=[。！？])")
_LONGEST_ANSWER = 300


@dataclass(frozen=True)
class Asked:
    """A question and its answer."""

    question: str
    answer: Piece


def asked_questions(blocks: Sequence[Block], text: str) -> Iterator[tuple[Block, Asked]]:
    """Yield the questions with their answers.

    The answer is the first paragraph below; of a long one, its first sentence.

    Args:
        blocks: Blocks of the document.
        text: The document's text.
    """
    for index, block in enumerate(blocks):
        if block.kind == "table":
            continue
        match = _ASKED.match(block.piece.text)
        if match is None:
            continue
        bold = block.piece.text.startswith("**")
        if block.kind == "line" and not (bold or _MARKED.match(block.piece.text)):
            continue
        answer = _answer(blocks, index, text, block.piece.start + match.start("rest") if match["rest"] else None)
        if answer is not None:
            yield block, Asked(re.sub(r"\s+", " ", match["question"]).strip("* "), answer)


def _answer(blocks: Sequence[Block], index: int, text: str, same_line: int | None) -> Piece | None:
    if same_line is not None:
        start, end = same_line, blocks[index].piece.end
    elif index + 1 < len(blocks) and blocks[index + 1].kind == "line":
        start, end = blocks[index + 1].piece.start, blocks[index + 1].piece.end
        for block in blocks[index + 2 :]:
            if block.kind != "line" or block.first or block.listed or _MARKED.match(block.piece.text):
                break
            end = block.piece.end
        if blocks[index + 1].listed or _MARKED.match(text[start:end]):
            return None
    else:
        return None
    mark = _ANSWER_MARK.match(text[start:end])
    piece = piece_of(text, start + (mark.end() if mark else 0), end)
    if len(piece.text) > _LONGEST_ANSWER:
        cut = _SENTENCE.search(piece.text)
        piece = piece_of(text, piece.start, piece.start + cut.start()) if cut else piece
    return piece if 0 < len(piece.text) <= _LONGEST_ANSWER and not piece.text.endswith((":", "：")) else None
