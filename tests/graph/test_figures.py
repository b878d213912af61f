"""No invented figures: what counts as shown, what is no figure, and that a stream shows what the reply says."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.figures import Checked, CheckedStream, checked, known_figures, units


@pytest.mark.parametrize(
    ("reply", "shown"),
    [
        pytest.param("No figure at all.", "", id="words"),
        pytest.param("It is 12 bar.", "The rated pressure is 12 bar.", id="as shown"),
        pytest.param("It is 73%.", '{"mean": 0.7342}', id="a fraction as a share"),
        pytest.param("It is 73.4%.", '{"mean": 0.7342}', id="with a decimal"),
        pytest.param("It is 0.73.", "73%", id="a share as a fraction"),
        pytest.param("Loss fell to 2.35.", "loss 2.3456", id="rounded"),
        pytest.param("8 points better", "difference 0.08", id="points"),
        pytest.param("2,000 manuals", "2000 manuals", id="thousands"),
        pytest.param("2000 manuals", "2k manuals", id="k"),
        pytest.param("20,000 words", "2万字", id="万"),
        pytest.param("两千份手册", "2,000 manuals", id="Chinese numerals"),
        pytest.param("百分之三十，也就是三成", "30%", id="Chinese shares"),
        pytest.param("thirty percent", "0.3", id="English words"),
        pytest.param("９５％", "95%", id="full width"),
        pytest.param("a rate of 1e-4", '"learning_rate": 0.0001', id="power of ten"),
        pytest.param("120 of 5,300", "[5,120,300] 5,300", id="a list without blanks"),
        pytest.param("One, 2 or 3 ways.", "", id="small counts"),
        pytest.param("1. read\n2. pair\n4. mix\n12) tune", "", id="numbers of a list"),
        pytest.param("④ 评测\n第5步：诊断\n5、导出", "", id="numbers of a Chinese list"),
        pytest.param("Step 4 of the plan, option 5.", "", id="steps"),
        pytest.param("第二十一步，十分好，万一不行", "", id="Chinese words that are no figures"),
        pytest.param("An A800 with Qwen2.5-7B in 4-bit, fp16, recall@5, run-0004", "", id="names"),
        pytest.param("4 位量化", "", id="bits in Chinese"),
        pytest.param("9" * 60, "9" * 60, id="far too long a number"),
        pytest.param("1e99", "1e99", id="far too large a number"),
        pytest.param("on 2026-11-22", "at 2026-11-22T10:00", id="a date"),
        pytest.param("version 3.1.4", "3.1.4", id="a version"),
        pytest.param("It is 4\nk is a key.", "It is 4\nk is a key.", id="no unit from the next line"),
    ],
)
def test_what_may_be_said(reply: str, shown: str) -> None:
    assert checked(reply, [shown]) == Checked(reply, ())


@pytest.mark.parametrize(
    ("reply", "shown", "unknown"),
    [
        pytest.param("It is 72.9%.", "0.734", ("72.9%",), id="near is not shown"),
        pytest.param("It is 74%.", "0.734", ("74%",), id="badly rounded"),
        pytest.param("Only 2% fail.", "2 documents fail", (), id="a count as a share"),
        pytest.param("Only 2% fail.", "nothing", ("2%",), id="a small share is a figure"),
        pytest.param("0.3 of them", "3 of them", ("0.3",), id="a tenth of it"),
        pytest.param("95) is the score", "", ("95",), id="no list is that long"),
        pytest.param("It took 5 k steps", "5 steps", ("5 k",), id="a thousand times as much"),
        pytest.param("百分之九十五", "", ("百分之九十五",), id="Chinese share"),
        pytest.param("共四十条", "", ("四十",), id="Chinese number"),
        pytest.param("提高了六成", "", ("六成",), id="tenths"),
        pytest.param("ninety five percent", "", ("ninety five percent",), id="English words"),
        pytest.param("done.95 items", "", ("95",), id="no blank before"),
        pytest.param("准确率95点", "", ("95",), id="no blank in Chinese"),
        pytest.param("800 GiB", "An A800", ("800",), id="a name is no figure"),
    ],
)
def test_what_may_not_be_said(reply: str, shown: str, unknown: tuple[str, ...]) -> None:
    assert checked(reply, [shown]).unknown == unknown


def test_the_sentence_goes_and_the_rest_stays() -> None:
    kept = checked(
        "Accuracy is 73%. That is 9 points up. Shall we go on?\n\n- pairs: 40\n- mix: 55\n\nFine.", ["0.734 40"]
    )
    assert kept.text == "Accuracy is 73%. Shall we go on?\n\n- pairs: 40\n\nFine."
    assert kept.unknown == ("9 points", "55")
    assert checked("准确率是七十三。好的。", ["73"]).unknown == ()
    assert checked("| arm | mean |\n|---|---|\n| base | 40% |\n| rag | 71% |", ["0.4"]).text.endswith("| base | 40% |")


def test_nothing_may_be_left() -> None:
    assert checked("It is 97%.", []).text == ""


TEXTS = st.text(alphabet="ab 1234567890.,%!?。，\n-*|第十百三%k<", max_size=80)


@settings(max_examples=300, deadline=None)
@given(TEXTS, TEXTS)
def test_units_are_the_text_and_shown_text_may_be_repeated(text: str, other: str) -> None:
    assert "".join(units(text)) == text
    assert checked(text, [text]).unknown == ()
    assert known_figures([text]) <= known_figures([text, other])


@settings(max_examples=300, deadline=None)
@given(TEXTS, st.integers(1, 7), TEXTS)
def test_a_stream_shows_no_figure_that_the_reply_may_not_say(text: str, size: int, shown: str) -> None:
    stream = CheckedStream([shown])
    pieces = [stream.more(text[at : at + size]) for at in range(0, len(text), size)]
    pieces.append(stream.more("", last=True))
    for piece in pieces:
        for unit in units(piece):
            assert checked(unit, [shown]).unknown == ()
    if not checked(text, [shown]).unknown:
        assert "".join(pieces) == text


def test_a_stream_shows_a_sentence_when_it_is_whole() -> None:
    stream = CheckedStream(["12"])
    assert stream.more("It is 1") == ""
    assert stream.more("2 bar.") == ""
    assert stream.more(" And") == "It is 12 bar."
    assert stream.more(" 13 more. Bye") == ""
    assert stream.more("", last=True) == " Bye"
