import json
import re
from collections import Counter

import pytest

from agent.errors import EmptyError, InputError
from agent.progress import Silent
from agent.records.evaluation import Item
from agent.settings import Settings
from knowledge.files import read_record, read_records, sha256_of
from tests.tools.extraction.corpus import PUMP, RULES, corpus, project_with, text_of
from tools.extraction.request import ExtractRequest
from tools.extraction.run import extract
from tools.extraction.similarity import jaccard
from tools.extraction.split import saved_split
from tools.mixing.request import MixRequest
from tools.mixing.run import mix
from tools.pairs import load_pairs
from tools.validation.facts import asked_items
from tools.validation.imported import taught_documents
from tools.validation.matching import Corpus
from tools.validation.request import ValidateRequest, ValidateResult
from tools.validation.run import sampled, validate
from tools.validation.senses import expansions, sense_items
from tools.validation.syntax import minimal_pairs
from tools.validation.terms import term_items

SETTINGS = Settings(extraction_model="rules")


@pytest.fixture
def project(tmp_path):
    project = project_with(tmp_path, corpus())
    extract(project, SETTINGS, ExtractRequest(documents=("pump-*",)), Silent())
    return project


def run(project, **fields):
    result = validate(project, SETTINGS, ValidateRequest(**fields), Silent())
    return result, list(read_records(project.validation, Item))


def test_every_dimension_in_both_languages(project):
    result, items = run(project)
    assert {item.language for item in items} == {"en", "zh"} == set(result.languages)
    assert set(result.by_dimension) == {
        "tokenization",
        "syntax",
        "disambiguation",
        "understanding",
        "domain_knowledge",
        "domain_knowledge_held_out",
        "instruction_following",
        "faithfulness",
        "general_ability",
    }
    assert len({item.id for item in items}) == len(items) == result.items


def test_gold_stands_at_its_offsets_and_in_its_passage(project):
    texts = {text.document: text.text for text in corpus()}
    for item in run(project)[1]:
        if item.context:
            assert texts[item.document][item.start : item.end] == item.context
        if item.source == "auto" and item.form == "free" and item.answers and item.answerable and item.context:
            gold = re.sub(r" ?(kg|千克)$", "", item.answers[0])
            assert gold in item.context
        if not item.answerable:
            assert not item.answers


def test_knowledge_asks_for_taught_facts_and_skill_for_held_out_documents(project):
    held_out = set(saved_split(project).held_out)
    trained = [(pair.fact, pair.question) for pair in load_pairs(project) if pair.kind != "reading"]
    for item in run(project)[1]:
        if item.source != "auto" or not item.document:
            continue
        assert (item.document in held_out) == (item.dimension != "domain_knowledge")
        if item.dimension == "domain_knowledge":
            assert all(jaccard(item.question, asked) < 0.8 for fact, asked in trained if fact == item.fact)
            assert item.kind == "knowledge"


def test_a_mix_beside_the_automatic_set_does_not_leak(project):
    run(project)
    made = mix(project, SETTINGS, MixRequest(max_domain=20), Silent())
    assert (made.domain_examples, made.leaks_dropped) == (20, 0)


def test_the_set_is_sealed_by_its_hash_and_the_same_each_time(project):
    first, items = run(project)
    assert first.sha256 == sha256_of(project.validation)
    assert read_record(project.root / "validation.json", ValidateResult) == first
    assert set(first.spot_check) <= {item.id for item in items}
    assert run(project)[0].sha256 == first.sha256
    assert "too few for a full verdict" in first.notes[-1]


def test_counts_sample_and_say_so(project):
    result, items = run(project, counts={"general_ability": 7, "syntax": 0})
    assert sum(item.dimension == "general_ability" for item in items) == 7
    assert not any(item.dimension == "syntax" for item in items)
    assert any("general ability: 7 of" in note for note in result.notes)


