"""Encodings told from the bytes alone: right or refused, never wrong; measured on generated text of many lengths."""

from __future__ import annotations

import random

import pytest

from knowledge.ingest.encoding import declared_text, decode
from knowledge.ingest.parsed import UnreadableError

SIMPLIFIED = (
    "本手册说明设备的安装和使用方法。",
    "请在开机之前检查电源和水压。",
    "如果指示灯变成红色，应该马上关闭阀门。",
    "公司的技术人员每年对产品进行两次维护。",
    "水泵的额定流量为每小时四十六升，重量是十二千克。",
    "型号A-12的保修期为24个月，不包括滤芯。",
    "他说这个问题已经解决了，可是没有人相信。",
    "北京市和上海市的用户可以直接联系当地的服务部门。",
    "温度超过60度时，系统会自动停止工作并发出声音。",
)
TRADITIONAL = (
    "本手冊說明設備的安裝和使用方法。",
    "請在開機之前檢查電源和水壓。",
    "如果指示燈變成紅色，應該馬上關閉閥門。",
    "公司的技術人員每年對產品進行兩次維護。",
    "水泵的額定流量為每小時四十六升，重量是十二公斤。",
    "型號A-12的保固期為24個月，不包括濾芯。",
    "他說這個問題已經解決了，可是沒有人相信。",
    "臺北市和高雄市的用戶可以直接聯絡當地的服務部門。",
    "溫度超過60度時，系統會自動停止工作並發出聲音。",
)
OTHERS = {
    "euc_kr": "펌프는 물을 옮기는 기계입니다. 사용하기 전에 설명서를 읽어 주십시오. 필터를 청소하십시오. ",
    "euc_jp": "ポンプは水を移動させる機械です。使用前に必ず説明書をお読みください。電源を切り、清掃してください。",
    "shift_jis": "ポンプは水を移動させる機械です。使用前に必ず説明書をお読みください。電源を切り、清掃してください。",
    "cp1251": "Насос перекачивает воду. Перед использованием прочитайте инструкцию. Выключите питание. ",
    "iso8859-7": "Η αντλία μεταφέρει νερό. Διαβάστε το εγχειρίδιο πριν από τη χρήση. ",
}


def samples(sentences: tuple[str, ...], length: int, count: int = 40) -> list[str]:
    chance = random.Random(length)
    found = []
    for _ in range(count):
        text = "".join(chance.choice(sentences) for _ in range(3 + length // 10))
        start = chance.randrange(20)
        found.append(text[start : start + length])
    return found


def tried(texts: list[str], encoding: str, cut: int = 0) -> tuple[int, int, list[str]]:
    """Return how many were right and refused, and the wrong ones."""
    right = refused = 0
    wrong = []
    for text in texts:
        content = text.encode(encoding)
        try:
            found = decode(content[: len(content) - cut])
        except UnreadableError:
            refused += 1
            continue
        if found == text or (cut and text.startswith(found)):
            right += 1
        else:
            wrong.append(found)
    return right, refused, wrong


@pytest.mark.parametrize("length", [6, 10, 20, 50, 200, 3000])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be", "gb18030", "gbk", "big5"])
def test_chinese_is_right_or_refused(encoding: str, length: int) -> None:
    texts = samples(TRADITIONAL if encoding == "big5" else SIMPLIFIED, length)
    right, _, wrong = tried(texts, encoding)
    assert wrong == []
    assert right >= {6: 0.5, 10: 0.6, 20: 0.85}.get(length, 1.0) * len(texts)


@pytest.mark.parametrize("cut", [1, 2, 3])
@pytest.mark.parametrize("length", [10, 50, 500])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "gb18030", "big5"])
def test_a_text_cut_short_is_the_beginning_of_itself_or_refused(encoding: str, length: int, cut: int) -> None:
    texts = samples(TRADITIONAL if encoding == "big5" else SIMPLIFIED, length)
    assert tried(texts, encoding, cut)[2] == []


@pytest.mark.parametrize("length", [10, 20, 60, 400])
@pytest.mark.parametrize("encoding", OTHERS)
def test_other_scripts_are_refused(encoding: str, length: int) -> None:
    right, refused, wrong = tried(samples((OTHERS[encoding],), length), encoding)
    assert (right, wrong) == (0, [])
    assert refused


def test_traditional_text_in_a_simplified_encoding() -> None:
    texts = samples(TRADITIONAL, 200)
    assert tried(texts, "gb18030") == (len(texts), 0, [])


@pytest.mark.parametrize(
    ("text", "name", "found"),
    [
        ("水泵", "gb2312", "水泵"),
        ("水泵", "utf-8", "水泵"),
        ("Café", "latin-1", "Café"),
        ("Café", "no-such", ""),
        ("Café", "hex", ""),
        ("Café", "unicode_escape", ""),
    ],
)
def test_a_declared_encoding_is_believed_if_it_can_be_right(text: str, name: str, found: str) -> None:
    encoding = name if name in ("gb2312", "utf-8", "latin-1") else "latin-1"
    assert declared_text(text.encode(encoding), name) == found


def test_what_declares_a_single_byte_encoding_and_is_utf8() -> None:
    assert declared_text("Grüße".encode(), "iso-8859-1") == "Grüße"
    assert declared_text("水泵".encode("utf-16"), "utf-8") == ""
    assert declared_text(b"a\x81b", "iso-8859-1") == ""


def test_a_cut_character_is_named() -> None:
    with pytest.raises(UnreadableError, match="cut short"):
        decode("".join(SIMPLIFIED).encode("gb18030")[:-2] + b"\xd6")


@pytest.mark.parametrize(
    "text",
    ["Grüße aus Zürich, naïve café à la carte.\n", "El señor Núñez pagó 12 € por la bomba y dijo que está bien.\n"],
)
def test_western_text(text: str) -> None:
    assert decode(text.encode("cp1252")) == text


def test_central_european_text() -> None:
    text = "Pompa jest podłączona do sieci i pracuje bez przerwy od rana do nocy.\n"
    assert decode(text.encode("cp1250")) == text
