import pytest

from agent.progress import Silent
from agent.prompts.synonyms import SYNONYMS
from tests.tools.extraction.corpus import corpus, text_of
from tools.extraction.harvest import harvest
from tools.extraction.variants import NO_VARIANTS, Variants, other_words
from tools.extraction.wordings import questions

TABLE = """# Tarn pump manual

| Model | Cable length | Lead length | Net weight |
|-|-|-|-|
| Tarn Wren pump | 2.4 metres | 1 metre | 4 kg |
| Tarn Heron pump | 3.1 metres | 2 metres | 5 kg |
"""


def facts_of(text, language="en"):
    return harvest([text_of("d", text, language)], Silent())


def test_a_short_name_is_used_while_it_is_unique():
    variants = Variants.of(facts_of(TABLE))
    assert variants.names("the Tarn Wren pump") == ("the Tarn Wren pump", "the Tarn Wren", "the Wren pump")
    twins = Variants.of(facts_of(TABLE + "| Tarn Wren station | 9 metres | 3 metres | 7 kg |\n"))
    assert twins.names("the Tarn Wren pump") == ("the Tarn Wren pump", "the Wren pump")


@pytest.mark.parametrize("entity", ["model X40", "the price list", "the notes of the day", "E17", "砚鹤装置"])
def test_other_entities_keep_their_name(entity):
    assert NO_VARIANTS.names(entity) == (entity,)


def test_a_synonym_never_names_another_fact_of_the_same_thing():
    facts = facts_of(TABLE)
    variants = Variants.of(facts)
    cable = next(fact for fact in facts if fact.attribute == "cable length")
    assert variants.attributes(cable) == ("cord length",)
    assert NO_VARIANTS.attributes(cable) == ("lead length", "cord length")


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("list price", "en", {"list cost", "list charge"}),
        (
            "Is the WARRANTY PERIOD long?",
            "en",
            {"Is the guarantee period long?", "Is the length of the guarantee long?"},
        ),
        ("prices", "en", set()),
        ("保修期", "zh", {"质保期", "保修时间"}),
        ("nothing known", "en", set()),
    ],
)
def test_one_known_word_is_replaced_and_the_longest_wins(text, language, expected):
    assert set(other_words(text, language)) == expected


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_lexicon_replaces_nothing_by_itself(language):
    for word, others in SYNONYMS[language].items():
        assert word == word.lower()
        assert others
        assert word not in others
        assert len(set(others)) == len(others)


def test_variants_reach_the_wordings_in_both_languages():
    facts = harvest(corpus(), Silent())
    variants = Variants.of(facts)
    assert any(set(questions(fact, variants)) - set(questions(fact)) for fact in facts)
    zh = next(
        fact
        for fact in facts_of("# 砚鹤装置手册\n\n| 型号 | 电缆长度 |\n|-|-|\n| 砚鹤装置 | 3米 |\n", "zh")
        if fact.attribute == "电缆长度"
    )
    assert "砚鹤装置的电线有多长？" in questions(zh)
