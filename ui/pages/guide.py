"""The guide: its articles by part, a search, the opened article with its sources, and where the project stands."""

from __future__ import annotations

from html import escape
from typing import Any

import gradio as gr

from agent.errors import NotFoundError
from knowledge.guide.library import load_library
from tools.recommendations import standings
from ui.pages import guide_view as view
from ui.pages.frame import Frame, told

FOUND = 8
"""Articles a search shows at most."""


def build(frame: Frame) -> None:
    """Draw the page."""
    lang = frame.lang
    library = load_library()
    with gr.Row(elem_classes="ds-guide-search"):
        question = gr.Textbox(
            label=frame.say("guide_search"),
            placeholder=frame.say("guide_search_hint"),
            max_length=400,
            scale=4,
            min_width=260,
            elem_id="guide-question",
        )
        search = gr.Button(frame.say("guide_find"), scale=0, elem_id="guide-find")
    results = gr.HTML(js_on_load=None, elem_id="guide-results")
    with gr.Column(visible=False, elem_id="guide-article") as opened:
        title = gr.HTML(js_on_load=None)
        text = gr.Markdown(elem_id="guide-text")
        sources = gr.HTML(js_on_load=None, elem_id="guide-sources")
    missing = gr.HTML(js_on_load=None)
    gr.HTML(f"<h2>{escape(frame.say('guide_articles'))}</h2>", js_on_load=None)
    contents = gr.HTML(js_on_load=None, elem_id="guide-contents")
    gr.HTML(f"<h2>{escape(frame.say('guide_standing'))}</h2>", js_on_load=None)
    standing = gr.HTML(js_on_load=None, elem_id="guide-standing")

    def project_id(request: gr.Request) -> str | None:
        project = frame.project(request)
        return project.id if project else None

    def shown(request: gr.Request) -> tuple[Any, ...]:
        asked, project = frame.asked(request, "article") or "", project_id(request)
        listed = view.contents(library.articles(lang), project, lang, asked)
        try:
            article = library.get(asked, lang) if asked else None
        except NotFoundError:
            return gr.Column(visible=False), "", "", "", view.unknown(asked, lang), listed
        if article is None:
            return gr.Column(visible=False), "", "", "", "", listed
        return (
            gr.Column(visible=True),
            view.title(article, lang),
            article.text,
            view.sources(article, lang),
            "",
            listed,
        )

    def find(words: str, request: gr.Request) -> str:
        hits = library.search(words, lang, FOUND) if words.strip() else []
        return view.found(hits, words, project_id(request), lang)

    @told
    def stands(request: gr.Request) -> str:
        project = frame.project(request)
        if project is None:
            return view.no_project(lang)
        titles = {article.id: article.title for article in library.articles(lang)}
        return view.standing(standings(project), titles, project.id, lang)

    frame.on_load(shown, None, [opened, title, text, sources, missing, contents], show_progress="hidden")
    frame.on_load(stands, None, standing, show_progress="hidden")
    gr.on([question.submit, search.click], find, question, results, api_visibility="private", show_progress="hidden")
