"""Doing the admitted step: at once, or by starting its job. Repeating this node starts nothing twice.

A job is started under the step's key, and the job list takes a key once; what is done at once is either reading, or
writing the same values to the same place.
"""

from __future__ import annotations

import time
from typing import Any

from langgraph.config import get_stream_writer

from agent.errors import DomainsmithError
from agent.records.conversation import Fault, ToolStep
from graph.admission import request_of
from graph.context import Context, language
from graph.performed import Performed
from graph.performing import perform_at_once
from graph.state import ConversationState
from tools.calling import start
from tools.catalog import find_tool
from tools.workspace import Project


def act(state: ConversationState, context: Context) -> dict[str, Any]:
    """Carry out the step of the state."""
    step, lang = state["step"], language(state)
    assert step is not None
    spec = find_tool(step["tool"])
    write = get_stream_writer()
    shown = ToolStep(tool=spec.name, title=step.get("title") or spec.says[lang], state="running")
    write(shown.model_dump(mode="json"))
    began = time.monotonic()
    update: dict[str, Any] = {}
    try:
        if spec.job is None:
            done = perform_at_once(step, state, context)
            result: dict[str, Any] = {"tool": spec.name, **_result(done)}
            update.update(done.remember)
        else:
            project = _project(state, context)
            request = request_of(step, spec)
            if spec.job == "tune":
                context.answerers.release()  # a model kept for answers would take the memory that training was promised
            job = start(spec, project, context.for_language(lang), request, step["key"], context.open_retriever)
            result = {"tool": spec.name, "job": job.model_dump(mode="json")}
            update["project"] = project.info.name
            # What follows waits with the job: a message in between has steps of its own.
            update["waiting"] = {
                "job": job.id,
                "project": project.info.name,
                "tool": spec.name,
                "title": shown.title,
                "following": list(state.get("following") or []),
            }
            update["following"] = []
        ended = shown.model_copy(update={"state": "done"})
    except DomainsmithError as error:
        result = {"tool": spec.name, "error": str(error)}
        update["fault"] = Fault.of(error).model_dump(mode="json")
        ended = shown.model_copy(update={"state": "failed", "detail": str(error)})
    ended = ended.model_copy(update={"seconds": round(time.monotonic() - began, 2)})
    write(ended.model_dump(mode="json"))
    steps = [*(state.get("steps") or []), ended.model_dump(mode="json")]
    return {**update, "steps": steps, "outcome": result, "step": None}


def _project(state: ConversationState, context: Context) -> Project:
    """Return the thread's project; it is made here where the first documents are read."""
    from agent.errors import NotFoundError
    from graph.admission import free_name
    from tools.deciding import decide_for_project
    from tools.profiles import save_facts

    known = context.project(state)
    if known is not None:
        return known
    step = state["step"]
    assert step is not None
    try:
        # A repeated node finds the project that its first run has made: it is marked with the step's key.
        project = context.workspace.made_for(step["key"])
    except NotFoundError:
        project = context.workspace.create(free_name(context), lang=language(state), occasion=step["key"])
    if state.get("profile") and not project.decision.exists():
        # The road is the plan's from the beginning. The decision is written last: with it, all of this was done.
        save_facts(project, state["profile"])
        decide_for_project(project, language(state))
    return project


def _result(done: Performed) -> dict[str, Any]:
    return {"said": done.said, "data": done.data, "document_text": done.document_text}
