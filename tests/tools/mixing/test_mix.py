import hashlib
import json

import numpy as np
import pytest

from agent.errors import EmptyError, InputError, RefusedError
from agent.progress import Silent
from agent.prompts.choices import GAP
from agent.records.corpus import DocumentSplit
from agent.records.evaluation import Item
from agent.settings import Settings
from knowledge.files import write_records
from tests.tools.test_pairs import pair
from tools.extraction.split import save_split
from tools.mixing.domain import thin
from tools.mixing.example import Example
from tools.mixing.general import load_general
from tools.mixing.leakage import bare_question, find_leaks, runs
from tools.mixing.portions import portion
from tools.mixing.request import MixRequest
from tools.mixing.run import mix
from tools.pairs import save_pairs
from tools.workspace import Workspace

COLOURS = ("red", "blue", "green", "grey", "black", "white", "pink", "brown", "gold", "teal")


def pairs(facts=10, wordings=5, **fields):
    frames = (
        "What shade has lid {n}?",
        "Tell me the tint of cap {n}.",
        "Lid {n} paint",
        "Which hue did part {n} get?",
        "And {n}: colour?",
    )
    return [
        pair(f"p{n}-{w}", frames[w].format(n=n), COLOURS[n % 10], fact=f"f{n}", document=f"d{n % 3}", **fields)
        for n in range(facts)
        for w in range(wordings)
    ]


@pytest.fixture
def project(tmp_path):
    project = Workspace(tmp_path).create("x")
    save_pairs(project, pairs())
    return project


@pytest.fixture
def general(tmp_path):
    file = tmp_path / "general.jsonl"
    rows = [
        {"question": f"Name a river of country number {n * n}.", "answer": f"River {n} " * (1 + n % 5)}
        for n in range(200)
    ]
    file.write_text("\n".join(map(json.dumps, rows)))
    return str(file)


def run(project, **fields):
    return mix(project, Settings(), MixRequest(**fields), Silent())


def lines(manifest, name="train.jsonl"):
    with open(manifest.files[name], encoding="utf-8") as file:
        return [json.loads(line) for line in file]


@pytest.mark.parametrize("share", [0.25, 0.3, 0.33, 0.5, 0.9, 1.0])
def test_the_share_is_exact_to_one_example(project, general, share):
    made = run(project, domain_share=share, general=general)
    assert made.domain_examples == 50
    assert abs(made.domain_examples - share * made.examples) <= 0.5
    assert made.examples == len(lines(made)) == made.domain_examples + made.general_examples
    assert made.general_repeats == 1


def test_lines_carry_system_line_origin_and_id(project, general):
    made = run(project, general=general)
    for line in lines(made):
        assert [turn["role"] for turn in line["messages"]] == ["system", "user", "assistant"]
        assert line["messages"][0]["content"] == "Answer briefly."
    assert {line["origin"] for line in lines(made)} == {"domain", "general"}
    assert len({line["id"] for line in lines(made)}) == made.examples
    zh = Example.of("x", "domain", pair("p", "谁？", "安").messages)
    assert zh.messages[0].content == "请简短回答。"


def test_the_same_request_gives_the_same_bytes(project, general):
    one, two, other = (
        run(project, general=general),
        run(project, general=general),
        run(project, general=general, seed=1),
    )
    assert one == two
    with open(one.files["train.jsonl"], "rb") as file:
        assert one.sha256 == hashlib.sha256(file.read()).hexdigest()
    assert other.sha256 != one.sha256
    assert one.documents == ("d0", "d1", "d2")


def test_a_share_by_tokens_counts_tokens(project, general):
    made = mix(project, Settings(), MixRequest(by="tokens", general=general), Silent(), len)
    assert made.token_unit == "tokens"
    assert made.domain_share_tokens == pytest.approx(0.3, abs=0.01)


def test_tokens_come_from_the_base_model(project, general, monkeypatch):
    import tools.models

    monkeypatch.setattr(tools.models, "resolve_base_model", lambda settings: "folder")
    monkeypatch.setattr(tools.models, "load_tokenizer", lambda folder: lambda text: {"input_ids": text.split()})
    assert run(project, by="tokens", general=general).token_unit == "tokens"


