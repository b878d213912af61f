"""What the policy says about prompt, RAG, fine-tuning, both, or not enough evidence, and about the share of the mix."""

from __future__ import annotations

from typing import Final

from agent.prompts.phrases import Phrases

RULES: Final[Phrases] = {
    "nothing_known": {
        "en": "nothing usable is measured and nothing is known of the task, so any answer would be a guess",
        "zh": "既无可用的测量，也不了解任务，任何结论都只是猜测",
    },
    "changes_fast": {
        "en": "the knowledge changes {pace}: retrieval stays in, whatever else is done (2312.05934, 2403.01432)",
        "zh": "知识{pace}更新：无论另做什么，检索都要保留（2312.05934，2403.01432）",
    },
    "must_cite": {
        "en": "answers must show their source, which weights cannot: retrieval stays in (2312.05934, 2403.01432)",
        "zh": "答案须给出处，权重做不到：检索要保留（2312.05934，2403.01432）",
    },
    "access_differs": {
        "en": "who may read what differs per document, which weights cannot tell apart: retrieval stays in",
        "zh": "不同人可读的文档不同，权重无法区分：检索要保留",
    },
    "facts": {
        "en": "the task is about new or rare facts: RAG first; facts go into weights only with several wordings each "
        "({paraphrases} or more) and a closed-book probe (2312.05934; 2405.05904: unknown facts fit slowly and raise "
        "hallucination)",
        "zh": "任务涉及新的或罕见的事实：先用 RAG；只有每个事实有多种说法（至少 {paraphrases} 种）并做闭卷检验时，"
        "才把事实写进权重（2312.05934；2405.05904：未知事实学得慢且增加幻觉）",
    },
    "form": {
        "en": "the form ({kind}) is stable and {pairs} good examples are at hand (about {enough} are enough to start): "
        "fine-tune on them (LIMA 2305.11206)",
        "zh": "形式稳定（{kind}），且有 {pairs} 条好样本（约 {enough} 条即可起步）：用它们微调（LIMA 2305.11206）",
    },
    "both": {
        "en": "a facts problem and a form problem together: RAG and fine-tuning; their gains add (+6, then +5 points, "
        "2401.08406)",
        "zh": "事实问题与形式问题并存：RAG 加微调，收益相加（先 +6 分，再 +5 分，2401.08406）",
    },
    "few_examples": {
        "en": "{pairs} examples are fewer than {few} and there is no facts problem: prompting with examples first; "
        "collect and augment more",
        "zh": "样本 {pairs} 条，少于 {few} 条，且没有事实问题：先用带例子的提示，并收集、扩充样本",
    },
    "some_examples": {
        "en": "{pairs} examples are not yet the {enough} from which fine-tuning a form is worth a try: prompting with "
        "examples meanwhile",
        "zh": "样本 {pairs} 条，尚不足可尝试微调形式的 {enough} 条：其间先用带例子的提示",
    },
    "examples_unknown": {
        "en": "how many good examples there are is not known: prompting with examples costs least and shows what lacks",
        "zh": "好样本有多少未知：带例子的提示成本最低，也能看出缺什么",
    },
    "reasoning": {
        "en": "for reasoning no rule of ours speaks for retrieval or fine-tuning unmeasured: prompting first, then "
        "measure",
        "zh": "对推理任务，未经测量时没有规则支持检索或微调：先用提示，再测量",
    },
    "air_gapped": {
        "en": "air-gapped: the same logic with a model that runs on site; nothing leaves it and nothing is downloaded",
        "zh": "隔离网络：同样的判断，改用本地模型；数据不外传，也不下载",
    },
    "no_gpu": {
        "en": "no GPU: the same logic with a small model, up to about {size}, and the memory plan. Expect a 135M model "
        "to answer from one right passage (40 of 40, measured) but only 53–68% among look-alikes, and to learn about "
        "40 facts by heart in 5 minutes; not to reason broadly",
        "zh": "没有 GPU：同样的判断，改用约 {size} 以内的小模型并遵循内存规划。135M 模型可预期：给出唯一正确段落时"
        "能答对（40 题全对，实测），相似段落混杂时为 53–68%，约 5 分钟可记住 40 个事实；不能期待广泛推理",
    },
    "scarce": {
        "en": "{pairs} examples are fewer than {scarce}: start from a chat model, add grounded paraphrases, use k-fold "
        "and fewer epochs, and claim nothing without an interval",
        "zh": "样本 {pairs} 条，少于 {scarce} 条：以对话模型为基座，扩充有依据的改写，"
        "用 k 折与较少轮数，无区间不下结论",
    },
    "keep_general": {
        "en": "general ability matters: keep domain data at about {share} of the mix and measure what is forgotten",
        "zh": "通用能力重要：领域数据约占 {share}，并测量遗忘",
    },
}

