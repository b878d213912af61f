"""Question files as people have them, read into one form.

SQuAD-style JSON (CMRC in both of its forms), JSONL with `question` and `answer` or `answers`, CSV with those columns,
multiple choice as CSV (question, A, B, C, D, answer) or JSONL (`options`), BLiMP JSONL, WiC JSONL (`word`,
`sentence1`, `sentence2`, `label`), PubMedQA JSON. The kind is found by looking inside, never by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from agent.errors import InputError
from agent.prompts.wordings import SAME_SENSE, YES_NO
from agent.records.base import Language
from tools.extraction.rows import csv_columns, csv_rows, json_lines, parsed_json, read_utf8
from tools.extraction.similarity import is_chinese
from tools.validation.asked import Asked

_LETTERS: Final = "ABCDEFGH"
_SAME: Final = ("true", "t", "1")
_DIFFERENT: Final = ("false", "f", "0")
SAME: Final = "same_sense"
"""Kind of a question of WiC."""
_VERDICTS: Final = ("yes", "no", "maybe")
_MEND: Final = (
    "use SQuAD-style JSON, JSONL {question, answer}, CSV question,answer or question,A,B,C,D,answer, BLiMP or WiC JSONL"
)


def read_questions(path: Path) -> list[Asked]:
    """Read a question file.

    Raises:
        InputError: The file cannot be read, is of no known kind, or an entry is wrong; names the line or entry.
    """
    text = read_utf8(path)
    if not text.strip():
        raise InputError("this file is empty", where=path.name, mend=_MEND)
    if path.suffix.lower() == ".csv":
        found = [_table_row(where, row, csv_columns(text)) for where, row in csv_rows(path.name, text)]
    elif path.suffix.lower() in (".jsonl", ".ndjson"):
        found = [_row(where, row) for where, row in json_lines(path.name, text)]
    elif path.suffix.lower() == ".json":
        found = list(_json(path.name, parsed_json(path.name, text)))
    else:
        raise InputError("unknown kind of question file", where=path.name, mend=_MEND)
    if not found:
        raise InputError("this file holds no questions", where=path.name, mend=_MEND)
    return found


def _json(name: str, data: Any) -> Iterator[Asked]:
    articles = data.get("data") if isinstance(data, dict) else data
    if isinstance(articles, list):
        for number, entry in enumerate(articles, start=1):
            where = f"{name}, entry {number}"
            if not isinstance(entry, dict):
                raise InputError("an entry is no object", where=where, mend=_MEND)
            if "paragraphs" in entry or "qas" in entry:
                yield from _article(where, entry)
            else:
                yield _row(where, entry)
    elif isinstance(data, dict) and data and all(isinstance(v, dict) and "QUESTION" in v for v in data.values()):
        for key, entry in data.items():
            yield _pubmed(f"{name}, entry {key}", entry)
    else:
        raise InputError("unknown kind of question file", where=name, mend=_MEND)


def _article(where: str, article: Mapping[str, Any]) -> Iterator[Asked]:
    """Yield the questions of an article: SQuAD (`paragraphs`), or one paragraph with its questions (`qas`)."""
    paragraphs = article.get("paragraphs", [article])
    if not isinstance(paragraphs, list):
        raise InputError("`paragraphs` is no list", where=where)
    for paragraph in paragraphs:
        if not isinstance(paragraph, dict) or not isinstance(paragraph.get("qas"), list):
            raise InputError("a paragraph has no list `qas`", where=where)
        context = str(paragraph.get("context") or paragraph.get("context_text") or "")
        named = str(article.get("title") or paragraph.get("document_id") or paragraph.get("id") or "")
        for qa in paragraph["qas"]:
            yield _squad_question(where, qa, context, named)


def _squad_question(where: str, qa: Any, context: str, named: str) -> Asked:
    if not isinstance(qa, dict):
        raise InputError("a question is no object", where=where)
    asked = qa.get("question", qa.get("query_text"))
    if not isinstance(asked, str):
        raise InputError("`question` is missing or no text", where=where, mend=_MEND)
    question = asked.strip()
    golds: list[str] = []
    start: int | None = None
    for answer in qa.get("answers") or []:
        text = answer.get("text", "") if isinstance(answer, dict) else answer
        if not isinstance(text, str):
            raise InputError("an answer is no text", where=f"{where}, question {qa.get('id', question[:40])}")
        if text.strip() and start is None and isinstance(answer, dict) and isinstance(answer.get("answer_start"), int):
            start = answer["answer_start"]
        golds.append(text.strip())
    return Asked(
        where=where,
        form="question",
        question=question,
        answers=_unique(golds),
        context=context,
        answer_start=start,
        document=named,
        language=_language(question or context),
        answerable=not qa.get("is_impossible", False) and any(golds),
    )


def _row(where: str, row: Mapping[str, Any]) -> Asked:
    if "sentence_good" in row and "sentence_bad" in row:
        good, bad = _text(row, ("sentence_good",), where), _text(row, ("sentence_bad",), where)
        kind = str(row.get("UID") or row.get("linguistics_term") or "")
        return Asked(where=where, form="minimal_pair", options=(good, bad), kind=kind, language=_language(good))
    if "sentence1" in row and "sentence2" in row:
        return _same_sense(where, row)
    question = _text(row, ("question", "query", "prompt"), where)
    if isinstance(row.get("options", row.get("choices")), list):
        options = [str(option) for option in row.get("options", row.get("choices")) or []]
        return _choice(where, question, options, row.get("answer", row.get("correct")), row)
    golds = row.get("answers", row.get("answer", ()))
    if isinstance(golds, dict):
        golds = golds.get("text", ())
    listed = [golds] if isinstance(golds, str | int | float) else golds
    if not isinstance(listed, Sequence) or any(not isinstance(gold, str | int | float) for gold in listed):
        raise InputError("`answer` is a text, `answers` a list of texts", where=where)
    answers = _unique([str(gold).strip() for gold in listed])
    answerable = bool(row.get("answerable", True)) and not row.get("is_impossible", False)
    if answerable and not answers:
        raise InputError("there is no answer", where=where, mend='give `answer`, or `"answerable": false`')
    given = row.get("language")
    return Asked(
        where=where,
        form="question",
        question=question,
        answers=answers if answerable else (),
        context=str(row.get("context") or row.get("passage") or ""),
        document=str(row.get("document") or row.get("source") or ""),
        quote=str(row.get("quote") or ""),
        fact=str(row.get("fact") or ""),
        kind=str(row.get("kind") or ""),
        language=_language(question) if given not in ("en", "zh") else given,
        answerable=answerable,
    )


def _table_row(where: str, row: Mapping[str, str], columns: set[str]) -> Asked:
    if "question" not in columns or not {"answer", "answers"} & columns:
        raise InputError("the columns `question` and `answer` are missing", where=where, mend=_MEND)
    if {"a", "b"} <= columns:
        options = [row.get(letter.lower(), "") for letter in _LETTERS if letter.lower() in columns]
        return _choice(where, _text(row, ("question",), where), options, row.get("answer"), {})
    known = ("question", "answer", "context", "document", "quote", "language", "kind", "fact")
    cells: dict[str, Any] = {key: row[key] for key in known if row.get(key)}
    if row.get("answers"):
        cells["answers"] = [part.strip() for part in row["answers"].split("|")]
    if (
        not cells.get("answer")
        and not cells.get("answers")
        and row.get("answerable", "").lower() in ("false", "0", "no")
    ):
        cells["answerable"] = False
    return _row(where, cells)


def _choice(where: str, question: str, options: Sequence[str], answer: Any, row: Mapping[str, Any]) -> Asked:
    given = [option.strip() for option in options if option.strip()]
    if len(given) < 2 or len(given) != len(options):
        raise InputError("a choice needs two options or more, none empty", where=where)
    name = str(answer).strip()
    if isinstance(answer, int) and not isinstance(answer, bool) and 0 <= answer < len(given):
        correct = answer
    elif len(name) == 1 and name.upper() in _LETTERS[: len(given)]:
        correct = _LETTERS.index(name.upper())
    elif name in given:
        correct = given.index(name)
    else:
        raise InputError(f"the answer {name!r} is none of the options", where=where, mend="give a letter or an option")
    return Asked(
        where=where,
        form="choice",
        question=question,
        options=tuple(given),
        correct=correct,
        context=str(row.get("context") or ""),
        kind=str(row.get("kind") or row.get("subject") or ""),
        language=_language(question),
    )


def _same_sense(where: str, row: Mapping[str, Any]) -> Asked:
    """Read a pair of sentences of WiC: `word`, `sentence1`, `sentence2`, `label`."""
    word = _text(row, ("word", "target", "lemma"), where)
    one, other = _text(row, ("sentence1",), where), _text(row, ("sentence2",), where)
    label = str(row.get("label", "")).strip().lower()
    if label not in _SAME and label not in _DIFFERENT:
        raise InputError("`label` is true or false", where=where, mend=_MEND)
    language = _language(one)
    return Asked(
        where=where,
        form="choice",
        question=SAME_SENSE[language].format(one=one, other=other, t=word),
        options=YES_NO[language],
        correct=int(label in _DIFFERENT),
        kind=SAME,
        language=language,
    )


def _pubmed(where: str, entry: Mapping[str, Any]) -> Asked:
    question = _text(entry, ("QUESTION",), where)
    verdict = str(entry.get("final_decision", "")).strip().lower()
    if verdict not in _VERDICTS:
        raise InputError("`final_decision` is yes, no or maybe", where=where)
    return Asked(
        where=where,
        form="choice",
        question=question,
        options=_VERDICTS,
        correct=_VERDICTS.index(verdict),
        context="\n\n".join(str(part) for part in entry.get("CONTEXTS") or ()),
        kind="pubmedqa",
        language=_language(question),
    )


def _text(row: Mapping[str, Any], names: Sequence[str], where: str) -> str:
    for name in names:
        value = row.get(name)
        if isinstance(value, str) and value.strip():
            return value.strip()
    raise InputError(f"`{names[0]}` is missing or empty", where=where, mend=_MEND)


def _unique(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in texts if text))


def _language(text: str) -> Language:
    return "zh" if is_chinese(text) else "en"
