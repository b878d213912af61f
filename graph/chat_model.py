"""The other brain: any chat model that LangChain can reach, OpenAI-compatible endpoints first.

The model reads the conversation and proposes one tool call or a reply. Its proposal goes through the same policy as
everybody's; its reply loses every figure that no record holds; and where it gives nothing usable, twice, the offline
assistant answers and says so.

    DOMAINSMITH_CHAT_MODEL=openai:qwen3-8b  OPENAI_BASE_URL=http://localhost:8000/v1
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from langchain_core.exceptions import OutputParserException
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from agent.errors import DomainsmithError, InputError
from agent.prompts.assistant import TALK
from agent.prompts.chat import CHAT
from agent.prompts.phrases import fill
from agent.records.conversation import Understanding
from agent.settings import Settings
from graph.context import Context, language
from graph.figures import unknown_figures
from graph.replies.plain import said_json
from graph.replies.said import Said, joined
from graph.state import ConversationState
from graph.tool_binding import schemas
from tools.calling import read_arguments
from tools.catalog import find_tool

OFFLINE: Final = "offline"
_TRIES: Final = 2
_HISTORY: Final = 16
"""Messages of the conversation that the model is shown."""
_LONGEST: Final = 6000
"""Characters of one tool result that the model is shown."""
_FAILURES: Final = (OSError, ValueError, TypeError, KeyError, RuntimeError, OutputParserException, DomainsmithError)
"""What a provider's client raises where the endpoint is away, slow, or answers nonsense; `openai.OpenAIError` and its
like are looked up by name, since providers bring their own."""


def load_chat(settings: Settings) -> ChatBrain | None:
    """Return the chat model of the settings; `None` for the offline assistant.

    Raises:
        InputError: The provider is unknown, or its package is not installed.
    """
    if settings.chat_model == OFFLINE:
        return None
    from langchain.chat_models import init_chat_model

    try:
        model = init_chat_model(settings.chat_model, temperature=0, timeout=120, max_retries=1)
    except (ImportError, ValueError) as error:
        raise InputError(
            f"this chat model cannot be used, {' '.join(str(error).split())[:200]}",
            where=f"DOMAINSMITH_CHAT_MODEL={settings.chat_model}",
            mend="`offline`, or `provider:model`, e.g. `openai:qwen3-8b` with OPENAI_BASE_URL",
        ) from error
    return ChatBrain(model, settings.chat_model)


class ChatBrain:
    """A chat model as the assistant's understanding and voice."""

    def __init__(self, model: BaseChatModel, name: str) -> None:
        """Take a model; nothing is sent yet."""
        self._model = model
        self._name = name

    def understand(self, state: ConversationState, context: Context) -> dict[str, Any] | None:
        """Return the model's proposal or reply as an update of the state; `None` hands over to the offline assistant.

        Where the model failed, the update to keep is in `note`.
        """
        lang = language(state)
        talk = [dict(one) for one in state.get("talk") or []]
        error = ""
        for _ in range(_TRIES):
            try:
                said = self._ask(state, context, talk)
                return self._proposal(said, state, talk)
            except _Unusable as unusable:
                error = str(unusable)
                talk = [*talk, *unusable.talk]
            except _FAILURES as failure:
                error = _first_line(failure)
            except Exception as failure:
                # Providers' own errors have no common base; anything else is ours and must not be hidden.
                if not type(failure).__module__.split(".")[0] not in ("graph", "tools", "knowledge", "agent"):
                    raise
                error = _first_line(failure)
        note = fill(TALK, "fallback", lang, model=self._name, error=error or "–")
        understood = context.brain.understand(state["incoming"]["text"], lang)
        return {
            "understanding": understood.model_dump(mode="json"),
            "talk": [],
            "opening": note,
            "expecting": None,
        }

    def heard(self, state: ConversationState, result: dict[str, Any], text: str) -> list[dict[str, Any]]:
        """Return the turn's talk with the result of the model's last call."""
        talk = [dict(one) for one in state.get("talk") or []]
        call = next((one for one in reversed(talk) if one["role"] == "assistant" and one.get("call")), None)
        data = json.dumps(result.get("data") or {}, ensure_ascii=False)
        content = joined(text, data if data != "{}" else "")[:_LONGEST]
        return [*talk, {"role": "tool", "call": call["call"] if call else "", "content": content}]

    def _ask(self, state: ConversationState, context: Context, talk: Sequence[dict[str, Any]]) -> AIMessage:
        lang = language(state)
        bound = self._model.bind_tools(schemas(lang))
        reply = bound.invoke([*_history(state, context), *(_message(one) for one in talk)])
        if not isinstance(reply, AIMessage):
            raise TypeError("the model's reply is no message")
        return reply

    def _proposal(self, reply: AIMessage, state: ConversationState, talk: list[dict[str, Any]]) -> dict[str, Any]:
        lang = language(state)
        text = reply.text.strip() if isinstance(reply.text, str) else str(reply.content).strip()
        if reply.invalid_tool_calls and not reply.tool_calls:
            raise _Unusable(str(reply.invalid_tool_calls[0].get("error") or "the arguments are no JSON"), text, lang)
        if not reply.tool_calls:
            if not text:
                raise _Unusable("an empty reply", text, lang)
            return self._reply(text, state)
        call = reply.tool_calls[0]
        try:
            spec = find_tool(call["name"])
            read_arguments(spec, call["args"])
        except DomainsmithError as error:
            raise _Unusable(str(error), text, lang) from error
        understood = Understanding(action=spec.action, tool=spec.name, arguments=call["args"], language=lang, said=text)
        called = {
            "role": "assistant",
            "content": text,
            "call": call["id"] or "",
            "tool": spec.name,
            "args": call["args"],
        }
        return {
            "understanding": understood.model_dump(mode="json"),
            "talk": [*talk, called],
            "rounds": state.get("rounds", 0) + 1,
            "expecting": None,
        }

    def _reply(self, text: str, state: ConversationState) -> dict[str, Any]:
        """Take the model's words as the reply; lines with figures that nothing holds are left out, and that is said."""
        lang = language(state)
        talk = state.get("talk") or []
        shown = [str(one.get("content", "")) for one in talk if one["role"] == "tool"]
        shown += [one["text"] for one in state.get("messages") or []]
        unknown = unknown_figures(text, shown)
        if unknown:
            kept = [line for line in text.split("\n") if not unknown_figures(line, shown)]
            note = fill(TALK, "figures", lang, figures=", ".join(unknown[:5]))
            text = joined("\n".join(kept).strip(), note)
        earlier = state.get("outcome") or {}
        understood = state.get("understanding")
        if not understood:
            understood = {"action": "clarify" if text.rstrip().endswith(("?", "？")) else "smalltalk", "slots": {}}
        said = Said(
            text,
            question=text.rsplit("\n", 1)[-1] if text.rstrip().endswith(("?", "？")) else None,
            evidence=tuple(earlier.get("evidence") or ()),
            articles=tuple(earlier.get("articles") or ()),
            answers=earlier.get("answers") or {},
        )
        return {"understanding": understood, "outcome": said_json(said), "talk": [], "expecting": None}


