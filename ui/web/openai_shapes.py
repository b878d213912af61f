"""The JSON of the OpenAI-compatible API: what a request may say, what a reply and an error look like.

The field names are OpenAI's (https://platform.openai.com/docs/api-reference/chat). Unknown fields are ignored, as other
servers do; what cannot be done here is refused by name rather than done differently.
"""

from __future__ import annotations

import time
import uuid
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from agent.errors import BusyError, DomainsmithError, EmptyError, NotFoundError, UserError
from agent.records.corpus import Answer
from agent.records.pairs import Message
from tools.asking import ArmAnswered

MOST_NEW_TOKENS: Final = 4096
"""Most tokens of a reply, whatever is asked for: one question at a time has the model."""
NEW_TOKENS: Final = 256
"""Most tokens of a reply where the request names no limit."""
LONGEST_QUESTION: Final = 32_000
"""Characters; more would keep retrieval busy for nothing, since no passage answers a book."""
_MOST_STOPS: Final = 4
_LONGEST_STOP: Final = 200


class ApiError(Exception):
    """An error as OpenAI's clients expect it."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        param: str | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {"error": {"message": message, "type": kind, "param": param, "code": code}}


def api_error(error: Exception) -> ApiError:
    """Return the API's form of an error; one that is not domainsmith's own tells nothing of the server's inside."""
    message = str(error)
    match error:
        case ApiError():
            return error
        case NotFoundError() | EmptyError():
            return ApiError(message, status=404, param="model", code="model_not_found")
        case BusyError():
            return ApiError(message, status=429, kind="rate_limit_error", code="rate_limit_exceeded")
        case UserError():
            # Without `where`: the folder of a model is the server's business.
            return ApiError(" - ".join(part for part in (error.what, error.mend) if part))
        case DomainsmithError():
            return ApiError(message, status=500, kind="server_error")
        case _:
            return ApiError("the server failed; its log says why", status=500, kind="server_error")


class _Part(BaseModel):
    """A piece of a message's content."""

    model_config = ConfigDict(strict=True)

    type: str
    text: str | None = None

    @field_validator("type")
    @classmethod
    def _is_text(cls, value: str) -> str:
        if value != "text":
            raise ValueError("only text can be read here")
        return value


class _Turn(BaseModel):
    """A message of a request."""

    model_config = ConfigDict(strict=True)

    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[_Part] | None = None

    @property
    def text(self) -> str:
        """The content as one text."""
        if isinstance(self.content, list):
            return "".join(part.text or "" for part in self.content)
        return self.content or ""

    def message(self) -> Message:
        """Return the message as the arms take it."""
        return Message(role="system" if self.role == "developer" else self.role, content=self.text)


class _StreamOptions(BaseModel):
    model_config = ConfigDict(strict=True)

    include_usage: bool | None = None


class _ResponseFormat(BaseModel):
    model_config = ConfigDict(strict=True)

    type: str


