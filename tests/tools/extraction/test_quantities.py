import pytest

from tools.extraction.quantities import plain, quantities


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("twenty-seven countries", [("27", "")]),
        ("a 40-foot wide runway", [("40", "foot")]),
        ("58.42±3.46 ng/mL", [("58.42", "ng/ml"), ("3.46", "ng/ml")]),
        ("1,500-foot strip", [("1500", "foot")]),
        ("within 1 day or 25 minutes", [("1", "day"), ("25", "minute")]),
        ("≥100.4°F", [("100.4", "fahrenheit")]),
        ("model P45 and HAdV-55", []),
        ("(50) patients", [("50", "")]),
        ("近40万名会员", [("400000", "")]),
        ("百分之四点五", [("4.5", "percent")]),
        ("一比二十五配制", [("1", ""), ("25", "")]),
        ("两百元", [("200", "yuan")]),
        ("每分钟86转，0.45兆帕", [("86", ""), ("0.45", "mpa")]),
        ("2.50 euros", [("2.5", "euro")]),
        ("一百九十六千克", [("196", "kg")]),
        ("大家一起工作，唯一的要求", []),
        ("three hundred kg", [("300", "kg")]),
    ],
)
def test_numbers_and_units(text, expected):
    assert [(one.value, one.unit) for one in quantities(text)] == expected


def test_plain_text_has_one_form_of_everything():
    assert plain("“Ａ”—twelve，两") == '"A"-12, 2'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("阔1.5-4厘米", [("1.5", "cm"), ("4", "cm")]),
        ("13.75 to 99.30 µM", [("13.75", "uM"), ("99.3", "uM")]),
        ("IC(50) of 9 nM and Ca(2+)", [("9", "nM")]),
        ("48·0% and 5.7-fold", [("48", "percent"), ("5.7", "fold")]),
        ("20 μl, 20 ml and 20 mm", [("20", "ul"), ("20", "ml"), ("20", "mm")]),
        ("一行共计15人，哪一年", [("15", "")]),
    ],
)
def test_ranges_codes_and_units_of_the_laboratory(text, expected):
    assert [(number.value, number.unit) for number in quantities(text)] == expected
