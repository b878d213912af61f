"""The iteration log from records alone: real evaluations of a scripted model, then rounds whose counts are known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from agent.progress import Silent
from agent.records.corpus import IngestResult
from agent.records.evaluation import Arm, Dimension, EvaluateRequest, Item, ItemAnswer
from agent.records.iteration import Iteration, IterationLog
from agent.records.mixture import GeneralSource, MixManifest
from agent.records.profile import Profile
from agent.records.tuning import Hyperparameters, TuneRequest
from agent.settings import Settings
from knowledge.files import write_record, write_records
from tests.agent.policy.builders import report
from tests.tools.evaluation.scripted import (
    READING,
    ScriptedModel,
    healthy,
    knowledge_items,
    project_in,
    retrieval,
    skill_items,
    tune_result,
)
from tools.diagnosis.change import paired_change
from tools.evaluation.run import evaluate
from tools.iterations import iterations
from tools.jobs.snapshot import save_snapshot
from tools.validation.identity import with_id
from tools.workspace import Project, Workspace

REAL = [*knowledge_items(), *skill_items()]
HYPERPARAMETERS = Hyperparameters(epochs=6, learning_rate=1e-3, batch_size=8, max_length=256, rank=16, alpha=32)


def real_round(project: Project, day: int, say: Any, **asked: Any) -> Path:
    """Evaluate as the worker does, with a scripted model."""
    run = project.runs / f"202601{day:02d}T000000Z-evaluate"
    request = EvaluateRequest(**asked)
    settings = Settings(home=project.root, _env_file=None)
    found = evaluate(
        project, settings, request, run, Silent(), retrieved=retrieval(REAL),
        load=lambda *_: ScriptedModel(say), reading=READING,
    )  # fmt: skip
    write_record(run / "request.json", request)
    write_record(run / "result.json", found)
    return run


@pytest.fixture(scope="module")
def without_charts() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def measured(
    tmp_path_factory: pytest.TempPathFactory, without_charts: pytest.MonkeyPatch
) -> tuple[Project, IterationLog]:
    # Drawing takes most of the time of an evaluation this small, and no chart is looked at here.
    for chart in ("draw_png", "draw_html"):
        without_charts.setattr(f"tools.evaluation.run.{chart}", lambda _, path, __: path.write_bytes(b""))
    project = project_in(tmp_path_factory.mktemp("home"), REAL, tuned=False)
    asked: dict[str, Any] = {"limits": {"general_ability": 8, "instruction_following": 6}}
    real_round(project, 1, lambda user, adapter: "99 bar", arms=("base", "rag"), k=1, **asked)
    real_round(project, 2, healthy, arms=("base", "rag"), k=2, **asked)
    tune = project.runs / "20260103T000000Z-tune"
    write_record(tune / "result.json", tune_result(tune.name))
    real_round(project, 4, healthy, k=2, **asked)
    return project, iterations(project)


def test_a_change_of_the_search_is_told_with_what_it_brought(measured: tuple[Project, IterationLog]) -> None:
    project, log = measured
    first, second, _ = log.iterations
    assert (first.finding, first.why, first.began) == ("not_comparable", "first", "2026-01-01T00:00:00+00:00")
    assert told(second) == {"k": ("1", "2")}
    assert (second.compared_number, second.changes, second.corrected) == (1, 1, 0)
    assert second.finding == "gain"
    main = second.deciding
    assert main is not None
    assert (main.dimension, main.arm, main.n, main.right_before, main.right_after) == (
        "domain_knowledge",
        "rag",
        16,
        0,
        16,
    )
    runs = (project.runs / first.run, project.runs / second.run)
    same = paired_change(*runs, "rag", {item.id for item in REAL if item.dimension == "domain_knowledge"})
    assert (main.difference, main.low, main.high, main.p) == (same.difference, same.low, same.high, same.p)
    assert {one.dimension for one in second.others} >= {"domain_knowledge_held_out", "faithfulness"}
    assert "tokenization" not in {one.dimension for one in second.others}


def test_tuning_measured_for_the_first_time_is_compared_with_what_was_shipped_before(
    measured: tuple[Project, IterationLog],
) -> None:
    _, log = measured
    third = log.iterations[2]
    assert third.deciding is not None
    assert (third.deciding.arm_before, third.deciding.arm) == ("rag", "tuned+rag")
    assert third.deciding.difference == 0
    assert (third.compared_number, third.changes, third.finding) == (2, 1, "nothing")
    assert told(third)["arm"] == ("rag", "tuned+rag")
    assert told(third)["tune_run"] == ("", "20260103T000000Z-tune")


def test_the_log_ends_with_the_stop_rule(measured: tuple[Project, IterationLog]) -> None:
    project, log = measured
    assert log.stop.outcome == "target_met"
    assert "meets the target of 70% (assumed, none was named) on domain knowledge: 100%" in log.stop.reasons[0].text
    write_record(project.profile, Profile(target=0.95))
    assert [one.rule for one in iterations(project).stop.reasons] == ["once", "level"]  # 81% to 100% proves no 95%
    write_record(project.profile, Profile(target=0.2))
    met = iterations(project, "zh").stop
    assert met.outcome == "target_met"
    assert "第 3 轮在领域知识上已达 20% 的目标" in met.reasons[0].text
    project.profile.unlink()


def told(one: Iteration) -> dict[str, tuple[str, str]]:
    return {f"{fact.what} {fact.name}".strip(): (fact.before, fact.after) for fact in one.changed}


def asked(number: int, dimension: Dimension = "domain_knowledge", answer: str = "12 bar") -> Item:
    return with_id(
        Item(
            id="", kind="knowledge", dimension=dimension, language="en", question=f"What is the pressure of {number}?",
            answers=(answer,), document=f"d{number % 8}",
        )
    )  # fmt: skip


ITEMS = [asked(number) for number in range(40)]
FAITHFUL = [asked(number, "faithfulness") for number in range(40)]
Scores = Mapping[Arm, Sequence[float | None]]


def round_of(
    project: Project,
    day: int,
    scores: Scores,
    items: Sequence[Item] = ITEMS,
    *,
    request: EvaluateRequest | None = None,
    settings: Settings | None = None,
    tune_run: str | None = None,
    seal: str = "0" * 64,
    shown: str = "c1",
    base_model: str = "builtin",
) -> str:
    """Write a finished evaluation whose arms scored these items so."""
    run = project.runs / f"202601{day:02d}T000000Z-evaluate"
    answers = [
        ItemAnswer(item=item.id, arm=arm, text="x", score=score, retrieved=(shown,))
        for arm, row in scores.items()
        for item, score in zip(items, row, strict=True)
    ]
    made = report(dict.fromkeys(scores, 0.5)).model_copy(
        update={"run": run.name, "tune_run": tune_run, "items_sha256": seal, "base_model": base_model}
    )
    write_records(run / "eval" / "items.jsonl", items)
    write_records(run / "eval" / "answers.jsonl", answers)
    for name in ("eval/report.json", "result.json"):
        write_record(run / name, made)
    if request is not None:
        write_record(run / "request.json", request)
    if settings is not None:
        save_snapshot(settings, run)
    return run.name


def tuned(project: Project, day: int, mix: str, request: TuneRequest | None = None, **changes: Any) -> str:
    """Write a finished tuning run."""
    run = project.runs / f"202601{day:02d}T000000Z-tune"
    write_record(run / "result.json", tune_result(run.name, mix=mix, **changes))
    write_record(run / "request.json", request or TuneRequest(base_model="builtin", mix=mix))
    return run.name


def mixed(project: Project, name: str, **changes: object) -> str:
    """Write the manifest of a mix."""
    values: dict[str, Any] = {
        "id": name, "examples": 100, "domain_examples": 30, "general_examples": 70, "domain_share_examples": 0.3,
        "domain_share_tokens": 0.3, "requested_share": 0.3, "by": "examples", "seed": 0, "sha256": name,
        "pairs_sha256": "p", "general": GeneralSource(name="builtin", licence="", sha256="g", examples=70),
        "documents": (), "files": {},
    }  # fmt: skip
    write_record(project.mixes / name / "manifest.json", MixManifest(**(values | changes)))
    return name


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Workspace(tmp_path).create("Pumps")


HALF, MOST = [0, 1] * 20, [1, 1, 1, 0] * 10


def test_nothing_measured_yet(project: Project) -> None:
    (project.runs / "20260101T000000Z-evaluate" / "eval").mkdir(parents=True)  # one that has not finished
    log = iterations(project)
    assert (log.project, log.iterations, log.stop.outcome) == ("Pumps", (), "nothing_yet")


def test_two_rounds_without_a_gain_end_it(project: Project) -> None:
    for day, k in enumerate((5, 8, 8, 10), start=1):
        round_of(project, day, {"rag": HALF}, request=EvaluateRequest(k=k))
    log = iterations(project)
    assert [one.finding for one in log.iterations] == ["not_comparable", "nothing", "nothing", "nothing"]
    assert [one.changes for one in log.iterations] == [0, 1, 0, 1]  # the third is a measurement, not a try
    assert log.stop.outcome == "no_gain"
    assert "rounds 2 and 4" in log.stop.reasons[0].text


def test_a_loss_is_told_and_taken_back(project: Project) -> None:
    round_of(project, 1, {"rag": MOST}, request=EvaluateRequest(k=5))
    round_of(project, 2, {"rag": [0] * 40}, request=EvaluateRequest(k=5, passages=3, passage_characters=900))
    log = iterations(project)
    assert told(log.iterations[1]) == {"passages": ("", "3"), "passage_characters": ("", "900")}
    assert (log.iterations[1].finding, log.iterations[1].changes) == ("loss", 1)
    assert [one.rule for one in log.stop.reasons][:2] == ["once", "take_back"]


def test_another_dimension_counts_with_its_own_arm(project: Project) -> None:
    both = [*ITEMS, *FAITHFUL]
    round_of(project, 1, {"rag": [*HALF, *[0] * 40]}, both, request=EvaluateRequest(abstain_below=0.2))
    round_of(project, 2, {"rag": [*HALF, *[1] * 40]}, both, request=EvaluateRequest(abstain_below=0.5))
    second = iterations(project).iterations[1]
    assert told(second) == {"abstain_below": ("0.2", "0.5")}
    assert second.deciding is not None
    assert second.deciding.difference == 0
    assert [(one.dimension, one.n, one.difference) for one in second.others] == [("faithfulness", 40, 1.0)]
    assert second.finding == "gain"


def test_settings_in_force_are_compared_where_both_are_known(project: Project, tmp_path: Path) -> None:
    plain = Settings(home=tmp_path, _env_file=None)
    other = plain.model_copy(update={"passages": 3, "embedding_model": "models/e5-large"})
    round_of(project, 1, {"rag": HALF}, settings=plain)
    round_of(project, 2, {"rag": HALF}, settings=other)
    round_of(project, 3, {"rag": HALF}, settings=other, request=EvaluateRequest(passages=3))
    round_of(project, 4, {"rag": HALF})  # from Python: its settings are not known
    round_of(project, 5, {"rag": HALF}, settings=other)
    found = [told(one) for one in iterations(project).iterations]
    assert found[1] == {"search embedding_model": ("builtin", "e5-large"), "passages": ("1", "3")}
    assert found[2] == {}
    assert found[3] == {"passages": ("3", "")}
    assert found[4] == {}


def test_other_passages_without_a_recorded_reason_are_told(project: Project) -> None:
    round_of(project, 1, {"rag": HALF})
    round_of(project, 2, {"rag": HALF}, shown="c2")
    round_of(project, 3, {"rag": HALF}, shown="c3", request=EvaluateRequest(k=9))
    found = iterations(project).iterations
    assert told(found[1]) == {"index": ("40", "40")}
    assert told(found[2]) == {"k": ("5", "9")}  # which is why


def test_documents_read_in_between_are_told(project: Project) -> None:
    round_of(project, 2, {"rag": HALF})
    for day, read in ((1, 7), (3, 2)):
        result = IngestResult(
            documents=(), read=read, unchanged=0, skipped=0, failed=0, removed=1, chunks=9, seconds=1.0
        )
        write_record(project.runs / f"202601{day:02d}T000000Z-ingest" / "result.json", result)
    (project.runs / "20260104T000000Z-ingest").mkdir()  # one that failed
    round_of(project, 5, {"rag": HALF}, shown="c2")
    round_of(project, 6, {"rag": HALF}, shown="c2")
    found = iterations(project).iterations
    assert told(found[1]) == {"documents": ("1", "2")}
    assert told(found[2]) == {}


def test_what_a_training_was_made_of_is_told(project: Project) -> None:
    more = Hyperparameters(**(HYPERPARAMETERS.model_dump() | {"epochs": 3}))
    by_hand = TuneRequest(base_model="builtin", mix="m2", overrides={"rank": 64})
    runs = [
        tuned(project, 1, mixed(project, "m1")),
        tuned(project, 3, mixed(project, "m2", requested_share=0.6), hyperparameters=more),
        tuned(project, 5, "m2", by_hand, hyperparameters=more.model_copy(update={"rank": 64, "alpha": 128})),
        tuned(project, 7, mixed(project, "m3", requested_share=0.6, pairs_sha256="q", domain_examples=28), by_hand),
        tuned(project, 9, "m3", by_hand),
        tuned(project, 11, "gone", by_hand, method="full"),
    ]
    for number, run in enumerate(runs):
        round_of(project, 2 * number + 2, {"rag": HALF, "tuned+rag": HALF}, tune_run=run)
    round_of(project, 14, {"rag": HALF, "tuned+rag": HALF}, tune_run=runs[-1], base_model="other/base")
    found = [
        {name: fact for name, fact in told(one).items() if name != "tune_run"} for one in iterations(project).iterations
    ]
    assert found[1] == {"mix": ("m1", "m2"), "domain_share": ("0.3", "0.6"), "followed epochs": ("6", "3")}
    assert found[2] == {"hyperparameter rank": ("16", "64"), "hyperparameter alpha": ("32", "128")}
    assert found[3]["pairs"] == ("30", "28")
    assert set(found[3]) == {"mix", "pairs", "followed epochs", "followed rank", "followed alpha"}
    assert found[4] == {}
    assert found[5] == {"method": ("lora", "full"), "mix": ("m3", "gone")}
    assert found[6] == {"base_model": ("builtin", "other/base")}
    assert [one.changes for one in iterations(project).iterations] == [0, 1, 1, 1, 1, 1, 1]


def test_another_general_part_is_told_by_name_or_hash(project: Project) -> None:
    other = GeneralSource(name="own.jsonl", licence="", sha256="h", examples=70)
    for day, general in enumerate((other, other.model_copy(update={"sha256": "0123456789"})), start=1):
        name = mixed(project, f"m{day}", general=general)
        round_of(project, 2 * day, {"tuned": HALF}, tune_run=tuned(project, 2 * day - 1, name))
    assert told(iterations(project).iterations[1])["general"] == ("own.jsonl h", "own.jsonl 01234567")


def test_corrected_references_are_matched_by_their_question_and_counted(project: Project) -> None:
    corrected = [asked(number, answer="13 bar") for number in range(4)] + ITEMS[4:]
    more = [asked(number) for number in range(40, 60)]
    round_of(project, 1, {"rag": [0] * 4 + HALF[4:]})
    round_of(project, 2, {"rag": [1] * 4 + HALF[4:] + [1] * 20}, [*corrected, *more], seal="1" * 64)
    second = iterations(project).iterations[1]
    assert told(second) == {"references": ("", "4"), "items": ("40", "60")}
    assert second.deciding is not None
    assert (second.deciding.n, second.corrected, second.changes) == (40, 4, 1)
    assert second.deciding.right_after - second.deciding.right_before == 4


def test_a_question_that_stands_twice_is_not_matched_by_its_words(project: Project) -> None:
    twice = [asked(1, answer="13 bar"), asked(1, answer="14 bar")]
    round_of(project, 1, {"rag": [0, 1]}, ITEMS[:2])
    round_of(project, 2, {"rag": [1, 1, 1]}, [ITEMS[0], *twice], seal="1" * 64)
    second = iterations(project).iterations[1]
    assert second.deciding is not None
    assert (second.deciding.n, second.corrected) == (1, 0)


def test_the_newest_round_with_the_same_items_is_compared(project: Project) -> None:
    both = [*ITEMS, *FAITHFUL]
    round_of(project, 1, {"rag": HALF * 2}, both)
    round_of(project, 2, {"rag": HALF * 2}, both)
    round_of(project, 3, {"rag": HALF}, FAITHFUL)  # a look at one dimension
    round_of(project, 4, {"rag": HALF * 2}, both)
    round_of(project, 5, {"rag": HALF, "tuned+rag": HALF}, tune_run=tuned(project, 5, mixed(project, "m")))
    round_of(project, 6, {"rag": HALF})  # the tuned arm was not asked for
    round_of(project, 7, {"rag": HALF, "tuned+rag": HALF}, tune_run="20260105T000000Z-tune")
    found = iterations(project).iterations
    assert [one.compared_number for one in found] == [None, 1, 2, 2, 4, 5, 5]
    main = [one.deciding for one in found if one.deciding is not None]
    assert [one.arm for one in main] == ["rag", "rag", "rag", "tuned+rag", "rag", "tuned+rag"]
    assert main[1].dimension == "faithfulness"
    assert [one.arm_before for one in main][3:] == ["rag", "rag", "tuned+rag"]


def test_what_cannot_be_compared_says_why(project: Project) -> None:
    round_of(project, 1, {"base": HALF})
    round_of(project, 2, {"rag": HALF}, [asked(number) for number in range(100, 140)], seal="1" * 64)
    round_of(project, 3, {"base": [None] * 40})  # nothing could be scored
    found = iterations(project).iterations
    assert [one.why for one in found] == ["first", "other_items", "no_arm"]
    assert all(one.finding == "not_comparable" and one.deciding is None for one in found)


def test_runs_of_one_second_stand_in_the_order_in_which_they_were_made(project: Project) -> None:
    names = ["20260101T000000Z-evaluate", *(f"20260101T000000Z-evaluate-{number}" for number in range(1, 12))]
    for name in [*reversed(names), "20260101T000000Z-evaluate-old", "notes"]:
        (project.runs / name).mkdir(parents=True)
    assert [run.name for run in project.run_folders("evaluate")] == names
    assert project.run_folders("tune") == []
