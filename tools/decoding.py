"""Greedy decoding of prompts together: one step of the model for all of them, token by token.

Prompts are padded on the left; the beginning they share (the system line) is computed once, and a finished reply
leaves the batch. Both whole replies and streams are made of these steps, so they hold the same tokens.

    for step in Batch(model, prompts, matchers, ends).steps(48, Silent()):
        print(step.position, step.token, step.last)
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from agent.progress import Reporter
from tools.forest import common_beginning
from tools.grammar import Matcher

BATCH: Final = 32
"""Most prompts of a batch. Measured on 2 cores with the 135M model: more no longer pays."""
BATCH_TOKENS: Final = 8192
"""Most tokens of a batch, prompts and replies; bounds the cache (46 KB a token for the 135M model)."""


class Step(NamedTuple):
    """One token of one reply."""

    position: int
    """Of the prompt in its batch."""
    token: int
    seconds: float
    """Since the batch began."""
    last: bool
    """Whether the reply ends with it."""


@dataclass
class _State:
    """What the model remembers of the replies still being written, one row each."""

    cache: Any
    mask: Any
    positions: Any
    """Of each row's newest token."""

    def keep(self, rows: Any) -> None:
        """Forget all but some rows."""
        self.cache.batch_select_indices(rows)
        self.mask, self.positions = self.mask[rows], self.positions[rows]

    def advance(self, model: Any, tokens: Any) -> Any:
        """Append one token to each row; returns the logits after it."""
        import torch

        self.mask = torch.cat([self.mask, self.mask.new_ones(len(tokens), 1)], dim=1)
        self.positions = self.positions + 1
        output = model(
            input_ids=tokens[:, None],
            attention_mask=self.mask,
            position_ids=self.positions,
            past_key_values=self.cache,
            use_cache=True,
            logits_to_keep=1,
        )
        return output.logits[:, -1]


@dataclass
class Batch:
    """Prompts that are decoded together."""

    model: Any
    prompts: list[list[int]]
    matchers: list[Matcher | None]
    stops: set[int]
    dropped: set[int] = field(default_factory=set)
    """Positions of replies that nobody wants to go on; may be added to between tokens."""

    def steps(self, max_new_tokens: int, listener: Reporter) -> Iterator[Step]:
        """Yield every token of every reply as it is chosen.

        The iterator may be left alone between tokens, go on in another thread, or be closed: nothing of torch's state
        is held while it waits.

        Raises:
            CancelledError: The listener asked to stop; it is asked between tokens.
        """
        import torch

        started = time.perf_counter()
        alive = list(range(len(self.prompts)))
        with torch.inference_mode():
            logits, state = self._prefill()
        for count in range(1, max_new_tokens + 1):
            with torch.inference_mode():
                chosen = self._choose(logits, alive)
            seconds = time.perf_counter() - started
            keep = []
            for place, (position, token) in enumerate(zip(alive, chosen, strict=True)):
                ended = token in self.stops
                matcher = self.matchers[position]
                if matcher is not None and not ended:
                    matcher.accept(token)
                last = ended or count == max_new_tokens
                yield Step(position, token, seconds, last)
                if not last and position not in self.dropped:
                    keep.append(place)
            if not keep:
                return
            listener.check()
            with torch.inference_mode():
                if len(keep) < len(alive):
                    state.keep(torch.tensor(keep, device=self.model.device))
                    alive, chosen = [alive[i] for i in keep], [chosen[i] for i in keep]
                logits = state.advance(self.model, torch.tensor(chosen, device=self.model.device))

    def _prefill(self) -> tuple[Any, _State]:
        """Compute the prompts; returns the last logits and what the next step needs."""
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
        return output.logits[:, -1], _State(output.past_key_values, mask.to(where), positions[:, -1:].to(where))

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
