"""One question to the arms: events as they happen, the answers they add up to, what each arm is shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.errors import CancelledError, EmptyError, InputError
from agent.prompts.forms import closed_book, with_context
from agent.records.corpus import Chunk, Retrieved
from agent.records.evaluation import Arm
from agent.records.pairs import Message
from agent.settings import Settings
from knowledge.answering import MAX_NEW_TOKENS
from knowledge.files import read_records
from tests.fakes import RecordingReporter
from tests.tiny_model import build_tiny_model
from tests.tiny_project import build_tiny_project, tiny_settings
from tools.answerers import Answerers
from tools.asking import ASKABLE, ArmAnswered, ArmPiece, ArmStarted, ask_arms, choose_arms, stream_arms
from tools.generated import Generated
from tools.generation import load_generator
from tools.workspace import Project

QUESTION = "What is the rated pressure of the pump?"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    home = tmp_path_factory.mktemp("home")
    return tiny_settings(home, build_tiny_model(home / "tiny"))


@pytest.fixture(scope="module")
def project(settings: Settings) -> Project:
    return build_tiny_project(settings, "pumps", tuned=True)


@pytest.fixture(scope="module")
def retrieved(project: Project) -> list[Retrieved]:
    return [Retrieved(chunk=chunk, score=1.0) for chunk in read_records(project.chunks, Chunk)]


class Scripted:
    """A generator that says its arm's sentence in two pieces and remembers what it was asked."""

    positions: int | None = None

    def __init__(self) -> None:
        self.asked: list[tuple[tuple[Message, ...], int, bool, tuple[str, ...]]] = []
        self.closed = 0

    def prompt(self, conversation: tuple[Message, ...]) -> str:
        return " ".join(message.content for message in conversation)

    def count(self, text: str) -> int:
        return len(text.split())

    def stream(
        self, conversation: Any, limit: int, reporter: Any = None, *, adapter: bool, stop: Any
    ) -> Iterator[str | Generated]:
        self.asked.append((tuple(conversation), limit, adapter, tuple(stop)))
        try:
            yield "The pressure is"
            yield " 12 bar." if adapter else " 9 bar."
        except GeneratorExit:
            self.closed += 1
            raise
        said = "The pressure is 12 bar." if adapter else "The pressure is 9 bar."
        yield Generated(text=said, tokens=5, seconds=0.5, seconds_to_first_token=0.1, truncated=False)


@pytest.fixture
def model() -> Scripted:
    return Scripted()


@pytest.fixture
def answerers(model: Scripted) -> Answerers:
    return Answerers(lambda settings, adapter: model)  # type: ignore[arg-type, return-value]


def test_the_arms_of_a_project(settings: Settings, project: Project) -> None:
    assert choose_arms(project, None) == ASKABLE
    assert choose_arms(build_tiny_project(settings, "plain"), None) == ("base", "rag")
    empty = build_tiny_project(settings, "empty", documents=False)
    assert choose_arms(empty, None) == ("base",)
    with pytest.raises(EmptyError, match="ingest"):
        choose_arms(empty, "rag")
    with pytest.raises(EmptyError, match="tune"):
        choose_arms(empty, "tuned")
    with pytest.raises(InputError, match="unknown arm"):
        choose_arms(project, "oracle")


@pytest.mark.parametrize(
    ("question", "written", "said"),
    [
        ("泵的颜色是什么？", "The documents do not say.", "资料中没有说明。"),
        ("What is the colour of the pump?", "资料中没有说明。", "The documents do not say."),
        ("泵的颜色是什么？", "泵是蓝色的", "泵是蓝色的"),
    ],
)
def test_an_abstention_is_said_in_the_language_of_the_question(
    settings: Settings, project: Project, question: str, written: str, said: str
) -> None:
    class Silent(Scripted):
        def stream(self, *_: Any, **__: Any) -> Iterator[str | Generated]:
            yield Generated(text=written, tokens=5, seconds=0.5, seconds_to_first_token=0.1, truncated=False)

    silent = Answerers(lambda settings, adapter: Silent())  # type: ignore[arg-type, return-value]
    answers = ask_arms(project, settings, question, ("base",), (), answerers=silent).answers
    assert answers["base"].text == said


def test_events_tell_each_arm_in_turn(
    settings: Settings, project: Project, retrieved: list[Retrieved], answerers: Answerers
) -> None:
    events = list(stream_arms(project, settings, QUESTION, ("rag", "tuned+rag"), retrieved, answerers=answerers))
    assert [(type(event), event.arm) for event in events] == [
        (kind, arm) for arm in ("rag", "tuned+rag") for kind in (ArmStarted, ArmPiece, ArmPiece, ArmAnswered)
    ]
    done = events[-1]
    assert isinstance(done, ArmAnswered)
    assert done.answer.text == "The pressure is 12 bar."
    assert (done.answer.tokens, done.answer.seconds, done.answer.seconds_to_first_token) == (5, 0.5, 0.1)
    assert [(c.document, c.page) for c in done.answer.citations] == [("pump.md", 3)]
    assert "12 bar" in done.answer.citations[0].quote
    assert done.prompt_tokens > 0


