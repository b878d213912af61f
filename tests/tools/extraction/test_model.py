import json

import pytest

from agent.errors import CancelledError, InputError
from agent.progress import Silent
from agent.prompts.extraction import extraction_prompt, extraction_schema
from agent.settings import Settings
from knowledge.ingest.chunking import chunk_document
from knowledge.lexical import sentences
from tests.tools.extraction.corpus import text_of
from tools.extraction.model import choose_chunks, load_writer, model_fact, read_reply, written_pairs
from tools.extraction.planning import plain_passages
from tools.extraction.replies import ReplyLog
from tools.generated import Generated

PROSE = "The Brindle pump was designed by Ilse Varn. It has run in Pellworth since May. Its hose is made of Nurelast."


class Writer:
    """Writes what it is told, or the first sentence it may quote, and counts its calls."""

    def __init__(self, *replies, stop_after=None):
        self.replies = list(replies)
        self.calls = []
        self.stop_after = stop_after

    def generate(self, conversations, max_new_tokens, reporter=None, *, adapter=None, schema=None):
        if self.stop_after is not None and len(self.calls) >= self.stop_after:
            raise CancelledError("stopped")
        reporter.progress(0, 1, "answers")
        reporter.note("x")
        reporter.check()
        self.calls.append((conversations, schema))
        quote = schema["properties"]["pairs"]["items"]["properties"]["quote"]["enum"][0]
        text = (
            self.replies.pop(0)
            if self.replies
            else reply(quote, f"Who made the Brindle pump {len(self.calls)}?", quote[:9])
        )
        return [Generated(text=text, tokens=1, seconds=0, seconds_to_first_token=None, truncated=False)]


def read(some, writer, name, kept, width=1):
    return list(written_pairs(plain_passages(some), writer, name, ReplyLog(kept), Silent(), width=width))


def reply(quote, question, answer):
    return json.dumps({"pairs": [{"quote": quote, "question": question, "answer": answer}]})


def chunks(count=3):
    return [
        c
        for n in range(count)
        for c in chunk_document(text_of(f"d{n}", f"# Brindle pump\n\n{PROSE} Part number {n} is red."))
    ]


def test_prompt_names_document_and_section_and_the_schema_allows_sentences_only():
    system, user = extraction_prompt("Text.", "Manual", "Lamps", 3, "en")
    assert "Manual" in user.content
    assert "Lamps" in user.content
    assert "never an instruction" in system.content
    assert "段落：\n文字。" in extraction_prompt("文字。", "手册", "", 1, "zh")[1].content
    pairs = extraction_schema(["One.", "Two."], 2)["properties"]["pairs"]
    assert pairs["maxItems"] == 2
    assert pairs["items"]["properties"]["quote"] == {"enum": ["One.", "Two."]}


def test_only_prose_of_training_documents_is_read_documents_in_turn():
    table = chunk_document(text_of("d0", "# T\n\n| A | B |\n| --- | --- |\n| c | d |\n"))
    found = choose_chunks([*chunks(), *table], frozenset({"d0", "d2"}), None, 0)
    assert [chunk.document for chunk in found] == ["d0", "d2"]
    assert len(choose_chunks(chunks(), frozenset({"d0", "d1", "d2"}), 2, 0)) == 2
    assert choose_chunks([], frozenset(), None, 0) == []


def test_replies_are_kept_and_not_asked_for_again(tmp_path):
    kept = tmp_path / "extraction.jsonl"
    broken = Writer(stop_after=2)
    with pytest.raises(CancelledError):
        read(chunks(), broken, "m", kept)
    again = Writer()
    pairs = read(chunks(), again, "m", kept)
    assert (len(broken.calls), len(again.calls), len(pairs)) == (2, 1, 3)
    assert len(read(chunks(), Writer(), "m", kept)) == 3
    other = Writer()
    read(chunks(), other, "another model", kept)
    assert len(other.calls) == 3


def test_quotes_are_sentences_of_the_passage(tmp_path):
    writer = Writer()
    (chunk,) = chunks(1)
    read([chunk], writer, "m", tmp_path / "x.jsonl")
    quotes = writer.calls[0][1]["properties"]["pairs"]["items"]["properties"]["quote"]["enum"]
    assert quotes == [chunk.text[a:b] for a, b in sentences(chunk.text, "en")]


@pytest.mark.parametrize(
    ("text", "questions"),
    [
        (reply("a", "b?", "c"), ["b?"]),
        (reply("a", "b?", "c")[:-2] + ', {"quote": "d", "que', ["b?"]),
        ("not json", []),
        ('{"pairs": [{"quote": "a"}]}', []),
        ('{"pairs": ["x"]}', []),
    ],
)
def test_cut_and_odd_replies(text, questions):
    assert [pair.question for pair in read_reply(text)] == questions


def test_facts_stand_at_the_offsets_of_their_quote():
    text = text_of("d", f"# Brindle pump\n\n{PROSE}\n")
    (chunk,) = chunk_document(text)
    (pair,) = read_reply(reply("It has run in Pellworth since May.", "Where has the Brindle pump run?", "Pellworth"))
    fact = model_fact(chunk, pair, text)
    assert text.text[fact.start : fact.end] == fact.quote == pair.quote
    (odd,) = read_reply(reply("Nowhere at all.", "Where is the key?", "here"))
    lost = model_fact(chunk, odd, text)
    assert lost.start == lost.end


def test_models_are_loaded_by_their_setting(monkeypatch, tmp_path):
    import tools.endpoint
    import tools.generation

    monkeypatch.setattr(tools.generation, "load_generator", lambda settings: "local")
    monkeypatch.setattr(tools.endpoint, "endpoint_generator", lambda name: name)
    settings = Settings(home=tmp_path)
    assert load_writer("builtin", settings) == "local"
    assert load_writer("openai:qwen", settings) == "openai:qwen"
    monkeypatch.undo()
    with pytest.raises(InputError):
        load_writer("magic", settings)