PACE: Final[Phrases] = {"weekly": {"en": "weekly", "zh": "每周"}, "daily": {"en": "daily", "zh": "每天"}}

GATES: Final[Phrases] = {
    "difference": {
        "en": "{b} − {a} = {value} points ({level} interval {low} to {high}, n = {n})",
        "zh": "{b} − {a} = {value} 分（{level} 区间 {low} 到 {high}，n = {n}）",
    },
    "level": {
        "en": "{arm} = {value} ({level} interval {low} to {high}, n = {n})",
        "zh": "{arm} = {value}（{level} 区间 {low} 到 {high}，n = {n}）",
    },
    "target": {"en": "{target}", "zh": "{target}"},
    "target_assumed": {"en": "{target} (assumed, none was named)", "zh": "{target}（未指定，取默认）"},
    "no_items": {
        "en": "the measured means come without the number of items, so no interval can be given and they "
        "decide nothing",
        "zh": "测得的均值没有题数，无法给出区间，故不能据以判断",
    },
    "fix_retrieval": {
        "en": "{difference}: more than {gap} points, so fix retrieval first (chunking, fusion, k, missing documents)",
        "zh": "{difference}：超过 {gap} 分，应先修检索（切分、融合、k、缺失文档）",
    },
    "weak_reader": {
        "en": "{level} stays below the target of {target} even with the right passage: the reader is weak; fine-tune "
        "on reading with context, or take a larger base",
        "zh": "{level}，给出正确段落仍低于目标 {target}：阅读能力弱；就带资料的阅读做微调，或换更大的基座",
    },
    "knowledge_gap": {
        "en": "{difference}: more than {gap} points, a knowledge gap; keep RAG",
        "zh": "{difference}：超过 {gap} 分，属知识缺口；保留 RAG",
    },
    "form_fails": {
        "en": "{level} meets the target of {target} but {form} does not: fine-tune on about {curated} curated "
        "examples of the form (LIMA 2305.11206)",
        "zh": "{level} 达到目标 {target}，但 {form} 未达：用约 {curated} 条精选的形式样本微调（LIMA 2305.11206）",
    },
    "distractors": {
        "en": "{difference} although recall is good ({recall}): the reader is led astray; RAFT-style fine-tuning with "
        "distractors (2403.10131)",
        "zh": "{difference}，而召回良好（{recall}）：阅读受干扰；做带干扰段落的 RAFT 式微调（2403.10131）",
    },
    "rag_helps": {
        "en": "{difference}: RAG helps, though not shown to exceed {gap} points",
        "zh": "{difference}：RAG 有帮助，但未证明超过 {gap} 分",
    },
    "rag_useless": {
        "en": "{difference}: RAG brings no measurable gain here, and one of {effect} points is ruled out",
        "zh": "{difference}：RAG 在此没有可测的收益，也排除了 {effect} 分的收益",
    },
    "rag_dropped": {
        "en": "{difference}: beside the tuned model RAG brings no measurable gain, one of {effect} points is ruled "
        "out, and no rule asks for it",
        "zh": "{difference}：在微调模型之外 RAG 没有可测收益，排除了 {effect} 分的收益，也没有规则要求它",
    },
    "tuning_pays": {
        "en": "{difference}: the interval excludes zero, so tuning pays",
        "zh": "{difference}：区间不含零，微调有收益",
    },
    "ship_rag": {
        "en": "{difference}: tuned+rag is no better than rag by its interval, which leaves no room for {effect} "
        "points; ship RAG, tuning did not pay",
        "zh": "{difference}：按区间微调+RAG 并不优于 RAG，也容不下 {effect} 分的收益；采用 RAG，微调没有收益",
    },
    "tuning_fails": {
        "en": "{difference}: tuning did not pay by its interval, which leaves no room for {effect} points",
        "zh": "{difference}：按区间微调没有收益，也容不下 {effect} 分的收益",
    },
    "too_few": {
        "en": "{difference}: the interval spans zero and {n} items show {smallest} points at best; not enough "
        "evidence. {more} more items would show {effect} points, {more_fine} more would show {fine}",
        "zh": "{difference}：区间含零，{n} 题最多只能分辨 {smallest} 分，证据不足。再加 {more} 题可分辨 {effect} 分，"
        "再加 {more_fine} 题可分辨 {fine} 分",
    },
    "still_open": {
        "en": "{difference}: the interval spans zero and still holds {effect} points, which would be worth having; not "
        "enough evidence. {more} more items would show {fine} points",
        "zh": "{difference}：区间含零，又未排除值得的 {effect} 分，证据不足。再加 {more} 题可分辨 {fine} 分",
    },
    "forgetting": {
        "en": "general ability: {difference}; more than {limit} points are lost, so raise the share of general data",
        "zh": "通用能力：{difference}；损失超过 {limit} 分，应提高通用数据占比",
    },
    "held_out": {
        "en": "facts of documents that no training pair came from: {difference}; weights cannot know them, so "
        "retrieval stays in",
        "zh": "没有训练样本的文档中的事实：{difference}；权重无从知晓，检索要保留",
    },
    "harm": {
        "en": "tuning costs something elsewhere ({dimension}): {difference}",
        "zh": "微调在别处有代价（{dimension}）：{difference}",
    },
    "small_set": {
        "en": "{n} items are fewer than the {full} of a full verdict: only what excludes zero is called a difference",
        "zh": "题数 {n} 少于完整结论所需的 {full}：只有区间不含零的才称为差异",
    },
}

