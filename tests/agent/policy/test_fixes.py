from __future__ import annotations

import re
import shlex
from typing import Any, get_args

import pytest

from agent.policy.fixes import fixes_for
from agent.policy.power import wilson_interval
from agent.policy.thresholds import Thresholds
from agent.records.diagnosis import Cause, CauseCount, DiagnosedItem, Preamble
from tests.agent.policy.builders import ARTICLES

CAUSES: tuple[Cause, ...] = get_args(Cause)
OPTIONS = {
    "validate": {"-p", "--questions"},
    "review": {"-p"},
    "ingest": {"-p"},
    "extract": {"-p", "--wordings", "--unanswerable"},
    "mix": {"-p", "--domain-share"},
    "retrieve": {"-p", "-k", "--questions"},
    "tune": {"-p"},
    "diagnose": {"-p"},
}
"""Commands of the public contract that a fix may name, with their options."""


def counts(**found: int) -> list[CauseCount]:
    failed = sum(found.values()) or 1
    made = []
    for cause, count in found.items():
        low, high = wilson_interval(count / failed, failed)
        made.append(
            CauseCount.model_validate(
                {"cause": cause, "count": count, "share": count / failed, "low": low, "high": high}
            )
        )
    return made


def item(name: str, cause: Cause, **evidence: Any) -> DiagnosedItem:
    return DiagnosedItem(id=name, arm="rag", cause=cause, evidence=evidence)


@pytest.mark.parametrize(
    ("cause", "kind", "command"),
    [
        ("wrong_reference", "data", "validate"),
        ("missing_source", "data", "ingest"),
        ("retrieval_miss", "retrieval", "retrieve"),
        ("context_lost", "retrieval", "retrieve"),
        ("reader_miss", "training", "tune"),
        ("unsupported", "data", "extract"),
        ("format", "data", "review"),
        ("truncated", "prompt", "review"),
        ("knowledge_gap", "data", "extract"),
        ("bad_training_pair", "data", "review"),
        ("undertrained", "training", "tune"),
        ("overfit", "training", "tune"),
        ("forgetting", "data", "mix"),
        ("ambiguous_question", "data", "validate"),
        ("unexplained", "data", "diagnose"),
    ],
)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_cause_has_its_fix(cause: Cause, kind: str, command: str, lang: Any) -> None:
    (fix,), _ = fixes_for(counts(**{cause: 3}), [item("i1", cause)], "my project", lang=lang)
    assert fix.kind == kind
    assert fix.article in ARTICLES
    assert fix.targets == ("i1",)
    program, name, *rest = shlex.split(fix.command)
    assert (program, name) == ("domainsmith", command)
    assert {part for part in rest if re.match(r"-{1,2}[a-z]", part)} <= OPTIONS[command]
    assert rest[rest.index("-p") + 1] == "my project"


def test_data_comes_first_and_training_last() -> None:
    fixes, _ = fixes_for(counts(**dict.fromkeys(CAUSES, 2)), [], "p")
    kinds = [fix.kind for fix in fixes if "by hand" not in fix.action]
    assert len(fixes) == len(CAUSES)
    assert kinds == sorted(kinds, key=["data", "retrieval", "prompt", "training"].index)
    actions = [fix.action for fix in fixes]
    order = [
        "reference answers",
        "teach the wrong answer",
        "hold the answers",
        "wanted form",
        "wordings",
        "general data",
    ]
    found = [next(at for at, action in enumerate(actions) if part in action) for part in order]
    assert found == sorted(found)


@pytest.mark.parametrize(
    ("found", "retrain"),
    [
        ({}, False),
        ({"undertrained": 5}, True),
        ({"overfit": 5, "reader_miss": 2}, True),
        ({"undertrained": 5, "wrong_reference": 1}, False),
        ({"undertrained": 5, "wrong_reference": 0}, True),
        ({"undertrained": 5, "forgetting": 1}, False),
        ({"undertrained": 5, "retrieval_miss": 1}, False),
        ({"undertrained": 5, "unexplained": 2}, True),
        ({"undertrained": 5, "unexplained": 5}, False),
        ({"unexplained": 5}, False),
    ],
    ids=str,
)
def test_training_again_only_if_nothing_else_is_left(found: dict[str, int], retrain: bool) -> None:
    assert fixes_for(counts(**found), [], "p")[1] is retrain


def test_why_gives_count_share_and_interval() -> None:
    fixes, _ = fixes_for(counts(retrieval_miss=18, wrong_reference=11), [], "p")
    assert fixes[1].why == "18 of 29 failed items (62%, 95% interval 44%–77%)"


