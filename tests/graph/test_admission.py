"""Which step may run at once, which waits for a person, which is refused: by policy, whoever proposes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent.records.base import Language
from agent.records.pairs import Pair
from agent.records.tuning import TuneRequest
from graph.admission import Admitted, admit, free_name
from graph.context import Context
from graph.state import ConversationState, Incoming, Step
from graph.understanding.brain import Brain
from knowledge.files import read_records, write_record, write_records
from tests.graph.machines import Shelf
from tests.graph.test_poisoned import _pair
from tests.graph.worlds import Nobody, World, write_manuals
from tests.tools.diagnosis.test_run import manifest
from tools.answerers import Answerers
from tools.catalog import TOOLS, find_tool
from tools.workspace import Project

SITUATIONS = ("person", "model", "tainted model", "person who was shown documents", "program")
FREE = dict.fromkeys(SITUATIONS, False)
ALWAYS = dict.fromkeys(SITUATIONS, True)
IF_UNTRUSTED = FREE | {"tainted model": True, "program": True}

TABLE: dict[str, tuple[dict[str, Any], dict[str, bool]]] = {
    "note_facts": ({"facts": {"needs_citations": True}}, IF_UNTRUSTED),
    "read_documents": ({"paths": ["{documents}"]}, IF_UNTRUSTED),
    "decide": ({}, FREE),
    "make_pairs": ({}, ALWAYS),
    "show_pairs": ({}, FREE),
    "reject_pairs": ({"ids": ["p000000000000000"], "reason": "wrong"}, IF_UNTRUSTED),
    "make_mix": ({}, IF_UNTRUSTED),
    "plan_memory": ({"device": "A800"}, FREE),
    "tune": ({"rank": 8}, ALWAYS),
    "build_validation_set": ({}, IF_UNTRUSTED),
    "evaluate": ({"arms": ["base", "rag"]}, ALWAYS),
    "diagnose": ({"topic": "torque"}, FREE),
    "compare": ({"question": "What is the rated pressure of the Arvo?"}, FREE),
    "look_at_machine": ({}, FREE),
    "list_results": ({}, FREE),
    "status": ({}, FREE),
    "cancel_job": ({}, IF_UNTRUSTED),
    "ask_guide": ({"question": "ranks"}, FREE),
}
"""Arguments, and in which situation the step waits for a yes."""
MANY = [f"p{number:015x}" for number in range(9)]


@pytest.fixture
def project(machines: World) -> Project:
    """A project from which every step could start."""
    project = machines.workspace.open("machines")
    write_records(project.pairs, [_pair(number, "The rated pressure is 12 bar.") for number in range(3)])
    write_record(project.mixes / "m" / "manifest.json", manifest(3))
    return project


@pytest.fixture
def context(machines: World, project: Project) -> Context:
    del project
    return Context(
        settings=machines.settings,
        workspace=machines.workspace,
        open_retriever=Shelf,  # type: ignore[arg-type]
        answerers=Answerers(),
        brain=Brain(Nobody()),
        clock=lambda: "2026-01-01T00:00:00.000+00:00",
    )


def state_in(
    situation: str, tool: str = "", project: str | None = "machines", lang: Language = "en", said: str = "1"
) -> ConversationState:
    kind = "proposal" if situation == "program" else "message"
    by_model = situation in ("model", "tainted model", "program")
    return ConversationState(
        thread="t",
        lang=lang,
        project=project,
        incoming=Incoming(id=said, kind=kind),  # type: ignore[typeddict-item]
        understanding={"tool": tool if by_model else ""},
        tainted=situation in ("tainted model", "person who was shown documents"),
    )


def admitted(context: Context, situation: str, tool: str, arguments: dict[str, Any], **more: Any) -> Admitted:
    return admit(context, state_in(situation, tool, **more), tool, arguments)


def test_every_tool_is_in_the_table() -> None:
    assert set(TABLE) == {tool.name for tool in TOOLS}
    for name, (_, waits) in TABLE.items():
        effect = find_tool(name).effect
        assert waits is {"read": FREE, "write": IF_UNTRUSTED, "costly": ALWAYS}[effect], name


@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize("tool", list(TABLE))
def test_who_needs_a_yes_for_what(context: Context, tmp_path: Path, tool: str, situation: str) -> None:
    arguments, waits = TABLE[tool]
    if "paths" in arguments:
        arguments = {"paths": [str(write_manuals(tmp_path / "documents"))]}
    found = admitted(context, situation, tool, arguments)
    assert found.said is None, found.said
    assert found.step is not None
    assert (found.approval is not None) == waits[situation]
    if found.approval is not None:
        assert (found.approval.id, found.approval.arguments) == (found.step["key"], found.step["arguments"])
        assert (found.approval.tool, found.approval.project) == (tool, "machines")
        for words in ("Takes", "memory", "Changes"):
            assert words in found.approval.summary
        assert found.approval.articles
        assert any("a person decides" in why for why in found.approval.reasons) == waits_for_trust(situation)


def waits_for_trust(situation: str) -> bool:
    return situation in ("tainted model", "program")


@pytest.mark.parametrize("tool", [name for name, (_, waits) in TABLE.items() if waits is not FREE])
def test_what_a_yes_has_named_already_asks_for_none(context: Context, tmp_path: Path, tool: str) -> None:
    arguments = {"paths": [str(write_manuals(tmp_path / "documents"))]} if tool == "read_documents" else TABLE[tool][0]
    found = admit(context, state_in("tainted model", tool), tool, arguments, covered=True)
    assert found.approval is None
    assert found.step is not None


def test_the_request_that_is_shown_is_the_whole_request(context: Context) -> None:
    found = admitted(context, "person", "tune", {"rank": 8, "epochs": 1.0})
    assert found.approval is not None
    request = TuneRequest.model_validate(found.approval.arguments)
    assert (request.mix, request.method, request.overrides) == ("m", "auto", {"rank": 8, "epochs": 1.0})


@pytest.mark.parametrize(
    ("tool", "arguments", "lang", "says"),
    [
        ("note_facts", {"facts": {"needs_citations": False}}, "en", ("must cite sources: no",)),
        ("note_facts", {"facts": {"privacy": "open"}}, "en", ("leave the site",)),
        ("note_facts", {"facts": {"knowledge_change": "never"}}, "zh", ("知识更新", "从不")),
        ("note_facts", {"forget": ["goal", "colour"]}, "en", ("task: ?", "colour: ?")),
        ("reject_pairs", {"ids": MANY, "reason": "ordered"}, "en", ("9", "p000000000000000", "ordered")),
    ],
)
def test_a_small_step_says_exactly_what_it_would_write(
    context: Context, tool: str, arguments: dict[str, Any], lang: Language, says: tuple[str, ...]
) -> None:
    found = admitted(context, "program", tool, arguments, lang=lang)
    assert found.approval is not None
    for words in says:
        assert words in found.approval.summary
        assert words in found.approval.title


def test_cancelling_names_the_job_that_runs_now(context: Context, project: Project) -> None:
    from tests.ui.pages.scripted_project import stand_in

    with stand_in(project, "mix") as job:
        found = admitted(context, "program", "cancel_job", {})
        assert found.approval is not None
        assert found.approval.arguments == {"job": job.id}
        assert job.id in found.approval.summary


@pytest.mark.parametrize(
    ("tool", "arguments", "says"),
    [
        ("shell", {"command": "rm -rf /"}, "no such tool"),
        ("tune", {"approved": True}, "approved"),
        ("tune", {"rank": "32"}, "rank"),
        ("tune", {"rank": 0}, "rank"),
        ("tune", {"mix": "unknown"}, "no such mix"),
        ("make_mix", {"domain_share": 7}, "domain_share"),
        ("note_facts", {"facts": {"colour": "red"}}, "colour"),
        ("note_facts", {"facts": {"target": "high"}}, "target"),
        ("read_documents", {"paths": ["/no/such/folder"]}, "no such file"),
        ("read_documents", {"paths": []}, "paths"),
        ("reject_pairs", {"ids": ["x"], "reason": ""}, "reason"),
    ],
)
@pytest.mark.parametrize("situation", ["person", "program"])
def test_what_cannot_run_is_refused_before_anybody_is_asked(
    context: Context, situation: str, tool: str, arguments: dict[str, Any], says: str
) -> None:
    found = admitted(context, situation, tool, arguments)
    assert found.said is not None
    assert (found.step, found.approval) == (None, None)
    assert says in found.said.text
    assert found.fault is not None


@pytest.mark.parametrize(
    ("missing", "tool", "article"),
    [
        ("mixes", "tune", "domain-share"),
        ("validation", "tune", "validation-set"),
        ("validation", "evaluate", "validation-set"),
        ("pairs", "make_mix", "pair-quality"),
        ("document_list", "make_pairs", "documents"),
        ("runs", "diagnose", "diagnosis"),
    ],
)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_the_policy_refuses_cites_its_article(
    context: Context, project: Project, missing: str, tool: str, article: str, lang: Language
) -> None:
    import shutil

    path: Path = getattr(project, missing)
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    for situation in ("person", "program"):
        found = admitted(context, situation, tool, TABLE[tool][0], lang=lang)
        assert found.said is not None
        assert found.said.articles == (article,)
        assert (found.step, found.approval) == (None, None)


@pytest.mark.parametrize("tool", [tool.name for tool in TOOLS if tool.needs_project and tool.name != "read_documents"])
def test_without_a_project_nothing_but_reading_begins(context: Context, tool: str) -> None:
    found = admitted(context, "person", tool, TABLE[tool][0], project=None)
    assert found.said is not None
    assert "no project yet" in found.said.text


def test_the_first_documents_make_a_project_of_a_free_name(context: Context, tmp_path: Path) -> None:
    context.workspace.create("assistant")
    documents = write_manuals(tmp_path / "documents")
    found = admitted(context, "program", "read_documents", {"paths": [str(documents)]}, project=None)
    assert found.approval is not None
    assert found.approval.project == free_name(context) == "assistant-2"
    assert "assistant-2" in found.approval.summary


def test_a_folder_that_is_not_open_is_refused(context: Context, tmp_path: Path) -> None:
    from dataclasses import replace

    documents = write_manuals(tmp_path / "documents")
    closed = replace(context, settings=context.settings.model_copy(update={"document_roots": (tmp_path / "open",)}))
    found = admitted(closed, "person", "read_documents", {"paths": [str(documents)]})
    assert found.said is not None
    assert "not open" in found.said.text


def test_an_occasion_has_one_key(context: Context) -> None:
    first, again = (admitted(context, "person", "make_pairs", {}) for _ in range(2))
    other = admitted(context, "person", "make_pairs", {}, said="2")
    assert first.step is not None
    assert again.step is not None
    assert other.step is not None
    assert first.step["key"] == again.step["key"] != other.step["key"]


def test_what_follows_is_named_in_the_approval(context: Context) -> None:
    following = (
        Step(tool="make_mix", arguments={}, title="a new mix"),
        Step(tool="tune", arguments={}, title="training"),
    )
    found = admit(context, state_in("person"), "make_pairs", {}, following=following)
    assert found.approval is not None
    assert found.approval.following == ("a new mix", "training")
    assert found.following == following
    free = admit(context, state_in("person"), "reject_pairs", TABLE["reject_pairs"][0], following=following)
    assert free.approval is None
    assert free.following == following


def test_the_pairs_were_not_touched(context: Context, project: Project) -> None:
    """Admitting does nothing."""
    before = list(read_records(project.pairs, Pair))
    for situation in SITUATIONS:
        admitted(context, situation, "reject_pairs", TABLE["reject_pairs"][0])
    assert list(read_records(project.pairs, Pair)) == before