def test_question_files_beside_or_instead_of_automatic_items(project, tmp_path):
    file = tmp_path / "sealed.jsonl"
    rows = [
        {
            "id": "a",
            "fact": "f1",
            "language": "en",
            "document": "pump-faq",
            "question": "Where is a Brindle put together?",
            "answers": ["Pellworth"],
            "quote": "It is assembled in Pellworth.",
            "kind": "factual",
            "answerable": True,
        },
        {
            "id": "b",
            "fact": "f2",
            "language": "zh",
            "document": "manual-zh",
            "question": "Y3能装多少药？",
            "answers": ["280升"],
            "quote": "280升",
            "kind": "table",
            "answerable": True,
        },
        {
            "id": "c",
            "fact": "f3",
            "language": "en",
            "document": "pump-manual",
            "question": "How loud is a Brindle?",
            "answers": [],
            "quote": "",
            "kind": "unanswerable",
            "answerable": False,
        },
    ]
    file.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    result, items = run(project, questions=(str(file),), automatic=False)
    assert [(item.dimension, item.document, item.fact, item.source) for item in items] == [
        ("domain_knowledge", "pump-faq", "f1", "sealed.jsonl"),
        ("domain_knowledge_held_out", "manual-zh", "f2", "sealed.jsonl"),
        ("faithfulness", "pump-manual", "f3", "sealed.jsonl"),
    ]
    assert all(item.context for item in items)
    both, _ = run(project, questions=(str(file),))
    assert both.by_source["sealed.jsonl"] == 3
    assert both.items > result.items


def test_files_imported_earlier_stay_until_they_are_replaced(project, tmp_path):
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    first.write_text(json.dumps({"question": "Who paints the Brindle pump?", "answer": "Ada"}), encoding="utf-8")
    second.write_text(json.dumps({"question": "Who sells the Brindle pump?", "answer": "Bo"}), encoding="utf-8")

    def sources(**fields):
        return run(project, automatic=False, **fields)[0].by_source

    assert sources(questions=(str(first),)) == {"first.jsonl": 1}
    first.unlink()
    assert sources(questions=(str(second),)) == {"first.jsonl": 1, "second.jsonl": 1}
    assert run(project)[0].by_source["first.jsonl"] == 1
    assert sources(questions=(str(second),), replace=True) == {"second.jsonl": 1}


def test_blank_questions_are_counted(project, tmp_path):
    file = tmp_path / "s.json"
    qas = [{"question": "Who?", "answers": [{"text": "Ann"}]}, {"question": "", "answers": []}]
    file.write_text(json.dumps({"data": [{"paragraphs": [{"context": "Ann did.", "qas": qas}]}]}))
    assert any("1 entries left out" in note for note in run(project, questions=(str(file),), automatic=False)[0].notes)


def test_boilerplate_of_training_documents_is_not_asked_for(tmp_path):
    shared = "The board makes its rules known through reports, studies and reviews that every member gets each year. "
    texts = [
        text_of("a", f"# Wren pump\n\n{shared}\n\n- **Wren lid**: red cap\n"),
        text_of("b", f"# Heron pump\n\n{shared}\n"),
    ]
    project = project_with(tmp_path, texts)
    extract(project, SETTINGS, ExtractRequest(documents=("a",)), Silent())
    result, items = run(project)
    assert not [item for item in items if item.dimension == "syntax"]
    assert any("stands in a training document" in note for note in result.notes)


def test_what_is_missing_is_said(tmp_path):
    project = project_with(tmp_path, corpus())
    with pytest.raises(EmptyError, match="extract"):
        run(project)
    with pytest.raises(EmptyError, match="question file"):
        run(project, automatic=False)
    with pytest.raises(InputError):
        run(project, questions=(str(tmp_path / "none.jsonl"),))


def pairs_of(sentence, language="en"):
    return {item.question_kind: item.options for item in minimal_pairs(text_of("d", sentence, language))}


