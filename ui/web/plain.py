"""Pages without Gradio: the login and short messages. Plain HTML, every text escaped."""

from __future__ import annotations

from html import escape

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse

from agent.records.base import Language
from ui.i18n import phrase
from ui.pages.inline_code import with_commands
from ui.pages.sites import LANGUAGES
from ui.web.accounts import LONGEST
from ui.web.auth import cookies_of

LANG_COOKIE = "lang"


def language_of(path: str, headers: Headers) -> Language:
    """Return the language of an address, else the one last looked at, else what the browser prefers."""
    for known in LANGUAGES:
        if path.split("/")[1:2] == [known]:
            return known
    last = cookies_of(headers).get(LANG_COOKIE)
    for known in LANGUAGES:
        if last == known:
            return known
    return _preferred(headers.get("accept-language", ""))


def plain_page(
    lang: Language, title: str, text: str | None = None, *, detail: str = "", status: int = 200
) -> HTMLResponse:
    """Return a short message.

    Args:
        lang: Language of the page.
        title: Key of its heading.
        text: Key of a sentence below it.
        detail: More, as it is.
        status: HTTP status.
    """
    said = "".join(f"<p>{escape(one)}</p>" for one in (phrase(text, lang) if text else "", detail) if one)
    back = f'<p><a href="/{lang}/">{escape(phrase("plain_back", lang))}</a></p>'
    return _document(lang, phrase(title, lang), f"{said}{back}", status)


def login_page(lang: Language, onward: str, problem: str | None = None, status: int = 200) -> HTMLResponse:
    """Return the login form.

    Args:
        lang: Language of the page.
        onward: Local address to go to afterwards.
        problem: Key of what went wrong the last time.
        status: HTTP status.
    """

    def say(key: str) -> str:
        return escape(phrase(key, lang))

    other: Language = "zh" if lang == "en" else "en"
    alert = f'<p class="ds-problem" role="alert">{say(problem)}</p>' if problem else ""
    form = (
        f'{alert}<form method="post" action="/login"><input type="hidden" name="next" value="{escape(onward)}">'
        f'<input type="hidden" name="lang" value="{lang}">'
        f'<label>{say("login_name")}<input name="name" autocomplete="username" required maxlength="80" autofocus>'
        "</label>"
        f'<label>{say("login_password")}<input name="password" type="password" autocomplete="current-password" required'
        f' maxlength="{LONGEST}"></label><button>{say("login_enter")}</button></form>'
        f'<p class="ds-hint">{with_commands(say("login_hint"))}</p>'
        f'<p><a href="/login?lang={other}" lang="{other}" hreflang="{other}">{say("frame_other_language")}</a></p>'
    )
    return _document(lang, phrase("login_title", lang), form, status)


def _document(lang: Language, title: str, body: str, status: int) -> HTMLResponse:
    return HTMLResponse(
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)} – domainsmith</title>"
        '<link rel="icon" href="/favicon.ico"><link rel="stylesheet" href="/assets/style.css">'
        '<script src="/assets/frame.js"></script></head>'
        f'<body class="ds-plain"><main><p class="ds-brand">domainsmith</p><h1>{escape(title)}</h1>{body}</main></body>'
        "</html>",
        status,
    )


def _preferred(accepted: str) -> Language:
    """Return the first of our languages that an Accept-Language header names; English without one."""
    weighted = []
    for place, part in enumerate(accepted.split(",")):
        tag, _, quality = part.strip().partition(";q=")
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            weight = 0.0
        weighted.append((-weight, place, tag.lower().split("-")[0]))
    for _, _, tag in sorted(weighted):
        for known in LANGUAGES:
            if tag == known:
                return known
    return "en"
