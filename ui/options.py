"""The options that several commands share, so that each has one name and one help text everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from agent.errors import InputError

Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout; progress and logs go to stderr.")]
ProjectName = Annotated[
    str | None, typer.Option("--project", "-p", help="The project; may be left out while there is only one.")
]
Lang = Annotated[str | None, typer.Option("--lang", help="Language of replies and reports: en or zh.")]
Seed = Annotated[int, typer.Option("--seed", help="Seed of everything random in this step.")]
Detach = Annotated[bool, typer.Option("--detach", help="Start the job and return at once; `jobs show` follows it.")]
Questions = Annotated[
    Path | None, typer.Option("--questions", help="A file of questions: one a line, or JSONL with `question`.")
]
QuestionSet = Annotated[
    Path | None,
    typer.Option(
        "--questions",
        help="Measure on this file instead of the sealed set: SQuAD-style JSON, JSONL {question, answer}, CSV.",
    ),
]


def refuse_before(subcommand: str, given: Sequence[object]) -> None:
    """Refuse options that stand before a subcommand, which would not hear of them.

    Raises:
        InputError: One was given there.
    """
    if any(given):
        raise InputError(
            "an option stands before the subcommand", where=subcommand, mend=f"put it after `{subcommand}`"
        )
