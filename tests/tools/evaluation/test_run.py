from __future__ import annotations

import dataclasses
import json

import pytest

from agent.errors import CancelledError, EmptyError, InputError, NotFoundError, WorkFailedError
from agent.progress import Silent
from agent.records.evaluation import (
    ARMS,
    EvaluateRequest,
    EvaluationReport,
    HarnessReport,
    HarnessScore,
    ItemAnswer,
)
from agent.settings import Settings
from knowledge.files import read_record, read_records, sha256_of
from tests.tools.evaluation.scripted import (
    READING,
    ScriptedModel,
    healthy,
    knowledge_items,
    project_in,
    retrieval,
    skill_items,
)
from tools.evaluation.items import to_retrieve
from tools.evaluation.reading import documents_reading
from tools.evaluation.retrieved import read_retrieved, retrieve_for
from tools.evaluation.run import evaluate
from tools.validation.check import judge


class Recorder(Silent):
    """Keeps every progress report; cancels after a number of checks."""

    def __init__(self, cancel_after: int | None = None) -> None:
        self.reports: list[tuple[float, float, str, str]] = []
        self.left = cancel_after

    def progress(self, done, total, unit, message=""):
        self.reports.append((done, total, unit, message))

    def check(self):
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise CancelledError("cancelled")


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path, _env_file=None)


def run_with(project, settings, model, run=None, reporter=None, request=None, **others):
    items = [*knowledge_items(), *skill_items()]
    return evaluate(
        project,
        settings,
        request or EvaluateRequest(limits={"general_ability": 8, "instruction_following": 6}),
        run or project.new_run("evaluate"),
        reporter or Silent(),
        retrieved=others.pop("retrieved", retrieval(items)),
        load=lambda *_: model,
        reading=others.pop("reading", READING),
        **others,
    )


@pytest.fixture
def project(tmp_path):
    return project_in(tmp_path, [*knowledge_items(), *skill_items()])


def test_every_arm_scores_what_its_script_deserves(project, settings):
    report = run_with(project, settings, ScriptedModel(healthy))
    mean = {arm: {d: round(e.mean, 3) for d, e in spokes.items()} for arm, spokes in report.arms.items()}
    assert tuple(report.arms) == ARMS
    assert {arm: mean[arm]["domain_knowledge"] for arm in ARMS} == {
        "base": 0,
        "rag": 1,
        "oracle": 1,
        "tuned": 1,
        "tuned+rag": 1,
    }
    assert mean["tuned"]["domain_knowledge_held_out"] == 0  # nobody knows what it was never shown
    assert mean["rag"]["domain_knowledge_held_out"] == 1
    assert mean["base"]["syntax"] == mean["base"]["disambiguation"] == mean["base"]["tokenization"] == 1
    assert mean["base"]["faithfulness"] == mean["rag"]["faithfulness"] == 1
    assert report.recall == 1


def test_spokes_no_context_can_change_are_asked_of_base_and_tuned_only(project, settings):
    report = run_with(project, settings, ScriptedModel(healthy))
    assert set(report.arms["rag"]) == {"domain_knowledge", "domain_knowledge_held_out", "faithfulness"}
    assert set(report.arms["oracle"]) == {"domain_knowledge", "domain_knowledge_held_out"}
    assert "general_ability" in report.arms["tuned"]


def test_the_report_lands_on_disk_whole(project, settings):
    run = project.new_run("evaluate")
    report = run_with(project, settings, ScriptedModel(healthy), run)
    folder = run / "eval"
    assert read_record(folder / "report.json", EvaluationReport) == report
    assert all((folder / name).stat().st_size for name in report.files.values())
    assert (folder / "radar.png").read_bytes().startswith(b"\x89PNG")
    text = (folder / "report.md").read_text()
    assert "n = 16" in text
    assert "sha256" in text
    assert "| domain knowledge | 0% [0%, 19%] (16) |" in text
    assert "## What was asked" in text
    assert "| domain knowledge | 16 | 4 |" in text
    assert "## Tokenization of the domain's terms" in text
    assert "The radar runs from guessing" in text
    answers = list(read_records(folder / "answers.jsonl", ItemAnswer))
    assert len({(a.arm, a.item) for a in answers}) == len(answers)


