"""The validation set: built from the documents, read from files, sampled, sealed.

    result = validate(project, settings, ValidateRequest(questions=("sealed.jsonl",)), reporter)

Writes `validation.jsonl` and `validation.json` with its hash. Skill items come from held-out documents only; knowledge
items ask for taught facts in wordings that no pair uses (`evaluation.md`, validation set).
"""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from agent.errors import EmptyError
from agent.policy.thresholds import THRESHOLDS
from agent.progress import Reporter
from agent.records.base import Language
from agent.records.corpus import DocumentSplit, DocumentText
from agent.records.evaluation import Dimension, Item
from agent.records.pairs import Pair
from agent.settings import Settings
from knowledge.files import read_records, sha256_of, write_bytes_atomically, write_record, write_records
from knowledge.store import CorpusStore
from tools.cleaning.near import NearDuplicates
from tools.evaluation.arms import CONFLATED
from tools.evaluation.items import builtin_items, stratified
from tools.evaluation.wording import SEPARATOR, dimension_name
from tools.extraction.checks import NEAR_SEALED
from tools.extraction.fact import Fact
from tools.extraction.run import facts_file
from tools.extraction.similarity import words
from tools.extraction.split import saved_split
from tools.mixing.example import Example
from tools.mixing.general import load_general
from tools.mixing.leakage import alike_items, runs, whole_question
from tools.mixing.request import BUILTIN_GENERAL
from tools.pairs import load_pairs
from tools.validation.check import MANIFEST, judged_wrong
from tools.validation.conflated import conflated_items
from tools.validation.facts import asked_items, knowledge_items, reading_items, unanswerable_items
from tools.validation.imported import imported_items, taught_documents
from tools.validation.instructions import instruction_items
from tools.validation.matching import Corpus
from tools.validation.readers import read_questions
from tools.validation.request import ValidateRequest, ValidateResult
from tools.validation.senses import sense_items
from tools.validation.syntax import minimal_pairs
from tools.validation.terms import term_items
from tools.validation.wording import note
from tools.workspace import Project

DEFAULT_COUNTS: Final[dict[Dimension, int]] = {
    "tokenization": 100,
    "syntax": 120,
    "disambiguation": 100,
    "understanding": 150,
    "domain_knowledge": 300,
    "domain_knowledge_held_out": 150,
    "instruction_following": 100,
    "faithfulness": 160,
    "general_ability": 200,
}
"""Most automatic items of a dimension; at least 100 a spoke and 200 of the domain are needed for a verdict."""
_SPOT_CHECK: Final = 30


def validate(project: Project, settings: Settings, request: ValidateRequest, reporter: Reporter) -> ValidateResult:
    """Build and seal the validation set of a project.

    Args:
        project: The project, owned by the caller.
        settings: The settings; the built-in general data says which words are everyday ones.
        request: What to build and to read.
        reporter: Hears of the progress and may stop the work.

    Raises:
        EmptyError: Nothing is asked for, or automatic items are and pairs were not extracted yet.
        InputError: A question file is wrong; names file and line.
    """
    given = [Path(path).expanduser() for path in request.questions]
    read = {path: read_questions(path) for path in (*given, *_earlier(project, given, request))}
    texts = list(CorpusStore(project.root).texts())
    split, pairs = saved_split(project), load_pairs(project)
    # Pairs that give way to the sealed set count as made, or sealing anew would seal another.
    accepted = [pair for pair in pairs if pair.status == "accepted" or pair.reason.startswith(f"{NEAR_SEALED}:")]
    lang, notes = settings.lang, list[str]()
    items: list[Item] = []
    corpus = Corpus(texts)
    taught = taught_documents(accepted, corpus) if read else frozenset()
    for number, (path, asked) in enumerate(read.items()):
        reporter.check()
        reporter.progress(number, len(read), "files", f"reading {path.name}")
        blank = sum(one.form == "question" and not one.question for one in asked)
        if blank:
            notes.append(note("blank", lang, name=path.name, count=blank))
        items += imported_items(asked, corpus, split, taught, path.name)
    if request.automatic:
        if split is None or not texts:
            raise EmptyError(
                "pairs come before automatic items", mend="`domainsmith extract` splits the documents first"
            )
        items += _automatic(texts, split, accepted, items, project, settings, request, notes, reporter)
    wrong = judged_wrong(project, items)
    if wrong:
        notes.append(note("judged_wrong", lang, count=len(wrong)))
    unique = list({item.id: item for item in items if item.id not in wrong}.values())
    if not unique:
        raise EmptyError("no item came out", mend="give a question file, or ingest more documents and extract")
    _keep(project, given, request)
    return _seal(project, unique, request, notes, lang)


