"""Question wordings for facts found in tables, definitions, form lines and question lists.

A fact enters the weights of a small model only when it is asked in several registers (`policy.md`: four or more
wordings a fact), so every family holds full questions, indirect ones, requests and terse keyword forms.

Placeholders: `{a}` the attribute, `{e}` the entity, `{s}` its possessive, `{p}` the entity with its preposition, `{be}`
is or are, `{v}` the Chinese question word, `{t}` a defined term, `{c}` the subject it is used in, `{q}` a question,
`{k}` its opening in lower case.
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
        "{e} {a}",
        "What {a} {be} stated for {e}?",
        "A colleague is asking about {e}. What {be} the {a}?",
        "What {be} {s} {a}?",
        "{a} {p}",
        "I have a question about {e}: what {be} the {a}?",
        "Which {a} should I write down for {e}?",
        "Can you look up the {a} {p} for me?",
        "The {a} {p} {be} what?",
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
        "{a}，{e}的，是{v}？",
    ),
}
"""Wordings of `the attribute of an entity is …`; the first one is the plainest."""

OTHER_ATTRIBUTE: Final[dict[Language, tuple[str, ...]]] = {
    "en": ("What {be} the {a} {p}?", "What {be} {s} {a}?", "{e}: what {a}?"),
    "zh": ("{e}的{a}是{v}？", "请问{e}的{a}？", "{e}，{a}{v}？"),
}
"""Wordings with the attribute in everyday words."""

NUMBERED: Final[dict[Language, tuple[str, ...]]] = {
    "en": ("Under {n}, what {be} the {a} {p}?", "{n}, {e}: which {a}?", "What does {n} say about the {a} {p}?"),
    "zh": ("按照{n}，{e}的{a}是{v}？", "{n}里{e}的{a}是{v}？"),
}
"""Wordings that name the number `{n}` of the document, as people do who work by it."""

OWNERLESS: Final[tuple[str, ...]] = (
    "What {be} the {a}?",
    "Tell me the {a}.",
    "{a}?",
    "I am looking for the {a}.",
    "Do you know the {a}?",
)
"""English wordings of an attribute that says itself what it belongs to, as `T-09 password`."""

MEASURE: Final[dict[Language, tuple[tuple[str, tuple[str, ...]], ...]]] = {
    "en": (
        ("weight", ("How much does {e} weigh?", "How heavy is {e}?", "Tell me how heavy {e} is.")),
        ("mass", ("How much does {e} weigh?", "How heavy is {e}?")),
        ("price", ("How much does {e} cost?", "What do I have to pay for {e}?", "How expensive is {e}?")),
        ("cost", ("How much does {e} cost?", "What do I have to pay for {e}?")),
        ("length", ("How long is {of}?", "Tell me how long {of} is.")),
        ("height", ("How high is {of}?", "How tall is {of}?")),
        ("width", ("How wide is {of}?",)),
        ("depth", ("How deep is {of}?",)),
        ("diameter", ("How large across is {of}?",)),
        ("capacity", ("How much can {e} hold?", "How much fits into {e}?")),
        ("volume", ("How much can {e} hold?", "How much fits into {e}?")),
        ("flow", ("How much does {e} deliver?", "How much comes out of {e}?", "How strong is the flow of {e}?")),
        ("output", ("How much does {e} put out?", "How strong is the output of {e}?")),
        ("power", ("How much power does {e} need?", "How much power does {e} draw?")),
        ("consumption", ("How much does {e} use?", "How much does {e} consume?")),
        ("speed", ("How fast is {e}?", "How fast does {e} run?")),
        ("warranty", ("How long is {e} under warranty?", "How long does the warranty on {e} last?")),
    ),
    "zh": (
        ("重量", ("{e}有多重？", "{e}重多少？")),
        ("净重", ("{e}净重有多重？", "{e}有多重？")),
        ("质量", ("{e}有多重？",)),
        ("价格", ("{e}多少钱？", "买{e}要花多少钱？")),
        ("单价", ("{e}单价多少钱？", "{e}多少钱？")),
        ("售价", ("{e}卖多少钱？",)),
        ("长度", ("{of}有多长？",)),
        ("长", ("{of}有多长？",)),
        ("高度", ("{of}有多高？",)),
        ("宽度", ("{of}有多宽？",)),
        ("深度", ("{of}有多深？",)),
        ("直径", ("{of}有多粗？",)),
        ("容量", ("{e}能装多少？",)),
        ("流量", ("{e}的出水能力有多大？", "{e}每小时能打多少？")),
        ("功率", ("{e}要用多大的功率？", "{e}耗电多少？")),
        ("转速", ("{e}转得有多快？",)),
        ("保修期", ("{e}保修多久？", "{e}可以保修多长时间？")),
    ),
}
"""Head noun of an attribute to the questions its unit calls for; `{of}` is the entity with the part that is measured,
as `the cable of the pump` for `cable length`."""

DEED: Final[dict[Language, tuple[tuple[str, tuple[str, ...]], ...]]] = {
    "en": (
        (
            "interval",
            (
                "How often does {e} need {d}?",
                "How long can {e} go without {d}?",
                "After how long does {e} need {d}?",
            ),
        ),
        ("time", ("How long does {d} take for {e}?", "How much time goes into {d} for {e}?", "{e}: how long for {d}?")),
        ("duration", ("How long does {d} take for {e}?",)),
    ),
    "zh": (
        ("间隔", ("{e}多久要{d}一次？", "{e}隔多长时间{d}？")),
        ("周期", ("{e}多久要{d}一次？", "{e}隔多长时间{d}？")),
        ("时间", ("{e}{d}要花多久？", "{e}{d}需要多长时间？")),
    ),
}
"""Head noun of an attribute that times a deed `{d}`, as `replacement` in `replacement interval`."""

ORDER: Final[dict[Language, tuple[str, ...]]] = {
    "en": ("With which {h} is {e} ordered?", "Which {h} stands for {e}?"),
    "zh": ("订购{e}要用哪个{h}？", "哪个{h}对应{e}？"),
}
"""Wordings of an attribute that identifies something when it is ordered; `{h}` is its head noun."""
ORDER_HEADS: Final[dict[Language, str]] = {
    "en": r"\b(code|number|no\.?|sku|reference)$",
    "zh": r"(编号|代码|货号|料号|型号)$",
}

NAMED: Final[dict[Language, tuple[str, ...]]] = {
    "en": (
        "Which {a} goes with {e}?",
        "Name the {a} for {e}.",
        "Which {a} do I need for {e}?",
        "I work on {e}. Which {a} is the right one?",
        "Which is the {a} that belongs to {e}?",
    ),
    "zh": ("{e}要用哪个{a}？", "{e}配哪种{a}？", "哪个{a}适合{e}？"),
}
"""Wordings of an attribute whose value is a name and no quantity."""

UNIT: Final[tuple[str, ...]] = ("In {u}, what {be} the {a} {p}?", "How many {u} {be} stated as the {a} {p}?")
"""English wordings of a quantity that name its unit `{u}`."""

UNIT_MEASURE: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("weight", ("How many {u} does {e} weigh?",)),
    ("mass", ("How many {u} does {e} weigh?",)),
    ("length", ("How many {u} long is {of}?", "How many {u} does {of} measure?")),
    ("height", ("How many {u} high is {of}?",)),
    ("width", ("How many {u} wide is {of}?",)),
    ("depth", ("How many {u} deep is {of}?",)),
    ("capacity", ("How many {u} does {e} hold?", "How many {u} fit into {e}?")),
    ("volume", ("How many {u} does {e} hold?", "How many {u} fit into {e}?")),
    ("flow", ("How many {u} come out of {e}?", "How many {u} can I get out of {e}?")),
    ("power", ("How many {u} does {e} need?", "How many {u} does {e} draw?")),
    ("consumption", ("How many {u} does {e} use?",)),
    ("warranty", ("How many {u} of warranty are there on {e}?",)),
)
"""English questions that name the unit `{u}` of a quantity and put its attribute into a verb."""

SIGN: Final[dict[Language, tuple[str, ...]]] = {
    "en": (
        "What is wrong when {t} shows{c}?",
        "Why does {t} come up{c}?",
        "{t} came up{c}. What has happened?",
        "What causes {t}{c}?",
        "What is the reason for {t}{c}?",
    ),
    "zh": ("{c}出现{t}说明什么？", "{c}为什么会出现{t}？", "看到{c}{t}，应该怀疑什么？", "{c}{t}是什么原因？"),
}
"""Wordings of a term that a device shows, as an error number or a lamp."""

SHOWN_BY: Final[tuple[str, ...]] = (
    "My {o} shows {t}. Why?",
    "Why is there {t} on my {o}?",
    "There is {t} on the {o}. What is it about?",
    "What does my {o} want to say with {t}?",
)
"""English wordings of a sign on a device `{o}` that somebody stands before."""
SIGN_TERMS: Final[dict[Language, str]] = {
    "en": r"\b(error|fault|alarm|warning|lamp|light|led|signal|message)\b",
    "zh": r"(错误|故障|报警|警报|警告|灯|信号|提示)",
}

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
        "Somebody mentioned {t}{c}; what does that refer to?",
        "{t}{c} explained",
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
        "{q} A short answer is enough.",
        "One more thing I am not sure about: {k}",
        "Hello, quick question. {q} Thanks.",
        "My colleague and I were wondering: {k}",
        "Can you help me with something? {q}",
        "Do you know the answer to this one: {k}",
        "Somebody called and asked: {k}",
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

REPHRASED: Final[dict[Language, tuple[tuple[str, tuple[str, ...]], ...]]] = {
    "en": (
        (
            r"How (?:do|can|should|must) (?:I|we|you|one) (?P<rest>[^?]+)\?",
            (
                "What do I have to do to {rest}?",
                "I want to {rest}. What do I do?",
                "Tell me how to {rest}.",
                "What is the way to {rest}?",
            ),
        ),
        (
            r"Where (?:do|can|should|must) (?:I|we|you) (?P<rest>[^?]+)\?",
            ("I want to {rest}. Where do I do that?", "Tell me where to {rest}.", "Is there a place to {rest}?"),
        ),
        (
            r"When (?:do|can|should|must) (?:I|we|you) (?P<rest>[^?]+)\?",
            ("I have to {rest}. When do I do that?", "Tell me when to {rest}.", "What is the time to {rest}?"),
        ),
        (
            r"(?:Can|May) (?:I|we) (?P<rest>[^?]+)\?",
            ("Is it possible to {rest}?", "I would like to {rest}. May I?", "Are we allowed to {rest}?"),
        ),
        (
            r"What (?:do|should|must) (?:I|we) do (?P<case>if|when) (?P<rest>[^?]+)\?",
            ("What has to be done {case} {rest}?", "Tell me what to do {case} {rest}.", "{case} {rest}, what next?"),
        ),
        (
            r"What happens (?P<case>if|when) (?P<rest>[^?]+)\?",
            ("{case} {rest}, what happens then?", "What is the consequence {case} {rest}?"),
        ),
        (
            r"(?:Which|What) (?P<thing>[a-z][a-z\- ]{2,30}?) (?P<verb>takes|handles|receives|does) (?P<rest>[^?]+)\?",
            ("{rest}: which {thing} {verb} that?", "Name the {thing} that {verb} {rest}."),
        ),
        (
            r"Who (?P<verb>\w+s) (?P<rest>[^?]+)\?",
            ("{rest}: who {verb} that?", "Name the person who {verb} {rest}."),
        ),
    ),
    "zh": (
        (
            r"(?P<what>[^，。？?]{0,20}?)(?:怎么|如何|怎样)(?P<rest>[^，。？?]{2,30})[？?]",
            ("{what}{rest}的方法是什么？", "{what}要{rest}，该怎么做？", "想{rest}，{what}应当怎么办？"),
        ),
        (
            r"(?P<what>[^，。？?]{1,24})(?:能不能|可不可以|能否|可否)(?P<rest>[^，。？?]{1,30})[？?]",
            ("{what}可以{rest}吗？", "{what}是否允许{rest}？", "想知道{what}能{rest}吗？"),
        ),
    ),
}
"""Shapes of whole questions and how else the same is asked."""

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
SAME_SENSE: Final[dict[Language, str]] = {
    "en": '"{one}" "{other}" Does "{t}" have the same meaning in both sentences?',
    "zh": "“{one}”“{other}”两句中的“{t}”意思相同吗？",
}
"""Asks whether a word has one sense in two sentences, as WiC does."""
YES_NO: Final[dict[Language, tuple[str, str]]] = {"en": ("yes", "no"), "zh": ("相同", "不同")}
"""The answers to it."""
