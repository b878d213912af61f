"""What a job wrote down in its own language, told in the language of the page.

Jobs record their reasons and notes as sentences. Every such sentence comes from a table that holds it in both
languages, so a recorded one can be recognised by its table and filled anew. What is in no table stays as it is.

    retold("rank 16 on all linear layers, alpha 32", "zh")  # 全部线性层，秩 16，alpha 32
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from string import Formatter
from typing import Final

from agent.prompts.capabilities import MEASURED, PROBE
from agent.prompts.decisions import GATES, RULES, RUNG, SHARE
from agent.prompts.phrases import Phrases
from agent.prompts.training import HYPERPARAMETERS, LADDER, MEMORY, METHOD_NAMES
from agent.records.base import Language
from tools.evaluation.wording import ARM_NAMES, DIMENSION_NAMES, SENTENCES
from tools.evaluation.wording import named as by_name
from tools.validation.wording import NOTES
from ui.i18n import phrases

_NAMES: Final = (*DIMENSION_NAMES.values(), *ARM_NAMES.values(), *METHOD_NAMES.values())
_NAMED: Final = {"list", "arm", "arms", "dimension", "method"}
"""Gaps of a sentence that hold names of arms, dimensions or methods."""
_SENTENCES: Final = {"why", "fitting", "difference", "level", "target"}
"""Gaps that hold another sentence."""
_MACHINE: Final = {"en": "this machine ({name})", "zh": "本机（{name}）"}
_METHOD: Final = re.compile(r"\brag\+finetune\b|\bfinetune\b|\binsufficient_evidence\b")
_OTHER: Final[dict[Language, Language]] = {"en": "zh", "zh": "en"}


def retold(text: str, lang: Language) -> str:
    """Return a recorded sentence in a language; as it was recorded if it is in no table."""
    known = _recognised(text, _OTHER[lang])
    if known is None:
        return text
    sentence, values = known
    told = {name: _value(name, value, lang) for name, value in values.items()}
    return _filled(sentence[lang], told)


def named(text: str, lang: Language) -> str:
    """Return a sentence of the policy retold, with arms, dimensions and methods called by name and not by their ids."""
    text = _METHOD.sub(lambda found: phrases(lang)[f"method_{found[0]}"], retold(text, lang))
    return by_name(text, lang)


def _value(name: str, value: str, lang: Language) -> str:
    if name in _SENTENCES:
        return retold(value, lang)
    if name == "device":
        machine = re.fullmatch(_pattern(_MACHINE[_OTHER[lang]]), value)
        return _filled(_MACHINE[lang], machine.groupdict()) if machine else value
    if name == "names":
        # Settings are recorded as `epochs = 2.0`.
        return re.sub(r"\w+(?= = )", lambda found: phrases(lang).get(f"runs_field_{found[0]}", found[0]), value)
    if name not in _NAMED:
        return value
    # The longest first: "tuned + RAG" holds "tuned".
    for both in sorted(_NAMES, key=lambda both: -len(both[_OTHER[lang]])):
        value = re.sub(rf"(?<!\w){re.escape(both[_OTHER[lang]])}(?!\w)", both[lang], value)
    return value.replace(", ", "、") if lang == "zh" else value.replace("、", ", ")


def _recognised(text: str, lang: Language) -> tuple[Mapping[Language, str], dict[str, str]] | None:
    for pattern, sentence in _known(lang):
        found = pattern.fullmatch(text)
        if found is not None:
            return sentence, found.groupdict()
    return None


@cache
def _known(lang: Language) -> tuple[tuple[re.Pattern[str], Mapping[Language, str]], ...]:
    """Return every sentence with its pattern, those with the most fixed words first."""
    sentences = sorted(_tables(), key=lambda both: -len(re.sub(r"\{[^}]*\}", "", both[lang])))
    return tuple((re.compile(_pattern(both[lang]), re.DOTALL), both) for both in sentences)


def _tables() -> Iterator[Mapping[Language, str]]:
    tables: tuple[Phrases, ...] = (
        *(HYPERPARAMETERS, LADDER, MEMORY, SENTENCES, NOTES),
        *(RULES, GATES, RUNG, SHARE, MEASURED, PROBE),
    )
    for table in tables:
        # One that is nothing but a gap would recognise everything.
        yield from (both for both in table.values() if not re.fullmatch(r"\{\w+\}", both["en"]))
    english, chinese = phrases("en"), phrases("zh")
    for key in english:
        if key.startswith(("runs_note_", "hardware_seen_")):
            yield {"en": english[key], "zh": chinese[key]}


def _pattern(sentence: str) -> str:
    """Return the pattern of a sentence: its words as they are, a group for each gap."""
    parts: list[str] = []
    seen: set[str] = set()
    for words, name, _, _ in Formatter().parse(sentence):
        parts.append(re.escape(words))
        if name:
            parts.append(f"(?P={name})" if name in seen else f"(?P<{name}>.+?)")
            seen.add(name)
    return "".join(parts)


def _filled(sentence: str, values: Mapping[str, str]) -> str:
    """Fill a sentence with values that are written out already."""
    pieces = Formatter().parse(sentence)
    return "".join(words + (values[name] if name else "") for words, name, _, _ in pieces)
