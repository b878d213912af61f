"""What is proposed for each cause of failure, and how often the cause was found."""

from __future__ import annotations

from typing import Final

from agent.prompts.phrases import Phrases

ACTIONS: Final[Phrases] = {
    "wrong_reference": {
        "en": "correct the reference answers of these items, then import them again",
        "zh": "更正这些题的参考答案，再重新导入",
    },
    "bad_training_pair": {
        "en": "fix or drop the training pairs that teach the wrong answer",
        "zh": "修正或删除教错答案的问答对",
    },
    "missing_source": {
        "en": "ingest the documents that hold the answers",
        "zh": "读入含有答案的文档",
    },
    "ambiguous_question": {
        "en": "rewrite the questions that fit several entities or versions, and have answers name which is meant",
        "zh": "改写对应多个对象或版本的问题，并让答案说明所指",
    },
    "format": {
        "en": "add pairs in the wanted form, or constrain the decoding to it",
        "zh": "补充符合形式要求的样本，或约束解码格式",
    },
    "unsupported": {
        "en": "add pairs that stay with the passage, and pairs that abstain where it is silent",
        "zh": "补充忠于资料的样本，以及资料未载时拒答的样本",
    },
    "knowledge_gap": {
        "en": "leave these facts to retrieval; if they must be in the weights, add {paraphrases} or more "
        "wordings of each",
        "zh": "这些事实交给检索；若必须写进权重，每个事实补充至少 {paraphrases} 种说法",
    },
    "forgetting": {
        "en": "raise the share of general data: mix again with {share} domain data",
        "zh": "提高通用数据占比：以 {share} 领域数据重新配比",
    },
    "retrieval_miss": {
        "en": "mend retrieval: see whether the passages appear with k = {k}, keep tables and sections whole, "
        "add synonyms",
        "zh": "修检索：看 k = {k} 时能否找到段落，保持表格与章节完整，补充同义词",
    },
    "context_lost": {
        "en": "put fewer and sharper passages into the context, the best first, so that none is cut",
        "zh": "资料放得更少更准，最好的在前，避免被截断",
    },
    "truncated": {
        "en": "shorten the target answers, or raise the limit of generated tokens",
        "zh": "缩短目标答案，或提高生成长度上限",
    },
    "reader_miss": {
        "en": "train reading with context and distractors, or take a larger base model",
        "zh": "训练带干扰段落的阅读，或换更大的基座",
    },
    "undertrained": {
        "en": "train longer: the validation loss was still falling",
        "zh": "延长训练：验证损失仍在下降",
    },
    "overfit": {
        "en": "train for fewer epochs and stop early: the validation loss rose again",
        "zh": "减少轮数并提前停止：验证损失已回升",
    },
    "wider_k": {
        "en": "retrieve {k} passages a question (-k {k}): among them stand those that were missed",
        "zh": "每题检索 {k} 段（-k {k}）：漏掉的段落就在其中",
    },
    "gate_opened": {
        "en": "let the search doubt less: read from evidence {threshold} on (DOMAINSMITH_ABSTAIN_BELOW={threshold})",
        "zh": "放宽检索的疑虑：证据达到 {threshold} 即阅读（DOMAINSMITH_ABSTAIN_BELOW={threshold}）",
    },
    "gate_closed": {
        "en": "read nothing where the search doubts that the documents answer (DOMAINSMITH_ABSTAIN_BELOW={threshold})",
        "zh": "检索怀疑资料中没有答案时不再阅读（DOMAINSMITH_ABSTAIN_BELOW={threshold}）",
    },
    "more_room": {
        "en": "show the reader {passages} passages of {characters} characters in all (DOMAINSMITH_PASSAGES={passages}, "
        "DOMAINSMITH_PASSAGE_CHARACTERS={characters})",
        "zh": "向模型提供 {passages} 段、共 {characters} 字的资料（DOMAINSMITH_PASSAGES={passages}，"
        "DOMAINSMITH_PASSAGE_CHARACTERS={characters}）",
    },
    "more_tokens": {
        "en": "raise the limit of generated tokens to {tokens}",
        "zh": "把生成长度上限提高到 {tokens} 个词元",
    },
    "preamble": {
        "en": "shorten the answers of the training pairs that begin with a preamble, so that each begins with what it "
        "says",
        "zh": "删去训练样本答案开头的套话，让答案直接切题",
    },
    "unexplained": {
        "en": "read these answers by hand; no test explains them",
        "zh": "人工查看这些答案；没有检验能解释",
    },
}

WHY: Final[Phrases] = {
    "share": {
        "en": "{count} of {failed} failed items ({share}, 95% interval {low}–{high})",
        "zh": "未答对的 {failed} 题中有 {count} 题（{share}，95% 区间 {low}–{high}）",
    },
}
