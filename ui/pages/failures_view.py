"""Failed items and fixes as HTML: each item opens its question, gold answer, answers of every arm, context, evidence.

Pure functions, every text escaped; a passage links to its place in the document.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from agent.prompts.phrases import percent
from agent.records.base import Language
from agent.records.corpus import Retrieved
from agent.records.diagnosis import CauseCount, DiagnosedItem, Diagnosis, Fix
from agent.records.evaluation import ARMS, Arm, Item, ItemAnswer
from tools.diagnosis.case import passed
from tools.diagnosis.remedy import BlockedRemedy, LookedUp, LookUpRemedy, PersonRemedy, Remedy, StepRemedy
from tools.evaluation.wording import arm_name, dimension_name
from ui.i18n import phrase, phrases
from ui.pages.sites import PageName, address

Failure = tuple[DiagnosedItem, Item, ItemAnswer]

LONGEST = 700
"""Characters of a passage shown at once; the whole is a link away."""


def summary(diagnosis: Diagnosis, lang: Language) -> str:
    """Return how many items failed and how often each cause, with its interval."""
    head = f"<h2>{_say('evaluation_failed', lang)}</h2>"
    if not diagnosis.failed:
        return f"{head}<p>{_say('evaluation_none_failed', lang)}</p>"
    rows = "".join(_cause_row(one, lang) for one in diagnosis.causes)
    arms = "、" if lang == "zh" else ", "
    named = arms.join(arm_name(arm, lang) for arm in dict.fromkeys(_arms(diagnosis)))
    lead = _say("evaluation_failed_lead", lang, count=diagnosis.failed, arms=named)
    table = _table(("evaluation_cause", "evaluation_count", "evaluation_share"), rows, "ds-causes", lang)
    return f"{head}<p>{lead}</p>{table}"


def cause_label(one: CauseCount, lang: Language) -> str:
    """Return a cause with its count, for a button; plain text."""
    return f"{phrase(f'cause_{one.cause}', lang)} ({one.count})"


def item(
    failure: Failure,
    answers: Mapping[Arm, ItemAnswer],
    retrieved: Sequence[Retrieved],
    lang: Language,
    project: str,
) -> str:
    """Return one failed item, folded."""
    found, asked, answer = failure
    title = escape(asked.question or " / ".join(asked.options))
    cause = phrase(f"cause_{found.cause}", lang)
    small = f"{arm_name(answer.arm, lang)} · {dimension_name(asked.dimension, lang)} · {cause}"
    parts = [
        gold(asked, lang),
        _answers(answers, answer.arm, lang),
        _evidence(found, lang, project),
        passage(asked, lang, project),
        _context(retrieved, answer, lang, project),
    ]
    return (
        f'<details class="ds-item"><summary><span lang="{asked.language}">{title}</span>'
        f"<small>{escape(small)}</small></summary>"
        f'<div class="ds-item-body">{"".join(parts)}<p class="ds-quiet">{_say("evaluation_item_id", lang)} '
        f"<code>{escape(asked.id)}</code></p></div></details>"
    )


def shown_of(shown: int, total: int, lang: Language) -> str:
    """Return how many of the items are on the page."""
    return f'<p class="ds-quiet">{_say("evaluation_shown_of", lang, shown=shown, total=total)}</p>' if total else ""


def fix(one: Fix, found: Remedy, place: int, lang: Language, project: str) -> str:
    """Return one proposed fix with its command, and where a person's work is done; its button is the page's."""
    follow = ""
    match found:
        case PersonRemedy(place="items"):
            follow = f'<a href="#ds-failed">{_say("evaluation_person_items", lang)}</a>'
        case PersonRemedy(place=page):
            name: PageName = "pairs" if page == "pairs" else "documents"
            link = escape(address(lang, name, project=project))
            follow = f'<a href="{link}">{_say(f"evaluation_person_{page}", lang)}</a>'
        case BlockedRemedy(why=why):
            follow = f'<span class="ds-quiet">{_say("evaluation_blocked", lang)} {escape(why)}</span>'
        case StepRemedy() | LookUpRemedy():
            pass
    article = escape(address(lang, "guide", article=one.article))
    guide = f'<a href="{article}">{_say("evaluation_guide", lang)}</a>'
    return (
        f'<div class="ds-fix"><p><strong>{place}. {escape(one.action)}</strong> '
        f'<span class="ds-chip">{_say(f"evaluation_fix_{one.kind}", lang)}</span></p>'
        f'<p class="ds-quiet ds-figures">{escape(one.why)} · {guide}</p>'
        f"<pre tabindex='0'><code>{escape(one.command)}</code></pre>{f'<p>{follow}</p>' if follow else ''}</div>"
    )


def fixes_head(diagnosis: Diagnosis, lang: Language) -> str:
    """Return the heading of the fixes, and whether training again is among what is left."""
    if not diagnosis.fixes:
        return ""
    said = _say("retrain" if diagnosis.retrain else "no_retrain", lang)
    return f"<h2>{_say('evaluation_fixes', lang)}</h2><p>{_say('evaluation_fixes_lead', lang)} {said}</p>"


def looked_up(found: Sequence[LookedUp], k: int, lang: Language) -> str:
    """Return what retrieval finds when it is asked again for the failed questions."""
    hits = [one for one in found if one.rank is not None]
    head = _say("evaluation_looked_up", lang, found=len(hits), total=len(found), k=k)
    rows = "".join(
        f"<tr><td>{_say('evaluation_rank_none', lang) if one.rank is None else one.rank}</td>"
        f'<td lang="{one.item.language}">{escape(one.item.question)}</td></tr>'
        for one in found
    )
    table = _table(("evaluation_rank", "evaluation_question"), rows, "ds-ranks", lang)
    every = _say("evaluation_looked_up_all", lang)
    return f'<p role="status"><strong>{head}</strong></p><details><summary>{every}</summary>{table}</details>'


def passage_address(lang: Language, project: str, document: str, start: int | None, end: int | None) -> str:
    """Return the address of a passage in its document."""
    return address(
        lang,
        "documents",
        project=project,
        document=document,
        start=None if start is None else str(start),
        end=None if end is None else str(end),
    )


def _table(columns: Sequence[str], rows: str, name: str, lang: Language) -> str:
    head = "".join(f'<th scope="col">{_say(key, lang)}</th>' for key in columns)
    body = f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody>"
    return f'<div class="ds-scroll"><table class="{name} ds-figures">{body}</table></div>'


def _cause_row(one: CauseCount, lang: Language) -> str:
    bar = f'<span class="ds-share" style="width:{100 * one.share:.1f}%" aria-hidden="true"></span>'
    interval = f"{percent(one.share)} ({percent(one.low)}–{percent(one.high)})"
    name = _say(f"cause_{one.cause}", lang)
    return f'<tr><th scope="row">{name}</th><td>{one.count}</td><td>{interval}{bar}</td></tr>'


def gold(asked: Item, lang: Language) -> str:
    """Return what counts as right for an item, under its heading."""
    if not asked.answerable:
        said = _say("evaluation_unanswerable", lang)
    elif asked.constraint:
        said = f"<code>{escape(', '.join(f'{name}: {value}' for name, value in asked.constraint.items()))}</code>"
    elif asked.options:
        right = asked.options[asked.correct or 0]
        others = " · ".join(option for option in asked.options if option != right)
        named = _say("evaluation_not", lang)
        said = (
            f'<span lang="{asked.language}">{escape(right)}</span> <span class="ds-quiet">({named} '
            f'<span lang="{asked.language}">{escape(others)}</span>)</span>'
        )
    else:
        said = f'<span lang="{asked.language}">{escape(" | ".join(asked.answers))}</span>'
    return f'<h4>{_say("evaluation_gold", lang)}</h4><p class="ds-gold">{said}</p>'


def _answers(answers: Mapping[Arm, ItemAnswer], diagnosed: Arm, lang: Language) -> str:
    rows = "".join(_answer_row(one, diagnosed, lang) for one in answers.values())
    return (
        f"<h4>{_say('evaluation_answers', lang)}</h4><div class='ds-scroll'><table class='ds-answers'><tbody>{rows}"
        "</tbody></table></div>"
    )


def _answer_row(one: ItemAnswer, diagnosed: Arm, lang: Language) -> str:
    right = passed(one)
    key = "evaluation_right" if right else "evaluation_error" if right is None else "evaluation_wrong"
    mark = {"evaluation_right": "✓", "evaluation_wrong": "✗", "evaluation_error": "!"}[key]
    given = escape(one.error or one.text)
    said = f'<span translate="no">{given}</span>' if given else f"<em>{_say('evaluation_silent', lang)}</em>"
    facts = [_say(key, lang)]
    facts += [_say("evaluation_abstained", lang)] if one.abstained else []
    facts += [_say("evaluation_cut", lang)] if one.truncated else []
    facts += [_say("evaluation_quoted", lang)] if one.quoted else []
    if one.context_has_gold is not None:
        facts.append(_say("evaluation_gold_seen" if one.context_has_gold else "evaluation_gold_unseen", lang))
    here = ' class="ds-diagnosed"' if one.arm == diagnosed else ""
    return (
        f'<tr{here}><th scope="row">{escape(arm_name(one.arm, lang))}</th>'
        f'<td><span aria-hidden="true">{mark}</span> {said}<small>{" · ".join(facts)}</small></td></tr>'
    )


def _evidence(found: DiagnosedItem, lang: Language, project: str) -> str:
    rows = []
    for name, value in found.evidence.items():
        shown = escape(_value(value, lang))
        if isinstance(value, str):
            shown = f'<span translate="no">{shown}</span>'
        if name in ("pair", "pairs") and value:
            shown = " ".join(_pair_link(one, lang, project) for one in str(value).split())
        elif name == "document" and value:
            shown = f'<a href="{escape(address(lang, "documents", project=project, document=str(value)))}">{shown}</a>'
        rows.append(f"<dt>{_evidence_name(name, lang)}</dt><dd>{shown}</dd>")
    cause = _say(f"cause_{found.cause}", lang)
    return f"<h4>{_say('evaluation_evidence', lang)} {cause}</h4><dl class='ds-facts'>{''.join(rows)}</dl>"


def _pair_link(pair: str, lang: Language, project: str) -> str:
    link = escape(address(lang, "pairs", project=project, pair=pair))
    return f'<a href="{link}" translate="no">{escape(pair)}</a>'


def _evidence_name(name: str, lang: Language) -> str:
    key = f"evaluation_evidence_{name}"
    return _say(key, lang) if key in phrases(lang) else escape(name)


def _value(value: str | float | bool | None, lang: Language) -> str:
    match value:
        case None:
            return phrase("evaluation_rank_none", lang)
        case bool():
            return phrase("evaluation_yes" if value else "evaluation_no", lang)
        case float():
            return f"{value:.3g}"
        case _:
            return str(value)


def passage(asked: Item, lang: Language, project: str) -> str:
    """Return the passage of an item, with a link to its place where it has a document."""
    if not asked.document and not asked.context:
        return ""
    link = escape(passage_address(lang, project, asked.document, asked.start, asked.end))
    quoted = f"<blockquote>{escape(_cut(asked.context))}</blockquote>" if asked.context else ""
    opened = f'<p><a href="{link}">{_say("evaluation_open_passage", lang)}</a></p>' if asked.document else ""
    return f"<h4>{_say('evaluation_passage', lang)}</h4>{quoted}{opened}"


def _context(retrieved: Sequence[Retrieved], answer: ItemAnswer, lang: Language, project: str) -> str:
    """Return what the model was shown; for an arm without retrieval nothing."""
    if not answer.retrieved:
        return ""
    known = {hit.chunk.id: hit.chunk for hit in retrieved}
    rows = []
    for rank, name in enumerate(answer.retrieved, start=1):
        chunk = known.get(name)
        if chunk is None:
            rows.append(f"<li><code>{escape(name)}</code></li>")
            continue
        link = escape(passage_address(lang, project, chunk.document, chunk.start, chunk.end))
        page = f", {_say('evaluation_page', lang, page=chunk.page)}" if chunk.page else ""
        rows.append(
            f'<li><a href="{link}">{rank}. {escape(chunk.name)}{page}</a>'
            f"<blockquote>{escape(_cut(chunk.text))}</blockquote></li>"
        )
    head = _say("evaluation_context", lang, count=len(rows))
    return f"<details><summary>{head}</summary><ol class='ds-context'>{''.join(rows)}</ol></details>"


def _arms(diagnosis: Diagnosis) -> list[Arm]:
    named = {one.arm for one in diagnosis.items}
    return [arm for arm in ARMS if arm in named]


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _say(key: str, lang: Language, **values: object) -> str:
    return escape(phrase(key, lang, **values))
