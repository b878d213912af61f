"""The arms: one model, with the adapter or without it, that writes replies and scores continuations.

Batches are made by length, padded on the left and decoded greedily with a key-value cache; the beginning that all
prompts of a batch share (the system line) is computed once, and a finished reply leaves its batch.

    generator = load_generator(settings, adapter=run / "adapter")
    base = generator.generate(conversations, 48, adapter=False)
    tuned = generator.generate(conversations, 48, adapter=True)
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from agent.errors import InputError
from agent.progress import Reporter, Silent
from agent.records.pairs import Message
from agent.records.tuning import ComputeType
from agent.settings import Settings
from tools.endpoint import EndpointGenerator
from tools.forest import Tree, common_beginning, plant
from tools.generated import Generated
from tools.grammar import Grammar, GrammarEngine, Matcher
from tools.model_folders import check_model_folder
from tools.models import attach_adapter, device, load_model, load_tokenizer, resolve_base_model

__all__ = ["EndpointGenerator", "Generated", "Generator", "load_generator"]

BATCH: Final = 32
"""Most prompts of a batch. Measured on 2 cores with the 135M model: more no longer pays."""
BATCH_TOKENS: Final = 8192
"""Most tokens of a batch, prompts and replies; bounds the cache (46 KB a token for the 135M model)."""
ROW_TOKENS: Final = 768
"""Tokens of a row when scoring; attention inside a row grows with the square."""


class Generator:
    """A base model with, perhaps, a tuned counterpart."""

    def __init__(self, model: Any, tokenizer: Any, *, tuned: Any = None, switched: bool = False) -> None:
        """Take the models as they are.

        Args:
            model: The base; where `switched`, a PEFT model whose adapter is on.
            tokenizer: Padded on the left, with a chat template.
            tuned: The tuned model, merged; `None` if there is none or if `switched`.
            switched: Whether `model` carries the adapter and base answers come with it switched off.
        """
        self._model = model
        self._tuned = tuned
        self._switched = switched
        self.tokenizer = tokenizer
        stops = model.generation_config.eos_token_id
        listed = stops if isinstance(stops, list) else [stops]
        self._stops = {int(stop) for stop in (*listed, tokenizer.eos_token_id) if stop is not None}
        self._grammars: GrammarEngine | None = None

    @property
    def has_adapter(self) -> bool:
        """Whether there is a tuned arm."""
        return self._switched or self._tuned is not None

    def prompt(self, conversation: Sequence[Message]) -> str:
        """Return the text the model sees, up to where its reply begins."""
        turns = [message.model_dump() for message in conversation]
        return str(self.tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False))

    def count(self, text: str) -> int:
        """Return the number of tokens of `text`."""
        return len(self._encode(text))

    def generate(
        self,
        conversations: Sequence[Sequence[Message]],
        max_new_tokens: int,
        reporter: Reporter | None = None,
        *,
        adapter: bool | None = None,
        schema: Mapping[str, Any] | None = None,
        grammar: Grammar | Sequence[Grammar] | None = None,
    ) -> list[Generated]:
        """Write a reply to each conversation, greedily.

        Args:
            conversations: Each up to and including its user turn.
            max_new_tokens: Most tokens of a reply.
            reporter: Told of every finished reply and asked to stop between tokens.
            adapter: Whether the tuned arm answers; `None` means: if there is one.
            schema: JSON Schema every reply must satisfy.
            grammar: A Lark grammar or JSON Schema for all replies, or one for each.

        Raises:
            InputError: The tuned arm is asked for and there is none, a prompt leaves no room, a grammar is wrong.
        """
        listener = reporter or Silent()
        prompts = [self._encode(self.prompt(conversation)) for conversation in conversations]
        self._check_room(prompts, max_new_tokens)
        matchers = self._matchers(schema if grammar is None else grammar, len(prompts))
        replies: dict[int, Generated] = {}
        model, context = self._arm(adapter)
        with context:
            for indices in batches([len(prompt) for prompt in prompts], max_new_tokens):
                batch = _Batch(model, [prompts[i] for i in indices], [matchers[i] for i in indices], self._stops)
                for position, tokens, seconds, first in batch.run(max_new_tokens, listener):
                    replies[indices[position]] = self._reply(tokens, seconds, first)
                    listener.progress(len(replies), len(prompts), "answers")
        return [replies[i] for i in range(len(prompts))]

    def logprobs(
        self,
        pairs: Sequence[tuple[str, str]],
        reporter: Reporter | None = None,
        *,
        adapter: bool | None = None,
    ) -> list[tuple[float, int]]:
        """Return, for each prompt and continuation, the continuation's log-probability (natural) and its tokens.

        Pairs with the same prompt are computed on one trunk. An empty prompt stands for the start of a text.

        Raises:
            InputError: The tuned arm is asked for and there is none, or a continuation is empty.
        """
        import torch

        listener = reporter or Silent()
        trees = self._scored_trees(pairs)
        model, context = self._arm(adapter)
        results: list[tuple[float, int]] = [(0.0, 0)] * len(pairs)
        done = 0
        with context, torch.inference_mode():
            for row in _rows([tree.size for tree, _ in trees]):
                listener.check()
                planted = plant([[trees[i][0] for i in row]])
                inputs = {name: tensor.to(model.device) for name, tensor in planted.inputs(model.dtype).items()}
                hidden = _backbone(model)(**inputs, use_cache=False).last_hidden_state[0]
                for tree, places in zip(row, planted.places[0], strict=True):
                    for branch, place, pair in zip(trees[tree][0].branches, places, trees[tree][1], strict=True):
                        logits = model.get_output_embeddings()(hidden[[place.predictor(i) for i in range(len(branch))]])
                        targets = torch.tensor(branch, device=logits.device)[:, None]
                        results[pair] = (float(logits.float().log_softmax(-1).gather(1, targets).sum()), len(branch))
                        done += 1
                listener.progress(done, len(pairs), "scores")
        return results

    def _scored_trees(self, pairs: Sequence[tuple[str, str]]) -> list[tuple[Tree, list[int]]]:
        """Return trees of one prompt each, small enough for a row, with the index of the pair behind every branch."""
        start = self.tokenizer.bos_token_id if self.tokenizer.bos_token_id is not None else self.tokenizer.eos_token_id
        by_prompt: dict[str, list[int]] = {}
        for index, (prompt, continuation) in enumerate(pairs):
            if not continuation:
                raise InputError("a continuation to score is empty", where=f"pair {index + 1}", mend="leave it out")
            by_prompt.setdefault(prompt, []).append(index)
        trees = []
        for prompt, indices in by_prompt.items():
            trunk = self._encode(prompt) or [start]
            branches = [self._continuation(prompt, trunk, pairs[index][1]) for index in indices]
            room = max(1, ROW_TOKENS - len(trunk))
            for part in _rows([len(branch) for branch in branches], room):
                tree = Tree(tuple(trunk), tuple(tuple(branches[i]) for i in part))
                trees.append((tree, [indices[i] for i in part]))
        return trees

    def _continuation(self, prompt: str, trunk: list[int], continuation: str) -> list[int]:
        """Tokenise prompt and continuation as one text where that keeps the prompt's tokens."""
        joint = self._encode(prompt + continuation)
        if prompt and joint[: len(trunk)] == trunk and len(joint) > len(trunk):
            return joint[len(trunk) :]
        return self._encode(continuation)

    def _encode(self, text: str) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def _check_room(self, prompts: Sequence[Sequence[int]], max_new_tokens: int) -> None:
        room = getattr(self._model.config, "max_position_embeddings", None)
        longest = max(map(len, prompts), default=0)
        if room is not None and longest + max_new_tokens > room:
            raise InputError(
                f"a prompt of {longest} tokens and a reply of {max_new_tokens} exceed the model's {room} positions",
                mend="shorten the context or the reply",
            )

    def _matchers(self, grammar: Grammar | Sequence[Grammar] | None, count: int) -> list[Matcher | None]:
        if grammar is None:
            return [None] * count
        grammars = [grammar] * count if isinstance(grammar, str | Mapping) else list(grammar)
        if self._grammars is None:
            self._grammars = GrammarEngine(self.tokenizer, self._model.config.get_text_config().vocab_size)
        return [self._grammars.matcher(one) for one in grammars]

    def _arm(self, adapter: bool | None) -> tuple[Any, AbstractContextManager[Any]]:
        if adapter and not self.has_adapter:
            raise InputError("there is no tuned model to ask", mend="run `domainsmith tune` first, or ask the base")
        tuned = self.has_adapter if adapter is None else adapter
        if not self._switched:
            return (self._tuned if tuned else self._model), nullcontext()
        return self._model, nullcontext() if tuned else self._model.disable_adapter()

    def _reply(self, tokens: list[int], seconds: float, first: float) -> Generated:
        ended = bool(tokens) and tokens[-1] in self._stops
        text = self.tokenizer.decode(tokens[:-1] if ended else tokens, skip_special_tokens=True).strip()
        return Generated(
            text=text, tokens=len(tokens), seconds=seconds, seconds_to_first_token=first, truncated=not ended
        )


