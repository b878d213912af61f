import json

import pyarrow.parquet
import pytest

from agent.errors import InputError
from agent.records.pairs import Message
from tests.tools.test_pairs import pair
from tools.conversations import read_conversations
from tools.exchange.writing import write_pairs
from tools.pair_import import import_pairs
from tools.pair_reviews import holds_reviews, import_reviews
from tools.pairs import export_pairs, load_pairs, save_pairs
from tools.workspace import Workspace

TURNS = (("user", "谁？"), ("assistant", "安"), ("user", "When was it?"), ("assistant", "In May, =1 day later"))
FORMS = ["messages", "alpaca", "sharegpt", "parquet", "llama-factory"]


def conversations():
    long = pair("p2").model_copy(update={"messages": tuple(Message(role=r, content=c) for r, c in TURNS)})
    return [pair("p1", "Is it -5?", "-5 degrees"), long]


@pytest.fixture
def project(tmp_path):
    project = Workspace(tmp_path).create("x")
    save_pairs(project, conversations())
    return project


@pytest.mark.parametrize("form", FORMS)
def test_whole_conversations_come_back_from_every_form(tmp_path, form):
    path = tmp_path / f"out.{form}"
    write_pairs(conversations(), path, form, overwrite=False)
    assert list(read_conversations(path)) == [p.messages for p in conversations()]


def test_parquet_has_the_form_that_trainers_load(tmp_path):
    write_pairs(conversations(), tmp_path / "a.parquet", "parquet", overwrite=False)
    table = pyarrow.parquet.read_table(tmp_path / "a.parquet")
    assert table.column("messages").to_pylist()[1][0] == {"role": "user", "content": "谁？"}
    assert table.column_names[:3] == ["messages", "id", "question"]


def test_a_llama_factory_folder_of_somebody_else(tmp_path):
    info = {
        "a": {"file_name": "a.json", "columns": {"prompt": "q", "query": "more", "response": "r", "history": "h"}},
        "b": {
            "file_name": "b.jsonl",
            "formatting": "sharegpt",
            "columns": {"messages": "talk"},
            "tags": {"role_tag": "who", "content_tag": "says", "user_tag": "U", "assistant_tag": "A"},
        },
    }
    (tmp_path / "dataset_info.json").write_text(json.dumps(info))
    (tmp_path / "a.json").write_text(json.dumps([{"q": "Who?", "more": "Of two.", "r": "Ann", "h": [["Hi?", "Yes."]]}]))
    (tmp_path / "b.jsonl").write_text(json.dumps({"talk": [{"who": "U", "says": "x?"}, {"who": "A", "says": "y"}]}))
    found = [[m.content for m in messages] for messages in read_conversations(tmp_path)]
    assert found == [["Hi?", "Yes.", "Who?\n\nOf two.", "Ann"], ["x?", "y"]]
    assert len(list(read_conversations(tmp_path / "dataset_info.json"))) == 2


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"file_name": "../secret.jsonl"}, "no such file in the folder"),
        ({"file_name": "none.jsonl"}, "no such file in the folder"),
        ({"hf_hub_url": "a/b"}, "not in the folder"),
        ({"script_url": "x", "file_name": "a.jsonl"}, "not in the folder"),
        ({"file_name": "a.jsonl", "ranking": True}, "preference"),
        ("x", "no object"),
        ({"file_name": "a.jsonl", "formatting": "sharegpt"}, "no training pair"),
    ],
)
def test_descriptions_that_cannot_be_followed(tmp_path, entry, said):
    folder = tmp_path / "data"
    folder.mkdir()
    (tmp_path / "secret.jsonl").write_text('{"question": "a?", "answer": "b"}')
    (folder / "a.jsonl").write_text('{"question": "a?", "answer": "b"}')
    (folder / "dataset_info.json").write_text(json.dumps({"x": entry}))
    with pytest.raises(InputError, match=said):
        list(read_conversations(folder))


def test_an_empty_description(tmp_path):
    (tmp_path / "dataset_info.json").write_text("{}")
    with pytest.raises(InputError, match="describes no"):
        list(read_conversations(tmp_path))


@pytest.mark.parametrize("form", [*FORMS, "csv", "xlsx", "argilla", "label-studio"])
def test_nothing_is_overwritten_unasked(project, tmp_path, form):
    path = tmp_path / "out.json"
    assert export_pairs(project, path, form) == 2
    with pytest.raises(InputError, match="--force"):
        export_pairs(project, path, form)
    assert export_pairs(project, path, form, overwrite=True) == 2
    assert not list(tmp_path.glob(".out*"))


