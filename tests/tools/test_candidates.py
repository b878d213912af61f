from __future__ import annotations

from pathlib import Path

import pytest

from agent.errors import EmptyError, NotFoundError
from agent.records.evaluation import Arm, Dimension, Estimate, EvaluationReport, Item
from agent.settings import Settings
from knowledge.files import write_record, write_records
from tests.tiny_model import build_tiny_model
from tools.candidates import candidates
from tools.evaluation.radar import MODEL_LOOKS, Line, draw_lines, draw_page
from tools.workspace import Project, Workspace


def estimate(mean: float, low: float, high: float) -> Estimate:
    return Estimate(mean=mean, low=low, high=high, n=100, chance=0, normalised=mean, errors=0)


STRONG, WEAK = estimate(0.9, 0.8, 0.95), estimate(0.3, 0.2, 0.4)


def evaluated(
    project: Project, name: str, model: str, domain: Estimate, *, arm: Arm = "rag", items: str = "same"
) -> None:
    spokes: dict[Dimension, Estimate] = {"domain_knowledge": domain}
    report = EvaluationReport(
        run=name,
        tune_run=None,
        base_model=model,
        items_sha256=items,
        languages=("en",),
        arms={"base": {"domain_knowledge": WEAK, "general_ability": STRONG}, arm: spokes},
        comparisons=(),
        seconds={arm: 0.5},
    )
    folder = project.runs / name / "eval"
    folder.mkdir(parents=True)
    write_record(folder / "report.json", report)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, _env_file=None)


@pytest.fixture
def project(settings: Settings) -> Project:
    return Workspace(settings.home).create("pumps")


def test_the_newest_of_every_model_on_the_same_items(project: Project, settings: Settings, tmp_path: Path) -> None:
    tiny = str(build_tiny_model(tmp_path / "tiny"))
    evaluated(project, "20260101T000000Z-evaluate", tiny, WEAK)
    evaluated(project, "20260102T000000Z-evaluate", tiny, STRONG)
    evaluated(project, "20260103T000000Z-evaluate", "owner/other-items", STRONG, items="other")
    evaluated(project, "20260104T000000Z-evaluate", "builtin", STRONG)
    choice = candidates(project, settings, "en")
    assert [one.model for one in choice.candidates] == [tiny, "builtin"]
    assert (choice.outcome, choice.chosen, choice.dimension) == ("smallest", tiny, "domain_knowledge")
    assert choice.candidates[0].run == "20260102T000000Z-evaluate"
    assert choice.candidates[0].scores["general_ability"] == STRONG
    assert choice.candidates[0].arm == "rag"
    named = candidates(project, settings, "en", runs=("20260101T000000Z-evaluate", "20260104T000000Z-evaluate"))
    assert named.chosen == "builtin"
    assert candidates(project, settings, "en", arm="base", target=0.1).chosen == tiny


def test_a_model_that_was_asked_a_sample_only_is_no_candidate(
    project: Project, settings: Settings, tmp_path: Path
) -> None:
    """The hash is that of all sealed items, whatever part of them a limit left."""
    tiny = str(build_tiny_model(tmp_path / "tiny"))
    asked = {
        "20260101T000000Z-evaluate": ("owner/sampled", 2),
        "20260102T000000Z-evaluate": (tiny, 4),
        "20260103T000000Z-evaluate": ("builtin", 4),
    }
    for run, (model, count) in asked.items():
        evaluated(project, run, model, STRONG)
        items = [
            Item(id=f"v{n}", kind="knowledge", dimension="domain_knowledge", language="en", question="?")
            for n in range(count)
        ]
        write_records(project.runs / run / "eval" / "items.jsonl", items)
    assert [one.model for one in candidates(project, settings, "en").candidates] == [tiny, "builtin"]


def test_without_an_evaluation_there_is_a_mend(project: Project, settings: Settings) -> None:
    with pytest.raises(EmptyError, match="domainsmith evaluate"):
        candidates(project, settings, "en")
    with pytest.raises(NotFoundError):
        candidates(project, settings, "en", runs=("nowhere",))


def test_models_are_drawn_like_arms(tmp_path: Path) -> None:
    scores: dict[Dimension, Estimate] = {
        "domain_knowledge": STRONG, "syntax": WEAK, "general_ability": STRONG
    }  # fmt: skip
    lines = [Line(f"model {number}", look, scores) for number, look in enumerate(MODEL_LOOKS)]
    draw_lines(lines, "Five models", tmp_path / "radar.png", "en")
    draw_page(lines, "Five models", tmp_path / "radar.html", "zh")
    assert (tmp_path / "radar.png").read_bytes().startswith(b"\x89PNG")
    page = (tmp_path / "radar.html").read_text(encoding="utf-8")
    assert "model 4" in page
    assert "http://" not in page.split("<script", 1)[0]
