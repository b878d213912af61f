"""A chat model behind the assistant: its words are streamed and checked, its calls go through the policy."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import pytest

from agent.errors import InputError
from agent.settings import Settings
from graph.assistant import Assistant
from graph.chat_model import ChatBrain, load_chat
from graph.routes import MOST_ROUNDS
from graph.understanding.brain import Brain
from tests.fakes import TableReader, chat_call, chat_text, scripted_chat
from tests.graph.chatting import OFFLINE, Chat, chatting
from tests.graph.fake_openai import Reply, calls, says, serving, status
from tests.graph.machines import Shelf
from tests.graph.worlds import small_settings
from tests.ui.pages.pairs_project import build_pairs_project
from tools.jobs.store import JobStore
from ui.cli import run

Talk = Callable[..., AbstractContextManager[Chat]]
pytestmark = pytest.mark.usefixtures("_alone")


@pytest.fixture
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_BASE", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def talk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Talk:
    return partial(chatting, tmp_path / "home", monkeypatch)


def test_words_are_streamed_and_are_the_reply(talk: Talk) -> None:
    text = "Hello! I help with your documents. It begins with reading them.\n\n- first the documents\n- then pairs"
    with talk([says(text)]) as chat:
        turn = chat.say("hi")
    assert turn.reply == text
    assert (turn.action, turn.question, turn.evidence) == ("smalltalk", None, ())
    assert chat.shown == text
    assert len(chat.pieces) > 2
    assert [piece.fresh for piece in chat.pieces] == [True] + [False] * (len(chat.pieces) - 1)


def test_words_that_end_at_the_server_s_limit_show_it(talk: Talk) -> None:
    with talk([says("It begins with the", end="length")]) as chat:
        assert chat.say("hi").reply == "It begins with the…"


def test_a_question_back_asks_for_clarity(talk: Talk) -> None:
    with talk([says("I can read that in two ways. Do you mean training, or evaluation?")]) as chat:
        turn = chat.say("make it better")
    assert turn.action == "clarify"
    assert turn.question == "Do you mean training, or evaluation?"


def test_a_call_is_done_and_its_result_comes_right_after_it(talk: Talk) -> None:
    replies = [
        calls(("ask_guide", {"question": "domain share"}), text="Let me look."),
        says("See the guide on shares."),
    ]
    with talk(replies) as chat:
        turn = chat.say("how much domain data?")
        roles = [one["role"] for one in chat.server.messages()]
        asked, result = chat.server.messages()[-2:]
    assert roles == ["system", "user", "assistant", "tool"]
    assert asked["tool_calls"][0]["function"]["name"] == "ask_guide"
    assert json.loads(asked["tool_calls"][0]["function"]["arguments"]) == {"question": "domain share"}
    assert result["tool_call_id"] == asked["tool_calls"][0]["id"]
    assert "30%" in result["content"]
    assert turn.reply == "See the guide on shares."
    assert turn.action == "guide"
    assert "domain-share" in turn.articles
    assert [(step.tool, step.state) for step in turn.steps] == [("ask_guide", "done")]
    assert chat.shown == turn.reply, "what was said beside the call has gone"


def test_what_all_tools_of_a_turn_rest_on_is_kept(talk: Talk) -> None:
    replies = [
        calls(("plan_memory", {"device": "NVIDIA A800", "params_b": 7})),
        calls(("ask_guide", {"question": "validation set"})),
        says("Both looked up. Shall we go on?"),
    ]
    with talk(replies) as chat:
        turn = chat.say("does it fit, and what is a validation set?")
        assert [one["role"] for one in chat.server.messages()][2:] == ["assistant", "tool", "assistant", "tool"]
    assert any("A800" in one for one in turn.evidence)
    assert {"memory", "validation-set"} <= set(turn.articles)
    assert turn.question == "Shall we go on?"
    assert turn.action == "guide"


def test_of_several_calls_the_first_is_done_and_the_model_is_told(talk: Talk) -> None:
    replies = [calls(("ask_guide", {"question": "share"}), "status", "decide"), says("One thing at a time.")]
    with talk(replies) as chat:
        turn = chat.say("everything, please")
        (result,) = chat.tool_results()
        (asked,) = [one for one in chat.server.messages() if one.get("tool_calls")]
    assert len(asked["tool_calls"]) == 1
    assert "Only ask_guide was done; not done: status, decide" in result
    assert [step.tool for step in turn.steps] == ["ask_guide"]


@pytest.mark.parametrize("ids", [["", ""], ["same", "same"]])
def test_calls_without_an_id_of_their_own_get_one(talk: Talk, ids: list[str]) -> None:
    replies = [
        calls("decide", ids=ids[:1]),
        calls(("ask_guide", {"question": "share"}), ids=ids[1:]),
        says("Done."),
    ]
    with talk(replies) as chat:
        chat.say("both")
        made = [one["tool_calls"][0]["id"] for one in chat.server.messages() if one.get("tool_calls")]
        answered = [one["tool_call_id"] for one in chat.server.messages() if one["role"] == "tool"]
    assert made == answered
    assert len(set(made)) == 2
    assert all(made)


def test_a_call_that_is_written_into_the_words_is_a_call(talk: Talk) -> None:
    written = '```json\n{"name": "ask_guide", "arguments": {"question": "share"}}\n```'
    with talk([says(written), says("Looked up.")]) as chat:
        turn = chat.say("share?")
    assert [step.tool for step in turn.steps] == ["ask_guide"]
    assert turn.reply == "Looked up."
    assert chat.shown == "Looked up."


def test_thoughts_are_neither_shown_nor_said(talk: Talk) -> None:
    with talk([says("<think>The user greets me. 42 percent!</think>\n\nHello there.")]) as chat:
        turn = chat.say("hi")
    assert turn.reply == "Hello there."
    assert chat.shown == "Hello there."


def test_a_costly_call_waits_for_a_person_and_the_turn_ends(talk: Talk, tmp_path: Path) -> None:
    project = build_pairs_project(tmp_path / "home")
    replies = [calls("make_pairs", text="Starting now!"), says("It waits for your yes.")]
    with talk(replies) as chat:
        turn = chat.say("make training pairs", project="Pumps")
        assert turn.approval is not None
        assert (turn.approval.tool, turn.action) == ("make_pairs", "extract")
        assert turn.question
        assert len(chat.server.requests) == 1, "the turn ended with the question"
        assert not JobStore(project.jobs).list()

        asked = chat.say("why does that take so long?")
        assert f"was not started: {turn.approval.title}" in chat.server.messages()[0]["content"]
        assert asked.approval == turn.approval, "the approval is not lost"
        assert "It waits for your yes." in asked.reply

        assert chat.say("no").approval is None, "a bare no is read without the model"
        assert len(chat.server.requests) == 2
    assert not JobStore(project.jobs).list()


def test_a_yes_to_another_question_of_the_model_approves_nothing(talk: Talk, tmp_path: Path) -> None:
    project = build_pairs_project(tmp_path / "home")
    with talk(
        [calls("make_pairs"), says("Shall I explain what a pair is?"), says("A question and its answer.")]
    ) as chat:
        chat.say("make training pairs", project="Pumps")
        chat.say("hm")
        turn = chat.say("yes")
        assert len(chat.server.requests) == 3
    assert turn.approval is not None
    assert not JobStore(project.jobs).list()


def test_the_policy_refuses_a_model_as_it_refuses_anybody(talk: Talk, tmp_path: Path) -> None:
    project = build_pairs_project(tmp_path / "home")
    with talk([calls("tune")]) as chat:
        turn = chat.say("train now", project="Pumps")
    assert turn.approval is None
    assert "can't start" in turn.reply
    assert not JobStore(project.jobs).list()


def test_invented_figures_are_left_out_and_that_is_said(talk: Talk) -> None:
    replies = [
        says("Accuracy will be 87%. You have 2,000 manuals. Shall we begin?"),
        says("It was 87%, as I said. Fine."),
    ]
    with talk(replies) as chat:
        first = chat.say("we have 2,000 manuals")
        second = chat.say("how good will it be?")
    assert "87" not in first.reply
    assert "figures that no record holds" in first.reply
    assert first.reply.endswith("You have 2,000 manuals. Shall we begin?")
    assert chat.shown.strip() == "Fine."
    assert "87" not in second.reply, "what was left out once does not count as shown"


def test_a_reply_of_nothing_but_invented_figures_is_asked_for_again(talk: Talk) -> None:
    with talk([says("87% of 912 items!"), says("I have no measurement yet.")]) as chat:
        turn = chat.say("how good is it?")
        assert "87%" in chat.server.messages()[-1]["content"]
        assert chat.server.messages()[-1]["role"] == "user"
    assert turn.reply == "I have no measurement yet."


def test_figures_of_tool_results_may_be_repeated(talk: Talk) -> None:
    with talk([calls(("ask_guide", {"question": "domain share"})), says("About 30% domain data.")]) as chat:
        assert chat.say("share?").reply == "About 30% domain data."


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        pytest.param(calls(("ask_guide", '{"question": "sha')), "no JSON object", id="cut JSON"),
        pytest.param(calls(("ask_guide", "[1, 2]")), "no JSON object", id="a list"),
        pytest.param(calls(("ask_guide", "question=share")), "no JSON object", id="no JSON"),
        pytest.param(calls(("ask_guide", {"query": "share"})), "question", id="unknown argument"),
        pytest.param(calls(("ask_guide", {"question": ""})), "question", id="invalid value"),
        pytest.param(calls(("rm_rf", {"path": "/"})), "no such tool", id="unknown tool"),
        pytest.param(calls(("", {})), "no such tool", id="no name"),
        pytest.param(calls(("note_facts", {"facts": {"goals": "x"}})), "goals", id="unknown fact"),
        pytest.param(calls(("note_facts", {"facts": {"measured": {"rag": 0.9}}})), "come from runs", id="measurement"),
        pytest.param(says(""), "empty", id="empty"),
        pytest.param(says("<think>hm"), "empty", id="only thoughts"),
    ],
)
def test_a_reply_that_is_not_valid_is_told_to_the_model_which_may_mend_it(talk: Talk, bad: Reply, told: str) -> None:
    with talk([bad, says("Sorry. What is it about?")]) as chat:
        turn = chat.say("what about the share?")
        assert told in chat.server.messages()[-1]["content"]
        assert [one["role"] for one in chat.server.messages()][-2:] == ["assistant", "user"]
    assert turn.reply == "Sorry. What is it about?"
    assert turn.steps == ()


def test_the_same_call_again_ends_with_the_tool_s_own_words(talk: Talk) -> None:
    with talk([calls("decide"), calls("decide"), calls("decide")]) as chat:
        turn = chat.say("RAG or tuning?")
    assert "repeated the same call" in turn.reply
    assert "Verdict" in turn.reply
    assert turn.action == "decide"
    assert turn.articles
    assert [step.tool for step in turn.steps if step.state == "done"] == ["decide"]


def test_a_model_that_only_calls_is_stopped(talk: Talk) -> None:
    replies = [calls(("ask_guide", {"question": f"share {word}"})) for word in "abcdefgh"]
    with talk(replies) as chat:
        turn = chat.say("share?")
        assert len(chat.server.requests) == MOST_ROUNDS
    assert len(turn.steps) == MOST_ROUNDS
    assert "30%" in turn.reply


def test_it_speaks_chinese(talk: Talk) -> None:
    with talk([says("您好。准确率会达到95%。请问文档在哪里？")]) as chat:
        turn = chat.say("你好，请问怎么开始？")
        assert "你是 domainsmith 的助手" in chat.server.messages()[0]["content"]
        assert "记入项目概况" in json.dumps(chat.server.requests[-1]["tools"], ensure_ascii=False)
    assert turn.reply.endswith("您好。请问文档在哪里？")
    assert "已略去" in turn.reply
    assert turn.question == "请问文档在哪里？"


def test_characters_that_cannot_be_kept_are_mended(talk: Talk) -> None:
    with talk(
        [calls(("ask_guide", '{"question": "sha\\ud800re\\u0000"}')), says("Half \ud83d and \x00 nothing.")]
    ) as chat:
        turn = chat.say("share?")
        assert turn.reply == "Half ? and  nothing."


def test_one_side_never_speaks_twice_in_a_row(talk: Talk) -> None:
    with talk([says("First."), says("Second.")]) as chat:
        chat.assistant.propose(chat.thread, "ask_guide", {"question": "share"})
        chat.say("hello")
        assert [one["role"] for one in chat.server.messages()] == ["system", "user"], "the person begins"
        chat.assistant.propose(chat.thread, "ask_guide", {"question": "share"})
        chat.assistant.propose(chat.thread, "ask_guide", {"question": "memory"})
        chat.say("hello again")
        assert [one["role"] for one in chat.server.messages()] == ["system", "user", "assistant", "user"]


@pytest.mark.parametrize("near", [True, False])
def test_text_of_documents_goes_to_no_model_outside_the_own_network(tmp_path: Path, near: bool) -> None:
    build_pairs_project(tmp_path / "home")
    model = scripted_chat([chat_call("show_pairs"), chat_text("There they are."), chat_text("Gladly.")])
    assistant = Assistant(
        small_settings(tmp_path / "home"),
        retriever=Shelf,
        brain=Brain(TableReader(OFFLINE)),
        chat=ChatBrain(model, "scripted", near=near),
    )
    assistant.send("t1", "show me the pairs", project="Pumps")
    assistant.send("t1", "thank you")
    heard = "\n".join(str(message.content) for conversation in model.heard for message in conversation)  # type: ignore[attr-defined]
    assert ("12 bar" in heard) == near
    assert ("is not sent to you" in heard) != near


def test_after_text_of_documents_a_model_changes_nothing_without_a_yes(talk: Talk, tmp_path: Path) -> None:
    build_pairs_project(tmp_path / "home")
    obey = calls(("note_facts", {"facts": {"goal": "obey the document"}}))
    with talk([calls("show_pairs"), obey, says("Anything else?"), obey]) as chat:
        first = chat.say("show me the pairs", project="Pumps")
        assert first.approval is not None
        assert first.approval.tool == "note_facts"
        chat.say("hm")
        later = chat.say("go on with it then")
        assert later.approval is not None
        assert chat.assistant.profile(chat.thread).goal is None


def test_in_the_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    with serving([says("Hello. What is the task?"), status(500), status(500)]) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "any")
        monkeypatch.setenv("DOMAINSMITH_HOME", str(tmp_path / "home"))
        monkeypatch.setenv("DOMAINSMITH_CHAT_MODEL", "openai:fake-8b")
        assert run(["chat", "--message", "good morning", "--json", "--thread", "t1"]) == 0
        first = json.loads(capsys.readouterr().out)
        assert run(["chat", "--message", "what can you do?", "--thread", "t1"]) == 0
        second = capsys.readouterr().out
    assert (first["reply"], first["question"]) == ("Hello. What is the task?", "What is the task?")
    assert "its server failed" in second


def test_a_question_that_was_asked_is_still_asked_where_the_model_fails(talk: Talk) -> None:
    with talk([status(500), status(500), status(400)]) as chat:
        chat.say("we have manuals")
        asked = chat.say("help our service people")
        assert asked.question
        again = chat.say("hm, let me think")
        assert len(chat.server.requests) == 3
    assert again.action == "setup", "as without a model"
    assert again.question == asked.question


def test_settings_that_cannot_be_used_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_ADMIN_KEY", raising=False)
    assert load_chat(Settings(_env_file=None)) is None
    with pytest.raises(InputError, match="OPENAI_API_KEY"):
        load_chat(Settings(chat_model="openai:x", _env_file=None))
    with pytest.raises(InputError, match="DOMAINSMITH_CHAT_MODEL=nonsense:x"):
        load_chat(Settings(chat_model="nonsense:x", _env_file=None))
    with pytest.raises(InputError, match="DOMAINSMITH_CHAT_MODEL"):
        load_chat(Settings(chat_model="some-model", _env_file=None))
    with pytest.raises(InputError, match="langchain-anthropic"):
        load_chat(Settings(chat_model="anthropic:claude", _env_file=None))
