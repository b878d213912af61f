"""A font that can show Chinese, for charts drawn as pictures."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

_NAMES: Final = (
    "Noto Sans CJK SC",
    # The collection of all CJK fonts is known by its first name.
    "Noto Sans CJK JP",
    "Noto Serif CJK SC",
    "Noto Serif CJK JP",
    "Source Han Sans SC",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Microsoft YaHei",
    "PingFang SC",
    "SimHei",
    "Droid Sans Fallback",
)
_FILES: Final = ("notosanscjk", "notoserifcjk", "sourcehansans", "wqy-microhei", "wqy-zenhei", "simhei")
"""How the names of their files begin."""


@cache
def chinese_font() -> str | None:
    """Return the name of a font with Chinese characters; `None` if there is none."""
    from matplotlib import font_manager

    installed = {font.name for font in font_manager.fontManager.ttflist}
    for name in _NAMES:
        if name in installed:
            return name
    # Matplotlib's list is a cache that may be older than the font.
    for file in sorted(font_manager.findSystemFonts(), key=lambda name: ("regular" not in name.lower(), name)):
        if Path(file).stem.lower().startswith(_FILES):
            font_manager.fontManager.addfont(file)
            return str(font_manager.FontProperties(fname=file).get_name())
    return None
