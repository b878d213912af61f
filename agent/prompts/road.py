"""What the policy says about the seven stations of a project and about steps that need a person's yes."""

from __future__ import annotations

from typing import Final

from agent.prompts.phrases import Phrases

STATIONS: Final[Phrases] = {
    "profile_done": {"en": "{known} of {all} answers known", "zh": "已知 {known}/{all} 项"},
    "profile_empty": {
        "en": "tell what the assistant should do; nothing is known yet",
        "zh": "请说明助手要做什么；目前一无所知",
    },
    "documents_done": {"en": "{documents} documents, {chunks} chunks", "zh": "{documents} 份文档，{chunks} 个片段"},
    "documents_failed": {
        "en": "{documents} documents, {chunks} chunks; {failed} could not be read",
        "zh": "{documents} 份文档，{chunks} 个片段；{failed} 份无法读取",
    },
    "documents_none": {"en": "no document read yet", "zh": "尚未读入文档"},
    "pairs_done": {
        "en": "{accepted} pairs; {held_out} documents held out",
        "zh": "{accepted} 个问答对；保留 {held_out} 份文档",
    },
    "pairs_waiting": {
        "en": "{accepted} pairs; {pending} wait for review",
        "zh": "{accepted} 个问答对；{pending} 条待审",
    },
    "pairs_none": {"en": "no pairs yet", "zh": "尚无问答对"},
    "pairs_first_documents": {"en": "needs documents first", "zh": "先要有文档"},
    "mix_done": {
        "en": "{mixes} made, the newest from the present pairs",
        "zh": "已有 {mixes} 份，最新一份用的是现有问答对",
    },
    "mix_stale": {"en": "the pairs changed since the newest mix", "zh": "最新配比之后问答对有变化"},
    "mix_none": {"en": "no mix yet", "zh": "尚无配比"},
    "mix_first_pairs": {"en": "needs pairs first", "zh": "先要有问答对"},
    "tune_done": {"en": "run {run}", "zh": "运行 {run}"},
    "tune_stale": {"en": "run {run} used an older mix", "zh": "运行 {run} 用的是旧配比"},
    "tune_no_items": {
        "en": "needs a validation set first, without which nobody could tell whether it helped",
        "zh": "先要有验证集，否则无从判断是否有用",
    },
    "tune_ready": {"en": "ready to tune; {items} sealed items wait", "zh": "可以微调；已封存 {items} 道题"},
    "tune_first_mix": {"en": "needs a mix first", "zh": "先要有配比"},
    "not_needed": {"en": "not needed: the decision was {method}", "zh": "不需要：结论是 {method}"},
    "evaluate_done": {"en": "run {run}", "zh": "运行 {run}"},
    "evaluate_stale": {
        "en": "run {run} does not cover the present model or items",
        "zh": "运行 {run} 不含现有模型或题目",
    },
    "evaluate_no_items": {"en": "needs a validation set", "zh": "需要验证集"},
    "evaluate_ready": {"en": "{items} sealed items wait", "zh": "已封存 {items} 道题待测"},
    "decide_done": {"en": "{method}", "zh": "{method}"},
    "decide_ready": {"en": "the evaluation is in: decide", "zh": "评测已完成：可下结论"},
    "decide_waiting": {"en": "needs an evaluation to be more than a rule", "zh": "需评测，否则只是规则推断"},
    "running": {"en": "running: {job}", "zh": "运行中：{job}"},
}