@pytest.mark.parametrize(
    ("question", "said"), [(QUESTION, "The documents do not say."), ("泵的颜色是什么？", "资料中没有说明。")]
)
def test_where_retrieval_doubts_the_reading_arms_abstain_and_ask_no_model(
    settings: Settings,
    project: Project,
    retrieved: list[Retrieved],
    model: Scripted,
    answerers: Answerers,
    question: str,
    said: str,
) -> None:
    doubted = [hit.model_copy(update={"evidence": 0.1}) for hit in retrieved]
    answers = ask_arms(project, settings, question, ASKABLE, doubted, answerers=answerers).answers
    assert {arm: answer.abstained for arm, answer in answers.items()} == {arm: "rag" in arm for arm in ASKABLE}
    assert (answers["rag"].text, answers["rag"].citations, answers["rag"].tokens) == (said, (), 0)
    assert len(model.asked) == 2
    reading = settings.model_copy(update={"abstain_below": 0.05})
    assert not ask_arms(project, reading, question, ("rag",), doubted, answerers=answerers).answers["rag"].abstained


def test_what_a_line_tells_stands_in_for_an_answer_that_leaves_it_out(
    settings: Settings, project: Project, retrieved: list[Retrieved], answerers: Answerers
) -> None:
    text = "| Pump | Rated pressure |\n|---|---|\n| Wren | 12 bar |"
    chunk = retrieved[0].chunk.model_copy(update={"text": text, "headings": (), "end": len(text), "start": 0})
    hits = [Retrieved(chunk=chunk, score=1.0)]
    question = "What is the rated pressure of the Wren?"
    events = list(stream_arms(project, settings, question, ("rag", "tuned+rag"), hits, answerers=answerers))
    answers = {event.arm: event.answer for event in events if isinstance(event, ArmAnswered)}
    assert [event.text for event in events if isinstance(event, ArmPiece)] == [one.text for one in answers.values()]
    assert (answers["rag"].text, answers["rag"].quoted) == ("Wren Rated pressure: 12 bar", True)
    assert answers["rag"].citations[0].quote == "| Wren | 12 bar |"
    assert (answers["tuned+rag"].text, answers["tuned+rag"].quoted) == ("The pressure is 12 bar.", False)


@pytest.mark.parametrize(
    ("question", "texts", "asked_back", "options"),
    [
        (
            "At which pressure does the valve open?",
            ("The valve opens at 9 bar.", "The valve opens at 12 bar."),
            "The documents say different things. Which one holds?",
            ("guide v2.md (newer version): The valve opens at 12 bar.", "guide v1.md: The valve opens at 9 bar."),
        ),
        (
            "阀门在多大压力下打开？",
            ("阀门在9巴时打开。", "阀门在12巴时打开。"),
            "各文件的说法不一致，以哪一份为准？",
            ("guide v2.md（较新版本）: 阀门在12巴时打开。", "guide v1.md: 阀门在9巴时打开。"),
        ),
        (
            "What is the flow?",
            ("| Pump | Flow |\n|---|---|\n| Wren | 17 l/h |\n| Heron | 46 l/h |",),
            "Several fit. Which one do you mean?",
            ("Wren", "Heron"),
        ),
    ],
)
def test_what_documents_leave_open_is_asked_back(
    settings: Settings,
    project: Project,
    retrieved: list[Retrieved],
    answerers: Answerers,
    question: str,
    texts: tuple[str, ...],
    asked_back: str,
    options: tuple[str, ...],
) -> None:
    given = retrieved[0].chunk
    hits = [
        Retrieved(
            chunk=given.model_copy(
                update={"id": f"d{n}:0-9", "document": f"d{n}", "name": f"guide v{n}.md", "text": text, "headings": ()}
                | {"language": "zh" if "阀" in text else "en", "start": 0, "end": len(text)}
            ),
            score=1.0,
        )
        for n, text in enumerate(texts, start=1)
    ]
    answered = ask_arms(project, settings, question, ("base", "rag"), hits, answerers=answerers)
    assert answered.clarify is not None
    assert (answered.clarify.question, answered.clarify.options) == (asked_back, options)
    assert ask_arms(project, settings, question, ("base",), hits, answerers=answerers).clarify is None
    doubted = [hit.model_copy(update={"evidence": 0.1}) for hit in hits]
    assert ask_arms(project, settings, question, ("rag",), doubted, answerers=answerers).clarify is None


def test_arms_without_retrieval_cite_nothing(
    settings: Settings, project: Project, retrieved: list[Retrieved], answerers: Answerers
) -> None:
    answers = ask_arms(project, settings, QUESTION, ASKABLE, retrieved, answerers=answerers).answers
    assert {arm: bool(answer.citations) for arm, answer in answers.items()} == {
        "base": False,
        "rag": True,
        "tuned": False,
        "tuned+rag": True,
    }


