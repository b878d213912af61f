"""The server's process at its start."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from agent.errors import InputError
from agent.settings import Settings
from ui.web import running
from ui.web.rules import Rules


def test_of_two_servers_that_take_one_port_at_once_the_second_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = socket.socket()
    first.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    first.bind(("127.0.0.1", 0))
    port, taken = first.getsockname()[1], running._listen

    def both(host: str, port: int) -> socket.socket:
        found = taken(host, port)  # both have bound it, and none listens yet
        first.listen()
        return found

    monkeypatch.setattr(running, "_listen", both)
    said: list[str] = []
    with pytest.raises(InputError, match=r"cannot listen here.*in use"):
        running.run(Settings(home=tmp_path, _env_file=None), Rules(), "127.0.0.1", port, None, said.append)
    assert said == []
    first.close()
