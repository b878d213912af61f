"""The iteration log in words: what was changed, what it brought, and when to stop."""

from __future__ import annotations

from typing import Final

from agent.prompts.phrases import Phrases, fill, listed, percent, points
from agent.prompts.training import METHOD_NAMES
from agent.records.base import Language
from agent.records.iteration import ChangedFact, DimensionChange, Iteration

FACTS: Final[Phrases] = {
    "arm": {"en": "measured {after} instead of {before}", "zh": "由{before}改测{after}"},
    "base_model": {"en": "base model {before} → {after}", "zh": "基座 {before} → {after}"},
    "tune_run": {"en": "tuning run {before} → {after}", "zh": "微调运行 {before} → {after}"},
    "method": {"en": "method {before} → {after}", "zh": "方法 {before} → {after}"},
    "hyperparameter": {"en": "{name} {before} → {after}", "zh": "{name} {before} → {after}"},
    "followed": {
        "en": "{name} {before} → {after}, by the size of the data",
        "zh": "{name} {before} → {after}（随数据量）",
    },
    "mix": {"en": "mix {before} → {after}", "zh": "配比 {before} → {after}"},
    "domain_share": {"en": "domain share {before} → {after}", "zh": "领域占比 {before} → {after}"},
    "pairs": {"en": "training pairs ({before} → {after})", "zh": "训练样本（{before} → {after}）"},
    "general": {"en": "general data {before} → {after}", "zh": "通用数据 {before} → {after}"},
    "documents": {"en": "documents: {after} read, {before} taken out", "zh": "文档：读入 {after} 份，移除 {before} 份"},
    "search": {"en": "{name} {before} → {after}", "zh": "{name} {before} → {after}"},
    "index": {
        "en": "other passages shown for {before} of {after} questions",
        "zh": "{after} 题中有 {before} 题所示段落不同",
    },
    "k": {"en": "passages retrieved {before} → {after}", "zh": "检索段数 {before} → {after}"},
    "passages": {"en": "passages shown {before} → {after}", "zh": "所示段数 {before} → {after}"},
    "passage_characters": {"en": "characters shown {before} → {after}", "zh": "所示字数 {before} → {after}"},
    "abstain_below": {"en": "evidence needed to read {before} → {after}", "zh": "阅读所需证据 {before} → {after}"},
    "tokens": {"en": "limit of tokens ({name}) {before} → {after}", "zh": "生成长度上限（{name}）{before} → {after}"},
    "references": {"en": "{after} references corrected", "zh": "更正参考答案 {after} 题"},
    "items": {"en": "sealed items {before} → {after}", "zh": "封存题 {before} → {after}"},
    "again": {"en": "trained again, as before", "zh": "照旧重新训练"},
    "nothing": {"en": "nothing that is recorded", "zh": "无记录在案的改动"},
}

NAMES: Final[Phrases] = {
    "epochs": {"en": "epochs", "zh": "轮数"},
    "learning_rate": {"en": "learning rate", "zh": "学习率"},
    "batch_size": {"en": "batch size", "zh": "批大小"},
    "max_length": {"en": "longest example", "zh": "样本最长"},
    "rank": {"en": "rank", "zh": "秩"},
    "alpha": {"en": "alpha", "zh": "alpha"},
    "dropout": {"en": "dropout", "zh": "dropout"},
    "warmup_share": {"en": "warm-up", "zh": "预热"},
    "schedule": {"en": "schedule", "zh": "学习率曲线"},
    "compute_type": {"en": "compute type", "zh": "计算精度"},
    "weight_decay": {"en": "weight decay", "zh": "权重衰减"},
    "loss_mean": {"en": "mean of the loss", "zh": "损失均值"},
    "seed": {"en": "seed", "zh": "随机种子"},
    "embedding_model": {"en": "embedding model", "zh": "嵌入模型"},
    "reranker": {"en": "reranker", "zh": "重排模型"},
    "max_new_tokens": {"en": "a short answer", "zh": "短答案"},
    "most_tokens": {"en": "every answer", "zh": "所有答案"},
}
"""Hyperparameters and settings by their field."""

FINDINGS: Final[Phrases] = {
    "gain": {"en": "measurable gain", "zh": "可测的提升"},
    "loss": {"en": "measurable loss", "zh": "可测的下降"},
    "mixed": {"en": "gain and loss", "zh": "有升有降"},
    "nothing": {"en": "nothing measurable", "zh": "无可测变化"},
    "first": {"en": "first round", "zh": "首轮"},
    "other_items": {"en": "not comparable: no earlier round asked these items", "zh": "不可比：此前没有问过这些题"},
    "no_arm": {
        "en": "not comparable: no earlier round asked these items of an arm measured now",
        "zh": "不可比：此前没有以本轮的组回答这些题",
    },
    "several": {"en": "{count} changes at once", "zh": "同时改了 {count} 处"},
    "corrected": {"en": "{count} references corrected in between", "zh": "其间更正参考答案 {count} 题"},
}

