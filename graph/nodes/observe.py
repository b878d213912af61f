"""What came of a step: the result in words, the next approved step, or the chat model's next look."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agent.prompts.assistant import TALK
from agent.prompts.phrases import fill
from agent.records.conversation import ToolStep
from agent.records.job import Job
from graph.admission import admit
from graph.context import Context, language
from graph.following import job_report
from graph.nodes.decide import outcome_of
from graph.replies.plain import said_json, said_of
from graph.replies.said import Said, joined
from graph.replies.waiting import started
from graph.state import ConversationState, Step
from tools.catalog import find_tool


def observe(state: ConversationState, context: Context) -> dict[str, Any]:
    """Read what the step or the ended job came to."""
    lang = language(state)
    result = state.get("outcome") or {}
    if state["incoming"]["kind"] == "job" and "tool" not in result:
        return _ended(state, context)
    spec = find_tool(result["tool"])
    if "error" in result:
        said = Said(fill(TALK, "error", lang, error=result["error"]))
        return {"outcome": said_json(said), "following": [], **_heard(state, context, result, said)}
    if "job" in result:
        job = Job.model_validate(result["job"])
        title = (state.get("waiting") or {}).get("title") or spec.says[lang]
        said = started(title, job, lang)
        return {"outcome": said_json(said), **_heard(state, context, result, said)}
    said = said_of(result["said"])
    if state.get("following"):
        return _next(state, context, said, state["following"])
    update = {"outcome": said_json(said), **_heard(state, context, result, said)}
    if result.get("document_text"):
        update |= {"tainted": True, "quoted_at": len(state.get("messages") or ())}
    if state["incoming"]["kind"] == "proposal":
        update["data"] = result["data"]
    return update


def _heard(state: ConversationState, context: Context, result: dict[str, Any], said: Said) -> dict[str, Any]:
    """Return what the chat model is told of the result, where it called the tool itself."""
    if context.chat is None or not state.get("talk"):
        return {}
    return {"talk": context.chat.heard(state, result, said)}


def _ended(state: ConversationState, context: Context) -> dict[str, Any]:
    """Report a job that has ended, and go on with what follows it."""
    waiting = state.get("waiting") or {}
    lang = language(state)
    project = context.workspace.open(waiting["project"])
    # The job's project and not the one that a message has moved the conversation to meanwhile.
    state = {**state, "project": project.info.name}
    said, well, remember = job_report(project, waiting, state, context)
    shown = ToolStep(tool=waiting["tool"], title=waiting.get("title", ""), state="done" if well else "failed")
    update: dict[str, Any] = {
        "waiting": None,
        "following": [],
        "project": project.info.name,
        "steps": [shown.model_dump(mode="json")],
        "understanding": {"action": find_tool(waiting["tool"]).action, "slots": {}, "language": lang},
        **remember,
    }
    if waiting["tool"] == "read_documents" or not well:
        update["quoted_at"] = len(state.get("messages") or ())  # names of files are text of documents as well
    if well and waiting.get("following"):
        return {**update, **_next(state, context, said, waiting["following"])}
    return {**update, "outcome": said_json(said)}


def _next(state: ConversationState, context: Context, said: Said, following: Sequence[Step]) -> dict[str, Any]:
    """Admit the step that follows; it is done in this turn, or it asks for its own yes, as training always does."""
    first, *rest = following
    covered = bool(first.get("covered")) and first["tool"] != "tune"
    admitted = admit(context, state, first["tool"], first["arguments"], following=rest, covered=covered)
    update = outcome_of(state, admitted)
    after = said_of(update["outcome"]) if update.get("outcome") else None
    if after is None:
        # The step runs now; what was said before it opens the reply.
        before, rests = state.get("opening") or "", state.get("opening_evidence") or []
        return {**update, "opening": joined(before, said.text), "opening_evidence": [*rests, *said.evidence]}
    whole = Said(
        joined(said.text, after.text),
        question=after.question,
        options=after.options,
        evidence=(*said.evidence, *after.evidence),
        articles=tuple(dict.fromkeys((*said.articles, *after.articles))),
        expecting=after.expecting,
    )
    return {**update, "outcome": said_json(whole)}
