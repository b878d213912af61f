"""What work says of itself while it runs, in the reader's language.

The work writes its steps in English; the table knows each of them. What is not in the table, such as the name of a
file, is shown as it stands.

    step("reading tables, lists and forms", "zh")  # 读取表格、列表和表单
"""

from __future__ import annotations

import re
from typing import Final

from agent.records.base import Language
from tools.evaluation.wording import ARM_NAMES, DIMENSION_NAMES, SEPARATOR
from ui.i18n import phrase, phrases

_KNOWN: Final[tuple[tuple[re.Pattern[str], str], ...]] = tuple(
    (re.compile(pattern, re.DOTALL), f"progress_{key}")
    for pattern, key in (
        ("embedding", "embedding"),
        ("reading tables, lists and forms", "rules"),
        ("the model reads prose", "prose"),
        ("the model answers its own questions", "answering_again"),
        ("the base model writes", "self_made"),
        ("the judge compares answers", "judging"),
        ("read", "read"),
        ("retrieving", "retrieving"),
        ("choosing examples", "choosing"),
        ("reading general data, looking for leaks", "leaks"),
        ("reading the pairs", "pairs"),
        ("sampling", "sampling"),
        (r"making items from (.+)", "making"),
        (r"writing (\d+) examples", "writing"),
        (r"loading (.+)", "loading"),
        (r"(\d+) examples", "written"),
        (r"epoch ([\d.]+), loss ([\d.]+), (\d+) tokens/s", "training"),
        (r"stopped early: (\S+) epochs without a better validation loss", "stopped_early"),
        (r"going on after epoch (\S+)", "goes_on"),
        ("the index was damaged and is rebuilt from the chunks", "index_rebuilt"),
        ("materialising the embedded base model, once .*", "unpacking"),
        (r"the endpoint failed \((\w+)\), try (\d+) of (\d+)", "endpoint_failed"),
        (r"lm-evaluation-harness: (.+)", "harness"),
        (r"reading (.+)", "reading"),
    )
)


def step(text: str, lang: Language) -> str:
    """Return what is being done in a language; in English as the work says it."""
    arm, _, dimension = text.partition(", ")
    if arm in ARM_NAMES and dimension in DIMENSION_NAMES:
        return f"{ARM_NAMES[arm][lang]}{SEPARATOR[lang]}{DIMENSION_NAMES[dimension][lang]}"
    if lang == "en":
        return text
    for pattern, key in _KNOWN:
        found = pattern.fullmatch(text)
        if found is not None:
            gaps = dict(zip(("what", "more", "most"), found.groups(), strict=False))
            if "what" in gaps:
                gaps["what"] = phrases(lang).get(f"progress_source_{gaps['what'].replace(' ', '_')}", gaps["what"])
            return phrase(key, lang, **gaps)
    return text


def work(name: str, lang: Language) -> str:
    """Return the name of the work before each line in a language; in English the short one of its command."""
    if lang == "en":
        return name
    known = phrases(lang)
    return known.get(f"progress_work_{name}", known.get(f"frame_kind_{name}", name))


def unit(text: str, lang: Language) -> str:
    """Return what is counted in a language."""
    return phrases(lang).get(f"progress_unit_{text}", text)
