"""The line takes the station that readiness names, until none is left, and never loops."""

from __future__ import annotations

import pytest
from langgraph.graph import END

from agent.errors import WorkFailedError
from agent.policy.readiness import readiness
from agent.records.facts import ProjectFacts
from agent.records.profile import Profile
from graph.pipeline import RECURSION_LIMIT, STATIONS, build_pipeline, route

FRESH = ProjectFacts(profile=Profile(goal="answer service questions", task_kind="facts"))
PRODUCTS: dict[str, dict[str, object]] = {
    "ingest": {"documents": 25, "chunks": 150},
    "extract": {"pairs_accepted": 200, "held_out_documents": 4},
    "validate": {"validation_items": 300},
    "mix": {"mixes": 1, "mix_is_current": True},
    "tune": {"tuned_run": "t", "tune_is_current": True},
    "evaluate": {"evaluated_run": "e", "evaluation_is_current": True},
}


class Road:
    """A project that gains what each station makes."""

    def __init__(self, facts: ProjectFacts, *, broken: str = "") -> None:
        self.facts = facts
        self.broken = broken
        self.taken: list[str] = []

    def take(self, action: str) -> None:
        self.taken.append(action)
        if action != self.broken:
            self.facts = self.facts.model_copy(update=PRODUCTS[action])

    def drive(self) -> list[str]:
        line = build_pipeline(lambda: readiness(self.facts), self.take)
        line.invoke({"taken": [], "next_action": ""}, {"recursion_limit": RECURSION_LIMIT})
        return self.taken


def test_an_empty_project_takes_every_station_once_in_order() -> None:
    assert Road(FRESH).drive() == list(STATIONS)


def test_an_interrupted_line_goes_on_where_it_stopped() -> None:
    facts = FRESH.model_copy(update=PRODUCTS["ingest"] | PRODUCTS["extract"] | PRODUCTS["validate"])
    assert Road(facts).drive() == ["mix", "tune", "evaluate"]


def test_changed_pairs_send_the_line_back_to_the_mix() -> None:
    done = {key: value for made in PRODUCTS.values() for key, value in made.items()}
    stale = FRESH.model_copy(update=done | {"mix_is_current": False, "tune_is_current": False})
    assert Road(stale).drive() == ["mix", "tune"]


def test_a_station_that_changes_nothing_ends_the_line_with_an_error() -> None:
    road = Road(FRESH, broken="extract")
    with pytest.raises(WorkFailedError, match="extract ran and the project still needs it"):
        road.drive()
    assert road.taken == ["ingest", "extract"]


@pytest.mark.parametrize(
    ("following", "taken", "expected"),
    [
        pytest.param("mix", ["validate"], "mix", id="the next station is taken"),
        pytest.param("decide", ["evaluate"], END, id="the decision is left to a person"),
        pytest.param("setup", [], END, id="set-up needs a person"),
        pytest.param("status", [], END, id="a running job is waited for elsewhere"),
    ],
)
def test_route(following: str, taken: list[str], expected: str) -> None:
    assert route({"taken": taken, "next_action": following}) == expected
