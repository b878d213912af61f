"""The words of the set-up interview: names of the profile's fields, the answers offered as buttons, values in words."""

from __future__ import annotations

from typing import Final

from agent.prompts.phrases import Phrases
from agent.records.base import Language

FIELD_NAMES: Final[Phrases] = {
    "goal": {"en": "task", "zh": "任务"},
    "task_kind": {"en": "kind of task", "zh": "任务类型"},
    "knowledge_change": {"en": "knowledge changes", "zh": "知识更新"},
    "needs_citations": {"en": "must cite sources", "zh": "须给出处"},
    "per_document_access_control": {"en": "access differs by document", "zh": "按文档区分权限"},
    "labelled_pairs": {"en": "good examples at hand", "zh": "现有好样本"},
    "documents": {"en": "documents", "zh": "文档"},
    "languages": {"en": "languages", "zh": "语言"},
    "privacy": {"en": "where data may go", "zh": "数据去向"},
    "hardware": {"en": "hardware", "zh": "硬件"},
    "base_model_params_b": {"en": "size of the base model", "zh": "基座大小"},
    "latency_target_ms": {"en": "time to answer", "zh": "响应时间"},
    "general_ability_matters": {"en": "keep general ability", "zh": "保留通用能力"},
    "target": {"en": "accuracy that is good enough", "zh": "够用的准确率"},
}

ANSWERS: Final[dict[str, dict[Language, tuple[str, ...]]]] = {
    "task_kind": {
        "en": (
            "know facts",
            "keep a style",
            "keep a format",
            "classify",
            "extract fields",
            "reason",
            "several of these",
        ),
        "zh": ("掌握事实", "保持文风", "保持格式", "分类", "抽取字段", "推理", "几样都有"),
    },
    "knowledge_change": {
        "en": ("daily", "weekly", "monthly", "yearly or rarer", "never changes"),
        "zh": ("每天", "每周", "每月", "每年或更少", "从不变"),
    },
    "needs_citations": {"en": ("yes", "no"), "zh": ("是", "不用")},
    "per_document_access_control": {
        "en": ("yes", "no, everybody may read all"),
        "zh": ("是", "不用，大家都能看"),
    },
    "privacy": {
        "en": ("air-gapped", "on premises", "cloud is fine"),
        "zh": ("隔离网络", "内网", "可以上云"),
    },
    "general_ability_matters": {"en": ("yes", "no"), "zh": ("是", "不用")},
    "labelled_pairs": {
        "en": ("none", "about 50", "about 200", "over 1000"),
        "zh": ("没有", "50 条", "200 条", "1000 条"),
    },
    "hardware": {"en": ("no GPU", "one A800", "I don't know"), "zh": ("没有显卡", "一张 A800", "不知道")},
    "target": {"en": ("70%", "80%", "90%", "I don't know"), "zh": ("70%", "80%", "90%", "不知道")},
}
"""Answers offered beside free text; each is understood as an answer to its field."""

VALUES: Final[Phrases] = {
    "facts": {"en": "facts", "zh": "事实"},
    "style": {"en": "style", "zh": "文风"},
    "format": {"en": "format", "zh": "格式"},
    "classification": {"en": "classification", "zh": "分类"},
    "extraction": {"en": "extraction", "zh": "抽取"},
    "reasoning": {"en": "reasoning", "zh": "推理"},
    "mixed": {"en": "several kinds", "zh": "多种"},
    "never": {"en": "never", "zh": "从不"},
    "yearly": {"en": "yearly or rarer", "zh": "每年或更少"},
    "monthly": {"en": "monthly", "zh": "每月"},
    "weekly": {"en": "weekly", "zh": "每周"},
    "daily": {"en": "daily", "zh": "每天"},
    "open": {"en": "may leave the site", "zh": "可以外传"},
    "on_premises": {"en": "stays on premises", "zh": "留在内网"},
    "air_gapped": {"en": "air-gapped", "zh": "隔离网络"},
    "true": {"en": "yes", "zh": "是"},
    "false": {"en": "no", "zh": "否"},
    "documents": {"en": "{count}", "zh": "{count} 份"},
    "hardware": {"en": "{count} × {device}", "zh": "{count} × {device}"},
    "no_gpu": {"en": "no GPU", "zh": "没有显卡"},
}
