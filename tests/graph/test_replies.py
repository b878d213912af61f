"""Replies say what records hold: every number in them stands in the record they were made from."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.prompts import assistant as assistant_phrases
from agent.prompts import interview as interview_phrases
from agent.prompts import steps as steps_phrases
from agent.prompts.decisions import QUESTIONS
from agent.prompts.road import CONSENT
from agent.records.base import Language, Record
from agent.records.conversation import Approval
from agent.records.corpus import Answer, Citation, Document, IngestResult
from agent.records.decision import Action, MethodDecision, Readiness, Reason, Station
from agent.records.diagnosis import CauseCount, Fix
from agent.records.evaluation import Estimate, EvaluationReport
from agent.records.facts import StepFacts
from agent.records.hardware import Device, Figure, MemoryPlan, MethodFit
from agent.records.job import Job
from agent.records.mixture import GeneralSource, MixManifest
from agent.records.pairs import ExtractResult
from agent.records.profile import Profile
from agent.settings import Settings
from graph.replies import answers, diagnosis, interview, machines, results, waiting
from graph.replies.said import Said
from tests.graph.test_poisoned import _pair
from tests.tools.evaluation.scripted import tune_result
from tools.asking import SideBySide
from tools.diagnosis.change import Change
from tools.diagnosis.narrowing import FailedExample, Narrowed
from tools.jobs.store import JobStore
from tools.validation.request import ValidateResult
from tools.workspace import Workspace

LANGUAGES: tuple[Language, ...] = get_args(Language)
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
RUN = "20260301T101112Z-evaluate"
SOME = settings(max_examples=25, deadline=None)


def numbers(text: str) -> list[str]:
    return [one.rstrip(",") for one in NUMBER.findall(text)]


def forms(value: float) -> Iterator[str]:
    """Every way in which a number may be written: as it is, rounded, as a percentage, in thousands."""
    for one in (value, abs(value), 100 * abs(value), abs(value) / 1000, abs(value) / 60, abs(value) / 3600):
        yield f"{one:g}"
        for digits in range(3):
            yield f"{one:.{digits}f}"
            yield f"{round(one, digits):g}"
            yield f"{one:,.{digits}f}"


def held(value: Any) -> set[str]:
    """Return every number that a record holds, in every form."""
    match value:
        case Record():
            return held(value.model_dump(mode="python"))
        case bool() | None:
            return set()
        case int() | float():
            return set(forms(value))
        case str():
            return set(numbers(value))
        case Mapping():
            return set().union(*(held(one) for pair in value.items() for one in pair)) | set(forms(len(value)))
        case Sequence():
            return set().union(*(held(one) for one in value)) | set(forms(len(value)))
    return set()


def _phrases() -> set[str]:
    """Return the numbers that stand in the words themselves, such as the 95 of `95% interval`."""
    tables = (
        *(getattr(assistant_phrases, name) for name in ("TALK", "RESULTS", "DIAGNOSIS", "READINGS")),
        *(getattr(interview_phrases, name) for name in ("FIELD_NAMES", "VALUES")),
        steps_phrases.STEPS,
        QUESTIONS,
        CONSENT,
    )
    return {one for table in tables for words in table.values() for text in words.values() for one in numbers(text)}


FIXED = _phrases()


def invented(said: Said | str, *records: Any) -> list[str]:
    """Return the numbers of a reply that no record holds."""
    text = said if isinstance(said, str) else said.text
    known = FIXED.union(*(held(record) for record in records))
    return [one for one in numbers(text) if one not in known]


class Draw:
    """Numbers that hardly ever agree by chance."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    def count(self) -> int:
        return self._chance.randint(1_000, 9_999_999)

    def size(self) -> int:
        return self._chance.randint(11, 9_999)

    def share(self) -> float:
        return round(self._chance.uniform(0.001, 0.999), 4)

    def amount(self) -> float:
        return round(self._chance.uniform(0.01, 90_000), 3)

    def of(self, kind: Any) -> Any:
        return self._chance.choice(get_args(kind))


@pytest.fixture(scope="module", params=LANGUAGES)
def lang(request: pytest.FixtureRequest) -> Language:
    return request.param  # type: ignore[no-any-return]


POINTS = st.floats(-0.999, 0.999)
draws = st.randoms(use_true_random=False).map(Draw)


def ingest_result(draw: Draw) -> IngestResult:
    bad = [
        Document(
            id="d", name=f"file {draw.count()}.pdf", sha256="0", format=None, language=None, pages=None, characters=0,
            chunks=0, status=status, reason=f"page {draw.count()} is damaged",
        )
        for status in ("failed", "skipped", "failed")
    ]  # fmt: skip
    return IngestResult(
        documents=tuple(bad), read=draw.count(), unchanged=draw.count(), skipped=draw.count(), failed=draw.count(),
        removed=draw.count(), chunks=draw.count(), seconds=draw.amount(),
    )  # fmt: skip


