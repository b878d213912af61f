from __future__ import annotations

import shlex
from typing import Any

import pytest

from agent.policy.data_checks import check_data
from agent.policy.ladder import next_rung
from agent.policy.ladder_fixes import fixes_after
from agent.policy.memory import fit
from agent.policy.rung_gates import gates
from agent.records.base import Language
from agent.records.diagnosis import Fix
from agent.records.ladder import DataFigures, Extrapolation, Paired, Pilot, ShorterRun
from tests.agent.policy.builders import ARTICLES, T4, estimate
from tests.agent.policy.test_ladder import BETTER, FALLING, FULL, LONGER_HELPS, RISES, RISING, evidence
from tests.agent.policy.test_plateau import half

FORESEEN = Extrapolation(
    pairs=80, doubling=0.1, low=0.02, high=0.2, at_double=0.6, pairs_for_target=320, pairs_low=150, pairs_high=None
)
SOUND = DataFigures(pairs=100, documents=10, general_share=0.7)


def fixes(
    figures: DataFigures = SOUND, foreseen: Extrapolation | None = None, lang: Language = "en", **changes: Any
) -> tuple[Fix, ...]:
    checks = check_data(figures)
    given = evidence(**({"data_checks": {check.name: check.passed for check in checks}} | changes))
    found = fixes_after(
        given, gates(given, lang=lang), next_rung(given, lang=lang), checks, foreseen, "our pumps", lang=lang
    )
    assert {fix.article for fix in found} <= ARTICLES
    assert all(shlex.split(fix.command)[0] == "domainsmith" for fix in found)
    return found


def test_a_met_target_needs_nothing() -> None:
    assert fixes(score=estimate(0.9, 200)) == ()


def test_every_failed_check_has_its_fix_with_what_it_concerns() -> None:
    bad = SOUND.model_copy(
        update={
            "ungrounded": ("p1", "p2", "p3"),
            "leaks": ("p4",),
            "wordings": 2.0,
            "general_share": 0.0,
        }
    )
    found = fixes(bad, learning_curve=(), pilots=())
    assert [fix.command for fix in found] == [
        "domainsmith review -p 'our pumps'",
        "domainsmith mix -p 'our pumps' --drop-leaks",
        "domainsmith extract -p 'our pumps' --wordings 16",
        "domainsmith mix -p 'our pumps' --domain-share 0.3",
        "domainsmith diagnose -p 'our pumps'",
    ]
    assert found[0].targets == ("p1", "p2", "p3")
    assert {fix.kind for fix in found} == {"data"}


@pytest.mark.parametrize(
    ("changes", "foreseen", "command", "says"),
    [
        (
            {"learning_curve": RISING, "curve_gain": RISES},
            FORESEEN,
            "extract",
            "+10 points (+2 to +20); the target would take about 320",
        ),
        (
            {"learning_curve": RISING, "curve_gain": RISES},
            FORESEEN.model_copy(update={"pairs_for_target": None}),
            "extract",
            "not foreseen",
        ),
        ({"learning_curve": RISING, "curve_gain": RISES}, None, "extract", "then measure again"),
        ({"losses": (0.01,) * 10}, None, "extract", "Add pairs"),
        ({"losses": FALLING}, None, "tune", "Train longer"),
        ({"losses": FALLING, "shorter": LONGER_HELPS}, None, "tune", "Train longer"),
        ({"score": None}, None, "validate", "Seal items of domain_knowledge"),
        ({"score": estimate(1.0, 4).model_copy(update={"errors": 12})}, None, "diagnose", "See why 12 of 16 items"),
        ({"score": estimate(0.75, 50)}, None, "validate", "50 cannot tell this score from the target, about"),
    ],
)
def test_what_is_mended_follows_from_the_gate(
    changes: dict[str, Any], foreseen: Extrapolation | None, command: str, says: str
) -> None:
    first = fixes(foreseen=foreseen, **changes)[0]
    assert shlex.split(first.command)[1] == command
    assert says in first.action


def test_looking_at_the_failed_items_is_said_once() -> None:
    found = fixes(score=estimate(1.0, 4).model_copy(update={"errors": 12}), data_checks={"leakage": False})
    assert [shlex.split(fix.command)[1] for fix in found].count("diagnose") == 1


def test_two_gates_that_ask_for_the_same_make_one_fix() -> None:
    found = fixes(foreseen=FORESEEN, learning_curve=RISING, curve_gain=RISES, losses=(0.01,) * 10)
    assert [shlex.split(fix.command)[1] for fix in found] == ["extract", "diagnose"]


def test_a_climb_that_waits_names_its_yes_and_its_cost() -> None:
    (wanted,) = fixes(pilots=(BETTER[0].model_copy(update={"seconds": 130.0}),))
    assert wanted.command == "domainsmith tune -p 'our pumps' --yes --climb-to lora"
    assert "its pilot took 2 min" in wanted.action
    assert "GiB are foreseen" in wanted.action
    (unknown,) = fixes(method="lora", rank=256, pilots=FULL)
    assert unknown.command.endswith("--climb-to full")
    assert "took ?" in unknown.action


