"""Faults planted in a healthy project of six machines, each to be found again."""

from __future__ import annotations

import json

import pytest

from agent.errors import EmptyError, InputError
from agent.progress import Silent
from agent.records.diagnosis import Diagnosis
from agent.records.evaluation import EvaluateRequest
from agent.records.mixture import GeneralSource, MixManifest
from agent.records.pairs import Message, Pair
from agent.settings import Settings
from knowledge.files import read_record, write_record, write_records
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
from tools.diagnosis.narrowing import narrow
from tools.diagnosis.run import diagnose
from tools.evaluation.items import builtin_items
from tools.evaluation.run import evaluate

KNOWLEDGE = ("domain_knowledge", "domain_knowledge_held_out", "faithfulness")


LEAD = "Thank you for your question. " + "We would like to say first that we are glad to be of help to you. " * 2
"""More words than an answer has room for."""


def pairs_for(items, poisoned=(), late=()):
    """Two pairs for every fact of the training documents; poisoned facts teach `77` of the same unit, others late."""
    pairs = []
    for item in items:
        if item.dimension != "domain_knowledge":
            continue
        answer = f"77 {item.answers[0].split()[-1]}" if item.fact in poisoned else item.answers[0]
        answer = LEAD + answer if item.fact in late else answer
        pairs.append(
            Pair(
                id=f"pair-{item.id}",
                messages=(
                    Message(role="user", content="Please tell me: " + item.question),
                    Message(role="assistant", content=answer),
                ),
                document=item.document,
                page=None,
                start=item.start,
                end=item.end,
                quote=item.context,
                kind="numeric",
                language=item.language,
                split="train",
                checks={},
                status="accepted",
                reason="",
                fact=item.fact,
            )
        )
    return pairs


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path, _env_file=None)


class World:
    """A project, its sealed items, its retrieval and its model; a test breaks one of them."""

    def __init__(self, tmp_path, settings):
        self.settings = settings
        self.items = [*knowledge_items(), *skill_items()]
        self.say = healthy
        self.limit = None
        self.k = 2
        self.retrieved = None
        self.poisoned = ()
        self.late = ()
        self.losses = None
        self.request = EvaluateRequest(dimensions=KNOWLEDGE)
        self.project = project_in(tmp_path, self.items)

    def diagnose(self, arm=None, reporter=None):
        write_records(self.project.validation, self.items)
        pairs = pairs_for(knowledge_items(), self.poisoned, self.late)
        write_records(self.project.pairs, pairs)
        tune = self.project.latest_run("tune")
        if self.losses:
            write_record(tune / "result.json", tune_result(tune.name, self.losses))
        mix = self.project.mixes / "m"
        mix.mkdir(parents=True, exist_ok=True)
        lines = [
            {"messages": [m.model_dump() for m in pair.messages], "origin": "domain", "id": pair.id} for pair in pairs
        ]
        lines.append({"messages": [{"role": "user", "content": "Hi"}], "origin": "general", "id": "g"})
        (mix / "train.jsonl").write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
        write_record(mix / "manifest.json", manifest(len(pairs)))
        run = self.project.new_run("evaluate")
        evaluate(
            self.project,
            self.settings,
            self.request,
            run,
            Silent(),
            retrieved=self.retrieved or retrieval(self.items, self.k),
            load=lambda *_: ScriptedModel(self.say, self.limit),
            reading=READING,
        )
        return diagnose(self.project, self.settings, run, arm=arm, reporter=reporter), run


def manifest(count):
    return MixManifest(
        id="m",
        examples=count,
        domain_examples=count,
        general_examples=0,
        domain_share_examples=1.0,
        domain_share_tokens=1.0,
        requested_share=0.3,
        by="examples",
        seed=0,
        sha256="0",
        pairs_sha256="0",
        general=GeneralSource(name="builtin", licence="Apache-2.0", sha256="0", examples=0),
        documents=(),
        files={},
    )


@pytest.fixture
def world(tmp_path, settings):
    return World(tmp_path, settings)


def causes(diagnosis: Diagnosis, arm=None):
    return {item.id: item.cause for item in diagnosis.items if arm is None or item.arm == arm}


def test_a_healthy_project_accuses_nothing(world):
    diagnosis, run = world.diagnose(arm="tuned+rag")
    assert (diagnosis.failed, diagnosis.items, diagnosis.fixes, diagnosis.retrain) == (0, (), (), False)
    assert read_record(run / "eval" / "diagnosis.json", Diagnosis) == diagnosis


def test_what_nobody_was_shown_is_a_knowledge_gap_and_nothing_worse(world):
    shipped, _ = world.diagnose()
    assert shipped.failed == 0, "what retrieval answers is no failure because weights were never shown it"
    diagnosis, _ = world.diagnose(arm="tuned")
    assert set(causes(diagnosis).values()) == {"knowledge_gap"}
    assert all(name.startswith(("ekko", "fenda")) for name in causes(diagnosis))
    assert diagnosis.causes[0].count == diagnosis.failed == 8
    assert diagnosis.causes[0].share == 1


