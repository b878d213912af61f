"""One call of a tool over MCP, on a thread of its own, so that the policy decides what may happen.

A thread whose step waits for a yes stays, for the person who is to say it; any other held a question and its answer,
both of which the program has, and is deleted.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from mcp.types import CallToolResult

from agent.errors import BusyError, InputError, NotFoundError
from agent.records.conversation import Turn
from graph.tool_binding import proposed
from tools.calling import read_arguments
from tools.catalog import ToolSpec
from ui.i18n import phrase
from ui.web.desk import Desk
from ui.web.mcp_shapes import asks_approval, done, failed
from ui.web.mcp_status import status_of
from ui.web.mcp_tools import JOB_STATUS, JobStatusRequest, job_status

PREFIX: Final = "mcp-"
"""What the id of a program's thread begins with."""
MOST_WAITING: Final = 20
"""Requests of programs that wait for a yes; a program in a loop must not bury its person in them."""


def call(desk: Desk, name: str, arguments: Mapping[str, Any], address: str) -> CallToolResult:
    """Call a tool.

    Args:
        desk: Of the account that asks.
        name: Name of the tool.
        arguments: Its arguments, and `project`.
        address: Of the server, as the program reaches it.

    Raises:
        DomainsmithError: The call is wrong, or nothing can be done with it.
    """
    given = dict(arguments)
    project = _text(given.pop("project", None), name)
    if name == JOB_STATUS:
        request = read_arguments(job_status(), given)
        assert isinstance(request, JobStatusRequest)
        return status_of(desk, request, project, address)
    spec = proposed(name, given)
    chosen = _project(desk, spec, project)
    if spec.effect != "read":
        _refuse_a_flood(desk)
    return _answered(desk, _proposed(desk, spec, given, chosen), address)


def _proposed(desk: Desk, spec: ToolSpec, arguments: dict[str, Any], project: str | None) -> Turn:
    thread = PREFIX + secrets.token_hex(8)
    waits = False
    try:
        turn = desk.assistant.propose(thread, spec.name, arguments, project=project)
        waits = turn.approval is not None
    finally:
        if not waits:
            with suppress(NotFoundError):
                desk.assistant.delete(thread)
    return turn


def _answered(desk: Desk, turn: Turn, address: str) -> CallToolResult:
    if turn.approval is not None:
        return asks_approval(turn.approval, desk.settings.lang, address)
    if turn.fault is not None:
        return failed(turn.fault.what, turn.fault.where, turn.fault.mend)
    return done(turn)


def _project(desk: Desk, spec: ToolSpec, name: str | None) -> str | None:
    """Return the name of the project to work in: the one that is named, or the only one there is.

    Raises:
        NotFoundError: There is none of that name, or there are several to choose from.
    """
    if name is not None:
        return desk.project(name).info.name
    known = [info.name for info in desk.workspace.projects()]
    if len(known) > 1 and spec.needs_project:
        mend = phrase("mcp_name_one", desk.settings.lang, names=", ".join(known))
        raise NotFoundError(phrase("mcp_several", desk.settings.lang), where=spec.name, mend=mend)
    return known[0] if len(known) == 1 else None


def _refuse_a_flood(desk: Desk) -> None:
    waiting = sum(one.waiting and one.id.startswith(PREFIX) for one in desk.assistant.threads())
    if waiting >= MOST_WAITING:
        lang = desk.settings.lang
        raise BusyError(phrase("mcp_flood", lang, count=waiting), mend=phrase("mcp_flood_mend", lang))


def _text(value: Any, tool: str) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise InputError("Input should be a valid string", where=f"{tool[:40]}: project", mend="correct that value")
