"""How many weights a model has, from its architecture, and a typical architecture of a size: pure arithmetic.

parameters(typical_shape(7))      # about 7 · 10⁹
"""

from __future__ import annotations

from functools import lru_cache

from agent.records.hardware import ModelShape


def linear_shapes(shape: ModelShape) -> tuple[tuple[int, int], ...]:
    """Return inputs and outputs of the linear layers of one block: queries, keys, values, output; gate, up, down."""
    attention, kv = shape.heads * shape.head_size, shape.kv_heads * shape.head_size
    return (
        (shape.hidden, attention),
        (shape.hidden, kv),
        (shape.hidden, kv),
        (attention, shape.hidden),
        (shape.hidden, shape.intermediate),
        (shape.hidden, shape.intermediate),
        (shape.intermediate, shape.hidden),
    )


def linear_parameters(shape: ModelShape) -> int:
    """Return the weights of all blocks' linear layers, which Q-LoRA quantises and LoRA adapts."""
    return shape.layers * sum(rows * columns for rows, columns in linear_shapes(shape))


def embedding_parameters(shape: ModelShape) -> int:
    """Return the weights of the embedding and of the output layer, which share them where tied."""
    return shape.vocabulary * shape.hidden * (1 if shape.tied_embeddings else 2)


def parameters(shape: ModelShape) -> int:
    """Return all weights of a model: linear layers, embeddings and norms; biases, which few models have, aside."""
    return linear_parameters(shape) + embedding_parameters(shape) + (2 * shape.layers + 1) * shape.hidden


def adapter_parameters(shape: ModelShape, rank: int) -> int:
    """Return the weights of a LoRA adapter on all linear layers: rank · (inputs + outputs) of each (2106.09685)."""
    return shape.layers * rank * sum(rows + columns for rows, columns in linear_shapes(shape))


def kv_bytes_per_token(shape: ModelShape, width: int) -> int:
    """Return the cache of keys and values that one token takes, bytes: 2 · layers · kv heads · head size · `width`."""
    return 2 * shape.layers * shape.kv_heads * shape.head_size * width


@lru_cache(maxsize=4096)  # the search for the largest model that fits asks for the same sizes again and again
def typical_shape(params_b: float) -> ModelShape:
    """Return a Llama-like architecture of about so many parameters, to explain a size whose model is not known.

    The rule follows Llama 3 (2407.21783): an MLP of 3.5 times the width, a head of keys and values for four of queries,
    heads of 128 and a vocabulary of 128,256; models below a width of 2048 have heads of 64 and tie a vocabulary of
    49,152. A layer for every 128 of width gives the width, a multiple of 64; the layers then meet the parameters.

    Raises:
        ValueError: `params_b` is not above 0.
    """
    if params_b <= 0:
        raise ValueError("a model has more than 0 parameters")
    wanted = params_b * 1e9
    low, high = 1, 2
    while parameters(_of_width(64 * high)) < wanted:
        high *= 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if parameters(_of_width(64 * middle)) >= wanted else (middle, high)
    nearest = min((_of_width(64 * low), _of_width(64 * high)), key=lambda one: abs(parameters(one) - wanted))
    layer = linear_parameters(nearest) / nearest.layers
    return nearest.model_copy(update={"layers": max(1, round((wanted - embedding_parameters(nearest)) / layer))})


def _of_width(width: int) -> ModelShape:
    large = width >= 2048
    head = 128 if large else 64
    heads = max(1, width // head)
    return ModelShape(
        layers=max(1, width // 128),
        hidden=width,
        intermediate=width * 7 // 2,
        heads=heads,
        kv_heads=max(1, heads // 4),
        head_size=head,
        vocabulary=128_256 if large else 49_152,
        tied_embeddings=not large,
        typical=True,
    )
