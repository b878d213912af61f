"""What makes a model or adapter folder safe to load, checked before anything of it is loaded.

Weights are read from safetensors only and never with code that came with them (promise 25): a folder whose
configuration asks for remote code, or whose weights are pickles, is refused.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from agent.errors import InputError

_TOKENIZERS: Final = ("tokenizer.json", "tokenizer.model", "vocab.json", "spiece.model")
_PICKLES: Final = (".bin", ".pt", ".pth", ".pkl", ".ckpt")
_LARGEST_HEADER: Final = 100_000_000
"""Bytes; the limit of the safetensors format on its header."""


def check_model_folder(folder: Path) -> None:
    """Refuse a folder that holds no causal language model in safetensors, or that would need its own code.

    Raises:
        InputError: Says what is wrong and the mend; nothing of the folder has been loaded.
    """
    if not folder.is_dir():
        raise InputError("this is not a folder", where=str(folder), mend="name the folder that holds config.json")
    config = _configuration(folder)
    _refuse_remote_code(folder)
    _check_weights(folder)
    if not any((folder / name).is_file() for name in _TOKENIZERS):
        raise InputError(
            "the model folder has no tokenizer", where=str(folder), mend="copy tokenizer.json beside config.json"
        )
    kind = config.get("model_type")
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

    if not isinstance(kind, str) or kind not in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES:
        raise InputError(
            f"model type {kind!r} is no causal language model that the installed transformers knows",
            where=str(folder / "config.json"),
            mend="choose an instruct model such as Llama, Qwen or SmolLM",
        )


def check_adapter_folder(folder: Path) -> None:
    """Refuse a folder that is no plain LoRA adapter in safetensors.

    Raises:
        InputError: Says what is wrong and the mend; nothing of the folder has been loaded.
    """
    file = folder / "adapter_config.json"
    if not file.is_file():
        raise InputError(
            "this folder holds no adapter", where=str(folder), mend="name the `adapter` folder of a tuning run"
        )
    config = json_object(file)
    weights = folder / "adapter_model.safetensors"
    if not weights.is_file():
        raise InputError(
            "the adapter has no safetensors weights",
            where=str(folder),
            mend="save it with safe_serialization=True; pickles are not read",
        )
    _check_header(weights)
    if config.get("peft_type") != "LORA":
        raise InputError(
            f"adapter type {config.get('peft_type')!r} is not supported", where=str(file), mend="use a LoRA adapter"
        )
    # These fields name modules that peft would import.
    library = str((config.get("auto_mapping") or {}).get("parent_library") or "transformers")
    if config.get("megatron_config") or library.partition(".")[0] not in {"transformers", "peft"}:
        raise InputError("the adapter asks for code of its own", where=str(file), mend="use a plain LoRA adapter")


def _configuration(folder: Path) -> dict[str, Any]:
    file = folder / "config.json"
    if not file.is_file():
        adapter = (folder / "adapter_config.json").is_file()
        raise InputError(
            "this folder holds an adapter, not a model" if adapter else "this folder holds no model",
            where=str(folder),
            mend="name the base model the adapter was trained on"
            if adapter
            else "it needs config.json, *.safetensors and a tokenizer",
        )
    return json_object(file)


def _refuse_remote_code(folder: Path) -> None:
    for name in ("config.json", "tokenizer_config.json", "generation_config.json", "processor_config.json"):
        file = folder / name
        if file.is_file() and json_object(file).get("auto_map"):
            raise InputError(
                "the model asks to run code of its own (auto_map)",
                where=str(file),
                mend="choose a model that the installed transformers supports by itself",
            )


def _check_weights(folder: Path) -> None:
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        listed = json_object(index).get("weight_map")
        if not isinstance(listed, dict) or not listed:
            raise InputError("the weight index is damaged", where=str(index), mend="copy the model again")
        names = {str(value) for value in listed.values()}
        outside = sorted(name for name in names if Path(name).name != name)
        if outside:
            raise InputError(
                "the weight index points outside its folder", where=outside[0], mend="do not use this model"
            )
        missing = sorted(name for name in names if not (folder / name).is_file())
        if missing:
            raise InputError("a weight file is missing", where=str(folder / missing[0]), mend="copy the model again")
        files = [folder / name for name in names]
    else:
        files = [folder / "model.safetensors"] if (folder / "model.safetensors").is_file() else []
    if not files:
        pickled = any(path.suffix in _PICKLES for path in folder.iterdir())
        raise InputError(
            "the weights are pickles, which can run code when read"
            if pickled
            else "the folder has no model.safetensors",
            where=str(folder),
            mend="convert them to safetensors with save_pretrained() in a place you trust"
            if pickled
            else "copy the weights beside config.json",
        )
    for file in files:
        _check_header(file)


def _check_header(file: Path) -> None:
    """Check that `file` begins as safetensors do: eight bytes of length, then a JSON object of that length."""
    with file.open("rb") as handle:
        length = int.from_bytes(handle.read(8), "little")
        sound = 2 <= length <= min(_LARGEST_HEADER, file.stat().st_size)
        try:
            sound = sound and isinstance(json.loads(handle.read(length)), dict)
        except ValueError:
            sound = False
    if not sound:
        raise InputError("this is no safetensors file", where=str(file), mend="copy the weights again")


def json_object(file: Path) -> dict[str, Any]:
    """Return the object of a JSON file.

    Raises:
        InputError: The file is not JSON, or holds something else.
    """
    try:
        data = json.loads(file.read_bytes())
    except ValueError as error:
        raise InputError("this is not JSON", where=str(file), mend="copy the file again") from error
    if not isinstance(data, dict):
        raise InputError("this is not a JSON object", where=str(file), mend="copy the file again")
    return data