def extract_result(draw: Draw) -> ExtractResult:
    return ExtractResult(
        pairs=draw.count(), rejected=draw.count(), rejects_by_reason={}, facts=draw.count(), by_source={},
        documents_train=draw.count(), documents_held_out=draw.count(), files={},
    )  # fmt: skip


def mix_manifest(draw: Draw) -> MixManifest:
    return MixManifest(
        id="mix-30", examples=draw.count(), domain_examples=draw.count(), general_examples=draw.count(),
        domain_share_examples=draw.share(), domain_share_tokens=draw.share(), requested_share=draw.share(),
        by="examples", seed=draw.count(), sha256="0", pairs_sha256="0", documents=(), files={},
        general=GeneralSource(name="builtin", licence="Apache-2.0", sha256="0", examples=draw.count()),
        notes=(f"the share is {draw.count()}",),
    )  # fmt: skip


def validate_result(draw: Draw) -> ValidateResult:
    return ValidateResult(
        items=draw.count(), by_dimension={"domain_knowledge": draw.count(), "syntax": draw.count()}, by_source={},
        languages=("en",), sha256="abcdefabcdef", seed=0, spot_check=(), notes=(), files={},
    )  # fmt: skip


def estimate(draw: Draw) -> Estimate:
    return Estimate(
        mean=draw.share(), low=draw.share(), high=draw.share(), n=draw.count(), chance=0, normalised=0, errors=0
    )


def report(draw: Draw) -> EvaluationReport:
    spokes = {"domain_knowledge": estimate(draw), "faithfulness": estimate(draw)}
    return EvaluationReport(
        run=RUN, tune_run=None, base_model="builtin", items_sha256="0", languages=("en",),
        arms={"base": spokes, "tuned+rag": {"domain_knowledge": estimate(draw)}}, comparisons=(),
        seconds={"base": draw.amount()},
    )  # fmt: skip


@given(draw=draws)
@SOME
@pytest.mark.parametrize("make", [ingest_result, extract_result, mix_manifest, validate_result, report])
def test_the_result_of_a_job(lang: Language, make: Any, draw: Draw) -> None:
    record = make(draw)
    said = results.job_result(record, RUN, lang)
    assert invented(said, record, RUN) == []
    assert RUN in said.evidence
    assert said.articles


@given(draw=draws)
@SOME
def test_the_result_of_training(lang: Language, draw: Draw) -> None:
    record = tune_result(
        RUN, examples=draw.count(), first_loss=draw.amount(), last_loss=draw.amount(), seconds=draw.amount(),
        peak_gib=draw.amount(), reasons=(f"rank {draw.count()}",), tokens_per_s=draw.amount(),
    )  # fmt: skip
    assert invented(results.job_result(record, RUN, lang), record) == []
    measured = report(draw)
    device = Device(
        name="A800", backend="cuda", gib=draw.amount(), bandwidth_gb_s=None, fp16_tflops=None, int8_tops=None,
        bf16="yes", qlora=True, lora=True, full=True, compute_type="bf16",
    )  # fmt: skip
    said = machines.machine(device, None, record, measured, lang)
    assert invented(said, record, measured, device) == []
    assert {RUN} <= set(said.evidence)


@pytest.mark.parametrize(
    ("ladder", "says"),
    [
        ("", ("the evaluation says", "要看评测")),
        ("done", ("the climb ends here", "到此为止")),
        ("mend_data", ("the data come first", "先改进数据")),
        ("awaiting_approval", ("train and climb to", "训练并爬到")),
        ("ask", ("a decision of yours", "需要您决定")),
    ],
)
def test_the_result_of_a_climb_says_how_it_ended(ladder: str, says: tuple[str, str]) -> None:
    record = tune_result(RUN, ladder=ladder)
    for lang, words in (("en", says[0]), ("zh", says[1])):
        assert words in results.job_result(record, RUN, cast(Language, lang)).text


@given(draw=draws)
@SOME
def test_a_decision_and_where_a_project_stands(lang: Language, draw: Draw) -> None:
    why = tuple(
        Reason(text=f"{draw.count()} items, {draw.count()} points", article="rag", evidence=("task_kind",))
        for _ in "ab"
    )
    decided = MethodDecision(
        method="rag", first_rung=None, reasons=why, missing=(), next_action="evaluate", confidence="rule",
        question=f"add {draw.count()} questions?",
    )  # fmt: skip
    said = results.verdict(decided, lang)
    assert invented(said, decided) == []
    assert said.articles == ("rag",)
    names = get_args(Station.model_fields["name"].annotation)
    stations = tuple(Station(name=name, state="done", detail=f"{draw.count()} of them") for name in names)
    stood = Readiness(stations=stations, next_action="tune", reasons=why)
    running = f"tune has been running for {draw.count()} s"
    assert invented(results.stand(stood, "p", lang, running), stood, running) == []


