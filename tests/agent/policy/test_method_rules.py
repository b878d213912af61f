"""The first table of the policy: what the profile alone decides, one row after the other."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.policy.devices import match_device, runs_without_gpu
from agent.policy.method import choose_method
from agent.records.decision import Action, MethodDecision
from agent.records.profile import DocumentsProfile, HardwareItem, Measured, Profile
from tests.agent.policy.builders import ARTICLES, DEVICES, profile


def texts(decision: MethodDecision) -> str:
    return "\n".join(one.text for one in decision.reasons)


TABLE: list[Any] = [
    pytest.param({}, "insufficient_evidence", "default", "nothing is known of the task", id="nothing-known"),
    pytest.param({"goal": "help our people"}, "insufficient_evidence", "default", "a guess", id="nothing-known-goal"),
    pytest.param({"documents": {"count": 2000}}, "insufficient_evidence", "default", "", id="nothing-known-documents"),
    pytest.param({"labelled_pairs": 5000}, "insufficient_evidence", "default", "", id="nothing-known-pairs"),
    pytest.param({"knowledge_change": "yearly"}, "insufficient_evidence", "default", "", id="nothing-known-slow"),
    pytest.param({"knowledge_change": "weekly"}, "rag", "rule", "changes weekly", id="rag-stays-weekly"),
    pytest.param({"knowledge_change": "daily"}, "rag", "rule", "changes daily", id="rag-stays-daily"),
    pytest.param({"needs_citations": True}, "rag", "rule", "show their source", id="rag-stays-citations"),
    pytest.param({"per_document_access_control": True}, "rag", "rule", "may read what", id="rag-stays-access"),
    pytest.param(
        {"task_kind": "style", "labelled_pairs": 10, "needs_citations": True},
        "rag",
        "rule",
        "prompting with examples",
        id="rag-stays-whatever-else",
    ),
    pytest.param({"task_kind": "facts"}, "rag", "rule", "closed-book probe", id="facts"),
    pytest.param({"task_kind": "facts", "labelled_pairs": 5000}, "rag", "rule", "several wordings", id="facts-pairs"),
    pytest.param({"task_kind": "mixed"}, "rag", "rule", "RAG first", id="facts-mixed"),
    *(
        pytest.param(
            {"task_kind": kind, "labelled_pairs": 100}, "finetune", "rule", "100 good examples", id=f"form-{kind}"
        )
        for kind in ("style", "format", "classification", "extraction")
    ),
    pytest.param(
        {"task_kind": "style", "labelled_pairs": 500, "knowledge_change": "daily"},
        "rag+finetune",
        "rule",
        "+6, then +5 points",
        id="both-pace",
    ),
    pytest.param({"task_kind": "mixed", "labelled_pairs": 500}, "rag+finetune", "rule", "gains add", id="both-mixed"),
    pytest.param(
        {"task_kind": "format", "labelled_pairs": 500, "needs_citations": True},
        "rag+finetune",
        "rule",
        "gains add",
        id="both-citations",
    ),
    pytest.param({"task_kind": "style", "labelled_pairs": 49}, "prompt", "rule", "fewer than 50", id="few-style"),
    pytest.param(
        {"task_kind": "reasoning", "labelled_pairs": 0}, "prompt", "rule", "fewer than 50", id="few-reasoning"
    ),
    pytest.param({"task_kind": "style", "labelled_pairs": 99}, "prompt", "default", "not yet the 100", id="between"),
    pytest.param({"task_kind": "style"}, "prompt", "default", "not known", id="examples-unknown"),
    pytest.param({"task_kind": "reasoning", "labelled_pairs": 900}, "prompt", "default", "reasoning", id="reasoning"),
    pytest.param(
        {"task_kind": "facts", "privacy": "air_gapped"}, "rag", "rule", "nothing leaves", id="air-gapped-same-logic"
    ),
    pytest.param({"task_kind": "facts", "hardware": []}, "rag", "rule", "135M model", id="no-gpu-none"),
    pytest.param(
        {"task_kind": "style", "labelled_pairs": 500, "hardware": [{"device": "cpu"}]},
        "finetune",
        "rule",
        "small model",
        id="no-gpu-cpu",
    ),
]


@pytest.mark.parametrize(("known", "method", "confidence", "says"), TABLE)
@pytest.mark.parametrize("devices", [None, DEVICES], ids=["no catalogue", "catalogue"])
def test_rule(known: dict[str, Any], method: str, confidence: str, says: str, devices: Any) -> None:
    decision = choose_method(Profile.model_validate(known), devices=devices)
    assert (decision.method, decision.confidence) == (method, confidence)
    assert says in texts(decision)


def test_all_rules_that_fired_are_listed() -> None:
    decision = choose_method(
        profile(
            task_kind="mixed",
            labelled_pairs=120,
            knowledge_change="weekly",
            needs_citations=True,
            per_document_access_control=True,
            privacy="air_gapped",
            hardware=(),
            general_ability_matters=True,
        )
    )
    assert [one.article for one in decision.reasons] == [
        "two-remedies",
        "rag",
        "rag",
        "retrieval-first",
        "fine-tuning",
        "both",
        "small-models",
        "no-gpu",
        "no-gpu",
        "scarce-data",
        "domain-share",
    ]


def test_an_empty_profile_asks_for_the_task_first() -> None:
    decision = choose_method(Profile())
    assert decision.missing[:2] == ("task_kind", "goal")
    assert decision.question.startswith("What should the assistant do")
    assert decision.next_action == "clarify"
    assert decision.first_rung is None


def test_a_named_goal_is_not_asked_for_again() -> None:
    assert choose_method(profile(goal="a service assistant")).missing[0] == "task_kind"
    assert "goal" not in choose_method(profile(goal="a service assistant")).missing


@pytest.mark.parametrize(
    ("known", "first"),
    [
        ({"task_kind": "style"}, "labelled_pairs"),
        ({"task_kind": "mixed"}, "labelled_pairs"),
        ({"task_kind": "style", "labelled_pairs": 800}, "needs_citations"),
        ({"task_kind": "style", "labelled_pairs": 800, "needs_citations": False}, "per_document_access_control"),
        ({"task_kind": "facts"}, "documents"),
        ({"task_kind": "facts", "documents": DocumentsProfile(count=3)}, "measured.closed_book"),
        ({"knowledge_change": "weekly", "labelled_pairs": 800}, "task_kind"),
    ],
    ids=lambda value: value if isinstance(value, str) else "+".join(value),
)
def test_the_first_missing_field_is_the_one_that_would_change_most(known: dict[str, Any], first: str) -> None:
    decision = choose_method(profile(**known))
    assert decision.missing[0] == first
    assert decision.question


def test_without_a_field_to_ask_for_the_question_is_to_measure() -> None:
    decision = choose_method(profile(task_kind="facts", documents=DocumentsProfile(count=3)))
    assert decision.question == "Measure it on a sealed validation set (closed_book, rag)?"


@pytest.mark.parametrize(
    ("known", "action"),
    [
        ({"task_kind": "facts"}, "ingest"),
        ({"task_kind": "style", "labelled_pairs": 500}, "validate"),
        ({"task_kind": "style", "labelled_pairs": 5}, "review"),
        ({"task_kind": "style", "labelled_pairs": 5, "documents": DocumentsProfile(count=9)}, "extract"),
        ({"task_kind": "style", "documents": DocumentsProfile(count=0)}, "review"),
        ({"task_kind": "reasoning", "labelled_pairs": 500}, "validate"),
        ({"task_kind": "mixed", "labelled_pairs": 500}, "ingest"),
        ({"task_kind": "style", "labelled_pairs": 500, "device": "Moore Threads S3000"}, "plan"),
    ],
)
def test_the_next_action(known: dict[str, Any], action: str) -> None:
    assert choose_method(profile(**known), devices=DEVICES).next_action == action


@pytest.mark.parametrize(
    ("hardware", "catalogue", "rung", "says"),
    [
        ({}, True, "qlora", "no device is named"),
        ({"hardware": ()}, True, "qlora", "also trains on a CPU"),
        ({"device": "NVIDIA A800", "base_model_params_b": 7}, True, "qlora", "first rung"),
        ({"device": " a800 ", "base_model_params_b": 7}, True, "qlora", "first rung"),
        ({"device": "NVIDIA A800", "base_model_params_b": 7}, False, "qlora", "not checked here"),
        ({"device": "Ascend 910A", "base_model_params_b": 7}, True, "lora", "Q-LoRA skipped"),
        ({"device": "Ascend 910A"}, True, "lora", "without the model's size"),
        ({"device": "Moore Threads S3000"}, True, None, "supports no training method"),
        ({"device": "Moore Threads S3000", "base_model_params_b": 7}, True, None, "choose a smaller model"),
        ({"device": "Abacus 3"}, True, None, "not in the device catalogue"),
        (
            {
                "hardware": (HardwareItem(device="NVIDIA T4"), HardwareItem(device="Ascend 910A", count=4)),
                "base_model_params_b": 7,
            },
            True,
            "lora",
            "4 × Ascend 910A",
        ),
        (
            {
                "hardware": (HardwareItem(device="Moore Threads S3000", count=8), HardwareItem(device="A800", count=2)),
                "base_model_params_b": 7,
            },
            True,
            "qlora",
            "NVIDIA A800 has 80",
        ),
        (
            {"hardware": (HardwareItem(device="Moore Threads S3000", count=8), HardwareItem(device="A800", count=2))},
            True,
            "qlora",
            "NVIDIA A800",
        ),
        (
            {
                "hardware": (HardwareItem(device="Ascend 910A", count=4), HardwareItem(device="A800")),
                "base_model_params_b": 70,
            },
            True,
            "qlora",
            "NVIDIA A800 has 80",
        ),
    ],
)
def test_the_first_rung(hardware: dict[str, Any], catalogue: bool, rung: str | None, says: str) -> None:
    decision = choose_method(
        profile(task_kind="style", labelled_pairs=2000, **hardware), devices=DEVICES if catalogue else None
    )
    assert decision.first_rung == rung
    assert says in texts(decision)


def test_no_rung_where_nothing_is_tuned() -> None:
    assert choose_method(profile(task_kind="facts", device="NVIDIA A800"), devices=DEVICES).first_rung is None


def test_the_size_of_the_model_is_asked_for_where_it_changes_the_rung() -> None:
    decision = choose_method(
        profile(
            task_kind="style",
            labelled_pairs=500,
            device="NVIDIA T4",
            needs_citations=False,
            knowledge_change="never",
            per_document_access_control=False,
        ),
        devices=DEVICES,
    )
    assert decision.missing[0] == "base_model_params_b"


@pytest.mark.parametrize(
    ("hardware", "without"),
    [(None, False), ((), True), ((HardwareItem(device="CPU"),), True), ((HardwareItem(device="NVIDIA A800"),), False)],
)
def test_no_gpu_is_said_and_not_guessed(hardware: Any, without: bool) -> None:
    for devices in (None, DEVICES):
        assert runs_without_gpu(Profile(hardware=hardware), devices) is without


def test_devices_are_found_by_name_and_alias_only() -> None:
    found = match_device("A800-80g", DEVICES)
    assert found is not None
    assert found.name == "NVIDIA A800"
    assert match_device("A80", DEVICES) is None


FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "goal": st.just("help"),
        "task_kind": st.sampled_from(
            ["facts", "style", "format", "classification", "extraction", "reasoning", "mixed"]
        ),
        "knowledge_change": st.sampled_from(["never", "yearly", "monthly", "weekly", "daily"]),
        "needs_citations": st.booleans(),
        "per_document_access_control": st.booleans(),
        "labelled_pairs": st.integers(0, 5000),
        "privacy": st.sampled_from(["open", "on_premises", "air_gapped"]),
        "general_ability_matters": st.booleans(),
        "base_model_params_b": st.sampled_from([0.135, 7, 70, 700]),
        "hardware": st.lists(
            st.builds(HardwareItem, device=st.sampled_from([*DEVICES, "Abacus"]), count=st.integers(1, 8)), max_size=2
        ).map(tuple),
        "target": st.floats(0, 1),
        "measured": st.builds(
            Measured,
            **{name: st.none() | st.floats(0, 1) for name in Measured.model_fields if name != "items"},
            items=st.none() | st.integers(0, 2000),
        ),
    },
)


@settings(max_examples=150, deadline=None)
@given(known=FIELDS, lang=st.sampled_from(["en", "zh"]), catalogue=st.booleans())
def test_every_profile_gets_a_decision_that_holds_together(known: dict[str, Any], lang: Any, catalogue: bool) -> None:
    given_profile = Profile(**known)
    decision = choose_method(given_profile, lang=lang, devices=DEVICES if catalogue else None)
    assert decision.reasons
    assert {one.article for one in decision.reasons} <= ARTICLES
    assert decision.next_action in get_args(Action)
    assert bool(decision.question) == bool(decision.missing)
    assert len(set(decision.missing)) == len(decision.missing)
    for name in decision.missing:
        head, _, tail = name.partition(".")
        assert head in Profile.model_fields
        assert not tail or tail in Measured.model_fields
        assert tail or getattr(given_profile, head) is None
    if "finetune" not in decision.method:
        assert decision.first_rung is None
    if decision.method != "insufficient_evidence" and (known.get("needs_citations")):
        assert "rag" in decision.method
    if lang == "zh":
        assert all(any("\u4e00" <= c <= "\u9fff" for c in one.text) for one in decision.reasons)
    assert choose_method(given_profile, lang=lang, devices=DEVICES if catalogue else None) == decision


@pytest.mark.parametrize("hardware", [(), (HardwareItem(device="cpu"),)])
def test_a_cpu_named_in_the_profile_starts_where_no_hardware_does(hardware: tuple[HardwareItem, ...]) -> None:
    decision = choose_method(Profile(task_kind="style", labelled_pairs=400, hardware=hardware), devices=DEVICES)
    assert decision.first_rung == "qlora"
    assert "not in the device catalogue" not in texts(decision)
    assert all(one.evidence for one in decision.reasons)
