"""Bytes to characters without guessing wrong silently.

Tried in order: byte-order mark, UTF-8, UTF-16 without a mark, the Chinese encodings GB18030 and Big5, at last the
Western single-byte encodings. What none of them explains well is refused: a wrong guess would teach a model nonsense.
"""

from __future__ import annotations

import codecs
import re
import warnings
from functools import cache
from typing import Final

from knowledge.ingest.parsed import UnreadableError
from knowledge.lexical import CJK

_BOMS: Final = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_LOST_SHARE: Final = 0.001
"""Share of U+FFFD from which on a text is taken for badly converted."""
_STRANGE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\uf8ff\ufffe\uffff]")
"""Control characters, halves of pairs and private characters: never in a text that was decoded rightly."""
_HAN = re.compile(f"[{CJK}]")
_UNSURE: Final = "its encoding cannot be told: save it as UTF-8"
_CUT: Final = "cut short in the middle of a character"
_COMMON: Final = frozenset(
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实"
    "日军者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论"
    "处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象完设式色路记南品住"
    "告类求据程北边死张该交规万取拉格望觉术领共确传师观清今切院让识候带导争运笔组往查收根流步收装备温压检修换护员册说图表页章节号型规格参数操按键灯液泵阀管线单位元年月日省市县区"
    # Traditional forms of the same.
    "這個們來為國時說會對發後裡經麼學現當沒動還進樣實無與體義讓應該請問題設備電機時間產品檢查使用注意安裝軍長機業關點將兩間問戰頭見產給話開從論認條氣題爾別變總電數報結務場計資統區隊決馬書則聽卻達強難權記類據邊張規萬"
    "覺術領確傳師觀識帶導爭運筆組錄轉換護員冊圖頁節號參數操鍵燈維養處臺灣讀寫選擇連線網路軟體硬體檔案資訊項標準確認輸入輸出顯示關閉開啟"
)
_PUNCTUATION: Final = frozenset("，。、；：？！（）《》“”‘’…—·「」『』【】〔〕％～")
_WIDER: Final = {"gb2312": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030", "big5": "big5hkscs"}
"""Encodings that pages name for the characters of a superset."""
_DECLARED: Final = frozenset(
    (
        *("utf-8", "ascii", "utf-16", "utf-16-le", "utf-16-be", "gb18030", "big5", "big5hkscs", "hz"),
        *("shift_jis", "cp932", "euc_jp", "iso2022_jp", "euc_kr", "cp949"),
    )
)
"""Codecs that a file may ask for; Python has others that are no encodings of text, or slow."""
_SINGLE_BYTE: Final = ("cp125", "cp437", "cp850", "cp866", "iso8859", "koi8", "latin", "mac-")
_KANA = re.compile(r"[\u3040-\u30ff]")
_KANA_SHARE: Final = 0.1
"""Share of kana above which a text is Japanese; Chinese texts cite Japanese names."""
_HANGUL = re.compile(r"[\uac00-\ud7a3]")
_WESTERN_SIGNS: Final = "€£§°±²³µ·«»©®™½¼¾×¿¡ºª"
_WESTERN_QUOTES: Final = "“”‘’–—…\u00a0"
_UNLIKELY = re.compile(
    f"[{_WESTERN_SIGNS}]{{2}}|[A-Za-z][{_WESTERN_SIGNS}][A-Za-z]|[^\\x00-\\x7f\\W]{{3}}"
    r"|[¡¿](?![^\W\d_]{2})|(?<!\d)(?<!\d\s)£(?!\s?\d)"
)
"""What no Western text holds: pairs of signs, signs within words, marks that open nothing, a price without a number."""
_ACCENTED = re.compile(r"[A-Za-z]*[^\x00-\x7f\W][A-Za-z]*")
_ALONE: Final = "àáâéèêíóôúÀÁÂÉÈÊÍÓÔÚ"
"""Letters that are words by themselves in some Western language."""
_LEAST_HAN: Final = 4
"""Han characters from which on their commonness says anything."""


_ENCODINGS: Final = ("gb18030", "big5")
_SAMPLE: Final = 200_000
"""Bytes and characters by which an encoding is told; all of the text must decode."""
_EVERYDAY: Final = 0.9
"""Share of everyday characters and signs among those that are not ASCII, in a Chinese text."""
_AHEAD: Final = 1.3
"""Times by which the better encoding must explain the text better than the other."""
_COMMON_SHARE: Final = 0.35
"""Share of the most common characters among Han characters; about 0.6 in Chinese prose, 0.1 in other scripts' bytes."""


def decode(content: bytes) -> str:
    """Return the characters of a text file.

    Raises:
        UnreadableError: The file is binary, or no encoding gives a believable text.
    """
    if not content.strip(b" \t\r\n\0"):
        raise UnreadableError("empty")
    for mark, name in _BOMS:
        if content.startswith(mark):
            return _strict(content, name, "cut short or damaged after its byte-order mark")
    text = ""
    cut = False
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        # After plain ASCII, the odd byte may be the only accent of a Western encoding.
        cut = error.reason == "unexpected end of data" and not content[: error.start].isascii()
    if text and "\0" not in text:
        return _without_losses(text)
    if cut:
        raise UnreadableError(_CUT)
    if wide := _utf16(content):
        return _without_losses(wide)
    if b"\0" in content:
        raise UnreadableError("a binary file, not text")
    return _legacy(content)


def declared_text(content: bytes, name: str) -> str:
    """Return the characters of a file that names its encoding; empty if the name is unknown or cannot be right.

    Args:
        content: The file.
        name: What it says, as web pages and e-mails do; they are often wrong.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        return ""
    try:
        codec = codecs.lookup(_WIDER.get(name.lower(), name)).name
        text = content.decode(codec) if codec in _DECLARED or codec.startswith(_SINGLE_BYTE) else ""
    except (UnicodeDecodeError, LookupError, ValueError):
        return ""
    if codec.startswith(_SINGLE_BYTE):
        # Any bytes are some text in a single-byte encoding; those that are UTF-8 with accents are nothing else.
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            text = "" if _STRANGE.search(text) else text
    return _without_losses(text)


def _strict(content: bytes, name: str, reason: str) -> str:
    try:
        text = content.decode(name)
    except UnicodeDecodeError as error:
        raise UnreadableError(reason) from error
    return _without_losses(text)


def _without_losses(text: str) -> str:
    """Return the text unless an earlier conversion left it full of U+FFFD; a stray one is the author's."""
    if text.count("\ufffd") > _LOST_SHARE * len(text):
        raise UnreadableError("full of U+FFFD: an earlier conversion lost characters, convert the original again")
    return text


def _utf16(content: bytes) -> str:
    """Return the text if it is UTF-16 without a mark: ASCII shows by its zero bytes, Chinese by its characters."""
    if len(content) < 4 or len(content) % 2:
        return ""
    best, most = "", 0
    for name in ("utf-16-le", "utf-16-be"):
        try:
            text = content.decode(name)
        except UnicodeDecodeError:
            continue
        if _STRANGE.search(text):
            continue
        plain = sum(c.isascii() or c in _COMMON or c in _PUNCTUATION for c in text)
        if plain >= 0.35 * len(text) and plain > most and (b"\0" in content or _commonness(text) >= _COMMON_SHARE):
            best, most = text, plain
    return best


def _commonness(text: str) -> float:
    """Return the share of very common characters among the Han characters."""
    han = _HAN.findall(text)
    return sum(c in _COMMON for c in han) / len(han) if han else 0.0


def _legacy(content: bytes) -> str:
    """Return a text in a Chinese or Western encoding of old."""
    scored = sorted((_believable(content, one) for one in _ENCODINGS), key=lambda found: -found[0])
    (score, text), (second, _) = scored
    if score and _is_neighbour(content):
        raise UnreadableError(_UNSURE)
    if score and score >= _AHEAD * second:
        if not text:
            raise UnreadableError(_CUT)
        return text
    if not score and (western := _western(content)):
        return western
    raise UnreadableError(_UNSURE)


@cache
def _everyday() -> frozenset[str]:
    """Return the characters of daily use in either script, as the standards chose them.

    GB 2312, rows 16–55: level 1, 3,755 characters. Big5, A4–C6: level 1, 5,401 characters.
    """
    simplified = bytes(part for row in range(0xB0, 0xD8) for cell in range(0xA1, 0xFF) for part in (row, cell))
    cells = (*range(0x40, 0x7F), *range(0xA1, 0xFF))
    traditional = bytes(part for row in range(0xA4, 0xC7) for cell in cells for part in (row, cell))
    return frozenset(simplified.decode("gb2312", "ignore")) | frozenset(traditional.decode("big5", "ignore"))


def _believable(content: bytes, name: str) -> tuple[float, str]:
    """Return how well a Chinese encoding explains a text, from 0, and the text; none if its last character is cut."""
    try:
        text = whole = content.decode(name)
    except UnicodeDecodeError as error:
        if error.start < len(content) - 3:
            return 0.0, ""
        whole, text = "", content[: error.start].decode(name)
    sample = text[:_SAMPLE]
    wide = [character for character in sample if not character.isascii()]
    if not wide or _STRANGE.search(text) or len(_KANA.findall(sample)) > _KANA_SHARE * len(wide):
        return 0.0, ""
    known = _everyday()
    everyday = sum(character in known or character in _PUNCTUATION for character in wide) / len(wide)
    common = _commonness(sample) if len(_HAN.findall(sample)) >= _LEAST_HAN else 0.0
    if everyday < _EVERYDAY or common < _COMMON_SHARE:
        return 0.0, ""
    return everyday * common, whole


def _is_neighbour(content: bytes) -> bool:
    """Return whether the bytes are Japanese or Korean, whose old encodings use the same pairs as the Chinese ones."""
    for name, script, share in (("euc_jp", _KANA, 0.2), ("euc_kr", _HANGUL, 0.95)):
        try:
            text = content[:_SAMPLE].decode(name)
        except UnicodeDecodeError as error:
            if error.start < min(len(content), _SAMPLE) - 3:
                continue
            text = content[: error.start].decode(name)
        letters = [character for character in text if not character.isascii() and character.isalpha()]
        if letters and len(script.findall(text)) >= share * len(letters):
            return True
    return False


def _western(content: bytes) -> str:
    """Return the text if it is Latin script with a few accents; anything else stays undecided."""
    high = sum(byte >= 0x80 for byte in content)
    if high > 0.15 * len(content):
        return ""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from charset_normalizer import from_bytes
    best = from_bytes(content, cp_isolation=["cp1252", "latin_1", "cp1250", "iso8859_15"]).best()
    # Most languages of the West need the first; what it turns into signs amid words is Central European.
    for name in ("cp1252", best.encoding if best is not None else "cp1250", "cp1250"):
        try:
            text = content.decode(name)
        except UnicodeDecodeError:
            continue
        if _is_western(text):
            return text
    return ""


def _is_western(text: str) -> bool:
    # Accented letters stand within words, and signs alone; pairs of them are halves of another script's characters.
    signs = _WESTERN_SIGNS + _WESTERN_QUOTES
    odd = any(not (c.isascii() or c.islower() or c.isupper() or c in signs) for c in text)
    return not (odd or _UNLIKELY.search(text)) and all(_is_word(run) for run in _ACCENTED.findall(text))


def _is_word(run: str) -> bool:
    return len(run) > 1 if any(character.isascii() for character in run) else run in _ALONE
