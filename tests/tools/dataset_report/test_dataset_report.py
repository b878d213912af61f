import json
import re
from typing import get_args

import pytest
import yaml

from agent.errors import EmptyError
from agent.progress import Silent
from agent.prompts.dataset import name_in
from agent.records.base import Language
from agent.records.corpus import Chunk
from agent.records.dataset import DatasetReport
from agent.records.pairs import Message, Pair, PairKind, PairSource, Split
from agent.settings import Settings
from knowledge.files import read_record
from tests.tools.extraction.corpus import corpus, project_with
from tools.dataset_report.markdown import card_markdown, cell, report_markdown, shade, size_category
from tools.dataset_report.measure import diversity, measure, spread
from tools.dataset_report.run import dataset_report, write_report
from tools.extraction.request import ExtractRequest
from tools.extraction.run import extract
from tools.pairs import accept, edit, load_pairs, reject


def pair(number, question, *, document="a", start=0, kind="factual", fact=None, status="accepted", reason="", **more):
    made = {
        "id": f"p{number}",
        "messages": (Message(role="user", content=question), Message(role="assistant", content="yes")),
        "document": document,
        "page": None,
        "start": start,
        "end": start + 3,
        "quote": "abc",
        "kind": kind,
        "language": "en",
        "split": "train",
        "checks": {},
        "status": status,
        "reason": reason,
        "fact": fact or f"f{number}",
    }
    return Pair(**{**made, **more})


def chunk(document, start, end, *headings):
    return Chunk(
        id=f"{document}:{start}-{end}",
        document=document,
        name=document,
        title=document.upper(),
        headings=headings,
        page=None,
        start=start,
        end=end,
        text="x" * (end - start),
        language="en",
    )


CHUNKS = [chunk("a", 0, 500, "One"), chunk("a", 500, 1000, "One"), chunk("a", 1000, 1500, "Two"), chunk("b", 0, 400)]
NAMES = {"a": "alpha.md", "b": "beta.md", "c": "gamma.md"}


def report(*pairs, held_out=()):
    return measure("pumps", pairs, CHUNKS, NAMES, frozenset(held_out))


def test_coverage_counts_sections_and_documents_with_and_without_pairs():
    made = report(
        pair(1, "Who built the yard?", start=10, fact="f"),
        pair(2, "Which man built the yard?", start=10, fact="f"),
        pair(3, "When was the hall built?", start=700),
    )
    sections = {(one.document, one.section): one for one in made.sections}
    assert (sections["a", "One"].pairs, sections["a", "One"].facts, sections["a", "One"].characters) == (3, 2, 1000)
    assert sections["a", "One"].density == 2.0
    assert sections["a", "Two"].pairs == sections["b", "B"].pairs == 0
    alpha = next(one for one in made.documents if one.document == "a")
    assert (alpha.sections, alpha.sections_covered, alpha.pairs, alpha.facts) == (2, 1, 3, 2)
    assert made.documents_without_pairs == ("beta.md", "gamma.md")
    assert report(pair(1, "Q?"), held_out=("b",)).documents_without_pairs == ("gamma.md",)
    assert made.wordings_per_fact == 1.5


def test_repeats_are_near_questions_on_other_facts_only():
    same = report(
        pair(1, "What is the flow of the Wren pump?", fact="f"), pair(2, "what is the flow of the Wren pump", fact="f")
    )
    other = report(pair(1, "What is the flow of the Wren pump?"), pair(2, "what is the flow of the Wren pump"))
    assert same.repeats.pairs == 0
    assert (other.repeats.pairs, other.repeats.share) == (2, 1.0)
    assert other.repeats.samples[0] == ("p1", "p2")


def test_imbalance_is_over_ten_to_one():
    even = report(*(pair(n, f"Q {n}?", kind="numeric" if n % 2 else "factual") for n in range(22)))
    odd = report(*(pair(n, f"Q {n}?", kind="numeric" if n else "factual") for n in range(12)))
    assert even.imbalance == ()
    assert [(one.by, one.largest, one.smallest, one.ratio) for one in odd.imbalance] == [
        ("kind", "numeric", "factual", 11.0)
    ]


def test_the_error_rate_comes_from_drawn_pairs_with_its_interval():
    looked = [pair(n, f"Q {n}?", reviewed=True, edited=n == 0) for n in range(19)]
    wrong = pair(99, "Q?", status="rejected", reason="wrong", reviewed=True)
    check = report(*looked, wrong, pair(100, "Unseen?")).spot_check
    assert (check.reviewed, check.wrong, check.rate) == (20, 2, 0.1)
    assert check.low == pytest.approx(0.028, abs=0.001)
    assert check.high == pytest.approx(0.301, abs=0.001)
    assert check.sample == ("p100",)
    assert report(pair(1, "Q?")).spot_check.rate is None


