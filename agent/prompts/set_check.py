"""What is said of the spot-check of a sealed set: its error rate, and how a wrong item is mended."""

from __future__ import annotations

from typing import Final

from agent.prompts.phrases import Phrases, fill
from agent.records.base import Language
from agent.records.set_check import CheckFigures

_WORDS: Final[Phrases] = {
    "rate": {
        "en": "{wrong} of {reviewed} reviewed items were wrong: {rate:.1%}, 95% interval {low:.1%} to {high:.1%}.",
        "zh": "抽查{reviewed}题，其中{wrong}题有误：{rate:.1%}，95%区间{low:.1%}至{high:.1%}。",
    },
    "unknown": {
        "en": "Nobody has looked at an item yet, so the error rate is unknown; {drawn} items are drawn for a look.",
        "zh": "还没有人看过任何一题，错误率未知；已抽出{drawn}题供检查。",
    },
    "left": {
        "en": " {left} of the {drawn} drawn items wait for a look.",
        "zh": "抽出的{drawn}题中还有{left}题待查看。",
    },
    "mend_file": {
        "en": "Correct it in {file} and import that file again (`{seal} --questions {file}`), or leave it out: "
        "`{seal}` seals the set without it.",
        "zh": "在{file}中更正后重新导入（`{seal} --questions {file}`），或将其去掉：`{seal}`封存时不再收入此题。",
    },
    "mend_document": {
        "en": "If {document} is wrong, correct it, then `ingest` and `extract` it again; or leave the item out: "
        "`{seal}` seals the set without it.",
        "zh": "若是{document}有误，请更正后重新 `ingest` 和 `extract`；或将其去掉：`{seal}`封存时不再收入此题。",
    },
    "mend_other": {
        "en": "Leave it out: `{seal}` seals the set without it.",
        "zh": "将其去掉：`{seal}`封存时不再收入此题。",
    },
}


def check_line(figures: CheckFigures, lang: Language) -> str:
    """Return the estimated error rate with its interval, or that it is unknown, and how many items are left."""
    if figures.rate is None:
        return fill(_WORDS, "unknown", lang, drawn=figures.drawn)
    told = fill(_WORDS, "rate", lang, **figures.model_dump())
    left = figures.drawn - figures.reviewed
    return told + (fill(_WORDS, "left", lang, left=left, drawn=figures.drawn) if left else "")


def item_mend(lang: Language, seal: str, *, file: str = "", document: str = "") -> str:
    """Return how a wrong item is corrected or taken out of the set.

    Args:
        lang: Language of the sentence.
        seal: Command that seals the set anew.
        file: The team's own file that the item stands in; empty for another one.
        document: Name of the document that the item was made from.
    """
    key = "mend_file" if file else "mend_document" if document else "mend_other"
    return fill(_WORDS, key, lang, seal=seal, file=file, document=document)
