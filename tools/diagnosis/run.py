"""Gathers the evidence for every failed item of an evaluation and names causes and fixes, data first.

diagnose(project, settings, project.latest_run("evaluate", needs="eval/report.json"))
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Final, get_args

from agent.errors import EmptyError, InputError
from agent.policy.fixes import fixes_for
from agent.progress import Reporter, Silent
from agent.records.corpus import Chunk
from agent.records.diagnosis import Cause, CauseCount, DiagnosedItem, Diagnosis
from agent.records.evaluation import Arm, EvaluationReport, Item, ItemAnswer
from agent.records.mixture import MixManifest
from agent.records.tuning import TuneResult
from agent.settings import Settings
from knowledge.files import read_record, read_records, write_record
from knowledge.store import CorpusStore
from tools.diagnosis.case import Case, Passage, passed
from tools.diagnosis.causes import cause_of, supports
from tools.diagnosis.lessons import Lessons, read_lessons
from tools.diagnosis.rivals import Rivals
from tools.evaluation.arms import WITH_RETRIEVAL
from tools.evaluation.comparisons import find
from tools.evaluation.retrieved import read_retrieved
from tools.evaluation.scoring import judge
from tools.evaluation.statistics import wilson
from tools.workspace import Project

_CAUSES: Final[tuple[Cause, ...]] = get_args(Cause)
_FIRST_CHOICE: Final[tuple[Arm, ...]] = ("tuned+rag", "rag", "tuned", "base")


def diagnose(
    project: Project,
    settings: Settings,
    run: Path,
    *,
    arm: Arm | None = None,
    reporter: Reporter | None = None,
) -> Diagnosis:
    """Name the cause of every failed item and the fixes, and write them to `eval/diagnosis.json`.

    Args:
        project: The project.
        settings: Language of the fixes.
        run: Run folder of a finished evaluation.
        arm: Arm to diagnose. `None` takes the one that would be shipped, together with the same model's closed-book
            answers and the spokes that only those have.
        reporter: Listener.

    Raises:
        EmptyError: The evaluation has not finished.
        InputError: The arm was not evaluated.
    """
    reporter = reporter or Silent()
    evidence = Gathered(project, run)
    failed = evidence.failed(_arms(evidence.report, arm))
    diagnosed = []
    for done, answer in enumerate(failed):
        reporter.check()
        reporter.progress(done, len(failed), "items")
        cause, seen = cause_of(evidence.case(answer))
        diagnosed.append(DiagnosedItem(id=answer.item, arm=answer.arm, cause=cause, evidence=seen))
    reporter.progress(len(failed), len(failed), "items")
    causes = count_causes(diagnosed)
    fixes, retrain = fixes_for(
        causes, diagnosed, project.info.name, domain_share=evidence.domain_share, lang=settings.lang
    )
    diagnosis = Diagnosis(
        run=run.name, failed=len(failed), items=tuple(diagnosed), causes=causes, fixes=fixes, retrain=retrain
    )
    write_record(run / "eval" / "diagnosis.json", diagnosis)
    return diagnosis


def count_causes(items: Sequence[DiagnosedItem]) -> tuple[CauseCount, ...]:
    """Return how often each cause was found, most frequent first, with the interval of its share."""
    counts = Counter(item.cause for item in items)
    found = []
    for cause in sorted(counts, key=lambda name: (-counts[name], _CAUSES.index(name))):
        low, high = wilson(counts[cause], len(items))
        share = counts[cause] / len(items)
        found.append(CauseCount(cause=cause, count=counts[cause], share=share, low=low, high=high))
    return tuple(found)


class Gathered:
    """The records behind one evaluation, read once."""

    def __init__(self, project: Project, run: Path) -> None:
        path = run / "eval" / "report.json"
        if not path.exists():
            raise EmptyError("this evaluation has not finished", where=run.name, mend="`domainsmith evaluate`")
        self._project = project
        self._store = CorpusStore(project.root)
        self.report = read_record(path, EvaluationReport)
        self._items = {item.id: item for item in read_records(run / "eval" / "items.jsonl", Item)}
        self._answers: dict[tuple[str, Arm], ItemAnswer] = {
            (answer.item, answer.arm): answer for answer in read_records(run / "eval" / "answers.jsonl", ItemAnswer)
        }
        self._retrieved = read_retrieved(run)
        self._chunks = {chunk.id: chunk for chunk in self._store.chunks()}
        self._documents = {document.document: document.text for document in self._store.texts()}
        general = find(self.report.comparisons, "base", "tuned", "general_ability")
        self._general_drop = general.high if general else None

    def failed(self, arms: Sequence[Arm]) -> list[ItemAnswer]:
        """Return the wrong answers of some arms, in the items' order; unscored ones are errors and not failures."""
        order = {name: place for place, name in enumerate(self._items)}
        wrong = [a for a in self._answers.values() if a.arm in arms and passed(a) is False]
        return sorted(wrong, key=lambda answer: (arms.index(answer.arm), order[answer.item]))

    def case(self, answer: ItemAnswer) -> Case:
        """Return everything known of one failed answer."""
        item = self._items[answer.item]
        others = {arm: other for (name, arm), other in self._answers.items() if name == item.id and arm != answer.arm}
        return Case(
            item=item,
            answer=answer,
            others=others,
            source_known=item.document in self._documents,
            source=self._documents.get(item.document, ""),
            support=self._support(item),
            conflicting=self._conflicting(item),
            retrieved=self._passages(answer),
            taught=self._lessons.on(item),
            rivals=self._rivals.of(item),
            tuning=self._tuning,
            general_drop=self._general_drop,
        )

    @property
    def domain_share(self) -> float | None:
        """Share of domain examples in the mix that was trained on."""
        return self._manifest.domain_share_examples if self._manifest else None

    @cached_property
    def _tuning(self) -> TuneResult | None:
        if self.report.tune_run is None:
            return None
        path = self._project.runs / self.report.tune_run / "result.json"
        return read_record(path, TuneResult) if path.exists() else None

    @cached_property
    def _manifest(self) -> MixManifest | None:
        if self._tuning is None:
            return None
        path = self._project.mixes / self._tuning.mix / "manifest.json"
        return read_record(path, MixManifest) if path.exists() else None

    @cached_property
    def _lessons(self) -> Lessons:
        return read_lessons(self._project, self._tuning.mix if self._tuning else None)

    @cached_property
    def _rivals(self) -> Rivals:
        return Rivals.among(self._items.values(), self._lessons.all)

    def _support(self, item: Item) -> str:
        if item.document in self._documents or not item.answers:
            return ""
        return next((chunk.id for chunk in self._chunks.values() if supports(chunk.embedded_text(), item)), "")

    def _conflicting(self, item: Item) -> str:
        if not item.answers or not item.answerable:
            return ""
        for other in self._items.values():
            same = (item.fact and other.fact == item.fact) or other.question.strip() == item.question.strip()
            if other.id == item.id or not same or not other.answers or other.form != item.form:
                continue
            if not (_meets(item, other) or _meets(other, item)):
                return other.id
        return ""

    def _passages(self, answer: ItemAnswer) -> tuple[Passage, ...] | None:
        if answer.arm not in WITH_RETRIEVAL:
            return None
        found: Mapping[str, Chunk] = {one.chunk.id: one.chunk for one in self._retrieved.get(answer.item, ())}
        if not found:
            found = {name: self._chunks[name] for name in answer.retrieved if name in self._chunks}
        return tuple(Passage(c.id, c.document, c.start, c.end, c.embedded_text()) for c in found.values())


def _meets(item: Item, other: Item) -> bool:
    return any(judge(gold, other.answers, item.question, item.language).right for gold in item.answers)


def _arms(report: EvaluationReport, arm: Arm | None) -> tuple[Arm, ...]:
    if arm is not None:
        if arm not in report.arms:
            raise InputError("this arm was not evaluated", where=arm, mend="choose one of " + ", ".join(report.arms))
        return (arm,)
    shipped = next(one for one in _FIRST_CHOICE if one in report.arms or one == "base")
    closed: dict[Arm, Arm] = {"tuned+rag": "tuned", "rag": "base"}
    beside = closed.get(shipped)
    return (shipped, beside) if beside in report.arms and beside else (shipped,)
