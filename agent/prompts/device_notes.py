"""What the catalogue says of devices beside figures (notes, reasons, sources), in Chinese.

The catalogue itself is data in English; what a user's own file says has no translation and stays in its words.
"""

from __future__ import annotations

from typing import Final

from agent.records.base import Language

_CHINESE: Final[dict[str, str]] = {
    "NVLink 400 GB/s (A100: 600)": "NVLink 400 GB/s（A100 为 600）",
    "full fine-tuning of small models only": "全参数微调只适用于小模型",
    "no bf16; FlashAttention needs Ampere or newer": "不支持 bf16；FlashAttention 需要 Ampere 或更新的架构",
    "needs torch_musa 2.9 with MUSA SDK 5.1; MTLink 240 GB/s; MCCL": (
        "需要 torch_musa 2.9 和 MUSA SDK 5.1；MTLink 240 GB/s；支持 MCCL"
    ),
    "torch_musa.is_bf16_supported() counts emulation unless told not to": (
        "torch_musa.is_bf16_supported() 默认把模拟也算作支持"
    ),
    "bitsandbytes has no MUSA backend": "bitsandbytes 没有 MUSA 后端",
    "realistic use is inference with llama.cpp; no MCCL is assumed": (
        "实际可行的用途是用 llama.cpp 推理；按没有 MCCL 计"
    ),
    "no torch_musa wheel is published for the S3000 (torch_musa issue 149)": (
        "没有发布支持 S3000 的 torch_musa 安装包（torch_musa issue 149）"
    ),
    "fp16 only, so training needs loss scaling": "只有 fp16，训练需要损失缩放",
    "needs CANN and torch_npu; vLLM-Ascend lists the 910 as unplanned": (
        "需要 CANN 和 torch_npu；vLLM-Ascend 没有支持 910 的计划"
    ),
    "bitsandbytes does not support the first-generation Ascend 910": "bitsandbytes 不支持第一代昇腾 910",
    "Q-LoRA needs a self-built bitsandbytes, without double quantization": (
        "Q-LoRA 需要自行编译的 bitsandbytes，且不能用双重量化"
    ),
    "needs CANN and torch_npu; HCCS 392 GB/s in all": "需要 CANN 和 torch_npu；HCCS 合计 392 GB/s",
    'a 32 GB "910B" on an older Atlas 800 may be a first-generation 910': (
        "旧款 Atlas 800 上 32 GB 的“910B”可能其实是第一代 910"
    ),
    "NVIDIA A800 data sheet": "NVIDIA A800 规格书",
    "NVIDIA A100 data sheet": "NVIDIA A100 规格书",
    "NVIDIA H100 data sheet": "NVIDIA H100 规格书",
    "NVIDIA L40S data sheet": "NVIDIA L40S 规格书",
    "NVIDIA T4 data sheet": "NVIDIA T4 规格书",
    "NVIDIA Ada architecture paper": "NVIDIA Ada 架构白皮书",
    "Moore Threads MTT S4000 product page": "摩尔线程 MTT S4000 产品页",
    "Moore Threads MTT S3000 product page": "摩尔线程 MTT S3000 产品页",
    "Huawei Ascend 910 product page": "华为昇腾 910 产品页",
    "Huawei Ascend 910B product page": "华为昇腾 910B 产品页",
    "not found in a source that could be read": "在可查阅的资料中没有找到",
    "not found in a source that could be read; FP32 is 15.2 TFLOPS": "在可查阅的资料中没有找到；FP32 为 15.2 TFLOPS",
    "published figures differ by variant": "各型号公布的数字不一致",
    "bitsandbytes 0.50 documentation": "bitsandbytes 0.50 文档",
    "PyTorch documentation": "PyTorch 文档",
    "torch_npu documentation": "torch_npu 文档",
    "torch_musa documentation": "torch_musa 文档",
    "torch_musa issue 149": "torch_musa issue 149",
    "rule of the policy: bf16 where it is native, else fp16": "策略规则：原生支持 bf16 则用 bf16，否则用 fp16",
    "reports of a self-built bitsandbytes": "自行编译 bitsandbytes 的使用报告",
    "rule of the policy: fp32 where nothing trains": "策略规则：无法训练时记为 fp32",
    "probe of this machine": "本机实测",
    "operating system": "操作系统",
    "driver": "驱动程序",
    "trains in fp32": "以 fp32 训练",
}


def device_note(text: str, lang: Language) -> str:
    """Return what the catalogue says, in a language; in its own words where there is no translation."""
    return _CHINESE.get(text, text) if lang == "zh" else text


def has_translation(text: str) -> bool:
    """Return whether a text of the catalogue can be told in Chinese."""
    return text in _CHINESE
