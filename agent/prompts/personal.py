"""What personal data is called, what stands in its place, and what is said of it; English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from agent.prompts.phrases import Phrases, fill, listed
from agent.records.base import Language

PERSONAL_NAMES: Final[dict[str, dict[Language, str]]] = {
    "email": {"en": "e-mail address", "zh": "电子邮箱"},
    "phone": {"en": "phone number", "zh": "电话号码"},
    "resident_id": {"en": "resident ID number", "zh": "身份证号"},
    "ssn": {"en": "social security number", "zh": "社会保障号"},
    "iban": {"en": "bank account", "zh": "银行账号"},
    "card": {"en": "card number", "zh": "银行卡号"},
    "passport": {"en": "passport number", "zh": "护照号"},
    "ip": {"en": "IP address", "zh": "IP 地址"},
    "name": {"en": "name", "zh": "姓名"},
}
"""Kind of personal data to what people call it."""

CLEANING: Final[Phrases] = {
    "keep": {
        "en": "{examples} examples hold personal data ({kinds}) and are trained on as they are, as asked "
        "(personal=keep): {ids}",
        "zh": "{examples} 个样本含个人信息（{kinds}），按要求原样用于训练（personal=keep）：{ids}",
    },
    "mask": {
        "en": "{examples} examples hold personal data ({kinds}), which is masked; --personal keep trains on it as it "
        "is, --personal drop leaves the examples out: {ids}",
        "zh": "{examples} 个样本含个人信息（{kinds}），已遮盖；--personal keep 原样训练，drop 去掉样本：{ids}",
    },
    "drop": {
        "en": "{examples} examples left out because they hold personal data ({kinds}), as asked (personal=drop): {ids}",
        "zh": "{examples} 个样本因含个人信息（{kinds}）按要求去掉（personal=drop）：{ids}",
    },
    "repeated": {
        "en": "{count} general examples left out because they repeat another one",
        "zh": "{count} 个通用样本因与其他样本重复而去掉",
    },
}
"""What the summary of a mix says."""


def placeholder(kind: str, lang: Language) -> str:
    """Return what stands in the text where personal data of that kind stood, as `[e-mail address]`."""
    return f"[{PERSONAL_NAMES[kind][lang]}]"


def counted_kinds(by_kind: Mapping[str, int], lang: Language) -> str:
    """Return how many of each kind were found, as `2 × phone number, 1 × e-mail address`."""
    return listed(tuple(f"{count} × {PERSONAL_NAMES[kind][lang]}" for kind, count in by_kind.items()), lang)


def cleaning_note(choice: str, examples: int, by_kind: Mapping[str, int], ids: tuple[str, ...], lang: Language) -> str:
    """Return what was done about personal data, with counts by kind and the first examples."""
    more = ", …" if examples > len(ids) else ""
    return fill(
        CLEANING, choice, lang, examples=examples, kinds=counted_kinds(by_kind, lang), ids=", ".join(ids) + more
    )
