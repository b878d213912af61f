"""What the assistant says of devices: whether one answers with a model, how long a training takes, what it costs."""

from __future__ import annotations

from typing import Final

from agent.prompts.phrases import Phrases

ANSWERS: Final[Phrases] = {
    "inference": {
        "en": "Inference with {size} on 1 × {device}, estimated for a conversation of {tokens} tokens:",
        "zh": "在 1 × {device} 上用 {size} 推理（估算，按 {tokens} 个词元的对话计）：",
    },
    "form_whole": {"en": "in {type}", "zh": "以 {type}"},
    "form_4bit": {"en": "with its linear layers in 4 bit (NF4)", "zh": "线性层用 4 位（NF4）"},
    "inference_yes": {
        "en": "{form}: yes — {weights} GiB of weights against {gib} GiB, with room for {context} tokens of all "
        "conversations",
        "zh": "{form}：可以——权重 {weights} GiB，设备内存 {gib} GiB，所有对话合计可有 {context} 个词元",
    },
    "inference_short": {
        "en": "{form}: no — {weights} GiB of weights fit into {gib} GiB, but only {context} tokens of conversation do "
        "beside them",
        "zh": "{form}：不行——权重 {weights} GiB 放得进设备内存 {gib} GiB，但旁边只剩 {context} 个词元的对话空间",
    },
    "inference_no": {
        "en": "{form}: no — {weights} GiB of weights against {gib} GiB leave no room for a conversation",
        "zh": "{form}：不行——权重 {weights} GiB，设备内存 {gib} GiB，没有对话的空间",
    },
    "largest": {"en": "the largest model that answers so: about {size}", "zh": "以此方式可推理的最大模型：约 {size}"},
    "largest_none": {"en": "no model answers so", "zh": "没有模型能以此方式推理"},
    "one_of_several": {
        "en": "You asked of {count}: inference with a model split over several devices is not planned here, so this is "
        "for one of them.",
        "zh": "您问的是 {count} 张：这里不规划把模型拆到多张卡上推理，以上只针对其中一张。",
    },
    "training_beside": {
        "en": "Fine-tuning {size} is another question:",
        "zh": "微调 {size} 是另一个问题：",
    },
    "time": {
        "en": "Training {size} on {device}, time for {tokens} training tokens, estimated:",
        "zh": "在 {device} 上训练 {size}，{tokens} 个训练词元所需时间（估算）：",
    },
    "time_base": {
        "en": "No size was named, so this is for the base model that is set.",
        "zh": "未指明模型大小，以下针对所设基座模型。",
    },
    "time_range": {"en": "{method}: {low} to {high}", "zh": "{method}：{low}至 {high}"},
    "time_no_fit": {
        "en": "{method}: {low} to {high}, if it fitted — {why}",
        "zh": "{method}：{low}至 {high}，但 {why}",
    },
    "time_none": {
        "en": "{method}: not known, since nothing says how fast this device is",
        "zh": "{method}：未知，因为没有数据说明该设备有多快",
    },
    "time_cannot": {"en": "{method}: none — {why}", "zh": "{method}：无——{why}"},
    "time_other": {
        "en": "It is in proportion to the tokens: all tokens of all examples, times the epochs. Name them, e.g. “with "
        "10 million tokens”, and I tell the time for that.",
        "zh": "时间与词元数成正比：全部样本的词元数乘以轮数。请说明词元数，例如“1000 万词元”，我就按它计算。",
    },
    "cost_hours": {
        "en": "What that training costs, at {price} an hour for one {device} ({source}), with {count} of them:",
        "zh": "该训练的费用，按单张 {device} 每小时 {price}（{source}）、共 {count} 张计：",
    },
    "cost_none": {
        "en": "no method both fits and has a known time, so there is no cost to tell",
        "zh": "没有既放得下又能估计时间的方法，因此没有费用可说",
    },
    "cost_range": {"en": "{method}: {low} to {high}", "zh": "{method}：{low} 至 {high}"},
    "cost_one": {
        "en": "Q-LoRA is planned for one device, so one is paid for.",
        "zh": "Q-LoRA 按单张卡规划，因此只计一张的费用。",
    },
    "no_price": {
        "en": "No price of {device} is known, so I cannot say what it costs.",
        "zh": "不知道 {device} 的价格，因此无法说明费用。",
    },
    "give_price": {
        "en": "The catalogue holds no prices. Give yours in `{file}`, of one device for an hour: under `prices:` a "
        'line `{device}: [12.5, "offer of 3 March"]`, with your own figure and source.',
        "zh": "目录中没有价格。请在 `{file}` 中给出单设备每小时的价格：在 `prices:` 下写一行 "
        '`{device}: [12.5, "3 月 3 日报价"]`，换成您自己的数字与来源。',
    },
    "cost_of_tokens": {
        "en": "What output tokens cost, by the prices you gave, for a model of {size}:",
        "zh": "按您所给的价格，{size} 模型的输出词元成本：",
    },
    "cost_no_speed": {
        "en": "No speed is known, so an hour's price says nothing of tokens yet.",
        "zh": "速度未知，因此每小时价格还无法换算成词元成本。",
    },
    "slip_count": {
        "en": "“{said}” is no number of devices that can be planned for, so I have planned and noted nothing: say a "
        "whole number from 1 to {most}.",
        "zh": "“{said}”不是可以规划的设备数量，因此没有规划，也没有记录：请说 1 到 {most} 的整数。",
    },
    "slip_size": {
        "en": "I do not understand “{said}” as a model's size, so I have planned nothing: say it in thousand millions "
        "of parameters, e.g. 14B, or in millions, e.g. 135M.",
        "zh": "“{said}”不像模型大小，因此没有规划：请以十亿参数为单位，例如 14B，或以百万为单位，例如 135M。",
    },
    "slip_length": {
        "en": "Examples of “{said}” tokens cannot be planned for, so I have planned nothing: say a whole number from "
        "{least} to {most}.",
        "zh": "无法按每条“{said}”个词元规划，因此没有规划：请说 {least} 到 {most} 的整数。",
    },
    "slip_batch": {
        "en": "A batch of “{said}” cannot be planned for, so I have planned nothing: say a whole number from 1 to "
        "{most}.",
        "zh": "无法按批量“{said}”规划，因此没有规划：请说 1 到 {most} 的整数。",
    },
    "slip_tokens": {
        "en": "“{said}” training tokens cannot be planned for, so I have planned nothing: say a whole number from 1 to "
        "{most}.",
        "zh": "无法按“{said}”个训练词元规划，因此没有规划：请说 1 到 {most} 的整数。",
    },
    "left_out": {
        "en": "One answer compares {most} devices; left out: {names}. Ask for them in another.",
        "zh": "一次最多比较 {most} 个设备，未列出：{names}。请另行询问。",
    },
}
"""Sentences by key."""
