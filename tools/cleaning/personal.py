"""Personal data in English and Chinese text: found by form and check digit, masked by a word for its kind.

    found = find_personal("写信给 li@example.cn，或拨打 13800138000。")
    mask(text, found)    # 写信给 [电子邮箱]，或拨打 [电话号码]。

Numbers that carry a check digit must pass it. Forms that other numbers share (nine bare digits, a letter and eight
digits) count only beside a word that says what they are; a form that looks like a part or serial number does not count
where a word says that it is one. Names are an extra: only those that a title or a label introduces are found.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Literal, NamedTuple

from agent.prompts.personal import placeholder
from tools.cleaning.check_digits import (
    IBAN_LENGTHS,
    is_card,
    is_hong_kong_id,
    is_iban,
    is_resident_id,
    is_social_security_number,
)
from tools.cleaning.names import names
from tools.cleaning.people import people
from tools.cleaning.phones import phones
from tools.cleaning.surroundings import cue_before, plain_form, tells_other

PersonalKind = Literal["email", "phone", "resident_id", "ssn", "iban", "card", "passport", "ip", "name"]


class Found(NamedTuple):
    """One piece of personal data."""

    kind: PersonalKind
    start: int
    """Offset of the first character."""
    end: int
    """Offset behind the last character."""
    text: str
    """What stands there."""


_Spans = Iterator[tuple[int, int]]

_EMAIL: Final = re.compile(
    r"(?<![A-Za-z0-9._%+\-])[A-Za-z0-9][A-Za-z0-9._%+'\-]{0,63}"
    r"(?:@| ?[\[(] ?at ?[\])] ?)"
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9\-]{0,61}[A-Za-z0-9])?(?:\.| ?[\[(] ?dot ?[\])] ?)){1,5}[A-Za-z]{2,24}(?![A-Za-z0-9])"
)
_FILE_ENDINGS: Final = frozenset(
    ("png", "jpg", "jpeg", "gif", "svg", "webp", "css", "json", "html", "htm", "txt", "pdf")
)
"""Endings that are no country's; `icon@2x.png` is a picture."""
_REPOSITORY: Final = re.compile(r"git@[^:\s]+:[A-Za-z0-9_~./-]")
"""`git@host:path` addresses a repository."""
_RESIDENT: Final = re.compile(
    r"(?<![0-9A-Za-z])[1-9]\d{5}[ \-]?(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])[ \-]?\d{3}[0-9Xx]"
    r"(?![0-9A-Za-z])"
)
_RESIDENT_OLD: Final = re.compile(
    r"(?<![0-9A-Za-z])[1-9]\d{5}\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}(?![0-9A-Za-z])"
)
_RESIDENT_CUE: Final = re.compile(
    r"身份证|身分證|公民身份|证件号|identity card|ID card|resident id|national id", re.I | re.ASCII
)
_HONG_KONG: Final = re.compile(r"(?<![0-9A-Za-z])[A-Z]{1,2}\d{6}\([0-9A]\)")
_SSN: Final = re.compile(r"(?<![\w\-.])\d{3}([\- ]?)\d{2}\1\d{4}(?![\w]|-\d)", re.ASCII)
_SSN_CUE: Final = re.compile(r"\bSSN|social security|社会保障号|社会安全号|社安号|社保号", re.I | re.ASCII)
_IBAN_HEAD: Final = re.compile(r"(?<![0-9A-Za-z])[A-Za-z]{2}\d{2}(?=[ \-]?[0-9A-Za-z])")
_DIGITS: Final = re.compile(r"(?<![\dA-Za-z.])\d(?:[ \-]?\d){11,}(?![\dA-Za-z])(?!\.\d)")
_CARD_GROUPS: Final = frozenset(((4, 4, 4, 4), (4, 4, 4, 4, 3), (4, 4, 4, 4, 2), (4, 6, 5), (4, 6, 4), (6, 13)))
"""How cards write their digits in groups."""
_MOST_GROUPS: Final = 5
_CARD_NETWORK: Final = re.compile(
    r"4\d{15}(?:\d{3})?$|5[1-5]\d{14}$|2(?:2[2-9]|[3-6]\d|7[01])\d{13}$|2720\d{12}$|3[47]\d{13}$|"
    r"(?:6011|65\d\d|64[4-9]\d)\d{12}$|35(?:2[89]|[3-8]\d)\d{12}$|62\d{14,17}$|3(?:0[0-5]|[689]\d)\d{11}$"
)
_CARD_CUE: Final = re.compile(
    r"\bcard|visa|mastercard|maestro|卡号|银行卡|信用卡|储蓄卡|借记卡|账号|帐号|账户", re.I | re.ASCII
)
_PASSPORT_WORDS: Final = ("assport", "PASSPORT", "<<", "护照", "護照", "通行证", "通行證")
"""Words of which one stands beside every passport number that is told to be one."""
_PASSPORT: Final = re.compile(
    r"(?:passport|护照|護照|通行证|通行證)[^0-9。；;\n]{0,30}?(?<![0-9A-Za-z])"
    r"([A-Za-z]{1,3} ?\d{6,9}|\d{8,9}|\d{2}[A-Z]{2}\d{5})(?![0-9A-Za-z])",
    re.I | re.ASCII,
)
_MACHINE_READABLE: Final = re.compile(
    r"(?<![A-Z0-9<])"
    r"(?:P[A-Z<][A-Z<]{3}[A-Z<]{39}|[A-Z0-9<]{9}\d[A-Z<]{3}\d{7}[MF<]\d{7}[A-Z0-9<]{14}[0-9<]\d)"
    r"(?![A-Z0-9<])"
)
_IPV4: Final = re.compile(r"(?<![\w.\-/])(?:\d{1,3}\.){3}\d{1,3}(?![\w\-]|\.\d)", re.ASCII)
_IPV6: Final = re.compile(
    r"(?<![\w.])(?<![0-9A-Fa-f:]:)(?=[0-9A-Fa-f]|::)(?=[0-9A-Fa-f:]*\d)[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![\w:])",
    re.ASCII,
)
_IP_CUE: Final = re.compile(
    r"\bIP\b|\bIPv[46]\b|\bhost|server|address|logged|login|地址|主机|服务器|登录|来源", re.I | re.ASCII
)
_NUMBER: Final = re.compile(r"\d(?:[ \-./()]{0,3}\d){6}")
"""Seven digits, as every number has that is somebody's but for some passports'."""


