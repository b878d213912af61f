"""The page of the assistant without a browser: what is typed and pressed goes to the server as the page sends it.

door = Door(server.url, "pumps", "t")
door.over(door.say("Make training pairs"))       # returns when the reply is there
door.approve(approval)                           # returns as soon as the server has taken the click
"""

from __future__ import annotations

import json
import re
import secrets
from typing import Any, Final

import httpx

_CONFIG: Final = re.compile(r"window\.gradio_config\s*=\s*(\{.*?\});</script>", re.DOTALL)
SECONDS: Final = 120.0


class Door:
    """One tab with one conversation."""

    def __init__(self, url: str, project: str, thread: str, lang: str = "en") -> None:
        self._client = httpx.Client(base_url=f"{url}/{lang}", timeout=SECONDS)
        self._query = {"project": project, "thread": thread}
        page = self._client.get("/", params=self._query).raise_for_status().text
        found = _CONFIG.search(page)
        assert found is not None, "the page has no configuration"
        config = json.loads(found[1])
        self._events: list[dict[str, Any]] = config["dependencies"]
        self._ids = {one["props"].get("elem_id"): one["id"] for one in config["components"]}

    def __enter__(self) -> Door:
        return self

    def __exit__(self, *error: object) -> None:
        self._client.close()

    def say(self, text: str) -> str:
        """Send a message; returns the stream that tells what becomes of it."""
        return self._press("assistant-box", "submit", {"text": text, "files": []})

    def approve(self, approval: str) -> str:
        """Press the button of the yes."""
        return self._press("assistant-approve", "click", approval)

    def over(self, stream: str) -> bool:
        """Wait until what was sent is done; returns whether it went well."""
        went_well = False
        with self._client.stream("GET", "/gradio_api/queue/data", params={"session_hash": stream}) as told:
            for line in told.iter_lines():
                if line.startswith("data:"):
                    said = json.loads(line.removeprefix("data:"))
                    if said["msg"] == "process_completed":
                        went_well = bool(said["success"])
        return went_well

    def _press(self, element: str, event: str, value: Any) -> str:
        number = self._ids[element]
        handler = next(one["id"] for one in self._events if one["backend_fn"] and [number, event] in one["targets"])
        stream = secrets.token_hex(5)
        body = {"data": [value], "fn_index": handler, "trigger_id": number, "session_hash": stream, "event_data": None}
        self._client.post("/gradio_api/queue/join", params=self._query, json=body).raise_for_status()
        return stream
