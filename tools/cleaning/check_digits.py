"""Check digits of identity, account and card numbers. Pure.

Sources: GB 11643-1999 (Chinese resident ID, ISO 7064 MOD 11-2), ISO 13616 (IBAN, ISO 7064 MOD 97-10), ISO/IEC 7812-1
(cards, Luhn), the issuing rules of the US Social Security Administration since 2011.
"""

from __future__ import annotations

from datetime import date
from typing import Final

_RESIDENT_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_RESIDENT_DIGITS: Final = "10X98765432"
_PROVINCES: Final = frozenset((
    "11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37", "41", "42", "43", "44",
    "45", "46", "50", "51", "52", "53", "54", "61", "62", "63", "64", "65", "71", "81", "82", "83",
))  # fmt: skip
"""First two digits of the region codes (GB/T 2260)."""
_ADVERTISED: Final = frozenset({"078051120", "219099999"})
"""Social security numbers printed in advertisements; the administration has withdrawn them."""
IBAN_LENGTHS: Final = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BI": 27, "BR": 29,
    "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DJ": 27, "DK": 18, "DO": 28, "EE": 20, "EG": 29,
    "ES": 24, "FI": 18, "FK": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28,
    "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28,
    "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MN": 20,
    "MR": 27, "MT": 31, "MU": 30, "NI": 28, "NL": 18, "NO": 15, "OM": 23, "PK": 24, "PL": 28, "PS": 29, "PT": 25,
    "QA": 29, "RO": 24, "RS": 22, "RU": 33, "SA": 24, "SC": 31, "SD": 18, "SE": 24, "SI": 19, "SK": 24, "SM": 27,
    "SO": 23, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20, "YE": 30,
}  # fmt: skip
"""Characters of an IBAN by country; source: the IBAN registry of ISO 13616."""


def is_resident_id(number: str) -> bool:
    """Return whether 18 characters are a Chinese resident ID: province, a day that exists, and the check digit."""
    head, last = number[:17], number[17:].upper()
    if len(number) != 18 or not _plain(head) or number[:2] not in _PROVINCES:
        return False
    total = sum(int(digit) * weight for digit, weight in zip(head, _RESIDENT_WEIGHTS, strict=True))
    return _RESIDENT_DIGITS[total % 11] == last and is_day(number[6:14])


def is_hong_kong_id(number: str) -> bool:
    """Return whether letters, six digits and a check character, as `A1234563`, are a Hong Kong identity card number."""
    letters = number[:-7].upper()
    digits, last = number[-7:-1], number[-1].upper()
    if not 1 <= len(letters) <= 2 or not _plain(digits):
        return False
    # A missing first letter counts as a blank, 36.
    values = [36] * (2 - len(letters)) + [ord(letter) - 55 for letter in letters] + [int(digit) for digit in digits]
    total = sum(value * weight for value, weight in zip(values, range(9, 1, -1), strict=True))
    return (total + (10 if last == "A" else int(last) if last.isdigit() else 99)) % 11 == 0


def is_social_security_number(number: str) -> bool:
    """Return whether nine digits can be a US social security number: no part that is never issued."""
    area, group, serial = number[:3], number[3:5], number[5:]
    if len(number) != 9 or not _plain(number) or number in _ADVERTISED or len(set(number)) == 1:
        return False
    return area not in ("000", "666") and area < "900" and group != "00" and serial != "0000"


def is_iban(number: str) -> bool:
    """Return whether an IBAN without spaces has its country's length and the right check digits."""
    upper = number.upper()
    if IBAN_LENGTHS.get(upper[:2]) != len(upper) or not upper.isascii() or not upper.isalnum():
        return False
    return int("".join(str(int(character, 36)) for character in upper[4:] + upper[:4])) % 97 == 1


def is_card(number: str) -> bool:
    """Return whether 12 to 19 digits pass Luhn's check."""
    if not 12 <= len(number) <= 19 or not _plain(number) or len(set(number)) == 1:
        return False
    digits = [int(digit) for digit in reversed(number)]
    return sum(sum(divmod(2 * digit, 10)) if place % 2 else digit for place, digit in enumerate(digits)) % 10 == 0


def is_day(digits: str) -> bool:
    """Return whether eight digits `YYYYMMDD` are a day between 1850 and 2100."""
    try:
        return 1850 <= date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).year <= 2100
    except ValueError:
        return False


def _plain(text: str) -> bool:
    return text.isascii() and text.isdigit()