@dataclass
class _Batch:
    """Prompts that are decoded together."""

    model: Any
    prompts: list[list[int]]
    matchers: list[Matcher | None]
    stops: set[int]

    def run(self, max_new_tokens: int, listener: Reporter) -> Iterator[tuple[int, list[int], float, float]]:
        """Yield (position, tokens, seconds, seconds to the first token) of every reply as it finishes."""
        import torch

        started = time.perf_counter()
        with torch.inference_mode():
            logits, cache, mask, positions = self._prefill()
            alive = list(range(len(self.prompts)))
            replies: list[list[int]] = [[] for _ in self.prompts]
            first = 0.0
            while True:
                chosen = self._choose(logits, alive)
                first = first or time.perf_counter() - started
                keep = []
                for place, (position, token) in enumerate(zip(alive, chosen, strict=True)):
                    replies[position].append(token)
                    matcher = self.matchers[position]
                    if matcher is not None and token not in self.stops:
                        matcher.accept(token)
                    if token in self.stops or len(replies[position]) == max_new_tokens:
                        yield position, replies[position], time.perf_counter() - started, first
                    else:
                        keep.append(place)
                if not keep:
                    return
                listener.check()
                if len(keep) < len(alive):
                    kept = torch.tensor(keep, device=self.model.device)
                    cache.batch_select_indices(kept)
                    mask, positions = mask[kept], positions[kept]
                    alive, chosen = [alive[i] for i in keep], [chosen[i] for i in keep]
                mask = torch.cat([mask, mask.new_ones(len(alive), 1)], dim=1)
                positions = positions + 1
                output = self.model(
                    input_ids=torch.tensor(chosen, device=self.model.device)[:, None],
                    attention_mask=mask,
                    position_ids=positions,
                    past_key_values=cache,
                    use_cache=True,
                    logits_to_keep=1,
                )
                logits = output.logits[:, -1]

    def _prefill(self) -> tuple[Any, Any, Any, Any]:
        """Compute the prompts; returns the last logits, the cache, the attention mask and the last positions."""
        import torch

        where = self.model.device
        shared = common_beginning(self.prompts) if len(self.prompts) > 1 else 0
        cache = None
        if shared:
            trunk = torch.tensor([self.prompts[0][:shared]], device=where)
            cache = self.model(input_ids=trunk, use_cache=True, logits_to_keep=1).past_key_values
            cache.batch_repeat_interleave(len(self.prompts))
        longest = max(map(len, self.prompts)) - shared
        ids = torch.zeros(len(self.prompts), longest, dtype=torch.long)
        mask = torch.zeros(len(self.prompts), shared + longest, dtype=torch.long)
        mask[:, :shared] = 1
        for row, prompt in enumerate(self.prompts):
            rest = prompt[shared:]
            ids[row, longest - len(rest) :] = torch.tensor(rest, dtype=torch.long)
            mask[row, shared + longest - len(rest) :] = 1
        positions = (mask.cumsum(1) - 1).clamp(min=0)[:, shared:]
        output = self.model(
            input_ids=ids.to(where),
            attention_mask=mask.to(where),
            position_ids=positions.to(where),
            past_key_values=cache,
            use_cache=True,
            # An index makes a contiguous copy of the last states. A slice is none, and torch would multiply it as a
            # batch: with frozen weights that copies the whole head for every prompt (3.5 GB for 32 of the 135M model).
            logits_to_keep=torch.tensor([-1], device=where),
        )
        return output.logits[:, -1], output.past_key_values, mask.to(where), positions[:, -1:].to(where)

    def _choose(self, logits: Any, alive: Sequence[int]) -> list[int]:
        for row, position in enumerate(alive):
            matcher = self.matchers[position]
            if matcher is not None:
                logits[row].masked_fill_(matcher.forbidden().to(logits.device), float("-inf"))
        return [int(token) for token in logits.argmax(-1)]


