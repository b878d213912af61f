"""The words of the dataset report and card, in both languages."""

from __future__ import annotations

from typing import Final

from agent.records.base import Language

_WORDS: Final[dict[str, dict[Language, str]]] = {
    "title": {"en": "Dataset report: {project}", "zh": "数据集报告：{project}"},
    "counts": {
        "en": "{pairs} accepted pairs on {facts} facts; {pending} wait for a person, {rejected} were rejected.",
        "zh": "已接受{pairs}条问答，涉及{facts}个事实；待审{pending}条，拒绝{rejected}条。",
    },
    "coverage": {"en": "Coverage of documents", "zh": "文档覆盖"},
    "heat": {"en": "Heat map of sections: facts per 1,000 characters", "zh": "章节热力图：每千字事实数"},
    "heat_note": {
        "en": "Shade says density; a blank row has no pair.",
        "zh": "深浅表示密度；空白行没有问答。",
    },
    "document": {"en": "Document", "zh": "文档"},
    "section": {"en": "Section", "zh": "章节"},
    "sections": {"en": "Sections covered", "zh": "已覆盖章节"},
    "characters": {"en": "Characters", "zh": "字符数"},
    "pairs": {"en": "Pairs", "zh": "问答数"},
    "facts": {"en": "Facts", "zh": "事实数"},
    "density": {"en": "Density", "zh": "密度"},
    "held_out": {"en": "held out", "zh": "留作测试"},
    "without": {"en": "Documents without pairs: {names}", "zh": "没有问答的文档：{names}"},
    "kinds": {"en": "Kinds", "zh": "种类"},
    "kind": {"en": "Kind", "zh": "种类"},
    "language": {"en": "Language", "zh": "语言"},
    "source": {"en": "Source", "zh": "来源"},
    "split": {"en": "Split", "zh": "划分"},
    "count": {"en": "Count", "zh": "数量"},
    "share": {"en": "Share", "zh": "占比"},
    "lengths": {"en": "Lengths in characters", "zh": "长度（字符）"},
    "length_row": {
        "en": "{what}: median {median:g}, 5th to 95th percentile {low:g} to {high:g}, longest {longest}",
        "zh": "{what}：中位数{median:g}，5至95百分位{low:g}至{high:g}，最长{longest}",
    },
    "question": {"en": "Question", "zh": "问题"},
    "answer": {"en": "Answer", "zh": "答案"},
    "diversity": {"en": "Diversity of questions", "zh": "问题多样性"},
    "diversity_row": {
        "en": (
            "{language}: {n} questions, distinct-1 {one:.3f}, distinct-2 {two:.3f}; the commonest beginning, "
            "“{opening}”, "
            "opens {share:.0%}"
        ),
        "zh": "{language}：{n}个问题，distinct-1 {one:.3f}，distinct-2 {two:.3f}；最常见的开头“{opening}”占{share:.0%}",
    },
    "wordings": {"en": "{mean:g} pairs per fact on average.", "zh": "平均每个事实{mean:g}条问答。"},
    "repeats": {"en": "Near-duplicates", "zh": "近似重复"},
    "repeats_row": {
        "en": "{pairs} questions ({share:.1%}) are nearly the same as one on another fact.",
        "zh": "{pairs}个问题（{share:.1%}）与另一事实的问题近似。",
    },
    "imbalance": {"en": "Imbalance over 10:1", "zh": "超过10:1的失衡"},
    "imbalance_row": {
        "en": "by {by}: {largest} has {ratio:g} times the pairs of {smallest}",
        "zh": "按{by}：{largest}的问答数是{smallest}的{ratio:g}倍",
    },
    "none": {"en": "none", "zh": "无"},
    "error": {"en": "Error rate from a spot-check", "zh": "抽查得到的错误率"},
    "error_row": {
        "en": "{wrong} of {reviewed} reviewed pairs were wrong: {rate:.1%}, 95% interval {low:.1%} to {high:.1%}.",
        "zh": "抽查{reviewed}条，其中{wrong}条有误：{rate:.1%}，95%区间{low:.1%}至{high:.1%}。",
    },
    "error_unknown": {
        "en": "Nobody has looked at a pair yet, so the error rate is unknown; {count} pairs are drawn for a look.",
        "zh": "还没有人看过任何一条，错误率未知；已抽出{count}条供检查。",
    },
    "error_note": {
        "en": "It counts only pairs drawn by chance from those that passed the checks; dataset.json names the drawn "
        "ones that nobody has looked at yet (`spot_check.sample`).",
        "zh": "只计入从通过检查的问答中随机抽出的那些；尚未查看的列在 dataset.json 的 `spot_check.sample` 里。",
    },
    "rejects": {"en": "Rejected, with samples", "zh": "被拒绝的问答与样例"},
    "reason": {"en": "Reason", "zh": "原因"},
    "card_summary": {
        "en": (
            "{pairs} question-answer pairs made from {documents} documents of one organisation with domainsmith; every "
            "pair quotes its source to the letter. Made for supervised fine-tuning of a domain model, not for "
            "other use."
        ),
        "zh": (
            "本数据集由 domainsmith 从一家机构的{documents}份文档中生成{pairs}条问答，每条都逐字引用原文。"
            "仅用于领域模型的监督微调。"
        ),
    },
    "card_limits": {"en": "Limits", "zh": "局限"},
    "card_limit_rows": {
        "en": (
            "The licence is that of the source documents and was not looked into. Held-out documents have no pairs. "
            "Checks by rule catch most faults of form and grounding, not every wrong claim; see the error rate."
        ),
        "zh": (
            "许可以来源文档为准，未作审查。留作测试的文档没有问答。"
            "规则检查能拦下大多数形式与依据上的毛病，但不能拦下每一处错误，请看错误率。"
        ),
    },
    "card_rows_messages": {
        "en": "`messages`: the turns, each with role and content.",
        "zh": "`messages`：各轮对话，含角色与内容。",
    },
    "card_rows_alpaca": {
        "en": "`instruction`, `input`, `output` and, where a conversation has more turns, `history`.",
        "zh": "`instruction`、`input`、`output`；多轮对话另有 `history`。",
    },
    "card_rows_sharegpt": {
        "en": "`conversations`: the turns, each `from` human or gpt with its `value`.",
        "zh": "`conversations`：各轮对话，`from` 为 human 或 gpt，`value` 为内容。",
    },
    "card_rows_table": {
        "en": (
            "`id`, `question`, `answer`; `quote`, `document`, `page`: where the answer stands; `kind`, `language`, "
            "`status`, `reason`. An apostrophe before a cell that a spreadsheet would take for a formula is not of its "
            "text."
        ),
        "zh": (
            "`id`、`question`、`answer`；`quote`、`document`、`page`：答案所在；`kind`、`language`、`status`、`reason`。"
            "表格软件会当作公式的单元格前加了撇号，撇号不属于正文。"
        ),
    },
    "card_rows_parquet": {
        "en": "`messages` (role, content), and `id`, `question`, `answer`, `quote`, `document`, `page`, `kind`, "
        "`language`, `status`, `reason`.",
        "zh": "`messages`（角色、内容），以及 `id`、`question`、`answer`、`quote`、`document`、`page`、`kind`、"
        "`language`、`status`、`reason`。",
    },
    "card_fields": {"en": "Fields", "zh": "字段"},
    "card_field_rows": {
        "en": (
            "`messages` (role, content); `document`, `page`, `start`, `end`, `quote`: where the answer stands; `kind`, "
            "`language`, `split`, `checks` (score by check, passed from 0.5), `fact` (wordings of one fact share it)."
        ),
        "zh": (
            "`messages`（角色、内容）；`document`、`page`、`start`、`end`、`quote`：答案所在；`kind`、`language`、"
            "`split`、`checks`（各项检查得分，0.5 及以上为通过）、`fact`（同一事实的不同问法共用）。"
        ),
    },
}


