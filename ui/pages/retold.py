"""What a job wrote down in its own language, told in the language of the page.

Jobs record their reasons and notes as sentences. Every such sentence comes from a table that holds it in both
languages, so a recorded one can be recognised by its table and filled anew. What is in no table stays as it is.

    retold("rank 16 on all linear layers, alpha 32", "zh")  # 全部线性层，秩 16，alpha 32
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from agent.prompts.benchmark import BENCHMARK, VARIANT_NAMES
from agent.prompts.capabilities import ITEM_NAMES, MEASURED, PROBE
from agent.prompts.comparison import COMPARISON
from agent.prompts.decisions import GATES, RULES, RUNG, SHARE
from agent.prompts.phrases import Phrases
from agent.prompts.training import HYPERPARAMETERS, LADDER, MEMORY, METHOD_NAMES
from agent.records.base import Language
from tools.evaluation.wording import ARM_NAMES, DIMENSION_NAMES, SENTENCES
from tools.evaluation.wording import named as by_name
from tools.recorded import Recorded, Sentence, renamed
from tools.validation.wording import NOTES
from ui.i18n import phrases

_NAMES: Final = (*DIMENSION_NAMES.values(), *ARM_NAMES.values(), *METHOD_NAMES.values(), *VARIANT_NAMES.values())
_NAMED: Final = {"list", "arm", "arms", "dimension", "method", "point"}
"""Gaps of a sentence that hold names of arms, dimensions or methods, or the point of a benchmark."""
_SENTENCES: Final = {"why", "fitting", "difference", "level", "target"}
"""Gaps that hold another sentence."""
_HERE: Final = Recorded(lambda: (COMPARISON["this_machine"],), lambda _, value, __: value)
"""Recognises how the machine at hand is called."""
_METHOD: Final = re.compile(r"\brag\+finetune\b|\bfinetune\b|\binsufficient_evidence\b")


def retold(text: str, lang: Language) -> str:
    """Return a recorded sentence in a language; as it was recorded if it is in no table."""
    return _RECORDED.told(text, lang)


def named(text: str, lang: Language) -> str:
    """Return a sentence of the policy retold, with arms, dimensions and methods called by name and not by their ids."""
    text = _METHOD.sub(lambda found: phrases(lang)[f"method_{found[0]}"], retold(text, lang))
    return by_name(text, lang)


def _value(name: str, value: str, lang: Language) -> str:
    if name in _SENTENCES:
        return retold(value, lang)
    if name == "device":
        return _HERE.told(value, lang)
    if name == "names":
        # Settings are recorded as `epochs = 2.0`.
        return re.sub(r"\w+(?= = )", lambda found: phrases(lang).get(f"runs_field_{found[0]}", found[0]), value)
    if name not in _NAMED:
        return value
    value = renamed(value, _NAMES, lang)
    return value.replace(", ", "、") if lang == "zh" else value.replace("、", ", ")


def _tables() -> Iterator[Sentence]:
    tables: tuple[Phrases, ...] = (
        *(HYPERPARAMETERS, LADDER, MEMORY, SENTENCES, NOTES),
        *(RULES, GATES, RUNG, SHARE, MEASURED, PROBE, BENCHMARK),
    )
    for table in tables:
        yield from table.values()
    yield from ITEM_NAMES.values()
    for name in VARIANT_NAMES.values():  # a benchmark tells of its points as `base 1 × 64/32`
        yield {"en": f"{name['en']} {{batch}} × {{lengths}}", "zh": f"{name['zh']} {{batch}} × {{lengths}}"}
    english, chinese = phrases("en"), phrases("zh")
    for key in english:
        if key.startswith(("runs_note_", "hardware_seen_")):
            yield {"en": english[key], "zh": chinese[key]}


_RECORDED: Final = Recorded(_tables, _value, _SENTENCES)
