"""The only loader of weights: which base model, where it lies, and how it gets into memory.

Every folder passes `tools.model_folders` before anything of it is loaded.

    path = resolve_base_model(settings)
    model, tokenizer = load_model(path), load_tokenizer(path)
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from agent.errors import InputError, WorkFailedError
from agent.progress import Reporter, Silent
from agent.records.tuning import ComputeType
from agent.settings import BUILTIN, Settings
from tools.builtin_model import builtin_model
from tools.model_folders import check_adapter_folder, check_model_folder
from tools.quiet import quiet_libraries

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_HUB_FILES: Final = ("*.json", "*.safetensors", "*.model", "*.txt", "*.jinja")


def resolve_base_model(settings: Settings, reporter: Reporter | None = None) -> Path:
    """Return the folder of the base model the settings name, materialising the embedded default once.

    Raises:
        InputError: The folder holds no safe model, or the hub id is not at hand and may not be downloaded.
    """
    name = settings.base_model
    if name == BUILTIN:
        return builtin_model(settings.cache_folder / "models", reporter or Silent())
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
        quantized: NF4 with double quantisation through bitsandbytes, on the CPU too (Dettmers 2305.14314); on Ascend
            without it, because the builds of bitsandbytes for it lack that kernel.
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
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=where != "npu",
            bnb_4bit_compute_dtype=dtype,
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


def parameter_count(folder: Path) -> int:
    """Return the number of parameters a checked model folder holds, from the files' headers alone."""
    total = 0
    for file in sorted(folder.glob("*.safetensors")):
        with file.open("rb") as handle:
            header = json.loads(handle.read(int.from_bytes(handle.read(8), "little")))
        total += sum(math.prod(entry["shape"]) for name, entry in header.items() if name != "__metadata__")
    return total


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
