"""The arms: batching, the shared beginning, constrained replies, scores, and the adapter on and off."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.errors import CancelledError, InputError
from agent.progress import Silent
from agent.records.pairs import Message
from agent.settings import Settings
from tests.tiny_model import build_tiny_model
from tools.decoding import batches
from tools.generation import Generator, load_generator

QUESTIONS = (
    "What is the rated pressure?",
    "资料中的压力是多少？",
    "Hi",
    "Which cartridge does the pump use, and for how many hours may it be used before it has to be changed again?",
)


def conversation(question: str, system: str = "Answer briefly.") -> tuple[Message, ...]:
    return (Message(role="system", content=system), Message(role="user", content=question))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def adapter(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch
    from peft import LoraConfig, get_peft_model

    from tools.models import load_model

    target = tmp_path_factory.mktemp("adapter")
    torch.manual_seed(1)
    model = get_peft_model(load_model(folder), LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False))
    model.save_pretrained(target)
    return target


@pytest.fixture(scope="module")
def generator(folder: Path) -> Generator:
    return load_generator(Settings(base_model=str(folder), threads=1))


class CancelAfter(Silent):
    def __init__(self, checks: int) -> None:
        self.left = checks

    def check(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise CancelledError("cancelled")


def test_a_batch_answers_as_one_by_one(generator: Generator) -> None:
    alone = [generator.generate([conversation(q)], 12)[0].text for q in QUESTIONS]
    together = [reply.text for reply in generator.generate([conversation(q) for q in QUESTIONS], 12)]
    assert together == alone


def test_greedy_decoding_agrees_with_transformers(generator: Generator) -> None:
    import torch

    for question in QUESTIONS:
        prompt = generator.prompt(conversation(question))
        ids = torch.tensor([generator._encode(prompt)])
        reference = generator._model.generate(
            input_ids=ids, attention_mask=torch.ones_like(ids), max_new_tokens=12, do_sample=False
        )
        expected = generator.tokenizer.decode(reference[0, ids.shape[1] :], skip_special_tokens=True).strip()
        assert generator.generate([conversation(question)], 12)[0].text == expected


def test_replies_tell_their_length_and_times(generator: Generator) -> None:
    (reply,) = generator.generate([conversation(QUESTIONS[0])], 5)
    assert reply.tokens <= 5
    assert reply.truncated == (reply.tokens == 5)
    assert reply.seconds_to_first_token is not None
    assert 0 < reply.seconds_to_first_token <= reply.seconds


def test_no_conversations_no_replies(generator: Generator) -> None:
    assert generator.generate([], 5) == []
    assert generator.logprobs([]) == []


def test_cancel_stops_between_tokens(generator: Generator) -> None:
    with pytest.raises(CancelledError):
        generator.generate([conversation(q) for q in QUESTIONS], 50, CancelAfter(2))


def test_a_prompt_too_long_is_refused(generator: Generator) -> None:
    with pytest.raises(InputError, match="2048 positions"):
        generator.generate([conversation("pump " * 2400)], 8)


def test_scores_are_those_of_separate_sequences(generator: Generator) -> None:
    import torch

    prompt = generator.prompt(conversation("Which?"))
    pairs = [(prompt, "12 bar"), ("", "the pump"), (prompt, "34 hours and more"), ("", "资料中没有说明。"), ("", "a")]
    for (score, tokens), (start, continuation) in zip(generator.logprobs(pairs), pairs, strict=True):
        trunk = generator._encode(start) or [generator.tokenizer.bos_token_id]
        ids = torch.tensor([trunk + generator._encode(continuation)])
        logits = generator._model(ids).logits[0].log_softmax(-1).detach()
        expected = sum(float(logits[i - 1, ids[0, i]]) for i in range(len(trunk), ids.shape[1]))
        assert score == pytest.approx(expected, abs=1e-4)
        assert tokens == ids.shape[1] - len(trunk)


def test_an_empty_continuation_is_refused(generator: Generator) -> None:
    with pytest.raises(InputError, match="empty"):
        generator.logprobs([("a", "b"), ("a", "")])


def test_many_options_of_one_prompt_are_split_into_rows(generator: Generator) -> None:
    scores = generator.logprobs([("x", "hours and bar " * 20)] * 40)
    assert max(score for score, _ in scores) == pytest.approx(min(score for score, _ in scores), abs=1e-2)


def test_texts_are_continued_as_they_are_up_to_a_stop_string(generator: Generator) -> None:
    import torch

    prompts = [generator._encode(text) for text in ("The pump is rated", "12", "过滤器")]
    whole = []
    for prompt in prompts:
        ids = torch.tensor([prompt])
        found = generator._model.generate(
            input_ids=ids, attention_mask=torch.ones_like(ids), max_new_tokens=12, do_sample=False
        )
        whole.append(generator.tokenizer.decode(found[0, len(prompt) :], skip_special_tokens=True))
    assert generator.complete(prompts, 12) == whole
    stop = whole[0][len(whole[0]) // 2]
    assert generator.complete(prompts, 12, stop=[stop, "never said"]) == [text.split(stop)[0] for text in whole]


def test_a_tokenizer_that_begins_texts_begins_scored_ones(folder: Path) -> None:
    from tokenizers.processors import TemplateProcessing

    asked = [("The pump", " is rated"), ("", "12 bar")]
    plain, begun = (load_generator(Settings(base_model=str(folder), threads=1)) for _ in range(2))
    start = begun.tokenizer.bos_token
    begun.tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single=f"{start} $A", special_tokens=[(start, begun.start)]
    )
    (first, _), second = begun.logprobs(asked)
    assert first == pytest.approx(plain.logprobs([(f"{start}The pump", " is rated")])[0][0], abs=1e-4)
    assert second == pytest.approx(plain.logprobs(asked)[1], abs=1e-4)


def test_lark_grammars_bind_each_reply(generator: Generator) -> None:
    grammars = ['start: "yes" | "no"', 'start: "12 bar"', "start: /[0-9]{3}/"]
    replies = [r.text for r in generator.generate([conversation("?")] * 3, 20, grammar=grammars)]
    assert replies[0] in {"yes", "no"}
    assert replies[1] == "12 bar"
    assert len(replies[2]) == 3
    assert replies[2].isdigit()


def test_a_quote_can_be_bound_to_its_passage(generator: Generator) -> None:
    passage = "The pump is rated 12 bar. 过滤器每 500 小时更换。"
    grammar = f"start: QUOTE\nQUOTE: %regex {json.dumps({'substring_words': passage}, ensure_ascii=False)}"
    (reply,) = generator.generate([conversation("?")], 60, grammar=grammar)
    assert reply.text in passage


def test_a_schema_binds_the_reply(generator: Generator) -> None:
    schema = {
        "type": "object",
        "properties": {"kind": {"enum": ["fact", "none"]}, "value": {"type": "integer", "minimum": 0, "maximum": 99}},
        "required": ["kind", "value"],
        "additionalProperties": False,
    }
    (reply,) = generator.generate([conversation("?")], 60, schema=schema)
    data = json.loads(reply.text)
    assert data["kind"] in {"fact", "none"}
    assert 0 <= data["value"] <= 99
    assert not reply.truncated


def test_a_wrong_grammar_is_named(generator: Generator) -> None:
    with pytest.raises(InputError, match="grammar is not valid"):
        generator.generate([conversation("?")], 5, grammar="start: undefined_rule")


def test_the_adapter_is_switched_on_and_off(folder: Path, adapter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(base_model=str(folder), threads=1)
    plain = load_generator(settings)
    merged = load_generator(settings, adapter)
    monkeypatch.setattr("tools.generation._room_for_copy", lambda model: False)
    switched = load_generator(settings, adapter)
    asked = [conversation(q) for q in QUESTIONS]
    base = [r.text for r in plain.generate(asked, 8)]
    tuned = [r.text for r in merged.generate(asked, 8, adapter=True)]
    assert tuned != base
    assert [r.text for r in switched.generate(asked, 8, adapter=True)] == tuned
    for arms in (merged, switched):
        assert [r.text for r in arms.generate(asked, 8, adapter=False)] == base
        assert [r.text for r in arms.generate(asked, 8)] == tuned
        expected = plain.logprobs([("", "the pump")])[0][0]
        assert arms.logprobs([("", "the pump")], adapter=False)[0][0] == pytest.approx(expected, abs=1e-4)
        assert arms.logprobs([("", "the pump")], adapter=True)[0][0] != pytest.approx(expected, abs=1e-4)


def test_the_merged_copy_shares_what_tuning_left_alone(folder: Path, adapter: Path) -> None:
    arms = load_generator(Settings(base_model=str(folder)), adapter)
    base, tuned = dict(arms._model.named_parameters()), dict(arms._tuned.named_parameters())
    shared = [name for name in base if base[name].data_ptr() == tuned[name].data_ptr()]
    assert "model.embed_tokens.weight" in shared
    assert "model.layers.0.self_attn.q_proj.weight" not in shared


def test_a_fully_tuned_model_is_an_arm_too(folder: Path, tmp_path: Path) -> None:
    other = build_tiny_model(tmp_path / "full", seed=5)
    arms = load_generator(Settings(base_model=str(folder)), other)
    asked = [conversation(q) for q in QUESTIONS]
    tuned = [r.text for r in arms.generate(asked, 8, adapter=True)]
    assert tuned != [r.text for r in arms.generate(asked, 8, adapter=False)]
    assert tuned == [r.text for r in load_generator(Settings(base_model=str(other))).generate(asked, 8)]


def test_without_a_tuned_model_asking_for_it_is_an_error(generator: Generator) -> None:
    assert not generator.has_adapter
    with pytest.raises(InputError, match="no tuned model"):
        generator.generate([conversation("?")], 5, adapter=True)


@pytest.mark.parametrize(
    ("lengths", "limit", "expected"),
    [
        ([], 10, []),
        ([3, 9, 5], 10, [[1, 2, 0]]),
        ([4000, 4000, 4000, 10], 90, [[0, 1], [2, 3]]),
        ([9000], 10, [[0]]),
        ([1] * 40, 1, [list(range(32)), list(range(32, 40))]),
    ],
)
def test_batches_are_made_by_length(lengths: list[int], limit: int, expected: list[list[int]]) -> None:
    assert list(batches(lengths, limit)) == expected
