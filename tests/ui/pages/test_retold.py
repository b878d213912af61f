"""What jobs recorded in one language, on a page in the other."""

from __future__ import annotations

import pytest

from agent.records.base import Language
from ui.pages.retold import named, retold

BOTH = (
    ("rank 16 on all linear layers, alpha 32", "全部线性层，秩 16，alpha 32"),
    ("set by you: epochs = 2.0", "由您指定：轮数 = 2.0"),
    ("loading /models/own", "正在载入 /models/own"),
    ("80 examples", "80 条样本"),
    ("Not possible: tuned, tuned + RAG (x).", "无法进行：微调、微调+RAG（x）。"),
    ("cancelled after 2 of 5 parts", "已取消，完成 5 项中的 2 项"),
    (
        "merged adapter 1 × 64/32: repeats differ by 30% of the median; usual causes are other work, heat, a changing "
        "clock",
        "合并适配器 1 × 64/32：各次重复相差达中位数的 30%；常见原因是其他工作、发热或频率变化",
    ),
    (
        "training with full fine-tuning was left out: bitsandbytes is not installed",
        "未测 全参数微调 训练：未安装 bitsandbytes",
    ),
    (
        "Left out by the limit: domain knowledge 330, general ability 44.",
        "因数量上限未作答：领域知识 330、通用能力 44。",
    ),
)


@pytest.mark.parametrize(("english", "chinese"), BOTH)
def test_a_recorded_sentence_is_told_in_the_other_language(english: str, chinese: str) -> None:
    assert retold(english, "zh") == chinese
    assert retold(english, "en") == english
    assert retold(chinese, "zh") == chinese


@pytest.mark.parametrize(("english", "chinese"), [pair for pair in BOTH if "epochs" not in pair[0]])
def test_and_back(english: str, chinese: str) -> None:
    assert retold(chinese, "en") == english


def test_a_sentence_inside_a_sentence_is_told_too() -> None:
    recorded = (
        "the ladder goes Q-LoRA, LoRA, full; LoRA is the first rung that is available and fits: "
        "needs 0.4–2 GiB for 135M; this machine (Quiet CPU) has 20"
    )
    assert retold(recorded, "zh") == (
        "阶梯依次为 Q-LoRA、LoRA、全参数；LoRA 是第一个可用且放得下的：135M 需要 0.4–2 GiB；本机（Quiet CPU） 有 20 GiB"
    )


@pytest.mark.parametrize("text", ["", "Traceback of somebody else", "{name}", "手写的备注", "a (b) [c] \\d+"])
def test_what_no_table_knows_stays(text: str) -> None:
    assert retold(text, "zh") == retold(text, "en") == text


@pytest.mark.parametrize(
    ("text", "lang", "said"),
    [
        ("rag − base = +72 points", "en", "RAG − base = +72 points"),
        ("tuned+rag − rag = +17 分（95% 区间 +2 到 +33）", "zh", "微调+RAG − RAG = +17 分（95% 区间 +2 到 +33）"),
        ("oracle = 39%（n = 46）", "zh", "给定原文 = 39%（n = 46）"),
        ("rag+finetune", "zh", "检索加微调"),
        ("tuning costs something elsewhere (general_ability): x", "zh", "微调在别处有代价（通用能力）：x"),
        ("the base of it all", "en", "the base of it all"),
    ],
)
def test_arms_dimensions_and_methods_are_called_by_name(text: str, lang: Language, said: str) -> None:
    assert named(text, lang) == said
