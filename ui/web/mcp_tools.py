"""What the MCP server lists: every tool of the catalogue with its JSON Schema, and `job_status`."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from mcp.types import Tool, ToolAnnotations

from agent.records.base import Language, Record
from graph.tool_binding import schema
from tools.catalog import TOOLS, ToolSpec
from ui.i18n import phrase
from ui.pages.sites import LANGUAGES

JOB_STATUS: Final = "job_status"


class JobStatusRequest(Record):
    """Which request or job to tell about; one of the two is needed."""

    thread: str | None = None
    """Thread of a request for approval."""
    job: str | None = None
    """Job id, or an unambiguous beginning of it."""


@cache
def job_status() -> ToolSpec:
    """Return the tool that only programs need; people see on the page what became of their yes."""
    says = {lang: phrase("mcp_job_status", lang) for lang in LANGUAGES}
    return ToolSpec(JOB_STATUS, "status", JobStatusRequest, "read", None, says, needs_project=False)


@cache
def tools(lang: Language) -> tuple[Tool, ...]:
    """Return all tools, described in one language."""
    return tuple(_listed(spec, lang) for spec in (*TOOLS, job_status()))


def _listed(spec: ToolSpec, lang: Language) -> Tool:
    function = schema(spec, lang)["function"]
    reads = spec.effect == "read"
    says = function["description"] if reads else f"{function['description']} {phrase('mcp_needs_yes', lang)}"
    return Tool(
        name=spec.name,
        description=says,
        inputSchema=_with_project(function["parameters"], lang),
        annotations=_annotations(reads=reads),
    )


def _with_project(parameters: dict[str, Any], lang: Language) -> dict[str, Any]:
    project = {"type": "string", "description": phrase("mcp_argument_project", lang)}
    return {**parameters, "properties": {**parameters.get("properties", {}), "project": project}}


def _annotations(*, reads: bool) -> ToolAnnotations:
    # What is not read-only makes a request and no more; a person decides on the rest.
    return ToolAnnotations(readOnlyHint=reads, destructiveHint=False, idempotentHint=reads, openWorldHint=False)
