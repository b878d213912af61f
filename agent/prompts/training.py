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
    "estimated": {
        "en": "estimated: published figures disagree by about two, hence the range; activations come on top with batch "
        "size and length",
        "zh": "估计值：已发表的数字相差约一倍，故给出区间；激活值另随批量与长度增加",
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
    "curve_unknown": {
        "en": "the learning curve over 25/50/100% of the data is not measured",
        "zh": "尚未测得 25/50/100% 数据的学习曲线",
    },
    "curve_rises": {
        "en": "the learning curve still rises: {gain} points from half of the data to all of it, so more data "
        "helps first",
        "zh": "学习曲线仍在上升：数据从一半到全部提高 {gain} 分，应先加数据",
    },
    "loss_unknown": {
        "en": "training loss and a pilot of the next rung are not both measured",
        "zh": "训练损失与下一级的试跑未全部测得",
    },
    "loss_falls": {
        "en": "training loss has not plateaued: it fell by {change} over the last part of the run",
        "zh": "训练损失尚未走平：末段仍下降 {change}",
    },
    "pilot_no_better": {
        "en": "the pilot of the next rung does not go below this rung's loss ({pilot} against {loss})",
        "zh": "下一级的试跑损失并不更低（{pilot} 对 {loss}）",
    },
    "score_unknown": {"en": "the score on the sealed items is not measured", "zh": "尚未在封存题上测分"},
    "gap_within": {
        "en": "the target of {target} lies within the interval ({low} to {high}, n = {n}): more items, or better data, "
        "before another rung",
        "zh": "目标 {target} 落在区间内（{low} 到 {high}，n = {n}）：应先加题或改进数据，而非换级",
    },
    "climb": {
        "en": "data checks pass, the learning curve is flat, training loss has plateaued above the next rung's pilot, "
        "and the target is out of reach by the interval: on to {method}",
        "zh": "数据检查通过，学习曲线已平，训练损失走平且高于下一级试跑，且区间够不到目标：进入 {method}",
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
