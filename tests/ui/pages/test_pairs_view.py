"""A pair, its source and the coverage as HTML."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest

from agent.records.base import Language
from agent.records.corpus import DocumentText
from agent.records.pairs import ExtractResult, Message
from tests.ui.pages.pairs_project import PAIRS, TEXTS, make_pair
from tools.extraction.checks import CHECKS
from tools.pairs import reason_of
from ui.pages import pairs_coverage, pairs_view
from ui.pages.pairs_coverage import Coverage, coverage_map
from ui.pages.pairs_reasons import label, reason

NASTY = "<img src=x onerror=alert(1)>"


def text_of(identifier: str) -> DocumentText:
    name, lang, text = TEXTS[identifier]
    return DocumentText.model_validate(
        {"document": identifier, "name": name, "sha256": "s", "language": lang, "title": "", "text": text}
    )


def link(**filters: str) -> str:
    return "/p?" + "&".join(f"{key}={value}" for key, value in filters.items())


@pytest.mark.parametrize(
    ("text", "lang", "said"),
    [
        ("", "en", ""),
        ("twice, I think", "zh", "twice, I think"),
        ("length: question or answer is too short or too long", "zh", "问题或答案过短或过长"),
        ("conflict: a says '5', b says '6'", "en", "documents contradict each other: a says “5”, b says “6”"),
        ("conflict: a.md says \"it's\", b.md says '6'", "zh", "文档相互矛盾：a.md 写的是“it's”，b.md 写的是“6”"),
        ("not_duplicate: the same fact stands in a.md", "zh", "同一事实已见于 a.md"),
        ("not_duplicate: the same question was made before", "en", CHECKS["not_duplicate"]),
    ],
)  # fmt: skip
def test_reasons(text: str, lang: Language, said: str) -> None:
    assert reason(text, lang) == said


def test_every_check_has_a_name_and_a_reason_in_both_languages() -> None:
    for name, why in CHECKS.items():
        assert reason(f"{name}: {why}", "en") == label(name, "en") == why
        assert reason(f"{name}: {why}", "zh") == label(name, "zh") != why
    assert label("conflict", "zh") == "文档相互矛盾"
    assert label("my own words", "zh") == "my own words"


def test_a_card_says_state_and_checks_in_words() -> None:
    html = pairs_view.card(PAIRS[3], "en")
    assert "✕</span> rejected" in html
    assert "question or answer is too short or too long" in html
    chips = re.findall(r"<li.*?</li>", html)
    assert [re.sub("<.*?>", "", chip).strip() for chip in chips] == ["✕ length: failed", "✓ quote verbatim: ok"]
    assert 'title="question or answer' in chips[0]
    assert "No checks were made." in pairs_view.card(PAIRS[4], "en")
    assert "○</span> 待审核" in pairs_view.card(PAIRS[2], "zh")
    measured = pairs_view.checks(make_pair("p", "", "", "q?", "a", checks={"closeness": 0.5}), "en")
    assert "closeness: <strong>0.50</strong>" in measured


def test_reviewed_and_edited_pairs_say_so_and_earlier_turns_are_folded() -> None:
    spoken = [("system", "Be brief."), ("user", "Hello"), ("assistant", "Hi"), ("user", "Why?"), ("assistant", "So.")]
    messages = tuple(Message.model_validate({"role": role, "content": words}) for role, words in spoken)
    html = pairs_view.card(PAIRS[0].model_copy(update={"messages": messages, "reviewed": True, "edited": True}), "en")
    assert "reviewed · edited" in html
    assert html.index("<details>") < html.index("Hello") < html.index("Why?")
    assert "Be brief." not in html


def test_the_source_shows_the_quote_marked() -> None:
    html = pairs_view.source(PAIRS[0], text_of("pump-md-1"), "/d?a=1&b=2", "en")
    assert '<mark id="ds-quote">12 bar</mark>' in html
    assert "pump.md · page 1" in html
    assert "/d?a=1&amp;b=2" in html
    assert "was imported" in pairs_view.source(PAIRS[4], None, "", "en")
    assert "not in the project any more" in pairs_view.source(PAIRS[0], None, "", "en")
    moved = PAIRS[0].model_copy(update={"start": 3, "end": 9})
    assert "does not stand at its place" in pairs_view.source(moved, text_of("pump-md-1"), "", "en")
    assert "<mark>12 bar</mark>" in pairs_view.source(moved, text_of("pump-md-1"), "", "en")


def test_what_documents_and_models_write_is_text() -> None:
    fields: dict[str, Any] = {"checks": {NASTY: False}, "reason": NASTY, "status": "rejected"}
    one = make_pair("p", "", NASTY, NASTY, NASTY, **fields).model_copy(update={"id": NASTY, "document": "d"})
    text = text_of("pump-md-1").model_copy(update={"text": NASTY * 3, "name": NASTY})
    quoted = one.model_copy(update={"start": 0, "end": len(NASTY)})
    html = pairs_view.card(one, "en") + pairs_view.source(one, None, NASTY, "en")
    html += pairs_view.source(quoted, text, NASTY, "zh") + pairs_view.nothing("en", NASTY)
    counted = Coverage.of([one])
    html += coverage_map(counted, {"d": NASTY}, {"d"}, lambda **_: NASTY, "en")
    html += pairs_coverage.reasons(counted, lambda **_: NASTY, "en") + pairs_view.empty(True, NASTY, NASTY, "en")
    assert "<img" not in html
    assert NASTY in unescape(html)


@pytest.mark.parametrize(
    ("has_documents", "time", "said"),
    [
        (False, "", "Read documents first"),
        (True, "2 min to 4 min", "Estimated time: 2 min to 4 min."),
    ],
)
def test_an_empty_project(has_documents: bool, time: str, said: str) -> None:
    html = pairs_view.empty(has_documents, time, "/en/documents", "en")
    assert said in html
    assert ("Extract to see pairs." in html) == has_documents


def test_a_finished_extraction() -> None:
    result = ExtractResult(
        pairs=1234, rejected=5, rejects_by_reason={}, facts=99, by_source={}, documents_train=4, documents_held_out=1,
        files={},
    )  # fmt: skip
    assert "1,234 pairs accepted for 99 facts, 5 rejected" in pairs_view.ended(result, "en")


def rows(html: str) -> list[list[str]]:
    found = re.findall(r"<tr>(.*?)</tr>", html, flags=re.DOTALL)
    return [[re.sub("<.*?>", "", cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", row)] for row in found]


def test_the_map_counts_documents_by_kinds() -> None:
    names = {identifier: name for identifier, (name, _, _) in TEXTS.items()}
    html = coverage_map(Coverage.of(PAIRS), names, {"spare-md-3"}, link, "en")
    assert rows(html) == [
        ["Document", "factual", "numeric", "All", "Waiting", "Rejected"],
        ["no document (imported)", "1", "0", "1", "0", "0"],
        ["pump.md", "0", "1", "1", "1", "1"],
        ["spare.mdheld out: only tests", "0", "0", "0", "0", "0"],
        ["指南.md", "0", "0", "0", "1", "0"],
    ]
    assert "2 accepted, 2 wait for review, 1 rejected" in html
    assert 'href="/p?document=pump-md-1&amp;kind=numeric&amp;status=accepted"' in html
    assert html.count("ds-shade-4") == 2


def test_a_large_map_shows_the_gaps() -> None:
    names = {f"d{number:03}": f"d{number:03}.md" for number in range(100)}
    pairs = [
        PAIRS[0].model_copy(update={"id": f"p{number}-{one}", "document": f"d{number:03}"})
        for number in range(100)
        for one in range(number)
    ]
    html = coverage_map(Coverage.of(pairs), names, set(), link, "en")
    shown = rows(html)[1:]
    assert [row[0] for row in shown] == [f"d{number:03}.md" for number in range(pairs_coverage.MOST_ROWS)]
    assert "40 more documents with 3,180 accepted pairs are not shown" in html


def test_reasons_are_counted_by_status_and_kind() -> None:
    html = pairs_coverage.reasons(Coverage.of(PAIRS), link, "en")
    assert rows(html)[1:] == [
        ["documents contradict each other", "waiting", "2"],
        ["question or answer is too short or too long", "rejected", "1"],
    ]
    assert "/p?status=pending&amp;reason=conflict" in html
    assert "No pair was rejected or waits." in pairs_coverage.reasons(Coverage.of(PAIRS[:1]), link, "en")
    assert {reason_of(pair) for pair in PAIRS} == {"", "conflict", "length"}
