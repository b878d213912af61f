"""The plan's arithmetic against what a real step of the product's trainer holds, for tiny models of several shapes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agent.policy.memory_parts import GIB, activation_bytes, at_once, logit_bytes, memory_parts
from agent.policy.model_parameters import adapter_parameters, parameters
from agent.progress import Silent
from agent.records.hardware import ModelShape, Workload
from agent.records.tuning import Hyperparameters, Method
from tests.tiny_model import build_tiny_model
from tools.model_shape import read_shape
from tools.tuning.batches import ROW_TOKENS, as_rows, micro_batch
from tools.tuning.examples import Example
from tools.tuning.run import prepare


@dataclass(frozen=True)
class Case:
    """A model and what a step of it computes."""

    config: str
    changes: dict[str, Any]
    method: Method
    length: int
    batch: int
    rank: int = 8
    dropout: bool = False


CASES = (
    Case("LlamaForCausalLM", {}, "qlora", 96, 2),
    Case("LlamaForCausalLM", {}, "lora", 96, 2),
    Case("LlamaForCausalLM", {}, "full", 96, 2),
    Case("LlamaForCausalLM", {"num_key_value_heads": 4, "tie_word_embeddings": False}, "lora", 160, 1, rank=4),
    Case("LlamaForCausalLM", {"num_key_value_heads": 4, "tie_word_embeddings": False}, "full", 160, 1),
    Case("Qwen2ForCausalLM", {"num_hidden_layers": 4}, "qlora", 224, 4, rank=16),
    Case("MistralForCausalLM", {"head_dim": 64, "intermediate_size": 384}, "lora", 128, 3),
    Case("LlamaForCausalLM", {}, "lora", 96, 2, dropout=True),
)


def identity(case: Case) -> str:
    changes = "-".join(f"{name}={value}" for name, value in case.changes.items())
    return f"{case.config}-{changes}-{case.method}-{case.length}x{case.batch}{'-dropout' if case.dropout else ''}"


@pytest.fixture(scope="module")
def tokenizer_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.mark.parametrize("case", CASES, ids=identity)
def test_the_parts_are_what_a_step_holds(case: Case, tokenizer_folder: Path, tmp_path: Path) -> None:
    folder = _model(case, tokenizer_folder, tmp_path)
    read = read_shape(folder)
    work = Workload(
        batch=case.batch,
        length=case.length,
        learnt=0.5,
        rank=case.rank,
        dropout=case.dropout,
        row_tokens=ROW_TOKENS,
    )
    held = _hold(case, folder, tmp_path)
    parts = memory_parts(case.method, read.shape, work, "fp32", "cpu")
    # Biases of Qwen2 are not counted; they are a half percent of so small a model.
    assert parts.weights * GIB == pytest.approx(held.weights, rel=0.02)
    assert parts.adapter * GIB == pytest.approx(held.adapter, rel=1e-6)
    assert parts.gradients * GIB == pytest.approx(held.gradients, rel=0.02)
    assert parts.optimizer * GIB == pytest.approx(held.moments, rel=0.02)
    # Two of the three copies of the logits are temporary and not saved.
    saved = activation_bytes(read.shape, case.method, work, "fp32", "cpu") - 2 * logit_bytes(read.shape, work)
    assert saved == pytest.approx(held.saved, rel=0.005)


def test_examples_at_once_are_counted_as_the_trainer_does() -> None:
    for batch in (1, 2, 3, 4, 8, 12, 16, 32):
        for length in (16, 100, 256, 512, 700, 1024, 3000):
            examples = [Example("x", tuple(range(length)), (True,) * length)]
            work = Workload(batch=batch, length=length, row_tokens=ROW_TOKENS)
            assert at_once(work) == micro_batch(examples, batch)


def test_a_shape_counts_the_parameters_of_its_files(tokenizer_folder: Path) -> None:
    read = read_shape(tokenizer_folder)
    assert read.params == parameters(read.shape)
    assert read.shape == ModelShape(
        layers=2,
        hidden=64,
        intermediate=128,
        heads=4,
        kv_heads=2,
        head_size=16,
        vocabulary=384,
        tied_embeddings=True,
        positions=2048,
    )


@dataclass
class Held:
    """Bytes that were held, by kind."""

    weights: float = 0
    adapter: float = 0
    gradients: float = 0
    moments: float = 0
    saved: float = 0


def _model(case: Case, tokenizer: Path, tmp_path: Path) -> Path:
    import torch
    import transformers

    folder = tmp_path / "model"
    folder.mkdir()
    for file in (*tokenizer.glob("token*"), *tokenizer.glob("*.jinja")):
        (folder / file.name).write_bytes(file.read_bytes())
    values = {
        "vocab_size": 2048,
        "hidden_size": 128,
        "intermediate_size": 256,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 1024,
        "tie_word_embeddings": True,
    }
    kind = getattr(transformers, case.config)
    torch.manual_seed(0)
    kind(kind.config_class(**(values | case.changes))).save_pretrained(folder)
    return folder


def _hold(case: Case, folder: Path, tmp_path: Path) -> Held:
    """Train one step and return what was held: the model and its training, and what autograd saved."""
    from tools.models import load_tokenizer
    from tools.tuning.course import Course
    from tools.tuning.listener import Listener
    from tools.tuning.trainer import make_trainer

    full = case.method == "full"
    settings = Hyperparameters(
        epochs=1,
        learning_rate=1e-4,
        batch_size=case.batch,
        max_length=1024,
        rank=None if full else case.rank,
        alpha=None if full else case.rank,
        dropout=0.1 if case.dropout else 0.0,
    )
    model = prepare(folder, case.method, settings)
    ids = [[(3 + number + 7 * index) % 2000 for index in range(case.length)] for number in range(case.batch)]
    learnt = tuple(index >= case.length // 2 for index in range(case.length))
    examples = [Example(str(number), tuple(row), learnt) for number, row in enumerate(ids)]
    listener = Listener(Silent(), Course(), tmp_path / "checkpoints", "", [])
    trainer = make_trainer(model, load_tokenizer(folder), examples, settings, tmp_path / "trainer", listener)
    trainer.create_optimizer()
    batch = trainer.data_collator(as_rows(examples))
    with _saving(model) as saved:
        loss = trainer.compute_loss(model, batch)
    loss.backward()
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    held = Held(gradients=_bytes(parameter.grad for parameter in trained), saved=sum(saved.values()))
    trainer.optimizer.step()
    states = trainer.optimizer.state.values()
    held.moments = _bytes(state[name] for state in states for name in ("exp_avg", "exp_avg_sq"))
    held.adapter = 0 if full else _bytes(trained)
    held.weights = _bytes(model.parameters()) - held.adapter + _constants(model)
    if not full:
        shape = read_shape(folder).shape
        assert sum(parameter.numel() for parameter in trained) == adapter_parameters(shape, case.rank)
    return held


def _bytes(tensors: Any) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def _constants(model: Any) -> int:
    """Return the bytes of the constants beside 4-bit weights: one byte a block, and the constants of these."""
    states = [parameter.quant_state for parameter in model.parameters() if hasattr(parameter, "quant_state")]
    return sum(_bytes((state.absmax, state.state2.absmax)) for state in states)


@contextmanager
def _saving(model: Any) -> Iterator[dict[int, int]]:
    """Collect the bytes of every storage that autograd saves, weights aside."""
    import torch

    weights = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    saved: dict[int, int] = {}

    def keep(tensor: Any) -> Any:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            saved[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        yield saved
