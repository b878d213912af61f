"""All facts that the structure of the documents states, ready to be worded."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from agent.progress import Reporter
from agent.prompts.wordings import MEANING_COLUMNS
from agent.records.base import Language
from agent.records.corpus import DocumentText
from agent.records.pairs import PairKind, PairSource
from tools.extraction.blocks import Block, Piece, parse
from tools.extraction.definitions import definitions
from tools.extraction.fact import Fact, FactForm, fact_id
from tools.extraction.faq import asked_questions
from tools.extraction.fields import Field, fields_of
from tools.extraction.naming import Names, attribute_phrase, is_code, is_glossary, is_name, names_a_topic
from tools.extraction.rephrasing import about
from tools.extraction.similarity import is_chinese
from tools.extraction.subject import Subject, subjects
from tools.extraction.tables import Cell, table_cells, unescaped

_LONGEST_QUOTE = 500
_NUMBERED: Final = re.compile(r"(?<![\w-])[A-Z]{1,4}-?\d{1,5}(?![\w-])")
"""A document's number inside its title."""
_BARE: Final = re.compile(
    r"^(age|type|names?|date|time|status|number|certificate|class|ratings?|level|condition|value|result|total|category|code|"
    r"rate|amount|description|address|title|position|size|held|other)$",
    re.IGNORECASE,
)
"""Labels that say too little on their own."""


def harvest(texts: Sequence[DocumentText], reporter: Reporter) -> list[Fact]:
    """Return the facts of all documents, in the order of documents and text.

    Args:
        texts: The whole corpus: form labels and names are learned across documents.
        reporter: Hears of the progress; asked at every document whether to stop.
    """
    fields = fields_of(texts, reporter)
    small: set[str] = set()
    for text in texts:
        reporter.check()
        small.update(re.findall(r"(?<![A-Za-z'’])[a-z]{2,}", text.text))
    named = subjects(texts, fields, small, reporter)
    names = Names(frozenset(small), tuple(subject.title for subject in named.values()))
    facts: list[Fact] = []
    for number, text in enumerate(texts, start=1):
        reporter.check()
        values: dict[str, set[str]] = {}
        for field in fields.get(text.document, ()):
            values.setdefault(field.label, set()).add(field.value.text)
        divided = frozenset(label for label, found in values.items() if len(found) > 1)
        page = _Page(text, named[text.document], names, tuple(parse(text.text)), divided)
        facts += sorted(page.facts(fields.get(text.document, ())), key=lambda fact: (fact.start, fact.end))
        reporter.progress(number, len(texts), "documents", "reading tables, lists and forms")
    return facts


@dataclass(frozen=True)
class _Page:
    """One document while its facts are taken."""

    text: DocumentText
    subject: Subject
    names: Names
    blocks: tuple[Block, ...]
    divided: frozenset[str]
    """Labels of the form with different values in different parts of it."""

    def facts(self, fields: Sequence[Field]) -> Iterator[Fact]:
        taken: set[int] = set()
        for block, asked in asked_questions(self.blocks, self.text.text):
            language = self._language(asked.question)
            question = asked.question
            if not names_a_topic(question, self.subject.name):
                question = about(self.names.subject(self.subject, language), question, language)
            taken.add(block.piece.start)
            yield self._fact("question", "", question, asked.answer.text, asked.answer, "faq", "faq", language)
        for block, found in definitions(self.blocks, self.text.text):
            if block.piece.start not in taken:
                taken.add(block.piece.start)
                yield self._defined(block, found.term, found.value, found.measured)
        for block in self.blocks:
            if block.kind == "table":
                for cell in table_cells(block):
                    yield self._cell(block, cell)
        for field in fields:
            if field.quote.start not in taken:
                yield self._field(field)

    def _defined(self, block: Block, term: str, value: Piece, measured: bool) -> Fact:
        language = self._language(f"{term} {value.text}")
        glossary = is_glossary((*block.headings, self.subject.title))
        if (measured or is_name(value.text)) and not glossary and not is_code(term):
            entity = self.names.section(block.headings, self.subject, language)
            attribute = attribute_phrase(term, language)
            return self._fact(
                "attribute",
                entity,
                attribute,
                value.text,
                block.piece,
                "numeric",
                "definition",
                language,
                relation="in"
                if not self.subject.named and language == "en" and entity == self.names.subject(self.subject, language)
                else "for",
            )
        name, context = self.names.term(term, block.headings, self.subject, language)
        return self._fact(
            "definition", name, "", value.text, block.piece, "definitional", "definition", language, context=context
        )

    def _cell(self, block: Block, cell: Cell) -> Fact:
        language = self._language(f"{cell.column} {cell.row} {cell.value.text}")
        row = next(row for row in block.rows if any(piece.start == cell.value.start for piece in row))
        quote = Piece(self.text.text[row[0].start : row[-1].end], row[0].start, row[-1].end)
        answer = unescaped(cell.value.text)
        wide = Piece(self.text.text[block.piece.start : quote.end], block.piece.start, quote.end)
        if cell.unit and len(wide.text) <= _LONGEST_QUOTE:
            # The unit stands in the header, so the quote reaches up to it.
            answer, quote = f"{answer} {cell.unit}" if language == "en" else f"{answer}{cell.unit}", wide
        if not cell.row:
            entity = self.names.section(block.headings, self.subject, language)
        else:
            entity = self.names.row(cell.row, cell.row_column, self.subject, language)
        if cell.row and re.match(MEANING_COLUMNS[language], cell.column, re.IGNORECASE):
            return self._fact("definition", entity, "", answer, quote, "definitional", "table", language)
        attribute = attribute_phrase(cell.column, language)
        numeric = any(character.isdigit() for character in answer)
        relation = "in" if not self.subject.named and not cell.row else "of" if numeric else "for"
        return self._fact("attribute", entity, attribute, answer, quote, "table", "table", language, relation=relation)

    def _field(self, field: Field) -> Fact:
        language = self._language(f"{field.label} {field.value.text}")
        entity = self.names.subject(self.subject, language)
        attribute = attribute_phrase(field.label, language)
        # A label such as `Age` is clear only together with the part of the form it stands in.
        if field.section and language == "en" and (field.label in self.divided or _BARE.match(field.label)):
            attribute = f"{attribute} under {field.section}"
        kind: PairKind = "numeric" if any(character.isdigit() for character in field.value.text) else "factual"
        relation = "for" if self.subject.named else "in"
        return self._fact(
            "attribute", entity, attribute, field.value.text, field.quote, kind, "field", language, relation=relation
        )

    def _language(self, sample: str) -> Language:
        return "zh" if is_chinese(sample) else "en" if self.text.language == "en" else "zh"

    def _fact(
        self,
        form: FactForm,
        entity: str,
        attribute: str,
        answer: str,
        quote: Piece,
        kind: PairKind,
        source: PairSource,
        language: Language,
        *,
        context: str = "",
        relation: str = "of",
    ) -> Fact:
        number = next(iter(_NUMBERED.findall(self.subject.title)), "") if form == "attribute" else ""
        return Fact.model_validate(
            {
                "number": "" if number in f"{entity} {attribute}" else number,
                "id": fact_id(self.text.document, quote.start, quote.end, entity, attribute),
                "document": self.text.document,
                "form": form,
                "entity": entity,
                "attribute": attribute,
                "context": context,
                "relation": relation,
                "answer": answer,
                "start": quote.start,
                "end": quote.end,
                "quote": quote.text,
                "page": self.text.page_at(quote.start),
                "kind": kind,
                "source": source,
                "language": language,
            }
        )
