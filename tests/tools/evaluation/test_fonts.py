"""The font of charts with Chinese labels."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from matplotlib import font_manager

from tools.evaluation.fonts import chinese_font


@pytest.mark.parametrize(
    ("installed", "found"),
    [
        (("DejaVu Sans", "Noto Sans CJK JP"), "Noto Sans CJK JP"),
        (("SimHei", "Noto Sans CJK SC"), "Noto Sans CJK SC"),
        (("DejaVu Sans",), None),
    ],
)
def test_the_first_known_font_is_taken(
    installed: tuple[str, ...], found: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    fonts = [SimpleNamespace(name=name) for name in installed]
    monkeypatch.setattr(font_manager, "fontManager", SimpleNamespace(ttflist=fonts))
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: ["/fonts/DejaVuSans.ttf"])
    assert chinese_font.__wrapped__() == found


def test_a_font_that_is_newer_than_the_list_of_matplotlib_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    added: list[str] = []
    monkeypatch.setattr(font_manager, "fontManager", SimpleNamespace(ttflist=[], addfont=added.append))
    files = ["/fonts/NotoSansCJK-Bold.ttc", "/fonts/NotoSansCJK-Regular.ttc", "/fonts/DejaVuSans.ttf"]
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: files)
    monkeypatch.setattr(
        font_manager, "FontProperties", lambda fname: SimpleNamespace(get_name=lambda: "Noto Sans CJK JP")
    )
    assert chinese_font.__wrapped__() == "Noto Sans CJK JP"
    assert added == ["/fonts/NotoSansCJK-Regular.ttc"]
