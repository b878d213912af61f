"""An arm of ours as a model of lm-evaluation-harness: its tasks and metrics over our scoring and our decoding.

Texts are cut into tokens as the harness's own `hf` model does, so that scores are those of `lm_eval --model hf` up to
rounding (`tests/tools/evaluation/test_harness.py`). Loads `lm_eval`: import it where the extra is known to be there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from lm_eval import utils
from lm_eval.api.model import TemplateLM
from lm_eval.models.utils import normalize_gen_kwargs

from agent.errors import InputError
from agent.progress import Reporter
from tools.generation import Generator
from tools.scoring import Request

NEW_TOKENS: Final = 256
"""Length of an answer where a task names none; the harness's own default."""
POSITIONS: Final = 2048
"""Longest input of a model that names no limit; the harness's own default."""

Encoded = tuple[tuple[str, str] | None, list[int], list[int]]
"""A request's texts, its context and its continuation."""


class ArmLM(TemplateLM):  # type: ignore[misc]
    """A model with its adapter on or off."""

    def __init__(self, generator: Generator, reporter: Reporter, *, adapter: bool) -> None:
        """Take a loaded model.

        Args:
            generator: The base with, perhaps, a tuned counterpart.
            reporter: Told of finished requests and asked to stop.
            adapter: Whether the tuned model answers.
        """
        super().__init__()
        self.tokenizer = generator.tokenizer
        self.max_length = generator.positions or POSITIONS
        self._generator = generator
        self._reporter = reporter
        self._adapter = adapter

    @property
    def eot_token_id(self) -> int:
        """The token that ends a text."""
        return int(self.tokenizer.eos_token_id)

    @property
    def prefix_token_id(self) -> int:
        """The token that stands for an empty context."""
        return self._generator.start

    def tok_encode(self, string: str, add_special_tokens: bool | None = None, **kwargs: Any) -> list[int]:
        """Return the tokens of a text; `None` lets the tokenizer put its own first token, once."""
        del kwargs
        if add_special_tokens is None:
            add_special_tokens = not string.startswith(self.tokenizer.decode(self.prefix_token_id))
        return list(self.tokenizer.encode(string, add_special_tokens=add_special_tokens))

    def loglikelihood(self, requests: Sequence[Any], disable_tqdm: bool = True) -> list[tuple[float, bool]]:
        """Return log-probability and greediness of each continuation."""
        del disable_tqdm  # the reporter shows the progress
        return list(super().loglikelihood(requests, disable_tqdm=True))

    def loglikelihood_rolling(self, requests: Sequence[Any], disable_tqdm: bool = True) -> list[float]:
        """Return the log-probability of each whole text, in windows as long as the model reads."""
        del disable_tqdm
        windows: list[Encoded] = []
        counts = []
        for (text,) in (request.args for request in requests):
            cut = utils.get_rolling_token_windows(
                token_list=self.tok_encode(text),
                prefix_token=self.prefix_token_id,
                max_seq_len=self.max_length,
                context_len=1,
            )
            own = [(None, *utils.make_disjoint_window(window)) for window in cut]
            windows += own
            counts.append(len(own))
        scores = iter(self._loglikelihood_tokens(windows))
        return [sum(next(scores)[0] for _ in range(count)) for count in counts]

    def generate_until(self, requests: Sequence[Any], disable_tqdm: bool = True) -> list[str]:
        """Return the text that follows each context, greedily, up to its stop strings.

        Raises:
            InputError: A task wants its answers drawn at random, or so long that no room is left for its question.
        """
        del disable_tqdm
        alike: dict[str, list[int]] = {}
        for index, request in enumerate(requests):
            alike.setdefault(repr(request.args[1]), []).append(index)
        texts: dict[int, str] = {}
        for indices in alike.values():
            wanted = dict(normalize_gen_kwargs(requests[indices[0]].args[1], NEW_TOKENS))
            room = self.max_length - wanted["max_gen_toks"]
            task = str(requests[indices[0]].task_name)
            if wanted.get("do_sample"):
                raise InputError("this task draws its answers at random", where=task, mend="ask greedy tasks only")
            if room < 1:
                raise InputError("this task's answers leave no room for its questions", where=task)
            prompts = [self.tok_encode(requests[index].args[0])[-room:] for index in indices]
            found = self._generator.complete(
                prompts,
                wanted["max_gen_toks"],
                self._reporter,
                adapter=self._adapter,
                stop=filter(None, wanted["until"]),
            )
            texts |= dict(zip(indices, found, strict=True))
        return [texts[index] for index in range(len(requests))]

    def _loglikelihood_tokens(self, requests: Sequence[Encoded], **kwargs: Any) -> list[tuple[float, bool]]:
        del kwargs
        asked = [
            Request(tuple(context[-max(1, self.max_length + 1 - len(continuation)) :]), tuple(continuation))
            for _, context, continuation in requests
        ]
        found = self._generator.scores(asked, self._reporter, adapter=self._adapter)
        return [(score.logprob, score.greedy) for score in found]