class _Unusable(Exception):  # noqa: N818 - a signal between two methods
    """A reply that cannot be used; the model is told why and asked once more."""

    def __init__(self, error: str, text: str, lang: Any) -> None:
        super().__init__(error)
        complaint = fill(CHAT, "unknown_tool", lang, error=error)
        self.talk = [
            {"role": "assistant", "content": text or "…"},
            {"role": "user", "content": complaint},
        ]


def _history(state: ConversationState, context: Context) -> list[BaseMessage]:
    lang = language(state)
    approval = state.get("approval")
    situation = fill(
        CHAT,
        "state",
        lang,
        project=state.get("project") or "–",
        profile=context.profile(state).model_dump_json(exclude_none=True),
        approval=approval["title"] if approval else "–",
    )
    shown: list[BaseMessage] = [SystemMessage(joined(fill(CHAT, "system", lang), situation))]
    for one in (state.get("messages") or [])[-_HISTORY:]:
        shown.append(HumanMessage(one["text"]) if one["role"] == "user" else AIMessage(one["text"]))
    return shown


def _message(one: dict[str, Any]) -> BaseMessage:
    match one["role"]:
        case "tool":
            return ToolMessage(one["content"], tool_call_id=one["call"])
        case "user":
            return HumanMessage(one["content"])
        case _ if one.get("call") is not None and one.get("tool"):
            call = {"name": one["tool"], "args": one["args"], "id": one["call"]}
            return AIMessage(one["content"], tool_calls=[call])
        case _:
            return AIMessage(one["content"])


def _first_line(error: BaseException) -> str:
    return (" ".join(str(error).split()) or type(error).__name__)[:200]
