"""The other brain: any chat model that LangChain can reach, OpenAI-compatible endpoints first.

The model reads the conversation and proposes one tool call or a reply. Its proposal goes through the same policy as
everybody's; its reply loses every figure that nothing shown to it holds; and where it gives nothing usable, the
offline assistant answers and says so.

    DOMAINSMITH_CHAT_MODEL=openai:qwen3-8b  OPENAI_BASE_URL=http://localhost:8000/v1  OPENAI_API_KEY=any
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from typing import Any, Final

from langchain_core.language_models import BaseChatModel
from langgraph.config import get_stream_writer

from agent.errors import DomainsmithError, InputError
from agent.prompts.chat import CAUSES, CHAT
from agent.prompts.phrases import fill, listed
from agent.records.base import Language
from agent.records.conversation import TextPiece, ToolStep, Understanding
from agent.settings import Settings
from graph.chat_place import runs_near
from graph.chat_reply import Call, ChatReply, clean, may_be_shown, read_reply, spoken
from graph.chat_stream import ChatFailure, ask, whole
from graph.chat_talk import Shown, called, complained, heard, shown_to_model
from graph.context import Context, language
from graph.figures import CheckedStream, checked, units
from graph.replies.plain import said_json
from graph.replies.said import Said
from graph.state import ConversationState
from graph.tool_binding import proposed, schemas

OFFLINE: Final = "offline"
ASKING: Final = "chat_model"
"""Name of the step in which a chat model failed."""
SECONDS: Final = 120.0
"""How long one reply may take, a second try included."""
_TRIES: Final = 2
_OWN_TEMPERATURE: Final = re.compile(r"openai:o\d")
"""Models that refuse a request which names a temperature."""


def load_chat(settings: Settings, *, seconds: float = SECONDS) -> ChatBrain | None:
    """Return the chat model of the settings; `None` for the offline assistant. Nothing is sent yet.

    Args:
        settings: `chat_model` names it.
        seconds: How long one reply may take.

    Raises:
        InputError: The provider is unknown, its package is not installed, or it needs a key.
    """
    if settings.chat_model == OFFLINE:
        return None
    from langchain.chat_models import init_chat_model
    from openai import OpenAIError

    where = f"DOMAINSMITH_CHAT_MODEL={settings.chat_model}"
    options: dict[str, Any] = {} if _OWN_TEMPERATURE.match(settings.chat_model) else {"temperature": 0}
    try:
        model = init_chat_model(settings.chat_model, timeout=seconds, max_retries=0, **options)
    except (ImportError, ValueError) as error:
        raise InputError(
            f"this chat model cannot be used, {_line(error)}",
            where=where,
            mend="`offline`, or `provider:model`, e.g. `openai:qwen3-8b` with OPENAI_BASE_URL",
        ) from error
    except OpenAIError as error:
        raise InputError(
            "the chat model needs a key", where="OPENAI_API_KEY", mend="any text will do for a server that asks none"
        ) from error
    try:
        model.bind_tools(schemas("en"))
    except NotImplementedError as error:
        raise InputError("this chat model cannot call tools", where=where, mend="choose another") from error
    return ChatBrain(model, settings.chat_model, seconds=seconds)


class ChatBrain:
    """A chat model as the assistant's understanding and voice."""

    def __init__(self, model: BaseChatModel, name: str, *, seconds: float = SECONDS, near: bool | None = None) -> None:
        """Take a model; nothing is sent yet.

        Args:
            model: A chat model that can call tools.
            name: Its name in the settings.
            seconds: How long one reply may take, a second try included.
            near: Whether text of documents may be sent to it; `None`: only within the own network.
        """
        self._model = model
        self._name = name
        self._seconds = seconds
        self._near = runs_near(model) if near is None else near

    def understand(self, state: ConversationState, context: Context) -> dict[str, Any]:
        """Return the model's proposal or reply as an update of the state; where it failed, a note that opens the reply.

        With the note alone it is up to what its tools found already, else to the offline assistant.
        """
        lang = language(state)
        talk = list(state.get("talk") or ())
        until = time.monotonic() + self._seconds
        for attempt in range(1, _TRIES + 1):
            shown = shown_to_model(state, context, talk, self._near)
            try:
                reply = self._ask(shown, lang, until)
                return self._taken(reply, shown, state)
            except _Unusable as unusable:
                failure: ChatFailure = unusable
                talk += complained(unusable.said, unusable.complaint)
            except ChatFailure as failed:
                failure = failed
            if attempt == _TRIES or not failure.passing:
                break
        return self._handed_over(failure, state)

    def heard(self, state: ConversationState, result: dict[str, Any], said: Said) -> list[dict[str, Any]]:
        """Return the turn's talk with the result of the model's last call."""
        talk = list(state.get("talk") or ())
        return [*talk, heard(talk, result, said, self._near, language(state))]

    def _ask(self, shown: Shown, lang: Language, until: float) -> ChatReply:
        """Return the model's reply; its words are let through to the listener while they come, as far as checked."""
        voice = _Voice(shown.texts)
        pieces = []
        for piece in ask(self._model.bind_tools(schemas(lang)), shown.messages, until):
            pieces.append(piece)
            voice.more(str(piece.text))
        reply = read_reply(whole(pieces))
        if not reply.ended:
            raise ChatFailure("cut", "no end mark")
        if not reply.calls:
            voice.end()
        return reply

    def _taken(self, reply: ChatReply, shown: Shown, state: ConversationState) -> dict[str, Any]:
        if reply.calls:
            return _proposal(reply.calls, reply.text, state)
        return _reply(reply.text, shown, state)

    def _handed_over(self, failure: ChatFailure, state: ConversationState) -> dict[str, Any]:
        lang = language(state)
        note = fill(CHAT, "fallback", lang, cause=fill(CAUSES, failure.cause, lang))
        why = f"{self._name}: {failure.detail or failure.cause}"
        step = ToolStep(tool=ASKING, title=fill(CHAT, "asking", lang), state="failed", detail=why)
        get_stream_writer()(step.model_dump(mode="json"))
        return {"opening": note, "steps": [*(state.get("steps") or ()), step.model_dump(mode="json")]}


