"""What a message names beside its action: paths, shares, devices, sizes, methods, ranks, questions, topics.

Rules, not guesses: a slot is there only if the message says it. `read_slots("tune", "Q-LoRA with rank 32, 3 epochs")`
is `{"method": "qlora", "rank": 32, "epochs": 3.0}`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from agent.records.decision import Action
from graph.understanding.facts import read_facts
from graph.understanding.numbers import amount, fraction, spaced
from tools.hardware import catalogue

_QUOTED: Final = re.compile(r"[\"“”『「《‘'`]([^\"“”』」》’'`]{2,300})[\"“”』」》’'`]")
_PATH: Final = re.compile(
    r"(?:(?<=^)|(?<=[\s\"'“（(：:，,、]))"
    r"(?:~?/[^\s\"'”，。；、]+|\.{1,2}/[^\s\"'”，。；、]+|[a-zA-Z]:[\\/][^\s\"'”，。；、]+|\\\\[^\s\"'”，。；、]+"
    r"|[\w.\-\u4e00-\u9fff]+\.(?:pdf|docx?|xlsx?|pptx?|md|txt|html?|csv|tsv|jsonl?|zip|eml|epub))"
)
_METHODS: Final[Mapping[str, str]] = {
    "qlora": r"\bq-?lora\b|4[- ]?bit (?:lora|tun)|量化微调|4位量化",
    "full": r"\bfull(?:[- ]parameter)?(?: fine[- ]?tun\w*|[- ]?tun\w*| ft| training)\b|\bfull[- ]parameter\b|全量|全参数?",
    "lora": r"(?<!q)(?<!q-)\blora\b",
}
_ARMS: Final[Mapping[str, str]] = {
    "tuned+rag": r"tuned ?\+ ?rag|rag ?\+ ?tuned|(?:fine-?)?tuned with rag|微调 ?\+ ?(?:RAG|检索)|(?:RAG|检索) ?\+ ?微调",
    "rag": r"\brag\b|retriev\w+|检索",
    "tuned": r"\b(?:fine-?)?tuned\b|微调(?:后|过)?的?模型|微调后",
    "base": r"\bbase(?: model|line)?\b|\boriginal model\b|基座|原(?:版|始|来的)?模型|基线",
}
_DIMENSIONS: Final[Mapping[str, str]] = {
    "tokenization": r"token(?:ization|izer)|分词",
    "syntax": r"synta\w+|grammar|句法|语法",
    "disambiguation": r"disambiguat\w+|ambiguit\w+|消歧|歧义",
    "understanding": r"(?:reading )?comprehension|understanding|理解",
    "domain_knowledge": r"domain knowledge|(?<!general )knowledge|领域知识|专业知识",
    "instruction_following": r"instruction[- ]following|(?:following|obey\w*) instructions|指令",
    "faithfulness": r"faithful\w*|hallucinat\w*|made[- ]up|invent\w*|忠实|幻觉|瞎编|胡编|编造",
    "general_ability": r"general abilit\w+|forgett\w+|forgot\w*|通用能力|遗忘|变笨",
}
_TOPIC: Final = re.compile(
    r"(?:bad|poor|weak|wrong|worse|fail\w*|terrible|mistakes?|errors?|struggl\w+|low|off|trouble|problems?|score\w*|answer\w*)"
    r"[^.?!;]{0,30}?\b(?:at|on|in|with|for|about|around|when it comes to|regarding)\s+(?:the |our |its |all )?"
    r"(?P<en>(?!bad|poor|all\b|every|this|that|it\b|them)[\w][\w \-/]{1,40}?)"
    r"(?=\s*(?:$|[.?!,;]|\bso\b|\band\b|\bbut\b|\bin the\b|\bafter\b|\bsince\b|\bquestions?\b|\banswers?\b|\bitems?\b))"
    r"|(?:why (?:is|are|does|do|was|were) (?:the |our |its |it so )?)(?P<subject>(?!it\b|this|that|so\b|the model|our model)[\w][\w \-]{1,30}?)"
    r"\s+(?:(?:questions?|answers?|items?) )?(?:so |always |often )?(?:bad|wrong|poor|weak|fail\w*|low|off)\b"
    r"|(?:在|对|关于|涉及)?(?P<zh>[\u4e00-\u9fffA-Za-z0-9]{2,12}?)(?:方面|这块|这类|类|上|的)?(?:的)?(?:问题|题|题目|答案|回答)?(?:为什么|为啥|怎么|咋)?"
    r"(?:总是|老是|都|这么|那么|会|还|答得|回答得|表现)*(?:不对|不准|答错|出错|错|差|糟|烂|不好|低)",
    re.IGNORECASE,
)
_WHY: Final = re.compile(r"^\W*(?:请问|想问|那)?(?:为什么|为啥|为何|怎么|咋|干嘛)")
_NO_TOPIC: Final = re.compile(
    r"^(?:it|this|that|the|model|our model|everything|result\w*|evaluation|score\w*|answer\w*|last|performance|accuracy|"
    r"training|tuning|the model|(?:our |the )?(?:last |latest )?(?:evaluation|run|test|results?|scores?)|"
    r".*(?:模型|结果|评测|效果|成绩|分数|评估|准确率|它|这个|上次|最近|为什么|怎么|得分|微调|训练|表现).*)$",
    re.IGNORECASE,
)
_ASK_FRAME: Final = re.compile(
    r"^\W*(?:(?:please|could you|can you|would you)\s+)?(?:ask|put|pose|run|try|compare|show|let|answer|give)\b[^:：?？]{0,80}[:：]\s*"
    r"|^\W*(?:请|帮我|麻烦)?(?:问一?问?|让|用|对比|比较|同时|分别)[^：:?？]{0,40}[：:]\s*",
    re.IGNORECASE,
)
_CANCEL: Final = re.compile(
    r"\b(?:cancel|stop|abort|halt|kill|terminate|interrupt|call off|pause)\b|取消|停掉|停止|中止|终止|停下|停了|掐掉|别跑|暂停|叫停",
    re.IGNORECASE,
)
_RESUME: Final = re.compile(
    r"\b(?:resum\w+|carry on|continu\w+|pick up|go on)\b|接着|继续|续训|断点|恢复", re.IGNORECASE
)


def read_slots(action: Action, text: str) -> dict[str, Any]:
    """Return the slots of an action that a message fills, as plain values."""
    plain = " ".join(text.split())
    apart = spaced(plain)
    found: dict[str, Any] = {}
    for read in _READERS.get(action, ()):
        # A question and a path are taken over word for word; everything else is searched for.
        found.update(read(plain if read in _VERBATIM else apart))
    return found


def paths_in(text: str) -> list[str]:
    """Return the file and folder names of a message, as written."""
    return [match[0].rstrip(".,;:!?)）") for match in _PATH.finditer(text)]


def _paths(text: str) -> dict[str, Any]:
    found = paths_in(text)
    return {"paths": found} if found else {}


def _facts(text: str) -> dict[str, Any]:
    facts = read_facts(text)
    return {"facts": facts} if facts else {}


def _share(text: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    value = fraction(text)
    if value is None:
        match = re.search(r"(\d)\s*[:：比]\s*(\d)(?!\d)|([一二三四五六七八九])([一二三四五六七八九])开", text)
        if match is not None:
            left = int(match[1]) if match[1] else amount(match[3]) or 0
            right = int(match[2]) if match[2] else amount(match[4]) or 0
            value = round(left / (left + right), 4) if left + right == 10 else None
    if value is not None and 0 < value <= 1:
        general = re.search(
            r"(?:general|replay|通用|回放)[^\d%]{0,20}(?:\d|百分|[一二三四五六七八九]成)"
            r"|(?:\d\s*%|percent|成)[^\d]{0,12}(?:general|replay|通用|回放)",
            text,
            re.IGNORECASE,
        )
        domain = re.search(r"domain|领域|专业|our (?:own )?data|我们的", text, re.IGNORECASE)
        found["domain_share"] = round(1 - value, 4) if general and not domain else value
    if re.search(r"\bby tokens?\b|按 ?(?:token|词元)", text, re.IGNORECASE):
        found["by"] = "tokens"
    return found


def _device(text: str) -> dict[str, Any]:
    """Read devices of the catalogue, how many of each, and `this machine`."""
    folded = "".join(character for character in text.casefold() if character.isalnum() or character in " ,，、")
    named: list[tuple[int, str]] = []
    for device in catalogue():
        for alias in (device.name, *device.aliases):
            key = "".join(character for character in alias.casefold() if character.isalnum() or character == " ")
            at = folded.find(key) if len(key) >= 3 else -1
            if at < 0:
                at = folded.replace(" ", "").find(key.replace(" ", "")) if len(key) >= 4 else -1
            if at >= 0:
                named.append((at, device.name))
                break
    found: dict[str, Any] = {}
    if named:
        found["devices"] = [name for _, name in sorted(named)]
        found["device"] = found["devices"][0]
    elif re.search(
        r"\bthis (?:machine|computer|laptop|server|box)\b|\bhere\b|\bour cpu\b|本机|这台|这机器|我的电脑",
        text,
        re.IGNORECASE,
    ):
        found["device"] = "this machine"
    count = re.search(
        r"(?P<n>\d{1,4}|one|two|three|four|five|six|seven|eight|sixteen|single|[一二两三四五六七八九十]+)\s*(?:x|×|\*|张|块|片|卡|pieces? of)?\s*"
        r"(?:nvidia|moore|mtt|huawei|ascend|rtx|gpus?|cards?|a\d{2,3}|h\d{2,3}|v100|s[34]000|910|4090|3090|昇腾|摩尔|英伟达|显卡|卡)",
        text,
        re.IGNORECASE,
    )
    if count is not None and not re.fullmatch(r"\d{3,}", count["n"]):
        number = 1 if count["n"].lower() == "single" else amount(count["n"])
        if number:
            found["count"] = number
    return found


def _size(text: str) -> dict[str, Any]:
    size = read_facts(text).get("base_model_params_b")
    return {"params_b": size} if size else {}


def _method(text: str) -> dict[str, Any]:
    for method, pattern in _METHODS.items():
        if re.search(pattern, text, re.IGNORECASE):
            return {"method": method}
    return {}


def _hyperparameters(text: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    rank = re.search(
        r"(?:\brank\b|\br\b|秩)\s*(?:of|=|:|为|设为|调到|取|用)?\s*(\d{1,4})|(\d{1,4})\s*(?:的秩|rank)",
        text,
        re.IGNORECASE,
    )
    if rank:
        found["rank"] = int(rank[1] or rank[2])
    epochs = re.search(
        r"(\d+(?:\.\d+)?|one|two|three|four|five|six|ten|[一二两三四五六七八九十]+)\s*(?:epochs?|passes|rounds|轮|遍|个epoch)|epochs?\s*(?:of|=|:|设为|为)?\s*(\d+(?:\.\d+)?)",
        text,
        re.IGNORECASE,
    )
    if epochs:
        said = epochs[1] or epochs[2]
        value = float(said) if said[0].isdigit() else amount(said)
        if value:
            found["epochs"] = float(value)
    rate = re.search(
        r"(?:learning[- ]?rate|\blr\b|学习率)\s*(?:of|to|=|:|为|设为|调到)?\s*(\d+(?:\.\d+)?(?:e-?\d+)?)",
        text,
        re.IGNORECASE,
    )
    if rate:
        found["learning_rate"] = float(rate[1])
    return found


def _resume(text: str) -> dict[str, Any]:
    return {"resume": True} if _RESUME.search(text) else {}


def _arms(text: str) -> dict[str, Any]:
    rest, chosen = text, []
    for arm, pattern in _ARMS.items():
        if re.search(pattern, rest, re.IGNORECASE):
            chosen.append(arm)
            if arm == "tuned+rag":
                rest = re.sub(pattern, " ", rest, flags=re.IGNORECASE)
    order = ("base", "rag", "tuned", "tuned+rag")
    return {"arms": [arm for arm in order if arm in chosen]} if len(chosen) > 1 else {}


def _question(text: str) -> dict[str, Any]:
    """Return the question to put to the models: what stands in quotes or after a colon, or the message itself."""
    quoted = _QUOTED.findall(text)
    if quoted and (
        _ASK_FRAME.match(text) or re.search(r"\bask\b|side by side|compare|问|对比|并排", text, re.IGNORECASE)
    ):
        return {"question": max(quoted, key=len).strip()}
    framed = _ASK_FRAME.match(text)
    question = text[framed.end() :].strip() if framed else text
    return {"question": question} if len(question) > 1 else {}


def _dimension(text: str) -> dict[str, Any]:
    for dimension, pattern in _DIMENSIONS.items():
        if re.search(pattern, text, re.IGNORECASE):
            return {"dimension": dimension}
    return {}


def _topic(text: str) -> dict[str, Any]:
    match = _TOPIC.search(_WHY.sub("", text))
    if match is None:
        return {}
    said = (match["en"] or match["subject"] or match["zh"] or "").strip()
    return {} if not said or _NO_TOPIC.match(said) else {"topic": said}


def _run(text: str) -> dict[str, Any]:
    match = re.search(r"\b\d{8}T\d{6}Z-[a-z]+(?:-\d+)?\b", text)
    return {"run": match[0]} if match else {}


def _cancel(text: str) -> dict[str, Any]:
    return {"cancel": True} if _CANCEL.search(text) else {}


def _ask_guide(text: str) -> dict[str, Any]:
    return {"question": text}


def _limit(text: str) -> dict[str, Any]:
    match = re.search(
        r"(?:only |just |limit(?:ed)? to |at most |最多|只用|只测|前)\s*(\d+)\s*(?:items|questions|题|道)?",
        text,
        re.IGNORECASE,
    )
    return {"limit": int(match[1])} if match else {}


_Reader = Callable[[str], dict[str, Any]]
_READERS: Final[Mapping[Action, tuple[_Reader, ...]]] = {
    "setup": (_facts, _paths, _device),
    "ingest": (_paths,),
    "decide": (_facts,),
    "mix": (_share,),
    "plan": (_device, _size, _method),
    "tune": (_method, _hyperparameters, _device, _size, _resume),
    "validate": (_paths,),
    "evaluate": (_arms, _paths, _limit),
    "diagnose": (_dimension, _topic, _run),
    "compare": (_question, _arms),
    "benchmark": (_device,),
    "status": (_cancel,),
    "guide": (_ask_guide,),
    "review": (_topic,),
}
"""Which readers look for the slots of each action."""
_VERBATIM: Final = (_paths, _question, _ask_guide)
