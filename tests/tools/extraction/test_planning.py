from collections import Counter

import pytest

from agent.prompts.extraction import KINDS, LEVELS, PERSONAS, extraction_prompt, extraction_schema
from agent.settings import Settings
from knowledge.ingest.chunking import chunk_document
from tests.tools.extraction.corpus import text_of
from tools.extraction.planning import kinds_of, plan_passages, quota, quotes_of
from tools.extraction.prose import asked_of, forecast_prose, unread_prose
from tools.extraction.request import ExtractRequest

PROSE = (
    "A Brindle pump is a small pump for clean liquids. It weighs 4.6 kg, less than the Tarvo pump. First push the hose "
    "over the inlet, then tighten the collar by hand. The pump is kept in the dry store all year. "
)
TABLE = "| Part | Colour | Weight |\n| --- | --- | --- |\n" + "\n".join(
    f"| Part {n} | red | {n} kg |" for n in range(9)
)


def chunks_of(text, language="en", name="d"):
    return chunk_document(text_of(name, text, language))


def prose(count):
    return [chunk for n in range(count) for chunk in chunks_of(f"# Brindle pump {n}\n\n{PROSE}", name=f"d{n}")]


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        (PROSE, "en", (1, 1)),
        (PROSE * 3, "en", (3, 6)),
        ("砚鹤装置的药箱容积是280升。" * 12, "zh", (2, 3)),
        (TABLE, "en", (3, 6)),
    ],
)
def test_the_quota_follows_the_content(text, language, expected):
    found = sum(quota(chunk) for chunk in chunks_of(f"# T\n\n{text}", language))
    assert expected[0] <= found <= expected[1]


def test_kinds_are_those_a_passage_can_yield():
    (chunk,) = chunks_of(f"# Brindle pump\n\n{PROSE}")
    assert set(kinds_of(chunk)) == {"factual", "numeric", "definitional", "procedural", "comparative", "multi_hop"}
    (plain,) = chunks_of("# Yard\n\nThe gate of the yard stays open.")
    assert kinds_of(plain) == ("factual",)
    (table,) = chunks_of(f"# T\n\n{TABLE}")
    assert kinds_of(table) == ("table", "comparative")


def test_kinds_are_balanced_over_a_corpus_and_one_in_eight_is_unanswerable():
    planned = plan_passages(prose(48), seed=0)
    dealt = Counter(kind for one in planned for kind in one.plan.kinds)
    assert dealt["unanswerable"] == pytest.approx(sum(dealt.values()) / 8, abs=1)
    answerable = [count for kind, count in dealt.items() if kind != "unanswerable"]
    assert max(answerable) - min(answerable) <= 1
    assert len({one.plan.persona for one in planned}) > 2
    assert planned == plan_passages(prose(48), seed=0)


def test_quotes_are_sentences_neighbours_rows_or_a_small_table():
    (chunk,) = chunks_of(f"# Brindle pump\n\n{PROSE}")
    quotes = quotes_of(chunk)
    assert all(quote in chunk.text for quote in quotes)
    assert "A Brindle pump is a small pump for clean liquids. It weighs 4.6 kg, less than the Tarvo pump." in quotes
    (table,) = chunks_of(f"# T\n\n{TABLE}")
    assert "| Part 3 | red | 3 kg |" in quotes_of(table)
    assert all(quote in table.text for quote in quotes_of(table))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_planned_prompt_names_kinds_persona_level_and_wordings(language):
    one, *_ = plan_passages(chunks_of(f"# T\n\n{PROSE * 2}", language), seed=3)
    chunk, plan = one.chunk, one.plan
    asked = extraction_prompt(chunk.text, chunk.title, "", one.count, language, plan)[1].content
    assert all(KINDS[kind][language] in asked for kind in plan.kinds)
    assert PERSONAS[language][plan.persona] in asked
    assert LEVELS[language][plan.level] in asked
    item = extraction_schema(one.quotes, one.count, plan)["properties"]["pairs"]["items"]
    assert set(item["required"]) == {"kind", "quote", "question", "answer", "wordings"}
    assert set(item["properties"]["kind"]["enum"]) == set(plan.kinds)


def test_the_forecast_counts_calls_tokens_and_price_before_anything_is_asked():
    chunks, train = prose(6), frozenset(f"d{n}" for n in range(6))
    endpoint = Settings(extraction_model="openai:x", extraction_price=(1.0, 2.0))
    plain = forecast_prose(chunks, train, endpoint, ExtractRequest())
    assert plain.passages == plain.calls == 6
    assert plain.price == pytest.approx((plain.prompt_tokens + 2 * plain.reply_tokens) / 1e6, abs=1e-3)
    twice = forecast_prose(chunks, train, endpoint, ExtractRequest(round_trip=True, ask_twice=True))
    assert twice.calls == 6 + 2 * twice.pairs
    assert forecast_prose(chunks, train, Settings(), ExtractRequest()).price is None
    assert forecast_prose(chunks, train, Settings(extraction_model="rules"), ExtractRequest()).calls == 0


def test_rules_read_no_prose_and_a_small_model_is_asked_plainly():
    chunks, train = [*prose(3), *chunks_of(f"# T\n\n{TABLE}", name="t")], frozenset(("d0", "d1", "d2", "t"))
    assert asked_of(chunks, train, Settings(extraction_model="rules"), ExtractRequest()) == []
    assert [one.plan for one in asked_of(chunks, train, Settings(), ExtractRequest())] == [None] * 3
    assert len(asked_of(chunks, train, Settings(extraction_model="openai:x"), ExtractRequest())) == 4
    assert unread_prose(chunks, train) == 3


def test_asking_twice_needs_the_round_trip():
    with pytest.raises(ValueError, match="needs the round trip"):
        ExtractRequest(ask_twice=True)
