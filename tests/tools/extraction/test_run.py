import json

import pytest

from agent.errors import EmptyError
from agent.progress import Silent
from agent.prompts.forms import ABSTENTION
from agent.records.evaluation import Item
from agent.settings import Settings
from knowledge.files import read_records, write_records
from tests.tools.extraction.answerer import Answerer
from tests.tools.extraction.corpus import PUMP, corpus, project_with, put, text_of
from tests.tools.extraction.test_model import Writer
from tools.extraction.fact import Fact
from tools.extraction.request import ExtractRequest
from tools.extraction.run import extract, facts_file
from tools.extraction.similarity import jaccard
from tools.extraction.split import saved_split
from tools.forecast import step_facts
from tools.pair_import import import_pairs
from tools.pairs import accept, edit, load_pairs, reject
from tools.validation.request import ValidateRequest
from tools.validation.run import validate

RULES = Settings(extraction_model="rules")


@pytest.fixture
def project(tmp_path):
    return project_with(tmp_path, corpus())


def run(project, settings=RULES, generator=None, **fields):
    return extract(project, settings, ExtractRequest(**fields), Silent(), generator)


def test_every_pair_quotes_its_training_document_to_the_letter(project):
    result = run(project)
    texts = {text.document: text.text for text in corpus()}
    pairs, split = load_pairs(project), saved_split(project)
    assert result.pairs == sum(pair.status == "accepted" for pair in pairs) > 40
    assert {pair.document for pair in pairs} <= set(split.train)
    assert all(texts[pair.document][pair.start : pair.end] == pair.quote for pair in pairs)
    assert all(list(pair.checks.values()) == [True] * len(pair.checks) for pair in pairs if pair.status == "accepted")
    assert {pair.language for pair in pairs} == {"en", "zh"}


def test_sealed_wordings_are_never_trained(project):
    run(project)
    trained = {pair.question for pair in load_pairs(project)}
    facts = list(read_records(facts_file(project), Fact))
    held_out = set(saved_split(project).held_out)
    assert facts
    for fact in facts:
        assert len(fact.sealed) == 2
        assert not trained & set(fact.sealed)
        assert (fact.document in held_out) == (not fact.trained)


def test_reading_and_unanswerable_pairs_in_their_shares(project):
    run(project, reading_share=0.3, unanswerable_share=0.1)
    pairs = [pair for pair in load_pairs(project) if pair.status == "accepted"]
    reading = [pair for pair in pairs if pair.kind == "reading"]
    silent = [pair for pair in pairs if pair.kind == "unanswerable"]
    assert len(reading) / len(pairs) == pytest.approx(0.3, abs=0.03)
    assert 0 < len(silent) / len(pairs) <= 0.11
    assert all(pair.answer in pair.question for pair in reading if pair.answer in pair.quote and pair.source == "table")
    assert all(pair.answer == ABSTENTION[pair.language] for pair in silent)


def test_some_wordings_are_kept_for_the_validation_loss(project):
    run(project, validation_share=0.2)
    pairs = load_pairs(project)
    kept = [pair for pair in pairs if pair.split == "validation"]
    assert kept
    for pair in kept:
        assert sum(p.fact == pair.fact and p.split == "train" and p.kind == pair.kind for p in pairs) >= 4


def test_same_seed_same_bytes_other_seed_other_wordings(project):
    run(project)
    first = project.pairs.read_bytes()
    run(project)
    assert project.pairs.read_bytes() == first
    run(project, seed=1, resplit=True)
    assert project.pairs.read_bytes() != first


def test_scope_limits_training_and_holds_the_others_out(project):
    run(project, documents=("pump-*",))
    assert {pair.document for pair in load_pairs(project)} == {"pump-manual", "pump-faq"}
    assert set(saved_split(project).held_out) == {"house-rules", "glossary-zh", "manual-zh"}
    with pytest.raises(EmptyError, match="held out"):
        run(project, documents=("house-*",))
    run(project, documents=("house-*",), resplit=True)
    assert {pair.document for pair in load_pairs(project)} == {"house-rules"}


def test_reviews_and_imports_outlive_another_extraction(project, tmp_path):
    run(project, held_out_share=0)
    one, two, three = load_pairs(project)[:3]
    reject(project, [one.id], "not our wording")
    edit(project, two.id, answer="a better answer")
    accept(project, [three.id])
    file = tmp_path / "more.jsonl"
    file.write_text(json.dumps({"question": "Who leads the yard?", "answer": "Tamsin"}))
    (imported,) = import_pairs(project, file)
    run(project, held_out_share=0)
    after = {pair.id: pair for pair in load_pairs(project)}
    assert after[one.id].reason == "not our wording"
    assert after[two.id].answer == "a better answer"
    assert after[imported.id].source == "import"
    run(project, held_out_share=0, seed=5, wordings=2)
    assert {one.id, two.id, three.id, imported.id} <= {pair.id for pair in load_pairs(project)}


