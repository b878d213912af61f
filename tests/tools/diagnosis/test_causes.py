from __future__ import annotations

import pytest

from agent.records.evaluation import Item, ItemAnswer
from tests.tools.evaluation.scripted import tune_result
from tools.diagnosis.case import Case, Passage, Taught
from tools.diagnosis.causes import cause_of

SOURCE = "# Arvo\n\nThe rated pressure of the Arvo is 4.5 bar.\n\nThe bolt torque of the Arvo is 50 Nm."
GOLD = "The rated pressure of the Arvo is 4.5 bar."
OTHER = "The bolt torque of the Arvo is 50 Nm."
START = SOURCE.index(GOLD)
TUNING = tune_result("t")


def item(**changes) -> Item:
    values = {
        "id": "i",
        "kind": "knowledge",
        "dimension": "domain_knowledge",
        "language": "en",
        "question": "What is the rated pressure of the Arvo?",
        "answers": ("4.5 bar",),
        "document": "arvo",
        "start": START,
        "end": START + len(GOLD),
        "context": GOLD,
        "fact": "f",
    }
    return Item(**(values | changes))


def said(text, arm="rag", score=0.0, **changes) -> ItemAnswer:
    shown = {"base": None, "tuned": None}.get(arm, True)
    values = {"item": "i", "arm": arm, "text": text, "score": score, "context_has_gold": shown}
    return ItemAnswer(**(values | changes))


def chunk(text, document="arvo") -> Passage:
    start = max(0, SOURCE.find(text))
    return Passage(f"{document}:{start}", document, start, start + len(text), text)


RIGHT, WRONG = said("4.5 bar", "oracle", 1.0), said("50 Nm", "oracle", 0.0)
BOTH = (chunk(GOLD), chunk(OTHER))
ZH = item(
    language="zh",
    question="阿沃的额定压力是多少？",
    answers=("4.5 bar",),
    context="阿沃的额定压力为4.5 bar。",
    start=None,
    end=None,
)


def case(answer, **changes) -> Case:
    values = {
        "item": item(),
        "answer": answer,
        "others": {"oracle": RIGHT},
        "source_known": True,
        "source": SOURCE,
        "retrieved": BOTH if answer.arm in ("rag", "tuned+rag") else None,
    }
    return Case(**(values | changes))


def taught(answer, *, same_fact=True, quote=GOLD) -> Taught:
    return Taught("p1", "What pressure is the Arvo rated for?", answer, quote, same_fact)


LOST = said("50 Nm", context_has_gold=False)
RISING = tuple(
    point.model_copy(update={"validation_loss": loss})
    for point, loss in zip(TUNING.history, (2.0, 1.0, 0.8, 0.9, 1.1, 1.4), strict=True)
)

