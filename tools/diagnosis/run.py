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
from agent.records.corpus import Chunk, Retrieved
from agent.records.diagnosis import Cause, CauseCount, DiagnosedItem, Diagnosis, Preamble
from agent.records.evaluation import Arm, EvaluateRequest, EvaluationReport, Item, ItemAnswer
from agent.records.mixture import MixManifest
from agent.records.tuning import TuneResult
from agent.settings import Settings
from knowledge.disagreement import namesakes
from knowledge.files import read_record, read_records, write_record
from knowledge.store import CorpusStore
from tools.diagnosis.case import Case, Passage, Room, Taught, passed
from tools.diagnosis.causes import cause_of
from tools.diagnosis.gold_passages import supports
from tools.diagnosis.lessons import Lessons, read_lessons
from tools.diagnosis.preambles import find_preambles
from tools.diagnosis.rivals import Rivals
from tools.evaluation.answers import has_gold
from tools.evaluation.arms import TUNED, WITH_RETRIEVAL, room_for
from tools.evaluation.comparisons import find
from tools.evaluation.reading import documents_reading, reading_settings
from tools.evaluation.retrieved import read_further, read_retrieved
from tools.evaluation.scoring import holds, judge
from tools.evaluation.statistics import wilson
from tools.extraction.fact import Fact
from tools.extraction.run import facts_file
from tools.workspace import Project