RUNG: Final[Phrases] = {
    "default": {
        "en": "the ladder starts at Q-LoRA; no device is named yet, so this is not checked against memory",
        "zh": "阶梯从 Q-LoRA 开始；尚未指定设备，未按内存核对",
    },
    "no_gpu": {
        "en": "the ladder starts at Q-LoRA, which also trains on a CPU (4-bit weights, about 180 tokens/s for 135M on "
        "two cores, measured)",
        "zh": "阶梯从 Q-LoRA 开始，CPU 上也能训练（4 位权重，135M 在双核上约 180 词元/秒，实测）",
    },
    "not_checked": {
        "en": "the ladder starts at Q-LoRA; {device} is not checked here, `domainsmith plan` does",
        "zh": "阶梯从 Q-LoRA 开始；此处未核对 {device}，可用 `domainsmith plan`",
    },
    "unknown_device": {
        "en": "{device} is not in the device catalogue, so no rung can be named",
        "zh": "设备目录中没有 {device}，无法给出起始方法",
    },
    "size_unknown": {
        "en": "{method} is the first rung that {device} supports; memory is not checked without the model's size",
        "zh": "{method} 是 {device} 支持的第一级；不知模型大小，未核对内存",
    },
    "none_available": {
        "en": "{device} supports no training method",
        "zh": "{device} 不支持任何训练方法",
    },
}

