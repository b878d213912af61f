"""What a message names beside its action: tables in both languages."""

from __future__ import annotations

from typing import Any

import pytest

from agent.records.decision import Action
from graph.understanding.slots import read_slots, wants_better


@pytest.mark.parametrize(
    ("action", "text", "slots"),
    [
        ("ingest", "please read /srv/docs/manuals and ~/合同", {"paths": ["/srv/docs/manuals", "~/合同"]}),
        ("ingest", "把 D:\\handbooks\\2023 和 价格表.xlsx 导入", {"paths": ["D:\\handbooks\\2023", "价格表.xlsx"]}),
        ("ingest", "import the files", {}),
        ("plan", "can we tune 14B on two A800?", {"device": "NVIDIA A800 PCIe", "count": 2, "params_b": 14.0}),
        ("plan", "两张昇腾910A能全量微调7B吗", {"device": "Huawei Ascend 910A", "count": 2, "method": "full"}),
        ("plan", "what fits this machine?", {"device": "this machine"}),
        ("tune", "full fine-tuning of 14B on our one A800", {"method": "full", "count": 1, "params_b": 14.0}),
        ("tune", "LoRA with rank 64, lr 2e-4", {"method": "lora", "rank": 64, "learning_rate": 2e-4}),
        ("tune", "用LoRA训练，rank设为64，跑三轮", {"method": "lora", "rank": 64, "epochs": 3.0}),
        ("tune", "Q-LoRA please", {"method": "qlora"}),
        ("tune", "climb to LoRA", {"climb_to": "lora"}),
        ("tune", "climb the ladder, Q-LoRA, LoRA, at most full fine-tuning", {"climb_to": "full"}),
        ("tune", "沿阶梯训练", {"climb_to": "qlora"}),
        ("tune", "train it", {}),
        ("mix", "20% general data please", {"domain_share": 0.8}),
        ("mix", "三七开", {"domain_share": 0.3}),
        ("mix", "领域数据占四成", {"domain_share": 0.4}),
        ("mix", "use 40 percent domain data by tokens", {"domain_share": 0.4, "by": "tokens"}),
        ("mix", "make the mix", {}),
        ("evaluate", "compare base and tuned on the exam", {"arms": ["base", "tuned"]}),
        ("evaluate", "only 20 items please", {"limit": 20}),
        ("evaluate", "measure syntax and general ability", {"dimensions": ["syntax", "general_ability"]}),
        ("evaluate", "只评测领域知识", {"dimensions": ["domain_knowledge", "domain_knowledge_held_out"]}),
        ("diagnose", "为什么这么多答案是错的？", {}),
        ("diagnose", "为什么很多题都答错了", {}),
        ("diagnose", "为什么所有回答都不对", {}),
        ("diagnose", "保修的问题为什么总是答错", {"topic": "保修"}),
        ("diagnose", "价格的答案怎么都是错的", {"topic": "价格"}),
        ("extract", "make pairs with 4 wordings a fact", {"wordings": 4}),
        ("extract", "生成训练样本，每个事实十二种问法", {"wordings": 12}),
        ("extract", "make pairs, 400 wordings", {}),
        ("diagnose", "Why is it so bad at prices?", {"topic": "prices"}),
        ("diagnose", "why are warranty answers wrong", {"topic": "warranty"}),
        ("diagnose", "为什么价格方面的问题总是答错", {"topic": "价格"}),
        ("diagnose", "why does it hallucinate so much", {"dimension": "faithfulness"}),
        ("diagnose", "Why is the last evaluation so bad?", {}),
        ("diagnose", "模型效果为什么这么差", {}),
        ("diagnose", "what went wrong in 20261122T172640Z-evaluate", {"run": "20261122T172640Z-evaluate"}),
        ("compare", "Ask both: how long is the warranty?", {"question": "how long is the warranty?"}),
        ("compare", "What torque for the seal bolts?", {"question": "What torque for the seal bolts?"}),
        ("compare", "问一下两个模型：保修多久？", {"question": "保修多久？"}),
        ("status", "stop the training job", {"cancel": True}),
        ("status", "把训练停掉", {"cancel": True}),
        ("status", "how far is it?", {}),
        ("benchmark", "S4000 against 910A?", {"devices": ["Moore Threads S4000", "Huawei Ascend 910A"]}),
    ],
)  # fmt: skip
def test_slots(action: Action, text: str, slots: dict[str, Any]) -> None:
    found = read_slots(action, text)
    assert slots.items() <= found.items()
    if not slots:
        assert found == {}


@pytest.mark.parametrize(
    ("text", "wants"), [("make it better", True), ("优化一下", True), ("run it", False), ("跑一下", False)]
)
def test_a_wish_for_better(text: str, *, wants: bool) -> None:
    assert wants_better(text) is wants
