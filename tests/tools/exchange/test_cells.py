import csv
import io
import random

import openpyxl
import pytest

from tests.tools.test_pairs import pair
from tools.exchange.cells import bare, guarded, is_formula
from tools.exchange.writing import write_pairs

STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠", "﹦", "−")
BLANKS = (" ", "\u00a0", "\u3000", "\ufeff", "\u200b", "\u202e", "'", '"', "\x0b")
BODIES = ("1+1", "cmd|' /C calc'!A0", 'HYPERLINK("http://x.example","a")', "SUM(1+9)*2", "5", "", "安", 'DDE("c";"x")')
PLAIN = ("12 bar", "安", "a=b", "3-4", "", "“=1”", "1e5", "#N/A", "'quoted'", "it's")


def cells(count, seed=0):
    draw = random.Random(seed)
    for number in range(count):
        if number % 5 == 4:
            yield draw.choice(PLAIN)
        else:
            blanks = "".join(draw.choices(BLANKS, k=draw.choice((0, 0, 0, 1, 2))))
            yield blanks + draw.choice(STARTS) + draw.choice(BODIES)


def live(text):
    """Tell, by rules of its own, whether a spreadsheet could run a cell: what a reader drops is dropped first."""
    for dropped in ("", " \u00a0\u3000\ufeff\u200b\u202e\x0b", ' \u00a0\u3000\ufeff\u200b\u202e\x0b"'):
        if text.strip(dropped or None).startswith(tuple("=+-@＝＋－＠﹦−")) or text[:1] in ("\t", "\r", "\n", "\0"):
            return True
    return False


def test_none_of_10_000_cells_is_live_in_csv_and_in_xlsx_and_all_come_back(tmp_path):
    texts = [text.replace("\0", "\t").replace("\x0b", " ") for text in cells(10_000)]
    pairs = [pair(f"p{n}", f"q{n}", "a").model_copy(update={"quote": text}) for n, text in enumerate(texts)]
    assert sum(map(live, texts)) > 6500
    write_pairs(pairs, tmp_path / "out.csv", "csv", overwrite=False)
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        rows = [row["quote"] for row in csv.DictReader(file)]
    assert not [text for text in rows if live(text)]
    assert [bare(text) for text in rows] == texts
    write_pairs(pairs, tmp_path / "out.xlsx", "xlsx", overwrite=False)
    sheet = openpyxl.load_workbook(tmp_path / "out.xlsx")["pairs"]
    found = [cell for row in sheet.iter_rows(min_row=2) for cell in row]
    assert len(found) == 100_000
    assert not [cell for cell in found if cell.data_type == "f" or live(str(cell.value or ""))]


def test_control_characters_are_guarded_too():
    for text in cells(10_000, seed=1):
        assert not live(guarded(text))
        assert bare(guarded(text)) == text


@pytest.mark.parametrize("text", PLAIN)
def test_plain_cells_stay_as_they_are(text):
    assert guarded(text) == text
    assert not is_formula(text)


def test_numbers_and_nothing():
    assert guarded(-5) == "'-5"
    assert guarded(None) == ""
    assert bare(None) == ""
    assert next(csv.reader(io.StringIO(guarded("=1")))) == ["'=1"]