def test_short_general_data_repeats_as_stated_and_never_shrinks_the_share_silently(project, tmp_path):
    file = tmp_path / "few.jsonl"
    file.write_text("\n".join(json.dumps({"question": f"Name hill {n}?", "answer": "Hill"}) for n in range(60)))
    made = run(project, general=str(file))
    assert (made.general_examples, made.general_repeats) == (117, 2)
    assert "2 times" in made.notes[0]
    with pytest.raises(InputError, match="max_domain"):
        run(project, general=str(file), general_repeats=1, fit_domain=False)
    fitted = run(project, general=str(file), general_repeats=1)
    assert abs(fitted.domain_share_examples - 0.3) < 0.01
    assert "fit_domain" in fitted.notes[0]


def test_thinning_keeps_four_wordings_a_fact_then_drops_whole_facts():
    kept = thin(pairs(), 40, 0)
    assert {sum(p.fact == fact for p in kept) for fact in {p.fact for p in kept}} == {4}
    fewer = thin(pairs(), 12, 0)
    assert len(fewer) == 12
    assert len({p.fact for p in fewer}) == 3
    assert [p.id for p in fewer] == [p.id for p in pairs() if p in fewer]
    mixed = [*pairs(2), *[pair(f"r{n}", f"Read {n}?", fact="f0", kind="reading") for n in range(3)]]
    assert not [p for p in thin(mixed, 9, 0) if p.kind == "reading"]


def test_max_domain_is_met(project, general):
    made = run(project, general=general, max_domain=21)
    assert (made.domain_examples, made.general_examples) == (21, 49)
    assert "max_domain" in made.notes[0]


def test_validation_pairs_go_into_their_own_file(project, general):
    save_pairs(project, [*pairs(9), *[p.model_copy(update={"split": "validation"}) for p in pairs(10)[45:]]])
    made = run(project, general=general)
    assert made.validation_examples == len(lines(made, "validation.jsonl")) == 5
    assert made.domain_examples == 45


def test_builtin_general_data_and_its_licence():
    examples, source = load_general("builtin", Settings())
    assert len(examples) == source.examples == 300
    assert "Apache" in source.licence


def test_sources_of_general_data_that_cannot_be_had(tmp_path, monkeypatch):
    with pytest.raises(RefusedError, match="downloads"):
        load_general("owner/name", Settings())
    with pytest.raises(InputError):
        load_general(str(tmp_path / "none.jsonl"), Settings())
    empty = tmp_path / "empty.jsonl"
    empty.write_text("")
    with pytest.raises(EmptyError):
        load_general(str(empty), Settings())
    import datasets

    class Rows(list):
        info = type("Info", (), {"license": "mit"})()

    monkeypatch.setattr(datasets, "load_dataset", lambda name, split: Rows([{"question": "Who?", "answer": "Ann"}]))
    examples, source = load_general("owner/name", Settings(allow_downloads=True))
    assert (len(examples), source.licence) == (1, "mit")


def test_no_pairs_no_mix(project):
    save_pairs(project, [pair("p1", status="rejected")])
    with pytest.raises(EmptyError, match="extract"):
        run(project)


def item(question, answers=("red",), identifier="v1", **fields):
    given = {"id": identifier, "kind": "knowledge", "dimension": "domain_knowledge", "language": "en"}
    return Item.model_validate({**given, "question": question, "answers": answers, **fields})


PASSAGE = "the seal of the pump was replaced in may after the crew had heard a sound from the yard"


