"""The spot-check on the evaluation page, filled without a browser: what a press does, and what is shown then."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agent.errors import EmptyError, InputError
from agent.records.base import Language
from agent.records.evaluation import Item
from agent.settings import Settings
from knowledge.files import read_records, sha256_of, write_records
from tests.tools.evaluation.scripted import knowledge_items, project_in, skill_items
from tests.ui.pages.test_measured_pages import asks, page
from tools.validation.check import judge, set_check, verdicts
from tools.workspace import Project
from ui.pages.check_panel import CheckPanel, Seen
from ui.web.desk import Desks

pytestmark = pytest.mark.filterwarnings("default")
NAMES = ("head", "item", "row", "why", "buttons", "undo", "facing", "seen")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = project_in(tmp_path, [*knowledge_items(), *skill_items()], tuned=False)
    seal(made)
    return made


def seal(project: Project, drawn: int = 3) -> None:
    """Seal what stands there, with its first items as the sample."""
    ids = [item.id for item in read_records(project.validation, Item)]
    manifest = {"sha256": sha256_of(project.validation), "spot_check": ids[:drawn]}
    (project.root / "validation.json").write_text(json.dumps(manifest))


def panel(project: Project, lang: Language = "en") -> CheckPanel:
    made = page("evaluation", Desks(Settings(home=project.root.parents[1], _env_file=None)), lang)
    return made._check  # type: ignore[no-any-return]


def shown(values: list[Any]) -> dict[str, Any]:
    return dict(zip(NAMES, values, strict=True))


HERE = {"project": "machines"}


def test_items_are_judged_one_after_the_other(project: Project) -> None:
    made, (first, second, third) = panel(project), set_check(project).sample
    now = shown(made._shown(project, Seen()))
    assert "Nobody has looked at an item yet" in now["head"]
    assert "3 of 3 wait" in now["item"]
    assert "Accepted answer" in now["item"]
    assert (now["facing"], now["undo"].visible, now["row"].visible) == (first, False, True)
    now = shown(made._judged(asks(**HERE), now["seen"], first, {first: None}))
    assert (now["facing"], now["undo"].visible) == (second, True)
    now = shown(made._judged(asks(**HERE), now["seen"], second, {second: "<b>psi</b>"}))
    assert "1 of 2 reviewed items were wrong: 50.0%, 95% interval" in now["head"]
    assert "&lt;b&gt;psi" in now["head"]
    assert "<b>psi" not in now["head"]
    now = shown(made._shown(project, Seen(now["seen"].judged, (third,))))
    assert (now["facing"], now["buttons"].visible) == ("", False)
    assert "put off" in now["item"]
    now = shown(made._undone(asks(**HERE), now["seen"]))
    assert (now["facing"], now["seen"].judged) == (second, (first,))
    assert [one.item for one in verdicts(project)] == [first]


def test_a_whole_sample_is_said_in_chinese(project: Project) -> None:
    judge(project, dict.fromkeys(set_check(project).sample))
    now = shown(panel(project, "zh")._shown(project, Seen()))
    assert "抽查3题，其中0题有误" in now["head"]
    assert "抽出的题目都已看过" in now["item"]


def test_a_verdict_on_a_set_that_has_changed_meanwhile_is_refused(project: Project) -> None:
    made, first = panel(project), set_check(project).sample[0]
    write_records(project.validation, list(read_records(project.validation, Item))[1:])
    seal(project)
    with pytest.raises(InputError, match="reload the page"):
        made._judged(asks(**HERE), Seen(), first, {first: None})
    with pytest.raises(EmptyError, match="nothing to undo"):
        made._undone(asks(**HERE), Seen())
    assert verdicts(project) == ()


def test_without_a_set_it_says_how_one_comes(project: Project) -> None:
    (project.root / "validation.json").unlink()
    now = shown(panel(project)._shown(project, Seen()))
    assert "No validation set is sealed yet" in now["head"]
    assert now["buttons"].visible is False
    assert shown(panel(project)._shown(None, Seen()))["head"] == ""