def test_contradicting_documents_make_pending_pairs(tmp_path):
    other = PUMP.replace("17 litres", "19 litres").replace("Brindle Two", "Brindle Six").replace("lamp", "light")
    project = project_with(tmp_path, [text_of("one", PUMP), text_of("two", other)])
    run(project, held_out_share=0)
    waiting = [pair for pair in load_pairs(project) if pair.status == "pending"]
    assert {pair.answer for pair in waiting} == {"17 litres per hour", "19 litres per hour"}
    assert all("one.md" in pair.reason and "two.md" in pair.reason for pair in waiting)


def test_nothing_like_an_already_sealed_question_is_trained_and_every_such_pair_says_why(project):
    before = run(project, held_out_share=0, reading_share=0)
    asked = "What is the rated flow of the Brindle One pump?"
    fields = {"kind": "knowledge", "dimension": "domain_knowledge", "language": "en", "question": asked}
    write_records(project.validation, [Item(id="v1", answers=("17 litres per hour",), **fields)])
    result = run(project, held_out_share=0, reading_share=0)
    pairs = load_pairs(project)
    good = [pair for pair in pairs if pair.status == "accepted"]
    near = [pair for pair in pairs if pair.reason.startswith("apart_from_sealed: ")]
    assert all(jaccard(pair.question, asked) < 0.8 for pair in good if pair.answer.startswith("17"))
    assert any("Brindle Two" in pair.question and jaccard(pair.question, asked) >= 0.8 for pair in good)
    assert near
    assert all(pair.status == "rejected" for pair in near)
    assert result.rejects_by_reason["apart_from_sealed"] == len(near)
    assert result.pairs + result.rejected == len(pairs) == before.pairs + before.rejected


def test_sealing_again_after_another_extraction_seals_the_same(project, tmp_path):
    run(project, reading_share=0)
    file = tmp_path / "own.jsonl"
    asked = {"question": "what is the rated flow of the Brindle One pump?", "answers": ["17 litres per hour"]}
    file.write_text(json.dumps(asked))
    request = ValidateRequest(questions=(str(file),))
    first = validate(project, RULES, request, Silent())
    made = [(pair.id, pair.status) for pair in load_pairs(project)]
    result = run(project, reading_share=0)
    apart = result.rejects_by_reason["apart_from_sealed"]
    again = [(pair.id, pair.status) for pair in load_pairs(project)]
    assert {one for one, _ in again} == {one for one, _ in made}
    assert len(set(made) - set(again)) == apart > 0
    assert validate(project, RULES, ValidateRequest(), Silent()).sha256 == first.sha256


ENDPOINT = Settings(extraction_model="openai:scripted", extraction_width=1)


def two_pairs(schema):
    quotes = schema["properties"]["pairs"]["items"]["properties"]["quote"]["enum"]
    if "It was built for clean liquids only." not in quotes:
        return json.dumps({"pairs": []})
    made = {"quote": "It was built for clean liquids only.", "kind": "factual", "wordings": []}
    asked = ("Which liquids was the Brindle pump built for?", "What does this document say about the Brindle pump?")
    wordings = ["For what liquids is the Brindle pump made?", "What is it for?"]
    first = made | {"question": asked[0], "answer": "clean liquids only", "wordings": wordings}
    return json.dumps({"pairs": [first, made | {"question": asked[1], "answer": "liquids"}]})


def test_a_model_reads_prose_and_its_faults_are_kept_with_reasons(project):
    writer = Answerer(two_pairs)
    scope = {"documents": ("pump-manual", "house-rules"), "held_out_share": 0}
    result = run(project, ENDPOINT, writer, **scope)
    made = [pair for pair in load_pairs(project) if pair.source == "model"]
    assert {pair.status for pair in made} == {"accepted", "rejected"}
    assert {pair.reason.split(":")[0] for pair in made if pair.status == "rejected"} == {"question_standalone"}
    assert "For what liquids is the Brindle pump made?" in {pair.question for pair in made}
    assert "What is it for?" not in {pair.question for pair in made}
    assert sum(result.rejects_by_reason.values()) == result.rejected > 0
    again = Answerer(two_pairs)
    assert run(project, ENDPOINT, again, **scope) == result
    assert not again.prompts


