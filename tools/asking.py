"""One question to several arms: base and tuned from the weights alone, rag and tuned+rag from passages.

One model is in memory; the tuned arms differ from the others only by the adapter. `stream_arms` is the one way an
arm is asked: the command line, the compare page and the OpenAI-compatible API all read its events.

    for event in stream_arms(project, settings, "What does E21 mean?", ("base", "rag"), retrieved):
        match event:
            case ArmPiece(text=text): print(text, end="")
            case ArmAnswered(answer=answer): print(answer.citations)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from shlex import quote
from typing import Final, get_args

from pydantic import Field

from agent.errors import EmptyError, InputError
from agent.progress import Reporter
from agent.prompts.forms import ABSTENTION, closed_book, system_message, with_context
from agent.prompts.phrases import Phrases, fill
from agent.records.base import Language, Record
from agent.records.corpus import Answer, Chunk, Retrieved
from agent.records.evaluation import Arm, EvaluateRequest
from agent.records.pairs import Message
from agent.settings import Settings
from knowledge.answering import MAX_NEW_TOKENS, Context, abstained, build_context, cite, kept_to
from knowledge.disagreement import contradictions, namesakes
from knowledge.ingest.language import language_of
from tools.answerers import Answerers
from tools.evaluation.run import Tuned, find_tuned
from tools.generated import Generated
from tools.workspace import Project

ASKABLE: Final[tuple[Arm, ...]] = ("base", "rag", "tuned", "tuned+rag")
"""Arms a question can be put to; `oracle` needs a gold passage, which only sealed items have."""


CLARIFY: Final[Phrases] = {
    "contradiction": {
        "en": "The documents say different things. Which one holds?",
        "zh": "各文件的说法不一致，以哪一份为准？",
    },
    "newer": {"en": " (newer version)", "zh": "（较新版本）"},
    "namesakes": {"en": "Several fit. Which one do you mean?", "zh": "有几项都符合，您指的是哪一项？"},
}


class Clarification(Record):
    """A question back, where the question fits several things."""

    question: str
    options: tuple[str, ...]


class SideBySide(Record):
    """The shape of `ask --json`."""

    question: str
    answers: dict[Arm, Answer] = Field(default_factory=dict)
    clarify: Clarification | None = None


class ArmStarted(Record):
    """An arm has the model and begins to read its prompt."""

    arm: Arm


class ArmPiece(Record):
    """An arm wrote some of its answer; never empty, and only whole characters."""

    arm: Arm
    text: str


class ArmAnswered(Record):
    """An arm has finished."""

    arm: Arm
    answer: Answer
    """Its text is all pieces together."""
    prompt_tokens: int
    """Tokens the model read before it wrote."""


ArmEvent = Clarification | ArmStarted | ArmPiece | ArmAnswered


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
    name = quote(project.info.name)
    if not tuned and any("tuned" in arm for arm in chosen):
        raise EmptyError("nothing is tuned yet", mend=f"`domainsmith tune -p {name}`, or ask base and rag")
    if not documents and any("rag" in arm for arm in chosen):
        raise EmptyError("no documents to retrieve from", mend=f"`domainsmith ingest PATH -p {name}`")
    return tuple(dict.fromkeys(chosen))


def stream_arms(
    project: Project,
    settings: Settings,
    question: str,
    arms: Sequence[Arm],
    retrieved: Sequence[Retrieved],
    *,
    answerers: Answerers | None = None,
    reporter: Reporter | None = None,
    earlier: Sequence[Message] = (),
    max_new_tokens: int = MAX_NEW_TOKENS,
    stop: Sequence[str] = (),
) -> Iterator[ArmEvent]:
    """Put one question to every arm in turn, and yield what each says as it says it; a question back comes last.

    The model is held until the iterator ends or is closed; others wait meanwhile.

    Args:
        project: Whose documents and tuned model.
        settings: Base model and threads.
        question: The question; its language is told from it.
        arms: From `choose_arms`.
        retrieved: What retrieval found, for the arms with retrieval.
        answerers: Holds the loaded models of a server; `None` loads one for this question.
        reporter: Asked to stop while waiting and between tokens.
        earlier: Turns before the question, for the arms without retrieval; those with it read their passages alone,
            as they were trained to.
        max_new_tokens: Most tokens of an answer; fewer where the model's positions end.
        stop: Strings that end an answer and are no part of it.

    Raises:
        BusyError: Too many questions wait for the model.
        CancelledError: The listener asked to stop.
        InputError: The model cannot be loaded, or the question leaves no room for an answer.
    """
    tuned: Tuned | None = find_tuned(project, EvaluateRequest()) if any("tuned" in arm for arm in arms) else None
    if tuned is not None:
        settings = settings.model_copy(update={"base_model": tuned.result.base_model})
    language = language_of(question)
    context = build_context(
        question,
        retrieved,
        language,
        settings.passage_characters,
        settings.passages,
        abstain_below=settings.abstain_below,
    )
    shown = _shown(context, retrieved)
    with (answerers or Answerers()).using(settings, tuned.folder if tuned else None, reporter) as generator:
        for arm in arms:
            yield ArmStarted(arm=arm)
            reads = "rag" in arm
            if reads and context.silent:
                yield ArmPiece(arm=arm, text=ABSTENTION[language])
                silent = Answer(text=ABSTENTION[language], abstained=True)
                yield ArmAnswered(arm=arm, answer=silent, prompt_tokens=0)
                continue
            prompt = with_context(question, context.passages, language) if reads else _asked(question, earlier)
            prompt_tokens = generator.count(generator.prompt(prompt))
            room = max_new_tokens if generator.positions is None else generator.positions - prompt_tokens
            limit = max(1, min(max_new_tokens, room))
            # An answer from a line of a table or list is checked as a whole, so it is not shown in pieces.
            whole = reads and context.told is not None
            for said in generator.stream(prompt, limit, reporter, adapter="tuned" in arm, stop=stop):
                if isinstance(said, Generated):
                    answer = _answer(said, question, context if reads else Context(), shown, language, stop)
                    if whole and answer.text:
                        yield ArmPiece(arm=arm, text=answer.text)
                    yield ArmAnswered(arm=arm, answer=answer, prompt_tokens=prompt_tokens)
                elif not whole:
                    yield ArmPiece(arm=arm, text=said)
    if not context.silent and any("rag" in arm for arm in arms):
        doubt = clarification(question, retrieved, language)
        if doubt is not None:
            yield doubt


def ask_arms(
    project: Project,
    settings: Settings,
    question: str,
    arms: Sequence[Arm],
    retrieved: Sequence[Retrieved],
    *,
    answerers: Answerers | None = None,
    reporter: Reporter | None = None,
) -> SideBySide:
    """Put one question to every arm and return what all of them said; see `stream_arms`."""
    events = stream_arms(project, settings, question, arms, retrieved, answerers=answerers, reporter=reporter)
    answers: dict[Arm, Answer] = {}
    clarify: Clarification | None = None
    for event in events:
        if isinstance(event, ArmAnswered):
            answers[event.arm] = _silent_in(language_of(question), event.answer)
        elif isinstance(event, Clarification):
            clarify = event
    return SideBySide(question=question, answers=answers, clarify=clarify)


def _silent_in(language: Language, answer: Answer) -> Answer:
    """Return an abstention in the language of the question: a small model may give the trained sentence of another."""
    said = answer.text.strip()
    if answer.abstained and any(said == sentence for tongue, sentence in ABSTENTION.items() if tongue != language):
        return answer.model_copy(update={"text": ABSTENTION[language]})
    return answer


def clarification(question: str, retrieved: Sequence[Retrieved], language: Language) -> Clarification | None:
    """Return a question back where documents contradict one another or several rows fit; `None` where all is clear.

    Args:
        question: The question.
        retrieved: Chunks, best first.
        language: The language of the question.
    """
    statements = contradictions(question, retrieved, language)
    if statements:
        newer = fill(CLARIFY, "newer", language)
        options = tuple(f"{one.document}{newer if one.is_newer else ''}: {one.text}" for one in statements)
        return Clarification(question=fill(CLARIFY, "contradiction", language), options=options)
    rows = namesakes(question, retrieved, language)
    return Clarification(question=fill(CLARIFY, "namesakes", language), options=rows) if rows else None


def _asked(question: str, earlier: Sequence[Message]) -> tuple[Message, ...]:
    """Return the prompt from the weights alone; our system line stands in where the conversation has none."""
    if any(message.role == "system" for message in earlier):
        return (*earlier, Message(role="user", content=question))
    language = language_of(question)
    return (system_message(language), *earlier, *closed_book(question, language)[1:])


def _answer(
    said: Generated,
    question: str,
    context: Context,
    shown: Sequence[Chunk],
    language: Language,
    stop: Sequence[str],
) -> Answer:
    text = kept_to(context.told, said.text, question, language)
    if text != said.text:
        for mark in stop:
            text = text.partition(mark)[0]
    silent = abstained(text, language)
    return Answer(
        text=text,
        citations=cite(text, question, shown) if context.passages and not silent else (),
        seconds_to_first_token=said.seconds_to_first_token,
        seconds=said.seconds,
        tokens=said.tokens,
        abstained=silent,
        truncated=said.truncated and text == said.text,
        quoted=text != said.text,
    )


def _shown(context: Context, retrieved: Sequence[Retrieved]) -> list[Chunk]:
    return [hit.chunk for hit in retrieved if hit.chunk.id in context.chunks]
