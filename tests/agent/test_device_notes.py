"""What the catalogue says, in both languages."""

from __future__ import annotations

import pytest

from agent.prompts.device_notes import device_note, has_translation
from agent.records.base import Language


@pytest.mark.parametrize(
    ("text", "lang", "told"),
    [
        ("bitsandbytes has no MUSA backend", "en", "bitsandbytes has no MUSA backend"),
        ("bitsandbytes has no MUSA backend", "zh", "bitsandbytes 没有 MUSA 后端"),
        ("the vendor's own word", "zh", "the vendor's own word"),
    ],
)
def test_a_note_is_told_in_the_language_where_it_is_known(text: str, lang: Language, told: str) -> None:
    assert device_note(text, lang) == told
    assert has_translation(text) is text.startswith("bits")
