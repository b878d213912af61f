"""The planted batch computes what a plain padded batch computes, and the loss falls where it should."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.errors import EmptyError, InputError
from agent.progress import Silent
from agent.records.pairs import Message
from tests.domain_mix import lines
from tests.tools.tuning.conftest import FACTS
from tools.forest import Tree, common_beginning, plant
from tools.models import load_model, load_tokenizer
from tools.tuning.batches import UNTRAINED, Planter, as_rows, micro_batch
from tools.tuning.examples import Example, MixLine, encode, read_examples, refuse_long


def line(*turns: tuple[str, str]) -> MixLine:
    return MixLine(messages=tuple(Message(role=role, content=text) for role, text in turns), origin="domain", id="x")  # type: ignore[arg-type]


ASKED = (("system", "Answer briefly."), ("user", "What is the pressure?"))


def examples(tiny: Path) -> list[Example]:
    tokenizer = load_tokenizer(tiny)
    made = [encode(line(ASKED[0], ("user", q), ("assistant", a)), tokenizer) for q, a in FACTS]
    dialogue = line(*ASKED, ("assistant", "12 bar"), ("user", "And the cartridge?"), ("assistant", "KX-7"))
    return [*made, encode(dialogue, tokenizer), made[0]]


@pytest.mark.parametrize("quantized", [False, True])
def test_loss_and_gradients_are_those_of_a_padded_batch(quantized: bool, tiny: Path) -> None:
    import torch
    from peft import LoraConfig, get_peft_model
    from torch.nn.functional import cross_entropy

    torch.manual_seed(0)
    model = load_model(tiny, quantized=quantized)
    model = get_peft_model(model, LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM")).train()
    rows = as_rows(examples(tiny))

    longest = max(len(row["input_ids"]) for row in rows)
    ids = torch.tensor([row["input_ids"] + [2] * (longest - len(row["input_ids"])) for row in rows])
    labels = torch.tensor([row["labels"] + [UNTRAINED] * (longest - len(row["labels"])) for row in rows])
    mask = torch.tensor([[1] * len(row["input_ids"]) + [0] * (longest - len(row["input_ids"])) for row in rows])
    logits = model(input_ids=ids, attention_mask=mask).logits
    plain = cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten(), ignore_index=UNTRAINED)
    plain.backward()
    expected = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
    model.zero_grad()

    batch = Planter(model.dtype)(rows)
    targets = batch.pop("shift_labels")[0]
    assert batch["input_ids"].numel() < mask.sum(), "the common beginning is computed once"
    loss = cross_entropy(model(**batch).logits[0], targets)
    loss.backward()
    assert loss.item() == pytest.approx(plain.item(), rel=1e-5)
    assert int((labels[:, 1:] != UNTRAINED).sum()) == int((targets != UNTRAINED).sum())
    for name, parameter in model.named_parameters():
        if name in expected:
            assert torch.allclose(parameter.grad, expected[name], atol=1e-5), name


def test_training_shows_what_generation_shows(tiny: Path) -> None:
    tokenizer = load_tokenizer(tiny)
    example = encode(line(*ASKED, ("assistant", "12 bar")), tokenizer)
    turns = [{"role": role, "content": text} for role, text in ASKED]
    prompt = tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)
    seen = tokenizer(prompt, add_special_tokens=False)["input_ids"]
    assert list(example.tokens[: example.untrained_beginning]) == seen
    learnt = [token for token, trained in zip(example.tokens, example.trained, strict=True) if trained]
    assert tokenizer.decode(learnt) == "12 bar<|im_end|>"


def test_every_assistant_turn_is_learnt_and_nothing_else(tiny: Path) -> None:
    tokenizer = load_tokenizer(tiny)
    example = encode(line(*ASKED, ("assistant", "12 bar"), ("user", "还有呢？"), ("assistant", "KX-7")), tokenizer)
    learnt = [token for token, trained in zip(example.tokens, example.trained, strict=True) if trained]
    assert tokenizer.decode(learnt) == "12 bar<|im_end|>KX-7<|im_end|>"


def test_a_template_without_an_end_gets_one(tiny: Path) -> None:
    tokenizer = load_tokenizer(tiny)
    turn, asking = "{{ m.role }}: {{ m.content }}\n", "{% if add_generation_prompt %}assistant: {% endif %}"
    tokenizer.chat_template = f"{{% for m in messages %}}{turn}{{% endfor %}}{asking}"
    example = encode(line(*ASKED, ("assistant", "12 bar")), tokenizer)
    assert example.tokens[-1] == tokenizer.eos_token_id
    assert example.trained[-1]


@pytest.mark.parametrize(
    "turns",
    [(("user", "a"),), (("assistant", "a"),), (*ASKED, ("assistant", "  ")), ()],
    ids=["asked", "told", "blank", "none"],
)
def test_an_example_without_question_and_reply_is_refused(turns: tuple[tuple[str, str], ...], tiny: Path) -> None:
    with pytest.raises(InputError, match="no question with a reply"):
        encode(line(*turns), load_tokenizer(tiny))


def test_a_template_that_rewrites_the_prompt_is_refused(tiny: Path) -> None:
    tokenizer = load_tokenizer(tiny)
    tokenizer.chat_template = "{{ messages | length }}{% for m in messages %}{{ m.content }}{% endfor %}"
    with pytest.raises(InputError, match="differently with and without"):
        encode(line(*ASKED, ("assistant", "12 bar")), tokenizer)


def test_mix_files_are_read_line_by_line(tiny: Path, tmp_path: Path) -> None:
    tokenizer = load_tokenizer(tiny)
    file = tmp_path / "train.jsonl"
    file.write_text(lines(FACTS * 20, "p") + "\n", encoding="utf-8")
    read = read_examples(file, tokenizer, Silent())
    assert len(read) == 160
    refuse_long(read, 200, "train.jsonl")
    file.write_text("\n", encoding="utf-8")
    with pytest.raises(EmptyError, match="no example"):
        read_examples(file, tokenizer, Silent())
    file.write_text(lines(FACTS[:1], "p") + '{"messages": 3}\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"train.jsonl, line 2"):
        read_examples(file, tokenizer, Silent())


@pytest.mark.parametrize(
    ("length", "batch", "expected"),
    [(40, 16, 16), (100, 16, 8), (300, 16, 2), (1024, 16, 1), (5000, 8, 1), (40, 7, 7), (200, 7, 1)],
)
def test_long_batches_are_accumulated(length: int, batch: int, expected: int) -> None:
    assert micro_batch([Example("x", (1,) * length, (True,) * length)], batch) == expected


@pytest.mark.parametrize(
    ("sequences", "expected"),
    [([[1, 2, 3], [1, 2, 4]], 2), ([[1, 2], [1, 2]], 1), ([[5]], 0), ([[1, 2, 3], [1, 2]], 1), ([[1], [2]], 0)],
)
def test_a_common_beginning_leaves_something_to_each(sequences: list[list[int]], expected: int) -> None:
    assert common_beginning(sequences) == expected


def test_trees_in_rows_see_only_themselves() -> None:
    import torch

    planted = plant([[Tree((1, 2), ((3,), (4, 5))), Tree((), ((6, 7),))], [Tree((8,), ((9,),))]])
    assert planted.ids.tolist() == [[1, 2, 3, 4, 5, 6, 7], [8, 9, 0, 0, 0, 0, 0]]
    assert planted.positions.tolist()[0] == [0, 1, 2, 2, 3, 0, 1]
    seen = (planted.mask(torch.float32)[0, 0] == 0).int().tolist()
    assert seen[2] == [1, 1, 1, 0, 0, 0, 0]
    assert seen[4] == [1, 1, 0, 1, 1, 0, 0]
    assert seen[6] == [0, 0, 0, 0, 0, 1, 1]
    assert planted.places[0][0][1].predictor(0) == 1
    assert planted.places[0][0][1].predictor(1) == 3
    assert planted.places[0][1][0].predictor(0) is None
