"""What the memory of a training goes to, from the model's architecture: pure arithmetic.

Sources, by part:

- Weights: NF4 takes 4 bits and, doubly quantised, one byte for 64 weights and 4 bytes for 256 of those (QLoRA
  2305.14314, section 3). Only the linear layers inside the blocks are quantised; embedding, output layer and norms
  stay whole.
- Gradients and AdamW's two moments are as wide as what is trained. Adapters are trained in fp32 whatever the base is
  in. A full fine-tuning in bf16 keeps everything in bf16, that is 8 bytes a parameter; in fp16 its weights stay fp32
  as master weights, beside a half-precision copy.
- Activations: every tensor that PyTorch's autograd saves in a Llama block of transformers, counted with
  `torch.autograd.graph.saved_tensors_hooks` and written out in `layer_bytes`. With checkpointing one input per layer
  and the layer that is being recomputed (Chen 1604.06174). Logits exist for learnt tokens only, in fp32, and three
  times as the backward pass begins: probabilities, their gradient and that of the logits.
- Rows of the trainer come in multiples of 32 tokens and 16 predicted tokens; batches above its row are accumulated.
- Process, allocator: measured with `make bench-memory`, see the constants.
"""

from __future__ import annotations

from math import ceil
from typing import Final

from agent.policy.model_parameters import (
    adapter_parameters,
    linear_parameters,
    linear_shapes,
    parameters,
)
from agent.records.hardware import Backend, MemoryParts, ModelShape, Workload
from agent.records.tuning import ComputeType, Method

GIB: Final = 2**30
NF4_BYTES: Final = 0.5 + 1 / 64 + 4 / (64 * 256)
"""Bytes of one NF4 weight with double quantisation (QLoRA 2305.14314: blocks of 64, constants of 8 bits in blocks of
256)."""
NF4_SINGLE_BYTES: Final = 0.5 + 4 / 64
"""Likewise without double quantisation, which builds of bitsandbytes for Ascend lack."""
PROCESS_GIB: Final = 0.57
"""A process with torch, transformers, TRL, peft and bitsandbytes imported, on a CPU; measured."""
CONTEXT_GIB: Final = 1.4e9 / GIB
"""A CUDA context with its kernels: 1.4 · 10⁹ bytes (published estimate). Other stacks publish no figure, so it stands
for all."""
STARTED_GIB: Final = 0.06
"""What a training on a CPU adds of kernels, tokenizer and data; measured."""
ROW_TOKENS: Final = 1024
"""Tokens that the trainer computes at once; a larger batch is accumulated."""
ROW_STEP: Final = 32
"""The trainer's rows are whole multiples of so many tokens."""
COLUMN_STEP: Final = 16
"""Likewise its predicted tokens."""
DEVICE_ALLOCATOR: Final = 0.05
"""Share of what comes and goes that CUDA's caching allocator keeps in pieces; our assumption, not yet measured."""
HEAP_PIECES: Final = 0.5
"""Share of the kept activations that glibc's heap holds besides, in pieces between them that temporary tensors left, on
a CPU; measured (0.43 to 0.63). With every tensor in a mapping of its own (MALLOC_MMAP_THRESHOLD_=65536) it vanishes, at
a cost of time."""
QUANTISING: Final = 1.0
"""Bytes a quantised weight that glibc's allocator still keeps of loading it, on a CPU, until activations take their
place; measured."""
WIDTHS: Final[dict[ComputeType, int]] = {"fp32": 4, "fp16": 2, "bf16": 2}
"""Bytes of a number."""


USUAL: Final = Workload(row_tokens=ROW_TOKENS)
"""What a step of the trainer computes where nothing else is asked; a plan, a forecast and a decision all take it."""