def test_a_model_that_repeats_a_pair_neither_rejects_it_nor_undoes_a_review(project):
    def twice(schema):
        pairs = json.loads(two_pairs(schema))["pairs"]
        return json.dumps({"pairs": [*pairs[:1], *pairs[:1]]})

    scope = {"documents": ("pump-manual", "house-rules"), "held_out_share": 0}
    run(project, ENDPOINT, Answerer(twice), **scope)
    made = next(pair for pair in load_pairs(project) if pair.source == "model" and pair.status == "accepted")
    reject(project, [made.id], "not of use")
    run(project, ENDPOINT, Answerer(twice), **scope)
    assert next(pair for pair in load_pairs(project) if pair.id == made.id).reason == "not of use"


def test_a_model_answers_its_own_questions_where_that_is_wanted(project):
    scope = {"documents": ("pump-manual", "house-rules"), "held_out_share": 0, "round_trip": True, "ask_twice": True}
    writer = Answerer(two_pairs, "clean liquids only")
    run(project, ENDPOINT, writer, **scope)
    kept = [pair for pair in load_pairs(project) if pair.source == "model" and pair.status == "accepted"]
    assert kept
    assert all(
        pair.checks["round_trip"] == pair.checks["self_consistent"] == 1 for pair in kept if pair.kind == "factual"
    )
    project.pairs.unlink()
    (project.root / "extraction.jsonl").unlink()
    run(project, ENDPOINT, Answerer(two_pairs, "cloudy ones"), **scope)
    made = [pair for pair in load_pairs(project) if pair.source == "model"]
    assert {pair.status for pair in made} == {"rejected"}
    assert any(pair.reason.startswith("round_trip: ") and "cloudy ones" in pair.reason for pair in made)


@pytest.mark.parametrize(
    ("answered", "status"), [("not stated", "accepted"), ("clean liquids", "rejected"), (None, "pending")]
)
def test_a_question_without_an_answer_is_trusted_only_when_the_passage_was_asked(project, answered, status):
    def silent(schema):
        quotes = schema["properties"]["pairs"]["items"]["properties"]["quote"]["enum"]
        asked = "What warranty does the Brindle pump have?"
        pair = {"kind": "unanswerable", "quote": quotes[0], "question": asked, "answer": "-", "wordings": []}
        return json.dumps({"pairs": [pair]})

    scope = {"documents": ("pump-manual",), "held_out_share": 0, "round_trip": answered is not None}
    run(project, ENDPOINT, Answerer(silent, answered or ""), **scope)
    made = [pair for pair in load_pairs(project) if pair.source == "model"]
    assert made[0].status == status
    assert made[0].kind == "unanswerable"
    assert made[0].answer == ABSTENTION["en"]
    assert made[0].quote in made[0].messages[0].content


def test_rules_alone_say_how_much_prose_nobody_read(project):
    (note,) = run(project).notes
    assert "passages of prose gave no pairs" in note
    assert "DOMAINSMITH_EXTRACTION_MODEL" in note
    (noted,) = run(project, RULES.model_copy(update={"lang": "zh"})).notes
    assert "段正文没有生成问答" in noted
    assert run(project, ENDPOINT, Answerer(two_pairs)).notes == ()


def test_no_calls_beyond_the_limit_and_none_without_prose(project, tmp_path):
    writer = Writer()
    run(project, Settings(), writer, model_chunks=1)
    assert len(writer.calls) == 1
    run(project, Settings(), writer, model_chunks=0)
    assert len(writer.calls) == 1
    bare = project_with(tmp_path / "other", [text_of("d", "# Brindle pump\n\n- **Lid**: the red cap\n")])
    run(bare, Settings(), writer)
    assert len(writer.calls) == 1


def test_an_empty_project_says_what_comes_first(tmp_path):
    with pytest.raises(EmptyError, match="ingest"):
        run(project_with(tmp_path, []))


def test_pairs_of_documents_that_left_the_project_leave_too(project):
    run(project, held_out_share=0)
    accept(project, [pair.id for pair in load_pairs(project)])
    put(project, corpus()[:2])
    run(project, held_out_share=0)
    assert {pair.document for pair in load_pairs(project)} == {"pump-manual", "pump-faq"}


def test_shares_must_leave_room_for_facts():
    with pytest.raises(ValueError, match="below 95%"):
        ExtractRequest(reading_share=0.7, unanswerable_share=0.4)


def test_the_card_of_an_extraction_says_what_an_endpoint_will_be_asked(project):
    endpoint = Settings(extraction_model="openai:x", extraction_price=(1.0, 2.0))
    told = step_facts(project, endpoint, "extract", ExtractRequest(), "en")
    assert any("calls" in line and "at the price set" in line for line in told.changes)
    assert 0 < told.seconds_low < told.seconds_high
    assert any("调用" in line for line in step_facts(project, endpoint, "extract", ExtractRequest(), "zh").changes)
    assert len(step_facts(project, RULES, "extract", ExtractRequest(), "en").changes) == 1
