"""Names of stations, dimensions and causes as the conversation says them."""

from __future__ import annotations

from typing import Final

from agent.prompts.phrases import Phrases, fill
from agent.records.base import Language

_NAMES: Final[Phrases] = {
    "profile": {"en": "Profile", "zh": "概况"},
    "documents": {"en": "Documents", "zh": "文档"},
    "pairs": {"en": "Pairs", "zh": "问答对"},
    "mix": {"en": "Mix", "zh": "配比"},
    "tune": {"en": "Tune", "zh": "微调"},
    "evaluate": {"en": "Evaluate", "zh": "评测"},
    "decide": {"en": "Decide", "zh": "决定"},
    "tokenization": {"en": "tokenization", "zh": "分词"},
    "syntax": {"en": "syntax", "zh": "句法"},
    "disambiguation": {"en": "disambiguation", "zh": "消歧"},
    "understanding": {"en": "understanding", "zh": "理解"},
    "domain_knowledge": {"en": "domain knowledge", "zh": "领域知识"},
    "domain_knowledge_held_out": {"en": "domain knowledge, held-out documents", "zh": "领域知识（保留文档）"},
    "instruction_following": {"en": "instruction following", "zh": "指令遵循"},
    "faithfulness": {"en": "faithfulness", "zh": "忠实度"},
    "general_ability": {"en": "general ability", "zh": "通用能力"},
    "wrong_reference": {"en": "wrong reference answer", "zh": "参考答案有误"},
    "missing_source": {"en": "no document holds the answer", "zh": "没有文档含有答案"},
    "retrieval_miss": {"en": "the right passage was not retrieved", "zh": "没有检索到正确段落"},
    "context_lost": {"en": "the passage was retrieved but cut", "zh": "检索到了但被截断"},
    "reader_miss": {"en": "the passage was there and misread", "zh": "段落在眼前却读错"},
    "unsupported": {"en": "the answer claims what the context does not hold", "zh": "答案超出资料内容"},
    "format": {"en": "right content, wrong form", "zh": "内容对，形式不对"},
    "truncated": {"en": "the answer was cut off", "zh": "答案被截断"},
    "knowledge_gap": {"en": "the model does not know it", "zh": "模型不知道"},
    "bad_training_pair": {"en": "a training pair teaches a wrong answer", "zh": "训练样本教错"},
    "undertrained": {"en": "trained too little", "zh": "训练不足"},
    "overfit": {"en": "trained too long", "zh": "训练过度"},
    "forgetting": {"en": "general ability was forgotten", "zh": "遗忘了通用能力"},
    "ambiguous_question": {"en": "the question fits several things", "zh": "问题对应多个对象"},
    "unexplained": {"en": "not explained by any test", "zh": "没有检验能解释"},
}


def station_name(name: str, lang: Language) -> str:
    """Return a station of the road in words."""
    return fill(_NAMES, name, lang)


def dimension_name(name: str, lang: Language) -> str:
    """Return a dimension of the evaluation in words."""
    return fill(_NAMES, name, lang)


def cause_name(name: str, lang: Language) -> str:
    """Return a cause of failure in words."""
    return fill(_NAMES, name, lang)
