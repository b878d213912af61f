"""The arms: one model, with the adapter or without it, that writes replies and scores continuations.

Batches are made by length, padded on the left and decoded greedily with a key-value cache; the beginning that all
prompts of a batch share (the system line) is computed once, and a finished reply leaves its batch.

    generator = load_generator(settings, adapter=run / "adapter")
    base = generator.generate(conversations, 48, adapter=False)
    tuned = generator.generate(conversations, 48, adapter=True)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from agent.errors import InputError
from agent.policy.memory_inference import usual_type
from agent.progress import Reporter, Silent
from agent.records.pairs import Message
from agent.settings import Settings
from tools.benchmark.backends import detect
from tools.decoding import Batch, batches
from tools.endpoint import EndpointGenerator
from tools.generated import Generated
from tools.grammar import Grammar, GrammarEngine, Matcher
from tools.model_folders import check_model_folder
from tools.models import attach_adapter, load_model, load_tokenizer, resolve_base_model
from tools.scoring import Request, Score, requests, score
from tools.streaming import spoken

__all__ = ["EndpointGenerator", "Generated", "Generator", "load_generator"]


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

    @property
    def positions(self) -> int | None:
        """Most tokens of a prompt and its reply together; `None` where the model names no limit."""
        return getattr(self._model.config, "max_position_embeddings", None)

    @property
    def start(self) -> int:
        """The token that stands for an empty prompt."""
        first = self.tokenizer.bos_token_id
        return int(self.tokenizer.eos_token_id if first is None else first)

    def prompt(self, conversation: Sequence[Message]) -> str:
        """Return the text the model sees, up to where its reply begins.

        Raises:
            InputError: The model's chat template takes no such order of turns.
        """
        from jinja2 import TemplateError

        turns = [message.model_dump() for message in conversation]
        try:
            return str(self.tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False))
        except TemplateError as error:
            raise InputError(
                f"the model's chat template refuses this conversation ({error})"[:300],
                mend="let user and assistant take turns, after one system line at most",
            ) from error

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
        prompts = [self._encode(self.prompt(conversation)) for conversation in conversations]
        matchers = self._matchers(schema if grammar is None else grammar, len(prompts))
        written = self._write(prompts, matchers, max_new_tokens, reporter or Silent(), adapter)
        return [self._reply(*reply) for reply in written]

    def complete(
        self,
        prompts: Sequence[Sequence[int]],
        max_new_tokens: int,
        reporter: Reporter | None = None,
        *,
        adapter: bool | None = None,
        stop: Iterable[str] = (),
    ) -> list[str]:
        """Go on greedily from tokens as they are, without a chat's turns; returns the new text, white space and all.

        Args:
            prompts: Tokens to go on from.
            max_new_tokens: Most tokens of a text.
            reporter: Told of every finished text and asked to stop between tokens.
            adapter: Whether the tuned arm writes; `None` means: if there is one.
            stop: Strings that end a text and are no part of it.

        Raises:
            InputError: The tuned arm is asked for and there is none, or a prompt leaves no room.
        """
        ends = tuple(stop)
        # A token is at least one byte, so that a stop string lies within as many tokens as it has bytes.
        window = max((len(end.encode()) for end in ends), default=0) + 1

        def enough(tokens: Sequence[int]) -> bool:
            text = self._decode(tokens[-window:])
            return any(end in text for end in ends)

        asked = [list(prompt) for prompt in prompts]
        matchers: list[Matcher | None] = [None] * len(asked)
        written = self._write(asked, matchers, max_new_tokens, reporter or Silent(), adapter, enough if ends else None)
        texts = [self._decode(self._without_end(tokens)) for tokens, _, _ in written]
        return [text[: min((at for at in map(text.find, ends) if at >= 0), default=len(text))] for text in texts]

    def _write(
        self,
        prompts: list[list[int]],
        matchers: list[Matcher | None],
        max_new_tokens: int,
        listener: Reporter,
        adapter: bool | None,
        enough: Callable[[Sequence[int]], bool] | None = None,
    ) -> list[tuple[list[int], float, float]]:
        """Return the tokens written after each prompt, the seconds they took and those of the first one."""
        self._check_room(prompts, max_new_tokens)
        written: dict[int, tuple[list[int], float, float]] = {}
        model, context = self._arm(adapter)
        with context:
            for indices in batches([len(prompt) for prompt in prompts], max_new_tokens):
                batch = Batch(model, [prompts[i] for i in indices], [matchers[i] for i in indices], self._stops)
                tokens: list[list[int]] = [[] for _ in indices]
                first = 0.0
                for step in batch.steps(max_new_tokens, listener):
                    own = tokens[step.position]
                    own.append(step.token)
                    first = first or step.seconds
                    if step.last or (enough is not None and enough(own)):
                        batch.dropped.add(step.position)
                        written[indices[step.position]] = (own, step.seconds, first)
                        listener.progress(len(written), len(prompts), "answers")
        return [written[i] for i in range(len(prompts))]

    def stream(
        self,
        conversation: Sequence[Message],
        max_new_tokens: int,
        reporter: Reporter | None = None,
        *,
        adapter: bool | None = None,
        stop: Iterable[str] = (),
    ) -> Iterator[str | Generated]:
        """Write one reply and yield its text in pieces as they are made, then the reply as `generate` gives it.

        Closing the iterator stops the model. Until it ends or is closed, no other arm of this generator may be asked.

        Args:
            conversation: Up to and including its user turn.
            max_new_tokens: Most tokens of the reply.
            reporter: Asked to stop between tokens.
            adapter: Whether the tuned arm answers; `None` means: if there is one.
            stop: Strings that end the reply and are no part of it.

        Raises:
            InputError: The tuned arm is asked for and there is none, or the prompt leaves no room.
        """
        prompt = self._encode(self.prompt(conversation))
        self._check_room([prompt], max_new_tokens)
        model, context = self._arm(adapter)
        with context:
            steps = Batch(model, [prompt], [None], self._stops).steps(max_new_tokens, reporter or Silent())
            yield from spoken(steps, self._decode, self._stops, stop)

    def logprobs(
        self,
        pairs: Sequence[tuple[str, str]],
        reporter: Reporter | None = None,
        *,
        adapter: bool | None = None,
    ) -> list[tuple[float, int]]:
        """Return, for each prompt and continuation, the continuation's log-probability (natural) and its tokens.

        An empty prompt stands for the start of a text.

        Raises:
            InputError: The tuned arm is asked for and there is none, or a continuation is empty.
        """
        start = self.start
        begun = list(self.tokenizer("a")["input_ids"][:1]) == [start]
        asked = requests(pairs, self._encode, start, begun=begun)
        return [(found.logprob, found.tokens) for found in self.scores(asked, reporter, adapter=adapter)]

    def scores(
        self, asked: Sequence[Request], reporter: Reporter | None = None, *, adapter: bool | None = None
    ) -> list[Score]:
        """Return the score of each continuation, as tokens; what requests share is computed once.

        Raises:
            InputError: The tuned arm is asked for and there is none.
        """
        model, context = self._arm(adapter)
        with context:
            return score(model, asked, reporter or Silent())

    def _encode(self, text: str) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def _decode(self, tokens: Sequence[int]) -> str:
        return str(self.tokenizer.decode(list(tokens), skip_special_tokens=True))

    def _check_room(self, prompts: Sequence[Sequence[int]], max_new_tokens: int) -> None:
        longest = max(map(len, prompts), default=0)
        if self.positions is not None and longest + max_new_tokens > self.positions:
            raise InputError(
                f"a prompt of {longest} tokens and a reply of {max_new_tokens} exceed the model's {self.positions}"
                " positions",
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
        said = self._without_end(tokens)
        return Generated(
            text=self._decode(said).strip(),
            tokens=len(tokens),
            seconds=seconds,
            seconds_to_first_token=first,
            truncated=len(said) == len(tokens),
        )

    def _without_end(self, tokens: list[int]) -> list[int]:
        """Return a reply's tokens without the one that ended it."""
        return tokens[:-1] if tokens and tokens[-1] in self._stops else tokens


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
    here = detect()
    compute = usual_type(here.backend, here.bf16())
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
    size = sum(parameter.numel() * parameter.element_size() for parameter in model.parameters())
    free = detect().free_gib()
    return free is not None and 2 * size < free * 2**30
