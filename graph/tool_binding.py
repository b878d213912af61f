"""The catalogue's tools as a chat model sees them: names, one sentence each, JSON Schemas of the arguments.

    model.bind_tools(schemas("en"))

Schemas are self-contained and plain: references are put in place, the meaning of every field comes from its record, and
what may be left out is not offered as `null`. Not every endpoint understands more.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

from agent.errors import InputError
from agent.records.base import Language, Record
from agent.records.profile import DocumentsProfile, HardwareItem, Profile
from tools.calling import read_arguments
from tools.catalog import TOOLS, ToolSpec, find_tool
from tools.profiles import with_facts
from tools.requests import ProfileRequest

_DROPPED: Final = frozenset({"title", "default", "$defs"})
"""Keys of a schema that say nothing a model needs; what a default means stands in the field's description."""
_MEASURED: Final = "measured"
"""The field of the profile that runs fill, never what somebody says."""


@cache
def schemas(lang: Language) -> tuple[dict[str, Any], ...]:
    """Return every tool in the form of OpenAI's function calling."""
    return tuple(schema(tool, lang) for tool in TOOLS)


def schema(tool: ToolSpec, lang: Language) -> dict[str, Any]:
    """Return one tool in the form of OpenAI's function calling."""
    return {
        "type": "function",
        "function": {"name": tool.name, "description": tool.says[lang], "parameters": arguments(tool.request)},
    }


def proposed(name: str, given: Mapping[str, Any]) -> ToolSpec:
    """Return the tool that a model calls, once the call is one that could be made.

    Raises:
        NotFoundError: There is no such tool.
        InputError: An argument is unknown or has no valid value; names it.
    """
    tool = find_tool(name)
    request = read_arguments(tool, given)
    if isinstance(request, ProfileRequest):
        if _MEASURED in request.facts:
            raise InputError("measurements come from runs", where=f"{name}: facts.{_MEASURED}", mend="leave it out")
        with_facts(Profile(), request.facts)
    return tool


def arguments(request: type[Record]) -> dict[str, Any]:
    """Return the JSON Schema of a request."""
    parameters = _described(request)
    if request is ProfileRequest:
        # The record takes any facts and lets the profile judge them; a model has to know which there are.
        facts = _described(Profile)
        facts["properties"]["documents"] = _described(DocumentsProfile)
        facts["properties"]["hardware"]["items"] = _described(HardwareItem)
        del facts["properties"][_MEASURED]
        parameters["properties"]["facts"] = {**facts, "description": "What the person said of their task."}
        parameters["properties"]["forget"]["items"] = {"type": "string", "enum": list(facts["properties"])}
    return parameters


def _described(record: type[Record]) -> dict[str, Any]:
    given = record.model_json_schema()
    parameters: dict[str, Any] = _plain(given, given.get("$defs", {}))
    parameters.pop("description", None)
    parameters.setdefault("properties", {})
    for name, meaning in _meanings(record):
        if name in parameters["properties"]:
            parameters["properties"][name].setdefault("description", meaning)
    return parameters


def _plain(part: Any, known: Mapping[str, Any]) -> Any:
    """Return a schema with its references put in place, without titles, and without the choice of `null`."""
    if isinstance(part, list):
        return [_plain(one, known) for one in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        return _plain(known[part["$ref"].rsplit("/", 1)[-1]], known)
    choices = [one for one in part.get("anyOf", ()) if one != {"type": "null"}]
    if len(choices) == 1:
        return _plain({**{key: value for key, value in part.items() if key != "anyOf"}, **choices[0]}, known)
    if "propertyNames" in part:
        names = _plain(part["propertyNames"], known)["enum"]
        fields = dict.fromkeys(names, part["additionalProperties"])
        rest = {key: value for key, value in part.items() if key != "propertyNames"}
        return _plain({**rest, "properties": fields, "additionalProperties": False}, known)
    plain: dict[str, Any] = {}
    for key, value in part.items():
        if key == "properties":
            # Here the keys are names of fields, and one of them may well be called `title`.
            plain[key] = {name: _plain(field, known) for name, field in value.items()}
        elif key not in _DROPPED:
            plain[key] = _plain(value, known)
    return plain


def _meanings(record: type[Record]) -> Iterator[tuple[str, str]]:
    """Yield the fields of a record that have their meaning written beneath them."""
    try:
        source = textwrap.dedent(inspect.getsource(record))
    except OSError:
        return  # installed without sources: the names have to do
    (found,) = ast.parse(source).body
    assert isinstance(found, ast.ClassDef)
    for field, below in zip(found.body, found.body[1:], strict=False):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(meaning))):
                yield name, " ".join(meaning.split())