def test_the_real_model_says_what_a_whole_reply_says(
    settings: Settings, project: Project, retrieved: list[Retrieved]
) -> None:
    side_by_side = ask_arms(project, settings, QUESTION, ASKABLE, retrieved)
    latest = project.latest_run("tune")
    assert latest is not None
    generator = load_generator(settings, latest / "adapter")
    for arm in ("base", "tuned"):
        said = generator.generate([closed_book(QUESTION, "en")], MAX_NEW_TOKENS, adapter=arm == "tuned")[0]
        answer = side_by_side.answers[arm]  # type: ignore[index]
        assert (answer.text, answer.tokens, answer.truncated) == (said.text, said.tokens, said.truncated)
    assert side_by_side.answers["base"].text != side_by_side.answers["tuned"].text
    assert list(side_by_side.model_dump(mode="json")) == ["question", "answers", "clarify"]
    assert list(side_by_side.answers) == list(ASKABLE)


def test_the_pieces_are_the_answer(settings: Settings, project: Project, retrieved: list[Retrieved]) -> None:
    pieces: dict[Arm, str] = dict.fromkeys(ASKABLE, "")
    for event in stream_arms(project, settings, "泵的额定压力是多少？", ASKABLE, retrieved):
        if isinstance(event, ArmPiece):
            pieces[event.arm] += event.text
        elif isinstance(event, ArmAnswered):
            assert event.answer.text == pieces[event.arm]


def test_what_each_arm_is_shown(
    settings: Settings, project: Project, retrieved: list[Retrieved], answerers: Answerers, model: Scripted
) -> None:
    earlier = (Message(role="user", content="Hello"), Message(role="assistant", content="Hi"))
    list(
        stream_arms(
            project,
            settings,
            QUESTION,
            ("base", "tuned", "rag"),
            retrieved,
            answerers=answerers,
            earlier=earlier,
            max_new_tokens=7,
            stop=("\n",),
        )
    )
    base, tuned, rag = model.asked
    system, question = closed_book(QUESTION, "en")
    assert base == ((system, *earlier, question), 7, False, ("\n",))
    assert tuned == ((system, *earlier, question), 7, True, ("\n",))
    assert rag[0] == with_context(QUESTION, [retrieved[0].chunk.text], "en")


def test_a_system_line_of_the_conversation_takes_the_place_of_ours(
    settings: Settings, project: Project, answerers: Answerers, model: Scripted
) -> None:
    own = Message(role="system", content="You are terse.")
    list(stream_arms(project, settings, QUESTION, ("base",), (), answerers=answerers, earlier=(own,)))
    assert model.asked[0][0] == (own, Message(role="user", content=QUESTION))


@pytest.mark.parametrize(("positions", "limit"), [(None, 48), (1000, 48), (20, 10), (10, 1)])
def test_a_reply_gets_the_room_there_is(
    settings: Settings, project: Project, answerers: Answerers, model: Scripted, positions: int | None, limit: int
) -> None:
    model.positions = positions
    list(stream_arms(project, settings, QUESTION, ("base",), (), answerers=answerers))
    assert model.count(model.prompt(closed_book(QUESTION, "en"))) == 10
    assert model.asked[0][1] == limit


def test_closing_stops_the_arm_and_frees_the_model(
    settings: Settings, project: Project, retrieved: list[Retrieved], answerers: Answerers, model: Scripted
) -> None:
    events = stream_arms(project, settings, QUESTION, ASKABLE, retrieved, answerers=answerers)
    next(events)
    next(events)
    events.close()  # type: ignore[attr-defined]
    assert (len(model.asked), model.closed) == (1, 1)
    assert ask_arms(project, settings, QUESTION, ("base",), (), answerers=answerers).answers


def test_a_listener_stops_the_real_model(settings: Settings, project: Project, retrieved: list[Retrieved]) -> None:
    with pytest.raises(CancelledError):
        ask_arms(project, settings, QUESTION, ASKABLE, retrieved, reporter=RecordingReporter(cancel_after=5))


def test_a_question_longer_than_the_model_s_positions_is_refused(settings: Settings, project: Project) -> None:
    with pytest.raises(InputError, match="2048 positions"):
        ask_arms(project, settings, "pump " * 2400, ("base",), ())


def test_one_load_serves_all_arms(settings: Settings, project: Project, retrieved: list[Retrieved]) -> None:
    loaded: list[Path | None] = []

    def load(settings: Settings, adapter: Path | None) -> Any:
        loaded.append(adapter)
        return load_generator(settings, adapter)

    answerers = Answerers(load)
    first = ask_arms(project, settings, QUESTION, ASKABLE, retrieved, answerers=answerers)
    again = ask_arms(project, settings, QUESTION, ("base",), (), answerers=answerers)
    assert again.answers["base"].text == first.answers["base"].text
    assert len(loaded) == 1
