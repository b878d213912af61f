"""The comparison's steps and what the page shows of them."""

from __future__ import annotations

import re
from html import escape
from html.parser import HTMLParser

import pytest

from agent.records.corpus import Answer, Chunk, Citation, Retrieved
from agent.records.evaluation import Item
from agent.records.vote import PairTally, Vote, VotedAnswer, VoteTally
from agent.settings import Settings
from tools.asking import ArmAnswered, ArmPiece, ArmStarted, Clarification
from tools.rounds import Backing, Round
from ui.pages import compare_view as view
from ui.pages import tally_view
from ui.pages.comparison import Comparison, ballot, begin, heard, narrowed, stopped, unvoted, voted

TEXT = "Above. The pump has <18> months & more. Below."
QUOTE = "The pump has <18> months & more."
SETTINGS = Settings(_env_file=None)
CHUNK = Chunk(
    id="d:100-146",
    document="d",
    name="Warranty <terms>.pdf",
    title="Warranty",
    headings=("Warranty", "Pumps"),
    page=3,
    start=100,
    end=146,
    text=TEXT,
    language="en",
)
CITED = Citation(chunk=CHUNK.id, document=CHUNK.name, page=3, quote=QUOTE)
SAID = {
    "base": Answer(text="two years", seconds=0.8, seconds_to_first_token=0.2, tokens=3),
    "rag": Answer(text="18 months", citations=(CITED,), seconds=1.9, seconds_to_first_token=0.5, tokens=4),
    "tuned": Answer(text="The documents do not say.", seconds=0.7, tokens=6, abstained=True),
    "tuned+rag": Answer(text="<script>x</script>", seconds=0.7, tokens=6, truncated=True),
}


def round_(arms=("base", "rag"), blind=False, item=""):
    return Round(
        id="c1",
        question="How long is the <pump>'s warranty?",
        language="en",
        item=item,
        arms=arms,
        blind=blind,
        seed=7 if blind else None,
        backing=Backing(base_model="builtin"),
    )


def finished(**fields) -> Comparison:
    shown = begin("pumps", round_(**fields), [Retrieved(chunk=CHUNK, score=1.0)], SETTINGS)
    for arm in shown.round.arms:
        shown = heard(shown, ArmAnswered(arm=arm, answer=SAID[arm], prompt_tokens=9))
    return shown


def vote(shown, winner="rag", **fields):
    answers = tuple(
        VotedAnswer(arm=arm, text=SAID[arm].text, sha256="", seconds=1) for arm in ballot(shown).model_copy().arms
    )
    given = {
        "id": "v1",
        "comparison": shown.round.id,
        "at": "2025-03-02T10:00:00+00:00",
        "question": shown.round.question,
        "language": "en",
        "answers": answers,
        "blind": shown.round.blind,
        "verdict": "better" if winner else "tie",
        "winner": winner,
        "base_model": "builtin",
    }
    return Vote.model_validate({**given, **fields})


