"""What the page of the assistant does with a request, without a browser: scene, profile form, dropped files."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agent.errors import BusyError, RefusedError
from agent.records.base import Language
from agent.records.conversation import Turn
from agent.records.corpus import Document
from agent.records.profile import DocumentsProfile, HardwareItem, Profile
from agent.settings import Settings
from graph.assistant import Assistant
from knowledge.files import write_records
from tests.ui.pages.talking import build_read
from tools.jobs.processes import end_processes
from tools.jobs.store import JobStore
from tools.profiles import save_facts
from tools.removal import UPLOADS
from tools.status import read_profile
from tools.workspace import Project
from ui.pages.assistant_asks import message, reading, settling
from ui.pages.assistant_beside import Passages, profile_of, standing
from ui.pages.assistant_files import bring_in, take_back
from ui.pages.assistant_profile import COUNT, PARTS, changes, form_values
from ui.pages.assistant_scene import now, scene, with_project
from ui.pages.assistant_turns import Turns
from ui.pages.frame import Frame
from ui.web.desk import Desks


@pytest.fixture
def desks(tmp_path: Path) -> Iterator[Desks]:
    made = Desks(Settings(home=tmp_path / "home", extraction_model="rules"))
    yield made
    desk = made.for_account("")
    for info in desk.workspace.projects():
        for job in JobStore(desk.project(info.name).jobs).list():
            end_processes(job)
    made.close()


def frame_of(desks: Desks, lang: Language = "en") -> Frame:
    never_drawn: Any = None
    return Frame(lang, "assistant", desks, never_drawn)


def request(**query: str) -> Any:
    return SimpleNamespace(query_params=query, cookies={}, state=SimpleNamespace(account="", home=""))


def project(desks: Desks, name: str = "Pumps") -> Project:
    return desks.for_account("").workspace.create(name)


def assistant(desks: Desks) -> Assistant:
    return desks.for_account("").assistant


def upload(folder: Path, name: str = "the manual.md") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text("# Pump\n\nIt has 12 bar.\n", encoding="utf-8")
    return file


def run(ask: Any) -> Turn:
    parts = list(ask.make())
    assert isinstance(parts[-1], Turn)
    return parts[-1]


def test_the_address_names_the_conversation_else_the_newest_of_the_project_else_a_fresh_one(desks: Desks) -> None:
    frame = frame_of(desks)
    project(desks)
    project(desks, "Valves")
    talk = assistant(desks)
    talk.send("old", "hello", project="Pumps")
    talk.send("new", "hello", project="Pumps")
    talk.send("other", "hello", project="Valves")
    talk.send("none", "hello")
    assert scene(frame, request(project="pumps", thread="old")).thread == "old"
    assert scene(frame, request(project="pumps")).thread == "new"
    assert [one.id for one in scene(frame, request(project="pumps")).listed] == ["none", "new", "old"]
    fresh = scene(frame, request(project="pumps", thread="not-begun"))
    assert (fresh.thread, fresh.known, fresh.to_join) == ("not-begun", None, "Pumps")
    # A conversation brings its project along, whatever the address says.
    assert scene(frame, request(project="pumps", thread="other")).project == desks.for_account("").project("Valves")
    assert scene(frame, request(project="pumps", thread="other")).to_join is None
    assert scene(frame, request(project="pumps", thread="none")).to_join == "Pumps"
    assert scene(frame, request(thread="none")).to_join is None
    assert scene(frame, request(project="pumps", thread="new"), leaving="new").thread == "new"  # it is still there
    talk.delete("new")
    assert scene(frame, request(project="pumps", thread="new"), leaving="new").thread == "old"


@pytest.mark.parametrize("thread", ["../../etc", "a b", ".hidden", "x" * 65, "<script>", "a/b"])
def test_an_address_that_could_leave_the_folder_names_nothing(desks: Desks, thread: str) -> None:
    found = scene(frame_of(desks), request(thread=thread))
    assert found.thread != thread
    assert found.known is None


def test_what_was_said_before_there_was_a_project_is_handed_over(desks: Desks) -> None:
    frame, talk = frame_of(desks), assistant(desks)
    talk.send("t", "We have 2,000 PDF manuals and want a service assistant.")
    here = scene(frame, request(thread="t"))
    assert profile_of(here).documents == DocumentsProfile(count=2000)
    made = with_project(here, frame)
    assert made.project is not None
    assert made.project.info.name == "assistant"
    assert read_profile(made.project).documents == DocumentsProfile(count=2000)
    again = with_project(here, frame)  # asked twice at once, or of a page that is older
    assert again.project is not None
    assert again.project.id == made.project.id
    other = with_project(scene(frame_of(desks), request(thread="u", project="none")), frame)
    assert other.project is not None
    assert other.project.info.name == "assistant-2"
    # A project that was made beside the conversation gets what it does not know itself.
    valves = project(desks, "Valves")
    save_facts(valves, {"documents": {"count": 3}})
    run(message(scene(frame, request(project="valves", thread="t")), "The knowledge changes every week."))
    assert read_profile(valves).documents == DocumentsProfile(count=3)
    assert read_profile(valves).task_kind == "facts"
    assert [one.project for one in talk.threads()] == ["Valves"]


def test_a_decision_is_shown_in_the_pages_language_until_it_is_measured(desks: Desks) -> None:
    pumps = project(desks)
    save_facts(pumps, {"needs_citations": True, "task_kind": "facts"})
    here = scene(frame_of(desks, "zh"), request(project="pumps"))
    known = standing(here, "zh")
    assert known.decision is not None
    assert known.decision.method == "rag"
    assert "检索" in "".join(why.text for why in known.decision.reasons)
    assert known.ready is not None
    assert known.ready.next_action == "ingest"
    assert standing(scene(frame_of(desks), request()), "en").profile == read_profile(pumps)  # the only project


FULL = Profile(
    goal="service",
    task_kind="facts",
    knowledge_change="weekly",
    needs_citations=True,
    labelled_pairs=200,
    documents=DocumentsProfile(count=2000, characters=5),
    languages=("en", "zh"),
    privacy="on_premises",
    per_document_access_control=False,
    latency_target_ms=1500,
    general_ability_matters=False,
    hardware=(HardwareItem(device="NVIDIA A800", count=2),),
    base_model_params_b=7.0,
    target=0.8,
)


@pytest.mark.parametrize("known", [Profile(), FULL, Profile(hardware=()), Profile(target=0.07)])
def test_a_form_that_was_not_touched_changes_nothing(known: Profile) -> None:
    values = form_values(known)
    assert set(values) == set(PARTS)
    assert changes(values, dict(values)) == ({}, ())


@pytest.mark.parametrize(
    ("part", "given", "facts", "forgotten"),
    [
        ("goal", " answer callers ", {"goal": "answer callers"}, ()),
        ("goal", "", {}, ("goal",)),
        ("task_kind", "style", {"task_kind": "style"}, ()),
        ("needs_citations", "false", {"needs_citations": False}, ()),
        ("needs_citations", "", {}, ("needs_citations",)),
        ("labelled_pairs", 0, {"labelled_pairs": 0}, ()),
        ("labelled_pairs", None, {}, ("labelled_pairs",)),
        ("documents", 30, {"documents": {"count": 30}}, ()),
        ("languages", ["zh"], {"languages": ["zh"]}, ()),
        ("languages", [], {}, ("languages",)),
        ("latency_target_ms", 0.25, {"latency_target_ms": 250}, ()),
        ("target", 92.5, {"target": 0.925}, ()),
        ("hardware", "none", {"hardware": []}, ()),
        ("hardware", "", {}, ("hardware",)),
        (COUNT, 4, {"hardware": [{"device": "NVIDIA A800", "count": 4}]}, ()),
    ],
)
def test_the_form_saves_what_was_changed(
    part: str, given: object, facts: dict[str, Any], forgotten: tuple[str, ...], desks: Desks
) -> None:
    values = form_values(FULL)
    found = changes(values, {**values, part: given})
    assert found == (facts, forgotten)
    save_facts(project(desks), *found)  # and each is a profile's value


def test_several_kinds_of_devices_are_left_alone() -> None:
    known = Profile(hardware=(HardwareItem(device="NVIDIA A800"), HardwareItem(device="Huawei Ascend 910A")))
    values = form_values(known)
    assert changes(values, {**values, COUNT: 7}) == ({}, ())


def test_dropped_files_are_kept_read_and_named_in_the_conversation(desks: Desks, tmp_path: Path) -> None:
    frame = frame_of(desks)
    here = with_project(scene(frame, request(thread="t")), frame)
    turn = run(reading(here, [upload(tmp_path / "a")], frame))
    assert turn.job is not None
    assert turn.approval is None  # whoever drops files wants them read
    first = assistant(desks).history("t")[0]
    assert (first.role, first.text) == ("user", "Read these files: the manual.md")
    until_done(desks, "t")
    assert here.project is not None
    assert profile_of(here) == Profile()
    assert assistant(desks).threads()[0].project == "assistant"


def until_done(desks: Desks, thread: str) -> None:
    end = time.monotonic() + 180
    while assistant(desks).follow(thread) is None:
        assert time.monotonic() < end
        time.sleep(0.2)


def test_files_whose_reading_is_refused_are_not_kept(
    desks: Desks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise RefusedError("not now")

    monkeypatch.setattr("tools.calling.ingest_request", refuse)
    frame = frame_of(desks)
    here = with_project(scene(frame, request(thread="t")), frame)
    turn = run(reading(here, [upload(tmp_path / "a")], frame))
    assert turn.fault is not None
    assert here.project is not None
    assert not list((here.project.root / UPLOADS).rglob("*.md"))


def test_a_no_to_reading_deletes_the_uploads_and_nothing_else(desks: Desks, tmp_path: Path) -> None:
    pumps = project(desks)
    kept, dropped = bring_in(pumps, [upload(tmp_path / "a", "kept.md"), upload(tmp_path / "b", "dropped.md")])
    read = Document(
        id="kept", name="kept.md", sha256="0", format="markdown", language="en", pages=None, characters=1, chunks=1,
        status="read", origin=kept,
    )  # fmt: skip
    write_records(pumps.document_list, [read])
    own = upload(tmp_path / "mine")
    take_back(pumps, [kept, dropped, str(own)])
    assert Path(kept).exists()
    assert own.exists()
    assert not Path(dropped).parent.exists()


@pytest.mark.parametrize(
    ("answer", "kept"), [("decline", False), ("no", False), ("How far are we?", True), ("approve", True)]
)
def test_uploads_that_wait_to_be_read_go_with_a_no(desks: Desks, tmp_path: Path, answer: str, kept: bool) -> None:
    frame, pumps = frame_of(desks), project(desks)
    paths = bring_in(pumps, [upload(tmp_path / "a")])
    asked = assistant(desks).propose("t", "read_documents", {"paths": paths}, project="Pumps")
    assert asked.approval is not None
    here = scene(frame, request(thread="t"))
    verdicts = {"decline", "approve"}
    run(settling(here, asked.approval.id, answer) if answer in verdicts else message(here, answer))  # type: ignore[arg-type]
    assert Path(paths[0]).exists() == kept


def test_after_a_turn_the_scene_knows_what_it_has_made(desks: Desks, tmp_path: Path) -> None:
    frame = frame_of(desks)
    here = scene(frame, request(thread="t"))
    run(message(here, f"Read {upload(tmp_path / 'a', 'manual.md')}"))
    assert now(here).known is not None
    assert now(here).project is not None
    assert now(here).project == scene(frame, request(thread="t")).project
    until_done(desks, "t")


def test_a_project_that_is_worked_on_takes_no_file_and_loses_none(desks: Desks, tmp_path: Path) -> None:
    pumps, file = project(desks), upload(tmp_path / "a")
    with pumps.owned("something else"), pytest.raises(BusyError):
        bring_in(pumps, [file])
    assert file.exists()


def test_a_yes_given_twice_is_one(desks: Desks) -> None:
    frame, turns = frame_of(desks), Turns()
    pumps = build_read(desks.settings.home, "Pumps")
    turn = assistant(desks).send("t", "Make training pairs", project="Pumps")
    assert turn.approval is not None
    here = scene(frame, request(project="pumps"))
    given = [turns.put(here.key, settling(here, turn.approval.id, "approve")) for _ in range(5)]
    for one in given:
        list(turns.watch(one))
    late = turns.put(here.key, settling(here, turn.approval.id, "approve"))
    list(turns.watch(late))
    assert len(JobStore(pumps.jobs).list()) == 1
    said = [one.text for one in assistant(desks).history("t") if one.role == "assistant"]
    assert sum(text.startswith("Started:") for text in said) == 1
    until_done(desks, "t")


def chunk() -> Any:
    from agent.records.corpus import Chunk

    text = "| part | value |\n|---|---|\n| Rated pressure | 12 bar |"
    return Chunk(
        id=f"pump:0-{len(text)}", document="pump", name="pump.md", title="Pump", headings=(), page=None, start=0,
        end=len(text), text=text, language="en",
    )  # fmt: skip


def test_cited_passages_are_looked_for_once_and_again_when_the_corpus_changes(desks: Desks) -> None:
    pumps, found, passage = project(desks), Passages(), chunk()
    citation = {"chunk": passage.id, "document": "pump.md", "page": None, "quote": "12 bar"}
    gone = {**citation, "chunk": "gone:0-4"}
    turn = Turn(thread="t", action="compare", reply="", answers={"rag": {"text": "", "citations": [citation, gone]}})
    history: Any = [SimpleNamespace(turn=None), SimpleNamespace(turn=turn)]
    assert found.of(pumps, history) == {}
    write_records(pumps.chunks, [passage])
    assert found.of(pumps, history) == {passage.id: passage}
    assert found.of(pumps, history[:1]) == {}
    assert found.of(pumps, history) == {passage.id: passage}
    pumps.chunks.unlink()
    assert found.of(pumps, history) == {}
