"""Answers side by side as HTML; pure functions, every text escaped.

While a round is blind, nothing that tells the arms apart is in the page: no name, no source, no time.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Final

from agent.records.base import Language
from agent.records.corpus import Answer, Chunk, Citation
from agent.records.evaluation import Arm, Item
from agent.records.vote import Vote
from tools.evaluation.arms import WITH_RETRIEVAL
from tools.evaluation.wording import arm_name
from tools.workspace import Project
from ui.i18n import phrase
from ui.pages.comparison import Column, Comparison
from ui.pages.moments import moment
from ui.pages.sites import address

LETTERS: Final = "ABCDE"
"""Names of blind columns, from the left."""
NEAREST: Final = 3
"""Passages shown where an arm says that the documents are silent."""


def columns(shown: Comparison, lang: Language) -> str:
    """Return the question and a column for every arm."""
    drawn = "".join(_column(shown, place, lang) for place in range(len(shown.columns)))
    hint = f'<p class="ds-quiet">{_say("compare_blind_hint", lang)}</p>' if shown.hidden else ""
    return (
        f'<section class="ds-round" aria-label="{_say("compare_answers", lang)}">'
        f'<h2 class="ds-question" lang="{shown.round.language}">{escape(shown.round.question)}</h2>{hint}'
        f'<div class="ds-columns" style="--ds-count:{len(shown.columns)}">{drawn}</div></section>'
    )


def progress(shown: Comparison, lang: Language) -> str:
    """Return what is happening, in words for the status line; empty once all have answered."""
    done = sum(column.state == "done" for column in shown.columns)
    if any(column.state == "stopped" for column in shown.columns):
        return _say("compare_stopped", lang)
    if shown.finished:
        return ""
    place = next((n for n, column in enumerate(shown.columns) if column.state in {"reading", "writing"}), None)
    if place is None:
        return _say("compare_waiting", lang)
    return _say("compare_writing", lang, name=name_of(shown, place, lang), done=done, all=len(shown.columns))


def name_of(shown: Comparison, place: int, lang: Language) -> str:
    """Return what a column is called: its arm, or a letter while that is hidden."""
    if shown.hidden:
        return phrase("compare_letter", lang, letter=LETTERS[place])
    return arm_name(shown.columns[place].arm, lang)


def vote_label(shown: Comparison, place: int, lang: Language) -> str:
    """Return what the button says that prefers a column."""
    return phrase("compare_better", lang, name=name_of(shown, place, lang))


def outcome(shown: Comparison, lang: Language) -> str:
    """Return what was voted, and the reference answer that may be seen now; empty before the vote."""
    if shown.vote is None:
        return ""
    verdict = verdict_of(shown.vote, lang)
    order = ""
    if shown.round.blind:
        names = [f"{LETTERS[n]} = {arm_name(column.arm, lang)}" for n, column in enumerate(shown.columns)]
        order = f" {_say('compare_order', lang, names=_comma(lang).join(names))}"
    voted = f"<p><strong>{_say('compare_voted', lang, verdict=verdict)}</strong>{order}</p>"
    return f'<div class="ds-outcome">{voted}{reference(shown.reference, lang)}</div>'


def reference(item: Item | None, lang: Language) -> str:
    """Return the accepted answers of a sealed item; empty without one."""
    if item is None:
        return ""
    if not item.answerable or not item.answers:
        return f"<p>{_say('compare_unanswerable', lang)}</p>"
    said = escape(f"{' / ' if lang == 'en' else '／'}".join(item.answers))
    return f'<p>{_say("compare_reference", lang)} <span lang="{item.language}">{said}</span></p>'


def verdict_of(vote: Vote, lang: Language) -> str:
    """Return what a vote said, as plain text."""
    if vote.winner is not None:
        return phrase("compare_better", lang, name=arm_name(vote.winner, lang))
    key = "compare_tie" if vote.verdict == "tie" else "compare_all_wrong"
    return phrase(key, lang)


def last_vote(vote: Vote | None, lang: Language) -> str:
    """Return the newest vote of this account, which the button beside it takes back."""
    if vote is None:
        return ""
    said = _say("compare_last", lang, verdict=verdict_of(vote, lang))
    return (
        f'<p class="ds-quiet">{said} {moment(vote.at, lang)}: <q lang="{vote.language}">{escape(vote.question)}</q></p>'
    )


def clarification(shown: Comparison | None) -> str:
    """Return the question back, whose options are the page's buttons; empty if there is none."""
    if shown is None or shown.clarify is None:
        return ""
    return f'<p class="ds-clarify"><strong>{escape(shown.clarify.question)}</strong></p>'


def empty(project: Project | None, arms: int, lang: Language) -> str:
    """Return what a page says that has nothing to compare yet, with the way there."""
    if project is None:
        return f'<p class="ds-empty">{_say("frame_need_project", lang)}</p>'
    if arms >= 2:
        return ""
    documents = escape(address(lang, "documents", project=project.id))
    runs = escape(address(lang, "runs", project=project.id))
    return (
        f'<div class="ds-empty"><p>{_say("compare_empty", lang)}</p><p><a href="{documents}">'
        f'{_say("page_documents", lang)}</a> · <a href="{runs}">{_say("page_runs", lang)}</a></p></div>'
    )


