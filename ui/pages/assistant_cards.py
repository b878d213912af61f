"""What stands around the conversation, as HTML: pure functions, every text escaped.

The card that asks for a yes, the list of conversations, the profile, the last decision with the next step.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final

from agent.prompts.assistant import READINGS, TALK
from agent.prompts.interview import FIELD_NAMES
from agent.prompts.phrases import fill
from agent.records.conversation import Approval, Thread
from agent.records.decision import MethodDecision, Readiness, Reason
from agent.records.profile import Profile
from graph.replies.interview import method_name, value_text
from ui.i18n import phrase
from ui.pages.assistant_text import anchor
from ui.pages.assistant_view import Shown
from ui.pages.moments import moment
from ui.pages.retold import named
from ui.pages.sites import address

_SENTENCE: Final = re.compile(r"(?<=\.)\s+|(?<=。)\s*")


@dataclass(frozen=True)
class Standing:
    """What is known beside the conversation."""

    profile: Profile
    decision: MethodDecision | None = None
    ready: Readiness | None = None


def approval(waits: Approval, shown: Shown) -> str:
    """Return the card of a step that waits for a yes; its buttons are the page's."""
    # The summary begins with what is done; time and memory follow it, then what changes, a sentence each.
    rest = waits.summary.removeprefix(waits.title).lstrip(".。 ")
    facts = "".join(f"<li>{escape(one)}</li>" for one in _SENTENCE.split(rest) if one)
    why = _listed("assistant_why", [escape(one) for one in waits.reasons], shown)
    then = _listed("assistant_follows", [escape(one) for one in waits.following], shown)
    cited = " · ".join(anchor(shown.article_link(one), shown.titles.get(one, one)) for one in waits.articles)
    guide = f'<p class="ds-sources">{shown.say("assistant_guide")} {cited}</p>' if cited else ""
    whole = escape(json.dumps(waits.arguments, ensure_ascii=False, indent=2))
    where = f'<p class="ds-quiet">{shown.say("assistant_in_project", name=waits.project)}</p>' if waits.project else ""
    return (
        f'<section class="ds-approval" aria-labelledby="assistant-card-title"><p class="ds-label">'
        f'{shown.say("assistant_needs_yes")}</p><h3 id="assistant-card-title">{escape(waits.title)}</h3>'
        f"<ul>{facts}</ul>{then}{why}{where}{guide}<details><summary>{shown.say('assistant_request')}</summary>"
        f'<pre tabindex="0">{whole}</pre></details></section>'
    )


def threads(listed: Sequence[Thread], current: str, project: str | None, fresh: str, shown: Shown) -> str:
    """Return the folded list of conversations, the newest first, and the link to a new one.

    Args:
        listed: The conversations.
        current: Id of the open one.
        project: Id of the page's project.
        fresh: Id for a new conversation.
        shown: What the page may refer to.
    """

    def link(thread: str) -> str:
        return escape(address(shown.lang, "assistant", project=project, thread=thread))

    items = "".join(
        f'<li><a data-ds-thread translate="no" href="{link(one.id)}"{_here(one.id == current)}>{escape(one.title)}</a> '
        f'<span class="ds-quiet">{moment(one.updated, shown.lang)}{_waiting(one, shown)}</span></li>'
        for one in listed
    )
    body = f"<ol>{items}</ol>" if items else f'<p class="ds-quiet">{shown.say("assistant_no_threads")}</p>'
    waits = next((_waiting(one, shown) for one in listed if one.waiting and one.id != current), "")
    label = shown.say("assistant_threads")
    return (
        f'<nav class="ds-threads" aria-label="{label}"><details><summary>{label} '
        f'<span class="ds-quiet ds-figures">{len(listed)}</span>{waits}</summary>{body}</details>'
        f'<a class="ds-new" data-ds-thread href="{link(fresh)}">{shown.say("assistant_new")}</a>{_words(shown)}</nav>'
    )


