from __future__ import annotations

from collections import Counter

import pytest

from agent.errors import EmptyError, InputError
from agent.progress import Silent
from agent.prompts.choices import option_pairs
from agent.records.evaluation import ARMS, EvaluateRequest, Item
from agent.settings import Settings
from knowledge.answering import abstained
from knowledge.files import write_records
from tests.tools.evaluation.scripted import READING, knowledge_items, project_in, retrieval, skill_items, text_of
from tools.evaluation.answers import Clock, Relay
from tools.evaluation.arms import gold_passage, plan
from tools.evaluation.comparisons import abstention_rates, chance_of, normalised
from tools.evaluation.items import builtin_items, items_for, stratified
from tools.evaluation.reading import documents_reading


def many(count=120):
    return [
        Item(
            id=f"i{n}",
            kind="knowledge",
            dimension="domain_knowledge",
            language="zh" if n % 3 == 0 else "en",
            question=f"q{n}",
            answers=("a",),
            document=f"d{n % 4}",
        )
        for n in range(count)
    ]


@pytest.mark.parametrize("limit", [12, 30, 60])
def test_a_sample_mirrors_the_whole(limit):
    kept = stratified(many(), limit, seed=1)
    assert len(kept) == limit
    languages = Counter(item.language for item in kept)
    assert languages["zh"] == pytest.approx(limit / 3, abs=2)
    documents = Counter(item.document for item in kept)
    assert all(count == pytest.approx(limit / 4, abs=2) for count in documents.values())


def test_a_sample_is_decided_by_the_seed_and_keeps_the_order():
    assert stratified(many(), 20, 1) == stratified(many(), 20, 1)
    assert stratified(many(), 20, 1) != stratified(many(), 20, 2)
    kept = [int(item.id[1:]) for item in stratified(many(), 20, 1)]
    assert kept == sorted(kept)
    assert stratified(many(5), None, 1) == tuple(many(5))


def test_builtin_items_come_in_the_languages_asked_for():
    english, chinese = list(builtin_items(["en"])), list(builtin_items(["zh"]))
    assert {item.language for item in english} == {"en"}
    assert {item.dimension for item in chinese} == {"general_ability", "instruction_following"}
    assert len(list(builtin_items(["en", "zh"]))) == len(english) + len(chinese) == 270


def test_builtin_items_do_not_stand_beside_sealed_ones(tmp_path):
    own = next(iter(builtin_items(["en"]))).model_copy(update={"id": "own"})
    project = project_in(tmp_path, [*knowledge_items(), own])
    items, left_out = items_for(project, EvaluateRequest(limits={"instruction_following": 5}))
    assert [item.id for item in items if item.dimension == "general_ability"] == ["own"]
    assert left_out == {"instruction_following": 55}


def test_what_cannot_be_asked(tmp_path):
    project = project_in(tmp_path, knowledge_items())
    with pytest.raises(EmptyError, match="no item of these dimensions"):
        items_for(project, EvaluateRequest(dimensions=("syntax",)))
    write_records(project.validation, [*knowledge_items(), knowledge_items()[0]])
    with pytest.raises(InputError, match="share an id"):
        items_for(project, EvaluateRequest())


def test_the_same_items_get_the_same_prompts_in_every_arm():
    items = [*knowledge_items(), *skill_items()]
    tasks = {
        (task.arm, task.item.id): task for task in plan(items, ARMS, retrieval(items), [], READING, EvaluateRequest())
    }
    base, tuned = tasks["base", "arvo-pressure-0"], tasks["tuned", "arvo-pressure-0"]
    assert base.conversation == tuned.conversation
    assert base.conversation[1].content == "What is the rated pressure of the Arvo?"
    rag, oracle = tasks["rag", "arvo-pressure-0"], tasks["oracle", "arvo-pressure-0"]
    assert rag.conversation == tasks["tuned+rag", "arvo-pressure-0"].conversation
    assert "bolt torque" in rag.conversation[-1].content
    assert "bolt torque" not in oracle.conversation[-1].content
    assert oracle.conversation[-1].content.startswith("Context:\nThe rated pressure of the Arvo is 4.5 bar.")
    assert tasks["oracle", "fenda-torque-0"].conversation[-1].content.startswith("资料：\n")