def find_personal(text: str, *, with_names: bool = False, with_people: bool = False) -> list[Found]:
    """Return the personal data of a text in the order of their places, without overlaps.

    Args:
        text: Any text.
        with_names: Also names of people that a title or a label introduces, as `Mr. Ng`, `联系人：王芳`.
        with_people: Also names in Chinese text that nothing introduces; needs the extra `names`.

    Raises:
        InputError: The extra is asked for and missing.
    """
    found: list[Found] = []
    plain = plain_form(text)
    # Most texts hold none; these few looks are what a million of them cost.
    signs = {
        "at": "@" in plain or "at]" in plain or "at)" in plain,
        "number": _NUMBER.search(plain) is not None,
        "passport": any(word in plain for word in _PASSPORT_WORDS),
        "parts": plain.count(".") > 2 or plain.count(":") > 1,
    }
    if any(signs.values()):
        taken = bytearray(len(text))
        for kind, sign, finder in _FINDERS:
            for start, end in finder(plain) if signs[sign] else ():
                # Kinds stand in the order of how telling they are: what an e-mail address holds is no phone number.
                if not any(taken[start:end]):
                    taken[start:end] = b"\1" * (end - start)
                    found.append(Found(kind, start, end, text[start:end]))
    if with_names:
        found += [Found("name", start, end, text[start:end]) for start, end in names(text)]
    if with_people:
        found += [
            Found("name", start, end, text[start:end])
            for start, end in people(text)
            if not any(one.start < end and start < one.end for one in found)
        ]
    return sorted(found, key=lambda one: (one.start, one.end))


def mask(text: str, found: Sequence[Found]) -> str:
    """Return a text with a word for its kind in place of each find, in the language of the text.

    Args:
        text: The text that was looked through.
        found: Finds of that text, in any order; of two that overlap the first stays.
    """
    lang: Literal["en", "zh"] = "zh" if _mostly_chinese(text) else "en"
    parts, last = [], 0
    for one in sorted(found, key=lambda one: one.start):
        if one.start >= last:
            parts += [text[last : one.start], placeholder(one.kind, lang)]
            last = one.end
    return "".join([*parts, text[last:]])


