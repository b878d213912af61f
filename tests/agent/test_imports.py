"""The mind loads in a blink: no model, no index, no graph, no page."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {"torch", "transformers", "peft", "chromadb", "langgraph", "langchain_core", "gradio", "numpy", "scipy"}
PROBE = """
import importlib, json, pkgutil, sys
import agent
names = [module.name for module in pkgutil.walk_packages(agent.__path__, "agent.")]
for name in names:
    importlib.import_module(name)
print(json.dumps([names, sorted({name.partition(".")[0] for name in sys.modules})]))
"""


def test_importing_every_module_of_agent_loads_nothing_heavy() -> None:
    done = subprocess.run([sys.executable, "-c", PROBE], cwd=ROOT, capture_output=True, text=True, check=True)
    names, loaded = json.loads(done.stdout)
    assert {"agent.policy.method", "agent.records.profile", "agent.prompts.decisions"} <= set(names)
    assert HEAVY.isdisjoint(loaded)
    assert {"knowledge", "tools", "graph", "ui"}.isdisjoint(loaded)