def at_once(workload: Workload) -> int:
    """Return how many examples are computed at once: the largest divisor of the batch whose row stays in bounds."""
    limit = workload.row_tokens
    if limit is None:
        return workload.batch
    most = min(workload.batch, limit // workload.length)  # a batch may be as large as somebody likes to ask
    return next((n for n in range(most, 0, -1) if workload.batch % n == 0), 1)


def is_checkpointed(workload: Workload, backend: Backend) -> bool:
    """Return whether activations are recomputed: as asked, else as the trainer does it."""
    return backend != "cpu" if workload.checkpointing is None else workload.checkpointing


def layer_bytes(shape: ModelShape, method: Method, tokens: int, width: int, workload: Workload) -> float:
    """Return what autograd keeps of one block for `tokens` in a row, bytes.

    Counted with saved-tensor hooks, in values per token: both norms' inputs in fp32 and a scale; the input of each
    group of linear layers (attention, its output, MLP, its output); queries, keys and values, the latter two repeated
    for every head of queries, and the attention's log-sum; gate, its activation and the up projection. An adapter adds
    its inner values, and with dropout the mask and the dropped input of each of its seven layers; full fine-tuning adds
    the normalised inputs that the norms' gradients need. Eager attention adds the scores, in fp32 and in `width`.
    """
    hidden, attention, inner = shape.hidden, shape.heads * shape.head_size, shape.intermediate
    values = 2 * hidden + 4 * attention + 4 * inner
    if method == "full":
        values += 2 * hidden
    else:
        values += 7 * workload.rank
        if workload.dropout:
            # Each adapted layer drops its own input; the three whose input nothing else needs keep it no longer.
            values += 2 * sum(rows for rows, _ in linear_shapes(shape)) - 2 * hidden - inner
    scores = shape.heads * tokens * (4 + (width if width < 4 else 0)) if workload.attention == "eager" else 0
    return tokens * (values * width + 2 * hidden * 4 + 4 * (shape.heads + 2) + scores)


def row_tokens(workload: Workload) -> int:
    """Return the tokens of a row, fillers included."""
    return ceil(at_once(workload) * workload.length / ROW_STEP) * ROW_STEP


def learnt_tokens(workload: Workload) -> int:
    """Return the learnt tokens of a row, fillers included."""
    return ceil(at_once(workload) * ceil(workload.length * workload.learnt) / COLUMN_STEP) * COLUMN_STEP


def logit_bytes(shape: ModelShape, workload: Workload) -> float:
    """Return one fp32 copy of the logits of a row's learnt tokens, bytes."""
    return 4.0 * learnt_tokens(workload) * shape.vocabulary


def activation_bytes(
    shape: ModelShape, method: Method, workload: Workload, compute_type: ComputeType, backend: Backend
) -> float:
    """Return what is kept for the backward pass as it begins, bytes.

    That is the blocks, the attention mask, the rotations of positions, the last norm's input, three copies of the
    logits, and for full fine-tuning the output layer's input. The first block's input needs no gradient with an
    adapter, unless blocks are recomputed.
    """
    width, tokens = WIDTHS[compute_type], row_tokens(workload)
    layer = layer_bytes(shape, method, tokens, width, workload)
    if is_checkpointed(workload, backend):
        blocks = shape.layers * tokens * shape.hidden * width + layer
    else:
        blocks = shape.layers * layer
        if method != "full":
            blocks -= tokens * shape.hidden * (4 + (3 * width if workload.dropout else 0))
    around = tokens * (tokens * width + 2 * shape.head_size * width + shape.hidden * 4)
    if method == "full":
        around += (tokens + learnt_tokens(workload)) * shape.hidden * width
    return blocks + around + 3 * logit_bytes(shape, workload)


def memory_parts(
    method: Method,
    shape: ModelShape,
    workload: Workload,
    compute_type: ComputeType,
    backend: Backend,
    count: int = 1,
) -> MemoryParts:
    """Return what a training takes, GiB over all devices.

    Args:
        method: The method.
        shape: The model.
        workload: What a step computes.
        compute_type: Type the device trains in.
        backend: `cpu` maps the weight file and has the C library's allocator; all others have a context.
        count: Devices; weights, gradients and moments are shared, activations and the rest are every device's own.
    """
    width, on_cpu = WIDTHS[compute_type], backend == "cpu"
    trained, kept = _trained(method, shape, workload, compute_type)
    weights = weight_bytes(method, shape, compute_type, backend)
    adapter = 4.0 * trained if method != "full" else 0.0
    gradients, moments = float(trained * kept), 2.0 * trained * kept
    activations = count * activation_bytes(shape, method, workload, compute_type, backend)
    embedding = float(shape.vocabulary * shape.hidden * kept) if method == "full" else 0.0
    # A step's intermediates: the second moment's root and its quotient, of the largest tensor on a CPU, or the root of
    # all of them at once elsewhere (`foreach`). Tied embeddings get a second gradient before the two are added.
    update = max(2 * embedding if on_cpu else float(trained * kept), embedding if shape.tied_embeddings else 0.0)
    largest = max(rows * columns for rows, columns in linear_shapes(shape))
    backward = count * largest * width if method == "qlora" else 0.0
    if count > 1:  # a sharded layer is gathered before it is computed, and the next one meanwhile
        backward += count * 2 * linear_parameters(shape) / shape.layers * width
    held = 1.0 if workload.batch > at_once(workload) else 0.0  # gradients wait for the rest of the batch
    if on_cpu:
        # The heap keeps its highest extent, so gradients take the place of activations but never give it back. Logits,
        # and what is as large as the embedding, lie in mappings of their own, which are given back at once.
        logits = 3 * logit_bytes(shape, workload)
        blocks, small = activations - logits, gradients - embedding
        moving = max(blocks + backward + held * small, small) + max(logits + held * embedding, embedding + update)
        freed = HEAP_PIECES * blocks
        if method == "qlora":
            freed = max(freed, QUANTISING * linear_parameters(shape))
    else:
        moving = max(activations + backward + held * gradients, gradients + update)
        freed = DEVICE_ALLOCATOR * moving
    overhead = PROCESS_GIB + STARTED_GIB if on_cpu else count * CONTEXT_GIB
    stands = weights + adapter + moments
    mapped = 4.0 * linear_parameters(shape) if on_cpu and method == "qlora" else 0.0
    return MemoryParts(
        weights=weights / GIB,
        adapter=adapter / GIB,
        gradients=gradients / GIB,
        optimizer=moments / GIB,
        activations=activations / GIB,
        workspace=max(backward, update) / GIB,
        allocator=freed / GIB,
        overhead=overhead,
        weight_file=mapped / GIB,
        total=(stands + moving + freed) / GIB + overhead,
    )


def _trained(method: Method, shape: ModelShape, workload: Workload, compute_type: ComputeType) -> tuple[int, int]:
    """Return how many weights are trained, and the bytes of each of their gradients and moments."""
    if method == "full":
        return parameters(shape), 2 if compute_type == "bf16" else 4
    return adapter_parameters(shape, workload.rank), 4


def weight_bytes(method: Method, shape: ModelShape, compute_type: ComputeType, backend: Backend) -> float:
    """Return what the base model's weights take with a method, bytes: Q-LoRA has its linear layers in 4 bit."""
    width = WIDTHS[compute_type]
    linear, whole = linear_parameters(shape), parameters(shape)
    if method == "qlora":
        return linear * (NF4_SINGLE_BYTES if backend == "npu" else NF4_BYTES) + (whole - linear) * width
    if method == "full" and compute_type == "fp16":
        return whole * 4.0 + linear * 2.0  # autocast keeps the half-precision copies of a step
    return float(whole * width)