def test_a_cell_that_no_sheet_holds_is_refused(tmp_path):
    long = [pair("p1", "a?", "x" * 40_000)]
    with pytest.raises(InputError, match="32767"):
        write_pairs(long, tmp_path / "out.xlsx", "xlsx", overwrite=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "content", "count", "where"),
    [
        (
            "a.jsonl",
            '{"question": "a?", "answer": "b"}\n{\n\n3\n{"question": "c?"}\n',
            3,
            ("line 2", "line 4", "line 5"),
        ),
        ("a.csv", "question,answer\na?,b\n,c\nd?,\n", 2, ("line 3", "line 4")),
        ("a.csv", "question,answer\nWhich?,red, green and blue\nWhat?,b\nHow?,c,d\n", 2, ("line 2", "line 4")),
        ("a.json", '[{"question": "a?", "answer": "b"}, 5,\n {"question": ""}]', 2, ("entry 2", "entry 3")),
        ("a.jsonl", "{\n" * 9, 9, ("line 1", "line 5", "and 4 more")),
    ],
)
def test_all_bad_lines_are_counted_and_the_first_ones_named(project, tmp_path, name, content, count, where):
    (tmp_path / name).write_text(content)
    before = project.pairs.read_bytes()
    with pytest.raises(InputError) as caught:
        import_pairs(project, tmp_path / name)
    assert caught.value.what.startswith(f"{count} lines")
    assert all(place in caught.value.where for place in where)
    assert project.pairs.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.parquet", b"PAR1 not really", "Parquet"),
        ("a.json", b'[{"question": "a?"', "JSON"),
        ("a.json", b"[" * 100_000, "JSON|nested"),
        ("a.csv", b"\xff\xfe,x\nquestion,answer", "missing"),
        ("a.csv", b"question,answer\na?,\xff\n", "UTF-8"),
        ("a.json", b'[{"question": "\xff"}]', "UTF-8"),
        ("a.jsonl", b'{"messages": [{"role": "user", "content": "a", "tool_calls": [1]}]}', "training pair"),
        ("a.jsonl", b'{"messages": [{"role": "user", "content": [1]}]}', "training pair"),
    ],
)
def test_files_that_cannot_be_read(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=said):
        list(read_conversations(tmp_path / name))


def test_a_long_json_list_is_read_piece_by_piece(tmp_path):
    rows = [{"question": f"{'问' * 999}{n}?", "answer": "b" * 999} for n in range(2000)]
    (tmp_path / "a.json").write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    assert sum(1 for _ in read_conversations(tmp_path / "a.json")) == 2000


def reviewed(form, record, decisions, answer=None):
    """Answer a record as the tool's own export holds it."""
    if form == "argilla":
        record["responses"] = {"decision": [{"value": d, "user_id": "u"} for d in decisions]}
        if answer:
            record["responses"]["corrected_answer"] = [{"value": answer, "user_id": "u"}]
        return record
    record["annotations"] = [
        {"was_cancelled": False, "result": [{"from_name": "decision", "type": "choices", "value": {"choices": [d]}}]}
        for d in decisions
    ] + [{"was_cancelled": True, "result": [{"from_name": "decision", "value": {"choices": ["reject"]}}]}]
    if answer:
        text = {"from_name": "corrected_answer", "type": "textarea", "value": {"text": [answer]}}
        record["annotations"][0]["result"].append(text)
    return record


@pytest.mark.parametrize("form", ["argilla", "label-studio"])
def test_reviews_come_back(project, tmp_path, form):
    save_pairs(project, [pair(f"p{n}", f"Question {n}?", "red", status="pending") for n in range(5)])
    path = tmp_path / "out.json"
    export_pairs(project, path, form, status=None)
    records = json.loads(path.read_text(encoding="utf-8"))
    said = (["accept"], ["reject"], ["accept", "accept"], ["accept", "reject"], [])
    answers = (None, None, "blue", None, None)
    done = [reviewed(form, *one) for one in zip(records, said, answers, strict=True)]
    path.write_text(json.dumps(done, ensure_ascii=False), encoding="utf-8")
    assert holds_reviews(path)
    assert import_reviews(project, path) == (1, 1, 1, 2)
    after = load_pairs(project)
    assert [p.status for p in after] == ["accepted", "rejected", "accepted", "pending", "pending"]
    assert (after[2].answer, after[2].edited, after[1].reviewed) == ("blue", True, True)


@pytest.mark.parametrize("suffix", ["json", "jsonl"])
@pytest.mark.parametrize("form", ["argilla", "label-studio"])
def test_records_that_nobody_decided_come_back_unsettled(project, tmp_path, form, suffix):
    save_pairs(project, [pair(f"p{n}", f"Question {n}?", "red", status="pending") for n in range(3)])
    before = load_pairs(project)
    path = tmp_path / f"out.{suffix}"
    export_pairs(project, path, form, status=None)
    text = path.read_text(encoding="utf-8")
    records = [json.loads(line) for line in text.splitlines()] if suffix == "jsonl" else json.loads(text)
    assert len(records) == 3
    assert holds_reviews(path)
    assert import_reviews(project, path) == (0, 0, 0, 3)
    assert load_pairs(project) == before


def test_reviews_of_other_pairs_change_nothing(project, tmp_path):
    path = tmp_path / "in.json"
    records = [
        {"id": "p1", "fields": {}, "responses": {"decision": [{"value": "accept"}]}},
        {"id": "px", "fields": {}, "responses": {}},
        {"id": "p1", "fields": {}, "responses": {"decision": [{"value": "maybe"}]}},
        {"fields": {}, "responses": {}},
        {"question": "a?"},
        7,
    ]
    path.write_text(json.dumps(records))
    before = project.pairs.read_bytes()
    with pytest.raises(InputError) as caught:
        import_reviews(project, path)
    assert caught.value.what.startswith("5 lines")
    assert project.pairs.read_bytes() == before
    assert not holds_reviews(tmp_path)
