"""How long pages and turns take, alone and beside a real training job on the same cores.

    python -m tests.benchmarks.pages            # a table and JSON; nothing else should run meanwhile

A project is made with the real built-in model (documents read, pairs by rules, a mix), the server started, and every
page opened and the assistant spoken to in Chromium: first with nothing else running, then while `tune` trains. Both
halves are one run on one machine, so that their ratio means something.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from tests.ui.pages.talking import ROW, answered, replies, say, visit
from tests.ui.three_uses import write_documents
from tests.ui.web.conftest import Watched, chromium, serving
from tools.jobs.store import JobStore
from tools.workspace import Workspace
from ui.pages.sites import PAGES, address

SAYINGS = ("status", "What fits one A800?", "how many pairs are enough?", "为什么要 30%？", "现在进展到哪一步了？")


def prepare(home: Path, documents: Path) -> None:
    """Make a project that is ready to train."""
    _command(home, "new", "pumps")
    for step in (("ingest", str(documents)), ("extract",), ("validate",), ("mix",)):
        _command(home, *step)


def measure(watched: Watched, rounds: int, name: str) -> dict[str, list[float]]:
    """Open every page and say everything, as often as wanted; returns seconds."""
    found: dict[str, list[float]] = {"page": [], "turn": []}
    for number in range(rounds):
        for page in PAGES:
            found["page"].append(_timed(lambda page=page: _open(watched, address("en", page, project="pumps"))))  # type: ignore[misc]
        visit(watched, f"/en/?project=pumps&thread={name}{number}")
        for text in SAYINGS:
            found["turn"].append(_timed(lambda text=text: _say(watched, text)))  # type: ignore[misc]
    return found


def _open(watched: Watched, path: str) -> None:
    watched.page.goto(watched.origin + path)
    watched.page.wait_for_selector("#ds-rail .ds-pages", timeout=60_000)


def _say(watched: Watched, text: str) -> None:
    known = len(replies(watched.page))
    say(watched.page, text)
    watched.page.wait_for_function(f"(n) => document.querySelectorAll('{ROW}').length > n", arg=known)
    answered(watched.page, known + 1)


def _timed(act: Callable[[], None]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def _command(home: Path, *words: str) -> None:
    environment = {**os.environ, "DOMAINSMITH_HOME": str(home), "DOMAINSMITH_EXTRACTION_MODEL": "rules"}
    command = [sys.executable, "-c", "from ui.start import main; main()", *words]
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _summary(seconds: Iterable[float]) -> tuple[float, float]:
    ranked = sorted(seconds)
    return round(statistics.median(ranked), 2), round(ranked[int(0.95 * len(ranked))], 2)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as work, chromium() as browser:
        home = Path(work) / "home"
        prepare(home, write_documents(Path(work) / "documents", every=False))
        store = JobStore(Workspace(home).open("pumps").jobs)
        with serving(home) as server:
            watched = Watched(browser.new_page(), server.url)
            measure(watched, 1, "warm")
            alone = measure(watched, rounds, "alone")
            _command(home, "tune", "--detach")
            deadline = time.monotonic() + 120
            job = store.list()[-1]
            log = Workspace(home).open("pumps").runs / job.run / "events.jsonl"
            while not (log.exists() and "loss" in log.read_text(encoding="utf-8")):
                assert time.monotonic() < deadline, "training did not begin"
                time.sleep(0.5)
            beside = measure(watched, rounds, "beside")
            assert store.get(job.id).state == "running", "training ended before everything was measured"
            store.request_cancel(job.id)
            while store.active() is not None:
                time.sleep(0.5)
    found: dict[str, Any] = {}
    print(f"{'seconds':<8}{'alone median':>14}{'p95':>8}{'beside median':>16}{'p95':>8}{'ratio of medians':>18}")
    for kind in ("page", "turn"):
        quiet, busy = _summary(alone[kind]), _summary(beside[kind])
        ratio = round(busy[0] / quiet[0], 2)
        found[kind] = {"alone": quiet, "beside": busy, "ratio": ratio, "n": len(alone[kind])}
        print(f"{kind:<8}{quiet[0]:>14}{quiet[1]:>8}{busy[0]:>16}{busy[1]:>8}{ratio:>18}")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
