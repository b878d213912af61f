"""SQuAD-style files as documents."""

from __future__ import annotations

import json

import pytest

from knowledge.ingest.parsed import UnreadableError
from knowledge.ingest.squad import read_squad


def _file(*articles: dict[str, object]) -> str:
    return json.dumps({"version": "1", "data": list(articles)}, ensure_ascii=False)


def _passages(*texts: str, **more: object) -> dict[str, object]:
    return {"paragraphs": [{"context": text, "qas": [{"question": "Who?"}], **more} for text in texts]}


def test_each_article_is_a_document_and_questions_stay_out() -> None:
    found = read_squad(_file({"title": "Pumps", **_passages("One.", "Two.")}, _passages("三。", id="T_1")))
    assert [(p.part, p.title, p.text) for p in found] == [("Pumps", "Pumps", "One.\n\nTwo."), ("T_1", "", "三。")]


def test_an_article_without_a_title_takes_its_headline() -> None:
    found = read_squad(_file(_passages("A headline\n\nAnd text.", document_id=7), _passages("x" * 300 + "\ny")))
    assert [(p.part, p.title) for p in found] == [("7", "A headline"), ("2", "")]


def test_names_are_unique_and_empty_articles_go() -> None:
    found = read_squad(_file({"title": "A", **_passages("x")}, {"title": "A", **_passages("y")}, _passages(" ")))
    assert [p.part for p in found] == ["A", "A-2"]


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"data": []}', '{"data": [{"paragraphs": [{"text": "x"}]}]}',
                                  '{"data": [1]}', '{"data": [{"paragraphs": []}]}'])  # fmt: skip
def test_other_json_is_refused(text: str) -> None:
    with pytest.raises(UnreadableError):
        read_squad(text)
