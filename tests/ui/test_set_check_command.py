"""`validate --check` on the command line: by ids, one by one on a terminal, and what it refuses."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.progress import Silent
from agent.settings import Settings
from tests.ui.conftest import Ran
from tests.ui.test_cli import assert_one_line
from tools.validation.check import items_left, set_check, verdicts
from tools.validation.request import ValidateRequest
from tools.validation.run import validate
from tools.workspace import Project, Workspace

Cli = Callable[..., Ran]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def project(cli: Cli, home: Path, tmp_path: Path) -> Project:
    assert cli("new", "Pumps").code == 0
    project = Workspace(home).open("Pumps")
    rows = [{"question": f"How long runs the Wren {n}?", "answer": f"{n} h"} for n in range(40)]
    rows += [{"question": "谁维护它？", "answer": "安娜"}]
    file = tmp_path / "team.jsonl"
    file.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    validate(project, Settings(), ValidateRequest(questions=(str(file),), automatic=False), Silent())
    return project


@pytest.fixture
def types(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Give what is typed at a terminal."""

    def give(typed: str) -> None:
        monkeypatch.setattr("sys.stdin", Terminal(typed))
        monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)

    return give


def test_verdicts_by_ids_come_back_with_the_rate_and_what_is_left(cli: Cli, project: Project) -> None:
    first, second, *others = set_check(project).sample
    ran = cli("validate", "--check", "--right", first, "--wrong", f"{second}=in hours = no", "--json")
    assert ran.code == 0, ran.err
    assert (ran.json["figures"]["reviewed"], ran.json["figures"]["wrong"], ran.json["figures"]["rate"]) == (2, 1, 0.5)
    assert [item["id"] for item in ran.json["items"]] == ran.json["sample"] == others
    assert [(one["item"], one["reason"]) for one in ran.json["found"]] == [(second, "in hours = no")]
    told = cli("validate", "--check").out
    assert "1 of 2 reviewed items were wrong: 50.0%, 95% interval 9.4% to 90.5%. 28 of the 30 drawn items wait" in told
    assert others[0] in told
    assert "Accepted answer: " in told
    assert "sealing anew makes a new version" in told
    undone = cli("validate", "--check", "--undo", second, "--lang", "zh").out
    assert undone.startswith("抽查1题，其中0题有误：0.0%")
    assert "判定有误" not in undone


def test_one_by_one_on_a_terminal(cli: Cli, project: Project, types: Callable[[str], None]) -> None:
    first, second, third, fourth, *_ = (item.id for item in items_left(project))
    types("r\nx\nu\ns\nW\nThe passage says two.\nr\nq\n")
    out = cli("validate", "--check").out
    assert out.count(f"{first}  ") == 2  # undone, so it is shown again, and skipped then
    assert [(one.item, one.verdict, one.reason) for one in verdicts(project)] == [
        (second, "wrong", "The passage says two."),
        (third, "right", ""),
    ]
    assert "[4/30] " + fourth in out
    assert "Question: How long runs the Wren" in out
    assert "1 of 2 reviewed items were wrong" in out
    types("w\n")  # the input ends before a reason: nothing was said
    assert "哪里有误" in cli("validate", "--check", "--lang", "zh").out
    assert len(verdicts(project)) == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--right", "v1"], ["add --check"]),
        (["--check", "--replace"], ["builds no set"]),
        (["--check", "--seed", "2"], ["builds no set"]),
        (["--check", "--right", "v1", "--wrong", "v1=x"], ["two verdicts", "v1"]),
        (["--check", "--wrong", "v1", "--wrong", "v1=x"], ["two verdicts", "v1"]),
        (["--check", "--right", "gone"], ["not in the spot-check", "gone", "validate --check"]),
        (["--check", "--undo", "gone"], ["not in the spot-check", "gone"]),
    ],
)
def test_what_cannot_be_is_one_line(cli: Cli, project: Project, arguments: list[str], words: list[str]) -> None:
    assert_one_line(cli("validate", *arguments), 2, *words)
    assert verdicts(project) == ()


def test_without_a_set_the_mend_is_named(cli: Cli, home: Path) -> None:
    assert cli("new", "Empty").code == 0
    assert_one_line(cli("validate", "--check"), 2, "no sealed set", "`domainsmith validate`")