def test_the_radar_page_loads_nothing_from_elsewhere(project, settings):
    run = project.new_run("evaluate")
    run_with(project, settings, ScriptedModel(healthy), run)
    html = (run / "eval" / "radar.html").read_text()
    assert 'src="http' not in html
    assert "Scatterpolar" in html or "scatterpolar" in html


def test_a_chinese_report(project, tmp_path):
    run = project.new_run("evaluate")
    report = run_with(project, Settings(home=tmp_path, lang="zh", _env_file=None), ScriptedModel(healthy), run)
    text = (run / "eval" / "report.md").read_text()
    assert "## 结论" in text
    assert "领域知识" in text
    assert any("题" in note for note in report.notes)


def test_the_report_tells_the_spot_check_of_the_sealed_set_and_of_no_other(project, settings, tmp_path):
    first, second = [item.id for item in knowledge_items()][:2]
    manifest = {"sha256": sha256_of(project.validation), "spot_check": [first, second]}
    (project.root / "validation.json").write_text(json.dumps(manifest))
    judge(project, {first: "the manual says bar"})
    run = project.new_run("evaluate")
    seen = run_with(project, settings, ScriptedModel(healthy), run).spot_check
    assert (seen.drawn, seen.reviewed, seen.wrong) == (2, 1, 1)
    told = "Spot-check of the sealed set: 1 of 1 reviewed items were wrong: 100.0%, 95% interval 20.6% to 100.0%."
    assert told in (run / "eval" / "report.md").read_text()
    assert told in (run / "eval" / "report.html").read_text()
    assert "the manual says bar" not in (run / "eval" / "report.json").read_text()
    other = tmp_path / "other.jsonl"
    other.write_text(json.dumps({"question": knowledge_items()[0].question, "answer": "8.5 bar"}))
    request = EvaluateRequest(questions=(str(other),), arms=("base",))
    assert run_with(project, settings, ScriptedModel(healthy), request=request).spot_check is None


def test_progress_counts_answers_up_to_the_end(project, settings):
    recorder = Recorder()
    run_with(project, settings, ScriptedModel(healthy), reporter=recorder)
    done = [report[0] for report in recorder.reports]
    assert done == sorted(done)
    assert recorder.reports[-1][0] == recorder.reports[-1][1]
    assert {report[2] for report in recorder.reports} == {"answers"}


@pytest.mark.parametrize("after", [3, 20, 60])
def test_a_cancelled_evaluation_goes_on_where_it_stopped(project, settings, after):
    run = project.new_run("evaluate")
    with pytest.raises(CancelledError):
        run_with(project, settings, ScriptedModel(healthy), run, Recorder(cancel_after=after))
    kept = sum(1 for _ in read_records(run / "eval" / "answers.jsonl", ItemAnswer))
    again = ScriptedModel(healthy)
    resumed = run_with(project, settings, again, run)
    whole = ScriptedModel(healthy)
    fresh = run_with(project, settings, whole)
    assert resumed.arms == fresh.arms
    assert (len(again.asked) < len(whole.asked)) == (kept > 0)


def test_answers_to_another_request_are_not_reused(project, settings):
    run = project.new_run("evaluate")
    run_with(project, settings, ScriptedModel(healthy), run)
    other = ScriptedModel(healthy)
    run_with(project, settings, other, run, request=EvaluateRequest(limit=4, max_new_tokens=48))
    assert other.asked


def test_a_failing_answer_is_an_error_and_not_a_zero(project, settings):
    def fails(user, adapter):
        if "Arvo" in user and not adapter:
            raise RuntimeError("device lost")
        return healthy(user, adapter)

    report = run_with(project, settings, ScriptedModel(fails))
    rag = report.arms["rag"]["domain_knowledge"]
    assert (rag.mean, rag.n, rag.errors) == (1, 12, 4)
    assert (rag.normalised_low, rag.normalised_high) == (rag.low, rag.high)  # nothing is guessed on free answers
    assert any("device lost" in note for note in report.notes)


