"""What a project knows of its team's task: facts added and corrected one by one, kept in `profile.json`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from pydantic import ValidationError

from agent.errors import InputError
from agent.records.profile import Profile
from knowledge.files import write_record
from tools.status import read_profile
from tools.workspace import Project


def with_facts(profile: Profile, facts: Mapping[str, Any], forget: Collection[str] = ()) -> Profile:
    """Return the profile with facts added; a later value replaces an earlier one, documents are merged field by field.

    Raises:
        InputError: A field is unknown or has no valid value; names it.
    """
    values = profile.model_dump(mode="json", exclude_none=True)
    for name, value in facts.items():
        known = values.get(name)
        values[name] = {**known, **value} if isinstance(known, dict) and isinstance(value, dict) else value
    for name in forget:
        values.pop(name, None)
    try:
        return Profile.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(first["msg"], where=where, mend="known fields: " + ", ".join(Profile.model_fields)) from error


def save_facts(project: Project, facts: Mapping[str, Any], forget: Collection[str] = ()) -> Profile:
    """Add facts to a project's profile and keep it.

    Raises:
        InputError: A field is unknown or has no valid value.
    """
    profile = with_facts(read_profile(project), facts, forget)
    write_record(project.profile, profile)
    return profile


def changed_fields(before: Profile, after: Profile) -> tuple[str, ...]:
    """Return the fields that were known and now say something else."""
    return tuple(
        name
        for name in Profile.model_fields
        if getattr(before, name) is not None and getattr(before, name) != getattr(after, name)
    )
