"""Models that answer from memory what they have answered before: a fault changes few prompts, decoding is greedy.

evaluate(project, settings, request, run, Silent(), load=Memory(path, settings).load)
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from agent.settings import Settings
from knowledge.files import sha256_of
from tools.generated import Generated
from tools.models import load_tokenizer, resolve_base_model


class Memory:
    """Loads models that answer from memory what they have answered before.

    Args:
        path: SQLite file of the answers.
        settings: Say which base model.
    """

    def __init__(self, path: Path, settings: Settings) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.store = sqlite3.connect(path)
        self.store.execute("create table if not exists answers (key text primary key, value text)")
        self.settings = settings

    def load(self, settings: Settings, adapter: Path | None) -> RememberingModel:
        """Return the model with an adapter; what `evaluate` loads with."""
        weights = "" if adapter is None else sha256_of(adapter / "adapter_model.safetensors")
        return RememberingModel(self.store, settings, adapter, weights)


class RememberingModel:
    """A model of an evaluation whose answers are kept by prompt; it is loaded when the first new one is asked for."""

    def __init__(self, store: sqlite3.Connection, settings: Settings, adapter: Path | None, weights: str) -> None:
        self._store = store
        self._settings = settings
        self._adapter = adapter
        self._weights = weights
        self.tokenizer: Any = load_tokenizer(resolve_base_model(settings))

    @cached_property
    def model(self) -> Any:
        """The model itself."""
        from tools.generation import load_generator

        return load_generator(self._settings, self._adapter)

    def generate(
        self, conversations: Sequence[Any], max_new_tokens: int, reporter: Any = None, *, adapter: bool | None = None
    ) -> list[Generated]:
        """Answer conversations, greedily."""
        asked = [[message.model_dump() for message in one] for one in conversations]
        keys = [self._key("generate", one, max_new_tokens, adapter) for one in asked]
        known = self._known(keys)
        new = [place for place, key in enumerate(keys) if key not in known]
        if new:
            found = self.model.generate([conversations[place] for place in new], max_new_tokens, adapter=adapter)
            known |= self._kept({keys[place]: one.model_dump() for place, one in zip(new, found, strict=True)})
        return [Generated(**known[key]) for key in keys]

    def logprobs(
        self, pairs: Sequence[tuple[str, str]], reporter: Any = None, *, adapter: bool | None = None
    ) -> list[tuple[float, int]]:
        """Return summed log-probability and number of tokens of each continuation."""
        keys = [self._key("logprobs", list(pair), 0, adapter) for pair in pairs]
        known = self._known(keys)
        new = list(dict.fromkeys(place for place, key in enumerate(keys) if key not in known))
        if new:
            found = self.model.logprobs([pairs[place] for place in new], adapter=adapter)
            known |= self._kept({keys[place]: list(one) for place, one in zip(new, found, strict=True)})
        return [(known[key][0], int(known[key][1])) for key in keys]

    def _key(self, kind: str, asked: Any, room: int, adapter: bool | None) -> str:
        weights = self._weights if adapter else ""
        return hashlib.sha256(json.dumps([kind, weights, asked, room], ensure_ascii=False).encode()).hexdigest()

    def _known(self, keys: Sequence[str]) -> dict[str, Any]:
        found = {}
        for key in keys:
            row = self._store.execute("select value from answers where key = ?", (key,)).fetchone()
            if row:
                found[key] = json.loads(row[0])
        return found

    def _kept(self, found: Mapping[str, Any]) -> dict[str, Any]:
        rows = [(key, json.dumps(value, ensure_ascii=False)) for key, value in found.items()]
        with self._store:
            self._store.executemany("insert or replace into answers values (?, ?)", rows)
        return dict(found)
