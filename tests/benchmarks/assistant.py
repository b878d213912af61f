"""The offline assistant, measured: how often it reads a message right, how fast a turn is, how soon the server answers.

    python -m tests.benchmarks.assistant            # a table and JSON; nothing else should run meanwhile

The golden messages are those of `tests/graph/understanding/golden.jsonl`; each is a turn in a fresh conversation of a
home without projects, as `domainsmith chat --messages FILE` makes it. Turns that would ask a model are not among them:
there is no project to answer from.
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
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

from agent.errors import EmptyError
from agent.settings import Settings
from graph.assistant import Assistant
from graph.threads import new_thread
from knowledge.retrieval import Retriever
from tools.workspace import Project

GOLDEN = Path(__file__).parents[1] / "graph" / "understanding" / "golden.jsonl"
COSTLY = {"extract", "tune", "evaluate", "benchmark"}


def no_index(project: Project) -> Retriever:
    """Refuse: the home has no project."""
    raise EmptyError("no documents")


def read_golden(home: Path) -> dict[str, Any]:
    """Send every golden message; count readings, jobs and seconds."""
    assistant = Assistant(Settings(home=home, extraction_model="rules"), retriever=no_index)
    assistant.send(new_thread(), "hello")
    lines = [json.loads(line) for line in GOLDEN.read_text(encoding="utf-8").split("\n") if line]
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    seconds: list[float] = []
    started = 0
    for line in lines:
        began = time.perf_counter()
        turn = assistant.send(new_thread(), line["text"])
        seconds.append(time.perf_counter() - began)
        kind = "ambiguous" if line["action"] == "clarify" else "clear"
        total[kind] += 1
        right[kind] += turn.action == line["action"] or turn.action in line["also"]
        started += turn.job is not None and line["action"] in COSTLY
    ranked = sorted(seconds)
    return {
        "messages": len(lines),
        "clear_right": right["clear"],
        "clear": total["clear"],
        "ambiguous_asked_back": right["ambiguous"],
        "ambiguous": total["ambiguous"],
        "costly_started": started,
        "turn_ms_median": round(1000 * statistics.median(seconds)),
        "turn_ms_p95": round(1000 * ranked[int(0.95 * len(ranked))]),
    }


def serve_ready(home: Path) -> float:
    """Return the seconds from the start of `domainsmith serve` to its first answer."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "ui.cli", "serve", "--port", "17863"]
    server = subprocess.Popen(command, env={**os.environ, "DOMAINSMITH_HOME": str(home)})
    try:
        while time.perf_counter() - began < 120:
            try:
                with urllib.request.urlopen("http://127.0.0.1:17863/healthz", timeout=1) as answer:
                    if answer.status == 200:
                        return round(time.perf_counter() - began, 1)
            except OSError:
                time.sleep(0.1)
        raise TimeoutError("the server did not answer within two minutes")
    finally:
        server.terminate()
        server.wait(20)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--no-serve", action="store_true", help="Leave the server out.")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = read_golden(Path(folder))
        if not wanted.no_serve:
            found["serve_ready_s"] = serve_ready(Path(folder))
    for name, value in found.items():
        print(f"{name:<24}{value}")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
