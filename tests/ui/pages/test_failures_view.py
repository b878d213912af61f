"""Failed items and fixes as HTML, and what the page does about each fix."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path
from typing import Any

import pytest

from agent.policy.fixes import fixes_for
from agent.records.base import Language
from agent.records.corpus import Chunk, Retrieved
from agent.records.diagnosis import CauseCount, DiagnosedItem, Diagnosis, Fix
from agent.records.evaluation import Item, ItemAnswer
from agent.settings import Settings
from tests.ui.pages.test_runs_view import EVIL
from tools.diagnosis import causes, preambles, training_faults
from tools.diagnosis.remedy import BlockedRemedy, LookUpRemedy, PersonRemedy, StepRemedy, find_passages, remedy
from tools.extraction.request import ExtractRequest
from tools.mixing.request import MixRequest
from tools.workspace import Project, Workspace
from ui.i18n import phrases
from ui.pages import failures_view


def item(**changes: Any) -> Item:
    values: dict[str, Any] = {
        "id": "i1",
        "kind": "knowledge",
        "dimension": "domain_knowledge",
        "language": "en",
        "question": "What is the pressure?",
        "answers": ("12 bar",),
        "document": "doc",
        "start": 10,
        "end": 30,
        "context": "The pressure is 12 bar.",
    }
    return Item(**(values | changes))


def answer(**changes: Any) -> ItemAnswer:
    values: dict[str, Any] = {"item": "i1", "arm": "tuned+rag", "text": "99 bar", "score": 0.0}
    return ItemAnswer(**(values | changes))


def hit(start: int = 0, end: int = 40, text: str = "The pressure is 12 bar.", document: str = "doc") -> Retrieved:
    chunk = Chunk(
        id=f"{document}:{start}-{end}",
        document=document,
        name="manual.pdf",
        title="Manual",
        headings=(),
        page=3,
        start=start,
        end=end,
        text=text,
        language="en",
    )
    return Retrieved(chunk=chunk, score=1.0)


def diagnosed(cause: Any = "reader_miss", **evidence: Any) -> DiagnosedItem:
    return DiagnosedItem(id="i1", arm="tuned+rag", cause=cause, evidence=evidence)


def shown(found: DiagnosedItem, asked: Item, given: ItemAnswer, lang: Language = "en", **more: Any) -> str:
    answers = more.get("answers") or {given.arm: given}
    return failures_view.item((found, asked, given), answers, more.get("retrieved", ()), lang, "p")


def test_an_item_opens_question_gold_answers_context_and_evidence() -> None:
    given = answer(retrieved=("doc:0-40", "gone:0-1"), context_has_gold=True)
    html = shown(
        diagnosed(oracle_right=False, rank=None, k=5.0),
        item(),
        given,
        answers={"base": answer(arm="base", text="12 bar", score=1.0), "tuned+rag": given},
        retrieved=[hit()],
    )
    assert "What is the pressure?" in html
    assert '<p class="ds-gold"><span lang="en">12 bar</span></p>' in html
    assert '✓</span> <span translate="no">12 bar</span>' in html
    assert '✗</span> <span translate="no">99 bar</span>' in html
    assert "the answer stood in its context" in html
    assert "<dt>right with the gold passage</dt><dd>no</dd>" in html
    assert "<dt>rank of the right passage</dt><dd>not found</dd>" in html
    assert 'href="/en/documents?project=p&amp;document=doc&amp;start=10&amp;end=30"' in html
    assert 'href="/en/documents?project=p&amp;document=doc&amp;start=0&amp;end=40"' in html
    assert "manual.pdf, p. 3" in html
    assert "gone:0-1" in html


def written_evidence() -> set[str]:
    """Return every name under which a test for a cause writes what it saw."""
    names = set()
    for file in (causes, preambles, training_faults):
        for part in ast.walk(ast.parse(inspect.getsource(file))):
            if isinstance(part, ast.FunctionDef) and part.returns and "Evidence" in ast.unparse(part.returns):
                dicts = [one for one in ast.walk(part) if isinstance(one, ast.Dict)]
                names |= {key.value for one in dicts for key in one.keys if isinstance(key, ast.Constant)}
    return names


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_all_evidence_has_a_name_in_the_language_of_the_page(lang: Language) -> None:
    names = written_evidence()
    assert {"unread", "pair", "first_loss", "preamble", "rank"} <= names
    assert [name for name in sorted(names) if f"evaluation_evidence_{name}" not in phrases(lang)] == []


def test_every_pair_of_the_evidence_is_linked() -> None:
    html = shown(diagnosed("format", pairs="p1 p<2"), item(), answer())
    assert (
        '<dt>training pairs concerned</dt><dd><a href="/en/pairs?project=p&amp;pair=p1" translate="no">p1</a> ' in html
    )
    assert ">p&lt;2</a></dd>" in html


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"answerable": False, "answers": ()}, "abstaining is right"),
        ({"form": "choice", "options": ("red", "blue"), "correct": 1}, '(not: <span lang="en">red</span>)'),
        (
            {"form": "constraint", "constraint": {"kind": "bullets", "count": 2}, "answers": ()},
            "kind: bullets, count: 2",
        ),
        ({"question": "", "form": "minimal_pair", "options": ("It is.", "It are."), "correct": 0}, "It is. / It are."),
    ],
)
def test_every_form_of_item_says_what_was_right(changes: dict[str, Any], says: str) -> None:
    assert says in shown(diagnosed(), item(**changes), answer())


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"score": None, "error": "out of time"}, "out of time"),
        ({"text": ""}, "said nothing"),
        ({"abstained": True, "truncated": True}, "abstained · cut off by length"),
    ],
)
def test_how_an_answer_went_wrong_is_said(changes: dict[str, Any], says: str) -> None:
    assert says in shown(diagnosed(), item(), answer(**changes))


def test_a_pair_at_fault_is_a_link() -> None:
    html = shown(diagnosed("bad_training_pair", pair="q7", teaches="13 bar"), item(), answer())
    assert 'href="/en/pairs?project=p&amp;pair=q7"' in html


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_everything_is_escaped(lang: Language) -> None:
    given = answer(text=EVIL, error="", retrieved=(EVIL, "doc:0-40"))
    evil = item(question=EVIL, answers=(EVIL,), context=EVIL, id="i1", document=EVIL)
    fix = Fix(kind="data", action=EVIL, command=f"domainsmith review {EVIL}", targets=(), why=EVIL, article=EVIL)
    parts = [
        shown(diagnosed(**{EVIL: EVIL, "pair": EVIL, "document": EVIL}), evil, given, lang, retrieved=[hit(text=EVIL)]),
        shown(diagnosed(), item(options=(EVIL, "b"), correct=0, form="choice"), given, lang),
        shown(diagnosed(), item(constraint={EVIL: EVIL}, answers=()), answer(score=None, error=EVIL), lang),
        failures_view.fix(fix, PersonRemedy("pairs"), 1, lang, EVIL),
        failures_view.fix(fix, BlockedRemedy(EVIL), 1, lang, EVIL),
        failures_view.looked_up(find_passages([evil], [[hit()]]), 5, lang),
    ]
    for part in parts:
        assert "<img" not in part


def test_causes_come_with_count_share_and_interval() -> None:
    causes = (CauseCount(cause="reader_miss", count=3, share=0.75, low=0.3, high=0.95),)
    found = Diagnosis(run="r", failed=4, items=(diagnosed(),), causes=causes, fixes=(), retrain=False)
    html = failures_view.summary(found, "en")
    assert "Of the answers of tuned + RAG, 4 failed" in html
    assert "75% (30%–95%)" in html
    assert failures_view.cause_label(causes[0], "zh") == "段落在上下文中但读错 (3)"
    none = found.model_copy(update={"failed": 0, "items": (), "causes": ()})
    assert "No item failed" in failures_view.summary(none, "en")
    assert failures_view.fixes_head(none, "en") == ""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Workspace(tmp_path).create("The pumps")


CAUSES = (
    ("wrong_reference", PersonRemedy("items")),
    ("bad_training_pair", PersonRemedy("pairs")),
    ("missing_source", PersonRemedy("documents")),
    ("ambiguous_question", PersonRemedy("items")),
    ("format", PersonRemedy("pairs")),
    ("unsupported", StepRemedy("extract", ExtractRequest(unanswerable_share=0.05))),
    ("knowledge_gap", StepRemedy("extract", ExtractRequest(wordings=16))),
    ("forgetting", StepRemedy("mix", MixRequest(domain_share=0.1, drop_leaks=True))),
    ("retrieval_miss", LookUpRemedy(10)),
    ("context_lost", LookUpRemedy(3)),
    ("truncated", PersonRemedy("pairs")),
    ("unexplained", PersonRemedy("items")),
)


@pytest.mark.parametrize(("cause", "expected"), CAUSES, ids=[cause for cause, _ in CAUSES])
def test_the_page_reads_the_command_of_every_fix(cause: Any, expected: object, project: Project) -> None:
    counts = (CauseCount(cause=cause, count=1, share=1, low=0.2, high=1),)
    (fix,), _ = fixes_for(counts, [diagnosed(cause)], project.info.name, domain_share=0.3)
    assert remedy(fix, project, Settings(home=project.root, _env_file=None)) == expected


@pytest.mark.parametrize("cause", ["reader_miss", "undertrained", "overfit"])
def test_training_again_is_blocked_without_a_mix(cause: Any, project: Project) -> None:
    counts = (CauseCount(cause=cause, count=1, share=1, low=0.2, high=1),)
    (fix,), _ = fixes_for(counts, [diagnosed(cause)], project.info.name)
    found = remedy(fix, project, Settings(home=project.root, _env_file=None))
    assert isinstance(found, BlockedRemedy)
    html = failures_view.fix(fix, found, 1, "en", project.id)
    assert "Cannot start now: there is no mix to train on yet" in html
    assert "domainsmith tune -p &#x27;The pumps&#x27;" in html


def test_a_passage_is_found_by_place_or_by_what_it_says() -> None:
    items = [item(), item(document="other", start=None, end=None), item(document="other", start=90, end=99)]
    silent = hit(200, 240, "Nothing of the kind.")
    found = find_passages(items, [[silent, hit()], [hit()], [silent]])
    assert [one.rank for one in found] == [2, 1, None]
    html = failures_view.looked_up(found, 10, "en")
    assert "found for 2 of 3 questions" in html
