"""`dataset`, and what `extract --forecast` says, on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tools.extraction.corpus import corpus, put
from tests.ui.conftest import Ran
from tests.ui.test_cli import assert_one_line
from tools.workspace import Project, Workspace

Cli = Callable[..., Ran]


@pytest.fixture
def project(cli: Cli, home: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("DOMAINSMITH_EXTRACTION_MODEL", "rules")
    assert cli("new", "Pumps").code == 0
    project = Workspace(home).open("Pumps")
    put(project, corpus())
    return project


def test_the_report_is_printed_written_and_read_back(cli: Cli, project: Project, tmp_path: Path) -> None:
    ran = cli("dataset")
    assert_one_line(ran, 2, "domainsmith extract")
    extracted = cli("extract", "--json")
    assert extracted.code == 0
    assert "passages of prose gave no pairs" in extracted.json["notes"][0]
    shown = cli("dataset").out
    assert shown.startswith("# Dataset report: Pumps")
    assert "| pump-manual.md |" in shown
    assert "# 数据集报告：Pumps" in cli("dataset", "--lang", "zh").out
    said = cli("dataset", "--out", str(tmp_path / "card"), "--licence", "cc-by-4.0", "--json").json
    assert said["pairs"] == extracted.json["pairs"]
    assert {path.name for path in (tmp_path / "card").iterdir()} == {
        "dataset.json", "dataset.md", "README.md", "pairs.jsonl",
    }  # fmt: skip
    assert f"Written to {tmp_path / 'again'}: " in cli("dataset", "--out", str(tmp_path / "again")).out
    assert json.loads((tmp_path / "card" / "dataset.json").read_text())["facts"] == said["facts"]
    assert "license: cc-by-4.0" in (tmp_path / "card" / "README.md").read_text()
    (tmp_path / "taken").write_text("")
    refused = cli("dataset", "--out", str(tmp_path / "taken"))
    assert_one_line(refused, 2, "written there", str(tmp_path / "taken"))


def test_the_forecast_asks_nobody(cli: Cli, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOMAINSMITH_EXTRACTION_MODEL", "openai:nowhere")
    monkeypatch.setenv("DOMAINSMITH_EXTRACTION_PRICE", "[1, 2]")
    told = cli("extract", "--forecast", "--json").json
    assert told["calls"] == told["passages"] > 0
    assert told["price"] > 0
    twice = cli("extract", "--forecast", "--round-trip", "--ask-twice", "--json").json
    assert twice["calls"] == told["calls"] + 2 * told["pairs"]
    assert "at the price set" in cli("extract", "--forecast").out
    assert not project.pairs.exists()
    assert not project.split.exists()
    refused = cli("extract", "--ask-twice")
    assert_one_line(refused, 2, "add --round-trip")
