"""A question is ambiguous if it leaves open which of several things it asks about, and only then."""

from __future__ import annotations

import pytest

from agent.records.base import Language
from agent.records.evaluation import Item
from tools.diagnosis.rivals import Rivals
from tools.extraction.fact import Fact


def fact(entity: str, attribute: str, answer: str, asked: str, language: Language = "en", document: str = "d") -> Fact:
    return Fact(
        id=f"f-{entity}-{attribute}",
        document=document,
        form="attribute",
        entity=entity,
        attribute=attribute,
        answer=answer,
        start=0,
        end=1,
        quote=answer,
        kind="table",
        source="table",
        language=language,
        trained=(asked,),
    )


SOURCE = "Net weight: Lumen A 4 kg, Lumen Bora 9 kg. The wall bracket carries 4 kg."
FACTS = (
    fact("the Lumen A pump", "net weight", "4 kg", "What is the net weight of the Lumen A pump?"),
    fact("the Lumen Bora pump", "net weight", "9 kg", "What is the net weight of the Lumen Bora pump?"),
    fact("the Lumen Bora pump", "colour", "grey", "Which colour has the Lumen Bora pump?"),
    fact("the pump", "price", "120 euros", "What is the price of the pump?"),
    fact("the pump housing", "price", "30 euros", "What is the price of the pump housing?"),
    fact("澄江一号装置", "整机重量", "196千克", "澄江一号装置的整机重量是多少？", "zh"),
    fact("望山三号装置", "整机重量", "88千克", "望山三号装置的整机重量是多少？", "zh"),
)


def item(question: str, answer: str, language: Language = "en", document: str = "d") -> Item:
    return Item(
        id="v1",
        dimension="domain_knowledge",
        kind="knowledge",
        form="free",
        question=question,
        answers=(answer,),
        document=document,
        language=language,
    )


@pytest.mark.parametrize(
    ("asked", "rivals"),
    [
        (item("What is the net weight?", "4 kg"), ("4 kg", "9 kg")),
        (item("I have a question: what is the net weight?", "9 kg"), ("4 kg", "9 kg")),
        (item("How much do I lift?", "4 kg"), ("4 kg", "9 kg")),
        (item("整机重量是多少？", "88千克", "zh"), ("196千克", "88千克")),
    ],
    ids=["bare", "chatty", "in other words, nothing named", "chinese"],
)
def test_a_question_that_names_none_of_several_things(asked: Item, rivals: tuple[str, ...]) -> None:
    assert Rivals.among((), (), FACTS).of(asked, SOURCE) == rivals


@pytest.mark.parametrize(
    "asked",
    [
        item("What is the net weight of the Bora?", "9 kg"),
        item("How heavy is a Bora?", "9 kg"),
        item("What is the net weight of the LB-7?", "9 kg", document="other"),
        item("Which colour?", "grey"),
        item("What load does the wall bracket carry?", "4 kg"),
        item("What is the price of the pump?", "120 euros"),
        item("How much do I lift?", "4 kg", document="other"),
        item("望山三号的整机重量是多少？", "88千克", "zh"),
    ],
    ids=[
        "named",
        "named in other words",
        "a code",
        "one thing only",
        "another thing of the document",
        "a name within a name",
        "another document",
        "chinese",
    ],
)
def test_a_clear_question_has_fewer_than_two_answers(asked: Item) -> None:
    assert len(Rivals.among((), (), FACTS).of(asked, SOURCE)) < 2


def test_known_questions_that_say_more_are_rivals() -> None:
    sealed = (item("How far does the red lamp shine?", "5 m"), item("How far does the green lamp shine?", "8 m"))
    assert Rivals.among(sealed, ()).of(item("How far does the lamp shine?", "5 m")) == ("5 m", "8 m")