_CAUSES: Final[tuple[Cause, ...]] = get_args(Cause)
_ROOMS: Final = (Room(1, 480), Room(2, 960), Room(3, 1440), Room(5, 2400))
"""Contexts to try, smallest first; a passage needs about 480 characters with its headings."""
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
        arm: Arm to diagnose. `None` takes the one that would be shipped, together with the spokes that only the same
            model's closed-book answers have and with what these say of facts that were taught.
        reporter: Listener.

    Raises:
        EmptyError: The evaluation has not finished.
        InputError: The arm was not evaluated.
    """
    reporter = reporter or Silent()
    evidence = Gathered(project, settings, run)
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
        causes,
        diagnosed,
        project.info.name,
        domain_share=evidence.domain_share,
        preambles=evidence.preambles,
        lang=settings.lang,
    )
    diagnosis = Diagnosis(
        run=run.name,
        failed=len(failed),
        items=tuple(diagnosed),
        causes=causes,
        fixes=fixes,
        retrain=retrain,
        preambles=evidence.preambles,
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

    def __init__(self, project: Project, settings: Settings, run: Path) -> None:
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
        self._further = read_further(run)
        asked = run / "request.json"
        self.request = read_record(asked, EvaluateRequest) if asked.exists() else EvaluateRequest()
        self._reading_settings = reading_settings(settings, self.request)
        self._chunks = {chunk.id: chunk for chunk in self._store.chunks()}
        self._documents = {document.document: document.text for document in self._store.texts()}
        general = find(self.report.comparisons, "base", "tuned", "general_ability")
        self._general_drop = general.high if general else None
        self._taught_by_item: dict[str, tuple[Taught, ...]] = {}

    def failed(self, arms: Sequence[Arm]) -> list[ItemAnswer]:
        """Return the wrong answers of some arms, in the items' order; unscored ones are errors and not failures."""
        order = {name: place for place, name in enumerate(self._items)}
        wrong = [a for a in self._answers.values() if a.arm in arms and passed(a) is False and self._counts(a, arms[0])]
        return sorted(wrong, key=lambda answer: (arms.index(answer.arm), order[answer.item]))

    def _counts(self, answer: ItemAnswer, shipped: Arm) -> bool:
        """Whether an answer is a failure of what would be shipped.

        What a closed book says of a document that nobody taught, or of a passage, is none where passages are read.
        """
        if answer.arm == shipped or (answer.item, shipped) not in self._answers:
            return True
        return self._items[answer.item].dimension == "domain_knowledge"

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
            further=self._further_passages(answer),
            search_evidence=max((hit.evidence for hit in self._hits(answer) if hit.evidence is not None), default=None),
            abstain_below=self._reading_settings.abstain_below,
            room_needed=self._room_needed(item, answer),
            token_limit=self.request.most_tokens,
            tokens_needed=room_for(item, self.request.max_new_tokens),
            teaches_document=item.document in self._lessons.documents,
            taught=self._taught(item),
            preambles=self.preambles,
            rivals=self._rivals.of(item, self._documents.get(item.document, ""))
            or namesakes(item.question, self._hits(answer), item.language),
            tuning=self._tuning,
            general_drop=self._general_drop,
        )

    @property
    def domain_share(self) -> float | None:
        """Share of domain examples in the mix that was trained on."""
        return self._manifest.domain_share_examples if self._manifest else None

    @cached_property
    def preambles(self) -> tuple[Preamble, ...]:
        """What failed answers repeat from training pairs in place of an answer, in the answers' order."""
        failed = (a for a in self._answers.values() if a.arm in TUNED and passed(a) is False)
        return find_preambles(map(self._in_short, failed), self._lessons.all)

    def _in_short(self, answer: ItemAnswer) -> Case:
        """Return of a failed answer what shows whether it repeats a pair."""
        item = self._items[answer.item]
        needed = room_for(item, self.request.max_new_tokens)
        return Case(item, answer, taught=self._taught(item), token_limit=self.request.most_tokens, tokens_needed=needed)

    def _taught(self, item: Item) -> tuple[Taught, ...]:
        if item.id not in self._taught_by_item:
            self._taught_by_item[item.id] = self._lessons.on(item)
        return self._taught_by_item[item.id]

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
        facts = read_records(facts_file(self._project), Fact)
        return Rivals.among(self._items.values(), self._lessons.all, facts)

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
            if _rest_apart(item, other):
                continue
            if not (_meets(item, other) or _meets(other, item)):
                return other.id
        return ""

    def _hits(self, answer: ItemAnswer) -> Sequence[Retrieved]:
        return self._retrieved.get(answer.item, ()) if answer.arm in WITH_RETRIEVAL else ()

    def _further_passages(self, answer: ItemAnswer) -> tuple[Passage, ...]:
        if answer.arm not in WITH_RETRIEVAL:
            return ()
        known = (self._chunks[name] for name in self._further.get(answer.item, ()) if name in self._chunks)
        return tuple(_passage(chunk) for chunk in known)

    def _room_needed(self, item: Item, answer: ItemAnswer) -> Room | None:
        """Return the smallest context in which the passages that were found show a gold answer."""
        hits = self._hits(answer)
        if not hits or not item.answers or answer.context_has_gold:
            return None
        for room in _ROOMS:
            wider = self._reading_settings.model_copy(
                update={"passages": room.passages, "passage_characters": room.characters, "abstain_below": 0.0}
            )
            if has_gold(documents_reading(wider).build(item.question, hits, item.language), item):
                return room
        return None

    def _passages(self, answer: ItemAnswer) -> tuple[Passage, ...] | None:
        if answer.arm not in WITH_RETRIEVAL:
            return None
        found: Mapping[str, Chunk] = {one.chunk.id: one.chunk for one in self._retrieved.get(answer.item, ())}
        if not found:
            found = {name: self._chunks[name] for name in answer.retrieved if name in self._chunks}
        return tuple(_passage(chunk) for chunk in found.values())


def _passage(chunk: Chunk) -> Passage:
    return Passage(chunk.id, chunk.document, chunk.start, chunk.end, chunk.embedded_text())


def _meets(item: Item, other: Item) -> bool:
    return any(judge(gold, other.answers, item.question, item.language).right for gold in item.answers)


def _rest_apart(item: Item, other: Item) -> bool:
    """Whether two accepted answers each stand in a passage of their own: the question is at fault, and neither gold."""
    apart = item.context and other.context and item.context != other.context
    return bool(apart) and all(holds(one.context, one.answers, one.language) for one in (item, other))


def _arms(report: EvaluationReport, arm: Arm | None) -> tuple[Arm, ...]:
    if arm is not None:
        if arm not in report.arms:
            raise InputError("this arm was not evaluated", where=arm, mend="choose one of " + ", ".join(report.arms))
        return (arm,)
    shipped = next(one for one in _FIRST_CHOICE if one in report.arms or one == "base")
    closed: dict[Arm, Arm] = {"tuned+rag": "tuned", "rag": "base"}
    beside = closed.get(shipped)
    return (shipped, beside) if beside in report.arms and beside else (shipped,)
