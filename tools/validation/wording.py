"""What the building of a validation set notes down, English and Chinese side by side."""

from __future__ import annotations

from typing import Final

from agent.prompts.phrases import Phrases, fill
from agent.records.base import Language

NOTES: Final[Phrases] = {
    "blank": {
        "en": "{name}: {count} entries left out, their question is blank",
        "zh": "{name}：{count} 条的问题为空，未采用",
    },
    "boilerplate": {
        "en": "{count} skill items left out: their text stands in a training document too",
        "zh": "略去 {count} 道能力题：其文字也出现在训练文档中",
    },
    "worded": {
        "en": "{count} items left out: a training pair is worded nearly the same",
        "zh": "略去 {count} 道题：有训练样本与其措辞几乎相同",
    },
    "judged_wrong": {
        "en": "{count} items left out: a person found them wrong in a spot-check",
        "zh": "略去 {count} 道题：抽查时判定有误",
    },
    "sampled": {
        "en": "{dimension}: {kept} of {count} items, a stratified sample",
        "zh": "{dimension}：从 {count} 道题中分层抽取 {kept} 道",
    },
    "few": {
        "en": "fewer than {need} items, too few for a full verdict: {list}",
        "zh": "不足 {need} 道题，不够得出完整结论：{list}",
    },
}


def note(key: str, lang: Language, **values: object) -> str:
    """Return a note on the set."""
    return fill(NOTES, key, lang, **values)
