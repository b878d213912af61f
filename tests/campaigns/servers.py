"""A real server killed at a random moment after it was told a person's yes, and what must hold after its restart."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.tools.jobs.sleeper import until
from tests.ui.web.killable import ASK, Killable, kill
from tests.ui.web.pressing import Door

LONGEST: Final = 1.0
"""Seconds from the click to the kill, at most; by then the turn is over."""
SECONDS: Final = 60.0
"""How long a restarted server has for what it is to do."""


def kill_servers(home: Path, kills: int, chance: random.Random) -> Iterator[tuple[str, list[str]]]:
    """Kill a server so many times, each time around another approval; yields when it was killed, and the faults.

    The server that is started after a kill is the one to be killed next, since starting one takes the most time.
    """
    if kills < 1:
        return
    names = [f"yes{number}" for number in range(kills)]
    house = Killable.build(home, *names)
    before: tuple[str, str, float] | None = None
    try:
        for name in (*names, None):
            with house.up() as server:
                if before is not None:
                    last, approval, after = before
                    yield f"server, {after:.2f} s after the click", audited(house, server.url, last, approval)
                if name is not None:
                    with Door(server.url, name, name) as door:
                        assert door.over(door.say(ASK)), "the question was not answered"
                        (approval,) = waiting(house, name)
                        after = chance.uniform(0.0, LONGEST)
                        door.approve(approval)
                        time.sleep(after)
                        kill(server)
                    before = (name, approval, after)
    finally:
        house.end()


def audited(house: Killable, url: str, name: str, approval: str) -> list[str]:
    """Say yes twice more, let the job end; returns what is lost or doubled."""
    faults: list[str] = []

    def check(holds: bool, otherwise: str) -> None:
        if not holds:
            faults.append(otherwise)

    jobs, waits = house.jobs(name), waiting(house, name)
    check(len(jobs) + len(waits) == 1, f"{len(jobs)} jobs and approvals {waits}")
    with Door(url, name, name) as door:
        for _ in range(2):
            door.over(door.approve(approval))
    check(len(house.jobs(name)) == 1, f"{len(house.jobs(name))} jobs after three times yes")
    check(waiting(house, name) == [], "an approval still waits")
    house.let_go(name)
    until(lambda: house.thread(name).job is None, SECONDS)
    said = [one.text for one in house.history(name) if one.role == "assistant"]
    for words in ("Started: ", "pairs accepted"):
        count = sum(words in one for one in said)
        check(count == 1, f"“{words.strip()}” is said {count} times")
    check([job.state for job in house.jobs(name)] == ["done"], f"the jobs are {house.jobs(name)}")
    check(house.worked(name) == 1, f"the job was worked at {house.worked(name)} times")
    return faults


def waiting(house: Killable, thread: str) -> list[str]:
    """Return the ids of the approvals that wait in a conversation."""
    return [one.id for one in house.approvals() if one.thread == thread]
