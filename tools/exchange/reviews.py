"""Pairs for a review in Argilla or Label Studio, and what the reviewers decided there.

Both ask the same three things: `decision` (accept or reject), and a corrected `question` and `answer`. An Argilla
dataset for the records has the fields question, answer and quote, a label question `decision` with the labels accept
and reject, and two text questions `corrected_question` and `corrected_answer`.
Sources: Argilla 2, `Record.to_dict`; Label Studio, task format and `TextArea`, `Choices`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from agent.records.pairs import Pair
from tools.exchange.rows import Row, stream_rows

Decision = Literal["accept", "reject"]
CONFIGURATION: Final = """<View>
  <Header value="Question"/>
  <Text name="question" value="$question"/>
  <Header value="Answer"/>
  <Text name="answer" value="$answer"/>
  <Header value="Quote"/>
  <Text name="quote" value="$quote"/>
  <Choices name="decision" toName="answer" choice="single" required="true">
    <Choice value="accept"/>
    <Choice value="reject"/>
  </Choices>
  <TextArea name="corrected_question" toName="question" maxSubmissions="1"/>
  <TextArea name="corrected_answer" toName="answer" maxSubmissions="1"/>
</View>
"""
"""The labelling configuration of the tasks."""
_NAMES: Final = ("decision", "corrected_question", "corrected_answer")


class Review(NamedTuple):
    """What the reviewers said of one pair."""

    where: str
    """File and entry."""
    pair: str
    decision: Decision | None
    """`None` where nobody decided, or two reviewers decided differently."""
    disagree: bool = False
    question: str | None = None
    """The corrected question; `None` if it was left as it is."""
    answer: str | None = None


def argilla_record(pair: Pair) -> dict[str, Any]:
    """Return a pair as an Argilla record, with what the checks decided as a suggestion."""
    return {
        "id": pair.id,
        "fields": {"question": pair.question, "answer": pair.answer, "quote": pair.quote},
        "metadata": _known(pair),
        "suggestions": {"decision": {"value": _suggested(pair), "score": None, "agent": "domainsmith"}},
        "responses": {},
        "vectors": {},
    }


def label_studio_task(pair: Pair) -> dict[str, Any]:
    """Return a pair as a Label Studio task, with what the checks decided as a prediction."""
    choice = {
        "from_name": "decision",
        "to_name": "answer",
        "type": "choices",
        "value": {"choices": [_suggested(pair)]},
    }
    asked = {"pair": pair.id, "question": pair.question, "answer": pair.answer, "quote": pair.quote}
    return {
        "data": {**asked, **_known(pair)},
        "predictions": [{"model_version": "domainsmith", "result": [choice]}],
    }


def is_review(fields: Mapping[str, Any]) -> bool:
    """Return whether a row is a record of Argilla or a task of Label Studio, reviewed or not yet."""
    argilla = isinstance(fields.get("fields"), dict) and isinstance(fields.get("responses"), dict)
    # A task that nobody has worked on, as it was exported, has predictions and no annotations yet.
    task = fields.get("data")
    studio = isinstance(task, dict) and ("annotations" in fields or ("predictions" in fields and "pair" in task))
    return argilla or studio


def read_reviews(path: Path) -> Iterator[Review | Row]:
    """Yield what the reviewers said of each pair; a row that cannot be read comes as it is, with its fault.

    Raises:
        InputError: The file cannot be read.
    """
    for row in stream_rows(path):
        if row.fault:
            yield row
        elif not is_review(row.fields):
            yield row._replace(fault="this is no review", mend="export the records or tasks as JSON")
        elif "fields" in row.fields:
            yield _of_argilla(row)
        else:
            yield _of_label_studio(row)


def _of_argilla(row: Row) -> Review | Row:
    said = {
        name: [one.get("value") for one in row.fields["responses"].get(name) or () if isinstance(one, dict)]
        for name in _NAMES
    }
    return _review(row, row.fields.get("id"), said)


def _of_label_studio(row: Row) -> Review | Row:
    said: dict[str, list[Any]] = {name: [] for name in _NAMES}
    for annotation in row.fields.get("annotations") or ():
        if not isinstance(annotation, dict) or annotation.get("was_cancelled"):
            continue
        for result in annotation.get("result") or ():
            value = result.get("value") if isinstance(result, dict) else None
            if isinstance(value, dict) and result.get("from_name") in said:
                given = value.get("choices") or value.get("text") or ()
                said[result["from_name"]] += [given] if isinstance(given, str) else list(given)
    return _review(row, row.fields["data"].get("pair"), said)


def _review(row: Row, pair: Any, said: Mapping[str, list[Any]]) -> Review | Row:
    decisions = set(said["decision"])
    if not isinstance(pair, str):
        return row._replace(fault="it does not say of which pair", mend="keep the ids of the exported records")
    if not decisions <= {"accept", "reject"}:
        return row._replace(fault="a decision is neither accept nor reject", mend="use these two labels")
    written = [[text for text in said[name] if isinstance(text, str) and text.strip()] for name in _NAMES[1:]]
    corrected = [texts[-1] if texts else None for texts in written]
    decided: Decision | None = None
    if len(decisions) == 1:
        decided = "accept" if decisions == {"accept"} else "reject"
    return Review(row.where, pair, decided, len(decisions) > 1, corrected[0], corrected[1])


def _suggested(pair: Pair) -> Decision:
    return "reject" if pair.status == "rejected" else "accept"


def _known(pair: Pair) -> dict[str, Any]:
    known = {"document": pair.document, "kind": pair.kind, "language": pair.language, "status": pair.status}
    return {**known, "page": pair.page} if pair.page is not None else known
