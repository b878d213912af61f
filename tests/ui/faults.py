"""What must not be seen on any page: text that is cut, laid over other text, in the wrong language, or hard to read.

found = faults(page, "zh")
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from agent.records.base import Language
from tests.ui.web.test_browser import CONTRAST, NAMELESS

if TYPE_CHECKING:
    from playwright.sync_api import Page

LOOK: Final = Path(__file__).with_name("faults.js").read_text(encoding="utf-8")

TECHNICAL: Final = (
    "domainsmith English Gradio Python PyTorch torch torch_musa torch_npu Chroma bitsandbytes SQLite ModelScope OpenAI "
    "LoRA Q-LoRA QLoRA vLLM-Ascend ROCm NVLink MCCL MTLink NVIDIA Huawei Ascend Moore Threads PCIe GeForce Intel Xeon "
    "Ryzen Apple Markdown Word PowerPoint Excel SQuAD Ctrl Enter Esc Tab Shift Wilson Holm bootstrap token "
    "alpha dropout GFLOPS Processor"
)
"""Words that a Chinese text writes in Latin letters: names of products, techniques, formats and keys."""
DATA: Final = ", ".join(
    (
        "code, pre, kbd, q, blockquote, mark",
        "[lang]:not(html):not(body)",
        "[translate=no]",
        "[data-testid=user], #assistant-chat .ds-answer",
    )
)
"""What holds names and texts that people brought, and words of a machine: HTML's own marks for that, and what was said
in the conversation, which Gradio draws."""


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with a page."""

    kind: str
    text: str
    where: str
    """The element, as a path of selectors; empty where the text names it."""

    def __str__(self) -> str:
        return f"{self.kind}: {self.text!r}{f' in {self.where}' if self.where else ''}"


def faults(page: Page, lang: Language) -> list[Fault]:
    """Return what is wrong with a page as it is shown just now."""
    asked = {"lang": lang, "words": TECHNICAL.split(), "data": DATA}
    found = [Fault(*one) for one in page.evaluate(LOOK, asked)]
    found += [Fault("contrast", one, "") for one in page.evaluate(CONTRAST, "body")]
    found += [Fault("nameless", one, "") for one in page.evaluate(NAMELESS)]
    return found


def unfolded(page: Page, lang: Language) -> list[Fault]:
    """Return what is wrong with a page once everything that is folded away is opened."""
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    page.wait_for_timeout(100)
    return faults(page, lang)
