"""The look of Gradio's components: quiet surfaces, one accent, fonts of the system; nothing is fetched."""

from __future__ import annotations

from typing import Final

import gradio as gr

FONT: Final = (
    "system-ui",
    "-apple-system",
    "Segoe UI",
    "Noto Sans",
    "PingFang SC",
    "Microsoft YaHei",
    "Noto Sans CJK SC",
    "WenQuanYi Micro Hei",
    "sans-serif",
)
MONO: Final = ("ui-monospace", "Consolas", "Noto Sans Mono", "monospace")

ACCENT: Final = gr.themes.Color(
    name="accent",
    c50="#eef5fc",
    c100="#d9e8f7",
    c200="#b3d1ef",
    c300="#85b4e3",
    c400="#7fb2ee",
    c500="#2a6fbb",
    c600="#1d5fa8",
    c700="#174d89",
    c800="#143f70",
    c900="#12355c",
    c950="#0b2440",
)


def make_theme() -> gr.themes.Base:
    """Return the theme; its variables are bound to those of `style.css` where both name the same thing."""
    theme = gr.themes.Base(
        primary_hue=ACCENT,
        secondary_hue=ACCENT,
        neutral_hue=gr.themes.colors.gray,
        font=FONT,
        font_mono=MONO,
        radius_size=gr.themes.sizes.radius_md,
    )
    return theme.set(
        body_background_fill="#ffffff",
        body_background_fill_dark="#14171c",
        body_text_color="#1c2127",
        body_text_color_dark="#e7eaee",
        body_text_color_subdued="#57606b",
        body_text_color_subdued_dark="#a5aeb9",
        link_text_color="#1d5fa8",
        link_text_color_dark="#8fbdf2",
        link_text_color_visited="#1d5fa8",
        link_text_color_visited_dark="#8fbdf2",
        link_text_color_hover="#143f70",
        link_text_color_hover_dark="#b8d6f8",
        background_fill_primary="#ffffff",
        background_fill_primary_dark="#14171c",
        background_fill_secondary="#f5f6f8",
        background_fill_secondary_dark="#1c2026",
        block_background_fill="#ffffff",
        block_background_fill_dark="#1c2026",
        border_color_primary="#d5d9df",
        border_color_primary_dark="#3a414b",
        button_primary_background_fill="#1d5fa8",
        button_primary_background_fill_dark="#2a6fbb",
        button_primary_background_fill_hover="#174d89",
        button_primary_background_fill_hover_dark="#1d5fa8",
        button_primary_text_color="#ffffff",
        button_primary_text_color_dark="#ffffff",
        button_secondary_background_fill="#f5f6f8",
        button_secondary_background_fill_dark="#2a3038",
        button_secondary_text_color="#1c2127",
        button_secondary_text_color_dark="#e7eaee",
        button_border_width="1px",
        button_border_width_dark="1px",
        button_primary_border_color="#1d5fa8",
        button_primary_border_color_dark="#2a6fbb",
        button_secondary_border_color="#7a838e",
        button_secondary_border_color_dark="#808a96",
        button_large_text_size="*text_md",
        button_large_padding="7px 14px",
        input_border_width="1px",
        input_border_width_dark="1px",
        input_border_color="#7a838e",
        input_border_color_dark="#808a96",
        input_background_fill="#ffffff",
        input_background_fill_dark="#14171c",
        input_placeholder_color="#68717c",
        input_placeholder_color_dark="#98a1ac",
        block_label_text_color="#57606b",
        block_label_text_color_dark="#a5aeb9",
    )