def test_an_empty_answer_is_an_error(project, settings):
    report = run_with(
        project, settings, ScriptedModel(lambda user, a: "" if "torque of the Belt" in user else healthy(user, a))
    )
    assert report.arms["tuned"]["domain_knowledge"].errors == 1


def test_when_nothing_can_be_answered_the_work_failed(project, settings):
    def fails(user, adapter):
        raise RuntimeError("no model")

    request = EvaluateRequest(arms=("base",), dimensions=("domain_knowledge",))
    with pytest.raises(WorkFailedError):
        run_with(project, settings, ScriptedModel(fails), request=request)


def test_arms_that_cannot_be_are_left_out_with_a_note_unless_asked_for(tmp_path, settings):
    project = project_in(tmp_path, knowledge_items(), tuned=False)
    report = run_with(project, settings, ScriptedModel(healthy), retrieved={})
    assert tuple(report.arms) == ("base", "oracle")
    assert sum("Not possible" in note for note in report.notes) == 2
    with pytest.raises(EmptyError, match="tune"):
        run_with(project, settings, ScriptedModel(healthy), request=EvaluateRequest(arms=("base", "tuned")))
    with pytest.raises(InputError, match="ingest"):
        run_with(project, settings, ScriptedModel(healthy), request=EvaluateRequest(arms=("rag",)), retrieved={})


def test_without_sealed_items_the_mend_is_validate(tmp_path, settings):
    project = project_in(tmp_path, [])
    with pytest.raises(EmptyError, match="domainsmith validate"):
        run_with(project, settings, ScriptedModel(healthy))


def test_tasks_of_the_harness_stand_beside_the_dimensions(project, settings, monkeypatch):
    score = HarnessScore(
        task="blimp",
        metric="acc",
        filter="none",
        value=0.75,
        low=0.7,
        high=0.8,
        stderr=0.02,
        n=200,
        higher_is_better=True,
    )
    asked = []

    def ask(folder, request, arms, model, settings, depends, reporter):
        asked.append((request.harness, arms, depends, model()))
        return HarnessReport(version="0.4", arms={"base": (score,)})

    monkeypatch.setattr("tools.evaluation.run.check_harness", lambda names: None)
    monkeypatch.setattr("tools.evaluation.run.ask_harness", ask)
    run, model = project.new_run("evaluate"), ScriptedModel(healthy)
    request = EvaluateRequest(dimensions=("domain_knowledge",), arms=("base", "tuned"), harness=("blimp",))
    report = run_with(project, settings, model, run, request=request)
    assert asked == [(("blimp",), ("base", "tuned"), ["builtin", "0"], model)]
    assert report.harness.arms["base"] == (score,)
    assert report.files["harness_json"] == "harness.json"
    assert set(report.arms["base"]) == {"domain_knowledge"}
    assert "| blimp | acc ↑ | 0.750 [0.700, 0.800] (200) |" in (run / "eval" / "report.md").read_text()


def test_an_unknown_tuning_run_is_not_found(project, settings):
    with pytest.raises(NotFoundError):
        run_with(project, settings, ScriptedModel(healthy), request=EvaluateRequest(tune_run="nope"))


def test_the_same_seed_gives_the_same_report(project, settings):
    run = project.new_run("evaluate")
    first = run_with(project, settings, ScriptedModel(healthy), run)
    second = run_with(project, settings, ScriptedModel(healthy), project.new_run("evaluate"))
    # What it took is the machine's doing.
    apart = {"run": "", "costs": {}}
    assert first.model_copy(update=apart) == second.model_copy(update=apart)


def test_comparisons_and_verdicts(project, settings):
    report = run_with(project, settings, ScriptedModel(healthy))
    by = {(c.a, c.b, c.dimension): c for c in report.comparisons}
    gain = by["base", "tuned", "domain_knowledge"]
    assert (gain.difference, gain.verdict, gain.n) == (1, "b_better", 16)
    assert 0 < gain.low < 1
    same = by["rag", "tuned+rag", "domain_knowledge"]
    assert (same.difference, same.verdict) == (0, "too_few_items")
    assert not any(c.dimension == "tokenization" for c in report.comparisons)


