"""The labelled pairs and what the checks make of them."""

import hashlib
import json
from pathlib import Path
from typing import NamedTuple

from tests.tools.extraction.labelled.sources import DATA, text_of, title_of
from tools.extraction.checks import Candidate, first_failure, judge, scores

PAIRS = Path(__file__).with_name("pairs.jsonl")
LATER = tuple(Path(__file__).with_name(f"later{number}.jsonl") for number in range(1, 8))
HALF = 100


class Labelled(NamedTuple):
    """One candidate pair with its label."""

    id: str
    source: str
    document: str | int
    start: int
    end: int
    sha256: str
    language: str
    question: str
    answer: str
    good: bool
    fault: str
    why: str
    altered: tuple[str, str] | None


def labelled(file=PAIRS):
    """Return all pairs in the order of their hash ids; the first hundred is for tuning, the second for reporting."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return [Labelled(**{"altered": None, **json.loads(line)}) for line in lines]


def present(pair):
    """Return whether the document of a pair is at hand."""
    return pair.source == "company" or DATA.is_dir()


def quote_of(pair):
    """Return the quote that a pair refers to; a changed document fails loudly."""
    quote = text_of(pair.source, pair.document)[pair.start : pair.end]
    if hashlib.sha256(quote.encode()).hexdigest()[:16] != pair.sha256:
        raise AssertionError(f"the document of {pair.id} changed")
    return quote


def candidate(pair):
    """Return a pair as the checks see it: an altered quote is looked for where it was claimed to stand."""
    text, quote = text_of(pair.source, pair.document), quote_of(pair)
    if pair.altered:
        quote = quote.replace(*pair.altered)
    return Candidate(
        question=pair.question,
        answer=pair.answer,
        quote=quote,
        text=text,
        start=pair.start,
        language=pair.language,
        title=title_of(pair.source, pair.document),
    )


def outcome(pair):
    """Return the checks' verdicts on a pair and the first that failed; empty if it is kept."""
    verdicts = judge(candidate(pair))
    return verdicts, first_failure(scores(verdicts))
