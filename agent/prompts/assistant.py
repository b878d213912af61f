"""What the assistant says, English and Chinese side by side. Every figure is a gap that a record fills."""

from __future__ import annotations

from typing import Final

from agent.prompts.phrases import Phrases

TALK: Final[Phrases] = {
    "greeting": {
        "en": "I help turn your documents into a domain-specific model: set-up, data, tuning, evaluation, diagnosis. "
        "Tell me what the assistant should do and where the documents are.",
        "zh": "我帮您把文档变成领域模型：立项、数据、微调、评测、诊断。请告诉我助手要做什么、文档在哪里。",
    },
    "refuse": {
        "en": "I can't do that. Every costly or destructive step waits for your yes, figures come from measurements "
        "only, and I work on this project's documents, data and models, nothing else.",
        "zh": "这个我不能做。每个代价高或不可逆的步骤都要等您同意，数字只来自测量，我只处理本项目的文档、数据和模型。",
    },
    "no_project": {
        "en": "There is no project yet. Tell me what the assistant should do, or name the documents to read; the "
        "project is made with the first of them.",
        "zh": "还没有项目。请说明助手要做什么，或给出要读的文档；读入第一批时就会建立项目。",
    },
    "noted": {"en": "Noted: {facts}.", "zh": "已记下：{facts}。"},
    "corrected": {"en": "Corrected: {facts}.", "zh": "已更正：{facts}。"},
    "nothing_noted": {
        "en": "I took no fact from that.",
        "zh": "这句话里我没有读出可记的情况。",
    },
    "skipped": {"en": "Left open: {field}.", "zh": "先空着：{field}。"},
    "pace_kept": {
        "en": "What changes {pace} stays in retrieval whatever else we do (guide: two-remedies).",
        "zh": "{pace}更新的内容无论如何都留在检索里（指南：two-remedies）。",
    },
    "first_question": {
        "en": "{count} answers would change the plan most. First: {question}",
        "zh": "还有 {count} 点最影响方案。先问：{question}",
    },
    "only_question": {"en": "One answer is still missing: {question}", "zh": "还差一点：{question}"},
    "plan_ready": {
        "en": "The plan, from {known} known facts ({confidence}): **{method}**.",
        "zh": "根据已知的 {known} 项情况（{confidence}），方案是：**{method}**。",
    },
    "plan_first": {"en": "First step: {step}", "zh": "第一步：{step}"},
    "plan_steps": {"en": "Steps: {steps}.", "zh": "步骤：{steps}。"},
    "plan_costs": {"en": "Cost on this machine: {costs}.", "zh": "在本机上的开销：{costs}。"},
    "plan_costs_open": {
        "en": "What the steps cost is estimated as soon as documents are read.",
        "zh": "读入文档之后即可估算各步的开销。",
    },
    "cost": {"en": "{step}: {amount}", "zh": "{step}：{amount}"},
    "confidence_measured": {"en": "measured", "zh": "已测量"},
    "confidence_rule": {"en": "by rule, not measured yet", "zh": "按规则推断，尚未测量"},
    "confidence_default": {"en": "default, little is known", "zh": "默认，所知不多"},
    "where_documents": {
        "en": "Where are the documents? Give a folder or files, or drop them on the Documents page.",
        "zh": "文档在哪里？请给出文件夹或文件路径，或拖到“文档”页。",
    },
    "read_paths": {"en": "read {paths}", "zh": "读入 {paths}"},
    "asks_yes": {"en": "{summary}\n\nShall I start?", "zh": "{summary}\n\n要开始吗？"},
    "then": {"en": "With the same yes, afterwards: {steps}.", "zh": "同一个“同意”还包括之后的：{steps}。"},
    "replaced": {
        "en": "This takes the place of the step that was waiting ({summary}).",
        "zh": "这一步取代了原先等待的步骤（{summary}）。",
    },
    "still_waiting": {
        "en": "Still waiting for your yes: {summary}",
        "zh": "仍在等您同意：{summary}",
    },
    "moved": {
        "en": "Not started: the conversation works in the project {project} now, and the step was to make one of its "
        "own ({title}). Ask for it again and it is done in {project}.",
        "zh": "未开始：对话现在位于项目 {project}，而这一步原本要新建项目（{title}）。"
        "请重新提出，将在 {project} 中执行。",
    },
    "nothing_waits": {"en": "No step is waiting for a yes.", "zh": "没有步骤在等待同意。"},
    "offer_declined": {"en": "Not started: {step}.", "zh": "未开始：{step}。"},
    "declined": {"en": "Not started. Nothing was changed.", "zh": "未开始，什么都没改。"},
    "started": {
        "en": "Started: {title} (job {job}). I report when it ends.",
        "zh": "已开始：{title}（任务 {job}）。结束后我会汇报。",
    },
    "already": {
        "en": "A job is running ({job}); one at a time per project. Ask for the status, or cancel it first.",
        "zh": "已有任务在运行（{job}），每个项目一次一个。可以查看进度，或先取消。",
    },
    "failed": {"en": "{title} failed: {error}", "zh": "{title} 失败：{error}"},
    "cancelled": {
        "en": "{title} was cancelled; what was finished is kept.",
        "zh": "{title} 已取消；已完成的部分保留。",
    },
    "unreported": {
        "en": "{title} has ended (job {job}), but what came of it cannot be reported: {error}",
        "zh": "{title} 已结束（任务 {job}），但结果无法汇报：{error}",
    },
    "no_job": {"en": "No job is running.", "zh": "没有任务在运行。"},
    "next": {"en": "Next: {step}.", "zh": "下一步：{step}。"},
    "next_offer": {"en": "Next would be: {step}. Shall I?", "zh": "下一步可以：{step}。要做吗？"},
    "error": {"en": "That did not work: {error}", "zh": "没有成功：{error}"},
    "policy": {"en": "I can't start that: {why}", "zh": "现在不能开始：{why}"},
    "clarify": {
        "en": "I can read that in more than one way. Which do you mean?",
        "zh": "这句话有几种理解，您指的是哪一种？",
    },
    "better_at": {
        "en": "Better at what? The last evaluation ({run}) is weakest here:",
        "zh": "改进哪一方面？上次评测（{run}）最弱的是：",
    },
    "weak": {"en": "{dimension}, {right} of {items} right", "zh": "{dimension}，{items} 题对 {right}"},
}

