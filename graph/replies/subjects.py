"""What a step that is done at once would do, exactly: the words of its approval."""

from __future__ import annotations

from agent.prompts.interview import FIELD_NAMES
from agent.prompts.phrases import fill, listed
from agent.records.base import Language, Record
from graph.replies.interview import facts_text
from tools.requests import CancelRequest, ProfileRequest, RejectRequest

_NAMED = 5
"""Pairs named one by one; of more, the number."""


def subject(request: Record, title: str, lang: Language) -> str:
    """Return a tool's sentence with what it is asked for, so that a yes is to that and nothing else."""
    what = title.rstrip("。.")
    detail = ""
    match request:
        case ProfileRequest():
            forgotten = (f"{fill(FIELD_NAMES, n, lang) if n in FIELD_NAMES else n}: ?" for n in request.forget)
            detail = listed(tuple(one for one in (facts_text(request.facts, lang), *forgotten) if one), lang)
        case RejectRequest():
            named = listed(request.ids[:_NAMED], lang) + (" …" if len(request.ids) > _NAMED else "")
            detail = f"{len(request.ids)} — {named} — {request.reason}"
        case CancelRequest(job=job):
            detail = job or ""
    mark = {"en": ": ", "zh": "："}[lang]
    return what + mark + detail if detail else what
