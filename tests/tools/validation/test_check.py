"""The spot-check of the sealed set: what a person says is kept beside it, counted, and taken up at the next sealing."""

from __future__ import annotations

import json
import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agent.errors import EmptyError, NotFoundError
from agent.progress import Silent
from agent.records.evaluation import Item
from agent.settings import Settings
from knowledge.files import read_records, sha256_of, write_records
from tests.tools.extraction.corpus import corpus, project_with
from tools.evaluation.statistics import wilson
from tools.extraction.request import ExtractRequest
from tools.extraction.run import extract
from tools.validation.check import check_file, drawn_sample, figures, items_left, judge, set_check, verdicts
from tools.validation.request import ValidateRequest, ValidateResult
from tools.validation.run import validate
from tools.workspace import Project, Workspace

SETTINGS = Settings(extraction_model="rules")
NUMBERS = tuple(f"q{number:02d}" for number in range(40))


def sealed(home: Path, rows: dict[str, str] | None = None) -> Project:
    """Return a project with a sealed set from a file of questions."""
    project = Workspace(home / "home").create("x")
    seal(project, home, rows or {f"What of {name}?": f"{name} bar" for name in NUMBERS})
    return project


def seal(project: Project, folder: Path, rows: dict[str, str] | None = None) -> ValidateResult:
    file = folder / "team.jsonl"
    if rows is not None:
        lines = [json.dumps({"question": question, "answer": answer}) for question, answer in rows.items()]
        file.write_text("\n".join(lines), encoding="utf-8")
    request = ValidateRequest(questions=(str(file),) if rows is not None else (), automatic=False)
    return validate(project, SETTINGS, request, Silent())


def test_nobody_has_looked_yet(tmp_path: Path) -> None:
    made = set_check(sealed(tmp_path))
    assert (made.figures.drawn, made.figures.reviewed, made.figures.rate) == (30, 0, None)
    assert (made.figures.low, made.figures.high) == (0, 1)
    assert len(made.sample) == 30


def test_verdicts_give_the_rate_with_wilsons_interval_and_the_set_stays_as_it_is(tmp_path: Path) -> None:
    project = sealed(tmp_path)
    before = project.validation.read_bytes(), (project.root / "validation.json").read_bytes()
    first, second, third, *others = set_check(project).sample
    judge(project, {first: None, second: " the answer is in psi ", third: None})
    made = set_check(project)
    assert made.sample == tuple(others)
    assert (made.figures.reviewed, made.figures.wrong, made.figures.rate) == (3, 1, 0.3333)
    low, high = wilson(1, 3)
    assert (made.figures.low, made.figures.high) == (round(low, 4), round(high, 4))
    assert [(one.item, one.reason, one.counted) for one in made.found] == [(second, "the answer is in psi", True)]
    assert "`domainsmith validate -p x --no-automatic --questions team.jsonl`" in made.found[0].mend
    assert (project.validation.read_bytes(), (project.root / "validation.json").read_bytes()) == before


def test_a_later_verdict_takes_the_place_of_the_earlier_one_and_can_be_taken_back(tmp_path: Path) -> None:
    project = sealed(tmp_path)
    first, second, *_ = set_check(project).sample
    judge(project, {first: "", second: None})
    judge(project, {first: None})
    assert set_check(project).figures.wrong == 0
    judge(project, {}, [first])
    assert items_left(project)[0].id == first
    assert [one.item for one in verdicts(project)] == [second]


def test_only_drawn_items_are_judged_and_a_refusal_writes_nothing(tmp_path: Path) -> None:
    project = sealed(tmp_path)
    sample = set_check(project).sample
    other = next(item.id for item in read_records(project.validation, Item) if item.id not in sample)
    for said, undo in (({sample[0]: None, other: None}, []), ({sample[0]: None}, [sample[1]])):
        with pytest.raises(NotFoundError, match="not in the spot-check"):
            judge(project, said, undo)
    assert not check_file(project).exists()


def test_without_a_seal_there_is_nothing_to_check(tmp_path: Path) -> None:
    project = Workspace(tmp_path / "home").create("x")
    for _ in range(2):
        with pytest.raises(EmptyError, match="no sealed set"):
            set_check(project)
        assert figures(project) is None
        seal(project, tmp_path, {"What?": "That."})
        project.validation.write_bytes(project.validation.read_bytes() + b"\n")  # no longer what was sealed