def test_rejects_are_told_by_reason_with_samples():
    pairs = [
        pair(n, f"Q {n}?", status="rejected", reason="length: question or answer is too short or too long")
        for n in range(5)
    ]
    made = report(*pairs, pair(9, "Q?", status="rejected", reason="not ours"))
    assert [(one.reason, one.count, len(one.samples)) for one in made.rejects] == [("length", 5, 3), ("not ours", 1, 1)]
    assert "问题或答案过短或过长" in report_markdown(made, "zh")


def test_diversity_and_lengths():
    same, varied = diversity(["What is it?"] * 4), diversity(["What is it?", "Who built this?", "When was that?"])
    assert same.distinct_2 < varied.distinct_2
    assert (same.commonest_opening, same.openings) == (1.0, {"what is": 4})
    assert diversity(["装置有多重？"]).openings == {"装置有多": 1}
    assert diversity([]).n == 0
    assert (spread([1, 2, 3, 4, 100]).median, spread([1, 2, 3, 4, 100]).longest) == (3, 100)
    assert spread([]).n == 0


@pytest.mark.parametrize(("density", "expected"), [(0, 0), (0.1, 1), (5, 2), (10, 4)])
def test_shades_go_with_density(density, expected):
    assert shade(density, 10) == expected


def test_names_of_documents_cannot_leave_their_cell():
    made = measure("p|x", [pair(1, "<b>Q</b>?")], CHUNKS, {"a": "a | b\n# c.md"}, frozenset())
    lines = [line for line in report_markdown(made, "en").split("\n") if "a \\| b" in line]
    assert lines
    assert cell("<script>") == "\\<script\\>"
    assert "\n# c" not in report_markdown(made, "en")


def test_a_real_project_gets_report_card_and_pairs(tmp_path):
    project = project_with(tmp_path, corpus())
    with pytest.raises(EmptyError, match="no pairs"):
        dataset_report(project)
    extract(project, Settings(extraction_model="rules"), ExtractRequest(), Silent())
    first, second, third = dataset_report(project).spot_check.sample[:3]
    accept(project, [first])
    reject(project, [second], "unclear")
    edit(project, third, answer="other")
    drawn = {first, second, third, *dataset_report(project).spot_check.sample}
    chosen = next(one.id for one in load_pairs(project) if one.id not in drawn)
    reject(project, [chosen], "looked for on purpose")
    made = dataset_report(project)
    assert made.spot_check.reviewed == 3
    assert made.pairs == sum(made.kinds.values()) == sum(made.splits.values())
    assert sum(one.held_out for one in made.documents) >= 1
    written = write_report(project, made, tmp_path / "out", "zh", licence="apache-2.0")
    assert read_record(tmp_path / "out" / "dataset.json", DatasetReport) == written
    card = (tmp_path / "out" / "README.md").read_text()
    front = yaml.safe_load(card.split("---")[1])
    assert front["license"] == "apache-2.0"
    assert front["language"] == ["en", "zh"]
    assert front["size_categories"] == ["n<1K"]
    assert "数据集" in card
    lines = (tmp_path / "out" / "pairs.jsonl").read_text().splitlines()
    assert len(lines) == made.pairs
    assert {json.loads(line)["status"] for line in lines} == {"accepted"}
    assert dataset_report(project) == made


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_report_and_card_speak_both_languages(lang):
    made = report(
        pair(1, "Who built the yard?", reviewed=True), pair(2, "What now?", status="rejected", reason="unclear")
    )
    text = report_markdown(made, lang)
    assert ("Error rate" in text) == (lang == "en")
    assert ("错误率" in text) == (lang == "zh")
    assert card_markdown(made, lang).startswith("---\npretty_name: pumps\n")


def test_groups_have_names_in_the_language_of_the_report():
    pairs = [pair(n, f"Q {n}?", kind="multi_hop" if n else "factual", source="import") for n in range(12)]
    text = report_markdown(report(*pairs), "zh")
    for told in (
        "| 跨句 | 11 |",
        "| 导入 | 12 |",
        "| 英文 | 12 |",
        "| 训练 | 12 |",
        "跨句的问答数是事实的11倍",
        "英文：12个问题",
    ):
        assert told in text
    english = report_markdown(report(*pairs), "en")
    assert "| two sentences | 11 |" in english
    assert not any(raw in english for raw in ("multi_hop", "| import |", "| en |", "| train |"))


def test_every_kind_source_and_split_has_a_name_in_both_languages():
    known = (("kind", PairKind), ("source", PairSource), ("split", Split), ("language", Language))
    for by, kinds in known:
        for name in get_args(kinds):
            assert re.search("[一-鿿]", name_in(by, name, "zh")), name


@pytest.mark.parametrize(("pairs", "expected"), [(10, "n<1K"), (5_000, "1K<n<10K"), (2_000_000, "1M<n<10M")])
def test_sizes_have_the_hubs_names(pairs, expected):
    assert size_category(pairs) == expected
