"""An answer is of the kind that its question asks for; long or hostile text is judged as fast as any."""

import time

import pytest

from tools.extraction.clauses import right_clause
from tools.extraction.fitting import fits
from tools.extraction.nearness import right_number
from tools.extraction.parallels import of_another
from tools.extraction.quantities import quantities

HOSTILE = (
    "13800138000、13900139000、13700137000均可拨打",
    "1999 2000 2001 2002 2003 2004 2005 2006 2007 2008 sales",
    "1999年" + "-" * 3000 + "x",
    "m" * 3000 + "x",
    "." * 3000 + "x",
    "1" * 3000 + "x",
    "a.m " * 1000 + "x",
    "ab, " * 1000 + "x",
    "一二三四" * 700 + "x",
    "A-1" * 1000,
    "百分之" * 1000,
    "twenty-" * 500 + "x",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_takes_long(text: str) -> None:
    start = time.thread_time()
    for language, question in (("en", "Where is the pump?"), ("zh", "砚鹤装置在什么位置？"), ("zh", "水泵在哪里？")):
        fits(question, text, language)
    quantities(text)
    for language, question in (("en", "How many wards does it have?"), ("zh", "有几名教练，在哪里？")):
        of_another(question, text[:40], text, "", language)
        right_number(question, "50", f"50, {text}", "", language)
        right_clause(question, "50", f"50, {text}", "", language)
    assert time.thread_time() - start < 10


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("1999", False),
        ("on 3 May 1999, at about 10:30 a.m.", False),
        ("12 km", False),
        ("大约30分钟", False),
        ("***", False),
        ("in the second house", True),
        ("10 Mill Lane", True),
    ],
)
def test_figures_alone_are_no_place(answer: str, right: bool) -> None:
    assert (fits("Where is the pump?", answer, "en").score == 1) is right
