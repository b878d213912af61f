"""A measured project in a second: six machines, a scripted model, and an index that finds torque too late.

With five passages a torque question misses its own; with ten it has it. So a diagnosis has a cause, its fix helps,
and every figure is known beforehand.
"""

from __future__ import annotations

from pathlib import Path

from agent.progress import Silent
from agent.records.corpus import Chunk, Document, DocumentText, Retrieved
from agent.records.evaluation import EvaluateRequest, EvaluationReport
from agent.settings import Settings
from knowledge.files import read_records, write_json, write_record, write_records
from tests.tools.evaluation.scripted import (
    MACHINES,
    READING,
    ZH,
    ScriptedModel,
    healthy,
    knowledge_items,
    project_in,
    text_of,
)
from tests.ui.pages.scripted_project import ended_job
from tools.evaluation.items import to_retrieve
from tools.evaluation.retrieved import retrieve_for
from tools.evaluation.run import evaluate
from tools.workspace import Project

NAME = "machines"
TORQUE_QUESTIONS = 10
"""English questions about torque, two wordings for each of five machines; the sixth speaks Chinese."""


class Shelf:
    """An index of the project's passages: pressure is found first, torque at the eighth place."""

    def __init__(self, project: Project) -> None:
        self._chunks = tuple(read_records(project.chunks, Chunk))

    def look_up(self, question: str, k: int, depth: int = 0) -> list[Retrieved]:
        machine = next(name for name in MACHINES if name in question or ZH[name] in question)
        torque = _names_torque(question)
        wanted = next(one for one in self._chunks if one.title == machine and _names_torque(one.text) == torque)
        others = [one for one in self._chunks if one is not wanted]
        ranked = [*others[:7], wanted, *others[7:]] if torque else [wanted, *others]
        return [Retrieved(chunk=one, score=1 / rank) for rank, one in enumerate(ranked[: max(k, depth)], start=1)]


def build_machines(home: Path) -> Project:
    """Make the project with one finished evaluation of base and rag."""
    project = project_in(home, knowledge_items(), tuned=False)
    assert project.info.name == NAME
    write_records(project.document_list, [_document(text_of(index)) for index in range(len(MACHINES))])
    settings = Settings(home=home, _env_file=None)
    request = EvaluateRequest(dimensions=("domain_knowledge", "domain_knowledge_held_out"), arms=("base", "rag"))
    job = ended_job(project, "evaluate", request.model_dump(mode="json"))
    run = project.runs / job.run
    write_json(run / "request.json", request.model_dump(mode="json"))
    retrieve_for(to_retrieve(project, request), Shelf(project).look_up, request.k, run, Silent())
    report: EvaluationReport = evaluate(
        project, settings, request, run, Silent(), load=lambda *_: ScriptedModel(healthy), reading=READING
    )
    write_record(run / "result.json", report)
    return project


def _document(text: DocumentText) -> Document:
    return Document(
        id=text.document,
        name=text.name,
        sha256=text.sha256,
        format="markdown",
        language=text.language,
        pages=None,
        characters=len(text.text),
        chunks=2,
        status="read",
        title=text.title,
    )


def _names_torque(text: str) -> bool:
    return "torque" in text or "扭矩" in text
