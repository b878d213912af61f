from __future__ import annotations

from pathlib import Path

import pytest

from agent.errors import InputError
from agent.settings import BUILTIN, load_settings


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import os

    for name in list(os.environ):
        if name.startswith("DOMAINSMITH_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_the_defaults_need_nothing() -> None:
    settings = load_settings()
    assert (settings.base_model, settings.embedding_model, settings.chat_model) == (BUILTIN, BUILTIN, "offline")
    assert settings.home == Path.home() / ".domainsmith"
    assert settings.cache_folder == settings.home / "cache"
    assert not settings.allow_downloads


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOMAINSMITH_HOME", "/data/ds")
    monkeypatch.setenv("DOMAINSMITH_CACHE", "/fast")
    monkeypatch.setenv("DOMAINSMITH_LANG", "zh")
    settings = load_settings()
    assert (settings.home, settings.cache_folder, settings.lang) == (Path("/data/ds"), Path("/fast"), "zh")


def test_a_dotenv_file_is_read_and_the_environment_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("DOMAINSMITH_THREADS=2\nDOMAINSMITH_LANG=zh\nOTHER=1\n")
    monkeypatch.setenv("DOMAINSMITH_LANG", "en")
    settings = load_settings()
    assert (settings.threads, settings.lang) == (2, "en")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DOMAINSMITH_LANG", "de"),
        ("DOMAINSMITH_THREADS", "0"),
        ("DOMAINSMITH_THREADS", "many"),
        ("DOMAINSMITH_ALLOW_DOWNLOADS", "perhaps"),
    ],
)
def test_a_wrong_value_names_its_variable(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(InputError) as caught:
        load_settings()
    assert caught.value.where == name
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)
