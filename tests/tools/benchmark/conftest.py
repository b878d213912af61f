"""What tests of endpoints share: settings with a home of their own, and a key that must never be shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.settings import Settings

KEY = "sk-very-secret"


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the key, and have nothing stand between client and server."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings whose home is the test's folder."""
    return Settings(home=tmp_path)