NEXT: Final[Phrases] = {
    "setup": {
        "en": "nothing is known of the task and no document is read: begin with the profile",
        "zh": "任务与文档都还没有：从任务概况开始",
    },
    "ingest": {"en": "no document is read yet", "zh": "尚未读入文档"},
    "extract": {"en": "there are documents but no pairs", "zh": "有文档但没有问答对"},
    "review": {"en": "{pending} pairs wait and none is accepted", "zh": "{pending} 条待审，尚无通过的问答对"},
    "validate": {
        "en": "the validation set comes before the mix and any training: pairs too near to its items must stay out",
        "zh": "验证集先于配比与训练：与题目太近的问答对不得混入",
    },
    "mix": {"en": "pairs and validation set stand; the mix is next", "zh": "问答对与验证集已备，下一步配比"},
    "tune": {"en": "mix and validation set stand; training is next", "zh": "配比与验证集已备，下一步微调"},
    "evaluate": {"en": "what there is has not been measured yet", "zh": "现有结果尚未测量"},
    "decide": {"en": "the evaluation is in", "zh": "评测已完成"},
    "diagnose": {
        "en": "decided and measured; the failed items show what to mend",
        "zh": "已测已定；未答对的题指明该改什么",
    },
    "status": {"en": "{job} is running; wait for it or cancel it", "zh": "{job} 正在运行；请等待或取消"},
}

REFUSALS: Final[Phrases] = {
    "no_validation": {
        "en": "no training without a validation set: nobody could tell whether it helped. "
        "`domainsmith validate` builds it",
        "zh": "没有验证集不训练：无从判断是否有用。`domainsmith validate` 可生成",
    },
    "no_mix": {
        "en": "no training without a mix: `domainsmith mix` makes it",
        "zh": "没有配比不训练：`domainsmith mix` 可生成",
    },
    "no_pairs": {
        "en": "no mix without accepted pairs: `domainsmith extract` makes them",
        "zh": "没有通过的问答对无法配比：`domainsmith extract` 可生成",
    },
    "no_documents": {
        "en": "no document is read yet: `domainsmith ingest PATH` reads them",
        "zh": "尚未读入文档：`domainsmith ingest PATH` 可读入",
    },
    "no_items": {
        "en": "nothing to evaluate without sealed items: `domainsmith validate` builds them",
        "zh": "没有封存的题目无法评测：`domainsmith validate` 可生成",
    },
    "no_evaluation": {
        "en": "nothing to diagnose before an evaluation: `domainsmith evaluate` makes one",
        "zh": "评测之前无从诊断：先运行 `domainsmith evaluate`",
    },
}

CONSENT: Final[Phrases] = {
    "summary": {
        "en": "{subject}. Takes {time}; memory {memory}. {changes}",
        "zh": "{subject}。用时 {time}；内存 {memory}。{changes}",
    },
    "unknown": {"en": "unknown", "zh": "未知"},
    "about": {"en": "about {low}", "zh": "约 {low}"},
    "between": {"en": "{low} to {high}", "zh": "{low} 到 {high}"},
    "memory": {"en": "{need} GiB", "zh": "{need} GiB"},
    "memory_note": {"en": " ({note})", "zh": "（{note}）"},
    "changes": {"en": "Changes: {changes}.", "zh": "变化：{changes}。"},
    "changes_nothing": {"en": "Changes nothing.", "zh": "不改变任何内容。"},
    "sends": {"en": " Sends text of the documents to {host}.", "zh": "会把文档内容发送到 {host}。"},
    "destructive": {"en": "deleting cannot be undone", "zh": "删除不可恢复"},
    "machine": {
        "en": "it needs the whole machine for itself, and what it finds counts for all projects",
        "zh": "测量期间独占整台机器，结果对所有项目有效",
    },
    "training": {"en": "training is costly and always needs a yes", "zh": "训练代价高，总要先同意"},
    "long": {
        "en": "estimated at more than {limit}, so it needs a yes",
        "zh": "预计超过 {limit}，需要先同意",
    },
    "unknown_time": {
        "en": "how long it takes is not known, so it needs a yes",
        "zh": "用时未知，需要先同意",
    },
    "leaves": {
        "en": "text of the documents would leave this machine for {host}",
        "zh": "文档内容将离开本机发往 {host}",
    },
    "approved": {
        "en": "asked for directly, which is the yes",
        "zh": "由您直接下令，即视为同意",
    },
}
