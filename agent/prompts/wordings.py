"""Question wordings for facts found in tables, definitions, form lines and question lists.

A fact enters the weights of a small model only when it is asked in several registers (`policy.md`: four or more
wordings a fact), so every family holds full questions, indirect ones, requests and terse keyword forms.

Placeholders: `{a}` the attribute, `{e}` the entity, `{p}` the entity with its preposition, `{be}` is or are,
`{v}` the Chinese question word, `{t}` a defined term, `{q}` a question, `{k}` its opening in lower case, `{s}` a
subject.
"""

from __future__ import annotations

from typing import Final

from agent.records.base import Language

ATTRIBUTE: Final[dict[Language, tuple[str, ...]]] = {
    "en": (
        "What {be} the {a} {p}?",
        "Tell me the {a} {p}.",
        "{e}: {a}?",
        "For {e}, what {be} the {a}?",
        "I need to know the {a} {p}.",
        "Can you look up the {a} {p} for me?",
        "What {a} {be} stated for {e}?",
        "A colleague is asking about {e}. What {be} the {a}?",
        "Please give me the {a} {p}.",
        "{a} {p}",
        "Do you happen to know the {a} {p}?",
        "When it comes to {e}, which {a} should I write down?",
        "Remind me what the {a} {p} {be}.",
    ),
    "zh": (
        "{e}的{a}是{v}？",
        "请告诉我{e}的{a}。",
        "{e} {a}",
        "我想知道{e}的{a}。",
        "说到{e}，{a}是{v}呢？",
        "帮我查一下{e}的{a}好吗？",
        "有同事问起{e}，{a}该怎么回答？",
        "关于{e}：{a}？",
        "你知道{e}的{a}吗？",
        "登记{e}时，{a}一栏应写{v}？",
        "能说说{e}的{a}吗？",
        "麻烦给出{e}的{a}，谢谢。",
    ),
}
"""Wordings of `the attribute of an entity is …`; the first one is the plainest."""

MEASURE: Final[dict[Language, tuple[tuple[str, tuple[str, ...]], ...]]] = {
    "en": (
        ("weight", ("How much does {e} weigh?", "How heavy is {e}?")),
        ("mass", ("How much does {e} weigh?",)),
        ("price", ("How much does {e} cost?", "What do I have to pay for {e}?")),
        ("cost", ("How much does {e} cost?",)),
        ("length", ("How long is {of}?",)),
        ("height", ("How high is {of}?",)),
        ("width", ("How wide is {of}?",)),
        ("depth", ("How deep is {of}?",)),
        ("diameter", ("How large across is {of}?",)),
        ("capacity", ("How much can {e} hold?",)),
    ),
    "zh": (
        ("重量", ("{e}有多重？",)),
        ("净重", ("{e}净重有多重？",)),
        ("质量", ("{e}有多重？",)),
        ("价格", ("{e}多少钱？", "买{e}要花多少钱？")),
        ("单价", ("{e}单价多少钱？",)),
        ("售价", ("{e}卖多少钱？",)),
        ("长度", ("{of}有多长？",)),
        ("长", ("{of}有多长？",)),
        ("高度", ("{of}有多高？",)),
        ("宽度", ("{of}有多宽？",)),
        ("深度", ("{of}有多深？",)),
        ("直径", ("{of}有多粗？",)),
        ("容量", ("{e}能装多少？",)),
    ),
}
"""Head noun of an attribute to the question its unit calls for; `{of}` is the entity with the part that is measured,
as `the cable of the pump` for `cable length`."""

COUNT: Final[dict[Language, tuple[str, ...]]] = {
    "en": ("How many {a} does {e} have?",),
    "zh": ("{e}有多少{a}？",),
}
"""Wordings of a bare number under a plural column name."""

DEFINITION: Final[dict[Language, tuple[str, ...]]] = {
    "en": (
        "What does {t} mean{c}?",
        "Tell me what {t} means{c}.",
        "{t}: meaning{c}?",
        "How would you explain {t}{c}?",
        "I came across {t}{c}. What is that?",
        "What is meant by {t}{c}?",
        "Please define {t}{c}.",
        "Somebody mentioned {t}{c}; what does that refer to?",
        "Can you explain {t} to me{c}?",
        "{t} definition{c}",
        "What should I understand by {t}{c}?",
    ),
    "zh": (
        "{c}{t}是什么意思？",
        "请解释一下{c}{t}。",
        "{c}{t} 含义",
        "{c}{t}指的是什么？",
        "有人提到{c}{t}，那是什么？",
        "{c}{t}表示什么？",
        "怎么理解{c}{t}？",
        "能告诉我{c}{t}代表什么吗？",
        "{c}所说的{t}，到底是什么？",
        "给{c}{t}下个定义。",
    ),
}
"""Wordings of `a term means …`; `{c}` is the subject in which the term is used, or empty."""

QUESTION: Final[dict[Language, tuple[str, ...]]] = {
    "en": (
        "{q}",
        "I have a question: {k}",
        "A customer would like to know this: {k}",
        "Can you help me with something? {q}",
        "{q} A short answer is enough.",
        "Somebody called and asked: {k}",
        "One more thing I am not sure about: {k}",
        "Hello, quick question. {q} Thanks.",
        "Do you know the answer to this one: {k}",
        "My colleague and I were wondering: {k}",
    ),
    "zh": (
        "{q}",
        "请问，{q}",
        "有位客户想了解：{q}",
        "你好，想咨询一个问题，{q}",
        "帮忙看看这个：{q}",
        "{q}简单说说就行。",
        "刚才有人打电话来问，{q}",
        "还有一点不太清楚，{q}谢谢。",
        "同事让我打听一下，{q}",
    ),
}
"""Frames around a question that is already a full one; the answer stays the same under each."""

KNOWN_QUESTION: Final[dict[Language, tuple[str, ...]]] = {
    "en": ("Tell me {n}.", "I would like to know {n}.", "Please look up {n} for me.", "Any idea about {n}?"),
    "zh": ("告诉我{n}。", "我想知道{n}。", "查一下{n}。"),
}
"""Frames around a noun phrase `{n}` taken from `What is the …?` or `…是什么？`."""

INDIRECT_QUESTION: Final[tuple[str, ...]] = ("Do you know {i}?", "Please tell me {i}.", "I wonder {i}.")
"""English frames around an indirect question `{i}`, as `who designed the pump`."""

ABOUT: Final[dict[Language, str]] = {"en": "{q} ({s})?", "zh": "关于{s}，{q}"}
"""Gives a question that names nothing the subject of its page."""

MEANING_COLUMNS: Final[dict[Language, str]] = {
    "en": r"^(meaning|definition|description|explanation|stands for|full (name|form)|expansion)$",
    "zh": r"^(含义|意思|意义|说明|定义|释义|解释|全称)$",
}
"""Column names that make a row a definition of its first cell."""

SENSE: Final[dict[Language, str]] = {
    "en": 'What does "{t}" mean here?',
    "zh": "这里的“{t}”是什么意思？",
}
"""Asks for the sense of a term in a sentence; the options are senses of the corpus."""