def test_a_new_version_starts_a_new_check(tmp_path: Path) -> None:
    rows = {f"What of {name}?": f"{name} bar" for name in NUMBERS}
    project = sealed(tmp_path, rows)
    judge(project, dict.fromkeys(set_check(project).sample))
    assert figures(project)[1].reviewed == 30
    seal(project, tmp_path, {**rows, "One more?": "Yes."})
    assert figures(project)[1].reviewed == 0
    # The same set again has the same hash, and what was said of it counts.
    seal(project, tmp_path, rows)
    assert figures(project)[1].reviewed == 30


def test_a_wrong_item_leaves_the_set_when_it_is_sealed_again_and_the_note_says_so(tmp_path: Path) -> None:
    project = sealed(tmp_path)
    first, second, *_ = set_check(project).sample
    judge(project, {first: "wrong unit", second: None})
    made = seal(project, tmp_path)
    left = {item.id for item in read_records(project.validation, Item)}
    assert (first in left, second in left, made.items) == (False, True, 39)
    assert any("1 items left out: a person found them wrong" in note for note in made.notes)
    # Taken back, it is an item again.
    judge(project, {}, [first])
    assert seal(project, tmp_path).items == 40


def test_a_corrected_item_stays(tmp_path: Path) -> None:
    rows = {f"What of {name}?": f"{name} bar" for name in NUMBERS}
    project = sealed(tmp_path, rows)
    item = items_left(project)[0]
    judge(project, {item.id: "psi"})
    made = seal(project, tmp_path, {**rows, item.question: "12 psi"})
    assert made.items == 40
    assert not any("found them wrong" in note for note in made.notes)
    assert set_check(project).found == ()


def test_what_was_wrong_in_an_earlier_version_and_is_back_is_told_and_not_counted(tmp_path: Path) -> None:
    project = sealed(tmp_path)
    item = items_left(project)[0]
    judge(project, {item.id: "psi"})
    items = [one for one in read_records(project.validation, Item) if one.question != "What of q07?"]
    assert item.id in {one.id for one in items}
    write_records(project.validation, items)
    manifest = json.loads((project.root / "validation.json").read_text())

    manifest |= {"sha256": sha256_of(project.validation)}
    (project.root / "validation.json").write_text(json.dumps(manifest))
    made = set_check(project, "zh")
    assert made.figures.reviewed == 0
    assert [(one.item, one.counted) for one in made.found] == [(item.id, False)]
    assert "team.jsonl中更正" in made.found[0].mend


def test_a_wrong_automatic_item_names_its_document(tmp_path: Path) -> None:
    project = project_with(tmp_path, corpus())
    extract(project, SETTINGS, ExtractRequest(documents=("pump-*",)), Silent())
    validate(project, SETTINGS, ValidateRequest(seed=3), Silent())
    left = items_left(project)
    made = next(item for item in left if item.source == "auto" and item.document)
    builtin = next(item for item in left if item.source == "builtin")
    judge(project, {made.id: "", builtin.id: ""})
    mends = {one.item: one.mend for one in set_check(project).found}
    assert ".md is wrong, correct it" in mends[made.id]
    assert mends[builtin.id] == "Leave it out: `domainsmith validate -p example --seed 3` seals the set without it."
    again = validate(project, SETTINGS, ValidateRequest(seed=3), Silent())
    assert any("2 items left out" in note for note in again.notes)


def judge_some(home: Path, ids: list[str]) -> None:
    project = Workspace(home).open("x")
    for name in ids:
        judge(project, {name: None})


def test_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    project = sealed(tmp_path)
    sample = list(set_check(project).sample)
    worker = multiprocessing.get_context("spawn").Process(target=judge_some, args=(tmp_path / "home", sample[:10]))
    worker.start()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda ids: judge_some(tmp_path / "home", ids), (sample[10:20], sample[20:])))
    worker.join(60)
    assert worker.exitcode == 0
    assert figures(project)[1].reviewed == 30
    assert drawn_sample(project) is not None
