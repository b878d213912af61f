import json
from pathlib import Path

import pytest

from agent.errors import InputError
from tests.tools.extraction.corpus import corpus, text_of
from tools.validation.asked import Asked
from tools.validation.imported import imported_items
from tools.validation.matching import Corpus
from tools.validation.readers import read_questions

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data"

SQUAD = {
    "data": [
        {
            "title": "Pump",
            "paragraphs": [
                {
                    "context": "The pump is red. The lid is blue.",
                    "qas": [
                        {
                            "id": "1",
                            "question": "What colour is the lid?",
                            "answers": [{"text": "blue", "answer_start": 28}],
                        },
                        {"id": "2", "question": "What weight?", "answers": [], "is_impossible": True},
                        {"id": "3", "question": " ", "answers": []},
                    ],
                }
            ],
        }
    ]
}
CMRC = [
    {
        "context_id": "1",
        "context_text": "泵是红的。",
        "qas": [{"query_text": "泵什么颜色？", "answers": ["红的", "红的"]}],
    }
]
PUBMED = {"77": {"QUESTION": "Does it help?", "CONTEXTS": ["A.", "B."], "final_decision": "maybe"}}
BLIMP = {"sentence_good": "He is here.", "sentence_bad": "He are here.", "UID": "agreement"}


def written(tmp_path, name, content):
    file = tmp_path / name
    if name.endswith(".jsonl"):
        file.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in content), encoding="utf-8")
    else:
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        file.write_text(text, encoding="utf-8")
    return read_questions(file)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        (
            "a.json",
            SQUAD,
            {"question": "What colour is the lid?", "answers": ("blue",), "answer_start": 28, "document": "Pump"},
        ),
        ("a.json", CMRC, {"question": "泵什么颜色？", "answers": ("红的",), "context": "泵是红的。", "language": "zh"}),
        ("a.json", PUBMED, {"form": "choice", "options": ("yes", "no", "maybe"), "correct": 2, "context": "A.\n\nB."}),
        ("a.json", [{"question": "Who?", "answer": "Ann"}], {"answers": ("Ann",)}),
        ("a.jsonl", [BLIMP], {"form": "minimal_pair", "options": ("He is here.", "He are here."), "kind": "agreement"}),
        (
            "a.jsonl",
            [{"word": "bank", "sentence1": "The bank is steep.", "sentence2": "The bank is closed.", "label": False}],
            {"form": "choice", "options": ("yes", "no"), "correct": 1, "kind": "same_sense"},
        ),
        (
            "a.jsonl",
            [{"word": "打", "sentence1": "他打电话。", "sentence2": "打个电话。", "label": "T"}],
            {"options": ("相同", "不同"), "correct": 0, "language": "zh"},
        ),
        ("a.jsonl", [{"question": "Who?", "answers": ["Ann", "Anna"]}], {"answers": ("Ann", "Anna")}),
        ("a.jsonl", [{"question": "Who?", "answers": {"text": ["Ann"]}}], {"answers": ("Ann",)}),
        ("a.jsonl", [{"question": "How many?", "answer": 7}], {"answers": ("7",)}),
        ("a.jsonl", [{"question": "Who?", "answers": [], "answerable": False}], {"answerable": False}),
        ("a.jsonl", [{"question": "Who?", "choices": ["a", "b"], "answer": "b"}], {"form": "choice", "correct": 1}),
        ("a.jsonl", [{"question": "Who?", "options": ["a", "b"], "answer": 1}], {"form": "choice", "correct": 1}),
        (
            "a.csv",
            "id,question,A,B,C,D,answer\n1,谁？,甲,乙,丙,丁,C\n",
            {"form": "choice", "correct": 2, "language": "zh"},
        ),
        ("a.csv", "\ufeffQuestion,Answer\nWho?,Ann\n", {"answers": ("Ann",)}),
        (
            "a.csv",
            "question,answers,document\nWho?,Ann|Anna,manual\n",
            {"answers": ("Ann", "Anna"), "document": "manual"},
        ),
        ("a.csv", "question,answer,answerable\nWho?,,false\n", {"answerable": False}),
    ],
)
def test_files_load_as_they_are(tmp_path, name, content, expected):
    first = written(tmp_path, name, content)[0]
    assert {key: getattr(first, key) for key in expected} == expected


