"""`domainsmith report`: one finished evaluation told and written in either language; nothing is measured again."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.errors import InputError
from agent.records.evaluation import EvaluationReport, Item
from knowledge.files import read_record, read_records, sha256_of, write_record, write_records
from tests.ui.conftest import Ran
from tests.ui.pages.scripted_project import scripted_project
from tools.evaluation.report import decided
from tools.status import read_profile
from tools.validation.check import judge
from ui.commands.models import _limits
from ui.pages.evaluation_records import Evaluation
from ui.runtime import Runtime

Cli = Callable[..., Ran]


def test_both_languages_from_one_evaluation(cli: Cli, home: Path, tmp_path: Path) -> None:
    project = scripted_project(home)
    told = {}
    for lang in ("en", "zh"):
        ran = cli("report", "--out", tmp_path / lang, "--lang", lang)
        assert ran.code == 0, ran.err
        files = (tmp_path / lang).iterdir()
        told[lang] = {path.name: path.read_text(encoding="utf-8", errors="replace") for path in files}
        assert set(told[lang]) == {"report.md", "report.html", "report.json", "radar.png", "radar.html"}
    assert "## Verdict" in told["en"]["report.md"]
    assert "## 结论" in told["zh"]["report.md"]
    assert '<html lang="zh-CN">' in told["zh"]["report.html"]
    english, chinese = (json.loads(told[lang]["report.json"]) for lang in ("en", "zh"))
    assert english["arms"] == chinese["arms"]
    assert english["comparisons"] == chinese["comparisons"]
    assert english["decided"]["reasons"] != chinese["decided"]["reasons"]
    assert english["arms"]["base"]["syntax"]["normalised_low"] <= english["arms"]["base"]["syntax"]["normalised"]
    assert all(re.search("[\u4e00-\u9fff]", note) for note in chinese["notes"])
    assert not any(re.search("[\u4e00-\u9fff]", note) for note in english["notes"])
    assert project.latest_run("evaluate") is not None


def test_what_a_person_found_in_the_set_since_is_told(cli: Cli, home: Path, tmp_path: Path) -> None:
    project = scripted_project(home)
    ids = [item.id for item in read_records(project.validation, Item)][:4]
    manifest = {"sha256": sha256_of(project.validation), "spot_check": ids}
    (project.root / "validation.json").write_text(json.dumps(manifest))
    judge(project, {ids[0]: None})
    assert cli("report", "--out", tmp_path / "zh", "--lang", "zh").code == 0
    assert "封存题目的抽查：抽查1题，其中0题有误" in (tmp_path / "zh" / "report.md").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "zh" / "report.json").read_bytes())["spot_check"]["reviewed"] == 1
    # Another set has been sealed since: what is said of that one is not said of this.
    items = list(read_records(project.validation, Item))[1:]
    write_records(project.validation, items)
    (project.root / "validation.json").write_text(json.dumps(manifest | {"sha256": sha256_of(project.validation)}))
    assert cli("report", "--out", tmp_path / "en").code == 0
    assert "Spot-check" not in (tmp_path / "en" / "report.md").read_text(encoding="utf-8")


BY_ANOTHER_PROFILE = {
    "en": "The verdict is by the project's profile as it stands now, which is not the one at the time of this",
    "zh": "结论按现在的项目概况得出，与本次评测时的概况不同",
}


def test_a_profile_that_changed_since_is_said_in_one_sentence(cli: Cli, home: Path, tmp_path: Path) -> None:
    project = scripted_project(home)
    run = project.latest_run("evaluate")
    assert run is not None
    profile = read_profile(project)

    def told(lang: str) -> tuple[str, str]:
        ran = cli("report", "--out", tmp_path / lang, "--lang", lang)
        assert ran.code == 0, ran.err
        return ran.out, (tmp_path / lang / "report.md").read_text(encoding="utf-8")

    def decided_by(kept: str) -> None:
        report = read_record(run / "eval" / "report.json", EvaluationReport)
        verdict = decided(report, Evaluation.read(project, run.name).decision("en"), profile)
        changed = verdict.model_copy(update={"profile_sha256": kept})
        write_record(run / "eval" / "report.json", report.model_copy(update={"decided": changed}))

    for kept in (profile.sha256(), ""):  # the same one, and an evaluation of before it was recorded
        decided_by(kept)
        assert not any(sentence in text for lang, sentence in BY_ANOTHER_PROFILE.items() for text in told(lang))
    decided_by(profile.sha256())
    changed = profile.model_copy(update={"needs_citations": not profile.needs_citations})
    write_record(project.profile, changed)
    for lang, sentence in BY_ANOTHER_PROFILE.items():
        assert [text.count(sentence) for text in told(lang)] == [1, 1]
    written = json.loads((tmp_path / "en" / "report.json").read_text(encoding="utf-8"))
    assert written["decided"]["profile_sha256"] == changed.sha256()


def test_it_is_shown_without_a_folder_and_as_json(cli: Cli, home: Path) -> None:
    project = scripted_project(home)
    assert "领域知识" in cli("report", "--lang", "zh").out
    run = project.latest_run("evaluate")
    assert run is not None
    shown = cli("report", run.name, "--json").json
    assert shown["run"] == run.name


def test_what_cannot_be(cli: Cli, home: Path, tmp_path: Path) -> None:
    cli("new", "empty")
    nothing = cli("report", "-p", "empty")
    assert (nothing.code, "nothing was evaluated yet" in nothing.err) == (2, True)
    project = scripted_project(home)
    assert cli("report", "20200101T000000Z-evaluate", "-p", project.info.name).code == 2
    (tmp_path / "file").write_text("x")
    refused = cli("report", "--out", tmp_path / "file", "-p", project.info.name)
    assert (refused.code, "cannot write there" in refused.err) == (2, True)


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (None, {}),
        ("", {}),
        ("faithfulness=60", {"faithfulness": 60}),
        ("syntax=1, general_ability=20", {"syntax": 1, "general_ability": 20}),
    ],
)
def test_limits_of_single_dimensions(given: str | None, found: dict[str, int]) -> None:
    assert _limits(given) == found


@pytest.mark.parametrize("given", ["syntax", "syntax=0", "syntax=x", "taste=3"])
def test_what_is_no_limit_says_how_to_write_one(given: str) -> None:
    with pytest.raises(InputError, match="--limits"):
        _limits(given)


def test_what_a_command_starts_speaks_its_language(home: Path) -> None:
    runtime = Runtime(lang="zh")
    assert (runtime.settings.lang, runtime.output.lang) == ("zh", "zh")
    assert Runtime().settings.lang == "en"
    with pytest.raises(InputError, match="unknown language"):
        Runtime(lang="fr")