def batches(lengths: Sequence[int], max_new_tokens: int) -> Iterator[list[int]]:
    """Yield batches of indices, longest prompts first, within `BATCH` prompts and `BATCH_TOKENS` tokens."""
    batch: list[int] = []
    for index in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        longest = lengths[batch[0]] if batch else lengths[index]
        if batch and (len(batch) == BATCH or (len(batch) + 1) * (longest + max_new_tokens) > BATCH_TOKENS):
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


def load_generator(settings: Settings, adapter: Path | None = None, *, base: Path | None = None) -> Generator:
    """Load the base model and, if given, a tuned one beside it.

    A merged copy writes about three times as fast as an adapter at the side (stack: generation through an unmerged
    LoRA), so the adapter is merged into a copy wherever memory carries it; the copy shares what tuning left alone.

    Args:
        settings: Name the base model and the CPU threads.
        adapter: An adapter folder, or a whole model that full fine-tuning wrote.
        base: The base model's folder, if already resolved.

    Raises:
        InputError: A folder is no safe model or adapter.
    """
    import torch

    if settings.threads is not None:
        torch.set_num_threads(settings.threads)
    path = base or resolve_base_model(settings)
    tokenizer = load_tokenizer(path)
    compute: ComputeType = "fp32" if device() == "cpu" else "bf16"
    model = load_model(path, compute_type=compute)
    if adapter is None:
        return Generator(model, tokenizer)
    if (adapter / "config.json").is_file() and not (adapter / "adapter_config.json").is_file():
        check_model_folder(adapter)
        return Generator(model, tokenizer, tuned=load_model(adapter, compute_type=compute))
    if not _room_for_copy(model):
        return Generator(attach_adapter(model, adapter).eval(), tokenizer, switched=True)
    tuned = attach_adapter(load_model(path, compute_type=compute), adapter).merge_and_unload(safe_merge=True).eval()
    _share_unchanged(model, tuned)
    return Generator(model, tokenizer, tuned=tuned)