READINGS: Final[Phrases] = {
    "setup": {"en": "Describe the task", "zh": "说明任务情况"},
    "ingest": {"en": "Read documents", "zh": "读入文档"},
    "decide": {"en": "Decide between retrieval and fine-tuning", "zh": "判断用检索还是微调"},
    "extract": {"en": "Make training pairs", "zh": "生成问答对"},
    "review": {"en": "Look through the pairs", "zh": "查看问答对"},
    "mix": {"en": "Make the training mix", "zh": "生成训练配比"},
    "plan": {"en": "See what fits the hardware", "zh": "看硬件装得下什么"},
    "tune": {"en": "Train the model", "zh": "训练模型"},
    "validate": {"en": "Build the validation set", "zh": "生成验证集"},
    "evaluate": {"en": "Run the evaluation", "zh": "运行评测"},
    "diagnose": {"en": "Find out why answers are wrong", "zh": "查明为什么答错"},
    "compare": {"en": "Ask the models a question", "zh": "向模型提问"},
    "benchmark": {"en": "Look at the hardware's speed", "zh": "看硬件速度"},
    "export": {"en": "Hand over results", "zh": "交付成果"},
    "status": {"en": "See where the project stands", "zh": "查看项目进展"},
    "guide": {"en": "Ask the guide", "zh": "查指南"},
    "smalltalk": {"en": "What can you do?", "zh": "你能做什么？"},
}
"""A reading as a button; clicking it says these words."""

