"""A judge model compares the answers of two arms of a finished evaluation.

    judge(project, settings, JudgeRequest(run=run.name, a="rag", b="tuned+rag", model="openai:judge"), Silent())

Every pair is asked in both orders (`agent.policy.judging`). What comes of it lies in the evaluation's `eval` folder:
`judge-replies.jsonl` (verdicts as they came, so that a second try asks nothing twice), `judgements.jsonl` (a line a
pair), `judge.json` (the figures), and a part of `report.md` and `report.html`. The evaluation's own figures stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agent.errors import WorkFailedError
from agent.policy.judging import agreement, kept_to_a_place
from agent.progress import Reporter
from agent.records.evaluation import Dimension, EvaluationReport, Item
from agent.records.judging import (
    JudgeAgreement,
    JudgeFindings,
    Judgement,
    JudgeReport,
    JudgeRequest,
    JudgeScore,
    Preference,
)
from agent.settings import Settings
from knowledge.files import read_record, read_records, write_record, write_records
from tools.evaluation.comparisons import detectable, item_clusters, verdict
from tools.evaluation.statistics import PairedDifference, holm, mean_interval, paired_difference
from tools.extraction.replies import PairWriter, ReplyLog
from tools.judging.asking import REPLIES, ask_judge, asked_again, requests_of
from tools.judging.cases import Cases, gather
from tools.judging.model import is_endpoint, load_judge, require_stranger
from tools.judging.report import failure_text, notes, publish
from tools.workspace import Project

JUDGEMENTS: Final = "judgements.jsonl"
FINDINGS: Final = "judge.json"


@dataclass(frozen=True)
class Effort:
    """What a judgement would take; nothing is asked to find out."""

    pairs: int
    """Pairs of answers, those for comparing with people included."""
    calls: int
    """Calls that no earlier try has made."""


def judge(
    project: Project,
    settings: Settings,
    request: JudgeRequest,
    reporter: Reporter,
    *,
    writer: PairWriter | None = None,
) -> JudgeReport:
    """Have two arms' answers compared and write what came of it.

    Args:
        project: The project; the caller holds it.
        settings: Language of the notes, calls in flight at once, threads.
        request: What to judge, and by which model.
        reporter: Hears of the progress and may stop the work; verdicts so far are kept.
        writer: The judge; loaded by the request if it is `None` and one is needed.

    Raises:
        EmptyError: The evaluation holds no pair of answers of the two arms.
        InputError: A label does not fit, or the judge refuses call after call.
        NotFoundError: There is no such finished evaluation.
        RefusedError: The judge is of the base model's family.
        WorkFailedError: The judge failed call after call, or at every pair.
    """
    run = project.run(request.run)
    folder = run / "eval"
    found = gather(project, run, request)
    measured = read_record(folder / "report.json", EvaluationReport)
    kin = require_stranger(request.model, measured.base_model)
    log = ReplyLog(folder / REPLIES)
    if any(one.key not in log for one in requests_of(found.cases, request.model, log)):
        reporter.check()
        writer = writer or load_judge(request.model, settings)
    judged = ask_judge(
        found.cases,
        request.model,
        (request.a, request.b),
        writer,
        log,
        reporter,
        width=settings.extraction_width if is_endpoint(request.model) else 1,
    )
    failed = [one for one in judged if one.outcome == "failed"]
    if judged and len(failed) == len(judged):
        where = failure_text(failed[0].error, settings.lang)
        raise WorkFailedError("the judge gave no verdict on any pair", where=where, mend="see the job's log")
    order_decided, first_preferred = kept_to_a_place(judged)
    report = JudgeReport(
        run=run.name,
        model=request.model,
        base_model=measured.base_model,
        a=request.a,
        b=request.b,
        kinship=kin,
        scores=_scores(found, judged, request),
        agreement=_agreement(found, judged),
        first_preferred=first_preferred,
        order_decided=order_decided,
        calls=len({one.key for one in requests_of(found.cases, request.model, log)}),
        asked_again=asked_again(found.cases, request.model, log),
        failure=failed[0].error if failed else "",
        left_out=dict(found.left_out),
        files={"judge_json": FINDINGS, "judgements_jsonl": JUDGEMENTS, "report_md": "report.md"},
    )
    report = report.model_copy(update={"notes": tuple(notes(report, settings.lang))})
    _publish(folder, report, judged)
    return report


def effort(project: Project, request: JudgeRequest) -> Effort:
    """Return what a judgement would take.

    Raises:
        DomainsmithError: There is nothing to judge, or the judge is kin; as `judge`.
    """
    run = project.run(request.run)
    found = gather(project, run, request)
    require_stranger(request.model, read_record(run / "eval" / "report.json", EvaluationReport).base_model)
    log = ReplyLog(run / "eval" / REPLIES)
    keys = {one.key for one in requests_of(found.cases, request.model, log)}
    return Effort(len(found.cases), sum(key not in log for key in keys))


def judged_before(run: Path) -> JudgeFindings:
    """Return what judges have found of an evaluation so far."""
    path = run / "eval" / FINDINGS
    return read_record(path, JudgeFindings) if path.exists() else JudgeFindings()


def _scores(found: Cases, judged: Sequence[Judgement], request: JudgeRequest) -> tuple[JudgeScore, ...]:
    items = {case.id: case.item for case in found.cases if case.kind == "item" and case.item is not None}
    counted = [one for one in judged if one.kind == "item" and one.sampled]
    dimensions = dict.fromkeys([*(one.dimension for one in counted), *found.unanswered])
    made = [
        _score(dimension, [one for one in counted if one.dimension == dimension], items, found, request.seed)
        for dimension in dimensions
        if dimension is not None
    ]
    adjusted = holm(result.p for _, result in made)
    scores = []
    for (score, result), p in zip(made, adjusted, strict=True):
        said = verdict(result, p, score.smallest_detectable)
        scores.append(score.model_copy(update={"p": p, "verdict": said}))
    return tuple(scores)


_NOTHING: Final = PairedDifference(0.0, -1.0, 1.0, 1.0, 0, 0, True, None)
"""What no pair at all shows."""


def _score(
    dimension: Dimension, judged: Sequence[Judgement], items: dict[str, Item], found: Cases, seed: int
) -> tuple[JudgeScore, PairedDifference]:
    valid = [one for one in judged if one.outcome != "failed"]
    a = [float(one.outcome == "a") for one in valid]
    b = [float(one.outcome == "b") for one in valid]
    result = _NOTHING
    if valid:
        clusters, _ = item_clusters([items[one.item] for one in valid])
        result = paired_difference(a, b, clusters, seed=seed)
    decided = [one for one in valid if one.outcome in ("a", "b")]
    low, high = 0.0, 1.0
    if decided:
        of_decided, _ = item_clusters([items[one.item] for one in decided])
        low, high = mean_interval([float(one.outcome == "b") for one in decided], of_decided, seed=seed)
    score = JudgeScore(
        dimension=dimension,
        n=len(valid),
        a_preferred=int(sum(a)),
        b_preferred=int(sum(b)),
        ties=len(valid) - len(decided),
        disagreed=sum(one.a_first != one.b_first for one in valid),
        same=sum(one.same for one in valid),
        failed=len(judged) - len(valid),
        unanswered=found.unanswered[dimension],
        share=sum(b) / len(decided) if decided else None,
        low=low,
        high=high,
        difference=result.difference,
        difference_low=result.low,
        difference_high=result.high,
        p=result.p,
        smallest_detectable=detectable(result) if valid else 1.0,
        verdict="too_few_items",
    )
    return score, result


def _agreement(found: Cases, judged: Sequence[Judgement]) -> JudgeAgreement:
    """Compare the verdicts with people's; on two answers that are the same there is nothing to agree on."""
    said: list[tuple[Preference, Preference]] = []
    votes, unjudged = 0, found.gone
    for one in judged:
        person = found.people.get((one.kind, one.item))
        if person is None or one.same:
            continue
        if one.outcome == "failed":
            unjudged += 1
            continue
        said.append((person, one.outcome))
        votes += one.kind == "vote"
    return agreement(said, votes=votes, named=found.named, other_models=found.other_models, unjudged=unjudged)


def _publish(folder: Path, report: JudgeReport, judged: Sequence[Judgement]) -> None:
    ours = (report.model, report.a, report.b)
    kept = [one for one in read_records(folder / JUDGEMENTS, Judgement) if (one.model, one.a, one.b) != ours]
    write_records(folder / JUDGEMENTS, [*kept, *judged])
    before = judged_before(folder.parent).reports
    others = [one for one in before if (one.model, one.a, one.b) != ours]
    findings = JudgeFindings(reports=(*others, report))
    write_record(folder / FINDINGS, findings)
    publish(folder, findings)