TABLE: Final[Phrases] = {
    "title": {"en": "What was tried", "zh": "试过什么"},
    "lead": {
        "en": "Every round against the newest earlier one with the same items: the arm that would be shipped, paired "
        "difference in points with its 95% interval.",
        "zh": "每轮与此前题目相同的最近一轮比较：取将要交付的组，配对差值（百分点）及其 95% 区间。",
    },
    "round": {"en": "round", "zh": "轮次"},
    "when": {"en": "when", "zh": "时间"},
    "changed": {"en": "what changed", "zh": "改动"},
    "arm": {"en": "arm", "zh": "组"},
    "n": {"en": "n", "zh": "题数"},
    "difference": {"en": "difference (95% interval)", "zh": "差值（95% 区间）"},
    "finding": {"en": "finding", "zh": "判断"},
    "against": {"en": "{number}, against {compared}", "zh": "{number}，对比 {compared}"},
    "interval": {"en": "{difference} ({low} to {high})", "zh": "{difference}（{low} 至 {high}）"},
}

STOP: Final[Phrases] = {
    "nothing_yet": {
        "en": "Nothing was evaluated yet; the first evaluation is the round that the others are compared with.",
        "zh": "尚未评测；首次评测是后续各轮的比较基准。",
    },
    "target_met": {
        "en": "Stop: round {number} meets the target of {target} on {dimension}: {score} (95% interval {low} to "
        "{high}, n = {n}).",
        "zh": "可以停止：第 {number} 轮在{dimension}上已达 {target} 的目标：{score}（95% 区间 {low} 至 {high}，"
        "n = {n}）。",
    },
    "no_gain": {
        "en": "Stop: rounds {before} and {after} in a row gained nothing measurable. More rounds would mostly fit the "
        "validation set.",
        "zh": "停止：第 {before}、{after} 轮接连没有可测的提升。再试多半只是在迎合验证集。",
    },
    "small": {
        "en": "These items show {smallest} points and more, so a smaller gain may be there; more items would tell.",
        "zh": "这些题只能检出 {smallest} 个百分点以上的差异，更小的提升可能存在；需加题才能判断。",
    },
    "first": {
        "en": "Go on: round {number} is the one to compare with. Change one thing, the first fix of `domainsmith "
        "diagnose`, and ask the same items again.",
        "zh": "继续：以第 {number} 轮为比较基准。只改一处（`domainsmith diagnose` 的第一条），再测相同题目。",
    },
    "gained": {
        "en": "Go on: round {number} gained measurably and the target of {target} is not shown to be met.",
        "zh": "继续：第 {number} 轮有可测的提升，而 {target} 的目标尚未确认达到。",
    },
    "once": {
        "en": "Go on: round {number} gained nothing measurable; one more such round and it is time to stop.",
        "zh": "继续：第 {number} 轮没有可测的提升；再有一轮如此即应停止。",
    },
    "not_tried": {
        "en": "Go on: nothing that is recorded has been changed and measured on the same items yet.",
        "zh": "继续：还没有在相同题目上测过任何记录在案的改动。",
    },
    "take_back": {
        "en": "Round {number} lost measurably: take its change back before the next one.",
        "zh": "第 {number} 轮有可测的下降：先撤回该改动，再做下一项。",
    },
    "mixed": {
        "en": "Round {number} gained on one dimension and lost on another: weigh them before keeping its change.",
        "zh": "第 {number} 轮有升有降：权衡之后再决定是否保留该改动。",
    },
    "several": {
        "en": "Round {number} changed {count} things at once, so its difference is nobody's in particular; one at a "
        "time next.",
        "zh": "第 {number} 轮同时改了 {count} 处，差值无法归因；下次只改一处。",
    },
    "level": {
        "en": "Round {number} stands at {score} on {dimension} (95% interval {low} to {high}, n = {n}); the target is "
        "{target}.",
        "zh": "第 {number} 轮在{dimension}上为 {score}（95% 区间 {low} 至 {high}，n = {n}），目标 {target}。",
    },
}


def fact_text(fact: ChangedFact, lang: Language) -> str:
    """Return one difference in words."""
    before, after = (_value(fact, value, lang) for value in (fact.before, fact.after))
    name = fill(NAMES, fact.name, lang) if fact.name else ""
    return fill(FACTS, fact.what, lang, before=before, after=after, name=name)


def changed_text(iteration: Iteration, lang: Language) -> str:
    """Return what was changed for a round, shortly: what changed along with it is left to the record."""
    told = tuple(fact_text(fact, lang) for fact in iteration.changed if not fact.follows)
    if told:
        return {"en": "; ", "zh": "；"}[lang].join(told)
    if not iteration.compared:
        return "–"
    return fill(FACTS, "again" if iteration.changes else "nothing", lang)


def finding_text(iteration: Iteration, lang: Language) -> str:
    """Return what a round brought, and what must be known to read it."""
    parts = [fill(FINDINGS, iteration.why or iteration.finding, lang)]
    if iteration.changes > 1:
        parts.append(fill(FINDINGS, "several", lang, count=iteration.changes))
    if iteration.corrected:
        parts.append(fill(FINDINGS, "corrected", lang, count=iteration.corrected))
    return listed(tuple(parts), lang)


def difference_text(change: DimensionChange, lang: Language) -> str:
    """Return a paired difference with its interval, in points."""
    values = {"difference": change.difference, "low": change.low, "high": change.high}
    return fill(TABLE, "interval", lang, **{name: points(value) for name, value in values.items()})


def _value(fact: ChangedFact, value: str, lang: Language) -> str:
    if not value:
        return "–"
    match fact.what:
        case "domain_share":
            return percent(float(value))
        case "method":
            return next((names[lang] for method, names in METHOD_NAMES.items() if method == value), value)
        case "base_model":
            return value.rsplit("/", 1)[-1]
        case _:
            return value