RESULTS: Final[Phrases] = {
    "ingest": {
        "en": "{read} documents read, {unchanged} unchanged, {skipped} skipped, {failed} failed; {chunks} chunks in "
        "the index ({run}).",
        "zh": "读入 {read} 份，未变 {unchanged} 份，跳过 {skipped} 份，失败 {failed} 份；"
        "索引共 {chunks} 个片段（{run}）。",
    },
    "ingest_bad": {"en": "Not read: {name} ({reason})", "zh": "未读入：{name}（{reason}）"},
    "extract": {
        "en": "{pairs} pairs accepted for {facts} facts, {rejected} rejected; {train} documents teach, {held} are held "
        "out ({run}).",
        "zh": "{facts} 个事实共接受 {pairs} 个问答对，拒绝 {rejected} 条；"
        "{train} 份文档用于训练，{held} 份保留（{run}）。",
    },
    "mix": {
        "en": "Mix {id}: {examples} examples, {domain} of them domain ({share}).",
        "zh": "配比 {id}：共 {examples} 条，其中领域 {domain} 条（{share}）。",
    },
    "validate": {"en": "{items} items sealed ({run}).", "zh": "已封存 {items} 道题（{run}）。"},
    "tune": {
        "en": "Trained by {method}: {examples} examples, loss {first} → {last}, {seconds} s, peak {peak} GiB ({run}).",
        "zh": "已用 {method} 训练：{examples} 条样本，损失 {first} → {last}，{seconds} 秒，峰值 {peak} GiB（{run}）。",
    },
    "tune_hint": {
        "en": "A falling loss says that it learns the training data; whether it helps, the evaluation says.",
        "zh": "损失下降只说明学到了训练数据；是否有用要看评测。",
    },
    "tune_done": {
        "en": "The target is met, so the climb ends here.",
        "zh": "已达标，爬梯到此为止。",
    },
    "tune_mend_data": {
        "en": "No climb: the data come first. Ask me why questions fail, or add what is missing.",
        "zh": "不换级：先改进数据。可以问我哪些题为什么答错，或补充所缺的内容。",
    },
    "tune_awaiting_approval": {
        "en": "A higher rung waits for your yes: say “train and climb to” and its name, and I ask with its cost.",
        "zh": "更高一级等待您同意：说“训练并爬到”加级名，我会带着成本再问一次。",
    },
    "tune_ask": {
        "en": "Here the ladder needs a decision of yours: the choices stand in the run's `ladder.en.md`.",
        "zh": "此处需要您决定：各种选择见该运行的 `ladder.zh.md`。",
    },
    "evaluate": {"en": "Evaluation {run}:", "zh": "评测 {run}："},
    "evaluate_line": {"en": "- {arm}: {cells}", "zh": "- {arm}：{cells}"},
    "verdict": {"en": "Verdict ({confidence}): **{method}**. {why}", "zh": "结论（{confidence}）：**{method}**。{why}"},
    "pairs": {
        "en": "{accepted} accepted, {pending} waiting, {rejected} rejected. The Pairs page goes through them "
        "one by one.",
        "zh": "已接受 {accepted} 条，待审 {pending} 条，已拒绝 {rejected} 条。可在“问答对”页逐条审阅。",
    },
    "pairs_none": {"en": "There are no pairs yet.", "zh": "还没有问答对。"},
    "rejected": {"en": "{count} pairs taken out of training.", "zh": "已将 {count} 个问答对移出训练。"},
    "guide_none": {"en": "No article of the guide speaks of that.", "zh": "指南里没有相关文章。"},
    "guide_more": {"en": "See also: {articles}.", "zh": "另见：{articles}。"},
    "compare_agree": {"en": "The answers agree.", "zh": "回答一致。"},
    "compare_differ": {"en": "The answers differ; the cited passage decides.", "zh": "回答不一致，以引用的原文为准。"},
    "compare_abstained": {"en": "(no answer in the documents)", "zh": "（文档中没有答案）"},
    "votes": {
        "en": "Over your {n} comparisons so far: {tally}.",
        "zh": "到目前您比较了 {n} 次：{tally}。",
    },
    "vote_pair": {
        "en": "{a} preferred {for_a}, {b} {for_b}, tie {ties} ({standing})",
        "zh": "{a} 胜 {for_a}，{b} 胜 {for_b}，平 {ties}（{standing}）",
    },
    "vote_a_preferred": {"en": "{a} ahead, the interval excludes even", "zh": "{a} 领先，区间不含持平"},
    "vote_b_preferred": {"en": "{b} ahead, the interval excludes even", "zh": "{b} 领先，区间不含持平"},
    "vote_not_enough": {"en": "not enough votes to tell", "zh": "票数不足，尚不能判断"},
    "machine": {"en": "{device}: {figures}.", "zh": "{device}：{figures}。"},
    "machine_memory": {"en": "memory {gib} GiB ({label}: {source})", "zh": "内存 {gib} GiB（{label}：{source}）"},
    "machine_bandwidth": {
        "en": "bandwidth {value} GB/s ({label}: {source})",
        "zh": "带宽 {value} GB/s（{label}：{source}）",
    },
    "machine_tflops": {
        "en": "{value} TFLOPS in fp16 ({label}: {source})",
        "zh": "fp16 {value} TFLOPS（{label}：{source}）",
    },
    "machine_unmeasured": {
        "en": "No speed was measured on this machine yet; datasheet figures are no measurement of your model.",
        "zh": "这台机器上还没有测过速度；规格书数字不等于您的模型的实测速度。",
    },
    "machine_trained": {
        "en": "Measured here: training at {rate} tokens/s ({run}).",
        "zh": "本机实测：训练 {rate} tokens/s（{run}）。",
    },
    "machine_answered": {
        "en": "Measured here: {arm} answers in {seconds} s at the median ({run}).",
        "zh": "本机实测：{arm} 回答中位数 {seconds} 秒（{run}）。",
    },
    "not_evaluated": {"en": "nothing was evaluated yet", "zh": "还没有做过评测"},
    "size_unknown": {
        "en": "the size of the base model is not known yet",
        "zh": "还不知道基础模型的大小",
    },
    "size_unknown_mend": {"en": "name it, e.g. “plan for 7B”", "zh": "请说明，例如“按 7B 规划”"},
    "results_none": {"en": "There is nothing to hand over yet.", "zh": "还没有可以交付的成果。"},
    "results_adapter": {
        "en": "- adapter of run {run} ({method}): `{path}`",
        "zh": "- 运行 {run} 的适配器（{method}）：`{path}`",
    },
    "results_report": {"en": "- report of evaluation {run}: `{path}`", "zh": "- 评测 {run} 的报告：`{path}`"},
    "results_pairs": {
        "en": "- {count} accepted pairs: `domainsmith review export FILE -p {project}` (JSONL, Alpaca, ShareGPT, CSV)",
        "zh": "- 已接受问答对 {count} 条：`domainsmith review export FILE -p {project}`"
        "（JSONL、Alpaca、ShareGPT、CSV）",
    },
}

