"""What a memory plan says of its own figures: where they come from, why they are ranges, what the parts are."""

from __future__ import annotations

from typing import Final

from agent.prompts.phrases import Phrases

PLAN: Final[Phrases] = {
    "count": {"en": "{count} devices cannot be planned for", "zh": "无法为 {count} 张卡做规划"},
    "count_mend": {"en": "give a whole number from 1 to {most}", "zh": "请给出 1 到 {most} 的整数"},
    "size": {
        "en": "{size} thousand million parameters is no size of a model",
        "zh": "{size} 十亿参数不是有效的模型大小",
    },
    "size_mend": {
        "en": "give thousand millions, e.g. 7 for a 7B model or 0.135",
        "zh": "请以十亿为单位，例如 7B 模型填 7，或填 0.135",
    },
    "from_shape": {
        "en": "estimated from the model's architecture ({layers} layers, {hidden} wide): the low end leaves out what "
        "the allocator keeps of freed memory, the high end adds {margin}, within which measured peaks lay, and is "
        "never below the published range",
        "zh": "按模型结构（{layers} 层、宽 {hidden}）估计：低端不含分配器保留的已释放内存，"
        "高端另加 {margin}，实测峰值在此之内，且不低于已发表的区间",
    },
    "from_both": {
        "en": "estimated from the model's architecture ({layers} layers, {hidden} wide) with {margin} added, and from "
        "published figures, which disagree by about two; the range takes in both, since this kind of device was not "
        "measured",
        "zh": "按模型结构（{layers} 层、宽 {hidden}）另加 {margin} 估计，并结合相差约一倍的已发表数字；"
        "此类设备尚未实测，故区间涵盖两者",
    },
    "from_size": {
        "en": "estimated: the model's architecture is not known, so all parts are worked out for a typical model of "
        "this size ({layers} layers, {hidden} wide), with {margin} added; published figures disagree by about two, and "
        "the range, which decides, takes in both",
        "zh": "估计值：不知道模型结构，各组成部分按该规模的典型模型（{layers} 层、宽 {hidden}）计算，另加 {margin}；"
        "已发表的数字相差约一倍，用于判断的区间涵盖两者",
    },
    "workload": {
        "en": "planned for {batch} examples a step of {length} tokens, {learnt} of them learnt, {at_once} computed at "
        "once; rank {rank}; {checkpointing}",
        "zh": "按每步 {batch} 条、每条 {length} 个词元（其中 {learnt} 参与学习）、同时计算 {at_once} 条计；秩 {rank}；"
        "{checkpointing}",
    },
    "checkpointed": {"en": "activations are recomputed (checkpointing)", "zh": "激活值重新计算（检查点）"},
    "kept": {"en": "activations are kept", "zh": "保留激活值"},
    "time_device": {
        "en": "time for {tokens} training tokens, estimated: what share of the peak a training reaches is not known "
        "beforehand, hence the range",
        "zh": "{tokens} 个训练词元所需时间为估计值：训练能达到峰值的多少事先未知，故给出区间",
    },
    "time_processor": {
        "en": "time for {tokens} training tokens on {cores} cores, estimated from what our own runs reached on a core, "
        "the slowest and the fastest",
        "zh": "{tokens} 个训练词元在 {cores} 核上所需时间，按我们自己每核最慢与最快的实测推算，为估计值",
    },
    "time_unknown": {
        "en": "no time: the catalogue has no peak for this device",
        "zh": "无法估计时间：目录中没有该设备的峰值",
    },
    "answering": {
        "en": "answering with the whole model in {type} on one device, estimated: weights {weights} GiB, {cache} KiB "
        "for every token of context, so at most {context} tokens of all conversations; the largest model that answers "
        "so, with {tokens} tokens of context: {largest}",
        "zh": "用整个模型以 {type} 在单卡上作答（估计）：权重 {weights} GiB，每个上下文词元 {cache} KiB，"
        "所有对话合计最多 {context} 个词元；以此方式、{tokens} 个词元上下文可作答的最大模型：{largest}",
    },
    "answering_4bit": {
        "en": "the same with its linear layers in 4 bit (NF4), estimated: weights {weights} GiB, at most {context} "
        "tokens of all conversations; the largest model: {largest}",
        "zh": "线性层改用 4 位（NF4）时（估计）：权重 {weights} GiB，所有对话合计最多 {context} 个词元；"
        "最大模型：{largest}",
    },
    "no_4bit": {
        "en": "answering in 4 bit is not planned: no 4-bit layer of bitsandbytes is known to work on {device}",
        "zh": "不规划 4 位推理：尚不知 bitsandbytes 的 4 位层能在 {device} 上运行",
    },
    "no_model": {"en": "none", "zh": "无"},
    "weight_file": {
        "en": "resident memory will read up to {gib} GiB higher with Q-LoRA: pages of the weight file, which the "
        "system takes back when memory is short",
        "zh": "Q-LoRA 的常驻内存读数最多会高出 {gib} GiB：那是权重文件的映射页，内存紧张时系统会收回",
    },
    "largest": {
        "en": "The largest models that {device} carries, estimated:",
        "zh": "{device} 能承载的最大模型（估算）：",
    },
    "largest_answering": {
        "en": "answering, in {type} on one device: about {size}",
        "zh": "推理（{type}，单设备）：约 {size}",
    },
    "largest_answering_none": {"en": "answering, in {type}: none", "zh": "推理（{type}）：无"},
    "largest_4bit": {
        "en": "answering, in 4 bit on one device: about {size}",
        "zh": "推理（4 位，单设备）：约 {size}",
    },
    "largest_4bit_none": {"en": "answering, in 4 bit: none", "zh": "推理（4 位）：无"},
    "largest_tuning": {"en": "{method}: about {size}", "zh": "{method}：约 {size}"},
    "largest_tuning_none": {"en": "{method}: none", "zh": "{method}：无"},
    "plan_for_base": {
        "en": "No size was named, so in detail for the base model that is set: {head}",
        "zh": "未指明模型大小，以下按所设基座模型详细说明：{head}",
    },
}
