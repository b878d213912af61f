"""How a step is named before it starts, and what it changes: the words of an approval."""

from __future__ import annotations

from typing import Final

from agent.prompts.phrases import Phrases

STEPS: Final[Phrases] = {
    "ingest": {"en": "Read {paths} into the project", "zh": "把 {paths} 读入项目"},
    "ingest_changes": {
        "en": "text, chunks and index of the project; your files stay as they are",
        "zh": "项目中的文本、片段与索引；您的原文件不动",
    },
    "extract": {
        "en": "Make training pairs from {chunks} chunks, {wordings} wordings a fact, {held_out}",
        "zh": "从 {chunks} 个片段生成问答对，每个事实 {wordings} 种问法，{held_out}",
    },
    "extract_share": {"en": "{share}% of the documents held out", "zh": "留出 {share}% 的文档"},
    "extract_only": {"en": "only from {documents}, the others held out", "zh": "只用 {documents}，其余文档留出"},
    "extract_changes": {
        "en": "the project's pairs; those a person has reviewed stay as they are",
        "zh": "项目的问答对；人工审过的保持不变",
    },
    "mix": {"en": "Make a training mix with {share} domain data", "zh": "生成训练配比，领域数据占 {share}"},
    "mix_changes": {"en": "a new mix; earlier ones stay", "zh": "新增一份配比；原有的保留"},
    "tune": {
        "en": "{method} of {model} on mix {mix} ({examples} examples)",
        "zh": "用配比 {mix}（{examples} 条）对 {model} 做 {method}",
    },
    "tune_auto": {"en": "Fine-tuning (first rung that fits)", "zh": "微调（从装得下的第一级开始）"},
    "tune_changes": {
        "en": "a new run folder with an adapter; base model and earlier runs stay",
        "zh": "新增一个运行目录和适配器；基座模型和以前的运行保留",
    },
    "tune_memory": {
        "en": "a range, as `domainsmith plan` explains; the mix's own examples are counted before it starts",
        "zh": "为区间，`domainsmith plan` 说明缘由；开始前再按配比自身的样本计算",
    },
    "epochs": {"en": "epochs {value}", "zh": "{value} 轮"},
    "rank": {"en": "rank {value}", "zh": "秩 {value}"},
    "learning_rate": {"en": "learning rate {value}", "zh": "学习率 {value}"},
    "validate": {"en": "Build and seal the validation set", "zh": "生成并封存验证集"},
    "validate_changes": {
        "en": "the sealed validation set; scores on an earlier one can no longer be compared with new ones",
        "zh": "封存的验证集；旧验证集上的分数不能再与新分数比较",
    },
    "evaluate": {
        "en": "Measure {arms} on the sealed items ({answers} answers)",
        "zh": "在封存题目上测量 {arms}（共 {answers} 个回答）",
    },
    "evaluate_changes": {"en": "a new report; earlier ones stay", "zh": "新增一份报告；原有的保留"},
    "judge_changes": {
        "en": "a part of the evaluation's report; its own figures stay as they are",
        "zh": "评测报告中新增一节；原有的数字不变",
    },
    "bench_whole": {
        "en": "Measure this machine: everything it can do, tried for real; how fast {model} answers as it is, with an "
        "adapter, merged and in 4 bit; steps of every training. Nothing else should run meanwhile",
        "zh": "测量这台机器：实际尝试它能做的每一项；{model} 原样、带适配器、合并后与 4 比特的回答速度；"
        "各种训练的单步用时。期间不要运行其他任务",
    },
    "bench_quick": {
        "en": "Measure this machine quickly: everything it can do, tried for real; how fast {model} answers one short "
        "prompt as it is and in 4 bit; steps of LoRA. Nothing else should run meanwhile",
        "zh": "快速测量这台机器：实际尝试它能做的每一项；{model} 原样与 4 比特回答一个短提示的速度；"
        "LoRA 单步用时。期间不要运行其他任务",
    },
    "bench_changes": {
        "en": "a new result for all projects, and plans and trainings go by what it finds of this machine; earlier "
        "results stay",
        "zh": "新增一份所有项目可见的结果，规划与训练以测得的本机能力为准；原有的结果保留",
    },
    "ingest_new": {
        "en": "a new project “{project}” with text, chunks and index; your files stay as they are",
        "zh": "新建项目“{project}”及其文本、片段与索引；您的原文件不动",
    },
    "note_facts_changes": {"en": "the profile", "zh": "项目概况"},
    "reject_pairs_changes": {
        "en": "the state of these pairs; they can be accepted again",
        "zh": "这些问答对的状态；可以重新接受",
    },
    "cancel_job_changes": {
        "en": "the running job stops; what was finished is kept",
        "zh": "正在运行的任务停止；已完成的保留",
    },
    "untrusted": {
        "en": "it was proposed by a program or after reading documents, so a person decides",
        "zh": "这是程序提出的，或是读过文档之后提出的，须由人决定",
    },
    "evaluate_again": {"en": "the same items again", "zh": "用同样的题再测"},
    "mix_again": {"en": "a new mix of the mended pairs", "zh": "用修正后的问答对重新配比"},
    "tune_again": {"en": "training (asks for its own yes)", "zh": "训练（届时另行征求同意）"},
    "runs": {"en": "{kind} {job} has been running for {ran}.", "zh": "{kind} {job} 已运行 {ran}。"},
    "runs_share": {
        "en": "{kind} {job} has been running for {ran}, {share} of its present part done.",
        "zh": "{kind} {job} 已运行 {ran}，当前部分完成 {share}。",
    },
}
