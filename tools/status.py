"""Where a project stands: counts read from its folder, handed to the policy."""

from __future__ import annotations

from pathlib import Path

from agent.policy.readiness import readiness
from agent.records.base import Language
from agent.records.corpus import Document, DocumentSplit
from agent.records.decision import MethodChoice, MethodDecision, Readiness
from agent.records.evaluation import EvaluationReport
from agent.records.facts import ProjectFacts
from agent.records.pairs import Pair
from agent.records.profile import Profile
from agent.records.tuning import TuneResult
from knowledge.files import read_record, read_records, sha256_of
from tools.jobs.reconcile import reconcile
from tools.jobs.store import JobStore
from tools.mixing.run import latest_mix, mix_manifests, pairs_fingerprint
from tools.workspace import Project


def stand(project: Project, lang: Language = "en") -> Readiness:
    """Return the state of every station and the next sensible step."""
    return readiness(project_facts(project), lang)


def project_facts(project: Project) -> ProjectFacts:
    """Count what the project holds and tell what is out of date."""
    documents = list(read_records(project.document_list, Document))
    pairs = list(read_records(project.pairs, Pair))
    mix = latest_mix(project)
    tuned = _latest_tune(project)
    report = _latest_report(project)
    return ProjectFacts(
        profile=read_profile(project),
        method=_last_method(project),
        documents=sum(document.status in {"read", "unchanged"} for document in documents),
        documents_failed=sum(document.status == "failed" for document in documents),
        chunks=_lines(project.chunks),
        pairs_accepted=sum(pair.status == "accepted" for pair in pairs),
        pairs_pending=sum(pair.status == "pending" for pair in pairs),
        held_out_documents=len(read_record(project.split, DocumentSplit).held_out) if project.split.exists() else 0,
        validation_items=_lines(project.validation),
        mixes=len(mix_manifests(project)),
        mix_is_current=mix is not None and mix.accepted_sha256 == pairs_fingerprint(pairs),
        tuned_run=tuned.run if tuned else None,
        tune_is_current=tuned is not None and mix is not None and tuned.mix == mix.id,
        evaluated_run=report.run if report else None,
        evaluation_is_current=report is not None and _covers(report, tuned, project),
        running=_running(project),
    )


def read_profile(project: Project) -> Profile:
    """Return what is known of the team's task; an empty profile if nothing is."""
    return read_record(project.profile, Profile) if project.profile.exists() else Profile()


def _latest_tune(project: Project) -> TuneResult | None:
    run = project.latest_run("tune")
    return read_record(run / "result.json", TuneResult) if run else None


def _latest_report(project: Project) -> EvaluationReport | None:
    run = project.latest_run("evaluate")
    return read_record(run / "result.json", EvaluationReport) if run else None


def _covers(report: EvaluationReport, tuned: TuneResult | None, project: Project) -> bool:
    same_items = project.validation.exists() and sha256_of(project.validation) == report.items_sha256
    return same_items and (tuned is None or report.tune_run == tuned.run)


def _last_method(project: Project) -> MethodChoice | None:
    return read_record(project.decision, MethodDecision).method if project.decision.exists() else None


def _running(project: Project) -> str | None:
    if not project.jobs.exists():
        return None
    reconcile(project)
    active = JobStore(project.jobs).active()
    return f"{active.kind} {active.id}" if active else None


def _lines(path: Path) -> int:
    if not path.exists():
        return 0
    with path.open("rb") as file:
        return sum(bool(line.strip()) for line in file)
