"""Killed in the middle of a turn: one job for every yes, none without one, what waits goes on waiting (promise 8)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.graph.broken import Broken, kill_first_documents, kill_propose, kill_settle
from tests.graph.machines import build_machines
from tests.graph.mortal import Nursery
from tests.graph.worlds import write_manuals

pytestmark = pytest.mark.slow
STEP = 5
"""Every so many moments one kill; the campaign takes them all."""


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with Nursery() as nursery:
        yield nursery


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("machines")
    build_machines(home)
    return home


def test_a_turn_has_moments_to_die_at(nursery: Nursery, source: Path, tmp_path: Path) -> None:
    broken = Broken(nursery, source, tmp_path / "home")
    approval = broken.ask()
    settled = broken.call("settle", "t", approval, "approve")
    assert settled.moments > 6 * STEP
    assert settled.value["job"] == broken.started()[0].id
    assert broken.end() == []


@pytest.mark.parametrize("at", [2, 9, 13, 18, 20, 23, 27, 31, 36])
def test_a_kill_around_the_yes_leaves_exactly_one_job(nursery: Nursery, source: Path, tmp_path: Path, at: int) -> None:
    killed, faults = kill_settle(nursery, source, tmp_path / "home", at=at, ended=at % 9 == 0)
    assert killed
    assert faults == []


@pytest.mark.parametrize("at", [1, 7, 14, 21, 26])
def test_a_kill_around_the_question_loses_nothing_that_was_answered(
    nursery: Nursery, source: Path, tmp_path: Path, at: int
) -> None:
    killed, faults = kill_propose(nursery, source, tmp_path / "home", at=at)
    assert killed
    assert faults == []


@pytest.mark.parametrize("at", [14, 20, 22, 26, 30])
def test_a_kill_while_the_project_is_made_leaves_one_project_that_knows_what_was_said(
    nursery: Nursery, tmp_path: Path, at: int
) -> None:
    documents = write_manuals(tmp_path / "documents")
    killed, faults = kill_first_documents(nursery, documents, tmp_path / "home", at=at)
    assert killed
    assert faults == []


def test_an_approval_that_waits_survives(nursery: Nursery, source: Path, tmp_path: Path) -> None:
    broken = Broken(nursery, source, tmp_path / "home")
    approval = broken.ask()
    # Asked something else, and killed while it answers.
    assert broken.call("send", "t", "status", at=8).killed
    assert [one["id"] for one in broken.call("approvals").value] == [approval]
    assert broken.call("recover").value in ([], ["t"])
    assert [one["id"] for one in broken.call("approvals").value] == [approval]
    reply = broken.call("send", "t", "yes").value
    assert [job.id for job in broken.started()] == [reply["job"]]
    assert broken.end() == []


def test_a_running_job_is_found_and_reported_after_a_restart(nursery: Nursery, source: Path, tmp_path: Path) -> None:
    broken = Broken(nursery, source, tmp_path / "home")
    approval = broken.ask()
    broken.call("settle", "t", approval, "approve")
    # Every call is a new process; this one dies while it reports.
    broken.finished()
    assert broken.end() == []


@pytest.mark.parametrize("at", [3, 8, 13, 18])
def test_a_kill_while_the_end_is_reported_reports_it_once(
    nursery: Nursery, source: Path, tmp_path: Path, at: int
) -> None:
    from tools.jobs.runner import wait
    from tools.workspace import Workspace

    broken = Broken(nursery, source, tmp_path / "home")
    broken.call("settle", "t", broken.ask(), "approve")
    wait(Workspace(broken.home).open("machines"), broken.started()[0].id)
    assert broken.call("follow", "t", at=at).killed
    broken.call("recover")
    broken.call("follow", "t")
    assert broken.call("follow", "t").value is None
    assert broken.call("waiting_job", "t").value is None
    reports = [one for one in broken.call("history", "t").value if "Evaluation " in one["text"]]
    assert len(reports) == 1
    assert broken.end() == []
