"""What the policy says about memory, the ladder, and starting hyperparameters."""

from __future__ import annotations

from typing import Final

from agent.prompts.phrases import Phrases
from agent.records.base import Language
from agent.records.tuning import Method

METHOD_NAMES: Final[dict[Method, dict[Language, str]]] = {
    "qlora": {"en": "Q-LoRA", "zh": "Q-LoRA"},
    "lora": {"en": "LoRA", "zh": "LoRA"},
    "full": {"en": "full fine-tuning", "zh": "全参数微调"},
}

MEMORY: Final[Phrases] = {
    "fits": {
        "en": "needs {need} GiB for {size}; {device} has {capacity}",
        "zh": "{size} 需要 {need} GiB；{device} 有 {capacity} GiB",
    },
    "tight": {
        "en": "needs {need} GiB for {size}; {device} has {capacity}, so only the low estimate would fit: not promised",
        "zh": "{size} 需要 {need} GiB；{device} 有 {capacity} GiB，只够最低估计，不作承诺",
    },
    "too_big": {
        "en": "needs {need} GiB for {size}; {device} has {capacity}: does not fit",
        "zh": "{size} 需要 {need} GiB；{device} 有 {capacity} GiB，放不下",
    },
    "one_of": {"en": "one {device}", "zh": "一张 {device}"},
    "unavailable": {
        "en": "not available on {device}: {why}",
        "zh": "{device} 不支持：{why}",
    },
    "why_musa": {
        "en": "bitsandbytes, which holds the 4-bit weights, has no MUSA backend",
        "zh": "承载 4 位权重的 bitsandbytes 没有 MUSA 后端",
    },
    "why_npu": {
        "en": "bitsandbytes, which holds the 4-bit weights, publishes no build for this NPU",
        "zh": "承载 4 位权重的 bitsandbytes 没有为该 NPU 发布的版本",
    },
    "why_unknown": {
        "en": "the device catalogue lists it as unsupported",
        "zh": "设备目录标注为不支持",
    },
    "shards": {
        "en": "LoRA and full fine-tuning share their weights over {count} devices (FSDP or DeepSpeed), so {total} GiB "
        "count; Q-LoRA is planned for one device with {each} GiB",
        "zh": "LoRA 与全参数微调可分片到 {count} 张卡（FSDP 或 DeepSpeed），按共 {total} GiB 计；"
        "Q-LoRA 按单卡 {each} GiB 计",
    },
    "fp16_scaling": {
        "en": "no bf16: LoRA and full train in fp16 with loss scaling",
        "zh": "不支持 bf16：LoRA 与全参数以 fp16 训练并启用损失缩放",
    },
    "fp16_qlora": {
        "en": "Q-LoRA with fp16 compute is unstable (20% of 7B runs failed in the QLoRA repository); watch the loss, "
        "or take a bf16 device",
        "zh": "以 fp16 计算的 Q-LoRA 不稳定（QLoRA 仓库中 7B 有 20% 的训练失败）；请盯住损失，或换支持 bf16 的设备",
    },
    "bf16_emulated": {
        "en": "bf16 is emulated here, not native: slower than it looks",
        "zh": "此处的 bf16 为模拟而非原生，速度低于预期",
    },
    "starts_at": {
        "en": "starts at {method}",
        "zh": "从 {method} 开始",
    },
    "skipped": {
        "en": "{method} skipped: {why}",
        "zh": "跳过 {method}：{why}",
    },
    "nothing_fits": {
        "en": "no method fits {size} here; the largest model that {method} can carry has about {largest}",
        "zh": "这里没有方法放得下 {size}；{method} 最大约能承载 {largest}",
    },
    "no_training": {
        "en": "no training method is available on {device}; take another device, or keep to retrieval and prompting",
        "zh": "{device} 不支持任何训练方法；请换设备，或只用检索与提示",
    },
}