def _share_unchanged(base: Any, tuned: Any) -> None:
    """Let the tuned model use the base's tensors wherever they are equal (embeddings, norms)."""
    import torch

    originals = dict(base.named_parameters())
    for name, parameter in tuned.named_parameters():
        original = originals.get(name)
        if original is not None and original.shape == parameter.shape and torch.equal(original, parameter):
            parameter.data = original.data


def _room_for_copy(model: Any) -> bool:
    """Whether a second copy of `model` takes at most half of the free memory; loading it needs two for a moment."""
    import psutil
    import torch

    size = sum(parameter.numel() * parameter.element_size() for parameter in model.parameters())
    free = psutil.virtual_memory().available if device() == "cpu" else torch.accelerator.get_memory_info()[0]
    return bool(2 * size < free)


def _backbone(model: Any) -> Any:
    """Return the decoder without its language-model head."""
    return model.get_base_model().base_model if hasattr(model, "get_base_model") else model.base_model


def _rows(sizes: Sequence[int], room: int = ROW_TOKENS) -> Iterator[list[int]]:
    """Yield indices in order, as many as fit into a row of `room` tokens, at least one."""
    row: list[int] = []
    filled = 0
    for index, size in enumerate(sizes):
        if row and filled + size > room:
            yield row
            row, filled = [], 0
        row.append(index)
        filled += size
    if row:
        yield row
