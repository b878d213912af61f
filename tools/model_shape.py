"""The architecture of a model, from its folder's config.json and the headers of its weight files; no weight is read.

Known is the Llama family: attention with grouped heads, a gated MLP, one norm before each. A model of another kind is
refused rather than planned for by the wrong arithmetic. Example: `read_shape(folder).shape.layers`.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from agent.errors import InputError
from agent.policy.model_parameters import parameters
from agent.records.hardware import ModelShape
from tools.model_folders import json_object
from tools.model_size import BUILTIN_PARAMS

_FAMILY: Final = frozenset(
    {"llama", "mistral", "qwen2", "qwen3", "smollm3", "gemma", "granite", "exaone4", "ministral", "seed_oss"}
)
"""Model types whose blocks are those that are counted."""
_EXPERTS: Final = ("num_experts", "num_local_experts", "n_routed_experts", "moe_intermediate_size")
_OFF: Final = 0.02
"""Share of the parameters by which arithmetic and files may differ: biases and norms of heads are not counted."""
_MEND: Final = "give its size instead: --params-b"


@dataclass(frozen=True)
class ReadModel:
    """What a model folder says of itself."""

    shape: ModelShape
    params: int
    """Parameters in the weight files; by arithmetic where there are none."""


BUILTIN_MODEL: Final = ReadModel(
    ModelShape(
        layers=30,
        hidden=576,
        intermediate=1536,
        heads=9,
        kv_heads=3,
        head_size=64,
        vocabulary=49_152,
        tied_embeddings=True,
        positions=8192,
    ),
    BUILTIN_PARAMS,
)
"""The built-in model, which may not have been unpacked yet."""


def read_shape(folder: Path) -> ReadModel:
    """Return architecture and size of the model in `folder`, which need not hold weights.

    Raises:
        InputError: There is no usable config.json, or the model is not of the Llama family.
    """
    file = folder / "config.json"
    if not file.is_file():
        raise InputError("the folder has no config.json", where=str(folder), mend="name the folder of a model")
    config = json_object(file)
    tensors = _tensors(folder)
    kind = config.get("model_type")
    if any(config.get(name) for name in _EXPERTS):
        raise InputError("models of experts are not planned for by architecture", where=str(file), mend=_MEND)
    if not tensors and kind not in _FAMILY:
        raise InputError(f"the architecture {kind!r} is not one the plan knows", where=str(file), mend=_MEND)
    shape = _shape(config, file, tensors)
    counted = parameters(shape)
    params = sum(tensors.values()) or counted
    if abs(params - counted) > _OFF * params:
        raise InputError(
            f"the files hold {params:,} parameters, and the plan's arithmetic finds {counted:,}",
            where=str(file),
            mend=_MEND,
        )
    return ReadModel(shape, params)


def _shape(config: dict[str, Any], file: Path, tensors: dict[str, int]) -> ModelShape:
    heads, hidden = _number(config, "num_attention_heads", file), _number(config, "hidden_size", file)
    tied = "lm_head.weight" not in tensors if tensors else bool(config.get("tie_word_embeddings", False))
    return ModelShape(
        layers=_number(config, "num_hidden_layers", file),
        hidden=hidden,
        intermediate=_number(config, "intermediate_size", file),
        heads=heads,
        kv_heads=_number(config, "num_key_value_heads", file, heads),
        head_size=_number(config, "head_dim", file, max(1, hidden // heads)),
        vocabulary=_number(config, "vocab_size", file),
        tied_embeddings=tied,
        positions=_number(config, "max_position_embeddings", file, 0) or None,
    )


def _number(config: dict[str, Any], name: str, file: Path, default: int | None = None) -> int:
    value = config.get(name)
    if value is None and default is not None:
        return default
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise InputError(f"{name} is {value!r}, not a number from 1 on", where=str(file), mend=_MEND)
    return value


def _tensors(folder: Path) -> dict[str, int]:
    """Return the size of every tensor by name, from the headers of the weight files."""
    found: dict[str, int] = {}
    for file in sorted(folder.glob("*.safetensors")):
        with file.open("rb") as handle:
            try:
                header = json.loads(handle.read(int.from_bytes(handle.read(8), "little")))
                found |= {name: math.prod(entry["shape"]) for name, entry in header.items() if name != "__metadata__"}
            except (ValueError, TypeError, KeyError, AttributeError, OverflowError, MemoryError) as error:
                raise InputError(
                    "this is no safetensors file", where=str(file), mend="copy the weights again"
                ) from error
    return found