def profile(known: Profile, shown: Shown) -> str:
    """Return what is known of the task, field by field."""
    rows = [
        f"<dt>{escape(FIELD_NAMES[name][shown.lang])}</dt>{_fact(name, value, shown)}"
        for name, value in known.model_dump(mode="json", exclude_none=True).items()
        if name in FIELD_NAMES
    ]
    open_fields = len(FIELD_NAMES) - len(rows)
    left = f'<p class="ds-quiet ds-figures">{shown.say("assistant_open_fields", count=open_fields)}</p>'
    body = f'<dl class="ds-facts">{"".join(rows)}</dl>' if rows else ""
    empty = "" if rows else f'<p class="ds-quiet">{shown.say("assistant_profile_empty")}</p>'
    return f"<h2>{shown.say('assistant_profile')}</h2>{body}{empty}{left if rows and open_fields else ''}"


def _fact(name: str, value: Any, shown: Shown) -> str:
    """Return the value of a field; what somebody wrote stays in the language it was written in."""
    if name == "languages":
        value = "、".join(phrase(f"documents_language_{one}", shown.lang) for one in value)
        return f"<dd>{escape(value if shown.lang == 'zh' else value.replace('、', ', '))}</dd>"
    said = value_text(name, value, shown.lang)
    mark = ' translate="no"' if said == value else ""
    return f"<dd{mark}>{escape(said)}</dd>"


def decision(known: Standing, shown: Shown) -> str:
    """Return the last decision with its reasons, and the next sensible step."""
    return f"{_method(known, shown)}{_next(known, shown)}"


def _method(known: Standing, shown: Shown) -> str:
    made = known.decision
    if made is None:
        return f'<h2>{shown.say("assistant_decision")}</h2><p class="ds-quiet">{shown.say("assistant_no_decision")}</p>'
    basis = escape(fill(TALK, f"confidence_{made.confidence}", shown.lang))
    return (
        f"<h2>{shown.say('assistant_decision')}</h2><p><strong>{escape(method_name(made.method, shown.lang))}</strong> "
        f'<span class="ds-quiet">{basis}</span></p>{_reasons(made.reasons, shown)}'
    )


def _next(known: Standing, shown: Shown) -> str:
    if known.ready is None:
        return ""
    step = escape(fill(READINGS, known.ready.next_action, shown.lang))
    return f"<h2>{shown.say('assistant_next')}</h2><p><strong>{step}</strong></p>{_reasons(known.ready.reasons, shown)}"


def _reasons(why: Sequence[Reason], shown: Shown) -> str:
    items = "".join(f"<li>{escape(named(one.text, shown.lang))} {_cited(one.article, shown)}</li>" for one in why)
    return f'<ul class="ds-reasons">{items}</ul>' if items else ""


def _cited(article: str, shown: Shown) -> str:
    words = shown.titles.get(article, article)
    return f'<span class="ds-source">{anchor(shown.article_link(article), words)}</span>' if article else ""


def _listed(key: str, items: Sequence[str], shown: Shown) -> str:
    lines = "".join(f"<li>{item}</li>" for item in items)
    return f"<p>{shown.say(key)}</p><ul>{lines}</ul>" if lines else ""


def _waiting(thread: Thread, shown: Shown) -> str:
    return f' <span class="ds-tag">{shown.say("assistant_thread_waits")}</span>' if thread.waiting else ""


def _here(yes: bool) -> str:
    return ' aria-current="page"' if yes else ""


def _words(shown: Shown) -> str:
    """Return names for what Gradio leaves unnamed, or names in English; the page's script hands them out."""
    keys = {
        "message": "assistant_message",
        "attach": "assistant_attach",
        "send": "assistant_send",
        "you": "assistant_you",
        "log": "page_assistant",
    }
    named = "".join(f' data-{name}="{shown.say(key)}"' for name, key in keys.items())
    return f"<span hidden data-ds-words{named}></span>"
