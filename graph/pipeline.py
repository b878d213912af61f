"""The main job as a graph: look where the project stands, take the next station, look again.

The route is not written down here: `agent.policy.readiness` derives the next action from what the project holds, so
an interrupted line goes on at the station where it stopped, and a line whose data changed goes back to the first
station that is out of date. A station that does not move the project on ends the line with an error instead of a loop.

Example:
    line = build_pipeline(observe=lambda: readiness(project_facts(project)), take=take_station)
    line.invoke({"taken": []}, {"recursion_limit": RECURSION_LIMIT})
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from agent.errors import WorkFailedError
from agent.records.decision import Action, Readiness

RECURSION_LIMIT: Final = 40
"""Steps after which LangGraph stops a line; the road has seven stations and two graph steps each."""

STATIONS: Final[tuple[Action, ...]] = ("ingest", "extract", "validate", "mix", "tune", "evaluate")
"""Actions that the line takes by itself; any other next action ends it."""


class LineState(TypedDict):
    """Plain values only, so that the state can be stored and read anywhere."""

    taken: Annotated[list[str], operator.add]
    """Actions taken, in order."""
    next_action: str
    """What readiness says comes next."""


def route(state: LineState) -> str:
    """Return the station to take, or the end.

    Raises:
        WorkFailedError: The station taken last is still the next one: it ran and changed nothing.
    """
    following = state["next_action"]
    if following not in STATIONS:
        return END
    if state["taken"] and state["taken"][-1] == following:
        raise WorkFailedError(
            f"{following} ran and the project still needs it", mend="`domainsmith status` says what is missing"
        )
    return following


@dataclass(frozen=True)
class _Station:
    """One node: takes its action and records it."""

    action: Action
    take: Callable[[Action], None]

    def __call__(self, state: LineState) -> dict[str, list[str]]:
        self.take(self.action)
        return {"taken": [self.action]}


def build_pipeline(
    observe: Callable[[], Readiness], take: Callable[[Action], None]
) -> CompiledStateGraph[LineState, Any, Any, Any]:
    """Return the compiled line.

    Args:
        observe: Says where the project stands now.
        take: Does one station's work; raises if it fails.
    """

    def look(state: LineState) -> dict[str, str]:
        return {"next_action": observe().next_action}

    graph: StateGraph[LineState, Any, Any, Any] = StateGraph(LineState)
    graph.add_node("look", look)
    graph.add_edge(START, "look")
    destinations: dict[Hashable, str] = {END: END}
    for action in STATIONS:
        graph.add_node(action, _Station(action, take))
        graph.add_edge(action, "look")
        destinations[action] = action
    graph.add_conditional_edges("look", route, destinations)
    return graph.compile()
