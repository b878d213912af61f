"""`judge` on the command line: what leaves the machine waits for a yes, and figures come with people beside them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tools.judging.judging_server import evaluated, judging
from tests.ui.conftest import Ran
from tests.ui.test_cli import assert_one_line

Cli = Callable[..., Ran]
MODEL = "openai:qwen-judge"


@pytest.fixture(autouse=True)
def _endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://judge.invalid/v1")


def test_what_leaves_the_machine_waits_for_a_yes(
    cli: Cli, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, run = evaluated(home, 6, tuned=range(4))
    assert_one_line(cli("judge"), 2, "DOMAINSMITH_JUDGE_MODEL")
    monkeypatch.setenv("DOMAINSMITH_JUDGE_MODEL", MODEL)
    refused = cli("judge", run.name)
    assert_one_line(refused, 3, "--yes")
    assert "judge.invalid" in refused.err
    assert "6 pairs of answers in both orders, 12 calls" in refused.err
    assert "12 次调用" in cli("judge", "--lang", "zh").err
    assert not (run / "eval" / "judge-replies.jsonl").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--arms", "rag"], "compares two arms"),
        (["--arms", "rag,rag"], "compares two arms"),
        (["--arms", "rag,gold"], "unknown value"),
        (["--dimensions", "charm"], "unknown value"),
        (["--arms", "base,rag"], "no free answers of both arms"),
        (["--labels", "nowhere.csv"], "nowhere.csv"),
    ],
)
def test_what_cannot_be_judged_is_told_before_anything_starts(
    cli: Cli, home: Path, arguments: list[str], told: str
) -> None:
    evaluated(home, 2, tuned=[0])
    assert_one_line(cli("judge", "--model", MODEL, "--yes", *arguments), 2, told)


def test_kin_are_refused_by_policy(cli: Cli, home: Path) -> None:
    evaluated(home, 2, tuned=[0])
    assert_one_line(cli("judge", "--model", "builtin", "--yes"), 3, "another family")


@pytest.mark.slow
def test_with_a_yes_it_is_judged_in_a_job(
    cli: Cli, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, run = evaluated(home, 12, tuned=range(9))
    (tmp_path / "labels.csv").write_text("item,preferred\nq0,tuned+rag\nq1,rag\n", encoding="utf-8")
    with judging() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        told = cli("judge", "--model", MODEL, "--yes", "--labels", tmp_path / "labels.csv", "--json").json
    assert (told["run"], told["a"], told["b"], told["calls"]) == (run.name, "rag", "tuned+rag", 24)
    assert told["scores"][0]["b_preferred"] == 9
    assert (told["agreement"]["n"], told["agreement"]["agreed"]) == (2, 1)
    # Everything was asked already, so nothing leaves the machine any more and no yes is needed.
    monkeypatch.setenv("OPENAI_BASE_URL", "http://judge.invalid/v1")
    shown = cli("judge", "--model", MODEL, "--lang", "zh")
    assert "微调+RAG更好 9 次" in shown.out
    assert "没有任何人工标注" in shown.out
    assert cli("jobs", "list", "--json").json["jobs"][0]["kind"] == "judge"
