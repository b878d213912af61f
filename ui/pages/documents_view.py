"""The documents of a project as HTML: the table, what was found, what a removal takes along. Pure; all text escaped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import Final

from agent.records.base import Language
from agent.records.corpus import Document, IngestResult
from tools.removal import Removal, Traces
from ui.i18n import phrase
from ui.reading_reasons import reason

MOST_ROWS: Final = 200
"""Rows of the table; a longer one would take the browser seconds."""
_SIGNS: Final = {"read": "✓", "unchanged": "✓", "skipped": "–", "failed": "✕"}
"""Sign beside the word of a status, so that nothing depends on colour."""
_TROUBLE: Final = {"failed": 0, "skipped": 1}

Say = Callable[..., str]


def escaped(lang: Language) -> Say:
    """Return what says a phrase of a language as HTML."""
    return lambda key, **values: escape(phrase(key, lang, **values))


def number(value: int) -> str:
    """Return a count with its thousands set apart."""
    return f"{value:,}"


def matching(documents: Sequence[Document], text: str, lang: Language) -> list[Document]:
    """Return the documents that hold every word of a search, those that were not read first."""
    words = text.casefold().split()
    found = []
    for document in documents:
        shown = "\n".join((document.name, document.title, kind(document, lang), status(document, lang)))
        searched = f"{shown}\n{document.format}\n{document.status}\n{document.reason}\n{document.note}".casefold()
        if all(word in searched for word in words):
            found.append(document)
    return sorted(found, key=lambda document: (_TROUBLE.get(document.status, 2), document.name.casefold()))


def kind(document: Document, lang: Language) -> str:
    """Return the kind of a document's file."""
    return phrase(f"documents_format_{document.format or 'none'}", lang)


def status(document: Document, lang: Language) -> str:
    """Return a document's status in words, with the reason if it was not read, or not all of it."""
    said = phrase(f"documents_status_{document.status}", lang)
    why = document.reason or document.note
    return f"{said}{'：' if lang == 'zh' else ': '}{reason(why, lang)}" if why else said


def summary(documents: Sequence[Document], lang: Language) -> str:
    """Return how much the project has read and how much of it could not be."""
    good = [document for document in documents if document.status in ("read", "unchanged")]
    key = "documents_summary_one" if len(good) == 1 else "documents_summary"
    said = phrase(
        key,
        lang,
        documents=number(len(good)),
        chunks=number(sum(document.chunks for document in good)),
        characters=number(sum(document.characters for document in good)),
    )
    if len(good) < len(documents):
        said += "；" if lang == "zh" else "; "
        said += phrase("documents_not_read", lang, count=number(len(documents) - len(good)))
    return said


def invitation(lang: Language) -> str:
    """Return the line above the drop zone; the zone's own words follow the browser's language, not the page's."""
    return f'<p class="ds-invitation">{escaped(lang)("documents_drop")}</p>'


def empty(lang: Language) -> str:
    """Return what a project without documents says."""
    say = escaped(lang)
    return (
        f'<div class="ds-empty"><p><strong>{say("documents_empty")}</strong></p>'
        f"<p>{say('documents_empty_more')}</p></div>"
    )


def table(
    documents: Sequence[Document], search: str, chosen: str | None, link: Callable[[str], str], lang: Language
) -> str:
    """Return the documents as a table; every name is a link that opens its text.

    Args:
        documents: All documents of the project.
        search: Words that a shown document must hold.
        chosen: Id of the document whose text is shown.
        link: Address of a document by its id.
        lang: Language of the page.
    """
    say = escaped(lang)
    found = matching(documents, search, lang)
    caption = escape(summary(documents, lang))
    if search.strip():
        caption += "<br>" + say("documents_found", count=number(len(found)), total=number(len(documents)))
    columns = ("name", "kind", "pages", "characters", "chunks", "status")
    head = "".join(f'<th scope="col"{_figures(column)}>{say(f"documents_{column}")}</th>' for column in columns)
    rows = "".join(_row(document, document.id == chosen, link(document.id), lang) for document in found[:MOST_ROWS])
    if not found:
        rows = f'<tr><td colspan="{len(columns)}">{say("documents_none_found")}</td></tr>'
    more = len(found) - MOST_ROWS
    rest = f'<p class="ds-quiet">{say("documents_more", count=number(more))}</p>' if more > 0 else ""
    return (
        f'<div class="ds-scroll" tabindex="0"><table class="ds-table ds-documents"><caption>{caption}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>{rest}"
    )


