"""Log-probabilities of continuations: whatever requests have in common, at any depth, is computed once.

The two sentences of a minimal pair share their first words, the options of a question its prompt, the questions about
a passage the passage. Only columns that predict something are taken through the language-model head, and the last
token of a continuation, which predicts nothing, through nothing at all.

    score(model, requests([("The pump is rated", " 12 bar"), ("The pump is rated", " 9 bar")], encode, start), Silent())
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from agent.errors import InputError
from agent.progress import Reporter
from tools.tries import Row, Tokens, batch_inputs, batches, rows_of

Encode = Callable[[str], list[int]]
"""Turns text into tokens."""
BATCH_TOKENS: Final = {"cpu": 1024}
"""Tokens computed at once, by device; more pays only where many arithmetic units wait for work."""
OTHER_BATCH_TOKENS: Final = 16384
LOGITS: Final = 2**24
"""Logits held at once; 64 MiB in single precision."""


class Request(NamedTuple):
    """A continuation to score."""

    context: Tokens
    """At least one token."""
    continuation: Tokens
    """At least one token."""


class Score(NamedTuple):
    """What a model thinks of a continuation."""

    logprob: float
    """Natural, summed over the tokens."""
    tokens: int
    greedy: bool
    """Whether each of its tokens is the likeliest one."""


def requests(pairs: Sequence[tuple[str, str]], encode: Encode, start: int, *, begun: bool = False) -> list[Request]:
    """Return the tokens of prompts and continuations.

    Args:
        pairs: Prompt and continuation.
        encode: The tokenizer's.
        start: Token that stands for an empty prompt.
        begun: Whether the model knows every text with `start` before it (Llama, Gemma).

    Raises:
        InputError: A continuation is empty.
    """
    prompts: dict[str, Tokens] = {}
    made = []
    for index, (prompt, continuation) in enumerate(pairs):
        if not continuation:
            raise InputError("a continuation to score is empty", where=f"pair {index + 1}", mend="leave it out")
        if prompt not in prompts:
            prompts[prompt] = tuple(encode(prompt))
        tokens = prompts[prompt]
        before = (start,) if begun or not tokens else ()
        made.append(Request(before + tokens, _continuation(prompt, tokens, continuation, encode)))
    return made


def score(model: Any, asked: Sequence[Request], listener: Reporter) -> list[Score]:
    """Return the score of each request.

    Raises:
        CancelledError: The listener asked to stop; it is asked between passes of the model.
    """
    import torch

    rows = rows_of([(*request.context, *request.continuation[:-1]) for request in asked])
    room = BATCH_TOKENS.get(str(model.device.type), OTHER_BATCH_TOKENS)
    scores: dict[int, Score] = {}
    with torch.inference_mode():
        for batch in batches(rows, room):
            listener.check()
            inputs = {name: tensor.to(model.device) for name, tensor in batch_inputs(batch, model.dtype).items()}
            hidden = _backbone(model)(**inputs, use_cache=False).last_hidden_state
            scores.update(_read(model, hidden, batch, asked))
            listener.progress(len(scores), len(asked), "scores")
    return [scores[index] for index in range(len(asked))]


def _read(model: Any, hidden: Any, batch: Sequence[Row], asked: Sequence[Request]) -> Iterator[tuple[int, Score]]:
    """Yield index and score of each request that a batch holds."""
    import torch

    width = hidden.shape[1]
    steps: dict[tuple[int, int], int] = {}  # (column of the batch, token it may predict) -> its place
    places: dict[int, list[int]] = {}
    for number, row in enumerate(batch):
        for index, path in row.paths.items():
            targets = asked[index].continuation
            columns = (number * width + column for column in path[-len(targets) :])
            places[index] = [steps.setdefault(step, len(steps)) for step in zip(columns, targets, strict=True)]
    columns, spots = torch.tensor([column for column, _ in steps], device=hidden.device).unique(return_inverse=True)
    targets = torch.tensor([token for _, token in steps], device=hidden.device)
    states = hidden.flatten(0, 1)[columns]
    logprobs, greedy = torch.empty(len(steps), device=hidden.device), torch.empty(len(steps), device=hidden.device)
    size = max(1, LOGITS // model.config.get_text_config().vocab_size)
    for first in range(0, len(states), size):
        inside = ((spots >= first) & (spots < first + size)).nonzero().flatten()
        logits = _logits(model, states[first : first + size])
        best = logits.amax(-1)
        chosen = logits[spots[inside] - first, targets[inside]] - best[spots[inside] - first]
        total = (logits - best[:, None]).exp_().sum(-1).log()
        logprobs[inside] = chosen - total[spots[inside] - first]
        greedy[inside] = (chosen == 0).float()
    found, likeliest = logprobs.tolist(), greedy.tolist()
    for index, own in places.items():
        yield index, Score(sum(found[i] for i in own), len(own), all(likeliest[i] for i in own))


def _logits(model: Any, states: Any) -> Any:
    """Return what the whole model would make of the decoder's last states, in single precision.

    Some families bend the head's output; they do so in their forward pass, which is not taken here: Cohere multiplies
    it, Granite divides it, Gemma 2 bounds it.
    """
    logits = model.get_output_embeddings()(states).float()
    config = model.config.get_text_config()
    if factor := getattr(config, "logit_scale", None):
        logits *= factor
    if divisor := getattr(config, "logits_scaling", None):
        logits /= divisor
    if bound := getattr(config, "final_logit_softcapping", None):
        logits = logits.div_(bound).tanh_().mul_(bound)
    return logits


def _continuation(prompt: str, tokens: Tokens, continuation: str, encode: Encode) -> Tokens:
    """Tokenise prompt and continuation as one text where that keeps the prompt's tokens."""
    if prompt:
        joint = tuple(encode(prompt + continuation))
        if joint[: len(tokens)] == tokens and len(joint) > len(tokens):
            return joint[len(tokens) :]
    return tuple(encode(continuation))


def _backbone(model: Any) -> Any:
    """Return the decoder without its language-model head."""
    return model.get_base_model().base_model if hasattr(model, "get_base_model") else model.base_model