@pytest.mark.parametrize(
    ("sentence", "kind", "wrong"),
    [
        ("The pump is kept in a dry store all year.", "agreement", "The pump are kept in a dry store all year."),
        ("All pumps were checked by the crew last May.", "agreement", "All pumps was checked by the crew last May."),
        ("A pump stands near the gate of every yard.", "order", "A pump stands near gate the of every yard."),
        ("Crews noted the length of the hose in May.", "dropped_word", "Crews noted the length the hose in May."),
        ("每个检验员领取3枚印章并签字。", "order", "每个检验员领取枚3印章并签字。"),
        ("仓库里另外放着三个备用的密封圈。", "order", "仓库里另外放着个三备用的密封圈。"),
        ("这种水泵也是工厂自己设计的产品。", "adverb_order", "这种水泵是也工厂自己设计的产品。"),
        ("这家工厂于1998年在河边建成投产。", "preposition_order", "这家工厂1998年于在河边建成投产。"),
        ("请检查装置的螺母是否松动。", "particle", "请检查装置得螺母是否松动。"),
        ("工程师把印章锁进检验室里。", "dropped_word", "工程师印章锁进检验室里。"),
    ],
)
def test_minimal_pairs(sentence, kind, wrong):
    made = pairs_of(sentence, "zh" if "。" in sentence else "en")
    assert made[kind] == (sentence, wrong)


@pytest.mark.parametrize(
    "sentence", ["| a | b is c | d e f g h i j k l m n o p |", "short.", "The cost of the pumps is high for us all."]
)
def test_unsure_sentences_make_no_agreement_pair(sentence):
    assert "agreement" not in pairs_of(sentence)


@pytest.mark.parametrize(
    ("sentence", "kind"),
    [
        ("他在学校里写的不错，大家都愿意读。", "particle"),
        ("他们队于2004年雅典奥运会上夺得了金牌。", "preposition_order"),
        ("两名士兵日夜把守着仓库的大门和围墙。", "dropped_word"),
        ("Crews checked all of the parts before the start.", "dropped_word"),
        ("A plate is fixed to the outside of the housing.", "dropped_word"),
    ],
)
def test_a_change_that_may_be_right_too_makes_no_pair(sentence, kind):
    assert kind not in pairs_of(sentence, "zh" if "。" in sentence else "en")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Customer Advisory Board (CAB) met.", {"CAB": "Customer Advisory Board"}),
        ("It is a loss of control (LOC) event.", {"LOC": "loss of control"}),
        ("A DSC (dry stroke count) of 7.", {"DSC": "dry stroke count"}),
        ("See the yard (NYC) and (X).", {}),
    ],
)
def test_acronyms_and_their_expansions(text, expected):
    assert expansions(text) == expected


def test_senses_need_a_sentence_that_does_not_explain_them():
    texts = [text_of("rules", RULES), text_of("more", "The Dry Stroke Count (DSC) rose.\n")]
    items = list(sense_items(texts, [], frozenset({"rules"}), 0))
    assert [(item.options[item.correct], item.context[:13]) for item in items] == [
        ("Customer Advisory Board", "Every visitor")
    ]
    assert list(sense_items(texts, [], frozenset(), 0)) == []


def test_terms_are_measures_codes_and_frequent_words():
    zh = "药箱容积为280升，药箱应每8个月清洗，药箱里有加药泵。"
    text = text_of("d", f"{PUMP}\nThe diaphragm, the diaphragm and the diaphragm of TD-618 weigh 4.6 kg.")
    items = list(term_items([text, text_of("z", zh, "zh")], {"pump"}))
    found = {(item.question_kind, item.question) for item in items}
    assert {
        ("measure", "4.6 kg"),
        ("code", "TD-618"),
        ("term", "diaphragm"),
        ("measure", "280升"),
        ("term", "药箱"),
    } <= found
    assert ("term", "pump") not in found


def test_numbers_with_words_are_no_measures_and_words_of_every_document_no_terms():
    subject = "The diaphragm of a diaphragm pump moves. "
    everywhere = "We had 3 had regular checks of 26 for all. It took 12 min, 4.5 kPa and 10 mL. "
    texts = [text_of(f"d{n}", everywhere + (subject * 4 if n == 0 else "")) for n in range(6)]
    found = {(item.question_kind, item.question) for item in term_items(texts, set())}
    assert {("measure", "12 min"), ("measure", "4.5 kPa"), ("measure", "10 mL"), ("term", "diaphragm")} <= found
    assert not {question for kind, question in found if kind == "measure"} - {"12 min", "4.5 kPa", "10 mL"}
    assert ("term", "regular") not in found


