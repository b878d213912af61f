"""What a question says: the words that matter, the quantity it wants, and whether it wants one thing at all."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from agent.records.base import Language
from knowledge.ingest.language import language_of
from knowledge.lexical import content_tokens
from tools.ambiguity.quantities import asked_kinds

_FILLER: Final = frozenset(
    (
        "want need needed require required get getting tell please know like say show give use used using got come came "
        "take taken took put make made find look let could many much long how often old mean meaning stand name called "
        "possible may actually exactly right one thing kind sort per just also still there here currently today now "
        "able having question answer regarding concerning document according after before until since up down out off "
        "new doe am i'm i've can't something somebody someone happen way else mind wrong matter trouble problem "
        "what's who's it's there's where's how's list"
    ).split()
    + (
        "多长 多久 多大 多重 请 想 知道 要 会 能 可以 应该 需要 一下 意思 一 个 时候 时间 表示 怎么办 我 你 我们 现在 有 没有 告诉 "
        "最多 最 多 少 一台 一个 怎么 怎么样 怎么回事 回事 样 哪里 里 上 下 内 时 后 前 中 用 叫 名字 东西 地方 啥 点 "
        "有没有 问题 目前 每"
    ).split()
)
_ALL_OF_THEM: Final[dict[Language, re.Pattern[str]]] = {
    "en": re.compile(
        r"^\s*(?:please )?(?:list|compare|name all)\b|\b(?:all|each|every one|both|compared?|comparison|differences?|"
        r"differ|versus|vs|respectively|best|better)\b|\bwhich of (?:these|those)\b|\bhow many (?:different|kinds|types)\b",
        re.IGNORECASE,
    ),
    "zh": re.compile(
        r"各(?!种|位)|分别|所有|全部|都(?:是|有|多|要)|哪些|哪几|还是|比较|区别|不同|相比|一共有几|更(?!换|新|改|正)|哪.*最|谁.*最"
        r"|最[\u3400-\u9fff]{1,2}的是"
    ),
}
_SUPERLATIVE: Final = re.compile(
    r"\b(?:[a-z]{3,}est|most (?:expensive|powerful)|least|longer|shorter|cheaper|faster|heavier|larger|bigger|smaller)\b",
    re.IGNORECASE,
)
_VERSION: Final = re.compile(
    r"\b(?:current(?:ly)?|today|now(?:adays)?|latest|newest|old(?:er)?|former(?:ly)?|previous(?:ly)?|at present|in force|"
    r"new|recent|original(?:ly)?|up to date|used to)\b|^before\b|现在|目前|现行|最新|当前|如今|旧|原来|以前|原先|新版|今年|去年",
    re.IGNORECASE,
)
_YES_OR_NO: Final = re.compile(
    r"^\s*(?:is|are|was|were|do|does|did|can|could|may|must|should|has|have|will|would)\b|吗[？?]?\s*$|是否|是不是|能不能|可不可以",
    re.IGNORECASE,
)
_WHEN: Final = re.compile(r"\bwhen\b|什么时候|何时", re.IGNORECASE)
_NAMED: Final = re.compile(r"(?<!^)(?<![.?!:：]\s)(?<![A-Za-z])([A-Z][\w\-]*|[A-Za-z\-]*\d[\w\-]*)")
_QUOTED: Final = re.compile(r"[“\"「《]([^”\"」》]+)[”\"」》]")
_LATIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9\-]*")
_FRAME_ZH: Final = re.compile(
    r"是(?=多|什么|谁|几|怎|哪)|有(?=多|几)|要(?=多|几)|(?:多少|几)[个本张层页台件条名位次座间]?|最多|至多|最少|至少"
    r"|能(?!力|源|量|耗)|可以|需要|应该|多[久长大重高宽远快热紧]|了(?=多|[？?]|$)"
)
_COUNTED: Final[dict[Language, re.Pattern[str]]] = {
    "en": re.compile(r"\bhow many (?:[a-z]+ )?([a-z]+)", re.IGNORECASE),
    "zh": re.compile(r"(?:几|多少)([\u3400-\u9fff])"),
}


@dataclass(frozen=True)
class Question:
    """A question, taken apart."""

    text: str
    language: Language
    words: tuple[str, ...]
    """Words that carry meaning, without those of the frame (`tell me`, `请问`); each once, in order."""
    kinds: frozenset[str]
    """Kinds of quantity it asks for."""
    names: frozenset[str]
    """Words that are written like a name or code: capitals within an English sentence, digits, quotation marks."""

    @classmethod
    def read(cls, text: str) -> Question:
        """Take a question apart."""
        language = language_of(text)
        plain = _FRAME_ZH.sub(" ", text) if language == "zh" else text
        found = list(dict.fromkeys(content_tokens(plain, language)))
        names = [name for pattern in (_NAMED, _QUOTED) for name in pattern.findall(text)]
        if language == "zh":
            names += _LATIN.findall(text)
        named = {word for name in names for word in content_tokens(name, language)}
        return cls(
            text=text,
            language=language,
            words=tuple(word for word in found if word not in _FILLER),
            kinds=asked_kinds(text, language),
            names=frozenset(named - _FILLER - {"i"}),
        )

    @property
    def wants_several(self) -> bool:
        """Whether it asks for all of them, or compares them."""
        return _ALL_OF_THEM[self.language].search(self.text) is not None

    @property
    def is_strict(self) -> bool:
        """Whether only a quantity can answer it."""
        return _WHEN.search(self.text) is None

    @property
    def names_version(self) -> bool:
        """Whether it says which of several versions it means, as in `today` or `the old one`."""
        return _VERSION.search(self.text) is not None

    @property
    def yes_or_no(self) -> bool:
        """Whether yes or no would answer it."""
        return _YES_OR_NO.search(self.text) is not None

    def superlative(self) -> str:
        """Return the word by which it picks one by its size, such as `cheapest`; empty if there is none."""
        match = _SUPERLATIVE.search(self.text) if self.language == "en" else None
        return match[0].lower() if match else ""

    def counted(self) -> frozenset[str]:
        """Return what it counts, as in `how many rooms`."""
        return frozenset(word.lower() for word in _COUNTED[self.language].findall(self.text))