_NAMES: Final[dict[str, dict[str, dict[Language, str]]]] = {
    "kind": {
        "factual": {"en": "factual", "zh": "事实"},
        "numeric": {"en": "numeric", "zh": "数值"},
        "definitional": {"en": "definition", "zh": "定义"},
        "procedural": {"en": "procedure", "zh": "步骤"},
        "comparative": {"en": "comparison", "zh": "比较"},
        "table": {"en": "table", "zh": "表格"},
        "multi_hop": {"en": "two sentences", "zh": "跨句"},
        "faq": {"en": "FAQ", "zh": "常见问题"},
        "reading": {"en": "reading", "zh": "阅读"},
        "unanswerable": {"en": "unanswerable", "zh": "无法回答"},
    },
    "source": {
        "table": {"en": "tables", "zh": "表格"},
        "definition": {"en": "definitions", "zh": "定义"},
        "faq": {"en": "questions and answers", "zh": "问答"},
        "field": {"en": "forms and lists of fields", "zh": "表单和字段"},
        "heading": {"en": "headings", "zh": "标题"},
        "model": {"en": "prose, read by a model", "zh": "由模型阅读的正文"},
        "import": {"en": "imported", "zh": "导入"},
    },
    "language": {"en": {"en": "English", "zh": "英文"}, "zh": {"en": "Chinese", "zh": "中文"}},
    "split": {
        "train": {"en": "training", "zh": "训练"},
        "validation": {"en": "validation loss", "zh": "验证损失"},
        "test": {"en": "test", "zh": "测试"},
    },
}


def name_in(by: str, name: str, lang: Language) -> str:
    """Return what a group is called: a `kind`, `source`, `language` or `split`; any other one, as a document, stays."""
    return _NAMES.get(by, {}).get(name, {}).get(lang, name)


def said(key: str, lang: Language, **values: object) -> str:
    """Return a phrase of the report."""
    return _WORDS[key][lang].format(**values)
