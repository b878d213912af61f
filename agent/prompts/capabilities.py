"""What a probe of a device says: the names of its items, and why something counts as emulated, crashed or not tried."""

from __future__ import annotations

from typing import Final

from agent.prompts.phrases import Phrases
from agent.records.base import Language

ITEM_NAMES: Final[dict[str, dict[Language, str]]] = {
    "memory_copy": {"en": "memory, copying", "zh": "显存/内存：复制"},
    "memory_sum": {"en": "memory, reading", "zh": "显存/内存：读取"},
    "matmul_fp32": {"en": "matrix product in fp32", "zh": "fp32 矩阵乘"},
    "matmul_fp16": {"en": "matrix product in fp16", "zh": "fp16 矩阵乘"},
    "matmul_bf16": {"en": "matrix product in bf16", "zh": "bf16 矩阵乘"},
    "matmul_int8": {"en": "matrix product in int8", "zh": "int8 矩阵乘"},
    "attention_eager": {"en": "attention, eager", "zh": "注意力：eager"},
    "attention_sdpa": {"en": "attention, SDPA", "zh": "注意力：SDPA"},
    "attention_sdpa_math": {"en": "attention, SDPA math", "zh": "注意力：SDPA math"},
    "attention_sdpa_flash": {"en": "attention, SDPA flash", "zh": "注意力：SDPA flash"},
    "attention_sdpa_efficient": {"en": "attention, SDPA memory-efficient", "zh": "注意力：SDPA 省内存"},
    "attention_sdpa_cudnn": {"en": "attention, SDPA cuDNN", "zh": "注意力：SDPA cuDNN"},
    "attention_flash_package": {"en": "attention, package flash-attn", "zh": "注意力：flash-attn 包"},
    "nf4": {"en": "NF4 layer", "zh": "NF4 层"},
    "nf4_double": {"en": "NF4 layer with double quantization", "zh": "双重量化的 NF4 层"},
    "lora_step": {"en": "LoRA step", "zh": "LoRA 训练步"},
    "qlora_step": {"en": "Q-LoRA step", "zh": "Q-LoRA 训练步"},
    "full_step": {"en": "step of full fine-tuning", "zh": "全参数训练步"},
    "adapter_files": {"en": "saving and loading an adapter", "zh": "适配器的保存与加载"},
}
"""Every item of a probe, in the order in which they run."""

PROBE: Final[Phrases] = {
    "not_native": {
        "en": "not native by the vendor's own word; {ratio} times the speed of fp32",
        "zh": "厂商自称并非原生支持；速度为 fp32 的 {ratio} 倍",
    },
    "not_native_unrated": {
        "en": "not native by the vendor's own word",
        "zh": "厂商自称并非原生支持",
    },
    "slower": {
        "en": "runs at {ratio} times the speed of fp32, so nothing is gained by it",
        "zh": "速度只有 fp32 的 {ratio} 倍，用它没有好处",
    },
    "wrong": {
        "en": "the result is wrong: off by {error}",
        "zh": "结果错误：偏差 {error}",
    },
    "not_finite": {
        "en": "the loss or the weights are no finite numbers after {steps} steps",
        "zh": "{steps} 步后损失或权重不是有限数",
    },
    "unchanged": {
        "en": "{steps} steps changed no weight",
        "zh": "{steps} 步没有改变任何权重",
    },
    "not_restored": {
        "en": "the loaded adapter answers otherwise than the saved one: off by {error}",
        "zh": "加载后的适配器与保存前结果不同：偏差 {error}",
    },
    "not_installed": {
        "en": "{package} is not installed",
        "zh": "未安装 {package}",
    },
    "signal": {
        "en": "took its process along: ended by {signal}{said}",
        "zh": "进程随之崩溃：被 {signal} 终止{said}",
    },
    "signal_memory": {
        "en": "took its process along: ended by {signal}, which the system sends when memory runs out{said}",
        "zh": "进程随之崩溃：被 {signal} 终止，内存耗尽时系统会发出此信号{said}",
    },
    "exit": {
        "en": "took its process along: exit status {status}{said}",
        "zh": "进程随之退出：退出码 {status}{said}",
    },
    "hang": {
        "en": "no answer within {seconds} s; its process was ended",
        "zh": "{seconds} 秒内没有结果；进程已被结束",
    },
    "no_start": {
        "en": "the device could not be opened: {why}",
        "zh": "无法打开设备：{why}",
    },
}

MEASURED: Final[Phrases] = {
    "refused": {
        "en": "tried on this machine and refused: {why}",
        "zh": "在本机实际运行，被拒绝：{why}",
    },
    "crashed": {
        "en": "tried on this machine and failed hard: {why}",
        "zh": "在本机实际运行，崩溃：{why}",
    },
    "tried": {
        "en": "what trains here was tried on this machine, not read from the catalogue",
        "zh": "此处能训练什么是在本机实测所得，并非取自目录",
    },
    "no_double": {
        "en": "double quantization does not work here: {why}",
        "zh": "此处无法双重量化：{why}",
    },
    "no_flash": {
        "en": "flash attention does not work here: {why}",
        "zh": "此处无法使用 flash 注意力：{why}",
    },
}
