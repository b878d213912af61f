"""Finding, deciding and undoing, with the file as the truth."""

from __future__ import annotations

import random
import threading
from pathlib import Path

import pytest

from agent.errors import DomainsmithError, EmptyError, InputError, NotFoundError
from agent.records.base import Language
from tests.ui.pages.pairs_project import PAIRS, TEXTS, build_pairs_project, make_pair
from tools.pairs import accept, load_pairs, save_pairs
from tools.workspace import Project
from ui.pages.pairs_deck import MOST_DECKS, Deck, Decks
from ui.pages.pairs_desk import PairsDesk
from ui.pages.pairs_walk import UNDOS, Filters, Walk


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return build_pairs_project(tmp_path)


def desk_of(project: Project, lang: Language = "en") -> PairsDesk:
    return PairsDesk(project, Deck(project), lang)


def on_disk(project: Project) -> dict[str, str]:
    return {pair.id: pair.status for pair in load_pairs(project)}


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (Filters(), "p1 p2 p3 p4 p5"),
        (Filters(status="pending"), "p2 p3"),
        (Filters(reason="conflict"), "p2 p3"),
        (Filters(reason="length"), "p4"),
        (Filters(kind="numeric"), "p1"),
        (Filters(document="pump-md-1", status="pending"), "p2"),
        (Filters(document=""), "p5"),
        (Filters(text=" COLOUR "), "p2"),
        (Filters(text="it's blue"), "p2"),
        (Filters(status="nonsense"), ""),
        (Filters(kind="nonsense"), ""),
    ],
)
def test_filters(project: Project, filters: Filters, found: str) -> None:
    assert desk_of(project).find(filters, Walk()).ids == tuple(found.split())


def test_a_page_opens_with_what_waits(project: Project) -> None:
    desk = desk_of(project)
    walk = desk.begin(None)
    assert (walk.filters.status, walk.ids, walk.current) == ("pending", ("p2", "p3"), "p2")
    assert desk.begin(None, "p4").current == "p4"
    assert desk.begin(Filters(status="rejected")).ids == ("p4",)
    save_pairs(project, [PAIRS[0]])
    assert desk.begin(None).filters == Filters()


def test_decisions_reach_the_file_and_go_on(project: Project) -> None:
    desk = desk_of(project)
    walk = desk.begin(None)
    walk = desk.accept(walk)
    assert (walk.current, on_disk(project)["p2"]) == ("p3", "accepted")
    walk = desk.reject(walk, "twice")
    assert (walk.current, on_disk(project)["p3"]) == ("p3", "rejected")
    assert walk.ids == ("p2", "p3")
    walk = desk.edit(walk.moved(-1), "Which colour is the lid?", "blue")
    assert desk.shown(walk).question == "Which colour is the lid?"
    assert load_pairs(project)[1].edited


def test_everything_can_be_undone_in_turn(project: Project) -> None:
    desk = desk_of(project)
    before = project.pairs.read_bytes()
    walk = desk.begin(Filters())
    walk = desk.accept(walk)
    walk = desk.reject(walk, "odd")
    walk = desk.edit(walk, "q?", "a")
    walk = desk.find(Filters(status="rejected"), walk)
    for expected in ("p3", "p2", "p1"):
        walk, pair = desk.undo(walk)
        assert (pair.id, walk.current) == (expected, expected)
    assert project.pairs.read_bytes() == before
    with pytest.raises(EmptyError, match="nothing to undo"):
        desk.undo(walk)


def test_a_change_made_elsewhere_is_seen_and_never_overwritten(project: Project) -> None:
    desk = desk_of(project)
    walk = desk.begin(Filters())
    walk = desk.reject(walk, "odd")
    accept(project, ["p1"])
    with pytest.raises(InputError, match="changed again"):
        desk.undo(walk)
    assert on_disk(project)["p1"] == "accepted"
    save_pairs(project, [pair for pair in PAIRS if pair.id != "p3"])
    gone = Walk(project.id, ids=("p3",))
    assert "No pair matches" in desk.shown(gone).card
    with pytest.raises(NotFoundError):
        desk.accept(gone)


def test_a_project_at_work_is_said_in_words_and_nothing_changes(project: Project) -> None:
    desk = desk_of(project, "zh")
    walk = desk.begin(Filters())
    before = project.pairs.read_bytes()
    with project.owned("extract 1a2b"), pytest.raises(DomainsmithError, match="项目正在工作（extract 1a2b"):
        desk.reject(walk, "odd")
    assert project.pairs.read_bytes() == before
    assert desk.shown(walk).card == desk_of(project, "zh").shown(walk).card


def test_a_session_of_another_project_decides_nothing(project: Project, tmp_path: Path) -> None:
    other = build_pairs_project(tmp_path, "Other")
    walk = desk_of(other).begin(Filters())
    with pytest.raises(EmptyError):
        desk_of(project).accept(walk)
    assert on_disk(project)["p1"] == "accepted"
    assert desk_of(project).find(Filters(), walk).project == project.id


