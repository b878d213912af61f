"""What is said around a climb of the ladder: checks of the data, fixes, consent, and the record as a page."""

from __future__ import annotations

from typing import Final

from agent.prompts.phrases import Phrases, fill
from agent.records.base import Language

_CHECKS: Final[Phrases] = {
    "grounded": {"en": "wrong or ungrounded pairs", "zh": "错误或无依据的问答"},
    "duplicates": {"en": "duplicates", "zh": "重复"},
    "leakage": {"en": "leakage", "zh": "泄漏"},
    "form": {"en": "faults of form", "zh": "格式问题"},
    "coverage": {"en": "coverage", "zh": "覆盖"},
    "balance": {"en": "balance", "zh": "均衡"},
    "wordings": {"en": "wordings of a fact", "zh": "每条事实的问法"},
    "replay": {"en": "share of general data", "zh": "通用数据占比"},
}


def check_names(names: tuple[str, ...], lang: Language) -> tuple[str, ...]:
    """Return the names of data checks as a person reads them; a check of somebody else's keeps its own name."""
    return tuple(_CHECKS[name][lang] if name in _CHECKS else name for name in names)


FOUND: Final[Phrases] = {
    "grounded": {
        "en": "{wrong} of {pairs} pairs are wrong or not borne out by their passage ({share}, at most {limit})"
        "; {conflicting} of them contradict another pair; {unsourced} pairs have no passage to hold them against",
        "zh": "{pairs} 条问答中 {wrong} 条有错或原文不支持（{share}，上限 {limit}），其中 {conflicting} 条与别的"
        "问答矛盾；{unsourced} 条没有可对照的原文",
    },
    "duplicates": {
        "en": "{count} of {pairs} pairs repeat another, question and answer ({share}, at most {limit})",
        "zh": "{pairs} 条问答中 {count} 条与另一条问答重复（{share}，上限 {limit}）",
    },
    "leakage": {
        "en": "{count} pairs share something with a sealed item (none may)",
        "zh": "{count} 条问答与封存题相通（一条也不允许）",
    },
    "form": {
        "en": "{count} of {pairs} pairs have marks of a chat template, broken characters, or a reply that only repeats "
        "the question ({share}, at most {limit})",
        "zh": "{pairs} 条问答中 {count} 条带有对话模板标记、乱码，或答案只是重复问题（{share}，上限 {limit}）",
    },
    "coverage": {
        "en": "{covered} of {documents} documents that may teach have pairs ({share}, at least {limit})",
        "zh": "{documents} 份可用于训练的文档中 {covered} 份有问答（{share}，下限 {limit}）",
    },
    "balance": {
        "en": "the largest group of pairs is {ratio} times the smallest (at most {limit}){what}",
        "zh": "最大一组问答是最小一组的 {ratio} 倍（上限 {limit}）{what}",
    },
    "balance_none": {"en": "there are no groups to compare", "zh": "没有可比较的分组"},
    "wordings": {
        "en": "a fact has {found} wordings on average (at least {limit})",
        "zh": "每条事实平均有 {found} 种问法（下限 {limit}）",
    },
    "wordings_none": {"en": "the mix does not teach facts", "zh": "该配比不教事实"},
    "replay": {
        "en": "{share} of the examples are general data (at least {limit})",
        "zh": "通用数据占样本的 {share}（下限 {limit}）",
    },
}

