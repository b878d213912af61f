"""A person's verdict on the open approval: on a yes the step is free to run, on a no nothing was changed."""

from __future__ import annotations

from typing import Any

from agent.prompts.assistant import TALK
from agent.prompts.phrases import fill
from agent.records.conversation import Approval
from graph.context import Context, language
from graph.replies.plain import said_json
from graph.replies.said import Said
from graph.state import ConversationState, Step


def settle(state: ConversationState, context: Context) -> dict[str, Any]:
    """Take the verdict; a verdict on another approval than the open one settles nothing."""
    incoming, lang = state["incoming"], language(state)
    given = state.get("approval")
    if given is None or incoming.get("approval", given["id"]) != given["id"]:
        # Where another step waits, the reply names it.
        return {"outcome": said_json(Said("" if given is not None else fill(TALK, "nothing_waits", lang)))}
    approval = Approval.model_validate(given)
    understood: dict[str, Any] = {"action": approval.action, "slots": {}, "language": lang}
    if incoming["verdict"] != "approve":
        said = Said(fill(TALK, "declined", lang))
        watch = state.get("watch")
        return {
            "approval": None,
            "pending": [],
            "following": [],
            "watch": {**watch, "applied": None} if watch else None,
            "understanding": understood,
            "outcome": said_json(said),
        }
    joined = state.get("project")
    if approval.makes_project and joined:
        # The card promised a project of its own, and the conversation has moved into another since.
        said = Said(fill(TALK, "moved", lang, project=joined, title=approval.title))
        return {
            "approval": None,
            "pending": [],
            "following": [],
            "understanding": understood,
            "outcome": said_json(said),
        }
    # The step of the approval and no other, in the project that it named: what was shown is what runs.
    step = Step(tool=approval.tool, arguments=approval.arguments, key=approval.id, title=approval.title)
    following = [Step(**{**one, "covered": True}) for one in state.get("pending") or []]
    update = {"approval": None, "step": step, "following": following, "understanding": understood}
    return update if approval.makes_project or not approval.project else {**update, "project": approval.project}