@pytest.mark.parametrize(
    ("turn", "answer", "sealed", "kind"),
    [
        (
            "What is the rated flow of the Wren pump?",
            "17",
            item("what is the rated flow of the Wren pump"),
            "near_duplicate",
        ),
        (
            "What is the rated flow of the Wren pump?",
            "9",
            item("What is the rated flow of Wren pump?", ("17",)),
            "near_duplicate",
        ),
        (
            "What is the rated flow of the Heron pump?",
            "17",
            item("What is the rated flow of the Wren pump?", ("17",)),
            None,
        ),
        ("What make is named in report AB-12?", "Piper", item("What make is named in report AB-13?", ("Piper",)), None),
        (
            "砚鹤装置的药箱容积是多少？",
            "280升",
            item("请问砚鹤装置的药箱容积是多少？", ("280升",), language="zh"),
            "near_duplicate",
        ),
        (
            "砚鹤装置的药箱容积是多少升呢？",
            "280升",
            item("白鹭装置的药箱容积是多少升呢？", ("90升",), language="zh"),
            None,
        ),
        (
            "Context:\nA b c.\n\nQuestion: Who designed the Wren pump?",
            "Ann",
            item("Who designed the Wren pump?"),
            "near_duplicate",
        ),
        (
            f"Context:\n{PASSAGE}.\n\nQuestion: When?",
            "May",
            item("When was it?", kind="skill", context=PASSAGE),
            "shared_passage",
        ),
        (f"Context:\n{PASSAGE}.\n\nQuestion: When?", "May", item("When was it?", context=PASSAGE), None),
        (
            f"Context:\n{PASSAGE}.\n\nQuestion: When?",
            "May",
            item(
                PASSAGE.replace(PASSAGE.split()[8], GAP),
                (),
                kind="skill",
                form="choice",
                options=("other", PASSAGE.split()[8]),
                correct=1,
            ),
            "shared_passage",
        ),
        ("药" * 3 + "箱" * 30, "x", item("？", kind="skill", context="箱" * 31, language="zh"), "shared_passage"),
        ("Is it so?", "yes", item("", kind="skill", form="minimal_pair", options=(PASSAGE, "x")), None),
    ],
)
def test_leaks(turn, answer, sealed, kind):
    made = pair("p1", turn, answer)
    found = find_leaks([Example.of("p1", "domain", made.messages)], {"p1": made}, [sealed], ())
    assert [leak.kind for leak in found] == ([kind] if kind else [])


def test_general_examples_are_checked_too():
    found = find_leaks(
        [Example.of("g1", "general", pair("x", "Name a big river?").messages)], {}, [item("name a big river")], ()
    )
    assert [leak.example for leak in found] == ["g1"]


def test_questions_and_runs():
    assert bare_question("资料：\n甲。\n\n问题：谁？") == "谁？"
    assert bare_question("Who?") == "Who?"
    assert len(list(runs("word " * 20))) == 8
    assert len(list(runs("字" * 31))) == 2
    assert list(runs("short")) == []


def test_a_leaking_mix_is_refused_or_cleaned(project, general):
    write_records(project.validation, [item("What shade has lid 3?", ("grey",))])
    save_split(project, DocumentSplit(seed=0, train=("d0", "d1"), held_out=("d2",)))
    with pytest.raises(RefusedError) as caught:
        run(project, general=general)
    assert caught.value.exit_code == 3
    assert "p3-0 (near_duplicate v1" in str(caught.value) or "held_out_document d2" in str(caught.value)
    made = run(project, general=general, drop_leaks=True)
    assert made.leaks_dropped == 16
    assert "d2" not in made.documents
    assert abs(made.domain_share_examples - 0.3) < 0.01
    assert "leak" in made.notes[-1]


def test_documents_of_sealed_passages_stay_out_although_the_split_was_drawn_anew(project, general):
    write_records(project.validation, [item("Is it?", kind="skill", source="auto", document="d1")])
    with pytest.raises(RefusedError, match="held_out_document d1"):
        run(project, general=general)


def test_nothing_left_without_the_leaks(project, general):
    save_split(project, DocumentSplit(seed=0, train=(), held_out=("d0", "d1", "d2")))
    with pytest.raises(EmptyError):
        run(project, general=general, drop_leaks=True)


def test_a_token_share_fits_the_domain_part():
    made = pairs()
    domain = [Example.of(p.id, "domain", p.messages).words for p in made]
    general = np.array([5 + n % 3 for n in range(20)])
    request = MixRequest(by="tokens", fit_domain=True, general_repeats=1)
    chosen = portion(made, domain.__getitem__, general, np.zeros(20, dtype=np.int32), request)
    own, added = sum(domain[n] for n in chosen.domain), int(general[chosen.general].sum())
    assert own / (own + added) == pytest.approx(0.3, abs=0.03)
    assert len(chosen.domain) < len(made)