class Balance(HTMLParser):
    """Finds tags that were not opened or not closed."""

    def __init__(self):
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag, attrs):
        if tag not in {"br", "input"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def whole(html: str) -> str:
    parser = Balance()
    parser.feed(html)
    assert parser.open == []
    return html


@pytest.mark.parametrize(("lang", "words"), [("en", "The nearest passages"), ("zh", "最接近的段落")])
def test_a_silent_arm_shows_where_the_documents_come_nearest(lang, words):
    silent = Answer(text="The documents do not say.", seconds=0, abstained=True)
    shown = begin("pumps", round_(arms=("rag", "tuned")), [Retrieved(chunk=CHUNK, score=1.0)], SETTINGS)
    for arm in ("rag", "tuned"):
        shown = heard(shown, ArmAnswered(arm=arm, answer=silent, prompt_tokens=0))
    rag, tuned = whole(view.columns(shown, lang)).split("</article>")[:2]
    assert words in rag
    assert escape(CHUNK.name) in rag
    assert words not in tuned


def test_columns_fill_as_the_arms_write():
    shown = begin("pumps", round_(), [Retrieved(chunk=CHUNK, score=1.0)], SETTINGS)
    assert (shown.documents, shown.finished, shown.open) == (("d",), False, False)
    assert view.progress(shown, "en") == "Waiting for the model…"
    shown = heard(shown, ArmStarted(arm="base"))
    for piece in ("two", " years"):
        shown = heard(shown, ArmPiece(arm="base", text=piece))
    assert [(c.state, c.text) for c in shown.columns] == [("writing", "two years"), ("waiting", "")]
    assert view.progress(shown, "en") == "base is writing; 0 of 2 have finished."
    assert "two years" in whole(view.columns(shown, "en"))
    halted = stopped(heard(shown, ArmAnswered(arm="base", answer=SAID["base"], prompt_tokens=9)))
    assert [c.state for c in halted.columns] == ["done", "stopped"]
    assert (halted.open, view.progress(halted, "zh")) == (False, "已停止，写出的内容保留。要投票请重新提问。")
    assert "Was not asked." in view.columns(halted, "en")


def test_documents_are_those_an_arm_read():
    assert begin("pumps", round_(arms=("base", "tuned")), [Retrieved(chunk=CHUNK, score=1.0)], SETTINGS).documents == ()


def test_everything_is_told_of_an_open_round():
    html = whole(view.columns(finished(arms=("base", "rag", "tuned", "tuned+rag")), "en"))
    assert html.count("<article") == 4
    for text in (
        "How long is the &lt;pump&gt;&#x27;s warranty?",
        "first token after 0.20 s · 0.80 s in all · 3 tokens",
        "From the weights alone, no source.",
        "says that the documents are silent",
        "cut off at the limit",
        "Nothing in the passages read supports this answer.",
        "&lt;script&gt;x&lt;/script&gt;",
    ):
        assert text in html
    assert "<script" not in html


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_blind_round_tells_nothing_before_the_vote(lang):
    shown = finished(arms=("tuned+rag", "rag", "base"), blind=True)
    html = whole(view.columns(shown, lang))
    for told in ("RAG", "tuned", "base", "微调", "基座", "Warranty", "0.80", "1.90", "<details", "weights"):
        assert told not in html
    assert all(answer.text in html for answer in (SAID["rag"], SAID["base"]))
    assert [view.vote_label(shown, n, "en") for n in range(3)] == [f"Answer {c} is better" for c in "ABC"]
    known = voted(shown, vote(shown), None)
    assert "RAG" in view.columns(known, lang)
    assert "<details" in view.columns(known, lang)
    assert "A = tuned + RAG, B = RAG, C = base" in view.outcome(known, "en")


def test_what_was_seen_is_blind_no_more():
    shown = finished(blind=True)
    assert ballot(shown).blind
    again = unvoted(voted(shown, vote(shown), None))
    assert (again.open, again.hidden, ballot(again).blind, ballot(again).seed) == (True, False, False, 7)


def test_the_quote_is_marked_and_linked_to_its_place():
    html = whole(view.passage(CITED, CHUNK, "pumps", "en"))
    assert "Above. <mark>The pump has &lt;18&gt; months &amp; more.</mark> Below." in html
    assert "Warranty &lt;terms&gt;.pdf, p. 3" in html
    assert "Warranty › Pumps" in html
    start = 100 + TEXT.index(QUOTE)
    query = f"project=pumps&amp;document=d&amp;chunk=d%3A100-146&amp;start={start}&amp;end={start + len(QUOTE)}"
    assert f'href="/en/documents?{query}"' in html


@pytest.mark.parametrize(("quote", "chunk"), [("not there", CHUNK), ("", CHUNK), ("gone <b>", None)])
def test_a_citation_without_its_place_is_still_whole(quote, chunk):
    citation = CITED.model_copy(update={"quote": quote, "page": None})
    html = whole(view.passage(citation, chunk, "pumps", "zh"))
    assert ("<mark>" in html) == (chunk is None)
    assert "gone <b>" not in html


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({"answers": ("18 months", "a year and a half")}, "18 months / a year and a half"),
        ({"answerable": False}, "the documents do not answer this"),
        (None, ""),
    ],
)
def test_the_reference_comes_with_the_vote(item, expected):
    shown = finished(item="i1")
    given = {"id": "i1", "kind": "knowledge", "dimension": "domain_knowledge", "language": "en", "question": "q"}
    known = Item.model_validate({**given, **item}) if item else None
    assert view.outcome(shown, "en") == ""
    html = whole(view.outcome(voted(shown, vote(shown), known), "en"))
    assert "Your vote: RAG is better." in html
    assert expected in html
    assert ("eference" in html) == bool(item)


