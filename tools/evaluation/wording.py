"""The sentences of the evaluation's report, English and Chinese side by side."""

from __future__ import annotations

import re
from typing import Final

from agent.prompts.phrases import Phrases, fill
from agent.records.base import Language
from agent.records.decision import MethodChoice
from agent.records.evaluation import Arm, Dimension

DIMENSION_NAMES: Final[Phrases] = {
    "tokenization": {"en": "tokenization", "zh": "分词"},
    "syntax": {"en": "syntax", "zh": "句法"},
    "disambiguation": {"en": "disambiguation", "zh": "消歧"},
    "understanding": {"en": "understanding", "zh": "阅读理解"},
    "domain_knowledge": {"en": "domain knowledge", "zh": "领域知识"},
    "domain_knowledge_held_out": {"en": "held-out knowledge", "zh": "留出文档知识"},
    "instruction_following": {"en": "instruction following", "zh": "指令遵循"},
    "faithfulness": {"en": "faithfulness", "zh": "忠实度"},
    "general_ability": {"en": "general ability", "zh": "通用能力"},
}
ARM_NAMES: Final[Phrases] = {
    "base": {"en": "base", "zh": "基座"},
    "rag": {"en": "RAG", "zh": "RAG"},
    "oracle": {"en": "gold passage", "zh": "给定原文"},
    "tuned": {"en": "tuned", "zh": "微调"},
    "tuned+rag": {"en": "tuned + RAG", "zh": "微调+RAG"},
}
SEPARATOR: Final[dict[Language, str]] = {"en": ", ", "zh": "、"}
"""Stands between the members of a list."""
COMMA: Final[dict[Language, str]] = {"en": ", ", "zh": "，"}
"""Stands between what is said of one thing."""
KIND_NAMES: Final[Phrases] = {
    "factual": {"en": "fact", "zh": "事实"},
    "numeric": {"en": "number", "zh": "数值"},
    "definitional": {"en": "definition", "zh": "定义"},
    "procedural": {"en": "procedure", "zh": "步骤"},
    "comparative": {"en": "comparison", "zh": "比较"},
    "table": {"en": "table", "zh": "表格"},
    "multi_hop": {"en": "several steps", "zh": "多步"},
    "faq": {"en": "question list", "zh": "问答"},
    "unanswerable": {"en": "unanswerable", "zh": "无答案"},
    "measure": {"en": "number with unit", "zh": "带单位的数值"},
    "code": {"en": "code", "zh": "代码"},
    "term": {"en": "term", "zh": "术语"},
    "sense": {"en": "sense of a term", "zh": "术语含义"},
    "conflated": {"en": "conflated terms", "zh": "混同术语"},
    "same_sense": {"en": "same sense or not", "zh": "义项是否相同"},
    "agreement": {"en": "agreement", "zh": "主谓一致"},
    "order": {"en": "word order", "zh": "语序"},
    "adverb_order": {"en": "place of the adverb", "zh": "副词位置"},
    "preposition_order": {"en": "place of the preposition", "zh": "介词位置"},
    "dropped_word": {"en": "dropped word", "zh": "漏词"},
    "particle": {"en": "particle", "zh": "助词"},
    "max_words": {"en": "length", "zh": "字数"},
    "json": {"en": "JSON", "zh": "JSON"},
    "bullets": {"en": "bullet points", "zh": "条目数"},
    "language": {"en": "language", "zh": "语言"},
    "forbidden": {"en": "forbidden word", "zh": "禁用词"},
    "contains": {"en": "required word", "zh": "必用词"},
    "one_word": {"en": "one word", "zh": "一个词"},
    "starts_with": {"en": "opening", "zh": "开头"},
    "uppercase": {"en": "capitals", "zh": "大写"},
    "knowledge": {"en": "general knowledge", "zh": "常识知识"},
    "common_sense": {"en": "common sense", "zh": "生活常识"},
    "cloze": {"en": "cloze", "zh": "填空"},
    "opposite": {"en": "opposite", "zh": "反义"},
    "sensible": {"en": "sensible or not", "zh": "是否合理"},
    "number": {"en": "counting", "zh": "数数"},
}
"""Kinds of items; those that a file names itself stay as they are."""
_METHODS: Final[Phrases] = {
    "prompt": {"en": "Prompting is enough.", "zh": "用提示词即可。"},
    "rag": {"en": "Use RAG.", "zh": "采用 RAG。"},
    "finetune": {"en": "Use the tuned model.", "zh": "采用微调模型。"},
    "rag+finetune": {"en": "Use the tuned model together with RAG.", "zh": "微调模型与 RAG 并用。"},
    "insufficient_evidence": {"en": "The evidence is not sufficient yet.", "zh": "证据尚不充分。"},
}
_ARM: Final = r"(?:tuned\+rag|tuned|rag|base|oracle)"
_COMPARED: Final = re.compile(rf"(?<![\w+]){_ARM}(?= [−=] )|(?<= − ){_ARM}(?= = )")
_ID: Final = re.compile(r"\b[a-z]+(?:_[a-z]+)+\b")
SENTENCES: Final[Phrases] = {
    "title": {"en": "# Evaluation {run}", "zh": "# 评测 {run}"},
    "verdict": {"en": "## Verdict", "zh": "## 结论"},
    "scores": {"en": "## Scores", "zh": "## 得分"},
    "scores_lead": {
        "en": "Share right with its 95% interval, n in brackets; `·` was not asked of that arm.",
        "zh": "正确比例及其 95% 区间，括号内为题数；`·` 表示该组不作答。",
    },
    "cell_failed": {"en": ", {count} failed", "zh": "，失败 {count}"},
    "radar_lead": {
        "en": "The radar runs from guessing (centre, 0) to perfect (rim, 1): (share − chance) / (1 − chance), with its "
        "95% interval on each spoke.",
        "zh": "雷达图自随机水平（圆心，0）至满分（外圈，1）：（正确比例 − 随机水平）/（1 − 随机水平），"
        "各辐条附 95% 区间。",
    },
    "asked": {"en": "## What was asked", "zh": "## 题目构成"},
    "asked_lead": {
        "en": "`corpus`: built automatically from the documents; for faithfulness also from a file's questions, put "
        "before their passage and before another one. A file of questions is named as it was given.",
        "zh": "“文档”：由项目文档自动生成；忠实度另将题目文件中的问题配以原文段落和其他段落。题目文件按原名列出。",
    },
    "asked_head": {
        "en": "| dimension | items | documents | from | kinds |",
        "zh": "| 维度 | 题数 | 文档数 | 来源 | 题型 |",
    },
    "asked_checked": {
        "en": "{n} items were asked. Spot-check of the sealed set: {told}",
        "zh": "共 {n} 题。封存题目的抽查：{told}",
    },
    "from_auto": {"en": "corpus", "zh": "文档"},
    "from_builtin": {"en": "built in", "zh": "内置"},
    "terms": {"en": "## Tokenization of the domain's terms", "zh": "## 领域术语的分词"},
    "terms_head": {
        "en": "| language | terms | pieces (mean) | in more than {pieces} pieces | given back unchanged |",
        "zh": "| 语言 | 术语数 | 平均切分数 | 切成 {pieces} 段以上 | 可无损还原 |",
    },
    "language_en": {"en": "English", "zh": "英文"},
    "language_zh": {"en": "Chinese", "zh": "中文"},
    "per_en": {"en": "a word", "zh": "每词"},
    "per_zh": {"en": "a character", "zh": "每字"},
    "dimension": {"en": "dimension", "zh": "维度"},
    "chance": {"en": "chance", "zh": "随机水平"},
    "differences": {"en": "## Differences on the same items", "zh": "## 同题差异"},
    "differences_head": {
        "en": "| dimension | difference | points | 95% interval | p (Holm) | n | smallest detectable | finding |",
        "zh": "| 维度 | 差异 | 百分点 | 95% 区间 | p（Holm） | 题数 | 可检出的最小差异 | 判断 |",
    },
    "difference_line": {
        "en": "{b} − {a}, {dimension}: {points} points ({low} to {high}, n={n})",
        "zh": "{b} − {a}，{dimension}：{points} 个百分点（{low} 到 {high}，n={n}）",
    },
    "b_better": {"en": "{b} better", "zh": "{b}更好"},
    "a_better": {"en": "{a} better", "zh": "{a}更好"},
    "no_difference_shown": {"en": "no difference shown", "zh": "未显示差异"},
    "too_few_items": {"en": "too few items to tell", "zh": "题数不足，无法判断"},
    "deciding": {
        "en": "Deciding comparison: {b} against {a} on {dimension}: {points} points, 95% interval {low} to {high}, "
        "n = {n}: {finding}.",
        "zh": "决定性比较：{dimension}上{b}对{a}：{points}个百分点，95% 区间 {low} 至 {high}，n = {n}：{finding}。",
    },
    "decides_alone": {
        "en": "the interval excludes zero, which is what decides; corrected for all {count} comparisons below, "
        "p = {p:.2f}, so a second set should confirm it",
        "zh": "区间不含零，以此为准；若对下列全部 {count} 项比较校正，p = {p:.2f}，宜用第二套题确认",
    },
    "harness": {"en": "## Tasks of lm-evaluation-harness", "zh": "## lm-evaluation-harness 任务"},
    "harness_lead": {
        "en": "By the tasks' own prompts and metrics (version {version}), as an addition: no dimension, difference or "
        "verdict above counts them. The score with its 95% interval, n in brackets.",
        "zh": "按各任务自带的提示与指标（版本 {version}）另行列出，上面的维度、差异与结论均不计入。"
        "得分及其 95% 区间，括号内为题数。",
    },
    "harness_limit": {
        "en": "Only the first {limit} items of every task were asked.",
        "zh": "每个任务只问了前 {limit} 题。",
    },
    "harness_task": {"en": "task", "zh": "任务"},
    "harness_metric": {"en": "metric", "zh": "指标"},
    "harness_difference": {"en": "tuned − base", "zh": "微调 − 基座"},
    "rule": {"en": "Rule that decided: {text}.", "zh": "起决定作用的规则：{text}。"},
    "power": {
        "en": "On this comparison the set can show {least} points; {more} more items would show {fine}.",
        "zh": "就此比较，这套题可检出 {least} 个百分点；再加 {more} 题可检出 {fine} 个。",
    },
    "power_documents": {
        "en": "On this comparison the set can show {least} points; {more} more items, from further documents, would "
        "show {fine}.",
        "zh": "就此比较，这套题可检出 {least} 个百分点；再从其他文档加 {more} 题可检出 {fine} 个。",
    },
    "power_enough": {
        "en": "On this comparison the set can show {least} points.",
        "zh": "就此比较，这套题可检出 {least} 个百分点。",
    },
    "costs": {"en": "## What answering takes", "zh": "## 作答的代价"},
    "costs_lead": {
        "en": "On this machine, over the {n} questions that every arm is asked. Latency: median from the start of a "
        "batch to an answer's last token, search included. 1,000 questions: time of the machine, in batches as here.",
        "zh": "在本机上，按各组都作答的 {n} 道题计。延迟：从一批开始到答案最后一个词元的中位数，含检索。"
        "1000 题：机器用时，与此处同样成批。",
    },
    "costs_head": {
        "en": "| arm | latency | search | tokens | peak memory | 1,000 questions |",
        "zh": "| 组 | 延迟 | 检索 | 词元 | 内存峰值 | 1000 题 |",
    },
    "costs_price": {"en": " price of 1,000 |", "zh": " 1000 题的价格 |"},
    "renewal": {"en": "## When a document changes", "zh": "## 文档变更之后"},
    "renewal_head": {
        "en": "| arm | the change reaches it | by, and what the last one took |",
        "zh": "| 组 | 何时生效 | 所需步骤及上一次用时 |",
    },
    "renewal_base": {"en": "never: it is asked without documents", "zh": "永不：作答时不看文档"},
    "renewal_rag": {"en": "at once, with the next reading", "zh": "重新读入后立即"},
    "renewal_oracle": {
        "en": "at once, but in a measurement only: it is handed the passage",
        "zh": "立即，但仅限于评测：原文是直接给定的",
    },
    "renewal_tuned": {"en": "after new pairs and another training", "zh": "重做样本并再次训练之后"},
    "renewal_tuned+rag": {
        "en": "at once where it reads; its weights keep what they learnt until another training",
        "zh": "检索部分立即；权重所学要到再次训练才更新",
    },
    "step_ingest": {"en": "ingest", "zh": "读取文档"},
    "step_extract": {"en": "extract", "zh": "抽取样本"},
    "step_mix": {"en": "mix", "zh": "配比"},
    "step_tune": {"en": "tune", "zh": "微调"},
    "not_recorded": {"en": "not recorded", "zh": "无记录"},
    "notes": {"en": "## Notes", "zh": "## 说明"},
    "measured": {"en": "## What was measured", "zh": "## 测了什么"},
    "measured_text": {
        "en": "Base model {model}; tuning run {tune}. Every arm answered the same sealed items (sha256 {sha}), "
        "greedily, from the same prompts. Rates carry Wilson's interval, differences are paired on the item and "
        "resampled, both by document: items of one document fail together.",
        "zh": "基座模型 {model}；微调运行 {tune}。各组以相同提示、贪心解码回答同一批封存题目（sha256 {sha}）。"
        "比例用 Wilson 区间，差异按题配对并重抽样，二者均按文档：同一文档的题目往往一起出错。",
    },
    "none": {"en": "none", "zh": "无"},
    "seconds": {"en": "Median seconds per answer: {list}.", "zh": "每题耗时中位数（秒）：{list}。"},
    "free": {"en": "## Free answers: exact match / token F1", "zh": "## 自由作答：完全匹配 / 词元 F1"},
    "named": {
        "en": "A difference is named only if its interval excludes zero and its Holm-adjusted p is below 0.05; "
        "`too few items` means that a difference of ten points could not have been shown.",
        "zh": "仅当区间不含零且 Holm 校正后的 p 小于 0.05 时才判为有差异；“题数不足”表示即使相差十个百分点也无法检出。",
    },
    "abstention": {
        "en": "{arm}: abstention precision {precision}, recall {recall} (abstained {said}×, due {due}×).",
        "zh": "{arm}：拒答精确率 {precision}，召回率 {recall}（拒答 {said} 次，应拒答 {due} 次）。",
    },
    "profile_changed": {
        "en": "The verdict is by the project's profile as it stands now, which is not the one at the time of this "
        "evaluation; the figures are the same.",
        "zh": "结论按现在的项目概况得出，与本次评测时的概况不同；各项数字不变。",
    },
    "few_domain": {
        "en": "{n} domain items; a full verdict needs {need}. "
        "Only differences whose interval excludes zero are called one.",
        "zh": "领域题 {n} 道；完整结论需要 {need} 道。仅区间不含零的差异才算差异。",
    },
    "few_spokes": {
        "en": "Fewer than {need} items on: {list}.",
        "zh": "以下维度不足 {need} 道题：{list}。",
    },
    "errors": {
        "en": "{arm}, {dimension}: {count} of {n} items failed and are not scored ({example}).",
        "zh": "{arm}，{dimension}：{n} 题中 {count} 题失败，不计分（{example}）。",
    },
    "left_out": {"en": "Left out by the limit: {list}.", "zh": "因数量上限未作答：{list}。"},
    "clusters_fact": {
        "en": "Fewer than five documents, so resampled by fact; the interval does not speak for other "
        "documents: {list}.",
        "zh": "文档少于五份，改按事实重抽样，区间不能外推到其他文档：{list}。",
    },
    "clusters_item": {
        "en": "Fewer than five documents, so resampled by item; the interval does not speak for other "
        "documents: {list}.",
        "zh": "文档少于五份，改按题目重抽样，区间不能外推到其他文档：{list}。",
    },
    "clusters_document": {
        "en": "An interval from fewer than {few} documents is approximate: {list}.",
        "zh": "少于 {few} 份文档时区间只是近似：{list}。",
    },
    "arms_left_out": {"en": "Not possible: {arms} ({why}).", "zh": "无法进行：{arms}（{why}）。"},
    "no_tune_run": {"en": "there is no finished tuning run", "zh": "没有已完成的微调运行"},
    "no_retrieval": {"en": "nothing was retrieved for the items", "zh": "没有为题目检索的结果"},
    "tune_base": {
        "en": "The tuning run's base model {model} was evaluated, not the configured one.",
        "zh": "评测使用微调运行的基座模型 {model}，而非当前设置的模型。",
    },
    "builtin": {
        "en": "Built-in items were used for: {list}.",
        "zh": "以下维度使用内置题目：{list}。",
    },
    "finding_domain": {
        "en": "{best} answers {high} of domain questions, {base} {low} (n = {n})",
        "zh": "{best}答对 {high} 的领域问题，{base}为 {low}（n = {n}）",
    },
    "finding_single": {
        "en": "{best} answers {high} of domain questions (n = {n})",
        "zh": "{best}答对 {high} 的领域问题（n = {n}）",
    },
    "finding_none": {"en": "Evaluation by dimension", "zh": "各维度评测"},
}


def say(key: str, lang: Language, **values: object) -> str:
    """Return a sentence of the report."""
    return fill(SENTENCES, key, lang, **values)


def arm_name(arm: Arm, lang: Language) -> str:
    """Return an arm's name for readers."""
    return fill(ARM_NAMES, arm, lang)


def dimension_name(dimension: Dimension, lang: Language) -> str:
    """Return a dimension's name for readers."""
    return fill(DIMENSION_NAMES, dimension, lang)


def kind_name(kind: str, lang: Language) -> str:
    """Return the name of a kind of items for readers; as it stands where a file named it."""
    return fill(KIND_NAMES, kind, lang) if kind in KIND_NAMES else kind.replace("|", "\\|")


def named(text: str, lang: Language) -> str:
    """Return a sentence of the policy with arms and dimensions called by name and not by their ids."""
    text = _COMPARED.sub(lambda found: ARM_NAMES[found[0]][lang], text)
    return _ID.sub(lambda found: DIMENSION_NAMES.get(found[0], {lang: found[0]})[lang], text)


def method_sentence(method: MethodChoice, lang: Language) -> str:
    """Return the recommendation as a sentence."""
    return fill(_METHODS, method, lang)
