"""Why this base model and no other."""

from __future__ import annotations

from typing import Final

from agent.prompts.phrases import Phrases

BASE_CHOICE: Final[Phrases] = {
    "nothing_to_compare": {
        "en": "fewer than two base models were measured on the same sealed items: set DOMAINSMITH_BASE_MODEL to "
        "another one and evaluate again with --arms base,rag,oracle",
        "zh": "用同一批封存题测过的基座不足两个：把 DOMAINSMITH_BASE_MODEL 设为另一个模型，"
        "再以 --arms base,rag,oracle 评测",
    },
    "smallest": {
        "en": "{model} is the smallest that reaches {target}: {score} (95% interval {low} to {high}, n = {n})",
        "zh": "{model} 是达到 {target} 的最小模型：{score}（95% 区间 {low} 至 {high}，n = {n}）",
    },
    "smaller_may_do": {
        "en": "the smaller {model} may reach it too: {score} (95% interval {low} to {high}, n = {n}); more items would "
        "tell",
        "zh": "更小的 {model} 也可能达到：{score}（95% 区间 {low} 至 {high}，n = {n}）；增加题目才能判断",
    },
    "not_enough": {
        "en": "not enough evidence: the interval of {model} spans {target}: {score} ({low} to {high}, n = {n})",
        "zh": "证据不足：{model} 的区间跨越 {target}：{score}（{low} 至 {high}，n = {n}）",
    },
    "none_reaches": {
        "en": "none reaches {target}; the best is {model} with {score} (95% interval {low} to {high}, n = {n}): mend "
        "data and tune, or try a larger one",
        "zh": "没有一个达到 {target}；最好的是 {model}，{score}（95% 区间 {low} 至 {high}，n = {n}）：先改数据再微调，"
        "或换更大的模型",
    },
    "flexibility_best": {
        "en": "no candidate has more general ability than {model}: {score} ({low} to {high}, n = {n})",
        "zh": "没有哪个候选的通用能力高于 {model}：{score}（{low} 至 {high}，n = {n}）",
    },
    "flexibility_costs": {
        "en": "its price is general ability: {score} ({low} to {high}, n = {n}), {gap} points against {other}",
        "zh": "代价是通用能力：{score}（{low} 至 {high}，n = {n}），比 {other} 相差 {gap} 分",
    },
    "flexibility_open": {
        "en": "general ability {score} ({low} to {high}, n = {n}); a difference to {other} is not shown",
        "zh": "通用能力 {score}（{low} 至 {high}，n = {n}）；与 {other} 的差别未得到证明",
    },
}