class _Unusable(ChatFailure):
    """A reply that cannot be used; the model is told why and asked once more."""

    def __init__(self, cause: str, said: str, complaint: str, detail: str = "") -> None:
        super().__init__(cause, detail)
        self.said = said
        self.complaint = complaint

    @property
    def passing(self) -> bool:
        """Whether asking again may help: the model is told what was wrong."""
        return True


class _Voice:
    """Shows a reply while it is written: words for the person only, and no sentence before its figures are checked."""

    def __init__(self, shown: Sequence[str]) -> None:
        self._shown = shown
        self._raw = ""
        self._said = ""
        self._silent = True
        self._checked = CheckedStream(shown)

    def more(self, text: str) -> None:
        """Take the next piece."""
        self._raw += text
        said = spoken(self._raw)
        if not said.startswith(self._said):
            self._begin()  # what was taken for words turns out to have been a thought
        if may_be_shown(said):
            self._show(self._checked.more(said[len(self._said) :]))
            self._said = said

    def end(self) -> None:
        """Show what was held back; not called where the reply was no words."""
        self._show(self._checked.more("", last=True))

    def _begin(self) -> None:
        self._checked = CheckedStream(self._shown)
        self._said = ""
        self._silent = True

    def _show(self, text: str) -> None:
        if text:
            get_stream_writer()(TextPiece(text=clean(text), fresh=self._silent).model_dump(mode="json"))
            self._silent = False


def _proposal(calls: Sequence[Call], said: str, state: ConversationState) -> dict[str, Any]:
    """Take the first call as a proposal; what may become of it is decided elsewhere."""
    lang = language(state)
    talk = state.get("talk") or []
    call = calls[0]
    if call.arguments is None:
        raise _complaint("arguments", said, fill(CHAT, "not_json", lang), lang)
    try:
        spec = proposed(call.name, call.arguments)
    except DomainsmithError as error:
        cause = "arguments" if isinstance(error, InputError) else "tool"
        raise _complaint(cause, said, str(error), lang) from error
    made = [(one["tool"], one["args"]) for one in talk if "tool" in one]
    if (spec.name, call.arguments) in made:
        raise _complaint("repeated", said, fill(CHAT, "same_call", lang), lang)
    number = state.get("rounds", 0) + 1
    known = {one.get("call") for one in talk}
    name = call.id if call.id and call.id not in known else f"call{number:05d}"
    understood = Understanding(action=spec.action, tool=spec.name, arguments=call.arguments, language=lang, said=said)
    return {
        "understanding": understood.model_dump(mode="json"),
        "talk": [*talk, called(spec.name, call.arguments, name, [one.name for one in calls[1:]])],
        "rounds": number,
        "outcome": None,
        "expecting": None,
    }


def _reply(text: str, shown: Shown, state: ConversationState) -> dict[str, Any]:
    """Take the model's words as the reply; sentences with figures that nothing holds are left out, and that is said."""
    lang = language(state)
    if not text:
        raise _Unusable("empty", "", fill(CHAT, "no_words", lang))
    kept = checked(text, shown.texts)
    if not kept.text:
        figures = listed(kept.unknown[:5], lang)
        raise _Unusable("figures", "", fill(CHAT, "no_figures", lang, figures=figures))
    question = units(kept.text)[-1].strip() if kept.text.endswith(("?", "？")) else None
    understood = state.get("understanding") or {"action": "clarify" if question else "smalltalk", "slots": {}}
    return {
        "understanding": understood,
        "outcome": said_json(Said(kept.text, question=question)),
        "opening": fill(CHAT, "figures", lang) if kept.unknown else "",
        "expecting": None,
    }


def _complaint(cause: str, said: str, error: str, lang: Language) -> _Unusable:
    return _Unusable(cause, said, fill(CHAT, "no_call", lang, error=error))


def _line(error: BaseException) -> str:
    return (" ".join(str(error).split()) or type(error).__name__)[:200]
