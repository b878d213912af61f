"""What to do about what was asked: talk, ask back, or let a step in through the policy."""

from __future__ import annotations

from typing import Any

from agent.records.conversation import Understanding
from graph.admission import Admitted, admit
from graph.context import Context, language
from graph.moves import Move, move_for
from graph.replies.plain import said_json
from graph.replies.said import Said, joined
from graph.replies.waiting import asks_yes
from graph.state import ConversationState, Step


def decide(state: ConversationState, context: Context) -> dict[str, Any]:
    """Turn an understanding into a reply or an admitted step."""
    understood = Understanding.model_validate(state["understanding"])
    if understood.tool:
        admitted = admit(context, state, understood.tool, understood.arguments)
        return outcome_of(state, admitted)
    move = move_for(understood, state, context)
    if move.said is not None:
        return {"outcome": said_json(move.said), "step": None}
    assert move.tool
    following = tuple(Step(tool=tool, arguments=arguments, title=title) for tool, arguments, title in move.following)
    admitted = admit(context, state, move.tool, move.arguments, following=following)
    return {**outcome_of(state, admitted, move), **move.remember}


def outcome_of(state: ConversationState, admitted: Admitted, move: Move | None = None) -> dict[str, Any]:
    """Return the state after an admission: the refusal, the approval that waits, or the step to do now."""
    lang = language(state)
    if admitted.said is not None:
        fault = admitted.fault.model_dump(mode="json") if admitted.fault is not None else None
        return {"outcome": said_json(admitted.said), "step": None, "following": [], "fault": fault}
    update: dict[str, Any] = {"step": admitted.step, "following": list(admitted.following), "outcome": None}
    if admitted.approval is not None:
        # A bare yes is now about this and nothing that was asked before.
        update = {"step": None, "following": [], "pending": list(admitted.following), "expecting": None}
        replaced = state.get("approval")
        said = asks_yes(admitted.approval, replaced, lang)
        if move is not None and move.before is not None:
            said = Said(
                joined(move.before.text, said.text),
                question=said.question,
                options=said.options,
                evidence=move.before.evidence,
                articles=(*move.before.articles, *said.articles),
            )
        update["approval"] = admitted.approval.model_dump(mode="json")
        update["outcome"] = said_json(said)
    return update
