"""A dataset card stands beside every export that is trained on, and none beside what is out for a review."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
import yaml

from agent.errors import InputError
from agent.records.base import Language
from tests.tools.test_pairs import pair
from tools.dataset_report.exports import card_of, export_with_card
from tools.exchange.writing import PairFormat
from tools.pairs import save_pairs
from tools.workspace import Project, Workspace


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Workspace(tmp_path / "home").create("pumps")
    save_pairs(project, [pair("p1", "Is it hot?", "No, cold."), pair("p2", "谁？", "安")])
    return project


@pytest.mark.parametrize("form", get_args(PairFormat))
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_card_names_the_file_and_its_fields(
    project: Project, tmp_path: Path, form: PairFormat, lang: Language
) -> None:
    path = tmp_path / "out" / "pairs.data"
    count, card = export_with_card(project, path, form, lang=lang, licence="apache-2.0")
    assert count == 2
    if form in ("argilla", "label-studio"):
        assert card is None
        assert not list(path.parent.glob("*.md"))
        return
    assert card is not None
    said = card.read_text(encoding="utf-8")
    front = yaml.safe_load(said.split("---")[1])
    file = card.parent / front["configs"][0]["data_files"][0]["path"]
    assert file.is_file()
    assert front["license"] == "apache-2.0"
    assert ("字段" in said) == (lang == "zh")
    field = {"alpaca": "instruction", "sharegpt": "conversations", "csv": "quote", "xlsx": "quote"}.get(
        form, "messages"
    )
    assert f"`{field}`" in said


def test_a_card_is_not_overwritten_unasked_and_nothing_is_written_then(project: Project, tmp_path: Path) -> None:
    (tmp_path / "pairs.csv.card.md").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="--force"):
        export_with_card(project, tmp_path / "pairs.csv", "csv")
    assert not (tmp_path / "pairs.csv").exists()
    assert (tmp_path / "pairs.csv.card.md").read_text(encoding="utf-8") == "mine"
    assert export_with_card(project, tmp_path / "pairs.csv", "csv", overwrite=True)[1] == tmp_path / "pairs.csv.card.md"


def test_what_is_out_for_a_review_or_empty_has_no_card(project: Project, tmp_path: Path) -> None:
    assert card_of(tmp_path / "a.csv", "csv", None) is None
    assert export_with_card(project, tmp_path / "a.csv", "csv", status="pending") == (0, None)
    save_pairs(project, [])
    assert export_with_card(project, tmp_path / "b.csv", "csv") == (0, None)


def test_exports_of_one_name_in_two_forms_have_a_card_each(project: Project, tmp_path: Path) -> None:
    cards = {export_with_card(project, tmp_path / f"pairs.{end}", form)[1] for end, form in FORMS}
    assert cards == {tmp_path / "pairs.csv.card.md", tmp_path / "pairs.jsonl.card.md"}


FORMS: tuple[tuple[str, PairFormat], ...] = (("csv", "csv"), ("jsonl", "messages"))
