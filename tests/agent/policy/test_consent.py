from __future__ import annotations

from typing import Any, get_args

import pytest

from agent.policy.consent import EFFECTS, consent
from agent.records.decision import Action
from agent.records.facts import StepFacts
from tests.agent.policy.builders import ARTICLES


def test_every_action_has_an_effect() -> None:
    assert set(EFFECTS) == {*get_args(Action), "delete", "judge", "bench"}


@pytest.mark.parametrize(
    ("step", "facts", "needed", "says"),
    [
        ("tune", {"seconds_high": 10}, True, "always needs a yes"),
        ("tune", {}, True, "always needs a yes"),
        ("delete", {}, True, "cannot be undone"),
        ("evaluate", {"seconds_low": 30, "seconds_high": 60}, False, ""),
        ("evaluate", {"seconds_high": 600}, True, "more than 2 min"),
        ("evaluate", {"seconds_low": 600}, True, "more than 2 min"),
        ("evaluate", {}, True, "not known"),
        ("extract", {"seconds_high": 20, "sends_to": "api.example.org"}, True, "leave this machine"),
        ("decide", {"sends_to": "api.example.org"}, True, "leave this machine"),
        ("ingest", {}, False, ""),
        ("ingest", {"seconds_high": 7200}, True, "more than"),
        ("status", {"seconds_high": 7200}, False, ""),
        ("judge", {"seconds_high": 20, "sends_to": "api.example.org"}, True, "leave this machine"),
        ("judge", {"seconds_high": 600}, True, "more than 2 min"),
        ("judge", {"seconds_high": 60}, False, ""),
        ("bench", {"seconds_high": 60}, True, "the whole machine for itself"),
    ],
)
@pytest.mark.parametrize("approved", [False, True], ids=["asked", "direct command"])
def test_what_needs_a_yes(step: Any, facts: dict[str, Any], needed: bool, says: str, approved: bool) -> None:
    decision = consent(step, StepFacts(subject="the step", approved=approved, **facts))
    assert decision.needed is (needed and not approved)
    said = "\n".join(one.text for one in decision.reasons)
    assert says in said
    assert {one.article for one in decision.reasons} <= ARTICLES
    assert ("which is the yes" in said) is (needed and approved)


@pytest.mark.parametrize(
    ("lang", "summary"),
    [
        (
            "en",
            "Q-LoRA of SmolLM2-135M on mix 3f2a. Takes 4 min to 6 min; memory 1.2–2.5 GiB. Changes: a new run folder. "
            "Sends text of the documents to api.example.org.",
        ),
        (
            "zh",
            "Q-LoRA of SmolLM2-135M on mix 3f2a。用时 4 分钟 到 6 分钟；内存 1.2–2.5 GiB。变化：a new run folder。"
            "会把文档内容发送到 api.example.org。",
        ),
    ],
)
def test_the_summary_says_what_how_long_memory_and_changes(lang: Any, summary: str) -> None:
    facts = StepFacts(
        subject="Q-LoRA of SmolLM2-135M on mix 3f2a",
        seconds_low=240,
        seconds_high=360,
        gib_low=1.2,
        gib_high=2.5,
        changes=("a new run folder",),
        sends_to="api.example.org",
    )
    assert consent("tune", facts, lang=lang).summary == summary


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({}, "Takes unknown; memory unknown. Changes nothing."),
        ({"seconds_high": 45}, "Takes about 45 s;"),
        ({"seconds_low": 100, "seconds_high": 110}, "Takes about 2 min;"),
        ({"seconds_high": 7200}, "Takes about 2.0 h;"),
        ({"gib_high": 14}, "memory 14 GiB"),
    ],
)
def test_what_is_unknown_is_said_to_be(facts: dict[str, Any], says: str) -> None:
    assert says in consent("evaluate", StepFacts(subject="x", **facts)).summary
