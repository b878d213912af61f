"""Replies from an OpenAI-compatible endpoint, with the same call as a model in memory.

generator = endpoint_generator("openai:qwen3-8b")     # OPENAI_BASE_URL and OPENAI_API_KEY from the environment
replies = generator.generate(conversations, 256, schema=PAIR_SCHEMA)
"""

from __future__ import annotations

import hashlib
import json
import random
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from agent.errors import InputError, WorkFailedError
from agent.progress import Reporter, Silent
from agent.records.pairs import Message
from tools.generated import Generated

TRIES: Final = 5
"""Requests made for one reply before giving up."""
_LONGEST_PAUSE: Final = 30.0
"""Seconds."""
PREFIX: Final = "openai:"


class EndpointGenerator:
    """A chat-completions endpoint."""

    def __init__(
        self,
        model: str,
        *,
        client: Any = None,
        timeout: float = 120.0,
        sleep: Callable[[float], None] = time.sleep,
        seed: int = 0,
    ) -> None:
        """Name the model; nothing is sent yet.

        Args:
            model: The endpoint's name of the model.
            client: An `openai.OpenAI`; by default one from `OPENAI_BASE_URL` and `OPENAI_API_KEY`.
            timeout: Seconds for one request.
            sleep: Waits between tries.
            seed: Of the pauses' spread.

        Raises:
            InputError: The environment holds no key.
        """
        import openai

        self._model = model
        try:
            self._client = client or openai.OpenAI(max_retries=0, timeout=timeout)
        except openai.OpenAIError as error:
            raise InputError(
                "the endpoint needs a key",
                where="OPENAI_API_KEY",
                mend="set it; any text will do for a server that asks for none",
            ) from error
        self._sleep = sleep
        self._random = random.Random(seed)

    def generate(
        self,
        conversations: Sequence[Sequence[Message]],
        max_new_tokens: int,
        reporter: Reporter | None = None,
        *,
        adapter: bool | None = None,
        schema: Mapping[str, Any] | None = None,
    ) -> list[Generated]:
        """Ask for a reply to each conversation, one request after the other, at temperature 0.

        Args:
            conversations: Each up to and including its user turn.
            max_new_tokens: Most tokens of a reply.
            reporter: Told of every reply and asked to stop before each request and during pauses.
            adapter: Must not be true: an endpoint has no adapter of ours.
            schema: JSON Schema for `response_format`.

        Raises:
            InputError: The endpoint refuses the request, the key or the model.
            WorkFailedError: The endpoint kept failing.
        """
        if adapter:
            raise InputError(
                "an endpoint has no tuned arm", where=self._model, mend="evaluate the tuned model in memory"
            )
        listener = reporter or Silent()
        replies = []
        for conversation in conversations:
            replies.append(self._reply(conversation, max_new_tokens, schema, listener))
            listener.progress(len(replies), len(conversations), "answers")
        return replies

    def _reply(
        self, conversation: Sequence[Message], limit: int, schema: Mapping[str, Any] | None, listener: Reporter
    ) -> Generated:
        request: dict[str, Any] = {
            "model": self._model,
            "messages": [message.model_dump() for message in conversation],
            "max_tokens": limit,
            "temperature": 0.0,
        }
        if schema is not None:
            wrapped = {"name": "reply", "schema": dict(schema), "strict": True}
            request["response_format"] = {"type": "json_schema", "json_schema": wrapped}
        started = time.perf_counter()
        response = self._ask(request, listener)
        if not response.choices:
            raise WorkFailedError("the endpoint sent no choice", where=self._model)
        choice = response.choices[0]
        return Generated(
            text=(choice.message.content or "").strip(),
            tokens=response.usage.completion_tokens if response.usage else 0,
            seconds=time.perf_counter() - started,
            seconds_to_first_token=None,
            truncated=choice.finish_reason == "length",
        )

    def _ask(self, request: Mapping[str, Any], listener: Reporter) -> Any:
        import openai

        said = json.dumps(request, sort_keys=True, ensure_ascii=False)
        failures = 0
        passing = (openai.APIConnectionError, openai.RateLimitError, openai.InternalServerError)
        for attempt in range(1, TRIES + 1):
            listener.check()
            try:
                # The same request has the same key, also after a lost connection or a kill: a gateway that knows the
                # header computes and bills it once. One that failed may repeat its failure to the same key.
                key = hashlib.sha256(f"{failures}\0{said}".encode()).hexdigest()
                return self._client.chat.completions.create(**request, extra_headers={"Idempotency-Key": key})
            except passing as error:
                if attempt == TRIES:
                    raise WorkFailedError(
                        f"the endpoint failed {TRIES} times ({error})"[:300], where=self._model
                    ) from error
                failures += isinstance(error, openai.InternalServerError)
                listener.note(f"the endpoint failed ({type(error).__name__}), try {attempt} of {TRIES}")
                self._pause(attempt, error, listener)
            except openai.APIStatusError as error:
                raise InputError(
                    f"the endpoint refused the request ({error})"[:300],
                    where=self._model,
                    mend="check OPENAI_BASE_URL, OPENAI_API_KEY and the model's name",
                ) from error
        raise AssertionError("unreachable")

    def _pause(self, attempt: int, error: Exception, listener: Reporter) -> None:
        """Wait as long as the endpoint asks, else 1, 2, 4 … seconds with a spread of a quarter."""
        asked = getattr(getattr(error, "response", None), "headers", {}).get("retry-after", "")
        seconds = (
            float(asked)
            if asked.replace(".", "", 1).isdigit()
            else 2.0 ** (attempt - 1) * self._random.uniform(0.75, 1.25)
        )
        remaining = min(seconds, _LONGEST_PAUSE)
        while remaining > 0:
            listener.check()
            self._sleep(min(remaining, 1.0))
            remaining -= 1.0


def endpoint_generator(name: str) -> EndpointGenerator:
    """Return the generator of a setting like `openai:qwen3-8b`.

    Raises:
        InputError: The setting is of another form.
    """
    if not name.startswith(PREFIX) or name == PREFIX:
        raise InputError(
            "an endpoint is written `openai:<model>`", where=name, mend="e.g. openai:qwen3-8b with OPENAI_BASE_URL set"
        )
    return EndpointGenerator(name.removeprefix(PREFIX))
