from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agent.errors import InputError
from agent.policy.model_parameters import parameters
from agent.settings import BUILTIN, load_settings
from tests.tiny_model import build_tiny_model
from tools.model_shape import BUILTIN_MODEL, ReadModel, read_shape
from tools.plan import model_of, plan, trained_like_here, usual_model
from tools.tuning.batches import ROW_TOKENS

LLAMA: dict[str, Any] = {
    "model_type": "llama",
    "num_hidden_layers": 32,
    "hidden_size": 4096,
    "intermediate_size": 11008,
    "num_attention_heads": 32,
    "vocab_size": 32000,
}


def folder_of(tmp_path: Path, **changes: Any) -> Path:
    """Write a config.json without weights; `None` takes a field out."""
    config = {name: value for name, value in (LLAMA | changes).items() if value is not None}
    (tmp_path / "config.json").write_text(json.dumps(config))
    return tmp_path


def test_a_configuration_suffices(tmp_path: Path) -> None:
    read = read_shape(folder_of(tmp_path))
    assert read.params == parameters(read.shape) == 6_738_415_616
    assert (read.shape.kv_heads, read.shape.head_size, read.shape.positions) == (32, 128, None)
    assert not read.shape.tied_embeddings


def test_what_a_configuration_says_goes_before_what_is_usual(tmp_path: Path) -> None:
    changes = {"num_key_value_heads": 8, "head_dim": 64, "tie_word_embeddings": True, "max_position_embeddings": 4096}
    shape = read_shape(folder_of(tmp_path, **changes)).shape
    assert (shape.kv_heads, shape.head_size, shape.positions, shape.tied_embeddings) == (8, 64, 4096, True)


def test_weight_files_tell_the_size_and_whether_embeddings_are_tied(tmp_path: Path) -> None:
    folder = build_tiny_model(tmp_path / "tiny")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"tie_word_embeddings": False}))
    read = read_shape(folder)
    assert read.shape.tied_embeddings
    assert read.params == parameters(read.shape)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"hidden_size": None}, "hidden_size is None"),
        ({"num_hidden_layers": 0}, "num_hidden_layers is 0"),
        ({"vocab_size": True}, "vocab_size is True"),
        ({"num_attention_heads": "32"}, "num_attention_heads is '32'"),
        ({"model_type": "gpt2"}, "'gpt2' is not one the plan knows"),
        ({"model_type": None}, "None is not one the plan knows"),
        ({"num_local_experts": 8}, "models of experts"),
    ],
)
def test_what_the_arithmetic_does_not_know_is_refused(tmp_path: Path, changes: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        read_shape(folder_of(tmp_path, **changes))
    assert "--params-b" in str(caught.value.mend)


def test_a_model_whose_files_hold_something_else_is_refused(tmp_path: Path) -> None:
    folder = build_tiny_model(tmp_path / "tiny")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 5}))
    with pytest.raises(InputError, match="parameters"):
        read_shape(folder)


@pytest.mark.parametrize("raw", [b"", b"\xff" * 40, b"\x02\0\0\0\0\0\0\0[]", b'\x08\0\0\0\0\0\0\0{"a": 1}'])
def test_a_damaged_weight_file_is_named(tmp_path: Path, raw: bytes) -> None:
    folder = folder_of(tmp_path)
    (folder / "model.safetensors").write_bytes(raw)
    with pytest.raises(InputError, match="safetensors") as caught:
        read_shape(folder)
    assert "model.safetensors" in str(caught.value.where)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"config\.json"):
        read_shape(tmp_path)


def test_a_plan_takes_a_folder_with_nothing_but_a_configuration(tmp_path: Path) -> None:
    read = model_of(str(folder_of(tmp_path)), load_settings())
    work = trained_like_here(length=2048, rank=64, batch=None)
    assert (work.batch, work.length, work.rank, work.row_tokens) == (16, 2048, 64, ROW_TOKENS)
    made = plan("A800", 2, read, work, name="mine", tokens=5000)
    assert (made.model, made.tokens, made.params_b) == ("mine", 5000, 6.738415616)
    assert made.shape == read.shape
    assert all(one.parts is not None and one.seconds_low is not None for one in made.methods)


def test_a_plan_for_the_built_in_model_unpacks_nothing(tmp_path: Path) -> None:
    chosen = load_settings().model_copy(update={"home": tmp_path / "home", "base_model": BUILTIN})
    assert model_of(BUILTIN, chosen) == usual_model(chosen) == BUILTIN_MODEL
    assert not (tmp_path / "home").exists()


def test_a_set_model_of_another_family_is_planned_for_by_its_size(tmp_path: Path) -> None:
    folder = build_tiny_model(tmp_path / "tiny")
    chosen = load_settings().model_copy(update={"base_model": str(folder)})
    known = usual_model(chosen)
    assert isinstance(known, ReadModel)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"num_local_experts": 8}))
    size = usual_model(chosen)
    assert size == known.params / 1e9
    assert plan("cpu", 1, size, trained_like_here()).params_b == size


def test_cores_are_counted_on_this_machine_alone(tmp_path: Path) -> None:
    read = model_of(str(folder_of(tmp_path)), load_settings())
    one, two = (plan("cpu", 1, read, trained_like_here(), threads=n).methods[1] for n in (1, 2))
    assert one.seconds_low is not None
    assert two.seconds_low == pytest.approx(one.seconds_low / 2, rel=1e-3)


@pytest.mark.parametrize("count", [0, 100_001])
def test_a_senseless_count_is_refused_here_too(tmp_path: Path, count: int) -> None:
    with pytest.raises(InputError, match="devices"):
        plan("A800", count, 7.0, trained_like_here())