@given(draw=draws)
@SOME
def test_memory_and_devices(lang: Language, draw: Draw) -> None:
    fits = tuple(
        MethodFit(
            method=method, fits=True, gib_low=draw.amount(), gib_high=draw.amount(), available=True,
            why=f"needs {draw.count()} GiB",
        )
        for method in ("qlora", "lora", "full")
    )  # fmt: skip
    plan = MemoryPlan(
        device="A800", count=draw.count(), params_b=float(draw.size()), methods=fits, start_at=None, ladder=(),
        compute_type="bf16", notes=(f"NVLink {draw.count()}",),
    )  # fmt: skip
    assert invented(results.memory(plan, lang), plan) == []
    figure = Figure(label="datasheet", source="vendor's sheet")
    device = Device(
        name="A800", backend="cuda", gib=draw.amount(), bandwidth_gb_s=draw.amount(), fp16_tflops=draw.amount(),
        int8_tops=None, bf16="yes", qlora=True, lora=True, full=True, compute_type="bf16",
        figures=dict.fromkeys(("gib", "bandwidth_gb_s", "fp16_tflops"), figure),
    )  # fmt: skip
    said = machines.machine(device, None, None, None, lang)
    assert invented(said, device) == []
    assert said.text.count(figure.source) == 3


def narrowed(draw: Draw, *, fixes: int = 2) -> Narrowed:
    items = draw.count()
    right = items // 3
    return Narrowed(
        run=RUN, arm="rag", topic="prices", dimension=None, items=items, right=right, share=draw.share(),
        low=draw.share(), high=draw.share(), ids=(),
        causes=(CauseCount(cause="retrieval_miss", count=draw.count(), share=draw.share(), low=0.1, high=0.2),),
        fixes=tuple(
            Fix(
                kind="data", action=f"make {draw.count()} wordings", command="domainsmith extract", targets=(),
                why=f"{draw.count()} of them", article="paraphrases",
            )
            for _ in range(fixes)
        ),
        examples=(
            FailedExample(
                item=f"item-{draw.count()}", question=f"what costs {draw.count()}?", expected=str(draw.count()),
                answered=str(draw.count()), cause="retrieval_miss",
            ),
        ),
        weakest=(("syntax", draw.count(), draw.count()),),
    )  # fmt: skip


@given(draw=draws, retrain=st.booleans())
@SOME
def test_a_diagnosis(lang: Language, draw: Draw, retrain: bool) -> None:
    found = narrowed(draw)
    wrong = found.items - found.right
    said = diagnosis.narrowed(found, (0,), retrain, lang)
    assert invented(said, found, wrong, range(1, 3)) == []
    assert said.evidence[0] == RUN
    assert len(said.options) == 1
    nothing = found.model_copy(update={"items": 0})
    assert invented(diagnosis.narrowed(nothing, (), retrain, lang), nothing) == []
    for option in diagnosis.weak_options(found, lang):
        assert invented(option.label, found) == []


@given(draw=draws, difference=POINTS, low=POINTS, high=POINTS)
@SOME
def test_before_and_after(lang: Language, draw: Draw, difference: float, low: float, high: float) -> None:
    change = Change(
        before=RUN, after=f"{RUN}-1", arm="rag", n=draw.count(), right_before=draw.count(), right_after=draw.count(),
        difference=difference, low=min(low, high), high=max(low, high), p=draw.share(), gained=(), lost=(),
    )  # fmt: skip
    said = diagnosis.changed(change, lang)
    assert invented(said, change) == []
    assert said.evidence == (change.before, change.after)
    judged = {"en": ("helped", "worse", "not enough"), "zh": ("有效", "变差", "不足以")}[lang]
    at = 0 if change.low > 0 else 1 if change.high < 0 else 2
    assert [words in said.text for words in judged] == [at == 0, at == 1, at == 2]


@given(draw=draws)
@SOME
def test_answers_side_by_side(lang: Language, draw: Draw, tmp_path_factory: pytest.TempPathFactory) -> None:
    home = tmp_path_factory.getbasetemp() / "votes"
    workspace = Workspace(home)
    project = workspace.open("p") if workspace.projects() else workspace.create("p")
    cited = Citation(chunk="c", document=f"manual {draw.count()}", page=draw.count(), quote=str(draw.count()))
    given_answers = {
        arm: Answer(
            text=f"{draw.count()} bar", citations=(cited,), seconds_to_first_token=0.1, seconds=draw.amount(), tokens=3,
            abstained=False, truncated=False,
        )
        for arm in ("base", "rag")
    }  # fmt: skip
    answered = SideBySide(question="?", answers=given_answers)
    said = answers.side_by_side(answered, project, Settings(home=home, _env_file=None), lang)
    assert invented(said, answered) == []
    assert said.evidence == ("c",)
    assert list(said.answers) == ["base", "rag"]


