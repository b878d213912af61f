"""What a browser test claims of a page, waited for: a page is drawn anew some time after what a person did.

A slow machine draws late; it never makes a claim true that is not. So nothing here looks once and judges.

    says(page, "#assistant-card", "Needs your yes", "Project: Pumps")
    expect(page.locator(".ds-threads li")).to_have_count(2)
    becomes(lambda: replies(page), before)
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeVar

from tests.ui.web.conftest import PATIENCE, expect

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["JOB", "becomes", "expect", "says"]

Seen = TypeVar("Seen")

JOB: Final = 300_000
"""Milliseconds within which a job of a few seconds is through: its worker gives way to everything else."""


def says(page: Page, selector: str, *texts: str) -> None:
    """Wait until the part of the page shows every one of these texts."""
    for text in texts:
        expect(page.locator(selector).first).to_contain_text(text, use_inner_text=True)


def becomes(read: Callable[[], Seen], wanted: Seen, seconds: float = PATIENCE / 1000) -> None:
    """Wait until what is read is what is wanted."""
    deadline = time.monotonic() + seconds
    while (seen := read()) != wanted and time.monotonic() < deadline:
        time.sleep(0.05)
    assert seen == wanted
