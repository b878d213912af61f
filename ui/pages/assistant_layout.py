"""The components of the conversation: the list of conversations, the talk, the card, the box to write in."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Final, NamedTuple

import gradio as gr

LONGEST: Final = 20_000
"""Characters of a message."""
EXAMPLES: Final = ("assistant_example_1", "assistant_example_2", "assistant_example_3")


class Listing(NamedTuple):
    """The conversations, and the question before one is deleted."""

    threads: gr.HTML
    delete: gr.Button
    confirm: gr.Group
    asked: gr.HTML
    yes: gr.Button
    no: gr.Button
    doomed: gr.State
    """Id of the conversation that the question is about."""


class Front(NamedTuple):
    """The conversation and what a person acts with."""

    chat: gr.Chatbot
    job: gr.HTML
    card: gr.Group
    card_text: gr.HTML
    approve: gr.Button
    change: gr.Button
    decline: gr.Button
    box: gr.MultimodalTextbox


def draw_list(say: Callable[[str], str]) -> Listing:
    """Draw the list of conversations."""
    with gr.Row(elem_classes="ds-list"):
        threads = gr.HTML(apply_default_css=False, js_on_load=None, elem_id="assistant-threads")
        delete = gr.Button(
            say("assistant_delete"), size="sm", scale=0, min_width=60, visible=False, elem_id="assistant-delete"
        )
    with gr.Group(visible=False, elem_id="assistant-confirm") as confirm:
        asked = gr.HTML(apply_default_css=False, js_on_load=None, padding=True)
        with gr.Row():
            yes = gr.Button(say("assistant_delete_yes"), variant="stop", size="sm", elem_id="assistant-delete-yes")
            no = gr.Button(say("assistant_delete_no"), size="sm", elem_id="assistant-delete-no")
    return Listing(threads, delete, confirm, asked, yes, no, gr.State(""))


def draw_talk(say: Callable[[str], str]) -> Front:
    """Draw the conversation, what waits or runs in it, and the box."""
    chat = gr.Chatbot(
        label=say("page_assistant"),
        show_label=False,
        height="clamp(340px, 56vh, 780px)",
        latex_delimiters=[],
        buttons=[],
        feedback_options=None,
        group_consecutive_messages=False,
        allow_tags=False,
        placeholder=say("assistant_empty"),
        examples=[{"text": say(key)} for key in EXAMPLES],
        elem_id="assistant-chat",
    )
    job = gr.HTML(apply_default_css=False, js_on_load=None, elem_id="assistant-job")
    with gr.Group(visible=False, elem_id="assistant-card", elem_classes="ds-card") as card:
        text = gr.HTML(apply_default_css=False, js_on_load=None)
        with gr.Row():
            approve = gr.Button(say("assistant_approve"), variant="primary", elem_id="assistant-approve")
            change = gr.Button(say("assistant_change"), elem_id="assistant-change")
            decline = gr.Button(say("assistant_decline"), elem_id="assistant-decline")
        gr.HTML(
            f'<p class="ds-quiet" role="status" hidden>{escape(say("assistant_change_hint"))}</p>',
            apply_default_css=False,
            js_on_load=None,
            elem_id="assistant-hint",
        )
    box = gr.MultimodalTextbox(
        label=say("assistant_message"),
        show_label=False,
        placeholder=say("assistant_placeholder"),
        file_count="multiple",
        max_plain_text_length=LONGEST,
        max_lines=8,
        elem_id="assistant-box",
    )
    return Front(chat, job, card, text, approve, change, decline, box)