class ChatRequest(BaseModel):
    """The part of a chat completion's request that is understood; the rest (temperature, seed, user …) is ignored."""

    model_config = ConfigDict(strict=True)

    model: str = Field(min_length=1, max_length=200)
    messages: list[_Turn] = Field(min_length=1)
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    max_tokens: int | None = Field(default=None, ge=1)
    max_completion_tokens: int | None = Field(default=None, ge=1)
    stop: str | list[str] | None = None
    n: int | None = None
    tools: list[Any] | None = None
    functions: list[Any] | None = None
    logprobs: bool | None = None
    audio: Any = None
    response_format: _ResponseFormat | None = None

    @field_validator("stop")
    @classmethod
    def _few_stops(cls, value: str | list[str] | None) -> list[str]:
        stops = [value] if isinstance(value, str) else value or []
        if len(stops) > _MOST_STOPS:
            raise ValueError(f"at most {_MOST_STOPS} stop strings")
        if not all(0 < len(stop) <= _LONGEST_STOP for stop in stops):
            raise ValueError(f"a stop string has 1 to {_LONGEST_STOP} characters")
        return stops

    @classmethod
    def read(cls, body: bytes) -> ChatRequest:
        """Read a request's body.

        Raises:
            ApiError: It is no such request, or asks for what cannot be done here.
        """
        try:
            asked = cls.model_validate_json(body)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise ApiError(f"{where}: {first['msg']}" if where else first["msg"], param=where or None) from error
        asked._refuse_the_impossible()
        return asked

    def _refuse_the_impossible(self) -> None:
        if self.n not in {None, 1}:
            raise ApiError("n: one answer is given to a question; the same one each time", param="n")
        if self.tools or self.functions:
            raise ApiError("tools: these models call no tools", param="tools")
        if self.logprobs:
            raise ApiError("logprobs: log-probabilities are not given here", param="logprobs")
        if self.audio is not None:
            raise ApiError("audio: these models write text only", param="audio")
        if self.response_format is not None and self.response_format.type != "text":
            raise ApiError("response_format: these models answer in plain text", param="response_format")
        if self.messages[-1].role != "user":
            raise ApiError("messages: the last message must be the user's question", param="messages")
        if not self.question:
            raise ApiError("messages: the question is empty", param="messages")
        if len(self.question) > LONGEST_QUESTION:
            raise ApiError(
                f"messages: a question has at most {LONGEST_QUESTION} characters",
                param="messages",
                code="context_length_exceeded",
            )

    @property
    def question(self) -> str:
        """The last message."""
        return self.messages[-1].text.strip()

    @property
    def earlier(self) -> tuple[Message, ...]:
        """The messages before the question."""
        return tuple(turn.message() for turn in self.messages[:-1])

    @property
    def limit(self) -> int:
        """Most tokens of the reply."""
        return min(self.max_completion_tokens or self.max_tokens or NEW_TOKENS, MOST_NEW_TOKENS)

    @property
    def stops(self) -> tuple[str, ...]:
        """Strings that end the reply."""
        return tuple(self.stop or ())

    @property
    def counts_in_stream(self) -> bool:
        """Whether a stream ends with a chunk of token counts."""
        return bool(self.stream_options and self.stream_options.include_usage)


class Completion:
    """The reply to one request: as a whole, or as chunks that share its name."""

    def __init__(self, asked: ChatRequest) -> None:
        self._asked = asked
        self._head = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": asked.model}

    def whole(self, done: ArmAnswered) -> dict[str, Any]:
        """Return the reply as one."""
        message = {"role": "assistant", "content": done.answer.text, "refusal": None} | _citations(done)
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _reason(done.answer)}
        return {**self._head, "object": "chat.completion", "choices": [choice], "usage": _usage(done)}

    def opening(self) -> dict[str, Any]:
        """Return the first chunk, which names the role."""
        return self._chunk({"role": "assistant", "content": ""})

    def piece(self, text: str) -> dict[str, Any]:
        """Return a chunk of text."""
        return self._chunk({"content": text})

    def closing(self, done: ArmAnswered) -> list[dict[str, Any]]:
        """Return the last chunks: why it ended and what it rests on, then the counts if they were asked for."""
        chunks = [self._chunk(_citations(done), _reason(done.answer))]
        if self._asked.counts_in_stream:
            chunks.append({**self._head, "object": "chat.completion.chunk", "choices": [], "usage": _usage(done)})
        return chunks

    def _chunk(self, delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        counts = {"usage": None} if self._asked.counts_in_stream else {}
        return {**self._head, "object": "chat.completion.chunk", "choices": [choice], **counts}


def _citations(done: ArmAnswered) -> dict[str, Any]:
    """Return what an arm with retrieval rests on; such an arm that found nothing to cite says so by an empty list."""
    return {"citations": [c.model_dump(mode="json") for c in done.answer.citations]} if "rag" in done.arm else {}


def _reason(answer: Answer) -> str:
    return "length" if answer.truncated else "stop"


def _usage(done: ArmAnswered) -> dict[str, int]:
    made = done.answer.tokens
    return {"prompt_tokens": done.prompt_tokens, "completion_tokens": made, "total_tokens": done.prompt_tokens + made}