def test_out_of_memory_is_answered_with_choices() -> None:
    found = fixes(method="qlora", out_of_memory=True, score=None)
    assert [fix.command for fix in found] == [
        "domainsmith tune -p 'our pumps' --method qlora --batch-size N",
        "domainsmith tune -p 'our pumps' --method lora",
        "domainsmith tune -p 'our pumps' --method full",
        "domainsmith plan",
    ]


def test_commands_carry_figures_where_those_of_the_run_are_known() -> None:
    assert fixes(losses=FALLING, epochs=3.0)[0].command == "domainsmith tune -p 'our pumps' --yes --epochs 6"
    assert fixes(losses=FALLING)[0].command.endswith("--epochs N")
    assert fixes(out_of_memory=True, batch_size=8)[0].command.endswith("--method qlora --batch-size 4")
    assert fixes(out_of_memory=True, batch_size=1)[0].command.endswith("--batch-size 1")


UNSURE = half(0.2, 1.2, gain=Paired(difference=-0.01, low=-0.1, high=0.08, p=0.6, n=50))
"""Its last two steps lie so far apart that the loss tells nothing; the items leave room for a gain."""


@pytest.mark.parametrize(
    ("shorter", "commands"),
    [
        (UNSURE, ["validate", "tune", "diagnose"]),
        (UNSURE.model_copy(update={"gain": None}), ["tune", "diagnose"]),
        (half(0.2, 1.2, gain=Paired(difference=0.02, low=-0.1, high=0.14, p=0.6, n=50)), ["tune", "diagnose"]),
    ],
    ids=[
        "more items would bring the interval down",
        "nothing asked of the items",
        "a gain that items would only bear out",
    ],
)
def test_what_cannot_tell_of_a_plateau_asks_for_what_would(shorter: ShorterRun, commands: list[str]) -> None:
    found = fixes(losses=FALLING, shorter=shorter)
    assert [shlex.split(fix.command)[1] for fix in found] == commands
    assert "Train longer: whether the loss still falls cannot be told." in [fix.action for fix in found]


def test_the_items_that_would_tell_of_a_plateau_are_counted() -> None:
    """Checked by hand: 9 points above its middle at 50 items; 3 points, a third of it, at nine times as many."""
    assert "50 leave room for a gain by more steps, about 450 could" in fixes(losses=FALLING, shorter=UNSURE)[0].action


@pytest.mark.parametrize(
    ("paired", "commands"),
    [
        (Paired(difference=-0.01, low=-0.1, high=0.08, p=0.6, n=50), ["validate", "extract", "diagnose"]),
        (Paired(difference=0.05, low=-0.1, high=0.2, p=0.6, n=50), ["extract", "diagnose"]),
        (None, ["extract", "diagnose"]),
    ],
    ids=["more items would bring the interval down", "a gain that items would only bear out", "no items to pair"],
)
def test_what_cannot_tell_of_a_flat_curve_asks_for_what_would(paired: Paired | None, commands: list[str]) -> None:
    found = fixes(foreseen=FORESEEN, curve_gain=paired)
    assert [shlex.split(fix.command)[1] for fix in found] == commands
    assert "Add pairs: twice as many are foreseen to bring +10 points" in "".join(fix.action for fix in found)


def test_items_that_are_missing_for_two_gates_are_asked_for_once_and_as_many_as_both_need() -> None:
    """Checked by hand: 9 points above its middle at 50 items are 450, 15 points are 25 times 50."""
    wide = Paired(difference=-0.01, low=-0.16, high=0.13999, p=0.9, n=50)
    found = fixes(losses=FALLING, shorter=UNSURE, curve_gain=wide)
    assert [shlex.split(fix.command)[1] for fix in found] == ["validate", "tune", "extract", "diagnose"]
    assert "50 leave room for a gain by more pairs, about 1250 could rule it out" in found[0].action
    less = wide.model_copy(update={"low": -0.04, "high": 0.021})
    assert "a gain by more steps, about 450" in fixes(losses=FALLING, shorter=UNSURE, curve_gain=less)[0].action


def test_at_the_top_the_question_is_a_larger_model() -> None:
    (found,) = fixes(method="full", rank=None, pilots=())
    assert "larger base model" in found.action
    (missing,) = fixes(method="lora", rank=256, fits=fit(T4, 1, 7), pilots=(Pilot(method="full", loss=0.5),))
    assert missing == found


def test_the_fixes_speak_chinese() -> None:
    for changes in (
        {"learning_curve": RISING, "curve_gain": RISES},
        {"losses": FALLING},
        {"losses": FALLING, "shorter": UNSURE},
        {"curve_gain": Paired(difference=-0.01, low=-0.1, high=0.08, p=0.6, n=50)},
        {"out_of_memory": True},
        {},
    ):
        assert all(any("\u4e00" <= c <= "\u9fff" for c in fix.action) for fix in fixes(lang="zh", **changes))


def test_a_score_of_the_very_target_asks_for_items_without_end() -> None:
    (first, *_) = fixes(score=estimate(0.7999, 500))
    assert "about" in first.action