FIXES: Final[Phrases] = {
    "grounded": {
        "en": "Correct or reject the wrong pairs, then mix again.",
        "zh": "更正或拒绝错误的问答，再重新配比。",
    },
    "duplicates": {"en": "Reject the repeated pairs, then mix again.", "zh": "拒绝重复的问答，再重新配比。"},
    "leakage": {"en": "Mix again without the pairs that leak.", "zh": "去掉泄漏的问答，重新配比。"},
    "form": {"en": "Correct or reject the pairs with faults of form.", "zh": "更正或拒绝有格式问题的问答。"},
    "coverage": {"en": "Make pairs from the documents that have none.", "zh": "为没有问答的文档生成问答。"},
    "balance": {"en": "Make or write pairs for the small groups.", "zh": "为小组别补充问答。"},
    "wordings": {
        "en": "Make more wordings of each fact ({count}), then mix again.",
        "zh": "为每条事实增加问法（{count} 种），再重新配比。",
    },
    "replay": {"en": "Mix again with general data.", "zh": "加入通用数据重新配比。"},
    "more_pairs": {
        "en": "Add pairs: twice as many are foreseen to bring {gain} points ({low} to {high}){target}.",
        "zh": "增加问答：翻倍预计带来 {gain} 分（{low} 到 {high}）{target}。",
    },
    "more_pairs_unknown": {"en": "Add pairs, then measure again.", "zh": "增加问答后再测。"},
    "more_pairs_target": {
        "en": "; the target would take about {pairs} pairs instead of {now} ({low} to {high})",
        "zh": "；达到目标约需 {pairs} 条，现有 {now} 条（{low} 到 {high}）",
    },
    "more_pairs_never": {
        "en": "; more of the same is not foreseen to reach the target",
        "zh": "；仅增加同类数据预计达不到目标",
    },
    "more_items": {
        "en": "Seal more items: {n} cannot tell this score from the target, about {count} could.",
        "zh": "增加封存题：{n} 题无法区分该得分与目标，约需 {count} 题。",
    },
    "unscored": {
        "en": "See why {errors} of {items} items could not be scored, and mend that first.",
        "zh": "查看 {items} 题中 {errors} 题为何无法评分，先解决。",
    },
    "no_items": {"en": "Seal items of {dimension}.", "zh": "封存“{dimension}”的题目。"},
    "longer": {"en": "Train longer: the loss still falls.", "zh": "延长训练：损失仍在下降。"},
    "longer_to_tell": {
        "en": "Train longer: whether the loss still falls cannot be told.",
        "zh": "延长训练：分辨不出损失是否仍在下降。",
    },
    "more_items_gain": {
        "en": "Seal more items: {n} leave room for a gain by more steps, about {count} could rule it out.",
        "zh": "增加封存题：{n} 题排除不了加长训练带来的提高，约需 {count} 题。",
    },
    "more_items_curve": {
        "en": "Seal more items: {n} leave room for a gain by more pairs, about {count} could rule it out.",
        "zh": "增加封存题：{n} 题排除不了增加问答带来的提高，约需 {count} 题。",
    },
    "diagnose": {"en": "Look at the failed items and their causes.", "zh": "查看答错的题目及原因。"},
    "climb": {
        "en": "Agree to {method}: {cost}.",
        "zh": "同意进入 {method}：{cost}。",
    },
    "climb_cost": {
        "en": "its pilot took {seconds} of training, and {gib} GiB are foreseen; its own learning curve and the pilot "
        "above come on top",
        "zh": "其试跑训练用时 {seconds}，预计需要 {gib} GiB；另加该级的学习曲线与更高一级的试跑",
    },
    "smaller_batch": {
        "en": "Keep {method} with a smaller batch: `batch_size` in the request, or shorter examples.",
        "zh": "保留 {method}，减小批量（请求中的 `batch_size`）或缩短样本。",
    },
    "other_method": {"en": "Choose {method}, which fits.", "zh": "改用放得下的 {method}。"},
    "smaller_model": {"en": "Choose a smaller base model.", "zh": "选更小的基座模型。"},
    "larger_model": {"en": "Choose a larger base model.", "zh": "选更大的基座模型。"},
}

CLIMB: Final[Phrases] = {
    "data": {"en": "checks of the data", "zh": "检查数据"},
    "by_plan": {"en": "the yes to the climb and its measurements", "zh": "对爬梯及其测量的同意"},
    "by_rung": {"en": "the yes to rungs up to {method}", "zh": "对直到 {method} 各级的同意"},
    "why_rung": {"en": "{method}{rank} on the whole mix", "zh": "用整个配比训练 {method}{rank}"},
    "why_half": {
        "en": "{method}{rank} in half as many steps, whether more would help",
        "zh": "步数减半的 {method}{rank}，看加长是否有用",
    },
    "why_curve": {
        "en": "learning curve: {share} of the data in as many steps",
        "zh": "学习曲线：{share} 的数据，步数相同",
    },
    "why_reference": {
        "en": "{method}{rank} in as few steps as a pilot, to compare it with",
        "zh": "步数与试跑相同的 {method}{rank}，用于比较",
    },
    "why_pilot": {"en": "pilot of {method}{rank}", "zh": "{method}{rank} 试跑"},
    "rank": {"en": " at rank {rank}", "zh": "（秩 {rank}）"},
    "taken_over": {
        "en": "{what}: trained before (run {run}), taken over",
        "zh": "{what}：先前已训练（运行 {run}），直接沿用",
    },
    "goes_on": {"en": "{what}: goes on where it stood (run {run})", "zh": "{what}：从中断处继续（运行 {run}）"},
    "scored": {"en": "{what}: {score} ({low} to {high}, n = {n})", "zh": "{what}：{score}（{low} 到 {high}，n = {n}）"},
    "no_items": {
        "en": "no item of {dimension} is sealed, so nothing can be said of the target and the climb ends on this rung",
        "zh": "没有封存“{dimension}”的题目，无法判断是否达标，爬梯止于本级",
    },
    "awaiting": {
        "en": "the gates are open for {method}; it waits for your yes",
        "zh": "进入 {method} 的条件已满足，等待您同意",
    },
    "one_run": {
        "en": "one run on the first rung; whether a higher one would pay was not measured (`--yes` climbs by its "
        "gates: {time})",
        "zh": "只在第一级训练了一次；未测量换级是否值得（`--yes` 按条件爬梯：{time}）",
    },
    "subject": {
        "en": "{what}, then up the ladder by its gates as far as {method}: at most {trainings} trainings, each "
        "measured on {items} sealed items",
        "zh": "{what}，再按条件爬梯，最高到 {method}：至多 {trainings} 次训练，每次在 {items} 道封存题上测量",
    },
    "ask": {
        "en": "Climb as far as that? Without a yes one run is trained on the first rung. [y/N] ",
        "zh": "爬到那一级为止？不同意则只在第一级训练一次。[y/N] ",
    },
}

