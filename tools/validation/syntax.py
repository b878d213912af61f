"""Minimal pairs from corpus sentences: one small change by rule that makes the sentence wrong for certain.

English: agreement of a verb with its noun, a determiner behind its noun, a dropped `of`. Chinese: a measure word before
its number, an adverb behind its verb, a preposition behind its date, 得 for 的, a dropped 把.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from agent.records.base import Language
from agent.records.corpus import DocumentText
from agent.records.evaluation import Item
from knowledge.lexical import sentences
from tools.validation.identity import with_id

_PLAIN: Final[dict[Language, re.Pattern[str]]] = {
    "en": re.compile(r"^[A-Z][^|*#:;\n\"()]{30,170}\.$"),
    "zh": re.compile(r"^[^|*#:：；\nA-Za-z“”（）]{9,69}[^|*#:：；\nA-Za-z“”（）。]。$"),
}
_VERBS: Final = {"is": "are", "are": "is", "was": "were", "were": "was", "has": "have", "have": "has"}
_AGREEMENT: Final = re.compile(
    r"\b(?P<noun>(?:the|a|an|this|these|each|every|all) (?:[a-z]+ ){0,2}[a-z]{3,}) "
    r"(?P<verb>is|are|was|were|has|have)\b",
    re.IGNORECASE,
)
_DETERMINER: Final = re.compile(r"(?<=\s)(?P<one>the|a|an|each|this) (?P<two>[a-z]{3,})(?=[ ,.])")
_OF: Final = re.compile(
    r"(?<=[a-z])(?<!\ball)(?<!\bboth)(?<!\bhalf)(?<!side)(?<!\boff)(?<!\bout) of (?=the |a |an |this |each )"
)
_COUNTED: Final = re.compile(
    r"(?<![\d.,零一二两三四五六七八九十百千万亿几数多第])(?P<number>\d+|[一两三四五六七八九十百千]+)"
    r"(?P<measure>[台件根张把块次条支套枚只个名位座部种本家所项间篇首架艘辆颗])(?=[\u4e00-\u9fff])"
)
_DE: Final = re.compile(r"(?<=[\u4e00-\u9fff]{2})的(?=(?![很非十最更太较比不有好快])[\u4e00-\u9fff]{2})")
_ADVERB: Final = re.compile(
    r"(?<=[\u4e00-\u9fff])(?P<adverb>[都也已曾均亦])(?P<verb>是|有|在|被|会|能)(?=[\u4e00-\u9fff])"
)
_WHEN: Final = re.compile(
    r"(?P<at>[于从自])(?P<when>\d{3,4}年(?:\d{1,2}月)?(?:\d{1,2}日)?)"
    # What follows begins a predicate: a name would make the other order right too (`2004年于雅典奥运会`).
    r"(?=[在起由被获]|正式|首次|成立|建立|建成|创立|创办|出生|毕业|加入|当选|担任|进入|发布|推出|去世|逝世|举行|成为|开始|开通|更名|改名)"
)
_BA: Final = re.compile(r"(?<=[\u4e00-\u9fff])把(?![守握关柄手])(?=[\u4e00-\u9fff]{3})")


def minimal_pairs(text: DocumentText) -> Iterator[Item]:
    """Yield minimal pairs, at most one of each kind a sentence.

    Args:
        text: A held-out document.
    """
    for start, end in sentences(text.text, text.language):
        sentence = " ".join(text.text[start:end].split())
        if not _PLAIN[text.language].match(sentence):
            continue
        for kind, rule in _RULES[text.language].items():
            wrong = rule(sentence)
            if wrong and wrong != sentence:
                yield with_id(
                    Item(
                        id="",
                        kind="skill",
                        dimension="syntax",
                        form="minimal_pair",
                        language=text.language,
                        question="",
                        options=(sentence, wrong),
                        correct=0,
                        document=text.document,
                        start=start,
                        end=end,
                        question_kind=kind,
                        source="auto",
                    )
                )


def _agreement(sentence: str) -> str:
    for match in _AGREEMENT.finditer(sentence):
        noun, verb = match["noun"].lower(), match["verb"].lower()
        plural = noun.endswith("s") and not noun.endswith(("ss", "us", "is"))
        # `the cost of the pumps is`: only a phrase whose last word is its head is safe.
        before = sentence[: match.start()].rstrip().lower()
        attached = re.search(r"\b(of|for|in|on|with|to|from|at|by|and|or|under|near|between)$", before) is not None
        if plural == (verb in {"are", "were", "have"}) and not attached:
            return f"{sentence[: match.start('verb')]}{_VERBS[verb]}{sentence[match.end('verb') :]}"
    return ""


def _order(sentence: str) -> str:
    return _DETERMINER.sub(lambda match: f"{match['two']} {match['one']}", sentence, count=1)


def _dropped(sentence: str) -> str:
    return _OF.sub(" ", sentence, count=1)


def _measure_order(sentence: str) -> str:
    return _COUNTED.sub(lambda match: f"{match['measure']}{match['number']}", sentence, count=1)


def _adverb_order(sentence: str) -> str:
    return _ADVERB.sub(lambda match: f"{match['verb']}{match['adverb']}", sentence, count=1)


def _preposition_order(sentence: str) -> str:
    return _WHEN.sub(lambda match: f"{match['when']}{match['at']}", sentence, count=1)


def _particle(sentence: str) -> str:
    return _DE.sub("得", sentence, count=1)


def _dropped_ba(sentence: str) -> str:
    return _BA.sub("", sentence, count=1)


_RULES: Final[dict[Language, dict[str, Callable[[str], str]]]] = {
    "en": {"agreement": _agreement, "order": _order, "dropped_word": _dropped},
    "zh": {
        "order": _measure_order,
        "adverb_order": _adverb_order,
        "preposition_order": _preposition_order,
        "particle": _particle,
        "dropped_word": _dropped_ba,
    },
}
