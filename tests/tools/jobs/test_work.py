"""Each kind of job reaches its capability with its own request; the capability itself is tested where it lives."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, get_args

import pytest

from agent.errors import InputError
from agent.progress import Silent
from agent.records.evaluation import EvaluateRequest
from agent.records.job import JobKind
from agent.records.judging import JudgeRequest
from agent.records.pairs import Message
from agent.records.tuning import ClimbPlan, TuneRequest
from agent.settings import Settings
from tools.benchmark.request import BenchRequest
from tools.extraction.request import ExtractRequest
from tools.jobs.work import perform
from tools.mixing.request import MixRequest
from tools.workspace import Project

RESULT = Message(role="assistant", content="done")

KINDS: dict[JobKind, tuple[str, dict[str, Any], object, bool]] = {
    "ingest": ("knowledge.ingest.run", {"paths": ["/a", "/资料"]}, [Path("/a"), Path("/资料")], False),
    "extract": ("tools.extraction.run", {"seed": 3}, ExtractRequest(seed=3), False),
    "mix": ("tools.mixing.run", {"domain_share": 0.5}, MixRequest(domain_share=0.5), False),
    "tune": ("tools.tuning.run", {"base_model": "b", "mix": "m"}, TuneRequest(base_model="b", mix="m"), True),
    "validate": ("tools.validation.run", {}, None, False),
    "evaluate": ("tools.evaluation.run", {"limit": 4}, EvaluateRequest(limit=4), True),
    "judge": (
        "tools.judging.run",
        {"run": "r", "a": "rag", "b": "tuned", "model": "m"},
        JudgeRequest(run="r", a="rag", b="tuned", model="m"),
        False,
    ),
    "bench": ("tools.benchmark.job", {"quick": True}, BenchRequest(quick=True), False),
}
"""Kind to the module that does it, a request, what the module gets, and whether it gets the run folder."""


@pytest.mark.parametrize("kind", get_args(JobKind))
def test_each_kind_reaches_its_capability(
    kind: JobKind, project: Project, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    module, request, expected, with_run = KINDS[kind]
    calls: list[tuple[Any, ...]] = []

    def work(*arguments: Any, **named: Any) -> Message:
        calls.append((*arguments, *named.items()))
        return RESULT

    monkeypatch.setattr(importlib.import_module(module), kind, work)
    monkeypatch.setattr("knowledge.embedding.load_embedder", lambda _settings: "embedder")
    reporter = Silent()
    assert perform(kind, project, settings, request, tmp_path, reporter) is RESULT

    (arguments,) = calls
    if kind == "ingest":
        assert arguments[0] == expected
        assert arguments[1].root == project.root
        assert arguments[2:] == ("embedder", reporter, ("recognise", False))
    else:
        assert arguments[:2] == (project, settings)
        assert expected is None or arguments[2] == expected
        assert arguments[3:] == ((tmp_path, reporter) if with_run else (reporter,))


@pytest.mark.parametrize(("asked", "setting"), [(False, False), (True, False), (False, True)])
def test_text_recognition_is_asked_for_by_the_request_or_the_setting(
    project: Project, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, asked: bool, setting: bool
) -> None:
    heard: list[object] = []

    def read(*_: Any, recognise: bool) -> Message:
        heard.append(recognise)
        return RESULT

    monkeypatch.setattr("knowledge.ingest.run.ingest", read)
    monkeypatch.setattr("knowledge.embedding.load_embedder", lambda _settings: "embedder")
    request = {"paths": ["/a"], "ocr": asked}
    perform("ingest", project, settings.model_copy(update={"ocr": setting}), request, tmp_path, Silent())
    assert heard == [asked or setting]


@pytest.mark.parametrize(
    ("kind", "request_", "told"),
    [("tune", {"mix": "m"}, "base_model: Field required"), ("ingest", {"paths": [], "mood": 1}, "mood: Extra")],
)
def test_a_request_of_another_version_is_told(
    kind: JobKind, request_: dict[str, Any], told: str, project: Project, settings: Settings, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=told) as caught:
        perform(kind, project, settings, request_, tmp_path, Silent())
    assert caught.value.where == "request.json"


def test_a_climb_goes_up_the_ladder(
    project: Project, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    calls: list[tuple[Any, ...]] = []

    def climb(*arguments: Any) -> Message:
        calls.append(arguments)
        return RESULT

    monkeypatch.setattr("tools.ladder.climb.climb", climb)
    reporter = Silent()
    request = {"base_model": "b", "mix": "m", "climb": {"target": 0.8}}
    assert perform("tune", project, settings, request, tmp_path, reporter) is RESULT
    expected = TuneRequest(base_model="b", mix="m", climb=ClimbPlan(target=0.8))
    assert calls == [(project, settings, expected, tmp_path, reporter)]