def _earlier(project: Project, given: Sequence[Path], request: ValidateRequest) -> list[Path]:
    """Return the project's copies of files read before; one of the same name as a new one gives way to it."""
    if request.replace or not project.questions.is_dir():
        return []
    names = {path.name for path in given}
    return sorted(file for file in project.questions.iterdir() if file.name not in names)


def _keep(project: Project, given: Sequence[Path], request: ValidateRequest) -> None:
    """Copy question files into the project, so that the set can be built again after documents changed."""
    if request.replace and project.questions.is_dir():
        shutil.rmtree(project.questions)
    for path in given:
        project.questions.mkdir(exist_ok=True)
        write_bytes_atomically(project.questions / path.name, [path.read_bytes()])


def _automatic(
    texts: Sequence[DocumentText],
    split: DocumentSplit,
    accepted: Sequence[Pair],
    asked: Sequence[Item],
    project: Project,
    settings: Settings,
    request: ValidateRequest,
    notes: list[str],
    reporter: Reporter,
) -> list[Item]:
    by_id = {text.document: text for text in texts}
    held_out = frozenset(split.held_out)
    facts = list(read_records(facts_file(project), Fact))
    general, _ = load_general(BUILTIN_GENERAL, settings)
    everyday = {word for example in general for word in words(example.text)}
    counts = {**DEFAULT_COUNTS, **request.counts}
    taught = {pair.fact for pair in accepted if pair.kind not in ("reading", "unanswerable")}
    shared = _Shared(by_id[key] for key in split.train if key in by_id)
    shown = [text for text in texts if text.document in held_out]
    makers: tuple[tuple[str, Iterable[Item]], ...] = (
        ("facts", knowledge_items(facts, by_id, split, taught)),
        ("passages", reading_items(facts, by_id, split, shared)),
        ("silent passages", unanswerable_items(facts, by_id, split, request.seed, shared)),
        ("terms", term_items(texts, everyday)),
        ("sentences", (item for text in shown for item in minimal_pairs(text))),
        ("senses", sense_items(texts, facts, held_out, request.seed)),
        ("senses", conflated_items(texts, everyday, held_out, request.seed)),
        ("instructions", instruction_items(shown, request.seed, counts["instruction_following"])),
        ("silent passages", asked_items(asked, held_out, request.seed, shared)),
    )
    made: list[Item] = []
    for number, (name, items) in enumerate(makers):
        reporter.progress(number, len(makers), "steps", f"making items from {name}")
        for item in items:
            reporter.check()
            made.append(item)
    clean = _clean(made, accepted, shared, notes, settings.lang)
    languages = {text.language for text in texts}
    reporter.progress(len(makers), len(makers), "steps", "sampling")
    return _sampled([*builtin_items(sorted(languages)), *clean], counts, request.seed, notes, settings.lang)


