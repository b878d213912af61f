"""Every tool of the product, written down once: the assistant, its chat model and the MCP door derive from this.

A tool has a name, the action it serves, a request model, an effect, and either a job kind or a call in this process.
Deciding who may run what is the policy's (`agent.policy.consent`); nothing here starts anything.

    find_tool("tune").effect        # "costly"
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from agent.errors import NotFoundError
from agent.policy.consent import EFFECTS
from agent.records.base import Language, Record
from agent.records.decision import Action, Effect
from agent.records.evaluation import EvaluateRequest
from agent.records.job import JobKind
from tools.extraction.request import ExtractRequest
from tools.mixing.request import MixRequest
from tools.requests import (
    CancelRequest,
    CompareRequest,
    DiagnoseRequest,
    GuideRequest,
    IngestAsk,
    MachineRequest,
    NoRequest,
    PlanRequest,
    ProfileRequest,
    RejectRequest,
    ReviewRequest,
    TuneAsk,
)
from tools.validation.request import ValidateRequest


@dataclass(frozen=True)
class ToolSpec:
    """One tool."""

    name: str
    action: Action
    request: type[Record]
    """What it is asked with."""
    effect: Effect
    """`read` changes nothing; `write` changes the project; `costly` takes long as well."""
    job: JobKind | None
    """Kind of the job that does the work; `None` if it is done at once in this process."""
    says: Mapping[Language, str]
    """What it is for, in one sentence."""
    needs_project: bool = True


def _tool(
    name: str,
    action: Action,
    request: type[Record],
    en: str,
    zh: str,
    *,
    job: JobKind | None = None,
    effect: Effect | None = None,
    needs_project: bool = True,
) -> ToolSpec:
    chosen = effect if effect is not None else EFFECTS[action]
    return ToolSpec(name, action, request, chosen, job, {"en": en, "zh": zh}, needs_project)


TOOLS: Final[tuple[ToolSpec, ...]] = (
    _tool(
        "note_facts",
        "setup",
        ProfileRequest,
        "Keep facts of the team's task in the project's profile.",
        "把任务的情况记入项目概况。",
        needs_project=False,
    ),
    _tool(
        "read_documents",
        "ingest",
        IngestAsk,
        "Read files and folders into the project: text, chunks, index.",
        "把文件或文件夹读入项目：文本、片段、索引。",
        job="ingest",
    ),
    _tool(
        "decide",
        "decide",
        NoRequest,
        "Say whether prompting, retrieval, fine-tuning or both serve best, with reasons.",
        "判断用提示、检索、微调还是两者兼用，并给出理由。",
        effect="read",
        needs_project=False,
    ),
    _tool(
        "make_pairs",
        "extract",
        ExtractRequest,
        "Make question-answer pairs from the documents, each with a verbatim quote.",
        "从文档生成问答对，每条附原文引用。",
        job="extract",
    ),
    _tool(
        "show_pairs",
        "review",
        ReviewRequest,
        "Show pairs with their provenance and state.",
        "查看问答对及其来源和状态。",
        effect="read",
    ),
    _tool(
        "reject_pairs",
        "review",
        RejectRequest,
        "Take pairs out of training, with a reason.",
        "把问答对移出训练，并注明原因。",
    ),
    _tool(
        "make_mix",
        "mix",
        MixRequest,
        "Put domain pairs and general examples together into a training mix.",
        "把领域样本与通用样本配成训练集。",
        job="mix",
    ),
    _tool(
        "plan_memory",
        "plan",
        PlanRequest,
        "Show what fits a device, method by method, and where the ladder starts.",
        "给出某设备上各方法的内存与可行性，以及阶梯从哪一级开始。",
        needs_project=False,
    ),
    _tool("tune", "tune", TuneAsk, "Train: Q-LoRA, LoRA or full.", "训练：Q-LoRA、LoRA 或全参数。", job="tune"),
    _tool(
        "build_validation_set",
        "validate",
        ValidateRequest,
        "Build or extend the sealed validation set.",
        "生成或补充封存的验证集。",
        job="validate",
    ),
    _tool(
        "evaluate",
        "evaluate",
        EvaluateRequest,
        "Measure all arms on the sealed items.",
        "在封存题目上测量各个对比方案。",
        job="evaluate",
    ),
    _tool(
        "diagnose",
        "diagnose",
        DiagnoseRequest,
        "Name the causes of wrong answers, with counts, and fixes, data first.",
        "指出答错的原因与数量，并给出修正办法，先数据后训练。",
    ),
    _tool(
        "compare",
        "compare",
        CompareRequest,
        "Put one question to the arms side by side.",
        "把同一个问题交给各方案并排回答。",
    ),
    _tool(
        "look_at_machine",
        "benchmark",
        MachineRequest,
        "Say what was measured of this machine, or compare devices by measurements and bounds, each figure labelled.",
        "说明本机的实测结果，或按实测与上限比较各设备，每个数字注明来源。",
        effect="read",
        needs_project=False,
    ),
    _tool("list_results", "export", NoRequest, "List what can be handed over.", "列出可以交付的成果。", effect="read"),
    _tool("status", "status", NoRequest, "Say where the project stands.", "说明项目进展。", effect="read"),
    _tool("cancel_job", "status", CancelRequest, "Stop the running job.", "停止正在运行的任务。", effect="write"),
    _tool(
        "ask_guide",
        "guide",
        GuideRequest,
        "Say what the guide says about a question.",
        "给出指南对某问题的说法。",
        needs_project=False,
    ),
)
"""All tools, in the order of the road."""


def find_tool(name: str) -> ToolSpec:
    """Return the tool of that name.

    Raises:
        NotFoundError: There is none; the mend lists the names.
    """
    for tool in TOOLS:
        if tool.name == name:
            return tool
    raise NotFoundError("no such tool", where=name, mend="known are " + ", ".join(tool.name for tool in TOOLS))
