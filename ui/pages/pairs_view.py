"""One pair as HTML: question, answer, checks, and its source passage with the quote marked. Pure; all text escaped."""

from __future__ import annotations

from html import escape

from agent.prompts.pair_reasons import name_of_check, reason_of_check
from agent.records.base import Language
from agent.records.corpus import DocumentText
from agent.records.pairs import ExtractResult, Pair
from tools.extraction.checks import CHECKS, failed
from ui.i18n import phrase
from ui.pages.documents_passage import excerpt
from ui.pages.documents_view import escaped, number
from ui.pages.pairs_reasons import reason

_SIGNS = {"accepted": "✓", "pending": "○", "rejected": "✕"}


def counter(at: int, total: int, turn: int, lang: Language) -> str:
    """Return the place in the list, counted from 1; nothing to read if the list is empty.

    Args:
        at: Place, counted from 0.
        total: Length of the list.
        turn: Number of the answer, for the page's script.
        lang: Language of the page.
    """
    said = escaped(lang)("pairs_counter", at=number(at + 1), total=number(total)) if total else ""
    return f'<p class="ds-counter ds-figures" role="status" data-turn="{turn}">{said}</p>'


def nothing(lang: Language, everything: str) -> str:
    """Return what is said where no pair passes the filters.

    Args:
        lang: Language of the page.
        everything: Address of the page without filters.
    """
    say = escaped(lang)
    return (
        f'<div class="ds-empty"><p>{say("pairs_none_match")}</p>'
        f'<p><a href="{escape(everything)}" data-ds-walk>{say("pairs_clear")}</a></p></div>'
    )


def card(pair: Pair, lang: Language) -> str:
    """Return a pair with its state, its turns and its checks."""
    say = escaped(lang)
    flags = [say(f"pairs_flag_{name}") for name in ("reviewed", "edited") if getattr(pair, name)]
    facts = [
        say(f"pairs_kind_{pair.kind}"),
        say(f"documents_language_{pair.language}"),
        say(f"pairs_split_{pair.split}"),
        *flags,
        f"<code>{escape(pair.id)}</code>",
    ]
    why = (
        f'<p class="ds-why"><strong>{say("pairs_reason")}</strong> {escape(reason(pair.reason, lang))}</p>'
        if pair.reason
        else ""
    )
    return (
        f'<article class="ds-pair ds-is-{pair.status}" data-pair="{escape(pair.id)}"><p class="ds-facts">'
        f'<span class="ds-chip ds-state"><span aria-hidden="true">{_SIGNS[pair.status]}</span> '
        f'{say(f"pairs_status_{pair.status}")}</span> <span class="ds-quiet">{" · ".join(facts)}</span></p>'
        f"{why}{_turns(pair, lang)}{checks(pair, lang)}</article>"
    )


def _turns(pair: Pair, lang: Language) -> str:
    say = escaped(lang)
    spoken = [turn for turn in pair.messages if turn.role != "system"]
    earlier = "".join(f"<p>{escape(turn.content)}</p>" for turn in spoken[:-2])
    before = f"<details><summary>{say('pairs_earlier_turns')}</summary>{earlier}</details>" if earlier else ""
    return (
        f'{before}<dl lang="{pair.language}"><dt>{say("pairs_question")}</dt>'
        f'<dd class="ds-said ds-question" tabindex="0">{escape(pair.question)}</dd><dt>{say("pairs_answer")}</dt>'
        f'<dd class="ds-said ds-answer" tabindex="0">{escape(pair.answer)}</dd></dl>'
    )


def checks(pair: Pair, lang: Language) -> str:
    """Return the checks as chips: name and outcome in words; the failed ones first."""
    say = escaped(lang)
    if not pair.checks:
        return f'<p class="ds-quiet">{say("pairs_no_checks")}</p>'
    chips = []
    for name, outcome in sorted(pair.checks.items(), key=lambda item: not failed(item[1])):
        title = escape(name_of_check(name, lang)) if name in CHECKS else escape(name)
        state, sign = ("failed", "✕") if failed(outcome) else ("ok", "✓")
        # A score at either end says no more than passed or failed.
        said = say(f"pairs_check_{state}") if float(outcome) in (0.0, 1.0) else f"{outcome:.2f}"
        more = f' title="{escape(reason_of_check(name, lang))}"' if failed(outcome) and name in CHECKS else ""
        chips.append(
            f'<li class="ds-chip ds-check-{state}"{more}><span aria-hidden="true">{sign}</span> {title}: '
            f"<strong>{said}</strong></li>"
        )
    return f'<ul class="ds-chips" aria-label="{say("pairs_checks")}">{"".join(chips)}</ul>'


def source(pair: Pair, text: DocumentText | None, link: str, lang: Language) -> str:
    """Return the passage a pair was made from, with its quote marked.

    Args:
        pair: The pair.
        text: Text of its document; `None` if the project has none.
        link: Address that opens the document at the quote.
        lang: Language of the page.
    """
    say = escaped(lang)
    head = f"<h2>{say('pairs_passage')}</h2>"
    if not pair.document:
        return f'{head}<p class="ds-quiet">{say("pairs_no_passage")}</p>'
    if text is None:
        return f'{head}<p class="ds-note">{say("pairs_passage_gone")}</p>{_quote(pair)}'
    page = f" · {say('pairs_passage_page', page=pair.page)}" if pair.page else ""
    opener = f'<a href="{escape(link)}">{say("pairs_open_document")}</a>'
    where = f'<p class="ds-quiet ds-where">{escape(text.name)}{page} · {opener}</p>'
    if text.text[pair.start : pair.end] != pair.quote:
        return f'{head}{where}<p class="ds-note">{say("pairs_passage_moved")}</p>{_quote(pair)}'
    return f"{head}{where}{excerpt(text, pair.start, pair.end, lang)}"


def _quote(pair: Pair) -> str:
    return f'<blockquote class="ds-text" lang="{pair.language}"><mark>{escape(pair.quote)}</mark></blockquote>'


def empty(has_documents: bool, time: str, documents: str, lang: Language) -> str:
    """Return what a project without pairs says.

    Args:
        has_documents: Whether there is anything to make pairs from.
        time: Estimated duration in words.
        documents: Address of the page of the documents.
        lang: Language of the page.
    """
    say = escaped(lang)
    if not has_documents:
        return (
            f'<div class="ds-empty"><p><strong>{say("pairs_no_documents")}</strong></p>'
            f'<p><a href="{escape(documents)}">{say("pairs_to_documents")}</a></p></div>'
        )
    return (
        f'<div class="ds-empty"><p><strong>{say("pairs_empty")}</strong></p><p>{say("pairs_empty_more")}</p>'
        f"<p>{say('pairs_empty_time', time=time)}</p></div>"
    )


def ended(result: ExtractResult, lang: Language) -> str:
    """Return what a finished extraction made."""
    said = phrase(
        "pairs_ended",
        lang,
        pairs=number(result.pairs),
        facts=number(result.facts),
        rejected=number(result.rejected),
        train=number(result.documents_train),
        held_out=number(result.documents_held_out),
    )
    notes = "".join(f'<p class="ds-note">{escape(note)}</p>' for note in result.notes)
    return f"<p>{escape(said)}</p>{notes}"