def test_the_preferred_column_is_told_in_words():
    shown = finished()
    assert view.columns(voted(shown, vote(shown), None), "en").count("preferred") == 1
    assert "preferred" not in view.columns(voted(shown, vote(shown, winner=None), None), "en")


def test_a_question_back_is_shown():
    shown = heard(finished(), Clarification(question="Which <pump>?", options=("Heron", "Wren")))
    assert "Which &lt;pump&gt;?" in whole(view.clarification(shown))
    assert narrowed(shown, 1) == "How long is the <pump>'s warranty? (Wren)"
    assert narrowed(shown, 2) == narrowed(finished(), 0) == view.clarification(None) == ""


def test_the_last_vote_is_named():
    html = whole(view.last_vote(vote(finished()), "zh"))
    assert "RAG更好" in html
    assert "&lt;pump&gt;" in html
    assert view.last_vote(None, "en") == ""


@pytest.mark.parametrize(
    ("arms", "en", "zh"),
    [
        (("base", "tuned"), "Ingest documents to add RAG.", "导入文档后会多出 RAG 列。"),
        (("base", "rag"), "Tune a model to add the tuned columns.", "微调一个模型后会多出微调列。"),
        (("base", "rag", "tuned", "tuned+rag"), "", ""),
    ],
)
def test_the_way_to_more_columns(arms, en, zh):
    assert re.sub("<[^>]+>", "", view.missing(arms, "en")) == en
    assert re.sub("<[^>]+>", "", view.missing(arms, "zh")) == zh


def test_the_empty_page(tmp_path):
    from tools.workspace import Workspace

    project = Workspace(tmp_path).create("Pumps")
    html = whole(view.empty(project, 1, "en"))
    assert "Ingest documents to compare base and RAG; tune to add the third column." in html
    assert 'href="/en/documents?project=pumps"' in html
    assert view.empty(project, 2, "en") == ""
    assert "Choose a project" in view.empty(None, 0, "en")


def pair(a_preferred, b_preferred, standing, **fields):
    decided = a_preferred + b_preferred
    given = {
        "a": "rag",
        "b": "tuned",
        "a_preferred": a_preferred,
        "b_preferred": b_preferred,
        "ties": 19,
        "both_wrong": 2,
        "blind": 5,
        "share": a_preferred / decided if decided else None,
        "low": 0.54,
        "high": 0.81,
        "p": 0.016,
        "standing": standing,
    }
    return PairTally.model_validate({**given, **fields})


def test_the_tally_in_words():
    value = VoteTally(pairs=(pair(31, 14, "a_preferred"),), votes=66, repeated=2, other_models=3)
    html = whole(tally_view.tally(value, "pumps", "en"))
    for text in (
        "Votes counted: 66.",
        "RAG : tuned",
        "(5 blind)",
        "31 : 14",
        "<td>19</td><td>2</td>",
        "RAG 69% (54%–81%, n = 45, p = 0.016)",
        "RAG is ahead",
        "2 earlier votes",
        "3 votes on other models",
        'href="/download/votes.csv?project=pumps"',
        'href="/download/votes.jsonl?project=pumps"',
    ):
        assert text in html


@pytest.mark.parametrize(
    ("value", "en", "zh"),
    [
        (pair(3, 1, "not_enough"), "not enough votes to tell", "票数不够，还不能判断"),
        (pair(1, 9, "b_preferred"), "tuned is ahead", "微调领先"),
    ],
)
def test_who_is_ahead(value, en, zh):
    assert tally_view.standing(value, "en") == en
    assert tally_view.standing(value, "zh") == zh


def test_without_decided_votes_there_is_no_share():
    html = whole(tally_view.tally(VoteTally(pairs=(pair(0, 0, "not_enough", p=1.0),), votes=1), "p", "en"))
    assert "<td>–</td>" in html
    assert tally_view.tally(VoteTally(), "p", "en").endswith('<p class="ds-empty">No votes yet.</p>')
