"""Seeded sentences with personal data, and look-alikes without any; made from the rules of the numbers, not by the
finder's own code."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import NamedTuple


class Item(NamedTuple):
    kind: str
    text: str
    value: str
    language: str


def digits(draw: random.Random, count: int, first: str = "0123456789") -> str:
    return draw.choice(first) + "".join(draw.choices("0123456789", k=count - 1))


def luhn(head: str) -> str:
    for last in "0123456789":
        total = 0
        for place, digit in enumerate(reversed(head + last)):
            value = int(digit) * (2 if place % 2 else 1)
            total += value - 9 if value > 9 else value
        if total % 10 == 0:
            return head + last
    raise ValueError(head)


def resident_id(draw: random.Random) -> str:
    region = draw.choice(("110105", "310115", "440106", "510104", "330108", "420106", "370202", "610113"))
    day = f"{draw.randint(1945, 2008)}{draw.randint(1, 12):02d}{draw.randint(1, 28):02d}"
    head = f"{region}{day}{draw.randint(1, 999):03d}"
    total = sum(int(d) * (2 ** (17 - i) % 11) for i, d in enumerate(head))
    rest = (12 - total % 11) % 11
    return head + ("X" if rest == 10 else str(rest))


def iban(draw: random.Random) -> str:
    country, body = draw.choice(
        (
            ("DE", digits(draw, 18)),
            ("GB", draw.choice(("NWBK", "WEST", "BARC")) + digits(draw, 14)),
            ("FR", digits(draw, 10) + "".join(draw.choices("0123456789ABCDEF", k=11)) + digits(draw, 2)),
            ("NL", draw.choice(("ABNA", "INGB")) + digits(draw, 10)),
            ("ES", digits(draw, 20)),
            ("CH", digits(draw, 17)),
        )
    )
    number = "".join(str(int(c, 36)) for c in f"{body}{country}00")
    return f"{country}{98 - int(number) % 97:02d}{body}"


def card(draw: random.Random) -> str:
    head, length = draw.choice(
        (("4", 16), ("51", 16), ("55", 16), ("37", 15), ("6011", 16), ("622202", 19), ("35", 16))
    )
    if head == "35":
        head = "3530"
    return luhn(head + "".join(draw.choices("0123456789", k=length - 1 - len(head))))


def in_groups(number: str, size: int, by: str) -> str:
    return by.join(number[at : at + size] for at in range(0, len(number), size))


def email(draw: random.Random) -> str:
    name = draw.choice(("li.wei", "anna_b", "j.o.smith", "zhang33", "support+eu", "Max-Mustermann", "q7"))
    host = draw.choice(("example.com", "mail.example.co.uk", "firma.de", "qq.com", "163.com", "pku.edu.cn", "abc-d.io"))
    return f"{name}{draw.randint(0, 99) or ''}@{host}"


def english_phone(draw: random.Random) -> str:
    a, b, c = digits(draw, 3, "23456789"), digits(draw, 3, "23456789"), digits(draw, 4)
    forms = (
        f"+1 {a} {b} {c}",
        f"+1-{a}-{b}-{c}",
        f"({a}) {b}-{c}",
        f"{a}-{b}-{c}",
        f"{a}.{b}.{c}",
        f"+44 20 7{digits(draw, 3)} {c}",
        f"+44 (0)20 7{digits(draw, 3)} {c}",
        f"020 7{digits(draw, 3)} {c}",
        f"07{digits(draw, 3)} {digits(draw, 6)}",
        f"+49 30 {digits(draw, 8, '123456789')}",
        f"+33 6 {digits(draw, 2)} {digits(draw, 2)} {digits(draw, 2)} {digits(draw, 2)}",
        f"0{draw.randint(1, 5)} {digits(draw, 2)} {digits(draw, 2)} {digits(draw, 2)} {digits(draw, 2)}",
        f"+91 9{digits(draw, 4)} {digits(draw, 5)}",
        f"+81-90-{digits(draw, 4)}-{digits(draw, 4)}",
        f"0049 89 {digits(draw, 7, '123456789')}",
    )
    return draw.choice(forms)


def chinese_phone(draw: random.Random) -> str:
    mobile = draw.choice(("130", "138", "139", "147", "150", "159", "166", "177", "186", "188", "191", "199"))
    rest = digits(draw, 8)
    fixed = draw.choice(("010", "021", "020", "0755", "0571", "028"))
    forms = (
        mobile + rest,
        f"{mobile} {rest[:4]} {rest[4:]}",
        f"{mobile}-{rest[:4]}-{rest[4:]}",
        f"+86 {mobile}{rest}",
        f"+86-{mobile}-{rest[:4]}-{rest[4:]}",
        f"(+86){mobile}{rest}",
        f"0086 {mobile}{rest}",
        f"{fixed}-{digits(draw, 8, '2345678')}",
        f"({fixed}){digits(draw, 8, '2345678')}",
        f"（{fixed}）{digits(draw, 8, '2345678')}",
        f"+86 {fixed[1:]} {digits(draw, 4, '2345678')} {digits(draw, 4)}",
        "".join(chr(ord(d) + 0xFEE0) for d in mobile + rest),
    )
    return draw.choice(forms)


def ssn(draw: random.Random) -> str:
    area = draw.choice([n for n in range(1, 900) if n != 666])
    return f"{area:03d}-{draw.randint(1, 99):02d}-{draw.randint(1, 9999):04d}"


def ip(draw: random.Random) -> str:
    if draw.random() < 0.3:
        return (
            draw.choice(("2001:db8", "fe80", "2a02:8108"))
            + f"::{draw.randint(1, 0xFFFF):x}:{draw.randint(1, 0xFFFF):x}"
        )
    return ".".join(
        str(n) for n in (draw.randint(20, 223), draw.randint(0, 255), draw.randint(0, 255), draw.randint(1, 254))
    )


def passport(draw: random.Random) -> str:
    return draw.choice(
        (f"E{digits(draw, 8)}", f"G{digits(draw, 8)}", f"EA{digits(draw, 7)}", digits(draw, 9), f"C{digits(draw, 7)}")
    )


_ENGLISH: dict[str, tuple[Callable[[random.Random], str], tuple[str, ...]]] = {
    "email": (email, ("Please write to {} before Friday.", "Contact: {}", "({}) is the address of the clerk.", "<{}>")),
    "phone": (
        english_phone,
        ("Call {} after nine.", "Phone: {}", "You can reach her on {}, or not at all.", "{} is his number."),
    ),
    "ssn": (ssn, ("SSN: {}", "Her social security number is {}.", "The form shows {} in box 3.")),
    "iban": (iban, ("Pay to {}.", "IBAN {} at the branch", "The account is {}, in euros.")),
    "card": (card, ("Card {} was charged.", "He paid with {}.", "Visa or not, {} expires in May.")),
    "passport": (passport, ("Passport no. {}", "passport number: {}", "His passport ({}) was lost.")),
    "ip": (ip, ("Logged in from {} at night.", "The host {} did not answer.", "client {} - GET /index")),
}
_CHINESE: dict[str, tuple[Callable[[random.Random], str], tuple[str, ...]]] = {
    "email": (email, ("请发邮件至{}联系。", "邮箱：{}", "联系人的电子邮箱是{}，请勿外传。")),
    "phone": (
        chinese_phone,
        ("电话：{}", "请拨打{}咨询。", "联系人王芳，{}", "手机号{}已登记。", "如有问题请致电{}。"),
    ),
    "resident_id": (resident_id, ("身份证号：{}", "其公民身份号码为{}。", "证件{}已核对", "（{}）是他的号码。")),
    "card": (card, ("银行卡号：{}", "请汇款至{}，开户行工商银行。", "卡号{}已挂失。")),
    "iban": (iban, ("境外账户为{}。", "收款账号：{}")),
    "passport": (passport, ("护照号：{}", "持护照{}入境。", "护照号码为{}，有效期十年。")),
    "ip": (ip, ("登录地址为{}。", "来自{}的请求被拒绝。", "服务器IP：{}")),
}
_LOOK_ALIKES = (
    "Part number {d3}-{d3}-{d4} replaces P/N {d3}-{d2}-{d4}.",
    "Order no. {d11} was shipped on 12.03.2024.",
    "The NTSB report CEN{d2}FA{d3} describes accident WPR{d2}LA{d3}B.",
    "Serial number 4{d15} is engraved on the housing.",
    "It costs 1,299,000 dollars, or 12 345 678 yen.",
    "Version 10.2.14.3 of the firmware, released 2023-11-05 14:30:22.",
    "Section 4.12.3.2 says that {d3}.{d2} litres are enough.",
    "The flight was at 12,500 feet, 250 knots, on 2019-07-14 at 16:45:10.",
    "ISBN 978-3-16-148410-0 and DOI 10.1371/journal.pone.{d7}.",
    "Torque 35 ± 2 Nm, 1013.25 hPa, -40 to +125 degrees, +15 250 300 units.",
    "Model GX-{d4}-{d3}, batch {d8}, lot 20240312-07.",
    "Coordinates 34.052235, -118.243683; elevation 1234 5678.",
    "N{d4}K, a Cessna 172S, serial 172S{d5}.",
    "SHA-1 da39a3ee5e6b4b0d3255bfef95601890afd80709 and id 5f3e{d8}ab.",
    "The score was 3-2-1-4 and the ratio 16:9:4.",
    "icon@2x.png and git@host.example:team/repo.git are no addresses.",
    "订单号：{d11}，数量 1200，单价 39.90 元。",
    "型号 ZX-{d4}-{d4}，批号{d8}，序列号 {d12}。",
    "合同号：HT-2023-{d4}-{d4}，签订于2023年10月12日。",
    "运单号 {d13}，快递单号{d12}。",
    "第3.2.14.1条规定，压力为0.35兆帕，温度-40至+85摄氏度。",
    "标准号 GB/T 19001-2016，图号 {d3}-{d2}-{d5}。",
    "编号{d18}的零件已停产，库存1 234 567件。",
    "统计期为20230101至20231231，共计12345678元。",
    "版本 2.10.33.7，发布于2024-05-06 08:15:33。",
)


def personal(count: int, seed: int = 0) -> list[Item]:
    """Return sentences with one piece of personal data each, half of them Chinese."""
    draw = random.Random(seed)
    items = []
    for number in range(count):
        language, kinds = ("zh", _CHINESE) if number % 2 else ("en", _ENGLISH)
        kind = list(kinds)[number // 2 % len(kinds)]
        make, frames = kinds[kind]
        value = make(draw)
        if kind in ("card", "iban") and draw.random() < 0.5 and len(value) != 15:
            value = in_groups(value, 4, draw.choice((" ", "-") if kind == "card" else (" ",)))
        items.append(Item(kind, draw.choice(frames).format(value), value, language))
    return items


def look_alikes(count: int, seed: int = 0) -> list[str]:
    """Return sentences with numbers that are nobody's."""
    draw = random.Random(seed)
    return [
        _LOOK_ALIKES[number % len(_LOOK_ALIKES)].format(**{f"d{n}": digits(draw, n) for n in range(2, 19)})
        for number in range(count)
    ]
