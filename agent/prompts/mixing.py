"""What the notes of a mix say: how the share was met, what was left out, what a removal took; English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from agent.prompts.phrases import Phrases, fill, listed
from agent.records.base import Language

_NOTES: Final[Phrases] = {
    "max_domain": {
        "en": "{chosen} of {pairs} domain pairs, as asked (max_domain)",
        "zh": "按要求（max_domain）从 {pairs} 条领域问答中取 {chosen} 条",
    },
    "no_general": {
        "en": "no general data: a share of 100% was asked for",
        "zh": "没有通用数据：要求的领域占比为 100%",
    },
    "fit_domain": {
        "en": "{chosen} of {pairs} domain pairs: the general data gives no more at this share (fit_domain)",
        "zh": "从 {pairs} 条领域问答中取 {chosen} 条：按这一占比，通用数据只够配这么多（fit_domain）",
    },
    "repeats": {
        "en": "{usable} general examples are too few for the share; some occur up to {repeats} times",
        "zh": "{usable} 个通用样本不够这一占比，有的最多出现 {repeats} 次",
    },
    "leaks": {
        "en": "{count} examples left out because they leak ({kinds})",
        "zh": "{count} 个样本因与封存题目重合而去掉（{kinds}）",
    },
    "removed": {
        "en": "{count} examples were deleted with a document that was removed; the hash is that of before",
        "zh": "{count} 个样本随被移除的文档一并删除；哈希仍是删除前的",
    },
    "items_left": {
        "en": "{count} sealed items were deleted with a document that was removed",
        "zh": "{count} 道封存题目随被移除的文档一并删除",
    },
    "pilot_kept": {
        "en": "the pilot with {share} of domain data was trained before (run {run}) and is taken over",
        "zh": "领域占比 {share} 的试训先前已完成（运行 {run}），直接沿用",
    },
    "pilot_goes_on": {
        "en": "the pilot with {share} of domain data goes on where it stood (run {run})",
        "zh": "领域占比 {share} 的试训从中断处继续（运行 {run}）",
    },
    "sweep_goes_on": {
        "en": "going on with the sweep that broke off (run {run})",
        "zh": "继续先前中断的占比试验（运行 {run}）",
    },
}
_LEAKS: Final[Phrases] = {
    "held_out_document": {"en": "{count} from a held-out document", "zh": "{count} 个来自留作测试的文档"},
    "near_duplicate": {"en": "{count} worded nearly as a sealed question", "zh": "{count} 个与封存的问题几乎相同"},
    "shared_passage": {"en": "{count} sharing a passage with a sealed item", "zh": "{count} 个与封存题目有相同段落"},
}

_CARD: Final[Phrases] = {
    "summary": {
        "en": "{examples} conversations for supervised fine-tuning, mixed with domainsmith: {domain} of one "
        "organisation's domain and {general} general ones. Share of domain data: {share:.1%} by examples, {tokens:.1%} "
        "by tokens; {asked:.0%} by {by} was asked for.",
        "zh": "用 domainsmith 混合的{examples}条监督微调对话：领域{domain}条，通用{general}条。领域占比："
        "按样本{share:.1%}，按词元{tokens:.1%}；要求为按{by}{asked:.0%}。",
    },
    "examples": {"en": "examples", "zh": "样本"},
    "tokens": {"en": "tokens", "zh": "词元"},
    "sources": {"en": "Sources", "zh": "来源"},
    "domain_source": {
        "en": "- Domain: question-answer pairs from {documents} documents of the organisation; the licence is that of "
        "the documents and was not looked into.",
        "zh": "- 领域：来自该机构{documents}份文档的问答；许可以文档为准，未作审查。",
    },
    "general_source": {
        "en": "- General: {name}, licence {licence}, {rows} rows, each at most {repeats} times, sha256 `{sha256}`.",
        "zh": "- 通用：{name}，许可 {licence}，共{rows}行，每行最多出现{repeats}次，sha256 `{sha256}`。",
    },
    "made": {"en": "How it was made", "zh": "制作方式"},
    "made_row": {
        "en": "Seed {seed}; sha256 of train.jsonl `{sha256}`; {held} examples kept for the validation loss; left out: "
        "{leaks} that leak a sealed item, {repeated} that repeat another. manifest.json says all of it.",
        "zh": "种子 {seed}；train.jsonl 的 sha256 `{sha256}`；留{held}条算验证损失；去掉：与封存题目重合{leaks}条，"
        "重复{repeated}条。详见 manifest.json。",
    },
    "personal": {"en": "Personal data", "zh": "个人信息"},
    "personal_none": {
        "en": "None was found by rule; names that nothing introduces are not looked for.",
        "zh": "按规则没有找到；不查找无任何引导的姓名。",
    },
    "personal_none_people": {
        "en": "None was found by rule; names that nothing introduces were looked for too.",
        "zh": "按规则没有找到；也查找了无任何引导的姓名。",
    },
    "personal_mask": {
        "en": "{examples} examples held personal data ({kinds}), which is masked.",
        "zh": "{examples}条样本含个人信息（{kinds}），已遮盖。",
    },
    "personal_drop": {
        "en": "{examples} examples held personal data ({kinds}) and are left out.",
        "zh": "{examples}条样本含个人信息（{kinds}），已去掉。",
    },
    "personal_keep": {
        "en": "{examples} examples hold personal data ({kinds}) as it is: do not pass them on.",
        "zh": "{examples}条样本含个人信息（{kinds}），原样保留：请勿外传。",
    },
    "limits": {"en": "Limits", "zh": "局限"},
    "limit_rows": {
        "en": "Made to tune one model for one organisation's domain. Answers are as right as the documents and the "
        "checks; the dataset report of the project says how often a spot-check found them wrong.",
        "zh": "仅用于针对一家机构的领域微调模型。答案的正确程度取决于文档和检查；抽查所得错误率见项目的数据集报告。",
    },
}


def card_text(key: str, lang: Language, **values: object) -> str:
    """Return a sentence of the card of a mix.

    Raises:
        KeyError: There is no such sentence, or a value is missing.
    """
    return fill(_CARD, key, lang, **values)


def mix_note(key: str, lang: Language, **values: object) -> str:
    """Return a note; the keys are those of the table above.

    Raises:
        KeyError: There is no such note, or a value is missing.
    """
    return fill(_NOTES, key, lang, **values)


def leak_note(leaking: Mapping[str, int], lang: Language) -> str:
    """Return how many examples were left out because they leak, by kind of leak."""
    kinds = listed(tuple(fill(_LEAKS, kind, lang, count=count) for kind, count in sorted(leaking.items())), lang)
    return mix_note("leaks", lang, count=sum(leaking.values()), kinds=kinds)