REPORT: Final[Phrases] = {
    "title": {"en": "The ladder: {outcome}", "zh": "阶梯：{outcome}"},
    "done": {"en": "the target is met", "zh": "已达标"},
    "mend_data": {"en": "mend the data first", "zh": "先改进数据"},
    "awaiting_approval": {"en": "a higher rung waits for your yes", "zh": "更高一级等待您同意"},
    "ask": {"en": "a decision of yours is needed", "zh": "需要您决定"},
    "head": {
        "en": "Mix {mix}; target {target} on {dimension} ({source}); agreed to in advance: {climb_to}. "
        "{trainings} trainings, {seconds} in all.",
        "zh": "配比 {mix}；目标：{dimension} 达到 {target}（{source}）；事先同意到：{climb_to}。"
        "共 {trainings} 次训练，{seconds}。",
    },
    "request": {"en": "as asked", "zh": "按要求"},
    "profile": {"en": "from the profile", "zh": "来自项目概况"},
    "default": {"en": "the default", "zh": "默认值"},
    "chosen": {"en": "The result is run {run}: {method}{rank}.", "zh": "结果取自运行 {run}：{method}{rank}。"},
    "start": {"en": "Where it started", "zh": "起点"},
    "data": {"en": "Checks of the data", "zh": "数据检查"},
    "rung": {"en": "Rung {number}: {method}{rank}", "zh": "第 {number} 级：{method}{rank}"},
    "gates": {"en": "Gates", "zh": "换级条件"},
    "open": {"en": "holds", "zh": "成立"},
    "shut": {"en": "does not hold", "zh": "不成立"},
    "unmeasured": {"en": "not measured", "zh": "未测"},
    "gate_data": {"en": "data checks pass", "zh": "数据检查通过"},
    "gate_target": {"en": "the target is out of reach", "zh": "够不到目标"},
    "gate_plateau": {"en": "the loss has plateaued, or is outrun", "zh": "损失走平或被超过"},
    "gate_curve": {"en": "the learning curve is flat, or is outrun", "zh": "学习曲线已平或被超过"},
    "gate_pilot": {"en": "a step further may help", "zh": "再进一步可能有用"},
    "needs": {"en": "{need} GiB foreseen", "zh": "预计 {need} GiB"},
    "decision": {"en": "So: {outcome}", "zh": "结论：{outcome}"},
    "outcome_done": {"en": "stop here", "zh": "止于此"},
    "outcome_mend_data": {"en": "no climb, mend the data", "zh": "不换级，改进数据"},
    "outcome_stay": {"en": "same rung, higher rank", "zh": "同级，提高秩"},
    "outcome_climb": {"en": "on to {method}", "zh": "进入 {method}"},
    "outcome_ask": {"en": "ask", "zh": "询问"},
    "curve": {
        "en": "Learning curve (nested random parts of every fact's pairs, as many steps each): {points}. Twice the "
        "pairs: {gain} points ({low} to {high}), to {at}.",
        "zh": "学习曲线（每条事实的问答随机取嵌套子集，步数相同）：{points}。"
        "问答翻倍：{gain} 分（{low} 到 {high}），至 {at}。",
    },
    "rank_gain": {
        "en": "Against the lower rank on the same items: {gain} points ({low} to {high}, n = {n}).",
        "zh": "与较低的秩在相同题目上比较：{gain} 分（{low} 到 {high}，n = {n}）。",
    },
    "steps": {"en": "Steps", "zh": "步骤"},
    "step_head": {
        "en": "| what | run | steps | seconds | GiB | loss | score | on whose yes |",
        "zh": "| 内容 | 运行 | 步数 | 秒 | GiB | 损失 | 得分 | 依据的同意 |",
    },
    "taken": {"en": "taken over", "zh": "沿用"},
    "fixes": {"en": "What to do next", "zh": "接下来"},
    "limits": {
        "en": "One training each, one seed: the intervals are of the items, not of the luck of a run.",
        "zh": "每项只训练一次、一个种子：区间反映题目，不反映训练的偶然性。",
    },
}


def climb_text(key: str, lang: Language, **values: object) -> str:
    """Return a sentence said during a climb."""
    return fill(CLIMB, key, lang, **values)


def rank_text(rank: int | None, lang: Language) -> str:
    """Return a rank as it follows a method's name; empty for full fine-tuning."""
    return "" if rank is None else fill(CLIMB, "rank", lang, rank=rank)
