"""One comparison as a page holds it: columns that fill while the arms write, then the vote; every step a pure function.

shown = begin("pumps", round_, hits, settings)
for event in stream_arms(...):
shown = heard(shown, event)
shown = voted(shown, vote, reference)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from agent.records.corpus import Answer, Chunk, Retrieved
from agent.records.evaluation import Arm, Item
from agent.records.vote import Vote
from agent.settings import Settings
from knowledge.answering import build_context
from tools.asking import ArmAnswered, ArmEvent, ArmPiece, ArmStarted, Clarification
from tools.evaluation.arms import WITH_RETRIEVAL
from tools.rounds import Round

ColumnState = Literal["waiting", "reading", "writing", "done", "stopped"]


@dataclass(frozen=True)
class Column:
    """One arm's answer as far as it is written."""

    arm: Arm
    state: ColumnState = "waiting"
    text: str = ""
    answer: Answer | None = None
    """Set once it is `done`."""


@dataclass(frozen=True)
class Comparison:
    """What one page shows of one round."""

    project: str
    """Id of the project it belongs to."""
    round: Round
    columns: tuple[Column, ...]
    passages: Mapping[str, Chunk] = field(default_factory=dict)
    """Retrieved chunks by id; what citations open."""
    documents: tuple[str, ...] = ()
    """Ids of the documents the arms with retrieval could read."""
    clarify: Clarification | None = None
    vote: Vote | None = None
    revealed: bool = False
    """Whether names were shown; from then on no vote on this round is blind."""
    reference: Item | None = None
    """The sealed item behind the question, once it may be seen."""

    @property
    def finished(self) -> bool:
        """Whether every arm has answered."""
        return all(column.state == "done" for column in self.columns)

    @property
    def hidden(self) -> bool:
        """Whether names, sources and times are hidden."""
        return self.round.blind and not self.revealed

    @property
    def open(self) -> bool:
        """Whether a vote can be given."""
        return self.finished and self.vote is None and len(self.columns) > 1

    @property
    def answers(self) -> dict[Arm, Answer]:
        """The finished answers by arm."""
        return {column.arm: column.answer for column in self.columns if column.answer is not None}


def begin(project: str, round_: Round, retrieved: Sequence[Retrieved], settings: Settings) -> Comparison:
    """Return the comparison before any arm has the model."""
    reads = any(arm in WITH_RETRIEVAL for arm in round_.arms)
    room, most = settings.passage_characters, settings.passages
    context = build_context(round_.question, retrieved, round_.language, room, most).chunks if reads else ()
    passages = {hit.chunk.id: hit.chunk for hit in retrieved}
    documents = tuple(sorted({passages[chunk].document for chunk in context}))
    return Comparison(project, round_, tuple(Column(arm) for arm in round_.arms), passages, documents)


def heard(shown: Comparison, event: ArmEvent | Clarification) -> Comparison:
    """Return the comparison after an event of the arms."""
    match event:
        case Clarification():
            return replace(shown, clarify=event)
        case ArmStarted(arm=arm):
            return _changed(shown, arm, state="reading")
        case ArmPiece(arm=arm, text=text):
            said = next(column.text for column in shown.columns if column.arm == arm)
            return _changed(shown, arm, state="writing", text=said + text)
        case ArmAnswered(arm=arm, answer=answer):
            return _changed(shown, arm, state="done", text=answer.text, answer=answer)


def stopped(shown: Comparison) -> Comparison:
    """Return the comparison after somebody stopped it: what was written stays, unfinished."""
    columns = tuple(one if one.state == "done" else replace(one, state="stopped") for one in shown.columns)
    return replace(shown, columns=columns)


def narrowed(shown: Comparison, place: int) -> str:
    """Return the question together with an option of the question back; empty if there is no such option."""
    options = shown.clarify.options if shown.clarify else ()
    return f"{shown.round.question} ({options[place]})" if place < len(options) else ""


def voted(shown: Comparison, vote: Vote, reference: Item | None) -> Comparison:
    """Return the comparison with its vote: names and the reference may be seen now."""
    return replace(shown, vote=vote, revealed=True, reference=reference)


def unvoted(shown: Comparison) -> Comparison:
    """Return the comparison after its vote was taken back; what was seen stays seen."""
    return replace(shown, vote=None)


def ballot(shown: Comparison) -> Round:
    """Return the round to vote on: blind only if the names were never shown."""
    return shown.round.model_copy(update={"blind": shown.hidden})


def _changed(shown: Comparison, arm: Arm, **changes: object) -> Comparison:
    columns = tuple(replace(one, **changes) if one.arm == arm else one for one in shown.columns)  # type: ignore[arg-type]
    return replace(shown, columns=columns)