DIAGNOSIS: Final[Phrases] = {
    "head": {
        "en": "{run}, {arm}: {items} {what} questions, {right} right ({share}, 95% interval {low}–{high}).",
        "zh": "{run}，{arm}：{what}共 {items} 题，对 {right} 题（{share}，95% 区间 {low}–{high}）。",
    },
    "all": {"en": "measured", "zh": "全部题目"},
    "none_found": {
        "en": "No scored question of {run} speaks of “{topic}”. Weakest there:",
        "zh": "{run} 中没有涉及“{topic}”的题目。最弱的是：",
    },
    "wrong": {"en": "Of the {wrong} wrong:", "zh": "答错的 {wrong} 题中："},
    "cause": {"en": "- {count} {cause}", "zh": "- {count} 题：{cause}"},
    "example": {
        "en": "e.g. “{question}” — expected {expected}, answered “{answered}” ({item})",
        "zh": "例如“{question}”——应为 {expected}，答“{answered}”（{item}）",
    },
    "no_training": {"en": "None of this needs training first.", "zh": "这些都不需要先重新训练。"},
    "training": {"en": "The data checks pass, so training again is justified.", "zh": "数据检查通过，可以再训练。"},
    "would": {"en": "I would:", "zh": "我建议："},
    "fix": {"en": "{number}. {action} ({why}; guide: {article})", "zh": "{number}. {action}（{why}；指南：{article}）"},
    "fix_person": {"en": "needs you", "zh": "需要您动手"},
    "again": {
        "en": "Then the same {items} questions again, to see whether it helped.",
        "zh": "然后用同样的 {items} 题再测一次，看是否有用。",
    },
    "nothing_diagnosed": {
        "en": "nothing was diagnosed in this conversation yet",
        "zh": "这个对话里还没有做过诊断",
    },
    "no_such_fix": {"en": "There is no fix number {number}.", "zh": "没有第 {number} 条修正。"},
    "reject_reason": {"en": "teaches a wrong answer (diagnosis)", "zh": "教错答案（诊断）"},
    "nothing_shared": {
        "en": "The two evaluations ({before}, {after}) share no scored question, so there is no before and after.",
        "zh": "两次评测（{before}、{after}）没有共同的已评分题目，无法比较前后。",
    },
    "all_right": {"en": "None is wrong.", "zh": "没有答错。"},
    "changed": {
        "en": "Same {n} questions, {arm}: {before} → {after} right, difference {difference} points (95% interval {low} "
        "to {high}; {run_before} → {run_after}).",
        "zh": "同样的 {n} 题，{arm}：答对 {before} → {after}，相差 {difference} 分（95% 区间 {low} 到 {high}；"
        "{run_before} → {run_after}）。",
    },
    "better": {"en": "It helped: the interval excludes zero.", "zh": "有效：区间不含零。"},
    "worse": {"en": "It made things worse: the interval lies below zero.", "zh": "变差了：区间在零以下。"},
    "no_difference": {
        "en": "That is not enough evidence of a change: the interval spans zero.",
        "zh": "还不足以说明有变化：区间跨过零。",
    },
    "wider": {"en": "evaluate the same items with k = {k} passages", "zh": "检索 k = {k} 个段落，用同样的题再测"},
    "reject": {
        "en": "take {count} training pairs that teach a wrong answer out",
        "zh": "移出 {count} 条教错答案的问答对",
    },
}