LADDER: Final[Phrases] = {
    "start": {
        "en": "the ladder goes Q-LoRA, LoRA, full; {method} is the first rung that is available and fits: {why}",
        "zh": "阶梯依次为 Q-LoRA、LoRA、全参数；{method} 是第一个可用且放得下的：{why}",
    },
    "ask_nothing_fits": {
        "en": "no rung is both available and within memory: choose a smaller model or another device",
        "zh": "没有既可用又放得下的方法：请选更小的模型或其他设备",
    },
    "done": {
        "en": "{score} reaches the target of {target} (95% interval {low} to {high}, n = {n}); a rung that meets the "
        "target ends the climb",
        "zh": "{score} 达到目标 {target}（95% 区间 {low} 到 {high}，n = {n}）；达标即止",
    },
    "done_open": {
        "en": "{score} reaches the target of {target}, which is not yet shown: the 95% interval begins below it ({low} "
        "to {high}, n = {n}). The climb ends here, since a costlier method waits until a miss is shown; more sealed "
        "items would tell",
        "zh": "{score} 达到目标 {target}，但尚未得到证实：95% 区间的下限低于目标（{low} 到 {high}，n = {n}）。"
        "攀升到此为止，因为只有证实未达标才换用更贵的方法；增加封存题可见分晓",
    },
    "out_of_memory": {
        "en": "{method} ran out of memory; method, data and length stay as they are until you decide. {fitting}",
        "zh": "{method} 内存不足；在您决定之前，方法、数据与长度都不变。{fitting}",
    },
    "fitting": {"en": "What fits: {methods}.", "zh": "放得下的有：{methods}。"},
    "fitting_none": {
        "en": "Nothing else fits this model here: a shorter length, a smaller batch or a smaller model would.",
        "zh": "此处没有其他方法放得下该模型：可缩短长度、减小批量或换更小的模型。",
    },
    "data_unchecked": {"en": "the data checks have not run", "zh": "尚未做数据检查"},
    "data_fails": {"en": "these data checks fail: {checks}", "zh": "以下数据检查未通过：{checks}"},
    "data_passes": {"en": "all {count} checks of the data pass", "zh": "{count} 项数据检查全部通过"},
    "curve_unknown": {
        "en": "the learning curve over 25/50/100% of the data is not measured",
        "zh": "尚未测得 25/50/100% 数据的学习曲线",
    },
    "curve_rises": {
        "en": "the learning curve still rises: {gain} points from half of the data to all of it{interval}, so more "
        "data helps first",
        "zh": "学习曲线仍在上升：数据从一半到全部提高 {gain} 分{interval}，应先加数据",
    },
    "curve_unclear": {
        "en": "from half of the data to all of it the score moves by {gain} points{interval}: these items cannot tell "
        "whether the learning curve is flat, which takes an interval that ends at or below {most} points; more items, "
        "or more data, come before another rung",
        "zh": "数据从一半到全部变化 {gain} 分{interval}：这些题分辨不出学习曲线是否已平（区间上端须不超过 {most} 分）；"
        "应先加题或加数据，而非换级",
    },
    "curve_pilot": {
        "en": "whether the learning curve is flat cannot be told: the last doubling of the data may have brought "
        "this{doubled}; a pilot of {method} that gains more than the most of it will tell",
        "zh": "分辨不出学习曲线是否已平：数据最近一次加倍带来的提高为{doubled}；"
        "若{method}试跑的提高超过其上限，即可判定",
    },
    "pilot_outruns_data": {
        "en": "learning curve flat or not, {method} does better than twice the data: the least its pilot "
        "gained{items} is more than the most the last doubling of the data may have brought{doubled}",
        "zh": "无论学习曲线是否已平，{method}都胜过数据加倍：其试跑提高的下限{items}"
        "高于数据最近一次加倍可能带来的上限{doubled}",
    },
    "curve_flat": {
        "en": "the learning curve is flat: {gain} points from half of the data to all of it{interval}, and the whole "
        "interval stays at or below {most}",
        "zh": "学习曲线已平：数据从一半到全部变化 {gain} 分{interval}，整个区间不超过 {most} 分",
    },
    "losses_unknown": {"en": "the training loss is not measured", "zh": "尚未测得训练损失"},
    "training_loss": {"en": "training loss", "zh": "训练损失"},
    "validation_loss": {"en": "validation loss", "zh": "验证损失"},
    "half_unknown": {
        "en": "the {kind} fell by {change} over the last part of the run, to {loss}, where the learning rate goes down "
        "too; the run in half as many steps, which tells whether more would help, is not measured",
        "zh": "{kind}在末段下降 {change}，至 {loss}，而学习率同时在降低；尚未测得步数减半的训练，无法判断加长是否有用",
    },
    "loss_falls": {
        "en": "the {kind} has not plateaued: from half of the steps to all of them it fell by {fall}, to {loss}{items}",
        "zh": "{kind}尚未走平：步数从一半到全部下降 {fall}，至 {loss}{items}",
    },
    "half_unclear": {
        "en": "from half of the steps to all of them the {kind} fell by {fall}, to {loss}{items}: that cannot tell "
        "whether it has plateaued, which takes an interval that ends at or below {limit} of the loss or {most} points "
        "of the score; more items, or a longer run, come before another rung",
        "zh": "步数从一半到全部，{kind}下降 {fall}，至 {loss}{items}：分辨不出是否走平（区间上端须不超过损失的 {limit} "
        "或得分的 {most} 分）；应先加题或延长训练，而非换级",
    },
    "half_pilot": {
        "en": "whether it has plateaued cannot be told: the last doubling of the steps may have brought this{doubled}; "
        "a pilot of {method} that gains more than the most of it will tell",
        "zh": "分辨不出是否走平：步数最近一次加倍带来的提高为{doubled}；若{method}试跑的提高超过其上限，即可判定",
    },
    "pilot_outruns": {
        "en": "plateaued or not, {method} does better than a longer run here: the least its pilot gained{items} is "
        "more than the most the last doubling of the steps may have brought{doubled}",
        "zh": "无论是否走平，{method}都胜过在此加长训练：其试跑提高的下限{items}"
        "高于步数最近一次加倍可能带来的上限{doubled}",
    },
    "half_flat": {
        "en": "the {kind} has plateaued at {loss}: from half of the steps to all of them it fell by {fall}{items}",
        "zh": "{kind}已在 {loss} 走平：步数从一半到全部下降 {fall}{items}",
    },
    "half_still": {
        "en": "from half of the steps to all of them the {kind} fell by {fall}, to {loss}, which does not tell, but "
        "the whole interval of the score's gain stays at or below {most} points{items}: it counts as plateaued",
        "zh": "步数从一半到全部，{kind}下降 {fall}，至 {loss}，凭此分辨不出，但得分提高的整个区间"
        "不超过 {most} 分{items}：视为走平",
    },
    "validation_flat": {
        "en": "the validation loss has plateaued at {loss}: over the last part of its readings it fell by {change}",
        "zh": "验证损失已在 {loss} 走平：末段读数下降 {change}",
    },
    "loss_fitted": {
        "en": "the training data are known by heart (loss {loss}): what is missing is not in them, and no higher rung "
        "would find it there",
        "zh": "训练数据已被记住（损失 {loss}）：缺的内容不在其中，换到更高一级也找不到",
    },
    "loss_flat": {
        "en": "training loss has plateaued at {loss}: the last part of the run changed it by {change}",
        "zh": "训练损失已在 {loss} 走平：末段变化 {change}",
    },
    "pilot_unknown": {
        "en": "no pilot of {method} is measured",
        "zh": "尚未试跑 {method}",
    },
    "pilot_better": {
        "en": "in as many steps the pilot of {method} goes below this rung's loss ({pilot} against {loss}){items}",
        "zh": "步数相同时 {method} 试跑的损失更低（{pilot} 对 {loss}）{items}",
    },
    "pilot_no_better": {
        "en": "the pilot of {method} does not go clearly below this rung's loss ({pilot} against {loss}), or is shown "
        "worse on the items{items}: another rung would not help",
        "zh": "{method} 试跑的损失没有明显更低（{pilot} 对 {loss}），或题目上更差{items}：换级没有帮助",
    },
    "on_items": {"en": "; {gain} points on the items{interval}", "zh": "；题目上 {gain} 分{interval}"},
    "pilot_rank": {
        "en": "the pilot of {method} does not go clearly below Q-LoRA's loss ({pilot} against {loss}){items}, so "
        "quantization is not what limits; what a higher rank can do comes next",
        "zh": "{method} 试跑的损失没有明显低于 Q-LoRA（{pilot} 对 {loss}）{items}，量化不是瓶颈；接下来看更高的秩",
    },
    "pilot_needless": {
        "en": "no pilot could tell anything: the next thing to try is a higher rank, or nothing above fits",
        "zh": "无需试跑：接下来要试的是更高的秩，或没有更高一级放得下",
    },
    "score_unknown": {
        "en": "the score on the sealed items is not measured",
        "zh": "尚未在封存题上测分",
    },
    "gap_within": {
        "en": "the target of {target} lies within the interval ({low} to {high}, n = {n}): more items, or better data, "
        "before another rung",
        "zh": "目标 {target} 落在区间内（{low} 到 {high}，n = {n}）：应先加题或改进数据，而非换级",
    },
    "gap_shown": {
        "en": "{score} misses the target of {target} beyond the interval ({low} to {high}, n = {n})",
        "zh": "{score} 未达目标 {target}，且超出区间（{low} 到 {high}，n = {n}）",
    },
    "gap_unscored": {
        "en": "{errors} of {items} items could not be scored, as where nothing was answered: {score} of the other {n} "
        "says nothing of the target of {target}",
        "zh": "{items} 题中 {errors} 题无法评分（如没有作答）：其余 {n} 题的 {score} 说明不了目标 {target}",
    },
    "gap_none": {"en": "{score} reaches the target of {target}", "zh": "{score} 已达目标 {target}"},
    "climb": {
        "en": "data checks pass; the learning curve is flat and training has plateaued above the next rung's pilot, or "
        "that pilot's least gain is above the most that more data or steps may bring; and the target is out of reach "
        "by the interval: on to {method}",
        "zh": "数据检查通过；学习曲线已平、训练已走平且不及下一级试跑，或该试跑提高的下限高于加数据、加步数可能带来的"
        "上限；且区间够不到目标：进入 {method}",
    },
    "pretraining": {
        "en": "continued pre-training on {tokens} tokens is large, where full fine-tuning has its place",
        "zh": "在 {tokens} 个词元上继续预训练属于大规模，适用全参数",
    },
    "rank_first": {
        "en": "full fine-tuning waits: first rank {rank} on all linear layers has to show a capacity gap (now rank "
        "{now})",
        "zh": "暂不做全参数：先以秩 {rank} 训练全部线性层并证明容量不足（当前秩 {now}）",
    },
    "capacity_gap": {
        "en": "rank {rank} on all linear layers has shown a capacity gap",
        "zh": "秩 {rank}、全部线性层仍显示容量不足",
    },
    "next_missing": {
        "en": "no higher rung is available and fits here. {fitting}",
        "zh": "此处没有更高一级既可用又放得下。{fitting}",
    },
    "top": {
        "en": "full fine-tuning is the last rung: a larger base model is the next question",
        "zh": "全参数已是最后一级：接下来要考虑更大的基座模型",
    },
}

