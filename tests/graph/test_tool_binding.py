"""What a chat model is told of the tools: every one, in both languages, with schemas that any endpoint can read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from agent.errors import InputError, NotFoundError
from agent.records.profile import Profile
from graph.tool_binding import proposed, schema, schemas
from tools.catalog import TOOLS, find_tool


def parts(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for one in value.values():
            yield from parts(one)
    elif isinstance(value, list):
        for one in value:
            yield from parts(one)


def test_every_tool_is_there_once_in_both_languages() -> None:
    for lang in ("en", "zh"):
        names = [one["function"]["name"] for one in schemas(lang)]
        assert names == [tool.name for tool in TOOLS]
    assert schemas("en") != schemas("zh")
    assert schema(find_tool("tune"), "zh")["function"]["description"] == find_tool("tune").says["zh"]


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_schemas_are_plain_and_valid(tool: Any) -> None:
    parameters = schema(tool, "en")["function"]["parameters"]
    Draft202012Validator.check_schema(parameters)
    assert parameters["type"] == "object"
    assert parameters["additionalProperties"] is False or tool.name == "note_facts"
    for part in parts(parameters):
        assert "$ref" not in part
        assert "$defs" not in part
        assert "propertyNames" not in part
        assert {"type": "null"} not in part.get("anyOf", [])
    assert set(parameters["properties"]) == set(tool.request.model_fields)
    json.dumps(parameters)


def test_fields_say_what_they_mean() -> None:
    plan = schema(find_tool("plan_memory"), "en")["function"]["parameters"]["properties"]
    assert plan["params_b"]["description"].startswith("Thousand millions of parameters")
    assert plan["method"] == {
        "description": plan["method"]["description"],
        "enum": ["qlora", "lora", "full"],
        "type": "string",
    }
    limits = schema(find_tool("evaluate"), "en")["function"]["parameters"]["properties"]["limits"]
    assert limits["properties"]["faithfulness"] == {"type": "integer"}
    assert limits["additionalProperties"] is False


def test_facts_are_those_of_the_profile_and_nobody_says_a_measurement() -> None:
    facts = schema(find_tool("note_facts"), "en")["function"]["parameters"]["properties"]["facts"]["properties"]
    assert set(facts) == set(Profile.model_fields) - {"measured"}
    assert facts["knowledge_change"]["enum"][-1] == "daily"
    assert facts["documents"]["properties"]["count"]["description"] == "Documents."
    assert facts["hardware"]["items"]["required"] == ["device"]
    with pytest.raises(InputError, match="measurements come from runs"):
        proposed("note_facts", {"facts": {"measured": {"rag": 0.9}}})


@pytest.mark.parametrize(
    ("name", "given", "error", "says"),
    [
        ("nonsense", {}, NotFoundError, "no such tool"),
        ("", {}, NotFoundError, "no such tool"),
        ("tune", {"ranks": 8}, InputError, "ranks"),
        ("tune", {"rank": -1}, InputError, "rank"),
        ("note_facts", {"facts": {"goals": "x"}}, InputError, "goals"),
        ("note_facts", {"facts": {"knowledge_change": "hourly"}}, InputError, "knowledge_change"),
        ("ask_guide", {}, InputError, "question"),
    ],
)
def test_a_call_that_cannot_be_made_says_why(
    name: str, given: dict[str, Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        proposed(name, given)


def test_a_call_that_can_be_made() -> None:
    assert proposed("tune", {"rank": 8}).action == "tune"
    assert proposed("note_facts", {"facts": {"privacy": "open"}}).name == "note_facts"