def _clean(
    items: Sequence[Item], accepted: Sequence[Pair], shared: _Shared, notes: list[str], lang: Language
) -> list[Item]:
    """Leave out items that training documents or pairs would give away."""
    boilerplate = {
        item.id
        for item in items
        if item.kind == "skill"
        and any(shared(text) for text in (item.context, whole_question(item), *item.options[:1]))
    }
    asked = [item for item in items if item.question and item.id not in boilerplate]
    near = NearDuplicates([item.question for item in asked])
    worded = {
        item.id for pair in accepted for item in alike_items(Example.of(pair.id, "domain", pair.messages), near, asked)
    }
    if boilerplate:
        notes.append(note("boilerplate", lang, count=len(boilerplate)))
    if worded:
        notes.append(note("worded", lang, count=len(worded)))
    return [item for item in items if item.id not in boilerplate | worded]


class _Shared:
    """Tells whether a text shares a long run of words with a training document.

    Boilerplate that stands there too is not held out, wherever else it stands.
    """

    def __init__(self, training: Iterable[DocumentText]) -> None:
        self._runs = {run for text in training for run in runs(text.text)}

    def __call__(self, text: str) -> bool:
        return any(run in self._runs for run in runs(text))


def _sampled(
    items: Sequence[Item], counts: dict[Dimension, int], seed: int, notes: list[str], lang: Language
) -> list[Item]:
    chosen: list[Item] = []
    for dimension in dict.fromkeys(item.dimension for item in items):
        group = [item for item in items if item.dimension == dimension]
        kept = sampled(dimension, group, counts.get(dimension), seed)
        if len(kept) < len(group):
            named = dimension_name(dimension, lang)
            notes.append(note("sampled", lang, dimension=named, kept=len(kept), count=len(group)))
        chosen.extend(kept)
    return chosen


def sampled(dimension: Dimension, group: Sequence[Item], most: int | None, seed: int) -> list[Item]:
    """Return a sample in which no kind that is easily made crowds out the others.

    Minimal pairs come from every rule alike. Senses that the corpus explains go before conflated terms, which fill up;
    so do tasks on passages where the built-in ones are too few.
    """
    if most is None or len(group) <= most:
        return list(group)
    match dimension:
        case "syntax":
            kinds = dict.fromkeys(item.question_kind for item in group)
            parts = [[item for item in group if item.question_kind == kind] for kind in kinds]
            return _in_equal_parts(sorted(parts, key=len), most, seed)
        case "disambiguation":
            first = [item for item in group if item.question_kind != CONFLATED]
        case "instruction_following":
            first = [item for item in group if item.source == "builtin"]
        case _:
            first = []
    kept = stratified(first, most, seed)
    ids = {item.id for item in first}
    return [*kept, *stratified([item for item in group if item.id not in ids], most - len(kept), seed)]


def _in_equal_parts(parts: Sequence[Sequence[Item]], most: int, seed: int) -> list[Item]:
    """Return as many of each part, the smallest first; what a small one lacks the others give."""
    chosen: list[Item] = []
    for number, part in enumerate(parts):
        chosen.extend(stratified(part, (most - len(chosen)) // (len(parts) - number), seed))
    return chosen


def _seal(
    project: Project, items: Sequence[Item], request: ValidateRequest, notes: list[str], lang: Language
) -> ValidateResult:
    by_dimension = Counter(item.dimension for item in items)
    counted = sorted(by_dimension.items())
    few = [f"{dimension_name(name, lang)} ({number})" for name, number in counted if number < THRESHOLDS.spoke_items]
    if few:
        notes.append(note("few", lang, need=THRESHOLDS.spoke_items, list=SEPARATOR[lang].join(few)))
    write_records(project.validation, items)
    sample = random.Random(request.seed).sample(sorted(item.id for item in items), min(_SPOT_CHECK, len(items)))
    manifest = project.root / MANIFEST
    result = ValidateResult(
        items=len(items),
        by_dimension=dict(sorted(by_dimension.items())),
        by_source=dict(sorted(Counter(item.source for item in items).items())),
        languages=tuple(sorted({item.language for item in items})),
        sha256=sha256_of(project.validation),
        seed=request.seed,
        spot_check=tuple(sample),
        notes=tuple(notes),
        files={"items": str(project.validation), "manifest": str(manifest)},
    )
    write_record(manifest, result)
    return result