@given(draw=draws)
@SOME
def test_facts_and_the_plan(lang: Language, draw: Draw) -> None:
    facts: dict[str, Any] = {
        "documents": {"count": draw.count()},
        "target": draw.share(),
        "labelled_pairs": draw.count(),
        "base_model_params_b": float(draw.size() % 1999 + 1),
        "latency_target_ms": 100 * draw.size(),
        "hardware": [{"device": "A800", "count": draw.count()}],
        "knowledge_change": "weekly",
        "needs_citations": True,
        "languages": ["en", "zh"],
        "goal": "answer questions",
    }
    assert invented(interview.noted(facts, False, lang), facts) == []
    profile = Profile.model_validate(facts)
    why = (Reason(text=f"{draw.count()} facts", article="rag", evidence=("goal",)),)
    decided = MethodDecision(
        method="rag", first_rung=None, reasons=why, missing=("privacy",), next_action="setup", confidence="rule"
    )
    costs = {"validate": StepFacts(subject="", seconds_low=41, seconds_high=43)}
    said = interview.plan(profile, decided, ("ingest", "validate"), costs, lang)
    assert invented(said, profile, decided, len(facts), costs["validate"]) == []
    assert "43 s" in said.text or "43 秒" in said.text
    asked = interview.ask("privacy", profile, decided, (), lang)
    assert asked.question is not None
    assert asked.question in asked.text
    assert asked.expecting == {"kind": "field", "field": "privacy"}


@given(draw=draws)
@SOME
def test_approvals_and_jobs(lang: Language, draw: Draw, tmp_path_factory: pytest.TempPathFactory) -> None:
    approval = Approval(
        id="a", thread="t", action="tune", tool="tune", arguments={}, project="p", title=f"train on {draw.count()}",
        summary=f"{draw.count()} GiB, {draw.count()} min", reasons=(f"more than {draw.count()} min",),
        articles=("consent",), following=(f"mix of {draw.count()}",), created="",
    )  # fmt: skip
    replaced = approval.model_copy(update={"summary": f"{draw.count()} before"}).model_dump(mode="json")
    said = waiting.asks_yes(approval, replaced, lang)
    assert invented(said, approval, replaced) == []
    assert approval.summary in said.text
    assert waiting.asked_for_yes({"question": said.question})
    assert not waiting.asked_for_yes({"question": "Shall I?"})
    job = Job(
        id=f"job{draw.count()}", kind="tune", project="p", run=RUN, request={}, state="failed", created="",
        started=None, ended=None, heartbeat=None, pid=None, host="", lease=0, cancel_requested=False,
        error=f"{draw.count()} GiB short", exit_code=1, attempts=1,
    )  # fmt: skip
    assert invented(waiting.started(approval.title, job, lang), approval, job) == []
    assert invented(waiting.ended_badly(approval.title, job, lang), approval, job) == []
    cancelled = job.model_copy(update={"state": "cancelled"})
    assert waiting.ended_badly("x", cancelled, lang).text != waiting.ended_badly("x", job, lang).text


@pytest.mark.parametrize("action", get_args(Action))
def test_every_action_can_be_offered(lang: Language, action: Action) -> None:
    if action in ("clarify", "refuse"):
        return
    said = results.offer(action, lang)
    assert said.expecting == {"kind": "offer", "action": action}
    assert said.question == said.text


def test_pairs_say_how_many_stand_where(lang: Language) -> None:
    shown = [_pair(number, f"{number + 41} bar") for number in range(2)]
    counts = {"accepted": 4711, "pending": 12, "rejected": 815}
    said = results.pairs(counts, shown, lang)
    assert invented(said, counts, shown) == []
    assert said.evidence == tuple(pair.id for pair in shown)
    assert results.pairs({}, [], lang).evidence == ()


def test_a_number_that_was_made_up_is_noticed() -> None:
    """The property has teeth."""
    draw = Draw(random.Random(1))
    record = extract_result(draw)
    said = results.job_result(record, RUN, "en")
    assert invented(said.text + " Accuracy 87.5%.", record, RUN) == ["87.5"]


def test_the_jobs_of_a_store_are_the_jobs_of_the_replies(tmp_path: Path) -> None:
    job = JobStore(tmp_path / "jobs.sqlite").create("mix", "p", "r", {})
    assert waiting.started("mix", job, "en").evidence == (job.id,)
