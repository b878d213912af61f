"""The whole road through the command line: real processes, a real index, a tiny random model that is really trained."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from knowledge.company.build import build_documents, sealed_file
from tests.tiny_model import build_tiny_model
from tests.ui.conftest import Ran

Cli = Callable[..., Ran]
KEPT = ("tarvo-manual", "tarvo-spec", "tarvo-maintenance", "returns")


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    for path in build_documents(folder):
        if path.stem not in KEPT:
            path.unlink()
    return folder


@pytest.mark.slow
def test_from_documents_to_a_verdict(
    cli: Cli, documents: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOMAINSMITH_BASE_MODEL", str(build_tiny_model(tmp_path / "model")))
    monkeypatch.setenv("DOMAINSMITH_EXTRACTION_MODEL", "rules")

    assert cli("new", "Pumps").code == 0
    assert cli("tune").code == 2
    read = cli("ingest", documents, "--json").json
    assert (read["read"], read["failed"]) == (len(list(documents.iterdir())), 0)
    assert cli("ingest", documents, "--json").json["unchanged"] == read["read"]
    assert cli("status", "--json").json["next_action"] == "extract"

    asked = "How long is the cable of the Tarvo Heron pump?"
    found = cli("retrieve", asked, "-k", "3", "--json").json
    assert any("3.1 metres" in chunk["text"] for chunk in found["chunks"])
    assert all(chunk["end"] - chunk["start"] == len(chunk["text"]) for chunk in found["chunks"])
    (tmp_path / "asked.jsonl").write_text(json.dumps({"question": asked}) + "\n\nplain question?\n")
    lines = cli("retrieve", "--questions", tmp_path / "asked.jsonl").out.splitlines()
    assert [json.loads(line)["question"] for line in lines] == [asked, "plain question?"]

    extracted = cli("extract", "--held-out", "0.3", "--json").json
    assert extracted["pairs"] > 40
    assert extracted["documents_held_out"] >= 1
    assert cli("review", "--json").json["total"] >= extracted["pairs"]
    first = cli("review", "list", "--status", "accepted", "--limit", "1", "--json").json["pairs"][0]
    assert cli("review", "reject", first["id"], "--reason", "stiff", "--json").json["pairs"][0]["status"] == "rejected"
    assert cli("review", "accept", first["id"], "--json").json["pairs"][0]["status"] == "accepted"
    assert cli("review", "edit", first["id"], "--answer", first["messages"][-1]["content"]).code == 0
    exported = cli("review", "export", tmp_path / "pairs.csv", "--form", "csv", "--json").json
    assert exported["exported"] == extracted["pairs"]
    assert cli("review", "import", tmp_path / "pairs.csv", "--json").code == 0

    sealed = cli("validate", "--questions", sealed_file(), "--json").json
    assert sealed["by_dimension"]["domain_knowledge"] > 20
    mixed = cli("mix", "--drop-leaks", "--max-domain", "24", "--json").json
    assert mixed["domain_share_examples"] == pytest.approx(0.3, abs=0.01)

    tuned = cli("tune", "--epochs", "1", "--json").json
    assert tuned["method"] == "qlora"
    assert tuned["last_loss"] < tuned["first_loss"]
    detached = cli("tune", "--method", "lora", "--epochs", "1", "--detach", "--json").json
    assert cli("jobs", "show", detached["id"]).code == 0
    assert cli("jobs", "show", detached["id"], "--json").json["state"] == "done"
    assert [job["kind"] for job in cli("jobs", "--json").json["jobs"]][-2:] == ["tune", "tune"]
    assert cli("jobs", "logs", detached["id"]).code == 0
    assert cli("jobs", "cancel", detached["id"]).code == 2
    assert cli("jobs", "resume", detached["id"]).code == 2

    report = cli("evaluate", "--limit", "6", "--json").json
    assert set(report["arms"]) == {"base", "rag", "oracle", "tuned", "tuned+rag"}
    estimates = [estimate for arm in report["arms"].values() for estimate in arm.values()]
    assert all(0 <= one["low"] <= one["mean"] <= one["high"] <= 1 for one in estimates)
    folder = tmp_path / "home" / "projects" / "pumps" / "runs" / report["run"] / "eval"
    assert {"report.json", "report.md", "radar.png", "radar.html"} <= {path.name for path in folder.iterdir()}
    asked_file = cli("evaluate", "--questions", sealed_file(), "--arms", "base", "--limit", "3").out
    assert "n=3" in asked_file

    decision = cli("decide", "--json").json
    assert decision["reasons"]
    diagnosed = cli("diagnose", report["run"], "--json").json
    assert diagnosed["failed"] == sum(cause["count"] for cause in diagnosed["causes"])
    answers = cli("ask", asked, "--json").json["answers"]
    assert set(answers) == {"base", "rag", "tuned", "tuned+rag"}
    assert "rag" in cli("ask", asked, "--arms", "rag").out
    assert "[x]" in cli("status").out


@pytest.mark.slow
def test_chinese_all_the_way(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOMAINSMITH_EXTRACTION_MODEL", "rules")
    monkeypatch.setenv("DOMAINSMITH_LANG", "zh")
    (tmp_path / "手册.md").write_text(
        "# 云鹤泵手册\n\n| 型号 | 净重 | 流量 |\n| --- | --- | --- |\n"
        "| 云鹤一号泵 | 3.4 公斤 | 21 升每小时 |\n| 云鹤二号泵 | 7.9 公斤 | 58 升每小时 |\n",
        encoding="utf-8",
    )
    (tmp_path / "保修.md").write_text("# 保修条款\n\n云鹤泵保修二十六个月，自交货之日起算。\n", encoding="utf-8")
    assert "已建好" in cli("new", "示例").out
    assert "读取 2 份" in cli("ingest", tmp_path / "手册.md", tmp_path / "保修.md").out
    assert "3.4 公斤" in cli("retrieve", "云鹤一号泵有多重？", "-k", "1").out
    assert "接受" in cli("extract", "--held-out", "0").out
    pairs = cli("review", "--json").json["pairs"]
    assert any(pair["messages"][-1]["content"] == "3.4 公斤" for pair in pairs)
    assert "文档" in cli("status").out
