"""The three uses, from an empty home to the result, in Chromium with the real built-in model on few documents."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.ui.three_uses import walk, write_documents
from tests.ui.web.conftest import Watched, browser, context, serving

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

__all__ = ["browser", "context"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]


def test_all_three_uses(tmp_path: Path, context: BrowserContext, monkeypatch: pytest.MonkeyPatch) -> None:
    # `make walk` lets the model read prose as well, in both languages and on all documents.
    monkeypatch.setenv("DOMAINSMITH_EXTRACTION_MODEL", "rules")
    documents = write_documents(tmp_path / "documents", every=False)
    with serving(tmp_path / "home") as server:
        walker = walk(server, Watched(context.new_page(), server.url), documents, "en", thorough=False)
    assert walker.jobs()[:4] == ["ingest", "extract", "validate", "evaluate"]
    assert walker.jobs()[-2:] == ["mix", "tune"]
