import pytest

from agent.progress import Silent
from tests.tools.extraction.corpus import corpus, text_of
from tools.cleaning.near import NearDuplicates
from tools.extraction.harvest import harvest
from tools.extraction.rephrasing import question_wordings, rephrasings
from tools.extraction.similarity import is_chinese, jaccard
from tools.extraction.variants import Variants
from tools.extraction.wordings import NEAR_DUPLICATE, choose, hurried, plainest, questions


def worded(fact, seed=0, wanted=5):
    return choose(questions(fact), wanted, seed, fact.id, plain=plainest(fact))


def test_every_fact_gets_five_trained_and_two_sealed_wordings_that_differ():
    facts = harvest(corpus(), Silent())
    assert len(facts) > 15
    for fact in facts:
        trained, sealed = worded(fact)
        assert len(trained) == 5
        assert len(sealed) == 2
        assert all(jaccard(one, other) < NEAR_DUPLICATE for one in trained for other in sealed)
        assert len(set(trained) | set(sealed)) == 7
        assert all(is_chinese(question) == (fact.language == "zh") for question in trained + sealed)


def test_a_name_of_the_entity_is_in_every_wording():
    facts = harvest(corpus(), Silent())
    variants = Variants.of(facts)
    for fact in facts:
        if fact.form == "attribute":
            names = variants.names(fact.entity) if fact.language == "en" else (fact.entity,)
            spoken = [name.removeprefix("the ").casefold() for name in names]
            for question in questions(fact, variants):
                assert any(name in question.casefold() for name in spoken), question


def test_an_attribute_that_says_its_owner_is_asked_alone():
    text = "# Bulletin T-09 Tarn seals\n\n## Data\n\n- **T-09 password**: Silver Otter\n- **T-09 desk**: Room 4\n"
    fact = next(fact for fact in harvest([text_of("d", text)], Silent()) if fact.attribute == "T-09 password")
    asked = questions(fact)
    assert "What is the T-09 password?" in asked
    assert "Tell me the T-09 pass phrase." in asked


def test_a_sign_is_asked_by_its_code_and_by_the_device_that_shows_it():
    text = "# Tarn pump manual\n\n- **Error E17**: blocked filter\n- **Amber lamp**: tank empty\n"
    found = {fact.entity: questions(fact) for fact in harvest([text_of("d", text)], Silent())}
    code, lamp = found["Error E17"], found["the Amber lamp"]
    assert any("rror" not in question.lower() and "E17" in question for question in code)
    assert any("fault E17" in question for question in code)
    assert any("amber light" in question for question in lamp)
    assert any("on the Tarn pump" in question for question in lamp)
    titled = harvest([text_of("d", text.replace("manual", "faults"))], Silent())
    assert not any(
        "My Tarn" in question or "on the Tarn" in question for fact in titled for question in questions(fact)
    )


def test_the_number_of_the_document_is_named_where_the_fact_does_not_carry_it():
    text = (
        "# Bulletin T-09 Tarn seals\n\n| Model | Kit |\n|-|-|\n| Tarn Wren pump | K-Oak |\n| Tarn Jay pump | K-Elm |\n"
    )
    facts = [fact for fact in harvest([text_of("d", text)], Silent()) if fact.attribute == "kit"]
    assert {fact.number for fact in facts} == {"T-09"}
    assert any(question.startswith("Under T-09, what is the kit") for question in questions(facts[0]))


def test_some_wordings_are_typed_in_a_hurry_but_never_the_plain_ones():
    trained = [f"What is Number {number}?" for number in range(12)]
    typed = hurried(trained, 0, "k", plain=2)
    assert typed[:2] == tuple(trained[:2])
    changed = [new for old, new in zip(trained, typed, strict=True) if old != new]
    assert len(changed) == 2
    assert all(question == question.lower() and not question.endswith("?") for question in changed)
    assert typed == hurried(trained, 0, "k", plain=2) != hurried(trained, 1, "k", plain=2)


def test_the_plainest_wording_is_always_trained_and_frames_change_with_fact_and_seed():
    facts = harvest(corpus(), Silent())
    assert all(questions(fact)[0] in worded(fact)[0] for fact in facts)
    assert len({worded(facts[0], seed)[1] for seed in range(8)}) > 1
    assert worded(facts[0], 4) == worded(facts[0], 4)