def test_a_bad_pair_is_the_target_where_it_is_named() -> None:
    items = [
        item("i1", "bad_training_pair", pair="p9"),
        item("i2", "bad_training_pair", pair="p9"),
        item("i3", "bad_training_pair"),
        item("i4", "format"),
    ]
    fixes, _ = fixes_for(counts(bad_training_pair=3, format=1), items, "p")
    assert [fix.targets for fix in fixes] == [("p9", "i3"), ("i4",)]


@pytest.mark.parametrize(
    ("share", "lower"), [(None, "0.1"), (0.3, "0.1"), (0.6, "0.3"), (1.0, "0.6"), (0.45, "0.3"), (0.1, "0.05")]
)
def test_forgetting_lowers_the_domain_share_one_step(share: float | None, lower: str) -> None:
    fixes, _ = fixes_for(counts(forgetting=1), [], "p", domain_share=share)
    assert fixes[0].command == f"domainsmith mix -p p --domain-share {lower}"


def test_names_are_quoted_for_the_shell() -> None:
    fixes, _ = fixes_for(counts(wrong_reference=1), [], "示例; rm -rf /", items_file="my items.jsonl")
    assert shlex.split(fixes[0].command) == [
        "domainsmith",
        "validate",
        "-p",
        "示例; rm -rf /",
        "--questions",
        "my items.jsonl",
    ]


MEASURED: list[tuple[str, Cause, list[dict[str, Any]], str]] = [
    ("nine of ten missed passages stand by rank 9", "retrieval_miss",
     [{"rank": rank, "k": 5} for rank in (6, 7, 7, 8, 8, 8, 9, 9, 9, 27)], "evaluate -p p -k 9"),
    ("most are not found at all", "retrieval_miss",
     [{"rank": 6, "k": 5}, {"rank": None}, {"rank": None}], "retrieve -p p -k 10 --questions validation.jsonl"),
    ("the gate was set too strictly", "context_lost",
     [{"unread": True, "abstain_below": 0.95, "search_evidence": 0.9}] * 3, "evaluate -p p --abstain-below 0.5"),
    ("the usual gate doubts what is right", "context_lost",
     [{"unread": True, "abstain_below": 0.5, "search_evidence": e} for e in (0.21, 0.33, 0.38, 0.4, 0.45)],
     "evaluate -p p --abstain-below 0.3"),
    ("the gate doubts and says nothing", "context_lost",
     [{"unread": True, "abstain_below": 0.5, "search_evidence": None}],
     "retrieve -p p -k 3 --questions validation.jsonl"),
    ("more room shows it", "context_lost",
     [{"passages": 1, "characters": 480}, {"passages": 2, "characters": 960}],
     "evaluate -p p --passages 2 --passage-characters 960"),
    ("no room shows it", "context_lost", [{"rank": 1}], "retrieve -p p -k 3 --questions validation.jsonl"),
    ("the gate stood open", "unsupported",
     [{"should_abstain": True, "search_evidence": 0.2, "abstain_below": 0.0}], "evaluate -p p --abstain-below 0.5"),
    ("the search was sure", "unsupported",
     [{"should_abstain": True, "search_evidence": 0.9, "abstain_below": 0.5}], "extract -p p --unanswerable 0.05"),
    ("a limit cuts", "truncated",
     [{"limit": 4, "needed": 24}, {"limit": 4, "needed": 48}], "evaluate -p p --max-tokens 48"),
    ("the answers themselves are long", "truncated", [{"tokens": 24}], "review -p p"),
    ("stopped after half an epoch", "undertrained", [{"epochs": 0.5}], "tune -p p"),
    ("stopped after one", "undertrained", [{"epochs": 1.0}], "tune -p p --epochs 2"),
    ("stopped after three", "undertrained", [{"epochs": 3.0}], "tune -p p --epochs 6"),
    ("best after two", "overfit", [{"best_epoch": 2.0}], "tune -p p --epochs 2"),
]  # fmt: skip


@pytest.mark.parametrize(("cause", "seen", "command"), [row[1:] for row in MEASURED], ids=[row[0] for row in MEASURED])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_was_measured_sets_the_figure(cause: Cause, seen: list[dict[str, Any]], command: str, lang: Any) -> None:
    items = [item(f"i{number}", cause, **one) for number, one in enumerate(seen)]
    (fix,), _ = fixes_for(counts(**{cause: len(seen)}), items, "p", lang=lang)
    assert fix.command == f"domainsmith {command}"
    assert fix.article in ARTICLES
    assert "{" not in fix.action


