"""Answers to what was asked last: a yes, a no, an option by its number or words. By rules only, whichever brain runs.

A yes to a costly step is read here and nowhere else, and only from a message that says nothing beside it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from agent.records.conversation import Verdict

_YES: Final = re.compile(
    r"(?:yes|yep|yeah|y|ok|okay|sure|approved?|i approve|agreed?|confirm(?:ed)?|go|go ahead|do it|do that|do so|start|"
    r"start it|run it|"
    r"please do|yes please|yes,? (?:go ahead|do it|start|please|start it|approved?|build it)|build it|proceed|fine|"
    r"fine,? go ahead|是的?|对|好的?|好吧|好啊|行|可以|可以的|同意|批准|确认|没问题|开始|开始吧|做吧|执行|执行吧|跑吧|"
    r"就这样|就这么办|嗯|嗯嗯|当然|是，?(?:开始|同意|执行)吧?)"
)
_NO: Final = re.compile(
    r"(?:(?:no|nope|n|please|ok|okay)?,? ?(?:not now|not yet|no thanks?|thank you|(?:please )?(?:don'?t|do not)"
    r"(?: (?:start|run|train|do|begin)(?: (?:it|that|this|anything|training|now|yet))?)?|let'?s not|leave it(?: be)?|"
    r"skip (?:it|that|this)|stop(?: it| that)?|cancel(?: it| that| this)?|later|never mind|forget (?:it|that))|"
    r"no|nope|n|decline[d]?|reject(?:ed)?|"
    r"(?:(?:还是|那就?|先|暂时|我)?(?:不|别|不要|不用|不必|不想|不同意|不行|算|取消|拒绝)"
    r"(?:开始|做|训练|跑|执行|测|评测|启动|动)?(?:了|吧|了吧|它)?)|暂不|否|以后再说|下次(?:再说|吧)?|等等|等一下|等会儿)"
)
_STRIP: Final = re.compile(r"^[\s\W_]+|[\s\W_]+$")
_ORDINALS: Final[tuple[frozenset[str], ...]] = (
    frozenset({"first", "1st", "the first", "the first one", "the former", "one", "a", "第一个", "第一", "前者", "一"}),
    frozenset(
        {"second", "2nd", "the second", "the second one", "the latter", "two", "b", "第二个", "第二", "后者", "二"}
    ),
    frozenset({"third", "3rd", "the third", "the third one", "three", "c", "第三个", "第三", "三"}),
    frozenset({"fourth", "4th", "the fourth", "the fourth one", "four", "d", "第四个", "第四", "四"}),
)


def verdict_in(text: str) -> Verdict | None:
    """Return the yes or no that a message consists of; `None` if it says anything else or more."""
    plain = _STRIP.sub("", text).casefold()
    if _YES.fullmatch(plain):
        return "approve"
    return "decline" if _NO.fullmatch(plain) else None


def option_in(text: str, options: Sequence[Mapping[str, Any]]) -> int | None:
    """Return which of the offered options a message chooses: by number, by place, or by its words.

    Args:
        text: The message.
        options: `label` and `message` of each.
    """
    plain = _STRIP.sub("", text).casefold()
    if not plain or not options:
        return None
    digit = int(plain) - 1 if plain.isdecimal() and len(plain) == 1 else None
    place = digit if digit is not None else next((at for at, said in enumerate(_ORDINALS) if plain in said), None)
    if place is not None:
        return place if 0 <= place < len(options) else None
    for at, option in enumerate(options):
        if plain in (_STRIP.sub("", str(option[key])).casefold() for key in ("label", "message")):
            return at
    hits = [at for at, option in enumerate(options) if len(plain) > 2 and plain in str(option["label"]).casefold()]
    return hits[0] if len(hits) == 1 else None
