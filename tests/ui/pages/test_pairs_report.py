from agent.records.base import Language
from tests.ui.pages.pairs_project import make_pair
from tools.dataset_report.measure import measure
from ui.pages.pairs_report import heat_map, html

NASTY = "<img src=x onerror=alert(1)>"


def test_the_report_is_told_in_both_languages_and_escaped() -> None:
    pairs = [
        make_pair("p1", "", "", "Who built the yard?", "Ann"),
        make_pair("p2", "", "", NASTY, NASTY, status="rejected", reason=NASTY),
    ]
    made = measure("pumps", pairs, [], {"a": NASTY}, frozenset())
    said: dict[Language, str] = {"en": "Error rate", "zh": "错误率"}
    for lang, words in said.items():
        text = html(made, lang)
        assert words in text
        assert NASTY not in text
        assert "&lt;img" in text
    assert "ds-shade" not in heat_map(made, "en")
