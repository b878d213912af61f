"""The catalogue's tools as a chat model sees them: names, one sentence each, JSON Schemas of the arguments."""

from __future__ import annotations

from typing import Any

from agent.records.base import Language
from tools.catalog import TOOLS, ToolSpec


def schemas(lang: Language) -> list[dict[str, Any]]:
    """Return every tool in the form of OpenAI's function calling."""
    return [schema(tool, lang) for tool in TOOLS]


def schema(tool: ToolSpec, lang: Language) -> dict[str, Any]:
    """Return one tool in the form of OpenAI's function calling."""
    parameters = tool.request.model_json_schema()
    parameters.pop("title", None)
    parameters.pop("description", None)
    return {
        "type": "function",
        "function": {"name": tool.name, "description": tool.says[lang], "parameters": parameters},
    }