def _mostly_chinese(text: str) -> bool:
    chinese = len(re.findall(r"[\u3400-\u9fff]", text))
    return chinese > 0 and 3 * chinese >= sum(character.isalpha() for character in text)


def _emails(text: str) -> _Spans:
    for match in _EMAIL.finditer(text):
        ending = match.group().rpartition(".")[2].lower()
        if ending not in _FILE_ENDINGS and not _REPOSITORY.match(text, match.start()):
            yield match.span()


def _resident_ids(text: str) -> _Spans:
    for match in _RESIDENT.finditer(text):
        if is_resident_id(re.sub(r"[ \-]", "", match.group())):
            yield match.span()
    for match in _RESIDENT_OLD.finditer(text):
        if cue_before(text, match.start(), _RESIDENT_CUE):
            yield match.span()
    for match in _HONG_KONG.finditer(text):
        if is_hong_kong_id(match.group().replace("(", "").replace(")", "")):
            yield match.span()


def _social_security_numbers(text: str) -> _Spans:
    for match in _SSN.finditer(text):
        telling = match[1] == "-" and not tells_other(text, match.start())
        if (telling or cue_before(text, match.start(), _SSN_CUE)) and is_social_security_number(
            re.sub(r"[ \-]", "", match.group())
        ):
            yield match.span()


def _ibans(text: str) -> _Spans:
    for match in _IBAN_HEAD.finditer(text):
        length = IBAN_LENGTHS.get(match.group()[:2].upper(), 0)
        number, place = "", match.start()
        while place < len(text) and len(number) < length:
            if text[place].isascii() and text[place].isalnum():
                number += text[place]
            elif text[place] not in " -":
                break
            place += 1
        ends = place >= len(text) or not (text[place].isascii() and text[place].isalnum())
        if length and ends and is_iban(number):
            yield match.start(), place


def _cards(text: str) -> _Spans:
    for match in _DIGITS.finditer(text):
        groups = list(re.finditer(r"\d+", match.group()))
        spans = ((first, first + size) for first in range(len(groups)) for size in range(_MOST_GROUPS, 0, -1))
        for first, last in ((first, last) for first, last in spans if last <= len(groups)):
            shape = tuple(len(group.group()) for group in groups[first:last])
            if shape not in _CARD_GROUPS and not (len(shape) == 1 and 12 <= shape[0] <= 19):
                continue
            digits = "".join(group.group() for group in groups[first:last])
            start, end = match.start() + groups[first].start(), match.start() + groups[last - 1].end()
            known = bool(_CARD_NETWORK.match(digits)) and not tells_other(text, start)
            if (known or cue_before(text, start, _CARD_CUE)) and is_card(digits):
                yield start, end


def _passports(text: str) -> _Spans:
    for match in _PASSPORT.finditer(text):
        yield match.span(1)
    for match in _MACHINE_READABLE.finditer(text):
        yield match.span()


def _ip_addresses(text: str) -> _Spans:
    for match in _IPV4.finditer(text):
        parts = [int(part) for part in match.group().split(".")]
        zeros = any(len(part) > 1 and part.startswith("0") for part in match.group().split("."))
        if zeros or max(parts) > 255 or parts[0] in (0, 127, 255) or parts == [255, 255, 255, 0]:
            continue
        # Four small numbers with points are a section or a version as well.
        small = max(parts) < 20
        if cue_before(text, match.start(), _IP_CUE) or not (small or tells_other(text, match.start())):
            yield match.span()
    for match in _IPV6.finditer(text):
        if match.group().count(":") == 7 or "::" in match.group():
            try:
                address = ipaddress.IPv6Address(match.group())
            except ValueError:
                continue
            if not (address.is_loopback or address.is_unspecified):
                yield match.span()


_FINDERS: Final[tuple[tuple[PersonalKind, str, Callable[[str], _Spans]], ...]] = (
    ("email", "at", _emails),
    ("iban", "number", _ibans),
    ("resident_id", "number", _resident_ids),
    ("card", "number", _cards),
    ("ssn", "number", _social_security_numbers),
    ("passport", "passport", _passports),
    ("ip", "parts", _ip_addresses),
    ("phone", "number", phones),
)
"""Kind, a sign without which there is none, and what finds it; the more telling kinds first."""