def test_an_empty_rejection_needs_words(project: Project) -> None:
    desk = desk_of(project)
    with pytest.raises(InputError, match="needs a reason"):
        desk.reject(desk.begin(Filters()), " ")


def test_choices_name_what_is_there(project: Project) -> None:
    desk = desk_of(project)
    assert desk.statuses() == [("all", "*"), ("accepted", "accepted"), ("waiting", "pending"), ("rejected", "rejected")]
    assert desk.kinds() == [("all", "*"), ("factual", "factual"), ("numeric", "numeric")]
    assert desk.reasons()[1:] == [
        ("documents contradict each other (2)", "conflict"),
        ("question or answer is too short or too long (1)", "length"),
    ]
    assert [name for name, _ in desk.documents()] == ["all", "no document (imported)", "pump.md", "spare.md", "指南.md"]


def test_the_pair_and_its_surroundings_are_shown(project: Project) -> None:
    desk = desk_of(project)
    one = desk.shown(desk.begin(None))
    assert "1 of 2" in one.counter
    assert '<mark id="ds-quote">red</mark>' in one.source
    start = TEXTS["pump-md-1"][2].index("red")
    assert f"document=pump-md-1&amp;start={start}&amp;end={start + 3}" in one.source
    assert (one.question, one.answer) == ("Which colour?", "red")
    beside = desk.beside()
    assert "document=-" in beside
    assert "held out: only tests" in beside


def test_nothing_is_read_twice(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    readings: list[str] = []
    monkeypatch.setattr("ui.pages.pairs_deck.load_pairs", lambda one: readings.append("pairs") or load_pairs(one))
    desk = desk_of(project)
    walk = desk.begin(None)
    for _ in range(20):
        walk = desk.accept(walk).moved(-1)
        desk.shown(walk)
        desk.beside()
    assert readings == ["pairs"]
    accept(project, ["p4"])
    assert desk.deck.pairs["p4"].status == "accepted"
    assert readings == ["pairs", "pairs"]


def test_walks_stay_within_their_list() -> None:
    draw = random.Random(0)
    walk = Walk("x", ids=("a", "b", "c"))
    for _ in range(100):
        walk = walk.moved(draw.choice((1, -1)))
        assert walk.current in walk.ids
    assert Walk().moved(1).current == ""
    pairs = {pair.id: pair for pair in PAIRS}
    walk = Walk("x").over(Filters(), pairs, "p3")
    assert walk.current == "p3"
    assert walk.over(Filters(status="pending"), pairs).current == "p3"
    assert walk.over(Filters(status="accepted"), pairs).current == "p1"
    assert walk.over(Filters(text="nothing"), pairs).current == ""


def test_a_decision_is_about_the_pair_that_was_seen(project: Project) -> None:
    desk = desk_of(project)
    walk = desk.begin(Filters(status="accepted"))
    assert walk.moved(1).facing("p1").current == "p1"
    assert walk.facing("").current == "p1"
    outside = walk.moved(1).facing("p4")
    assert (outside.current, outside.ids) == ("p4", ("p1", "p4", "p5"))
    assert desk.accept(outside).current == "p5"
    assert on_disk(project)["p4"] == "accepted"


def test_only_so_many_changes_are_kept(project: Project) -> None:
    desk = desk_of(project)
    walk = desk.begin(Filters(status="accepted"))
    for _ in range(UNDOS + 5):
        walk = desk.accept(walk)
    assert len(walk.undo) == UNDOS


def test_two_pages_decide_at_once_and_nothing_is_lost(project: Project) -> None:
    many = [make_pair(f"m{number}", "", "", f"q{number}?", "a", status="pending") for number in range(40)]
    save_pairs(project, many)
    failures: list[BaseException] = []

    def review(part: int) -> None:
        desk = desk_of(project)
        try:
            for pair in many[part::2]:
                walk = desk.begin(Filters(), pair.id)
                desk.accept(walk)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=review, args=(part,)) for part in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert set(on_disk(project).values()) == {"accepted"}


def test_decks_are_shared_and_few(tmp_path: Path) -> None:
    decks = Decks()
    projects = [build_pairs_project(tmp_path, f"project {number}") for number in range(MOST_DECKS + 1)]
    first = decks.of(projects[0])
    assert decks.of(projects[0]) is first
    for project in projects[1:]:
        decks.of(project)
    assert decks.of(projects[0]) is not first


def test_texts_are_read_again_when_they_changed(project: Project) -> None:
    deck = Deck(project)
    assert deck.text("pump-md-1") is deck.text("pump-md-1")
    assert deck.text("../../etc/passwd") is None
    path = project.texts / "pump-md-1.json"
    path.write_text(path.read_text(encoding="utf-8").replace("12 bar", "13 bar!"), encoding="utf-8")
    text = deck.text("pump-md-1")
    assert text is not None
    assert "13 bar!" in text.text
    path.unlink()
    assert deck.text("pump-md-1") is None
