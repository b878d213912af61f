"""The offline assistant, measured: how often it reads a message right, how fast a turn is, how soon the server answers.

    python -m tests.benchmarks.assistant            # a table and JSON; nothing else should run meanwhile

Each golden message (`tests/graph/messages.py`) is a turn in a conversation of its own, in a project from which every
costly step could start. Answers of models are not among them: the project has no index.
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
from pathlib import Path
from typing import Any

from tests.graph.messages import COSTLY, GOLDEN, read_messages, ready_world, send_all


def send_golden(home: Path) -> dict[str, Any]:
    """Send every golden message; count readings, jobs and seconds."""
    world = ready_world(home)
    sets = {name: list(send_all(world, read_messages(name))) for name in GOLDEN}
    found: dict[str, Any] = {}
    for name, sent in sets.items():
        clear = [one for one in sent if one.line["action"] != "clarify"]
        ambiguous = [one for one in sent if one.line["action"] == "clarify"]
        found |= {
            f"{name}_clear_right": sum(one.right for one in clear),
            f"{name}_clear": len(clear),
            f"{name}_asked_back": sum(one.turn.action == "clarify" for one in ambiguous),
            f"{name}_ambiguous": len(ambiguous),
        }
    everything = [one for sent in sets.values() for one in sent]
    ranked = sorted(one.seconds for one in everything)
    return found | {
        "messages": len(everything),
        "waited_for_a_yes": sum(one.turn.approval is not None for one in everything),
        "costly_started": sum(bool(COSTLY & set(one.started)) for one in everything),
        "turn_ms_median": round(1000 * statistics.median(ranked)),
        "turn_ms_p95": round(1000 * ranked[int(0.95 * len(ranked))]),
        "turn_ms_max": round(1000 * ranked[-1]),
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
        found = send_golden(Path(folder) / "golden")
        if not wanted.no_serve:
            found["serve_ready_s"] = [serve_ready(Path(folder) / f"served-{number}") for number in range(3)]
    for name, value in found.items():
        print(f"{name:<28}{value}")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
