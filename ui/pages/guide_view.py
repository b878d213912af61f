"""The guide: its articles, what a search finds, where a project stands; pure functions to HTML, every text escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

from agent.prompts.training import METHOD_NAMES
from agent.records.base import Language
from knowledge.guide.library import Article
from tools.recommendations import Standing, State, Value
from ui.i18n import phrase
from ui.pages.sites import address

MARKS: Final[dict[State, str]] = {"followed": "✓", "open": "○", "departs": "≠", "unknown": "?"}
_ORDER: Final[dict[State, int]] = {"departs": 0, "open": 1, "followed": 2, "unknown": 3}
_SHARES: Final = {"share", "guide", "general", "least", "recall"}
"""Values that are fractions and read as percent."""


def contents(articles: Sequence[Article], project: str | None, lang: Language, opened: str = "") -> str:
    """Return all articles by part, the opened one marked."""
    by_part: dict[str, list[Article]] = {}
    for article in articles:
        by_part.setdefault(article.part, []).append(article)
    parts = "".join(
        f"<section><h3>{_say(f'guide_part_{part}', lang)}</h3><ul>{_links(those, project, lang, opened)}</ul></section>"
        for part, those in by_part.items()
    )
    return f'<nav class="ds-guide-parts" aria-label="{_say("guide_articles", lang)}">{parts}</nav>'


def found(articles: Sequence[Article], question: str, project: str | None, lang: Language) -> str:
    """Return what a search found; empty without a question."""
    if not question.strip():
        return ""
    if not articles:
        return f'<p role="status">{_say("guide_nothing", lang)}</p>'
    said = _say("guide_found", lang, count=len(articles))
    items = "".join(
        f"<li>{_link(article, project, lang)}<p class='ds-quiet'>{escape(beginning(article))}</p></li>"
        for article in articles
    )
    return f'<p role="status">{said}</p><ul class="ds-guide-found">{items}</ul>'


def beginning(article: Article, longest: int = 160) -> str:
    """Return the first words of an article as plain text."""
    first = article.text.strip().partition("\n")[0].replace("**", "").lstrip("#- ")
    if len(first) <= longest:
        return first
    cut = first[:longest]
    return f"{cut if article.language == 'zh' else cut.rpartition(' ')[0]}…"


def title(article: Article, lang: Language) -> str:
    """Return the heading of an opened article."""
    part = _say(f"guide_part_{article.part}", lang)
    return f'<p class="ds-quiet">{part}</p><h2 id="guide-title">{escape(article.title)}</h2>'


def sources(article: Article, lang: Language) -> str:
    """Return where the statements of an article come from."""
    items = "".join(_source(source, lang) for source in article.sources)
    return f'<h3>{_say("guide_sources", lang)}</h3><ul class="ds-quiet">{items}</ul>'


def _source(source: str, lang: Language) -> str:
    """Return one source: ours in the page's language, a paper by its own title."""
    for key in ("guide_source_guide", "guide_source_own", "guide_source_hardware"):
        if source == phrase(key, "en"):
            return f"<li>{_say(key, lang)}</li>"
    return f'<li lang="en">{escape(source)}</li>'


def unknown(article: str, lang: Language) -> str:
    """Return what a page says whose address names no article."""
    return f'<p role="alert">{_say("guide_no_article", lang, article=article)}</p>'


def standing(values: Sequence[Standing], titles: Mapping[str, str], project: str, lang: Language) -> str:
    """Return where the project stands on each recommendation: what differs first, what nobody knows last.

    Args:
        values: What the records say.
        titles: Title of each article.
        project: Id of the project.
        lang: Language of the page.
    """
    rows = "".join(_standing_row(one, titles, project, lang) for one in sorted(values, key=lambda v: _ORDER[v.state]))
    counts = " · ".join(
        f"{MARKS[state]} {_say(f'guide_state_{state}', lang)}: {sum(one.state == state for one in values)}"
        for state in _ORDER
    )
    return (
        f'<p class="ds-figures">{counts}</p><p class="ds-quiet">{_say("guide_standing_from", lang)}</p>'
        f'<ul class="ds-standings">{rows}</ul>'
    )


def no_project(lang: Language) -> str:
    """Return what stands in place of the standing while no project is chosen."""
    return f'<p class="ds-empty">{_say("guide_no_project", lang)}</p>'


def sentence(value: Standing, lang: Language) -> str:
    """Return what the records say of one recommendation, as plain text."""
    return phrase(f"guide_on_{value.key}", lang, **{name: _written(name, v, lang) for name, v in value.values.items()})


def _standing_row(value: Standing, titles: Mapping[str, str], project: str, lang: Language) -> str:
    link = escape(address(lang, "guide", project=project, article=value.article))
    runs = [name for name in value.evidence if name[:1].isdigit()]
    evidence = "".join(
        f' <a class="ds-quiet" href="{escape(address(lang, "runs", project=project, run=name))}">{escape(name)}</a>'
        for name in runs
    )
    return (
        f'<li class="ds-{value.state}"><span class="ds-tag">{MARKS[value.state]} '
        f"{_say(f'guide_state_{value.state}', lang)}</span> "
        f'<a href="{link}">{escape(titles.get(value.article, value.article))}</a>'
        f"<p>{escape(sentence(value, lang))}{evidence}</p></li>"
    )


def _written(name: str, value: Value, lang: Language) -> str:
    match name, value:
        case "method", str():
            return phrase(f"method_{value}", lang)
        case "rung", "qlora" | "lora" | "full":
            return METHOD_NAMES[value][lang]
        case "model", "builtin":
            return phrase("guide_model_builtin", lang)
        case "needed", float() if value < 1:
            return f"{value:.0%}"
        case _, float() if name in _SHARES:
            return f"{value:.0%}"
        case _, float():
            return f"{value:.1f}"
        case _:
            return str(value)


def _links(articles: Sequence[Article], project: str | None, lang: Language, opened: str) -> str:
    return "".join(f"<li>{_link(article, project, lang, opened)}</li>" for article in articles)


def _link(article: Article, project: str | None, lang: Language, opened: str = "") -> str:
    here = ' aria-current="page"' if article.id == opened else ""
    href = escape(address(lang, "guide", project=project, article=article.id))
    return f'<a href="{href}"{here}>{escape(article.title)}</a>'


def _say(key: str, lang: Language, **values: object) -> str:
    return escape(phrase(key, lang, **values))