def test_senses_the_corpus_explains_go_before_conflated_terms_and_minimal_pairs_come_from_every_rule_alike():
    def made(dimension, kind, count):
        return [
            Item(id=f"{kind}{n}", kind="skill", dimension=dimension, language="en", question="q", question_kind=kind)
            for n in range(count)
        ]

    senses = [*made("disambiguation", "conflated", 90), *made("disambiguation", "sense", 8)]
    drawn = Counter(item.question_kind for item in sampled("disambiguation", senses, 20, 0))
    assert drawn == {"sense": 8, "conflated": 12}
    pairs = [*made("syntax", "order", 300), *made("syntax", "dropped_word", 4), *made("syntax", "agreement", 60)]
    drawn = Counter(item.question_kind for item in sampled("syntax", pairs, 34, 0))
    assert drawn == {"order": 15, "agreement": 15, "dropped_word": 4}


def test_questions_of_a_file_are_put_to_their_passage_and_to_a_silent_one(project, tmp_path):
    file = tmp_path / "team.jsonl"
    rows = [{"question": "In which month does the board meet?", "answer": "May", "context": RULES}]
    file.write_text(json.dumps(rows[0]), encoding="utf-8")
    asked = [item for item in run(project, questions=(str(file),))[1] if item.question == rows[0]["question"]]
    assert {(item.dimension, item.source) for item in asked} == {
        ("domain_knowledge_held_out", "team.jsonl"),
        ("understanding", "team.jsonl"),
        ("faithfulness", "auto"),
    }


def reading(name, question, answer, context):
    return Item(
        id=name, kind="skill", dimension="understanding", language="en", question=question, answers=(answer,),
        document=name, start=0, end=len(context), context=context, source="team.jsonl",
    )  # fmt: skip


def test_a_silent_passage_holds_neither_the_answer_nor_all_the_question_asks_about():
    items = [
        reading("a", "Who paints the lid?", "Ann", "Ann paints the lid in June."),
        reading("b", "Who paints the lid of the tank?", "Bo", "Bo paints the lid of the tank. Who? Bo."),
        reading("c", "Where is the hose stored?", "cellar", "The hose is stored in the cellar by Ann."),
        reading("d", "How heavy is the pump?", "4 kg", "The pump weighs 4 kg."),
    ]
    made = list(asked_items(items, {"a", "b", "c", "d"}, 0, lambda text: text.startswith("The pump")))
    assert {(item.question, item.answerable) for item in made if item.answerable} == {
        (item.question, True) for item in items[:3]
    }
    silent = {item.question: item for item in made if not item.answerable}
    # `a` is silent nowhere: b asks about the same lid, c names Ann; d is a training document's text.
    assert set(silent) == {items[1].question, items[2].question}
    for item in silent.values():
        assert (item.answers, item.question_kind, item.kind) == ((), "unanswerable", "skill")
    assert silent[items[2].question].document in {"a", "b"}
    assert next(iter(asked_items(items, {"a"}, 0, lambda text: False))).answerable


def test_an_imported_pair_comes_from_the_document_that_holds_it(project):
    known = Corpus(corpus())
    pair = load_pairs(project)[0]
    asked = pair.messages[0].model_copy(update={"content": "Where is the Brindle pump assembled?"})
    said = pair.messages[1].model_copy(update={"content": "Pellworth"})
    imported = pair.model_copy(update={"document": "", "messages": (asked, said)})
    nowhere = imported.model_copy(update={"messages": (asked, said.model_copy(update={"content": "Ghent"}))})
    assert taught_documents([pair], known) == {pair.document}
    assert taught_documents([imported], known) == {"pump-faq"}
    assert taught_documents([nowhere], known) == frozenset()


def test_what_was_left_out_is_told_in_the_language_of_the_settings(project):
    chinese = Settings(extraction_model="rules", lang="zh")
    result = validate(project, chinese, ValidateRequest(counts={"general_ability": 7}), Silent())
    assert any(note.startswith("通用能力：从") for note in result.notes)
    assert "不够得出完整结论" in result.notes[-1]
