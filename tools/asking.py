"""One question to several arms: base and tuned from the weights alone, rag and tuned+rag from passages.

One model is in memory; the tuned arms differ from the others only by the adapter.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, get_args

from pydantic import Field

from agent.errors import EmptyError, InputError
from agent.prompts.forms import closed_book, with_context
from agent.records.base import Record
from agent.records.corpus import Answer, Chunk, Retrieved
from agent.records.evaluation import Arm, EvaluateRequest
from agent.settings import Settings
from knowledge.answering import MAX_NEW_TOKENS, Context, abstained, build_context, cite
from knowledge.ingest.language import language_of
from tools.evaluation.run import Tuned, find_tuned
from tools.generation import load_generator
from tools.workspace import Project

ASKABLE: Final[tuple[Arm, ...]] = ("base", "rag", "tuned", "tuned+rag")
"""Arms a question can be put to; `oracle` needs a gold passage, which only sealed items have."""


class Clarification(Record):
    """A question back, where the question fits several things."""

    question: str
    options: tuple[str, ...]


class SideBySide(Record):
    """The shape of `ask --json`."""

    question: str
    answers: dict[Arm, Answer] = Field(default_factory=dict)
    clarify: Clarification | None = None


def choose_arms(project: Project, wanted: str | None) -> tuple[Arm, ...]:
    """Return the arms to ask: those named, or all that the project can answer with.

    Raises:
        InputError: An arm is unknown.
        EmptyError: A tuned arm was named and nothing is tuned, or an arm with retrieval and nothing is ingested.
    """
    known: dict[str, Arm] = {arm: arm for arm in get_args(Arm)}
    tuned = find_tuned(project, EvaluateRequest()) is not None
    documents = project.chunks.exists() and project.chunks.stat().st_size > 0
    if wanted is None:
        return tuple(arm for arm in ASKABLE if (documents or "rag" not in arm) and (tuned or "tuned" not in arm))
    chosen: list[Arm] = []
    for part in (name.strip() for name in wanted.split(",")):
        if part not in ASKABLE:
            raise InputError("unknown arm", where=part or "(empty)", mend="--arms takes " + ",".join(ASKABLE))
        chosen.append(known[part])
    name = project.info.name
    if not tuned and any("tuned" in arm for arm in chosen):
        raise EmptyError("nothing is tuned yet", mend=f"`domainsmith tune -p {name}`, or ask base and rag")
    if not documents and any("rag" in arm for arm in chosen):
        raise EmptyError("no documents to retrieve from", mend=f"`domainsmith ingest PATH -p {name}`")
    return tuple(dict.fromkeys(chosen))


def ask_arms(
    project: Project, settings: Settings, question: str, arms: Sequence[Arm], retrieved: Sequence[Retrieved]
) -> SideBySide:
    """Put one question to every arm.

    Args:
        project: Whose documents and tuned model.
        settings: Base model and threads.
        question: The question; its language is told from it.
        arms: From `choose_arms`.
        retrieved: What retrieval found, for the arms with retrieval.
    """
    tuned: Tuned | None = find_tuned(project, EvaluateRequest()) if any("tuned" in arm for arm in arms) else None
    if tuned is not None:
        settings = settings.model_copy(update={"base_model": tuned.result.base_model})
    generator = load_generator(settings, tuned.folder if tuned else None)
    language = language_of(question)
    context = build_context(question, retrieved, language)
    answers: dict[Arm, Answer] = {}
    for arm in arms:
        reads = "rag" in arm
        prompt = with_context(question, context.passages, language) if reads else closed_book(question, language)
        said = generator.generate([prompt], MAX_NEW_TOKENS, adapter="tuned" in arm)[0]
        silent = abstained(said.text, language)
        answers[arm] = Answer(
            text=said.text,
            citations=cite(said.text, question, _shown(context, retrieved)) if reads and not silent else (),
            seconds_to_first_token=said.seconds_to_first_token,
            seconds=said.seconds,
            tokens=said.tokens,
            abstained=silent,
            truncated=said.truncated,
        )
    return SideBySide(question=question, answers=answers)


def _shown(context: Context, retrieved: Sequence[Retrieved]) -> list[Chunk]:
    return [hit.chunk for hit in retrieved if hit.chunk.id in context.chunks]