def test_what_nothing_explains_stays_unexplained(world):
    world.say = lambda user, adapter: (
        "no idea" if user == "Which bolt torque does the Belt have?" else healthy(user, adapter)
    )
    diagnosis, _ = world.diagnose(arm="tuned")
    assert causes(diagnosis)["belt-torque-1"] == "unexplained"


def test_a_dropped_document_is_a_missing_source(world):
    (world.project.texts / "doc-corin.json").unlink()
    kept = [line for line in world.project.chunks.read_text().splitlines() if "doc-corin" not in line]
    world.project.chunks.write_text("\n".join(kept) + "\n")
    found = retrieval(world.items)
    gone = {name: tuple(r for r in hits if r.chunk.document != "doc-corin") for name, hits in found.items()}
    world.retrieved = gone
    diagnosis, _ = world.diagnose(arm="rag")
    assert {causes(diagnosis)[f"corin-{fact}-{n}"] for fact in ("pressure", "torque") for n in (0, 1)} == {
        "missing_source"
    }
    assert diagnosis.failed == 4
    assert diagnosis.fixes[0].kind == "data"
    assert set(diagnosis.fixes[0].targets) == set(causes(diagnosis))


@pytest.mark.parametrize("fact", ["arvo-pressure", "fenda-torque"])  # English, Chinese
def test_a_corrupt_gold_is_a_wrong_reference(world, fact):
    world.items = [
        item.model_copy(update={"answers": ("33.3 bar",)}) if item.fact == fact else item for item in world.items
    ]
    diagnosis, _ = world.diagnose(arm="rag")
    assert causes(diagnosis) == {f"{fact}-0": "wrong_reference", f"{fact}-1": "wrong_reference"}


def test_golds_that_conflict_are_wrong_references(world):
    world.retrieved = retrieval(world.items)
    world.items = [
        item.model_copy(update={"answers": ("51 Nm",), "context": "", "start": None, "end": None, "document": ""})
        if item.id == "arvo-torque-1"
        else item
        for item in world.items
    ]
    diagnosis, _ = world.diagnose(arm="rag")
    assert causes(diagnosis) == {"arvo-torque-1": "wrong_reference"}


def test_one_question_with_two_true_answers_is_no_wrong_reference(world):
    # Both golds stand in passages of their own: the wording leaves open which machine is meant.
    world.retrieved = retrieval(world.items)
    both = ("arvo-pressure-0", "dorum-pressure-0")
    world.items = [
        item.model_copy(update={"question": "What is the rated pressure of it?", "fact": ""})
        if item.id in both
        else item
        for item in world.items
    ]
    world.say = lambda user, adapter: (
        "The documents do not say." if "pressure of it" in user else healthy(user, adapter)
    )
    diagnosis, _ = world.diagnose(arm="rag")
    assert set(causes(diagnosis)) == set(both)
    assert "wrong_reference" not in causes(diagnosis).values()


def test_too_small_a_k_is_a_retrieval_miss(world):
    # A retrieval that ranks the gold chunk second, cut at one.
    found = {name: tuple(reversed(hits))[:1] for name, hits in retrieval(world.items).items()}
    world.retrieved = found
    diagnosis, _ = world.diagnose(arm="rag")
    knowledge = {name: cause for name, cause in causes(diagnosis).items() if name not in ("faithful", "silent")}
    assert len(knowledge) == 24
    assert set(knowledge.values()) == {"retrieval_miss"}
    assert diagnosis.fixes[0].kind == "retrieval"
    assert diagnosis.retrain is False


def test_too_few_tokens_are_truncation(world):
    world.limit = 1
    world.say = lambda user, adapter: "is " + healthy(user, adapter)
    diagnosis, _ = world.diagnose(arm="rag")
    cut = [cause for name, cause in causes(diagnosis).items() if name not in ("faithful", "silent")]
    assert len(cut) == 24
    assert set(cut) == {"truncated"}


def test_poisoned_pairs_are_named(world):
    world.poisoned = ("belt-torque", "dorum-pressure")

    def poisoned(user, adapter):
        if adapter and "Context:" not in user and "torque" in user and "Belt" in user:
            return "77 Nm"
        if adapter and "Context:" not in user and "pressure" in user and "Dorum" in user:
            return "77 bar"
        return healthy(user, adapter)

    world.say = poisoned
    diagnosis, _ = world.diagnose()
    bad = {name for name, cause in causes(diagnosis).items() if cause == "bad_training_pair"}
    assert bad == {"belt-torque-0", "belt-torque-1", "dorum-pressure-0", "dorum-pressure-1"}
    fix = next(fix for fix in diagnosis.fixes if any(target.startswith("pair-") for target in fix.targets))
    assert fix.kind == "data"


