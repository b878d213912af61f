"""The end of a job in words: what it made, what it changed on the same items, what would be next."""

from __future__ import annotations

from typing import Any, Final

from agent.errors import EmptyError
from agent.prompts.assistant import DIAGNOSIS
from agent.prompts.phrases import fill
from agent.records.base import Language, Record
from agent.records.benchmark import BenchmarkResult
from agent.records.corpus import IngestResult
from agent.records.evaluation import EvaluationReport
from agent.records.job import Job, JobKind
from agent.records.judging import JudgeReport
from agent.records.mixture import MixManifest
from agent.records.pairs import ExtractResult
from agent.records.tuning import TuneResult
from graph.context import Context, language
from graph.interviewing import next_question
from graph.offers import after, with_next
from graph.replies import diagnosis, results
from graph.replies.said import Said, joined
from graph.replies.waiting import ended_badly
from graph.state import ConversationState
from tools.deciding import decide_if_free
from tools.diagnosis.change import paired_change
from tools.jobs.runner import result_of
from tools.jobs.store import JobStore
from tools.validation.request import ValidateResult
from tools.workspace import Project

RESULT_RECORDS: Final[dict[JobKind, type[Record]]] = {
    "ingest": IngestResult,
    "extract": ExtractResult,
    "mix": MixManifest,
    "tune": TuneResult,
    "validate": ValidateResult,
    "evaluate": EvaluationReport,
    "judge": JudgeReport,
    "bench": BenchmarkResult,
}
"""Kind of a job to the record that it leaves."""


def job_report(
    project: Project, waiting: dict[str, Any], state: ConversationState, context: Context
) -> tuple[Said, bool, dict[str, Any]]:
    """Return what to say of an ended job, whether it ended well, and state to keep."""
    lang = language(state)
    job = JobStore(project.jobs).get(waiting["job"])
    if job.state != "done":
        return ended_badly(waiting.get("title") or job.kind, job, lang), False, {}
    result = result_of(project, job, RESULT_RECORDS[job.kind])
    said = results.job_result(result, job.run, lang)
    remember: dict[str, Any] = {}
    if isinstance(result, EvaluationReport):
        said, remember = _evaluated(said, result, project, state, lang)
    if not waiting.get("following"):
        question = next_question(state, context, project, lang) if job.kind == "ingest" else None
        said = with_next(said, project, lang) if question is None else after(said.text, question, said)
    return said, True, remember


def _evaluated(
    said: Said, report: EvaluationReport, project: Project, state: ConversationState, lang: Language
) -> tuple[Said, dict[str, Any]]:
    """Add what changed on the items that were diagnosed, and the verdict."""
    parts, evidence = [said.text], list(said.evidence)
    articles = list(said.articles)
    watch = state.get("watch")
    remember: dict[str, Any] = {}
    if watch and watch.get("applied") and watch["run"] != report.run:
        try:
            change = paired_change(
                project.runs / watch["run"], project.runs / report.run, watch["arm"], set(watch["ids"])
            )
        except EmptyError:
            parts.insert(0, fill(DIAGNOSIS, "nothing_shared", lang, before=watch["run"], after=report.run))
        else:
            changed = diagnosis.changed(change, lang)
            parts.insert(0, changed.text)
            evidence += changed.evidence
            articles += changed.articles
        remember["watch"] = {**watch, "applied": None}
    decision = decide_if_free(project, lang)
    verdict = results.verdict(decision, lang)
    # The offer of the next step is the one question of this reply.
    parts.append(verdict.text.removesuffix(decision.question).strip())
    return (
        Said(
            joined(*parts),
            evidence=tuple(dict.fromkeys((*evidence, *verdict.evidence))),
            articles=tuple(dict.fromkeys((*articles, *verdict.articles))),
        ),
        remember,
    )


def ended(project: Project, job_id: str) -> Job | None:
    """Return a job that has ended; `None` while it runs."""
    from tools.jobs.reconcile import reconcile
    from tools.jobs.store import TERMINAL

    reconcile(project)
    job = JobStore(project.jobs).get(job_id)
    return job if job.state in TERMINAL else None
