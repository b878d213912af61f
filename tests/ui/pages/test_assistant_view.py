"""The conversation and what stands around it, drawn from records."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from agent.records.base import Language
from agent.records.conversation import Approval, ChatMessage, Option, Thread, ToolStep, Turn
from agent.records.corpus import Chunk
from agent.records.decision import MethodDecision, Readiness, Reason
from agent.records.job import Job, JobState
from agent.records.profile import Profile
from tests.ui.pages.payloads import PAYLOADS
from ui.pages import assistant_cards as cards
from ui.pages import assistant_view as view
from ui.pages.assistant_beside import job_line
from ui.pages.assistant_turns import Ask
from ui.pages.assistant_view import Shown

AT = "2026-11-22T10:00:00+00:00"
RUN = "20261122T195821Z-ingest"
HOSTILE = "<img src=x onerror=window.hacked=1>\n\n**[x](javascript:window.hacked=1)**"
TITLES = {"consent": "Costly steps need a yes", "rag": "Retrieval"}
TAGS = {
    "a", "article", "blockquote", "br", "code", "details", "dd", "div", "dl", "dt", "h2", "h3", "li", "mark", "nav",
    "ol", "p", "pre", "section", "span", "strong", "summary", "time", "ul",
}  # fmt: skip


def shown(lang: Language = "en", **known: Any) -> Shown:
    return Shown(lang, "pumps", TITLES, **{"runs": {"b7edd9a4": RUN}, **known})


def user(text: str = "hello") -> ChatMessage:
    return ChatMessage(role="user", text=text, at=AT)


def said(reply: str = "Done.", **values: Any) -> ChatMessage:
    turn = Turn(thread="t", action="status", reply=reply, **values)
    return ChatMessage(role="assistant", text=reply, at=AT, turn=turn)


def waits(**values: Any) -> Approval:
    whole = {
        "id": "a1",
        "thread": "t",
        "action": "extract",
        "tool": "make_pairs",
        "arguments": {"wordings": 12},
        "project": "Pumps",
        "title": "Make pairs from 2 chunks",
        "summary": "Make pairs from 2 chunks. Takes 1.5 h to 2 h; memory 4.2 GiB. Changes: the pairs; yours stay.",
        "reasons": ("estimated at more than 1 min, so it needs a yes",),
        "articles": ("consent",),
        "following": ("Measure again",),
        "created": AT,
    }
    return Approval.model_validate({**whole, **values})


def asking(approval: Approval, **values: Any) -> ChatMessage:
    question = "Shall I start?"
    options = (Option(label="Yes", message="Yes"), Option(label="Not now", message="Not now"))
    return said(f"{approval.summary}\n\n{question}", approval=approval, question=question, options=options, **values)


def texts(history: list[ChatMessage], asks: tuple[Ask, ...] = (), **known: Any) -> list[str]:
    return [one["content"]["text"] for one in view.messages(history, asks, shown(**known))]


def step(**values: Any) -> ToolStep:
    return ToolStep.model_validate({"tool": "status", "title": "Look", "state": "done", "seconds": 0.31, **values})


def test_steps_fold_into_one_line_with_their_time() -> None:
    one = view.steps([step()], shown())
    summary = re.search("<summary>(.*?)</summary>", one)
    assert summary is not None
    assert re.sub("<[^>]+>", "", summary[1]) == "✓ Look 0.3 s"
    both = view.steps([step(), step(title="Ask", state="failed", seconds=75.0, detail="no\n\nindex")], shown())
    assert both.count("<summary>") == 1
    assert re.sub("<[^>]+>", "", both).startswith("✗ Look; Ask 75 s")
    assert "\n" not in both
    assert "no&#10;&#10;index" in both
    assert "75 秒" in view.steps([step(seconds=75.0)], shown("zh"))
    assert view.steps([], shown()) == ""


def test_only_the_newest_message_offers_answers() -> None:
    offered = (Option(label="monthly", message="It changes monthly"),)
    drawn = view.messages([said("How often?", options=offered), user(), said("And now?", options=offered)], (), shown())
    assert [one.get("options") for one in drawn] == [None, None, [{"label": "monthly", "value": "It changes monthly"}]]


def test_what_the_card_says_is_neither_said_nor_asked_twice() -> None:
    approval = waits()
    drawn = view.messages([user(), asking(approval)], (), shown())
    text = drawn[-1]["content"]["text"]
    assert "Takes" not in text
    assert "Make pairs from 2 chunks" in text
    assert drawn[-1]["options"] == []
    # Once it is settled the conversation says again what was agreed to.
    history = [user(), asking(approval), said("Started.", job="b7edd9a4", evidence=("b7edd9a4",))]
    assert "Takes 1.5 h to 2 h" in texts(history)[1]
    # A step that goes on waiting does not hide the answers to something else.
    later = said("Which one?\n\nStill waiting", approval=approval, options=(Option(label="A", message="A"),))
    assert view.messages([asking(approval), later], (), shown())[-1]["options"] == [{"label": "A", "value": "A"}]


def test_a_step_waits_until_a_yes_to_it_is_under_way() -> None:
    approval, nothing = waits(), Ask("", lambda: (), lambda: ())
    history = [asking(approval)]
    assert view.open_approval(history) == approval
    assert view.open_approval([*history, user("What is it?")]) == approval
    assert view.open_approval(history, [nothing]) == approval
    assert view.open_approval(history, [Ask("", lambda: (), lambda: (), once="a1")]) is None
    assert view.open_approval([*history, said("Started.")]) is None
    assert view.open_approval([]) is None


def test_what_is_under_way_stands_at_the_end() -> None:
    first = Ask("one", lambda: (), lambda: (), state="running", before=(user("zero"),), steps=(step(state="running"),))
    second = Ask("two", lambda: (), lambda: ())
    drawn = texts([user("zero"), user("one")], (first, second))
    assert len(drawn) == 5
    assert drawn[1] == "<p>one</p>"
    assert "Look" in drawn[2]
    assert drawn[3] == "<p>two</p>"
    assert "waits for the answer before it" in drawn[4]
    writing = Ask("", lambda: (), lambda: (), state="running", before=(), text="As it is **written**")
    assert texts([], (writing,)) == ["\n\nAs it is **written**"]


def test_a_long_conversation_says_what_it_leaves_out() -> None:
    drawn = texts([user(str(number)) for number in range(view.MOST_MESSAGES + 7)])
    assert drawn[0] == "<p>7 earlier messages are not shown.</p>"
    assert drawn[1] == "<p>7</p>"


def test_a_reply_names_what_it_rests_on() -> None:
    evidence = (RUN, "b7edd9a4", "pump-md-1a2b:5-90", "knowledge_change", "p0123")
    text = texts([said(evidence=evidence, articles=("consent", "gone"))])[0]
    links = dict(re.findall(r'<a href="([^"]+)">([^<]+)</a>', text))
    assert links == {
        f"/en/runs?project=pumps&amp;run={RUN}": "job b7edd9a4",
        "/en/documents?project=pumps&amp;document=pump-md-1a2b&amp;chunk=pump-md-1a2b%3A5-90&amp;start=5&amp;end=90": (
            "pump-md-1a2b"
        ),
        "/en/guide?project=pumps&amp;article=consent": "Costly steps need a yes",
    }
    assert "knowledge changes" in text
    assert "p0123" in text
    assert "gone" in text
    assert "知识更新" in texts([said(evidence=evidence)], lang="zh")[0]


ANSWERS = {
    "rag": {
        "text": "18 months\n\nby the manual",
        "citations": [{"chunk": "warranty:0-40", "document": "warranty.pdf", "page": 3, "quote": "18 months"}],
        "seconds": 1.9,
    },
    "tuned": {"text": "two years", "citations": [], "seconds": 0.8, "truncated": True},
}
CHUNK = Chunk(
    id="warranty:0-40", document="warranty", name="warranty.pdf", title="Terms", headings=(), page=3, start=0, end=40,
    text="The warranty of the pump is 18 months. ok", language="en",
)  # fmt: skip


def test_answers_stand_side_by_side_with_their_passages() -> None:
    reply = (
        "**rag** (1.9 s): 18 months\n\nby the manual\n> [warranty.pdf, p. 3] “18 months”\n\n"
        "**tuned** (0.8 s): two years\n\nThe answers differ; the cited passage decides."
    )
    text = texts([said(reply, answers=ANSWERS)], passages={CHUNK.id: CHUNK})[0]
    assert text.startswith("The answers differ; the cited passage decides.\n\n<div")
    assert text.count("<article") == 2
    assert "<mark>18 months</mark>" in text
    assert "document=warranty&amp;chunk=warranty%3A0-40&amp;start=28&amp;end=37" in text
    # An empty line would end the piece of HTML.
    assert "\n\n" not in text[text.index("<div") :]
    assert "18 months&#10;&#10;by the manual" in text
    gone = texts([said(reply, answers=ANSWERS)])[0]
    assert "<mark>18 months</mark>" in gone
    assert "start=28" not in gone


def test_the_card_says_what_how_long_what_changes_why_and_what_follows() -> None:
    card = cards.approval(waits(), shown())
    plain = re.sub(r"<[^>]+>", "|", card)
    for said_there in (
        "Make pairs from 2 chunks",
        "|Takes 1.5 h to 2 h; memory 4.2 GiB.|",
        "|Changes: the pairs; yours stay.|",
        "estimated at more than 1 min, so it needs a yes",
        "Measure again",
        "Project: Pumps",
        "Costly steps need a yes",
        "&quot;wordings&quot;: 12",
    ):
        assert said_there in plain
    chinese = waits(title="生成样本", summary="生成样本。用时 约 4 分钟；内存 1 GiB。变化：项目的样本。")
    assert "<li>用时 约 4 分钟；内存 1 GiB。</li><li>变化：项目的样本。</li>" in cards.approval(chinese, shown("zh"))


def test_the_list_marks_where_one_is_and_where_somebody_is_needed() -> None:
    listed = [Thread(id="a", title="One", updated=AT), Thread(id="b", title="Two", updated=AT, waiting=True)]
    drawn = cards.threads(listed, "a", "pumps", "new1", shown())
    assert 'href="/en/?project=pumps&amp;thread=a" aria-current="page">One' in drawn
    assert drawn.count("waits for you") == 2  # at the conversation, and on the folded list
    assert 'href="/en/?project=pumps&amp;thread=new1"' in drawn
    assert cards.threads([listed[1]], "b", None, "n", shown()).count("waits for you") == 1


def test_profile_decision_and_next_step() -> None:
    known = Profile(needs_citations=True, knowledge_change="weekly")
    assert "<dt>must cite sources</dt><dd>yes</dd>" in cards.profile(known, shown())
    assert "12 not known yet" in cards.profile(known, shown())
    assert "<dt>须给出处</dt><dd>是</dd>" in cards.profile(known, shown("zh"))
    assert "Nothing noted yet" in cards.profile(Profile(), shown())
    why = (Reason(text="answers must cite", article="rag"),)
    decided = MethodDecision(
        method="rag", first_rung=None, reasons=why, missing=(), next_action="ingest", confidence="rule"
    )
    ready = Readiness(stations=(), next_action="ingest", reasons=(Reason(text="no documents", article="gone"),))
    drawn = cards.decision(cards.Standing(known, decided, ready), shown())
    for part in ("retrieval (RAG)", "by rule, not measured yet", "answers must cite", "article=rag", "Read documents"):
        assert part in drawn
    assert "None yet" in cards.decision(cards.Standing(Profile()), shown())


@pytest.mark.parametrize("payload", [HOSTILE, *PAYLOADS])
def test_no_text_becomes_a_tag_or_an_address(payload: str) -> None:
    approval = waits(
        title=payload, summary=f"{payload}. {payload}", reasons=(payload,), following=(payload,), project=payload,
        articles=(payload,), arguments={"paths": [payload]},
    )  # fmt: skip
    citation = {"chunk": f"{payload}:1-2", "document": payload, "page": None, "quote": payload}
    history = [
        user(payload),
        said(
            payload,
            steps=(step(title=payload, detail=payload, tool=payload), step(title=payload)),
            evidence=(payload, f"{payload}:1-2"),
            articles=(payload,),
            answers={"rag": {"text": payload, "citations": [citation], "seconds": 1.0}},
        ),
        asking(approval),
    ]
    drawn = [
        *texts(history),
        *texts([], (Ask(payload, lambda: (), lambda: (), state="running", before=(), steps=(step(title=payload),)),)),
        cards.approval(approval, shown()),
        cards.threads([Thread(id="a", title=payload, updated=AT)], "a", None, "n", shown()),
        cards.profile(Profile(goal=payload), shown()),
    ]
    whole = "\n".join(drawn)
    assert set(re.findall(r"</?(\w+)", whole)) <= TAGS
    assert all(href.startswith("/en/") for href in re.findall(r'<\w[^<>]*(?:href|src)="([^"]*)"', whole))
    assert json.dumps(whole)


@pytest.mark.parametrize("state", ["done", "failed", "cancelled", "interrupted"])
def test_a_job_that_has_ended_leaves_no_line_behind(state: JobState) -> None:
    job = Job(id="b7edd9a4", kind="tune", project="pumps", run=RUN, state=state, created=AT, request={})
    assert job_line(job, None, shown("zh")) == ""
