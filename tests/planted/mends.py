"""What a person or a command does about a proposed fix, read from the fix itself.

The command says what is run; where it asks for a person (a gold to correct, a pair to drop, a document to find), the
person knows what the fault took away and touches what the fix names, and nothing else.
"""

from __future__ import annotations

import shlex
from pathlib import Path

from agent.records.corpus import IngestRequest
from agent.records.diagnosis import Fix
from agent.records.evaluation import Item
from agent.records.pairs import Pair
from tests.planted.world import Trial, World
from tools.pairs import load_pairs, save_pairs

OPTIONS = {
    "-k": ("k", int),
    "--passages": ("passages", int),
    "--passage-characters": ("passage_characters", int),
    "--abstain-below": ("abstain_below", float),
    "--max-tokens": ("most_tokens", int),
}
"""Options of `evaluate` that a fix may set, with the field of the request."""


def mend(world: World, trial: Trial, fix: Fix) -> Trial:
    """Apply a fix and return the trial to evaluate again."""
    _, name, *arguments = shlex.split(fix.command)
    options = dict(zip(arguments[::2], arguments[1::2], strict=False))
    match name:
        case "evaluate":
            chosen = {OPTIONS[one][0]: OPTIONS[one][1](value) for one, value in options.items() if one in OPTIONS}
            reset = {} if "--max-tokens" in options else {"most_tokens": None}
            return trial.asking(**(chosen or reset))
        case "ingest":
            names = {name for fault in trial.broken.values() if isinstance(fault, tuple) for name in fault}
            paths = tuple(str(path) for path in world.documents.values() if path.name in {Path(n).name for n in names})
            if paths:
                world.perform(trial.project, "ingest", IngestRequest(paths=paths))
        case "validate":
            right = {
                key: one for fault in trial.broken.values() if isinstance(fault, dict) for key, one in fault.items()
            }
            named = set(fix.targets)
            trial.seal([_corrected(item, right) if item.id in named else item for item in trial.items()])
        case "review":
            right = {
                key: one for fault in trial.broken.values() if isinstance(fault, dict) for key, one in fault.items()
            }
            named = set(fix.targets)
            save_pairs(trial.project, [_reviewed(pair, right, named) for pair in load_pairs(trial.project)])
            world.train(trial.project)
        case "extract":
            whole = next((fault for fault in trial.broken.values() if isinstance(fault, list)), None)
            if whole is not None:
                save_pairs(trial.project, whole)
            world.train(trial.project)
        case "mix":
            world.train(trial.project, share=float(options["--domain-share"]))
        case "tune":
            if "--epochs" in options:
                world.train(trial.project, epochs=float(options["--epochs"]))
            else:
                world.train(trial.project)
    return trial


def _corrected(item: Item, right: dict[str, Item]) -> Item:
    found = right.get(item.id)
    return found if isinstance(found, Item) else item


def _reviewed(pair: Pair, right: dict[str, Pair], named: set[str]) -> Pair:
    found = right.get(pair.id)
    return found if pair.id in named and isinstance(found, Pair) else pair
