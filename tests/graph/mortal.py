"""A process that can be killed in the middle of a turn: `python -m tests.graph.mortal`, driven by lines of JSON.

Every request is served by a forked child, which kills itself at its n-th moment of `MOMENTS`: before and after every
checkpoint, every record of a job, every start of a worker. So each place where a turn can break off has a number.

    with Nursery() as nursery:
        nursery.call(home, "settle", ["t", approval, "approve"], at=7)      # killed there: None
        nursery.call(home, "recover", [])
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True)
class Reply:
    """What a child said before it ended."""

    killed: bool
    moments: int
    """How many places to die it passed."""
    value: Any


class Nursery:
    """The parent process, with everything imported, so that a child costs milliseconds."""

    def __init__(self) -> None:
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "tests.graph.mortal"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def __enter__(self) -> Nursery:
        return self

    def __exit__(self, *error: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(120)

    def call(
        self, home: Path, name: str, arguments: list[Any], at: int | None = None, after: float | None = None
    ) -> Reply:
        """Call a method of a fresh assistant in a fresh process.

        Args:
            home: Home of the assistant.
            name: Method.
            arguments: Its arguments.
            at: Number of the moment to be killed at, from 1; `None` lets it live.
            after: Seconds after which it is killed, wherever it is.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        request = {"home": str(home), "name": name, "arguments": arguments, "at": at, "after": after}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the nursery has died"
        answer = json.loads(line)
        assert "error" not in answer, answer["error"]
        return Reply(**answer)


class Moments:
    """Counts the places to die that are passed, and dies at one of them."""

    def __init__(self, at: int | None) -> None:
        self.passed = 0
        self._at = at

    def pass_by(self) -> None:
        self.passed += 1
        if self.passed == self._at:
            os.kill(os.getpid(), signal.SIGKILL)

    @contextmanager
    def around(self, owner: Any, name: str) -> Iterator[None]:
        """Make a function have a moment before and one after it."""
        inner: Callable[..., Any] = getattr(owner, name)

        def mortal(*arguments: Any, **named: Any) -> Any:
            self.pass_by()
            value = inner(*arguments, **named)
            self.pass_by()
            return value

        setattr(owner, name, mortal)
        try:
            yield
        finally:
            setattr(owner, name, inner)


def moments_of_a_turn() -> list[tuple[Any, str]]:
    """Return the functions around which a turn can break off."""
    from graph.checkpoints import ThreadSaver
    from graph.threads import Threads
    from tools.jobs import runner
    from tools.jobs.store import JobStore
    from tools.workspace import Project, Workspace

    return [
        (ThreadSaver, "put"),
        (ThreadSaver, "put_writes"),
        (Threads, "note"),
        (Project, "new_run"),
        (JobStore, "create"),
        (JobStore, "attach"),
        (Workspace, "create"),
        (runner, "save_snapshot"),
        (runner.subprocess, "Popen"),
    ]


def main() -> int:
    from tests.graph.scripted_worker import SCRIPTED
    from tools.jobs import runner

    runner.submit.__kwdefaults__["worker"] = SCRIPTED
    # The heavy imports happen once; a child that dies has nothing to clean up but what it has written.
    import graph.assistant  # noqa: F401
    import tests.graph.worlds  # noqa: F401

    for line in sys.stdin:
        print(json.dumps(_serve(json.loads(line))), flush=True)
    return 0


def _serve(request: dict[str, Any]) -> dict[str, Any]:
    mine, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(mine)
        _live(request, theirs)
    os.close(theirs)
    with os.fdopen(mine) as pipe:
        if request["after"] is not None:
            import time

            time.sleep(request["after"])
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    if killed:
        return {"killed": True, "moments": 0, "value": None}
    return dict(json.loads(said)) if said else {"error": f"the child ended with {status}"}


def _live(request: dict[str, Any], pipe: int) -> None:
    from tests.fakes import TableReader
    from tests.graph.worlds import World, small_settings

    home = Path(request["home"])
    moments = Moments(request["at"])
    with os.fdopen(pipe, "w") as out:
        try:
            reader = TableReader({"read": "ingest", "want": "setup", "measure": "evaluate", "status": "status"})
            assistant = World(home, small_settings(home), reader=reader).assistant()
            with contextlib.ExitStack() as stack:
                for owner, name in moments_of_a_turn():
                    stack.enter_context(moments.around(owner, name))
                value = getattr(assistant, request["name"])(*request["arguments"])
            answer: dict[str, Any] = {"killed": False, "moments": moments.passed, "value": _plain(value)}
        except BaseException as error:
            answer = {"error": repr(error)}
        out.write(json.dumps(answer))
    os._exit(0)


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value.model_dump(mode="json") if hasattr(value, "model_dump") else value


if __name__ == "__main__":
    sys.exit(main())