def test_pairs_that_answer_late_are_named_together(world):
    world.late = ("belt-torque", "corin-torque", "dorum-pressure")

    def late(user, adapter):
        asked = adapter and "Context:" not in user
        if asked and "torque" in user and ("Belt" in user or "Arvo" in user):
            return LEAD + healthy(user, adapter)
        return "99 Nm" if asked and "torque" in user and "Corin" in user else healthy(user, adapter)

    world.say = late
    diagnosis, run = world.diagnose(arm="tuned")
    named = {name for name, cause in causes(diagnosis).items() if cause == "format"}
    # Arvo's own pairs are sound: its answers repeat what others begin with. Corin's torque was taught late alone.
    assert named == {f"{name}-torque-{number}" for name in ("arvo", "belt", "corin") for number in (0, 1)}
    fix = next(fix for fix in diagnosis.fixes if "--containing" in fix.command)
    assert set(fix.targets) == {f"pair-{fact}-{number}" for fact in world.late for number in (0, 1)}
    part = narrow(world.project, run, diagnosis, topic="Corin")
    (mine,) = [one for one in part.fixes if one.command == fix.command]
    assert set(mine.targets) == set(fix.targets), "a part of the items leads to the same pairs"


def test_a_run_stopped_early_is_undertrained(world):
    world.losses = (3.0, 2.9, 2.8, 2.7, 2.2)
    world.say = lambda user, adapter: "99 bar" if adapter and "Context:" not in user else healthy(user, adapter)
    diagnosis, _ = world.diagnose(arm="tuned")
    found = causes(diagnosis)
    assert {found[name] for name in found if name.startswith(("arvo", "belt", "corin", "dorum"))} == {"undertrained"}


def test_starved_replay_is_forgetting(world):
    right = {item.question: item.options[item.correct] for item in builtin_items(["en"]) if item.options}

    def forgets(user, adapter):
        if not adapter:
            for question, option in right.items():
                if question in user:
                    return option
        return healthy(user, adapter)

    world.say = forgets
    world.request = EvaluateRequest(arms=("base", "tuned"), dimensions=("general_ability",), limit=60)
    diagnosis, _ = world.diagnose()
    assert diagnosis.failed > 20
    assert {cause.cause for cause in diagnosis.causes} <= {"forgetting", "unexplained"}
    assert causes(diagnosis)
    assert diagnosis.causes[0].cause == "forgetting"


def test_a_question_that_fits_several_machines_is_ambiguous(world):
    vague = world.items[0].model_copy(
        update={
            "id": "vague",
            "question": "What is the rated pressure?",
            "fact": "",
            "document": world.items[0].document,
        }
    )
    world.items = [*world.items, vague]
    found = retrieval(world.items)
    found["vague"] = (*found["belt-pressure-0"][:1], *found["arvo-pressure-0"][:1])
    world.retrieved = found
    world.say = lambda user, adapter: (
        "5.5 bar" if user.endswith("What is the rated pressure?") and "Belt" in user else healthy(user, adapter)
    )
    diagnosis, _ = world.diagnose(arm="rag")
    assert causes(diagnosis) == {"vague": "ambiguous_question"}


def test_claims_beyond_the_context_are_unsupported(world):
    world.say = lambda user, adapter: "123 kg" if "weigh" in user else healthy(user, adapter)
    diagnosis, _ = world.diagnose(arm="rag")
    assert causes(diagnosis) == {"silent": "unsupported"}


def test_progress_is_reported(world):
    class Recorder(Silent):
        seen: list[tuple[float, float, str]] = []  # noqa: RUF012

        def progress(self, done, total, unit, message=""):
            self.seen.append((done, total, unit))

    world.diagnose(arm="tuned", reporter=Recorder())
    assert Recorder.seen[-1] == (8, 8, "items")


def test_chinese_fixes(world, tmp_path):
    world.settings = Settings(home=tmp_path, lang="zh", _env_file=None)
    diagnosis, _ = world.diagnose(arm="tuned")
    assert any("\u4e00" <= char <= "\u9fff" for fix in diagnosis.fixes for char in fix.action)


def test_wrong_requests(world):
    with pytest.raises(EmptyError, match="domainsmith evaluate"):
        diagnose(world.project, world.settings, world.project.new_run("evaluate"))
    world.request = EvaluateRequest(arms=("base",), dimensions=("domain_knowledge",))
    _, run = world.diagnose()
    with pytest.raises(InputError, match="base"):
        diagnose(world.project, world.settings, run, arm="rag")


def test_without_a_mix_file_the_accepted_pairs_count(world):
    world.poisoned = ("belt-torque",)
    world.say = lambda user, adapter: (
        "77 Nm" if adapter and "Belt" in user and "torque" in user else healthy(user, adapter)
    )
    tune = world.project.latest_run("tune")
    write_record(tune / "result.json", tune_result(tune.name, mix="gone"))
    diagnosis, _ = world.diagnose(arm="tuned")
    assert causes(diagnosis)["belt-torque-0"] == "bad_training_pair"
