"""The weights that training changes, copied out of a model and put back."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def trainable(model: Any) -> dict[str, Any]:
    """Return copies of the weights that training changes, on the CPU."""
    return {name: p.detach().cpu().clone().contiguous() for name, p in model.named_parameters() if p.requires_grad}


def restore(model: Any, file: Path) -> None:
    """Put saved trainable weights back into `model`."""
    from safetensors.torch import load_file

    put(model, load_file(file))


def put(model: Any, weights: dict[str, Any]) -> None:
    """Copy `weights` into the parameters of the same names."""
    import torch

    parameters = dict(model.named_parameters())
    with torch.no_grad():
        for name, tensor in weights.items():
            parameters[name].copy_(tensor)
