"""One level of load on an endpoint: from its replies' times to its figures; pure."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final, Literal, get_args

from agent.records.benchmark import Measurement
from tools.benchmark.streamed import Answered, Failed
from tools.benchmark.timing import Limits, goodput, median, quantiles, spread

How = Literal["estimate", "tokenizer", "server"]
"""How tokens were counted, the least certain first."""
_WAYS: Final[tuple[How, ...]] = get_args(How)


@dataclass(frozen=True)
class Level:
    """What is sent."""

    concurrency: int
    prompt: int
    """Tokens wanted of every prompt."""
    output: int
    """Most tokens of every reply."""

    def __str__(self) -> str:
        return f"{self.concurrency} × {self.prompt}/{self.output}"


@dataclass(frozen=True)
class Round:
    """What came of requests that were sent at once."""

    answered: tuple[Answered, ...]
    failed: tuple[Failed, ...]

    @property
    def seconds(self) -> float:
        """From the first request to the end of the last whole reply: failures lengthen nothing."""
        return max(one.began + one.ended for one in self.answered) - min(one.began for one in self.answered)


@dataclass
class Counting:
    """Counts tokens: by the server's usage, else with a tokenizer, else a token for every chunk."""

    tokenizer: Any = None
    """Of the model, with a chat template; `None` where nobody gave one."""
    _chunks: int = 0
    _tokens: int = 0
    doubted: set[str] = field(default_factory=set)
    """Counts that servers gave and that cannot be."""

    def prompt(self, answer: Answered) -> tuple[int | None, How]:
        """Return the tokens of a prompt, `None` where only an estimate is possible, and how they were counted."""
        self.doubted.update(answer.doubted)
        if answer.prompt_tokens is not None:
            return answer.prompt_tokens, "server"
        if self.tokenizer is None:
            return None, "estimate"
        turns = [{"role": "user", "content": answer.prompt}]
        written = self.tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)
        return len(self.tokenizer.encode(written, add_special_tokens=False)), "tokenizer"

    def output(self, answer: Answered) -> tuple[int, How]:
        """Return the tokens of a reply, at least one, and how they were counted."""
        chunks = len(answer.arrivals)
        how: How = "server"
        if answer.output_tokens is not None:
            tokens = answer.output_tokens
        elif self.tokenizer is not None:
            tokens, how = max(1, len(self.tokenizer.encode(answer.text, add_special_tokens=False))), "tokenizer"
        else:
            return chunks, "estimate"
        self._chunks += chunks
        self._tokens += tokens
        return tokens, how

    @property
    def tokens_per_chunk(self) -> float | None:
        """Tokens of a chunk on average over all replies; `None` where tokens were not counted."""
        return self._tokens / self._chunks if self._chunks else None


@dataclass(frozen=True)
class _Timed:
    """One reply in milliseconds."""

    first: float
    each: float | None
    gaps: tuple[float, ...]
    tokens: int
    how: How
    """The tokens were counted."""


def measurement(
    level: Level, rounds: Sequence[Round], counting: Counting, limits: Limits, model: str, expected: int
) -> Measurement:
    """Return a level's figures over all whole replies, and its failures by kind.

    Args:
        level: What was sent.
        rounds: What came back.
        counting: Counts tokens.
        limits: Of the goodput.
        model: The endpoint's name of it.
        expected: Tokens of a prompt where nobody counts them.
    """
    timed = [[_timed(one, counting) for one in part.answered] for part in rounds]
    replies = [one for part in timed for one in part]
    whole = [(part, replied) for part, replied in zip(rounds, timed, strict=True) if replied]
    rates = [sum(one.tokens for one in replied) / part.seconds for part, replied in whole if part.seconds > 0]
    asked = [counting.prompt(one) for part in rounds for one in part.answered]
    prompts = [expected if tokens is None else tokens for tokens, _ in asked]
    seconds = sum(part.seconds for part, _ in whole)
    errors = Counter(one.kind for part in rounds for one in part.failed)
    return Measurement(
        model=model,
        batch=level.concurrency,
        prompt_tokens=round(statistics.median(prompts)) if prompts else expected,
        output_tokens=round(statistics.median(one.tokens for one in replies)) if replies else level.output,
        ttft_ms=median([one.first for one in replies]),
        tpot_ms=median([one.each for one in replies if one.each is not None]),
        tokens_per_s=median(rates),
        peak_gib=None,
        label="measured",
        ttft=quantiles([one.first for one in replies]),
        inter_token=quantiles([gap for one in replies for gap in one.gaps]),
        goodput=goodput([(one.first, one.each) for one in replies], seconds, limits) if replies else None,
        goodput_limit=str(limits),
        repeats=len(whole),
        spread=spread(rates),
        requests=sum(len(part.answered) + len(part.failed) for part in rounds),
        errors=dict(sorted(errors.items())),
        tokens_counted=_least({one.how for one in replies}),
        prompts_counted=_least({how for _, how in asked}),
        asked_prompt=level.prompt,
        asked_output=level.output,
    )


def _timed(answer: Answered, counting: Counting) -> _Timed:
    tokens, how = counting.output(answer)
    chunks = len(answer.arrivals)
    first, last = answer.arrivals[0], answer.arrivals[-1]
    # The first chunk holds as many tokens as the others, so that much of the reply was not waited for.
    waited = tokens * (1 - 1 / chunks)
    each = (last - first) / waited * 1000 if waited else None
    gaps = tuple((after - before) * 1000 for before, after in pairwise(answer.arrivals))
    return _Timed(first * 1000, each, gaps, tokens, how)


def _least(used: set[How]) -> How:
    """Return the least certain way that was used."""
    return next((way for way in _WAYS if way in used), "estimate")