TABLE = {
    "gold not in its source": ("wrong_reference", case(said("4.5 bar"), item=item(answers=("9 bar",)))),
    "gold not in its source, Chinese": (
        "wrong_reference",
        case(said("4.5 bar"), item=ZH.model_copy(update={"answers": ("9 bar",)})),
    ),
    "two golds conflict": ("wrong_reference", case(said("9 bar"), conflicting="other")),
    "gold passage and tuned model agree on another value of the source": (
        "wrong_reference",
        case(
            said("50 Nm"),
            item=item(context=SOURCE),
            others={"oracle": WRONG, "tuned": said("50 Nm", "tuned")},
        ),
    ),
    "nothing supports the gold": (
        "missing_source",
        case(said("9 bar"), source_known=False, source="", item=item(context="")),
    ),
    "another document supports it": (
        "knowledge_gap",
        case(said("9 bar", "base"), source_known=False, source="", support="x:1-2"),
    ),
    "not among the top k": ("retrieval_miss", case(LOST, retrieved=(chunk(OTHER), chunk("A.", "other")))),
    "nothing retrieved at all": ("retrieval_miss", case(said("9 bar", context_has_gold=False), retrieved=())),
    "retrieved but cut": ("context_lost", case(LOST)),
    "gold shown and the gold passage does not help": ("reader_miss", case(said("50 Nm"), others={"oracle": WRONG})),
    "not retrieved, but it would not have helped": (
        "reader_miss",
        case(LOST, retrieved=(chunk(OTHER),), others={"oracle": WRONG}),
    ),
    "gold shown and passed up": ("reader_miss", case(said("The documents do not say.", abstained=True))),
    "reads it alone, but not among others": ("reader_miss", case(said("50 Nm"))),
    "claims what no passage says": ("unsupported", case(said("It is 77 bar"))),
    "answers where the documents are silent": (
        "unsupported",
        case(said("5 kg"), item=item(answers=(), answerable=False, question="What does the Arvo weigh?")),
    ),
    "right value, unit missing": ("format", case(said("4.5", "tuned"), others={})),
    "right but drowned in words": ("format", case(said("4.5 bar " + "and so on " * 30, score=0.1))),
    "a constraint broken": (
        "format",
        case(said("a", "base"), item=Item(id="c", kind="skill", dimension="instruction_following", form="constraint",
                                          language="en", question="q", constraint={"kind": "bullets", "n": 2})),
    ),
    "cut before the value came": ("truncated", case(said("The rated", truncated=True, tokens=2))),
    "cut before the value came, Chinese": (
        "truncated",
        case(said("阿沃的额定", "base", truncated=True, tokens=4), item=ZH),
    ),
    "cut inside the value": (
        "truncated",
        case(
            said("It runs until 30 November 20", truncated=True, tokens=8),
            item=item(answers=("30 November 2025",), context="It runs until 30 November 2025.", question="Until when?"),
        ),
    ),
    "cut inside a Chinese character": (
        "truncated",
        case(
            said("196千\ufffd", "tuned", truncated=True, tokens=4),
            item=ZH.model_copy(
                update={"answers": ("196千克",), "context": "阿沃重196千克。", "question": "阿沃多重？"}
            ),
        ),
    ),
    "closed book does not know": ("knowledge_gap", case(said("I guess 9 bar", "base"))),
    "tuned on other facts": ("knowledge_gap", case(said("9 bar", "tuned"), tuning=TUNING)),
    "a pair on the fact teaches another value": (
        "bad_training_pair",
        case(said("9 bar", "tuned"), taught=(taught("9 bar"),), tuning=TUNING),
    ),
    "a pair on the fact teaches another cell of its row, and a third value is answered": (
        "bad_training_pair",
        case(said("9 bar", "tuned"), taught=(taught("38 watts", quote=f"Arvo | 38 watts | {GOLD}"),), tuning=TUNING),
    ),
    "a pair on the fact whose line knows another answer than the accepted one": (
        "unexplained",
        case(said("9 bar", "tuned"), taught=(taught("38 watts", quote="Arvo | 38 watts"),), tuning=TUNING),
    ),
    "a near pair that teaches another cell of its row": (
        "knowledge_gap",
        case(
            said("9 bar", "tuned"),
            taught=(taught("38 watts", same_fact=False, quote=f"Arvo | 38 watts | {GOLD}"),),
            tuning=TUNING,
        ),
    ),
    "cut in the preamble of a right pair": (
        "format",
        case(
            said("Thank you for asking about", "tuned", truncated=True),
            taught=(taught("Thank you for asking about this pump: 4.5 bar"),),
            tuning=TUNING,
        ),
    ),
    "cut in the preamble of a pair by a limit of the evaluation": (
        "truncated",
        case(
            said("Thank you", "tuned", truncated=True),
            taught=(taught("Thank you for asking about this pump: 4.5 bar"),),
            tuning=TUNING,
            token_limit=2,
            tokens_needed=24,
        ),
    ),
    "cut within the answer that a pair gives": (
        "truncated",
        case(said("4.", "tuned", truncated=True), taught=(taught("4.5 bar"),), tuning=TUNING),
    ),
    "a near pair says what its quote does not": (
        "bad_training_pair",
        case(said("9 bar", "tuned"), taught=(taught("9 bar", same_fact=False),), tuning=TUNING),
    ),
    "the pair is right, the loss was still falling": (
        "undertrained",
        case(said("9 bar", "tuned"), taught=(taught("4.5 bar"),), tuning=tune_result("t", (3.0, 2.8, 2.6, 2.0, 1.2))),
    ),
    "the pair is right, validation rose": (
        "overfit",
        case(said("9 bar", "tuned"), taught=(taught("4.5 bar"),), tuning=tune_result("t", history=RISING)),
    ),
    "general ability fell for certain": (
        "forgetting",
        case(said("x", "tuned"), item=Item(id="g", kind="general", dimension="general_ability", form="choice",
                                           language="en", question="q", options=("x", "y"), correct=1),
             others={"base": said("y", "base", 1.0)}, general_drop=-0.05),
    ),
    "general ability may not have fallen": (
        "unexplained",
        case(said("x", "tuned"), item=Item(id="g", kind="general", dimension="general_ability", form="choice",
                                           language="en", question="q", options=("x", "y"), correct=1),
             others={"base": said("y", "base", 1.0)}, general_drop=-0.01),
    ),
    "reader and tuned model agree on another value, and the question fits both": (
        "ambiguous_question",
        case(
            said("50 Nm"),
            item=item(context=SOURCE, question="What is it?"),
            others={"oracle": WRONG, "tuned": said("50 Nm", "tuned")},
            rivals=("4.5 bar", "50 Nm"),
        ),
    ),
    "the question fits several": (
        "ambiguous_question",
        case(said("50 Nm"), item=item(question="What is the pressure?"), rivals=("4.5 bar", "5.5 bar")),
    ),
    "the pair is right and well learnt": (
        "unexplained",
        case(said("9 bar", "tuned"), taught=(taught("4.5 bar"),), tuning=TUNING),
    ),
    "a near pair on another machine is no bad pair, and taught nothing of this one": (
        "knowledge_gap",
        case(
            said("9 bar", "tuned"),
            taught=(taught("5.5 bar", same_fact=False, quote="The Belt has 5.5 bar."),),
            tuning=TUNING,
        ),
    ),
    "a rambling wrong answer is not a cut one": (
        "knowledge_gap",
        case(said("I am not sure about this machine but I could imagine that its pressure may be rather high", "base",
                  truncated=True, tokens=24)),
    ),
    "a wrong value that was cut afterwards is not a cut one": (
        "knowledge_gap",
        case(said("It is 9 bar and", "base", truncated=True, tokens=5)),
    ),
    "other unit is not a fault of form": (
        "knowledge_gap",
        case(
            said("14 weeks", "base"),
            item=item(answers=("14 days",), context="It takes 14 days.", question="How long?"),
        ),
    ),
    "without the gold passage's answer nothing is known": ("unexplained", case(said("9 bar", "base"), others={})),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLE)
def test_the_first_cause_with_evidence(name):
    expected, seen = TABLE[name]
    cause, evidence = cause_of(seen)
    assert cause == expected, evidence
    assert evidence


def test_evidence_names_the_pair():
    _, evidence = cause_of(TABLE["a pair on the fact teaches another value"][1])
    assert evidence == {"pair": "p1", "teaches": "9 bar", "gold": "4.5 bar", "followed": True, "pairs": "p1"}


def test_yes_and_no_are_not_looked_up_in_the_source():
    unsure = case(said("no", "base"), item=item(answers=("yes",), question="Is the Arvo safe?"))
    assert cause_of(unsure)[0] == "knowledge_gap"


def test_a_value_in_the_head_of_a_column_counts_as_in_the_source():
    table = item(answers=("59 Nm",), context="| Model | Torque, Nm |\n| P20 | 59 |")
    assert cause_of(case(said("60 Nm", "base"), item=table))[0] == "knowledge_gap"