def test_retrieval_is_handed_over_by_file(project, settings):
    run = project.new_run("evaluate")
    request = EvaluateRequest(limits={"general_ability": 8, "instruction_following": 6})
    wanted = to_retrieve(project, request)
    table = retrieval([*knowledge_items(), *skill_items()])
    by_question = {item.question: table[item.id] for item in wanted}
    recorder = Recorder()
    retrieve_for(wanted, lambda question, k, depth: by_question[question][:depth], 2, run, recorder)
    assert recorder.reports[-1][:3] == (len(wanted), len(wanted), "questions")
    assert set(read_retrieved(run)) == {item.id for item in wanted}
    report = run_with(project, settings, ScriptedModel(healthy), run, retrieved=None, request=request)
    assert report.arms["rag"]["domain_knowledge"].mean == 1


def test_what_is_unanswerable_from_one_passage_only_is_not_put_to_retrieval(tmp_path, settings):
    items = [
        item.model_copy(update={"source": "auto"}) if item.id == "silent" else item
        for item in (*knowledge_items(), *skill_items())
    ]
    project = project_in(tmp_path / "other", items)
    report = run_with(project, settings, ScriptedModel(healthy))
    assert report.arms["base"]["faithfulness"].n == 2
    assert report.arms["rag"]["faithfulness"].n == 1


def test_where_retrieval_doubts_the_reading_arms_abstain_unread(project, settings):
    doubted = {
        item: tuple(hit.model_copy(update={"evidence": 0.2}) for hit in hits)
        for item, hits in retrieval([*knowledge_items(), *skill_items()]).items()
    }
    answers = {}
    for below in (0.5, 0.1):
        run = project.new_run("evaluate")
        run_with(
            project,
            settings,
            ScriptedModel(healthy),
            run,
            retrieved=doubted,
            reading=documents_reading(Settings(abstain_below=below, _env_file=None)),
        )
        answers[below] = [
            answer
            for answer in read_records(run / "eval" / "answers.jsonl", ItemAnswer)
            if answer.arm == "rag" and answer.item in {item.id for item in knowledge_items()}
        ]
    assert answers[0.5]
    assert all(answer.abstained and answer.tokens == 0 and answer.score == 0 for answer in answers[0.5])
    assert not any(answer.abstained for answer in answers[0.1])


def test_the_passage_s_own_words_stand_in_where_the_product_would_quote_them(project, settings):
    told = dataclasses.replace(READING, kept_to=lambda told, answer, question, language: f"quoted {answer}")
    run = project.new_run("evaluate")
    run_with(project, settings, ScriptedModel(healthy), run, reading=told)
    answers = read_records(run / "eval" / "answers.jsonl", ItemAnswer)
    quoted = {answer.arm for answer in answers if answer.quoted}
    assert quoted == {"rag", "oracle", "tuned+rag"}
    assert all(answer.text.startswith("quoted ") for answer in answers if answer.quoted)


def test_missing_retrieval_of_one_item_is_its_error(project, settings):
    table = retrieval([*knowledge_items(), *skill_items()])
    del table["arvo-pressure-0"]
    report = run_with(project, settings, ScriptedModel(healthy), retrieved=table)
    assert report.arms["rag"]["domain_knowledge"].errors == 1


def test_answers_keep_their_evidence(project, settings):
    run = project.new_run("evaluate")
    run_with(project, settings, ScriptedModel(healthy), run)
    lines = [json.loads(line) for line in (run / "eval" / "answers.jsonl").read_text().splitlines()]
    rag = next(line for line in lines if line["arm"] == "rag" and line["item"] == "arvo-pressure-0")
    assert rag["context_has_gold"] is True
    assert len(rag["retrieved"]) == 2
    base = next(line for line in lines if line["arm"] == "base" and line["item"] == "arvo-pressure-0")
    assert base["context_has_gold"] is None
    assert base["text"] == "I think it is 99 bar"
