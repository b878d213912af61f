"""What a benchmark says of its own figures: warnings, reasons for what is missing, and why it ended early."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from agent.prompts.phrases import Phrases
from agent.records.base import Language
from agent.records.benchmark import Variant

VARIANT_NAMES: Final[Mapping[Variant, Mapping[Language, str]]] = {
    "base": {"en": "base", "zh": "基座"},
    "adapter": {"en": "adapter", "zh": "带适配器"},
    "merged": {"en": "merged adapter", "zh": "合并适配器"},
    "4bit": {"en": "4-bit", "zh": "4 比特"},
}
"""Kinds of weights, as a table's cell and a warning name them."""

BENCHMARK: Final[Phrases] = {
    "noisy": {
        "en": (
            "the machine is noisy: one fixed calculation varied by {variation} over {samples} samples, and the load "
            "was {load} per core at the start; stop other work and measure again"
        ),
        "zh": (
            "机器不安静：同一固定计算在 {samples} 次取样中波动 {variation}，开始时每核负载 {load}；"
            "请停掉其他工作后重新测量"
        ),
    },
    "spread": {
        "en": "{point}: repeats differ by {spread} of the median; usual causes are other work, heat, a changing clock",
        "zh": "{point}：各次重复相差达中位数的 {spread}；常见原因是其他工作、发热或频率变化",
    },
    "one_repeat": {
        "en": "{point}: measured only once, since one repeat took {seconds} s",
        "zh": "{point}：只测了一次，因为一次就用了 {seconds} 秒",
    },
    "no_memory": {
        "en": "{point}: left out, memory ran out",
        "zh": "{point}：内存不足，略过",
    },
    "too_long": {
        "en": "prompt {wanted} was shortened to {used} tokens, which is all the model's {positions} positions leave",
        "zh": "提示由 {wanted} 缩短为 {used} 个词元，因为模型只有 {positions} 个位置",
    },
    "method_left_out": {
        "en": "training with {method} was left out: {why}",
        "zh": "未测 {method} 训练：{why}",
    },
    "no_4bit": {
        "en": "4-bit was left out: {why}",
        "zh": "未测 4 比特：{why}",
    },
    "variant_left_out": {
        "en": "{point} was left out: {why}",
        "zh": "未测 {point}：{why}",
    },
    "failed": {
        "en": "{point}: left out after an unexpected error: {why}",
        "zh": "{point}：出现意外错误，略过：{why}",
    },
    "broke_off": {
        "en": "ended by an error after {done} of {total} parts: {why}",
        "zh": "完成 {total} 项中的 {done} 项后因错误中断：{why}",
    },
    "cancelled": {
        "en": "cancelled after {done} of {total} parts",
        "zh": "已取消，完成 {total} 项中的 {done} 项",
    },
    "server_gone": {
        "en": "the server stopped answering at {point}: {why}",
        "zh": "服务器在 {point} 时不再应答：{why}",
    },
    "errors_at": {
        "en": "{point}: {failed} of {sent} requests failed ({kinds}); they count in no other figure",
        "zh": "{point}：{sent} 个请求中有 {failed} 个失败（{kinds}），不计入其他任何数字",
    },
    "several_tokens": {
        "en": (
            "the server sends {each} tokens a chunk on average; inter-token times are those between chunks, while "
            "TPOT counts the tokens"
        ),
        "zh": "服务器平均每块发送 {each} 个词元；逐词元间隔按块计，TPOT 按词元计",
    },
    "counted_by_estimate": {
        "en": "the server reports no usage: tokens are estimated (a chunk is a token, a prompt's word {each} tokens)",
        "zh": "服务器不报告用量：词元数为估计值（一块算一个词元，提示中一个词算 {each} 个词元）",
    },
    "prompts_by_estimate": {
        "en": "the server does not count prompts: their tokens are estimated, {each} a word",
        "zh": "服务器不统计提示的词元：按每个词 {each} 个词元估计",
    },
    "replies_by_estimate": {
        "en": "the server does not count replies: a chunk is taken for a token",
        "zh": "服务器不统计回复的词元：一块算一个词元",
    },
    "counts_doubted": {
        "en": "the server gave counts that no such request has ({names}); they are not used",
        "zh": "服务器给出了这类请求不可能有的计数（{names}），未采用",
    },
    "counted_by_tokenizer": {
        "en": "what the server does not count is counted with the tokenizer of {folder}",
        "zh": "服务器未统计的词元用 {folder} 的分词器计数",
    },
    "short_replies": {
        "en": "{point}: replies ended after {got} of {wanted} tokens; the server does not take `ignore_eos`",
        "zh": "{point}：回复在 {wanted} 个词元中的 {got} 个处结束；服务器不接受 `ignore_eos`",
    },
    "other_prompt_length": {
        "en": "{point}: prompts had {got} tokens by the server's count",
        "zh": "{point}：按服务器计数，提示为 {got} 个词元",
    },
    "nothing_measured": {
        "en": "nothing was measured, so nothing is saved",
        "zh": "没有测得任何数据，因此未保存",
    },
    "measure_again": {
        "en": "measure again and let it run to its first figures",
        "zh": "请重新测量，至少运行到得出第一个数字",
    },
}
"""Sentences of a result, by key."""

SUMMARY: Final[Phrases] = {
    "measured": {"en": "{name}, measured in {time}.", "zh": "{name}，测量用时 {time}。"},
    "tried": {
        "en": " Of {tried} things that were tried {native} run natively.",
        "zh": "试过 {tried} 项，其中 {native} 项原生支持。",
    },
    "answers": {
        "en": " Best output speed: {speed} tokens/s (batch {batch}).",
        "zh": "最高输出速度 {speed} tokens/s（批量 {batch}）。",
    },
    "training": {
        "en": " Fastest training: {speed} tokens/s ({method}).",
        "zh": "最快训练速度 {speed} tokens/s（{method}）。",
    },
    "warnings": {"en": " Warnings: {count}, told in the table.", "zh": "警告 {count} 条，见表。"},
}
"""What a whole benchmark came to, sentence by sentence."""
