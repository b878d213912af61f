"""Where a project stands on each recommendation of the guide, told from its records and from nothing else.

    for standing in standings(project): print(standing.article, standing.state, standing.key, standing.values)

A record that is not there is `unknown`, never a guess. The sentences belong to the interface; here are only keys and
the values that go into them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal, get_args

from pydantic import Field

from agent.policy.thresholds import THRESHOLDS
from agent.records.base import Record
from agent.records.diagnosis import Diagnosis
from agent.records.evaluation import Dimension, EvaluationReport, Item
from agent.records.facts import ProjectFacts
from agent.records.mixture import MixManifest
from agent.records.pairs import Pair
from agent.records.tuning import TuneRequest, TuneResult
from knowledge.files import read_record, read_records
from tools.evaluation.dimensions import DOMAIN
from tools.mixing.run import latest_mix
from tools.pairs import load_pairs
from tools.status import project_facts
from tools.workspace import Project

State = Literal["followed", "open", "departs", "unknown"]
"""The records show it done; it is not done yet; they show something else; nothing is on record."""

Value = str | int | float

SPOKES: Final = len(get_args(Dimension)) - 1
"""Dimensions of an evaluation; the line of held-out documents belongs to domain knowledge."""
_NEAR: Final = 0.01
"""Distance from the recommended share that whole examples may cause."""


class Standing(Record):
    """One recommendation and what the records say of it."""

    article: str
    """Id of the article that recommends it."""
    state: State
    key: str
    """Which sentence says it."""
    values: dict[str, Value] = Field(default_factory=dict)
    evidence: tuple[str, ...] = ()
    """Ids of the records behind it."""


@dataclass(frozen=True)
class _Records:
    """The records of a project that recommendations look at, each read once."""

    project: Project
    facts: ProjectFacts

    @cached_property
    def accepted(self) -> list[Pair]:
        return [pair for pair in self.pairs if pair.status == "accepted"]

    @cached_property
    def pairs(self) -> list[Pair]:
        return load_pairs(self.project)

    @cached_property
    def mix(self) -> MixManifest | None:
        return latest_mix(self.project)

    @cached_property
    def report(self) -> EvaluationReport | None:
        run = self.project.latest_run("evaluate")
        return read_record(run / "result.json", EvaluationReport) if run else None


def standings(project: Project) -> tuple[Standing, ...]:
    """Return every recommendation that records can speak of, in the order of the road."""
    records = _Records(project, project_facts(project))
    return (
        _decision(records),
        _documents(records),
        _personal(),
        *_from_pairs(records),
        _validation(records),
        _leakage(records),
        *_from_mix(records),
        _ladder(records),
        *_from_report(records),
        _diagnosis(records),
    )


def _told(article: str, state: State, key: str, *evidence: str, **values: Value) -> Standing:
    return Standing(article=article, state=state, key=key, values=values, evidence=evidence)


def _either(article: str, good: bool, keys: tuple[str, str], *evidence: str, bad: State, **values: Value) -> Standing:
    """Return `followed` with the first key, or `bad` with the second."""
    return _told(article, "followed" if good else bad, keys[0] if good else keys[1], *evidence, **values)


def _decision(records: _Records) -> Standing:
    method = records.facts.method
    if method is None:
        return _told("two-remedies", "unknown", "no_decision")
    if method == "insufficient_evidence":
        return _told("not-enough-evidence", "open", "undecided", "decision")
    return _told("two-remedies", "followed", "decision", "decision", method=method)


def _documents(records: _Records) -> Standing:
    read, failed = records.facts.documents, records.facts.documents_failed
    if not read and not failed:
        return _told("documents", "unknown", "no_documents")
    return _either("documents", not failed, ("documents", "documents_failed"), bad="open", read=read, failed=failed)


def _personal() -> Standing:
    return _told("personal-data", "unknown", "personal")


def _from_pairs(records: _Records) -> tuple[Standing, ...]:
    if not records.pairs:
        articles = ("llm-extraction", "pair-quality", "conflicting-documents", "paraphrases", "scarce-data")
        return tuple(_told(article, "unknown", "no_pairs") for article in articles)
    accepted = records.accepted
    count = len(accepted)
    written = sum(pair.source == "model" for pair in accepted)
    pending = [pair for pair in records.pairs if pair.status == "pending"]
    disagree = sum(pair.reason.startswith("conflict") for pair in pending)
    reviewed = sum(pair.reviewed for pair in records.pairs)
    checked, least = {"pending": len(pending), "reviewed": reviewed}, THRESHOLDS.scarce_examples
    return (
        _either("llm-extraction", written > 0, ("by_model", "by_structure"), bad="departs", model=written, pairs=count),
        _either("pair-quality", not pending, ("pairs_checked", "pairs_pending"), bad="open", **checked),
        _either("conflicting-documents", not disagree, ("no_conflicts", "conflicts"), bad="open", pairs=disagree),
        _paraphrases(accepted),
        _either("scarce-data", count >= least, ("plenty", "scarce"), bad="open", pairs=count, needed=least),
    )


def _paraphrases(accepted: list[Pair]) -> Standing:
    wordings = Counter(pair.fact for pair in accepted if pair.fact and pair.split == "train")
    if not wordings:
        return _told("paraphrases", "unknown", "no_facts")
    mean, needed = wordings.total() / len(wordings), THRESHOLDS.paraphrases_per_fact
    values = {"mean": mean, "facts": len(wordings), "needed": needed}
    return _either("paraphrases", mean >= needed, ("wordings", "wordings"), bad="open", **values)


def _validation(records: _Records) -> Standing:
    items = list(read_records(records.project.validation, Item))
    if not items:
        return _told("validation-set", "open", "no_items")
    domain, needed = sum(item.dimension in DOMAIN for item in items), THRESHOLDS.full_verdict_items
    values = {"items": len(items), "domain": domain, "needed": needed}
    return _either("validation-set", domain >= needed, ("items", "few_items"), bad="open", **values)


def _leakage(records: _Records) -> Standing:
    if not records.project.split.exists():
        return _told("leakage", "unknown", "no_split")
    held = records.facts.held_out_documents
    dropped = records.mix.leaks_dropped if records.mix else 0
    return _either("leakage", held > 0, ("held_out", "none_held_out"), bad="departs", held=held, dropped=dropped)


def _from_mix(records: _Records) -> tuple[Standing, ...]:
    mix = records.mix
    if mix is None:
        return tuple(_told(article, "unknown", "no_mix") for article in ("domain-share", "replay"))
    share, guide = mix.domain_share_examples, THRESHOLDS.domain_share
    general, least = 1 - share, THRESHOLDS.least_replay
    counts = {"domain": mix.domain_examples, "examples": mix.examples}
    near = abs(share - guide) <= _NEAR
    return (
        _either("domain-share", near, ("share", "share"), mix.id, bad="departs", share=share, guide=guide, **counts),
        _either(
            "replay", general >= least, ("general", "general"), mix.id, bad="departs", general=general, least=least
        ),
    )


def _ladder(records: _Records) -> Standing:
    project = records.project
    run = project.latest_run("tune")
    if run is None:
        return _told("ladder", "unknown", "no_run")
    rung = read_record(run / "result.json", TuneResult).method
    if rung == "qlora":
        return _told("ladder", "followed", "first_rung", run.name, run=run.name, rung=rung)
    results = (read_record(path, TuneResult) for path in sorted(project.runs.glob("*-tune*/result.json")))
    earlier = next((one.run for one in results if one.method == "qlora"), None)
    if earlier is not None:
        return _told("ladder", "followed", "climbed", run.name, earlier, run=run.name, rung=rung, earlier=earlier)
    request = run / "request.json"
    # Left to the policy, a rung is only skipped where the device cannot carry it.
    chosen = request.exists() and read_record(request, TuneRequest).method == "auto"
    keys = ("fallen_back", "skipped_rung")
    return _either("ladder", chosen, keys, run.name, bad="departs", run=run.name, rung=rung)


def _from_report(records: _Records) -> tuple[Standing, ...]:
    report = records.report
    if report is None:
        articles = ("baseline", "retrieval-first", "dimensions", "statistics", "verdict")
        return tuple(_told(article, "unknown", "no_evaluation") for article in articles)
    run, base = report.run, "base" in report.arms
    measured = {name for scores in report.arms.values() for name in scores} - {"domain_knowledge_held_out"}
    spokes = {"count": len(measured), "all": SPOKES}
    fewest = min((one.n for scores in report.arms.values() for one in scores.values()), default=0)
    least, current = THRESHOLDS.spoke_items, records.facts.evaluation_is_current
    named = {"model": report.base_model}
    return (
        _either("baseline", base, ("baseline", "no_baseline"), run, bad="departs", **named),
        _retrieval(report),
        _either("dimensions", len(measured) >= SPOKES, ("dimensions", "dimensions"), run, bad="open", **spokes),
        _either("statistics", fewest >= least, ("fewest", "fewest"), run, bad="open", fewest=fewest, needed=least),
        _either("verdict", current, ("current", "outdated"), run, bad="open"),
    )


def _retrieval(report: EvaluationReport) -> Standing:
    recall, good = report.recall, THRESHOLDS.good_recall
    if recall is None:
        return _told("retrieval-first", "unknown", "no_recall", report.run)
    keys = ("recall", "recall")
    return _either("retrieval-first", recall >= good, keys, report.run, bad="open", recall=recall, needed=good)


def _diagnosis(records: _Records) -> Standing:
    if records.report is None:
        return _told("data-first", "unknown", "no_evaluation")
    run = records.report.run
    path = records.project.runs / run / "eval" / "diagnosis.json"
    if not path.exists():
        return _told("data-first", "open", "not_diagnosed", run)
    diagnosis = read_record(path, Diagnosis)
    fixes = sum(fix.kind == "data" for fix in diagnosis.fixes)
    values = {"failed": diagnosis.failed, "fixes": fixes}
    return _either("data-first", not fixes, ("data_mended", "mend_data"), run, bad="open", **values)
