"""What was asked, and how the tokenizer takes the domain's terms, as sections of the report in both languages."""

from __future__ import annotations

from agent.records.evaluation import Item, ItemAnswer
from tools.evaluation.makeup import makeup_lines, term_lines
from tools.evaluation.wording import kind_name


def item(name: str, dimension: str, **fields: object) -> Item:
    known = {"id": name, "kind": "skill", "dimension": dimension, "language": "en", "question": "q", "source": "auto"}
    return Item.model_validate(known | fields)


ITEMS = [
    item("a", "syntax", question_kind="agreement", document="one"),
    item("b", "syntax", question_kind="agreement", document="two"),
    item("c", "syntax", question_kind="passive_1", source="blimp.jsonl"),
    item("d", "general_ability", question_kind="cloze", source="builtin"),
]


def test_items_are_counted_by_document_source_and_kind() -> None:
    lines = makeup_lines(ITEMS, "en")
    assert "| syntax | 3 | 2 | corpus 2, blimp.jsonl 1 | agreement 2, passive_1 1 |" in lines
    assert "| general ability | 1 | – | built in 1 | cloze 1 |" in lines
    assert "| 句法 | 3 | 2 | 文档 2、blimp.jsonl 1 | 主谓一致 2、passive_1 1 |" in makeup_lines(ITEMS, "zh")
    assert makeup_lines([], "en") == []


def test_a_name_from_a_file_cannot_break_the_table() -> None:
    assert "a\\|b.jsonl" in "\n".join(makeup_lines([item("x", "syntax", source="a|b.jsonl")], "en"))
    assert kind_name("a|b", "zh") == "a\\|b"


def term(name: str, question: str, pieces: int, *, whole: bool = True, lang: str = "en") -> tuple[Item, ItemAnswer]:
    asked = item(name, "tokenization", question=question, language=lang)
    return asked, ItemAnswer(item=name, arm="base", text=question, score=1.0, tokens=pieces, round_trip=whole)


def test_fertility_is_pieces_a_word_and_in_chinese_a_character() -> None:
    pairs = [
        term("a", "diaphragm", 2),
        term("b", "dry stroke", 6),
        term("c", "TD-618", 5, whole=False),
        term("d", "隔膜泵", 6, lang="zh"),
    ]
    items, answers = [one for one, _ in pairs], [other for _, other in pairs]
    text = "\n".join(term_lines(items, answers, "en"))
    assert "| English | 3 | 3.33 [" in text
    assert "a word | 67% [21%, 94%] | 67% [21%, 94%] |" in text
    assert "| Chinese | 1 | 2.00 a character | 100% [21%, 100%] | 100% [21%, 100%] |" in text
    assert "| 中文 | 1 | 2.00 每字 |" in "\n".join(term_lines(items, answers, "zh"))


def test_answers_of_older_versions_give_no_section() -> None:
    asked, answer = term("a", "diaphragm", 2)
    assert term_lines([asked], [answer.model_copy(update={"round_trip": None})], "en") == []
