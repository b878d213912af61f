"""The texts that the labelled pairs were made from: shared data where it is at hand, and the example company.

text_of("cmrc", 12)                      # a passage
text_of("ntsb", "20071229X02007")        # the first page of a report, white space runs as one space
"""

import json
from functools import cache
from pathlib import Path

DATA = Path(__file__).resolve().parents[5] / "shared" / "data"
COMPANY = Path(__file__).resolve().parents[4] / "knowledge" / "company" / "sources"
ABSENT = f"needs {DATA.name} beside the project"


@cache
def _squad(name):
    return json.loads((DATA / name).read_text(encoding="utf-8"))["data"]


@cache
def text_of(source, document):
    """Return the text that a pair's offsets count in."""
    match source:
        case "covidqa":
            return _squad("covidqa_dev.json")[document]["paragraphs"][0]["context"]
        case "cmrc":
            return _squad("cmrc_trial.json")[document]["paragraphs"][0]["context"]
        case "ntsb":
            return _report(document)
        case "company":
            text = (COMPANY / f"{document}.md").read_text(encoding="utf-8")
            return text.split("---\n", 2)[2].lstrip()
    raise ValueError(source)


@cache
def title_of(source, document):
    """Return what the document is called, as reading would have it."""
    match source:
        case "covidqa":
            return text_of(source, document).lstrip().split("\n", 1)[0]
        case "cmrc":
            return _squad("cmrc_trial.json")[document]["title"]
        case "ntsb":
            return "Aviation Accident Report"
        case _:
            return text_of(source, document).split("\n", 1)[0].lstrip("# ")


def _report(name):
    import pypdfium2

    pdf = pypdfium2.PdfDocument(DATA / "ntsb" / f"{name}.pdf")
    text = pdf[0].get_textpage().get_text_range()
    pdf.close()
    return " ".join(text.split())
