"""Removing a document leaves nothing of it in what the project still works with."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from agent.errors import NotFoundError
from agent.records.corpus import Chunk, Retrieved
from agent.records.evaluation import Item, ItemAnswer, ItemRetrieval
from agent.records.mixture import MixManifest
from agent.records.pairs import Message, Pair
from agent.records.tuning import TuneRequest
from knowledge.files import read_record, read_records, sha256_of, write_record, write_records
from knowledge.ingest.run import ingest
from knowledge.store import CorpusStore
from tests.fakes import HashEmbedder, RecordingReporter
from tests.knowledge.corpus import write_folder
from tools.erasure import ERASED, wordings
from tools.extraction.fact import Fact
from tools.extraction.replies import ModelReply
from tools.extraction.run import facts_file
from tools.mixing.example import Example
from tools.mixing.swept import SweepMark
from tools.pairs import load_pairs, save_pairs
from tools.removal import UPLOADS, chunks_of, remove_document, traces
from tools.validation.check import judge, set_check, verdicts
from tools.workspace import Project, Workspace

CANARY = b"zanzibar"


def pair(identifier: str, document: str, question: str = "Where?", **fields: object) -> Pair:
    given = {
        "id": identifier,
        "messages": (Message(role="user", content=question), Message(role="assistant", content="there")),
        "document": document,
        "page": None,
        "start": 0,
        "end": 3,
        "quote": "The",
        "kind": "factual",
        "language": "en",
        "split": "train",
        "checks": {},
        "status": "accepted",
        "reason": "",
    }
    return Pair.model_validate({**given, **fields})


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Workspace(tmp_path / "home").create("x")
    uploads = write_folder(project.root / UPLOADS / "ab12")
    ingest([uploads], CorpusStore(project.root), HashEmbedder(), RecordingReporter())
    return project


def of(project: Project, name: str) -> str:
    return next(document.id for document in CorpusStore(project.root).documents() if document.name == name)


def holding(project: Project, text: bytes) -> list[str]:
    return [path.name for path in project.root.rglob("*") if path.is_file() and text in path.read_bytes()]


def test_nothing_of_a_removed_document_is_left(project: Project) -> None:
    notes, manual = of(project, "notes.txt"), of(project, "manual.md")
    shown = chunks_of(project, notes)[0].text
    save_pairs(
        project,
        [
            pair("p1", notes, "What of zanzibar?", reviewed=True),
            pair("p2", manual),
            pair("p3", manual, f"{shown}\n\nWhere?", kind="reading"),
            pair("p4", manual, "The manual says so. Where?", kind="reading"),
        ],
    )
    fact = Fact(
        id="f",
        document=notes,
        form="question",
        entity="",
        attribute="zanzibar?",
        answer="a",
        start=0,
        end=1,
        quote="a",
        kind="factual",
        source="model",
        language="en",
    )
    write_records(facts_file(project), [fact, fact.model_copy(update={"document": manual, "attribute": "w?"})])
    replies = [ModelReply(key="k", chunk=f"{d}:0-9", text=t) for d, t in ((notes, "zanzibar"), (manual, "other"))]
    write_records(project.root / "extraction.jsonl", replies)
    counted = traces(project, notes)
    assert (counted.pairs, counted.reviewed, counted.items, counted.mixes, counted.learners) == (2, 1, 0, 0, ())
    assert len(holding(project, CANARY)) > 5
    assert remove_document(project, notes).pairs == 2
    assert holding(project, CANARY) == []
    assert [one.id for one in load_pairs(project)] == ["p2", "p4"]
    assert [one.document for one in read_records(facts_file(project), Fact)] == [manual]
    assert chunks_of(project, notes) == []


def test_what_killed_processes_left_goes_and_what_is_being_written_stays(project: Project) -> None:
    torn = project.runs / "20260101T000000Z-tune" / "checkpoints" / ".step-00000001-abcd.part"
    torn.mkdir(parents=True)
    (torn / "model.safetensors").write_bytes(CANARY)
    lost, upload = (project.root / name for name in (f".pairs.jsonl.{2**22 + 1}-0123abcd.part", ".manual.md.part"))
    vote = project.root / f".votes.jsonl.{os.getpid()}-0123abcd.part"
    for path in (lost, upload, vote):
        path.write_text("half", encoding="utf-8")
    remove_document(project, of(project, "notes.txt"))
    assert [path.exists() for path in (torn, lost, upload, vote)] == [False, False, False, True]


def test_what_is_not_there_is_named_and_nothing_changes(project: Project) -> None:
    before = project.chunks.read_bytes()
    with pytest.raises(NotFoundError):
        remove_document(project, "../../etc")
    assert project.chunks.read_bytes() == before


def test_a_file_outside_the_uploads_stays(tmp_path: Path) -> None:
    project = Workspace(tmp_path / "home").create("x")
    folder = write_folder(tmp_path / "in")
    ingest([folder], CorpusStore(project.root), HashEmbedder(), RecordingReporter())
    remove_document(project, of(project, "notes.txt"))
    assert (folder / "notes.txt").exists()


def test_the_chunks_of_one_document_are_those_of_the_store(project: Project) -> None:
    everything: list[Chunk] = list(CorpusStore(project.root).chunks())
    for document in CorpusStore(project.root).documents():
        assert chunks_of(project, document.id) == [one for one in everything if one.document == document.id]
    assert chunks_of(Project(project.root / "none", project.info), "x") == []


def sealed(identifier: str, document: str, context: str) -> Item:
    return Item(
        id=identifier,
        kind="skill",
        dimension="understanding",
        language="en",
        question="What is the canary word, zanzibar?",
        answers=("zanzibar",),
        document=document,
        context=context,
    )


def mixed(project: Project, name: str, documents: tuple[str, ...], examples: list[Example]) -> None:
    folder = project.mixes / name
    write_records(folder / "train.jsonl", examples)
    manifest = {
        "id": name,
        "examples": len(examples),
        "domain_examples": len(examples),
        "general_examples": 0,
        "domain_share_examples": 1.0,
        "domain_share_tokens": 1.0,
        "requested_share": 1.0,
        "by": "examples",
        "seed": 0,
        "sha256": "",
        "pairs_sha256": "",
        "general": {"name": "builtin", "licence": "Apache-2.0", "sha256": "", "examples": 0},
        "documents": documents,
        "files": {},
    }
    write_record(folder / "manifest.json", MixManifest.model_validate(manifest))


def test_mixes_evaluations_and_reports_forget_it_and_adapters_are_named(project: Project) -> None:
    notes, manual = of(project, "notes.txt"), of(project, "manual.md")
    passage = chunks_of(project, notes)[0]
    save_pairs(project, [pair("p1", notes, "What of zanzibar?"), pair("p2", manual)])
    example = Example.of("p1#2", "domain", pair("p1", notes, "What of zanzibar?").messages)
    other = Example.of("p2", "domain", pair("p2", manual).messages)
    mixed(project, "mix-fresh", (notes, manual), [example, other])
    mixed(project, "mix-trained", (notes, manual), [example, other])
    mixed(project, "mix-others", (manual,), [other])
    (project.mixes / "mix-trained" / "README.md").write_text("as it was\n")
    run = project.runs / "20260101T000000Z-tune"
    write_record(run / "request.json", TuneRequest(base_model="builtin", mix="mix-trained"))
    (run / "result.json").write_text("{}")
    items = [sealed("i1", notes, passage.text), sealed("i2", manual, "The filter.")]
    items[1] = items[1].model_copy(update={"question": "Which filter?", "answers": ("a filter",)})
    write_records(project.validation, items)
    (project.root / "validation.json").write_text(
        json.dumps({"items": 2, "sha256": "x", "spot_check": ["i1", "i2"], "notes": ["two"]})
    )
    evaluated = project.runs / "20260101T000001Z-evaluate" / "eval"
    write_records(evaluated / "items.jsonl", items)
    answers = [
        ItemAnswer(item=name, arm="rag", text=text, score=1.0) for name, text in (("i1", "zanzibar"), ("i2", "f"))
    ]
    write_records(evaluated / "answers.jsonl", answers)
    write_records(
        evaluated / "retrieved.jsonl", [ItemRetrieval(item="i2", retrieved=(Retrieved(chunk=passage, score=1),))]
    )
    (evaluated / "diagnosis.json").write_text(json.dumps({"items": ["i1"], "quote": "zanzibar"}))
    quoted = next(line for line in passage.text.splitlines() if "zanzibar" in line)
    (evaluated / "report.md").write_text(f"# Report\n\n| {quoted} |\n")
    counted = traces(project, notes)
    assert (counted.items, counted.mixes, counted.learners) == (1, 1, (run.name,))
    removed = remove_document(project, notes, lang="zh")
    assert holding(project, CANARY) == []
    assert (removed.items, removed.mixes, removed.learners) == (1, ("mix-fresh",), (run.name,))
    assert sorted(path.name for path in project.mixes.iterdir()) == ["mix-others", "mix-trained"]
    left = read_record(project.mixes / "mix-trained" / "manifest.json", MixManifest)
    assert left.notes[-1].startswith("1 个样本随被移除的文档一并删除")
    assert (project.mixes / "mix-trained" / "README.md").read_text().endswith(f"as it was\n\n{left.notes[-1]}\n")
    assert [one.id for one in read_records(project.mixes / "mix-trained" / "train.jsonl", Example)] == ["p2"]
    assert [(one.item, one.score) for one in read_records(evaluated / "answers.jsonl", ItemAnswer)] == [
        ("i1", 1),
        ("i2", 1),
    ]
    manifest = json.loads((project.root / "validation.json").read_text())
    assert (manifest["items"], manifest["spot_check"]) == (1, ["i2"])
    assert manifest["notes"] == ["two", "1 道封存题目随被移除的文档一并删除"]
    assert manifest["sha256"] == sha256_of(project.validation)
    assert f"| {ERASED} |" in (evaluated / "report.md").read_text()


@pytest.mark.parametrize("name", ["request.json", "pilot.json"])
def test_checkpoints_of_a_killed_training_are_named_and_go(project: Project, name: str) -> None:
    notes = of(project, "notes.txt")
    mixed(project, "pilot-a", (notes,), [Example.of("p1", "domain", pair("p1", notes).messages)])
    run = project.runs / "20260101T000000Z-pilot"
    mark = SweepMark(key="k", mix="pilot-a") if name == "pilot.json" else TuneRequest(base_model="b", mix="pilot-a")
    write_record(run / name, mark)
    assert traces(project, notes).learners == ()
    (run / "checkpoints" / "epoch-0001").mkdir(parents=True)
    assert traces(project, notes).learners == (run.name,)
    assert remove_document(project, notes).learners == ()
    assert not (run / "checkpoints").exists()


def test_what_other_documents_say_too_is_not_erased(tmp_path: Path) -> None:
    project = Workspace(tmp_path / "home").create("x")
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.txt").write_text("Both of them say this sentence here.\n\nOnly the first one says zanzibar.")
    (folder / "b.txt").write_text("Both of them say this sentence here.\n\nThe second is about filters.")
    ingest([folder], CorpusStore(project.root), HashEmbedder(), RecordingReporter())
    report = project.runs / "r" / "eval" / "report.md"
    report.parent.mkdir(parents=True)
    report.write_text("Both of them say this sentence here. Only the first one says zanzibar.")
    assert wordings(CorpusStore(project.root), of(project, "a.txt")) == ("Only the first one says zanzibar.",)
    remove_document(project, of(project, "a.txt"))
    assert report.read_text() == f"Both of them say this sentence here. {ERASED}"


def test_only_whole_sentences_and_rows_are_looked_for(tmp_path: Path) -> None:
    project = Workspace(tmp_path / "home").create("x")
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.md").write_text(
        "# Introduction to installation and maintenance\n\n| learning_rate | HuggingFaceTB/SmolLM2-135M |\n|---|---|\n"
        "| a | b |\n\nlearning_rate\n\nThe pump of the zanzibar plant runs hot.\n\n桑给巴尔工厂的水泵运行时温度很高。"
    )
    ingest([folder], CorpusStore(project.root), HashEmbedder(), RecordingReporter())
    run = project.runs / "20260101T000000Z-tune"
    (run / "adapter").mkdir(parents=True)
    told = "The pump of the zanzibar plant runs hot."
    result = {"learning_rate": 0.1, "base": "HuggingFaceTB/SmolLM2-135M", "said": [f'He said: "{told}"', 3]}
    (run / "result.json").write_text(json.dumps(result))
    (run / "adapter" / "tokenizer.json").write_text(json.dumps({"vocab": ["Introduction", told]}))
    (run / "log.txt").write_bytes(b"\xff broken byte, " + told.encode())
    assert wordings(CorpusStore(project.root), of(project, "a.md")) == (told, "桑给巴尔工厂的水泵运行时温度很高。")
    (project.root / ".pairs.jsonl.1-a.part").write_text(told)
    (project.questions).mkdir()
    (project.questions / "q.json").write_text(json.dumps({"context": f'"{told}"'}))
    (project.questions / "other.json").write_text("{}")
    remove_document(project, of(project, "a.md"))
    assert json.loads((run / "result.json").read_text()) == result | {"said": [f'He said: "{ERASED}"', 3]}
    assert (run / "log.txt").read_bytes() == b"\xff broken byte, " + ERASED.encode()
    assert told in (run / "adapter" / "tokenizer.json").read_text(), "a model's own files are not touched"
    assert not (project.root / ".pairs.jsonl.1-a.part").exists()
    assert [path.name for path in project.questions.iterdir()] == ["other.json"]


WARRANTY = (
    "# Warranty conditions\n\nRepairs under the warranty conditions are free for two years.\n\n"
    "| Model | Fee |\n| --- | --- |\n| XR-200 | 540 EUR |\n| XR-300 | 80 |\n\n退货须在收货后三十天内寄往桑给巴尔仓库。"
)
OTHERS = "# Catalogue\n\nThe catalogue fee of the KX-1 is 12 EUR.\n\n| Model | Fee |\n| --- | --- |\n| KX-1 | 80 |"
IMPORTS = {
    "the question of one of its pairs": ("What is the fee of the XR-200 in the warranty conditions?", "Ask Tamsin"),
    "its question written in a hurry": ("what is the fee of the xr-200 in the warranty conditions", "540 EUR"),
    "a sentence of it": ("Who pays?", "Repairs under the warranty conditions are free for two years."),
    "a sentence within a longer turn": ("退货须在收货后三十天内寄往桑给巴尔仓库。对吗？", "对"),
    "a row of its table": ("Context:\nXR-200 | 540 EUR\nWhich fee?", "a fee"),
    "its figure for what only it names": ("How much do I pay for the XR-200?", "540 EUR."),
    "its figure in a sentence": ("How much do I pay for the XR-200?", "You pay 540 EUR for it."),
    "its figure although another document has it too": ("How much do I pay for the XR-300?", "80"),
    "its heading among the passages": ("Context:\nWarranty conditions\nXR-300\nWhich?", "Ask Tamsin"),
    "its Chinese words for what only it names": ("桑给巴尔仓库的退货期限？", "收货后三十天内"),
}
STAY = {
    "a figure for something else": ("What does a bicycle cost?", "540 EUR"),
    "a name without what the document says of it": ("Who sells the XR-200?", "Tamsin"),
    "a row of another table": ("Context:\nKX-1 | 80\nWhich fee?", "80"),
    "nothing of it": ("Where is the yard?", "In Pellworth"),
    "what another document's pair says as well": ("Which fee is asked?", "80"),
}


@pytest.fixture(scope="module")
def warranty(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("warranty")
    project = Workspace(folder / "home").create("x")
    (folder / "in").mkdir()
    for name, text in (("warranty.md", WARRANTY), ("catalogue.md", OTHERS)):
        (folder / "in" / name).write_text(text)
    ingest([folder / "in"], CorpusStore(project.root), HashEmbedder(), RecordingReporter())
    own, other = of(project, "warranty.md"), of(project, "catalogue.md")
    question = "What is the fee of the XR-200 in the warranty conditions?"
    made = [pair("own", own, question), pair("shared", own, "Which fee is asked?")]
    made += [pair("other", other, "Which fee is asked?"), pair("beside", other, WARRANTY, kind="reading")]
    said = [(place, *turns) for place, turns in {**IMPORTS, **STAY}.items()]
    made += [
        pair(place, "", asked, source="import", messages=[{"role": "user", "content": asked}, answer_of(answered)])
        for place, asked, answered in said
    ]
    save_pairs(project, made)
    return project


def answer_of(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}


def test_copies_of_a_documents_pairs_go_with_it_and_are_counted_before(warranty: Project) -> None:
    own = of(warranty, "warranty.md")
    going = {"own", "shared", "beside", *IMPORTS}
    assert traces(warranty, own).pairs == len(going)
    before = {one.id for one in load_pairs(warranty)}
    assert remove_document(warranty, own).pairs == len(going)
    assert before - {one.id for one in load_pairs(warranty)} == going
    assert before - going == {"other", *STAY}
    for words in ("540 EUR.", "XR-200 | 540 EUR", "in the warranty conditions", "收货后三十天内"):
        assert all(words not in one.model_dump_json() for one in load_pairs(warranty)), words


def test_other_files_of_the_same_text_are_named(tmp_path: Path) -> None:
    project = Workspace(tmp_path / "home").create("x")
    (tmp_path / "in").mkdir()
    for name in ("a.txt", "b.txt", "c.txt"):
        (tmp_path / "in" / name).write_text("The same words stand here." if name != "c.txt" else "Other words here.")
    ingest([tmp_path / "in"], CorpusStore(project.root), HashEmbedder(), RecordingReporter())
    assert traces(project, of(project, "a.txt")).twins == ("b.txt",)
    assert remove_document(project, of(project, "c.txt")).twins == ()
    assert remove_document(project, of(project, "a.txt")).twins == ("b.txt",)


def test_verdicts_on_its_items_and_reasons_that_quote_it_go_and_others_stand(project: Project) -> None:
    notes, manual = of(project, "notes.txt"), of(project, "manual.md")
    passage = chunks_of(project, notes)[0].text
    quoted = next(line for line in passage.splitlines() if "zanzibar" in line)
    items = [sealed("i1", notes, passage), *(sealed(f"i{n}", manual, f"The filter {n}.") for n in (2, 3, 4))]
    items = [items[0], *(one.model_copy(update={"question": "Which?", "answers": ("a",)}) for one in items[1:])]
    write_records(project.validation, items)
    manifest = {"sha256": sha256_of(project.validation), "spot_check": ["i1", "i2", "i3", "i4"]}
    (project.root / "validation.json").write_text(json.dumps(manifest))
    judge(
        project, {"i1": "zanzibar is Ann's dog", "i2": f"but notes say: {quoted}", "i3": None, "i4": "no such filter"}
    )
    remove_document(project, notes)
    assert holding(project, CANARY) == []
    assert [one.item for one in verdicts(project)] == ["i3", "i4"]
    made = set_check(project)
    assert (made.figures.drawn, made.figures.reviewed, made.figures.wrong) == (3, 2, 1)
    # An item that was left out of the set since is no item of it, and what was said of it goes with its document too.
    write_records(project.validation, items[1:3])
    remove_document(project, manual)
    assert verdicts(project) == ()