def test_long_answers_and_instructions_get_more_room():
    long = knowledge_items()[0].model_copy(update={"id": "long", "answers": (" ".join(["word"] * 20),)})
    order = next(item for item in builtin_items(["en"]) if item.form == "constraint")
    short = knowledge_items()[1]
    room = {
        t.item.id: t.max_new_tokens for t in plan([long, order, short], ("base",), {}, [], READING, EvaluateRequest())
    }
    assert room[short.id] == 24
    assert room["long"] == 64
    assert room[order.id] == 64


def test_a_gold_passage_keeps_the_headings_it_stands_under():
    item = knowledge_items()[0]
    text = text_of(0)
    chunk = gold_passage(item, []).chunk.model_copy(
        update={"start": 0, "end": len(text.text), "title": "Arvo manual", "headings": ("Data",)}
    )
    gold = gold_passage(item, [chunk]).chunk
    assert (gold.title, gold.headings, gold.text) == ("Arvo manual", ("Data",), item.context)
    assert gold_passage(item, []).chunk.headings == ()


@pytest.mark.parametrize(
    ("language", "cloze", "first"),
    [
        ("en", False, ("Question: Q?\nAnswer:", " yes")),
        ("zh", False, ("问题：Q?\n答案：", "yes")),
        ("en", True, ("Q?", " yes")),
    ],
)
def test_options_are_put_in_a_plain_frame(language, cloze, first):
    assert option_pairs("Q?", ["yes", "no"], language, cloze=cloze)[0] == first


def test_options_may_be_read_from_passages():
    assert option_pairs("Q?", ["a"], "en", passages=["P1", "P2"])[0][0] == "Context:\nP1\n\nP2\n\nQuestion: Q?\nAnswer:"


def test_chance_and_the_radars_scale():
    choice = next(iter(builtin_items(["en"])))
    assert chance_of(choice) == 0.25
    assert chance_of(skill_items()[3]) == 0.5
    assert chance_of(knowledge_items()[0]) == 0
    assert normalised(0.25, 0.25) == normalised(0.1, 0.25) == 0
    assert normalised(1, 0.25) == 1
    assert normalised(0.5, 1) == 0


def test_documents_are_read_as_the_product_reads_them():
    reading = documents_reading(Settings(_env_file=None))
    items = knowledge_items()
    built = reading.build(items[0].question, retrieval(items)[items[0].id], "en")
    assert "4.5 bar" in built.text
    assert built.chunks[0].startswith("doc-arvo")
    assert reading.abstained is abstained


def test_the_clock_tells_the_time_left_from_the_work_done():
    class Recorder(Silent):
        left = 0.0

        def metric(self, **data):
            self.left = data["seconds_left"]

    items = knowledge_items()
    tasks = plan(items, ("base",), {}, [], READING, EvaluateRequest())
    now = [0.0]
    recorder = Recorder()
    clock = Clock(tasks, recorder, now=lambda: now[0])
    now[0] = 10.0
    half = [task for task in tasks if task.item.dimension == "domain_knowledge"]
    clock.finish(half)
    spent, whole = sum(task.cost for task in half), sum(task.cost for task in tasks)
    assert recorder.left == pytest.approx(10 * (whole - spent) / spent, abs=0.1)


def test_a_relay_passes_everything_on():
    seen = []

    class Recorder(Silent):
        def metric(self, **data):
            seen.append(data)

        def note(self, message):
            seen.append(message)

    relay = Relay(Recorder(), seen.append)
    relay.progress(1, 4, "x")
    relay.progress(0, 0, "x")
    relay.metric(a=1)
    relay.note("n")
    relay.check()
    assert seen == [0.25, 0.0, {"a": 1}, "n"]


def test_no_faithfulness_no_abstention_rates():
    assert abstention_rates(knowledge_items(), []) == {}
