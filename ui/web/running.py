"""The server's process: uvicorn around the application, from the start to the last open index."""

from __future__ import annotations

import errno
import os
import signal
import socket
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING

import uvicorn

from agent.errors import InputError
from agent.settings import Settings
from ui.web.accounts import Accounts
from ui.web.database import Database
from ui.web.rules import Rules

if TYPE_CHECKING:
    from ui.web.desk import Desk, Desks

GRACE_SECONDS = 3
"""How long open connections have when the server ends; pages hold one for as long as they are open."""


def run(
    settings: Settings, rules: Rules, host: str, port: int, proxy: str | None, ready: Callable[[str], None]
) -> None:
    """Serve until Ctrl-C or SIGTERM; jobs that run go on.

    Args:
        settings: The server's settings.
        rules: How it treats those who come.
        host: Address to listen on.
        port: Port; 0 takes a free one.
        proxy: Address of a reverse proxy whose forwarded headers are believed.
        ready: Called with the server's address once it answers.

    Raises:
        InputError: The address cannot be listened on.
    """
    listening = _listen(host, port)
    from ui.web.app import build_app
    from ui.web.conductor import Conductor
    from ui.web.desk import Desks

    if rules.login and settings.document_roots is None:
        # Whoever logs in is not the machine's owner; what they name would be read with the server's rights.
        settings = settings.model_copy(update={"document_roots": ()})
    desks = Desks(settings)
    conductor = Conductor(lambda: _everybody(desks, rules))
    conductor.start()
    try:
        server = _Server(
            uvicorn.Config(
                # Made by uvicorn inside its event loop: outside of one, Gradio opens loops that nobody closes.
                lambda: build_app(desks, rules),
                factory=True,
                log_level="warning",
                access_log=False,
                server_header=False,
                ws="none",
                proxy_headers=proxy is not None,
                forwarded_allow_ips=proxy,
                timeout_graceful_shutdown=GRACE_SECONDS,
            ),
            lambda: ready(_url(host, listening.getsockname()[1])),
        )
        server.run(sockets=[listening])
    except OSError as error:
        # Two servers that begin at once can both take the port; the first to listen has it, and that is known here.
        if listening.fileno() != -1:
            raise
        taken = OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
        raise _not_here(taken, host, port) from error
    finally:
        conductor.stop()
        listening.close()
        desks.close()


def _everybody(desks: Desks, rules: Rules) -> list[Desk]:
    """Return the desks of all accounts, and of whoever needs none."""
    if not rules.login:
        return [desks.for_account("")]
    accounts = Accounts(Database.of(desks.settings.home)).list()
    return [desks.for_account(one.name, one.home) for one in accounts]


class _Server(uvicorn.Server):
    """Says when it answers, and ends with exit code 0 when it is told to end."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end; a second Ctrl-C does not wait. Unlike uvicorn's own, nothing is raised again afterwards."""
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()


def _listen(host: str, port: int) -> socket.socket:
    """Take the port before anything heavy is loaded, so that a taken one is told at once."""
    bare = host.strip("[]")
    try:
        family = socket.getaddrinfo(bare, port, type=socket.SOCK_STREAM)[0][0]
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((bare, port))
    except (OSError, OverflowError) as error:
        raise _not_here(error, host, port) from error
    return listening


def _not_here(why: Exception, host: str, port: int) -> InputError:
    return InputError(f"cannot listen here, {why}", where=f"{host}:{port}", mend="choose another --host or --port")


def _url(host: str, port: int) -> str:
    bare = host.strip("[]")
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(bare, f"[{bare}]" if ":" in bare else bare)
    return f"http://{shown}:{port}/"
