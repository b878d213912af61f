from __future__ import annotations

from typing import Any

import pytest

from agent.policy.readiness import known_fields, readiness, refusal
from agent.records.facts import ProjectFacts
from agent.records.profile import Profile
from tests.agent.policy.builders import ARTICLES

PROFILE: dict[str, Any] = {"profile": Profile(goal="answer service questions", task_kind="facts")}
READ: dict[str, Any] = PROFILE | {"documents": 12, "chunks": 90}
PAIRS: dict[str, Any] = READ | {"pairs_accepted": 200, "held_out_documents": 2}
SEALED: dict[str, Any] = PAIRS | {"validation_items": 180}
MIXED: dict[str, Any] = SEALED | {"mixes": 1}
TUNED: dict[str, Any] = MIXED | {"tuned_run": "r1"}
EVALUATED: dict[str, Any] = TUNED | {"evaluated_run": "r2"}
DECIDED: dict[str, Any] = EVALUATED | {"method": "rag+finetune"}
ROAD = ("profile", "documents", "pairs", "mix", "tune", "evaluate", "decide")
D, C, W, N = "done", "current", "waiting", "needs_you"


@pytest.mark.parametrize(
    ("facts", "action", "states"),
    [
        ({}, "setup", (N, W, W, W, W, W, W)),
        (PROFILE, "ingest", (D, C, W, W, W, W, W)),
        ({"documents": 12, "chunks": 90}, "extract", (N, D, C, W, W, W, W)),
        (READ, "extract", (D, D, C, W, W, W, W)),
        (READ | {"documents_failed": 2}, "extract", (D, N, C, W, W, W, W)),
        (READ | {"pairs_pending": 30}, "review", (D, D, N, W, W, W, W)),
        (PAIRS, "validate", (D, D, D, W, C, W, W)),
        (PAIRS | {"mixes": 1}, "validate", (D, D, D, D, C, W, W)),
        (SEALED, "mix", (D, D, D, C, W, W, W)),
        (SEALED | {"pairs_pending": 3}, "mix", (D, D, N, C, W, W, W)),
        (MIXED, "tune", (D, D, D, D, C, W, W)),
        (MIXED | {"mix_is_current": False}, "mix", (D, D, D, C, W, W, W)),
        (TUNED, "evaluate", (D, D, D, D, D, C, W)),
        (TUNED | {"tune_is_current": False}, "tune", (D, D, D, D, C, W, W)),
        (EVALUATED, "decide", (D, D, D, D, D, D, C)),
        (EVALUATED | {"evaluation_is_current": False}, "evaluate", (D, D, D, D, D, C, W)),
        (DECIDED, "diagnose", (D, D, D, D, D, D, D)),
        (READ | {"method": "rag"}, "validate", (D, D, W, W, W, C, W)),
        (READ | {"method": "rag", "validation_items": 50}, "evaluate", (D, D, W, W, W, C, W)),
        (READ | {"method": "rag", "validation_items": 50, "evaluated_run": "r"}, "diagnose", (D, D, W, W, W, D, D)),
        (READ | {"running": "extract 17"}, "status", (D, D, C, W, W, W, W)),
        (MIXED | {"running": "tune 17"}, "status", (D, D, D, D, C, W, W)),
        (MIXED | {"running": "bench 17"}, "status", (D, D, D, D, W, W, W)),
    ],
    ids=[
        "nothing",
        "profile",
        "documents without a profile",
        "documents",
        "unreadable documents need a person",
        "pending pairs need a person",
        "the validation set comes before the mix",
        "the validation set comes before training",
        "mix",
        "pending pairs do not stop the road",
        "tune",
        "stale mix",
        "evaluate",
        "stale tuning",
        "decide",
        "stale evaluation",
        "all done",
        "rag needs no pairs",
        "rag is evaluated",
        "rag is decided",
        "a running extraction",
        "a running training",
        "a job beside the road",
    ],
)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_road(facts: dict[str, Any], action: str, states: tuple[str, ...], lang: Any) -> None:
    ready = readiness(ProjectFacts(**facts), lang)
    assert ready.next_action == action
    assert tuple(station.name for station in ready.stations) == ROAD
    assert tuple(station.state for station in ready.stations) == states
    assert all(station.detail for station in ready.stations)
    assert {one.article for one in ready.reasons} <= ARTICLES
    assert all(one.evidence for one in ready.reasons)


def details(facts: dict[str, Any]) -> dict[str, str]:
    return {station.name: station.detail for station in readiness(ProjectFacts(**facts)).stations}


def test_stations_say_what_they_hold() -> None:
    assert details(DECIDED) == {
        "profile": f"2 of {len(Profile.model_fields)} answers known",
        "documents": "12 documents, 90 chunks",
        "pairs": "200 pairs; 2 documents held out",
        "mix": "1 made, the newest from the present pairs",
        "tune": "run r1",
        "evaluate": "run r2",
        "decide": "retrieval and fine-tuning together",
    }


def test_stations_say_what_they_wait_for() -> None:
    assert details({})["pairs"] == "needs documents first"
    assert details(READ)["mix"] == "needs pairs first"
    assert details(PAIRS)["tune"].startswith("needs a validation set first")
    assert details(SEALED)["tune"] == "needs a mix first"
    assert details(MIXED)["tune"] == "ready to tune; 180 sealed items wait"
    assert details(MIXED | {"running": "tune 17"})["tune"] == "running: tune 17"
    assert details(READ | {"method": "rag"})["tune"] == "not needed: the decision was retrieval (RAG)"


@pytest.mark.parametrize(
    ("action", "facts", "field"),
    [
        ("tune", PAIRS | {"mixes": 1}, "validation_items"),
        ("tune", SEALED, "mixes"),
        ("mix", READ, "pairs_accepted"),
        ("extract", PROFILE, "documents"),
        ("evaluate", READ, "validation_items"),
        ("diagnose", TUNED, "evaluated_run"),
    ],
)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_the_policy_refuses_whoever_asks(action: Any, facts: dict[str, Any], field: str, lang: Any) -> None:
    why = refusal(action, ProjectFacts(**facts), lang)
    assert why is not None
    assert why.evidence == (field,)
    assert "domainsmith" in why.text
    assert why.article in ARTICLES


@pytest.mark.parametrize("action", ["tune", "mix", "extract", "evaluate", "diagnose", "status", "ingest"])
def test_what_is_ready_is_not_refused(action: Any) -> None:
    assert refusal(action, ProjectFacts(**DECIDED)) is None


def test_an_empty_profile_knows_nothing() -> None:
    assert known_fields(Profile()) == 0