def test_unanswerable_and_blank_squad_questions(tmp_path):
    _, silent, blank = written(tmp_path, "a.json", SQUAD)
    assert not silent.answerable
    assert blank.question == ""


@pytest.mark.parametrize(
    ("name", "content", "where"),
    [
        ("a.jsonl", '{"question": "Who?", "answer": "Ann"}\nbroken', "a.jsonl, line 2"),
        ("a.jsonl", '\n{"question": "Who?"}', "a.jsonl, line 2"),
        ("a.jsonl", '{"answer": "Ann"}', "a.jsonl, line 1"),
        ("a.jsonl", '{"question": "Who?", "answers": [["x"]]}', "a.jsonl, line 1"),
        ("a.jsonl", '{"question": "Who?", "options": ["a", ""], "answer": 0}', "a.jsonl, line 1"),
        ("a.jsonl", '{"question": "Who?", "options": ["a", "b"], "answer": "E"}', "a.jsonl, line 1"),
        ("a.jsonl", '{"word": "a", "sentence1": "b", "sentence2": "c", "label": "maybe"}', "a.jsonl, line 1"),
        ("a.jsonl", "  \n", "a.jsonl"),
        ("a.json", '{"data": [1]}', "a.json, entry 1"),
        ("a.json", '{"data": [{"paragraphs": 3}]}', "a.json, entry 1"),
        ("a.json", '{"data": [{"paragraphs": [{"context": "x"}]}]}', "a.json, entry 1"),
        ("a.json", '{"data": [{"paragraphs": [{"qas": [3]}]}]}', "a.json, entry 1"),
        ("a.json", '{"data": [{"paragraphs": [{"qas": [{"answers": []}]}]}]}', "a.json, entry 1"),
        ("a.json", '{"data": [{"paragraphs": [{"qas": [{"question": "a?", "answers": [{"text": 3}]}]}]}]}', "entry 1"),
        ("a.json", '{"a": 1}', "a.json"),
        ("a.json", '{"data": []}', "a.json"),
        ("a.json", '{"x": {"QUESTION": "a?", "final_decision": "perhaps"}}', "entry x"),
        ("a.json", "{\n\n oops}", "a.json, line 3"),
        ("a.json", "[" * 100_000, "a.json"),
        ("a.csv", "q,a\n1,2\n", "a.csv, line 2"),
        ("a.csv", "question,A,B,answer\nWho?,a,b,Z\n", "a.csv, line 2"),
        ("a.txt", "Who?", "a.txt"),
    ],
)
def test_bad_files_name_the_place(tmp_path, name, content, where):
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_questions(tmp_path / name)
    assert where in caught.value.where


def asked(**fields):
    return Asked.model_validate({"where": "f, line 1", "form": "question", "language": "en", **fields})


def test_a_quote_in_a_named_document_gives_the_passage_despite_line_breaks():
    found = Corpus([text_of("pump-manual", "# A\n\nThe rated\nflow is **17 litres**.")]).place(
        asked(question="Flow?", answers=("17 litres",), document="PUMP-manual.md", quote="flow is 17 litres")
    )
    assert found.document == "pump-manual"
    assert "17 litres" in found.text


def test_a_context_is_found_by_its_text_and_the_right_occurrence_is_taken():
    filler = "Other words stand here for a while. " * 40
    context = f"In May the lid was red. {filler}In June the lid was red again and the crew left the yard."
    corpus_ = Corpus([text_of("a", "# Nothing\n\nelse"), text_of("b", f"# T\n\n{context}")])
    start = context.rindex("red")
    found = corpus_.place(asked(question="June?", answers=("red",), context=context, answer_start=start))
    assert found.document == "b"
    assert "In June" in found.text
    assert len(found.text) <= 800
    alone = Corpus([]).place(asked(question="June?", answers=("red",), context=context, answer_start=7))
    assert (alone.document, alone.start) == ("", None)
    assert "In May the lid was red." in alone.text