def missing(arms: tuple[Arm, ...], lang: Language) -> str:
    """Return which columns would come with another step; empty if all are there."""
    if not any(arm in WITH_RETRIEVAL for arm in arms):
        return f'<p class="ds-quiet">{_say("compare_no_documents", lang)}</p>'
    if "tuned" not in arms:
        return f'<p class="ds-quiet">{_say("compare_no_tuned", lang)}</p>'
    return ""


def passage(citation: Citation, chunk: Chunk | None, project: str, lang: Language) -> str:
    """Return a citation: the source folded, inside it the passage with the quote marked and a link to the document."""
    page = phrase("compare_page", lang, page=citation.page) if citation.page else ""
    name = escape(f"{citation.document}{page}")
    if chunk is None:
        quote = f"<blockquote><mark>{escape(citation.quote)}</mark></blockquote>"
        return f'<details class="ds-citation"><summary>{name}</summary>{quote}</details>'
    at = chunk.text.find(citation.quote) if citation.quote else -1
    start, end = (0, 0) if at < 0 else (at, at + len(citation.quote))
    marked = f"<mark>{escape(chunk.text[start:end])}</mark>" if end > start else ""
    text = f"{escape(chunk.text[:start])}{marked}{escape(chunk.text[end:])}"
    above = " › ".join(dict.fromkeys(part for part in (chunk.title, *chunk.headings) if part))
    head = f'<p class="ds-quiet" translate="no">{escape(above)}</p>' if above else ""
    link = address(
        lang,
        "documents",
        project=project,
        document=chunk.document,
        chunk=chunk.id,
        start=str(chunk.start + start if marked else chunk.start),
        end=str(chunk.start + end if marked else chunk.end),
    )
    return (
        f'<details class="ds-citation"><summary>{name}</summary>{head}'
        f'<blockquote lang="{chunk.language}" tabindex="0">{text}</blockquote>'
        f'<a href="{escape(link)}">{_say("compare_open", lang)}</a></details>'
    )


def _column(shown: Comparison, place: int, lang: Language) -> str:
    column = shown.columns[place]
    preferred = shown.vote is not None and shown.vote.winner == column.arm
    mark = f' <span class="ds-tag">{_say("compare_preferred", lang)}</span>' if preferred else ""
    below = ""
    if column.answer is not None:
        below = _flags(column.answer, lang)
        if not shown.hidden:
            below += _sources(column.arm, column.answer, shown.passages, shown.project, lang) + _times(
                column.answer, lang
            )
    return (
        f'<article class="ds-column ds-{column.state}"><h3>{escape(name_of(shown, place, lang))}{mark}</h3>'
        f"{_text(column, shown.round.language, lang)}{below}</article>"
    )


def _text(column: Column, language: Language, lang: Language) -> str:
    if column.text:
        return f'<p class="ds-answer" lang="{language}">{escape(column.text)}</p>'
    key = {"done": "compare_nothing_said", "stopped": "compare_not_asked"}.get(column.state, f"compare_{column.state}")
    return f'<p class="ds-quiet">{_say(key, lang)}</p>'


def _flags(answer: Answer, lang: Language) -> str:
    found = [name for name in ("abstained", "truncated", "quoted") if getattr(answer, name)]
    tags = "".join(f'<span class="ds-tag">{_say(f"compare_{name}", lang)}</span> ' for name in found)
    return f"<p>{tags.rstrip()}</p>" if tags else ""


def _sources(arm: Arm, answer: Answer, passages: Mapping[str, Chunk], project: str, lang: Language) -> str:
    if answer.citations:
        return "".join(passage(one, passages.get(one.chunk), project, lang) for one in answer.citations)
    if arm not in WITH_RETRIEVAL:
        return f'<p class="ds-quiet">{_say("compare_no_source", lang)}</p>'
    if not answer.abstained:
        return f'<p class="ds-quiet">{_say("compare_unsupported", lang)}</p>'
    # Who doubts that the documents are silent can look where they come nearest.
    near = [Citation(chunk=one.id, document=one.name, page=one.page, quote="") for one in passages.values()]
    shown = "".join(passage(one, passages[one.chunk], project, lang) for one in near[:NEAREST])
    return f'<p class="ds-quiet">{_say("compare_nearest", lang)}</p>{shown}' if shown else ""


def _times(answer: Answer, lang: Language) -> str:
    first = answer.seconds_to_first_token
    parts = [] if first is None else [_say("compare_first_token", lang, seconds=f"{first:.2f}")]
    parts.append(_say("compare_total", lang, seconds=f"{answer.seconds:.2f}"))
    parts.append(_say("compare_tokens", lang, tokens=answer.tokens))
    return f'<p class="ds-quiet ds-figures">{" · ".join(parts)}</p>'


def _comma(lang: Language) -> str:
    return "，" if lang == "zh" else ", "


def _say(key: str, lang: Language, **values: object) -> str:
    return escape(phrase(key, lang, **values))