def test_all_bad_pairs_of_an_item_are_targets() -> None:
    items = [item("i1", "bad_training_pair", pair="p2", pairs="p1 p2"), item("i2", "format", pairs="p3")]
    fixes, _ = fixes_for(counts(bad_training_pair=1, format=1), items, "p")
    assert [fix.targets for fix in fixes] == [("p1", "p2"), ("p3",)]


def test_what_explains_next_to_nothing_comes_after_the_rest() -> None:
    fixes, _ = fixes_for(counts(truncated=30, unsupported=2, wrong_reference=3), [], "p")
    assert [fix.command.split()[1] for fix in fixes] == ["validate", "review", "extract"]


def begun(text: str, *pairs: str, tells_apart: bool = True) -> Preamble:
    return Preamble(text=text, words=tuple(text.split()), pairs=pairs, tells_apart=tells_apart)


THANKS = begun("Thank you; we're glad", "p1", "p2", "p3")
LATE: list[tuple[str, list[Preamble], list[dict[str, Any]], str, tuple[str, ...]]] = [
    ("all pairs that begin so, whatever the items' own are", [THANKS],
     [{"preamble": THANKS.text, "pairs": "p2"}, {"preamble": THANKS.text}, {}],
     "review list -p p --containing 'Thank you; we'\"'\"'re glad'", ("p2", "p1", "p3", "i2")),
    ("Chinese", [begun("感谢您的提问", "p4")], [{"preamble": "感谢您的提问"}],
     "review list -p p --containing '感谢您的提问'", ("p4",)),
    ("two preambles are two searches", [THANKS, begun("Dear friend", "p4")],
     [{"preamble": THANKS.text}, {"preamble": "Dear friend"}], "review -p p", ("p1", "p2", "p3", "p4")),
    ("a search would find other pairs too", [begun("Thank", "p1", tells_apart=False)], [{"preamble": "Thank"}],
     "review -p p", ("p1",)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("preambles", "seen", "command", "targets"), [row[1:] for row in LATE], ids=[r[0] for r in LATE]
)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_pairs_with_a_preamble_are_looked_through_together(
    preambles: list[Preamble], seen: list[dict[str, Any]], command: str, targets: tuple[str, ...], lang: Any
) -> None:
    items = [item(f"i{number}", "format", **one) for number, one in enumerate(seen)]
    (fix,), _ = fixes_for(counts(format=len(seen)), items, "p", preambles=preambles, lang=lang)
    assert (fix.kind, fix.command, fix.targets) == ("data", f"domainsmith {command}", targets)
    assert {"en": "preamble", "zh": "套话"}[lang] in fix.action
    assert fix.article in ARTICLES
    assert fix.article != "pair-quality", "what these pairs teach is right: none is dropped"


def test_where_few_answers_show_a_preamble_the_form_itself_is_the_fix() -> None:
    items = [item("i1", "format", preamble=THANKS.text), item("i2", "format"), item("i3", "format", pairs="p9")]
    (fix,), _ = fixes_for(counts(format=3), items, "p", preambles=[THANKS])
    assert (fix.command, fix.targets) == ("domainsmith review -p p", ("p1", "p2", "p3", "i2", "p9"))
    assert "wanted form" in fix.action


def counted(missed: int, undertrained: int) -> list[CauseCount]:
    return [
        CauseCount(cause="retrieval_miss", count=missed, share=0.5, low=0.1, high=0.9),
        CauseCount(cause="undertrained", count=undertrained, share=0.5, low=0.1, high=0.9),
    ]


def test_a_project_with_numbers_of_its_own_gets_fixes_with_them() -> None:
    own = Thresholds(wider_k=20, more_epochs=3, minor_cause=0.9)
    causes = counted(9, 10)
    items = [DiagnosedItem(id="a", arm="rag", cause="undertrained", evidence={"epochs": 2.0})]
    usual = [fix.command for fix in fixes_for(causes, items, "p")[0]]
    changed = [fix.command for fix in fixes_for(causes, items, "p", thresholds=own)[0]]
    assert ("-k 10" in usual[0], "--epochs 4" in usual[1]) == (True, True)
    assert ("-k 20" in changed[0], "--epochs 6" in changed[1]) == (True, True)
    few = counted(8, 10)
    assert "--epochs" in fixes_for(few, items, "p", thresholds=own)[0][0].command, "what explains little comes last"