HYPERPARAMETERS: Final[Phrases] = {
    "adapter": {
        "en": "rank {rank} on all linear layers, alpha {alpha}",
        "zh": "全部线性层，秩 {rank}，alpha {alpha}",
    },
    "dropout": {
        "en": "dropout {dropout} because {examples} examples are fewer than {limit}",
        "zh": "样本 {examples} 条少于 {limit} 条，dropout 取 {dropout}",
    },
    "no_dropout": {
        "en": "no dropout with {examples} examples",
        "zh": "样本 {examples} 条，不用 dropout",
    },
    "rate": {"en": "learning rate {rate}, the usual start", "zh": "学习率 {rate}，通常的起点"},
    "rate_small": {
        "en": "learning rate {rate} because the model is small ({size})",
        "zh": "模型小（{size}），学习率取 {rate}",
    },
    "rate_short": {
        "en": "learning rate {rate} because the run is short ({steps} steps)",
        "zh": "训练短（{steps} 步），学习率取 {rate}",
    },
    "rate_full": {
        "en": "full fine-tuning takes a tenth of the adapter's rate: {rate}",
        "zh": "全参数取适配器学习率的十分之一：{rate}",
    },
    "epochs": {
        "en": "{epochs} epochs, with an early stop on the validation loss",
        "zh": "{epochs} 轮，按验证损失提前停止",
    },
    "epochs_facts": {
        "en": "{epochs} epochs and no dropout: with {wordings} wordings a fact, a small model meets each about "
        "{visits} times, a starting point and no proved best",
        "zh": "{epochs} 轮且不用 dropout：每条事实 {wordings} 种问法，小模型约见 {visits} 次，"
        "这只是起点，并非已证实的最佳值",
    },
    "rate_facts": {
        "en": "learning rate {rate}, and every example counts the same: a small model ({size}) learns facts by heart "
        "from it, by one run on 32 questions (44% against 22% at 1e-3)",
        "zh": "学习率取 {rate}，每条样本权重相同：小模型（{size}）以此记忆事实，单次试验 32 题答对 44%，1e-3 时为 22%",
    },
    "batch": {
        "en": "{batch} examples a step: enough steps an epoch, and never above {limit}",
        "zh": "每步 {batch} 条：保证每轮步数，且不超过 {limit}",
    },
    "fp16": {
        "en": "fp16 with loss scaling because the device has no bf16",
        "zh": "设备不支持 bf16，采用 fp16 加损失缩放",
    },
    "fp16_qlora": {
        "en": "Q-LoRA in fp16 is unstable (20% of 7B runs failed in the QLoRA repository): watch the loss",
        "zh": "fp16 的 Q-LoRA 不稳定（QLoRA 仓库中 7B 有 20% 失败）：请盯住损失",
    },
    "overridden": {"en": "set by you: {names}", "zh": "由您指定：{names}"},
}