def _row(document: Document, is_chosen: bool, link: str, lang: Language) -> str:
    title = ""
    if document.title and document.title != document.name:
        title = f'<span class="ds-title" translate="no">{escape(document.title)}</span>'
    current = ' aria-current="true"' if is_chosen else ""
    readable = document.status in ("read", "unchanged")
    figures = (document.pages, document.characters if readable else None, document.chunks if readable else None)
    cells = "".join(f'<td class="ds-figures">{"–" if value is None else number(value)}</td>' for value in figures)
    return (
        f'<tr class="ds-{document.status}"{current}><th scope="row">'
        f'<a href="{escape(link)}" data-ds-open>{escape(document.name)}</a>{title}</th>'
        f"<td>{escape(kind(document, lang))}</td>{cells}"
        f'<td class="ds-status"><span aria-hidden="true">{_SIGNS[document.status]}</span> '
        f"{escape(status(document, lang))}</td></tr>"
    )


def _figures(column: str) -> str:
    return ' class="ds-figures"' if column in ("pages", "characters", "chunks") else ""


def removal(document: Document, found: Traces, is_upload: bool, lang: Language) -> str:
    """Return the card that asks before a document is removed: what goes, what stays."""
    say = escaped(lang)
    source = say("documents_remove_upload" if is_upload else "documents_remove_source")
    left = f"<p>{say('documents_remove_learnt', runs=', '.join(found.learners))}</p>" if found.learners else ""
    same = f"<p>{say('removal_twins', names=', '.join(found.twins))}</p>" if found.twins else ""
    goes = say(
        "documents_remove_goes",
        chunks=number(document.chunks),
        pairs=number(found.pairs),
        reviewed=number(found.reviewed),
        items=number(found.items),
        mixes=number(found.mixes),
    )
    return (
        f'<div class="ds-card" role="alertdialog" aria-label="{say("documents_remove")}">'
        f"<h3>{say('documents_remove_ask', name=document.name)}</h3><p>{goes}</p><p>{source}</p>{left}{same}</div>"
    )


def removed(done: Removal, conversations: int, lang: Language) -> str:
    """Return what a removal did, and which adapters have learnt from the document."""
    say = escaped(lang)
    gone = say(
        "documents_removed",
        name=done.name,
        pairs=number(done.pairs),
        items=number(done.items),
        mixes=number(len(done.mixes)),
        conversations=number(conversations),
    )
    learnt = say("documents_remove_learnt", runs=", ".join(done.learners)) if done.learners else ""
    same = say("removal_twins", names=", ".join(done.twins)) if done.twins else ""
    return " ".join(part for part in (gone, learnt, same) if part)


def ended(result: IngestResult, lang: Language) -> str:
    """Return what a finished reading did; every file that was not read, or not whole, stands with its reason."""
    said = phrase(
        "documents_ended",
        lang,
        read=number(result.read),
        unchanged=number(result.unchanged),
        skipped=number(result.skipped),
        failed=number(result.failed),
        removed=number(result.removed),
        chunks=number(result.chunks),
        seconds=f"{result.seconds:.1f}",
    )
    bad = [document for document in result.documents if document.status in _TROUBLE or document.note]
    items = "".join(
        f"<li>{escape(document.name)} – {escape(status(document, lang))}</li>" for document in bad[:MOST_ROWS]
    )
    return f"<p>{escape(said)}</p>{f'<ul>{items}</ul>' if items else ''}"
