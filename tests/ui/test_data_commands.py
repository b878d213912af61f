"""`review personal`, `review duplicates`, `review import/export` and the choices of `mix` on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from knowledge.store import CorpusStore
from tests.tools.test_pairs import pair
from tests.ui.conftest import Ran
from tests.ui.test_cli import assert_one_line
from tools.pairs import load_pairs, save_pairs
from tools.workspace import Project, Workspace

Cli = Callable[..., Ran]


@pytest.fixture
def project(cli: Cli, home: Path) -> Project:
    assert cli("new", "Pumps").code == 0
    project = Workspace(home).open("Pumps")
    save_pairs(
        project,
        [
            pair("p1", "Whom to call about the Wren?", "Call 13800138000.", fact="f1"),
            pair("p2", "How often is the Wren pump greased in the winter?", "Every 90 days.", fact="f2"),
            pair("p3", "How often is the Wren pump greased in the winter now?", "Every 90 days.", fact="f3"),
            pair("p4", "How often is the Wren pump greased in winter?", "Every 90 days.", fact="f2"),
            pair("p5", "Call 13900139000?", "No.", status="rejected"),
        ],
    )
    return project


def test_personal_data_is_listed_with_pair_ids_and_nothing_changes(cli: Cli, project: Project) -> None:
    before = project.pairs.read_bytes()
    said = cli("review", "personal", "--json").json
    assert said["looked_at"] == 4
    assert said["by_kind"] == {"phone": 1}
    assert said["found"] == [{"id": "p1", "turn": 2, "kind": "phone", "text": "13800138000"}]
    shown = cli("review", "personal").out
    assert "p1  phone number  13800138000" in shown
    assert "--personal drop" in shown
    assert "电话号码" in cli("review", "personal", "--lang", "zh").out
    assert project.pairs.read_bytes() == before


def test_general_data_is_looked_through_as_well(cli: Cli, project: Project, tmp_path: Path) -> None:
    rows = [{"question": "Who is it?", "answer": f"Write to a{n}@example.org."} for n in range(60)]
    (tmp_path / "g.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    said = cli("review", "personal", "--general", tmp_path / "g.jsonl", "--json").json
    assert (said["looked_at"], said["by_kind"], said["found"][7]["id"]) == (60, {"email": 60}, "general-8")
    assert "10 more" in cli("review", "personal", "--general", tmp_path / "g.jsonl").out
    assert cli("review", "duplicates", "--general", "builtin", "--json").json["looked_at"] == 300


def test_repetitions_are_listed_and_wordings_of_one_fact_are_none(cli: Cli, project: Project) -> None:
    said = cli("review", "duplicates", "--json").json
    assert [(one["id"], one["of"], one["kind"]) for one in said["found"]] == [("p3", "p2", "near")]
    assert "p3 = p2  nearly" in cli("review", "duplicates", "--limit", "1").out
    assert cli("review", "duplicates", "--threshold", "1.0", "--json").json["found"] == []


def test_exports_refuse_to_overwrite_and_reviews_come_back(cli: Cli, project: Project, tmp_path: Path) -> None:
    file = tmp_path / "argilla.json"
    assert cli("review", "export", file, "--form", "argilla").code == 0
    assert_one_line(cli("review", "export", file, "--form", "argilla"), 2, "--force")
    assert cli("review", "export", file, "--form", "argilla", "--force").code == 0
    records = json.loads(file.read_text(encoding="utf-8"))
    for record in records:
        record["responses"] = {"decision": [{"value": "reject" if record["id"] == "p3" else "accept", "user_id": "u"}]}
    file.write_text(json.dumps(records))
    said = cli("review", "import", file, "--json").json
    assert said == {"accepted": 3, "rejected": 1, "edited": 0, "unsettled": 0}
    assert [p.status for p in load_pairs(project)] == ["accepted", "accepted", "rejected", "accepted", "rejected"]
    assert_one_line(cli("review", "export", tmp_path / "x", "--form", "word"), 2, "llama-factory")


def test_a_folder_of_llama_factory_goes_out_and_in(cli: Cli, project: Project, tmp_path: Path) -> None:
    assert cli("review", "export", tmp_path / "lf", "--form", "llama-factory").code == 0
    assert cli("new", "Other").code == 0
    said = cli("review", "import", tmp_path / "lf", "-p", "Other", "--json").json
    assert said["imported"] == 4


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["mix", "--personal", "hide"], 2, ["hide", "keep, mask, drop"]),
        (["mix", "--duplicates", "all"], 2, ["all", "keep, exact, near"]),
        (["mix", "--against", "gone.jsonl"], 2, ["gone.jsonl"]),
        (["mix", "--sweep", "a,b"], 2, ["a,b", "0.1,0.3,0.5"]),
        (["mix", "--sweep", "0,0.5"], 2, ["0,0.5"]),
        (["mix", "--sweep", "0.1,0.5"], 3, ["--yes", "2 short pilots"]),
    ],
)
def test_choices_that_cannot_be(cli: Cli, project: Project, arguments: list[str], code: int, words: list[str]) -> None:
    assert_one_line(cli(*arguments), code, *words)
    assert not project.mixes.exists() or list(project.mixes.iterdir()) == []


def test_a_mix_says_what_it_masked(cli: Cli, project: Project) -> None:
    made = cli("mix", "--json").json
    assert made["personal"]["choice"] == "mask"
    assert made["personal"]["ids"] == ["p1"]
    assert "masked" in cli("mix").out
    assert "遮盖" in cli("mix", "--lang", "zh", "--seed", "1").out


def test_a_sheet_goes_out_with_its_card_and_what_people_edited_comes_back(
    cli: Cli, project: Project, tmp_path: Path
) -> None:
    sheet = tmp_path / "pairs.xlsx"
    told = cli("review", "export", sheet, "--form", "xlsx", "--licence", "cc-by-4.0", "--json").json
    assert told["card"] == str(tmp_path / "pairs.xlsx.card.md")
    assert "license: cc-by-4.0" in (tmp_path / "pairs.xlsx.card.md").read_text(encoding="utf-8")
    book = openpyxl.load_workbook(sheet)
    book.active["C2"] = "Call the desk."
    book.save(sheet)
    said = cli("review", "import", sheet, "--json").json
    assert said == {"edited": 1, "accepted": 0, "rejected": 0, "unchanged": 3, "added": 0}
    assert load_pairs(project)[0].answer == "Call the desk."
    assert "修改 0，接受 0，拒绝 0，未变 4" in cli("review", "import", sheet, "--lang", "zh").out


@pytest.mark.parametrize(
    ("arguments", "extra"),
    [
        (["ingest", "x.pdf", "--ocr"], "ocr"),
        (["mix", "--people"], "names"),
        (["review", "personal", "--people"], "names"),
    ],
)
def test_what_needs_an_extra_names_it_where_it_is_missing(
    cli: Cli, project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: list[str], extra: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.pdf").write_bytes(b"%PDF-1.7")
    for module in ("knowledge.ingest.recognition", "tools.cleaning.people"):
        monkeypatch.setattr(f"{module}.is_installed", lambda: False)
    assert_one_line(cli(*arguments), 2, "not installed", f".[{extra}]")


def test_an_import_says_what_was_there_what_was_refused_and_why(cli: Cli, project: Project, tmp_path: Path) -> None:
    rows = [("Whom to call about the Wren?", "Call 13800138000."), ("Who runs it?", "Ann"), ("Who runs it?", "Bob")]
    (tmp_path / "a.jsonl").write_text("\n".join(json.dumps({"question": q, "answer": a}) for q, a in rows))
    shown = cli("review", "import", tmp_path / "a.jsonl").out.splitlines()
    assert shown == [
        "2 pairs are new, 1 of them accepted.",
        "1 say what a pair of the project says already and were left out.",
        "  1  the same question was made before",
    ]
    said = cli("review", "import", tmp_path / "a.jsonl", "--json").json
    assert said == {"imported": 0, "accepted": 0, "rejected": 0, "rejects_by_reason": {}, "present": 3}


def test_an_import_of_a_folder_or_of_nothing_is_refused(cli: Cli, project: Project, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty.jsonl").write_text("")
    assert_one_line(cli("review", "import", tmp_path / "folder"), 2, "this is a folder", "dataset_info.json")
    assert_one_line(cli("review", "import", tmp_path / "empty.jsonl"), 2, "no pairs in it", "empty.jsonl")


def test_pairs_are_listed_with_the_names_of_documents_and_in_the_language(cli: Cli, project: Project) -> None:
    (Path("wren.md")).write_text("# Wren\n\nThe Wren pump is greased every 90 days.\n")
    assert cli("ingest", "wren.md").code == 0
    (document,) = CorpusStore(project.root).documents()
    waits = "no_personal_data: the pair holds personal data (phone)"
    made = pair("p1", "Whom to call?", "Call 13800138000.", status="rejected", reason=waits)
    save_pairs(project, [made.model_copy(update={"document": document.id})])
    shown = cli("review", "list", "--lang", "zh").out
    assert "已拒绝 (含有个人信息：电话号码)" in shown
    assert "wren.md" in shown
    assert document.id not in shown
    assert cli("review", "list", "--json").json["pairs"][0]["document"] == document.id


def test_extraction_speaks_the_language_of_the_command(cli: Cli, project: Project) -> None:
    (Path("wren.md")).write_text(
        "# Wren\n\nThe Wren pump is greased every 90 days.\n\n| Part | Colour |\n|-|-|\n| Lid | red |\n"
    )
    (Path("prose.md")).write_text(
        "# Yard\n\n" + "The yard of the plant is closed at night. Ann keeps the key of the gate.\n" * 9
    )
    assert cli("ingest", "wren.md", "prose.md").code == 0
    ran = cli("extract", "--lang", "zh", "--held-out", "0", "--model-chunks", "0")
    assert ran.code == 0
    assert "规则只读表格" in ran.out
    assert "rules read" not in ran.out + ran.err
    assert "模型将阅读" in cli("extract", "--forecast", "--lang", "zh").out