QUESTIONS: Final[Phrases] = {
    "task_kind": {
        "en": "What should the assistant do: know facts, keep a style or format, classify, extract, or reason?",
        "zh": "助手要做什么：掌握事实、保持文风或格式、分类、抽取，还是推理？",
    },
    "goal": {"en": "What should the assistant do, in your words?", "zh": "请用您的话说：助手要做什么？"},
    "knowledge_change": {
        "en": "How often does the knowledge change: daily, weekly, monthly, yearly, or never?",
        "zh": "知识多久变化一次：每天、每周、每月、每年，还是不变？",
    },
    "needs_citations": {"en": "Must answers show their source?", "zh": "答案必须给出处吗？"},
    "per_document_access_control": {
        "en": "May different people read different documents?",
        "zh": "不同的人可读的文档不同吗？",
    },
    "labelled_pairs": {
        "en": "How many good question-answer examples are at hand?",
        "zh": "手头有多少条好的问答样本？",
    },
    "privacy": {
        "en": "May data leave the site, or must everything run on premises or air-gapped?",
        "zh": "数据可以外传吗，还是必须在本地或隔离网络中运行？",
    },
    "hardware": {"en": "Which devices are there, and how many?", "zh": "有哪些设备，各几块？"},
    "base_model_params_b": {"en": "How large is the base model?", "zh": "基座模型有多大？"},
    "target": {"en": "Which accuracy would be good enough?", "zh": "多高的准确率就够用？"},
    "documents": {"en": "Where are the documents, and how many?", "zh": "文档在哪里，有多少？"},
    "general_ability_matters": {
        "en": "Must the model keep its general abilities?",
        "zh": "模型需要保留通用能力吗？",
    },
    "measured.items": {
        "en": "How many items stand behind the measured figures?",
        "zh": "这些测量值各基于多少道题？",
    },
    "more_items": {
        "en": "Build about {more} more validation items?",
        "zh": "要再自动出约 {more} 道验证题吗？",
    },
    "measure": {
        "en": "Measure it on a sealed validation set ({arms})?",
        "zh": "要在封存的验证集上测量吗（{arms}）？",
    },
}

SHARE: Final[Phrases] = {
    "default": {
        "en": "{share} domain data, counted in examples, as the guide says, to balance flexibility and accuracy: a "
        "default to test, published shares run from 17% to 99%",
        "zh": "领域数据占 {share}（按样本数计），依指南以平衡灵活与准确；这是待检验的默认值，已发表的比例从 17% 到 99%",
    },
    "best": {
        "en": "{share} gives the best domain gain ({gain} points) of the shares that lose at most {limit} points of "
        "general ability (here {drop})",
        "zh": "在通用能力损失不超过 {limit} 分的比例中，{share} 的领域收益最好（{gain} 分，此处损失 {drop} 分）",
    },
    "none_keeps": {
        "en": "no share of the sweep keeps the loss of general ability within {limit} points; {share} loses least "
        "({drop}): sweep lower shares or add general data",
        "zh": "没有一个比例把通用能力损失控制在 {limit} 分内；{share} 损失最小"
        "（{drop} 分）：请试更低的比例或增加通用数据",
    },
    "no_replay": {
        "en": "{general} general data is below the {least} of replay under which forgetting sets in (2502.06042)",
        "zh": "通用数据仅 {general}，低于会引发遗忘的 {least} 重放（2502.06042）",
    },
}

METHOD_CHOICES: Final[Phrases] = {
    "prompt": {"en": "prompting with examples", "zh": "带例子的提示"},
    "rag": {"en": "retrieval (RAG)", "zh": "检索（RAG）"},
    "finetune": {"en": "fine-tuning", "zh": "微调"},
    "rag+finetune": {"en": "retrieval and fine-tuning together", "zh": "检索加微调"},
    "insufficient_evidence": {"en": "nothing yet, not enough evidence", "zh": "证据不足，暂不下结论"},
}
"""A method choice in words."""