@pytest.mark.parametrize(
    ("table", "wording"),
    [
        ("| Model | Net weight |\n|-|-|\n| Wren pump | 4.6 kg |", "How much does the Wren pump weigh?"),
        ("| Model | Cable length |\n|-|-|\n| Wren pump | 2 m |", "How long is the cable of the Wren pump?"),
        ("| Model | List price |\n|-|-|\n| Wren pump | 2 euros |", "How much does the Wren pump cost?"),
        ("| Model | Stored recipes |\n|-|-|\n| Wren pump | 90 |", "How many stored recipes does the Wren pump have?"),
        ("| 型号 | 电缆长度 |\n|-|-|\n| 砚鹤装置 | 3米 |", "砚鹤装置的电缆有多长？"),
        ("| 型号 | 重量 |\n|-|-|\n| 砚鹤装置 | 3千克 |", "砚鹤装置有多重？"),
    ],
)
def test_units_and_columns_ask_for_their_measure(table, wording):
    language = "zh" if is_chinese(table) else "en"
    title = "砚鹤装置手册" if language == "zh" else "Wren pump manual"
    text = f"# {title}\n\n{table}\n"
    (fact,) = harvest([text_of("d", text, language)], Silent())
    assert wording in questions(fact)
    assert wording in worded(fact)[0]


@pytest.mark.parametrize(
    ("question", "wording"),
    [
        ("What is the default PIN of a Wren?", "Tell me the default PIN of a Wren."),
        ("Who designed the Wren?", "Do you know who designed the Wren?"),
        ("Which phone app controls the Wren?", "Please tell me which phone app controls the Wren."),
        ("Where is the Wren assembled?", "Do you know where the Wren is assembled?"),
        ("How long does a Wren take?", "I have a question: how long does a Wren take?"),
        ("How do I reset a Wren?", "What do I have to do to reset a Wren?"),
        ("Where can I return a Wren?", "Tell me where to return a Wren."),
        ("When must I return a Wren?", "I have to return a Wren. When do I do that?"),
        ("Can I return a Wren?", "Is it possible to return a Wren?"),
        ("What do I do if a Wren leaks?", "What has to be done if a Wren leaks?"),
        ("What happens when a Wren leaks?", "When a Wren leaks, what happens then?"),
        ("Which desk handles Wren faults?", "Name the desk that handles Wren faults."),
        ("Who repairs the Wren?", "Name the person who repairs the Wren."),
        ("What is the warranty of a Wren?", "What is the guarantee of a Wren?"),
        ("砚鹤装置怎么清洗？", "砚鹤装置清洗的方法是什么？"),
        ("砚鹤装置能不能露天安装？", "砚鹤装置可以露天安装吗？"),
        ("砚鹤装置的密码是什么？", "告诉我砚鹤装置的密码。"),
        ("砚鹤装置能不能露天安装？", "请问，砚鹤装置能不能露天安装？"),
    ],
)
def test_questions_are_reworded_where_grammar_is_certain(question, wording):
    assert wording in list(question_wordings(question, "zh" if is_chinese(question) else "en"))


@pytest.mark.parametrize(
    ("question", "never"),
    [
        ("What is the valve used for?", "Tell me the valve used for."),
        ("What effect does the key have?", "Do you know what effect does the key have?"),
        ("How does the key turn?", "Tell me how to key turn."),
    ],
)
def test_questions_are_not_reworded_otherwise(question, never):
    assert never not in list(question_wordings(question, "en"))


def test_rephrased_questions_are_always_trained():
    question = "How do I reset a Wren pump?"
    assert rephrasings(question, "en") == 4
    assert rephrasings("Why does it leak?", "en") == 0


def test_few_wordings_still_leave_one_to_train():
    assert choose([], 5, 0, "k") == ((), ())
    assert choose(["only one?"], 5, 0, "k") == (("only one?",), ())
    trained, sealed = choose(["a b c d e f?", "a b c d e f g?"], 5, 0, "k")
    assert set(trained) == {"a b c d e f?", "a b c d e f g?"}
    assert sealed == ()


def test_near_duplicates_are_found_by_words_and_characters():
    index = NearDuplicates(["What is the rated flow of the Wren pump?", "砚鹤装置的药箱容积是多少？", ""])
    assert index.alike("what is the rated flow of the Wren pump") == [0]
    assert index.alike("请问砚鹤装置的药箱容积是多少？") == [1]
    assert index.alike("Who designed the Wren pump?") == []
    assert index.alike("") == []
    assert NearDuplicates([]).alike("x") == []