def test_without_any_source_the_words_of_the_question_decide():
    corpus_ = Corpus(corpus())
    found = corpus_.place(
        asked(question="What is the rated flow of the Brindle One pump?", answers=("17 litres per hour",))
    )
    assert found.document == "pump-manual"
    assert (
        corpus_.place(asked(question="Who painted the moon over Pellworth castle?", answers=("17 litres per hour",)))
        is None
    )
    assert corpus_.place(asked(question="Who?", answers=("Nobody at all",))) is None


@pytest.mark.parametrize(
    ("fields", "train", "taught", "dimensions"),
    [
        (
            {"answers": ("7340",), "document": "pump-faq", "quote": "The default PIN is 7340."},
            ["pump-faq"],
            ["pump-faq"],
            ["domain_knowledge"],
        ),
        (
            {"answers": ("7340",), "document": "pump-faq", "quote": "The default PIN is 7340."},
            ["pump-faq"],
            [],
            ["domain_knowledge_held_out"],
        ),
        ({"answers": ("7340",), "document": "pump-faq"}, [], [], ["domain_knowledge_held_out"]),
        ({"answers": ("x",)}, [], [], ["domain_knowledge"]),
        ({"answers": ("b",), "context": "a b c"}, [], [], ["understanding"]),
        ({"answerable": False, "document": "pump-faq"}, ["pump-faq"], ["pump-faq"], ["faithfulness"]),
        ({"answerable": False, "context": "a b c"}, [], [], ["faithfulness"]),
        ({"form": "choice", "options": ("a", "b"), "correct": 1}, [], [], ["domain_knowledge"]),
        ({"form": "choice", "options": ("a", "b"), "correct": 1, "context": "a b"}, [], [], ["understanding"]),
        (
            {"form": "choice", "options": ("yes", "no"), "correct": 0, "context": "The default PIN is 7340."},
            ["pump-faq"],
            ["pump-faq"],
            ["domain_knowledge"],
        ),
        (
            {"form": "choice", "options": ("yes", "no"), "correct": 0, "context": "The default PIN is 7340."},
            ["pump-manual"],
            ["pump-manual"],
            ["understanding"],
        ),
        ({"form": "minimal_pair", "options": ("a", "b"), "question": ""}, [], [], ["syntax"]),
        ({"question": ""}, [], [], []),
    ],
)
def test_where_questions_go(fields, train, taught, dimensions):
    from agent.records.corpus import DocumentSplit

    split = DocumentSplit(seed=0, train=tuple(train), held_out=()) if train else None
    one = asked(**{"question": "What is the default PIN of a Brindle pump?", **fields})
    items = list(imported_items([one], Corpus(corpus()), split, frozenset(taught), "f.jsonl"))
    assert [item.dimension for item in items] == dimensions
    if items and one.document:
        assert items[0].document == "pump-faq"
        assert items[0].context
    if items and not one.answerable and one.document:
        assert items[0].kind == "knowledge"


@pytest.mark.parametrize(
    ("name", "least"), [("covidqa_dev.json", 350), ("cmrc_trial.json", 1000), ("blimp/passive_1.jsonl", 200)]
)
def test_published_files(name, least):
    if not (SHARED / name).exists():
        pytest.skip(f"{name} is not here")
    found = read_questions(SHARED / name)
    assert len(found) >= least
    if name.endswith(".json"):
        items = list(imported_items(found, Corpus([]), None, frozenset(), name))
        assert {item.dimension for item in items} == {"understanding"}
        assert all(len(item.context) <= 800 or item.answers[0] in item.context for item in items)
        held = sum(item.answers[0] in item.context for item in items)
        assert held == len(items)
