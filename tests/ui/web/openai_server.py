"""The OpenAI-compatible routes alone on a port of their own; the bearer token stands for the account.

python -m tests.ui.web.openai_server HOME MODEL     # prints the port once it listens
"""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.tiny_project import tiny_settings
from tools.answerers import Answerers
from ui.web.desk import Desks
from ui.web.openai_api import openai_routes


def app_of(desks: Desks, answerers: Answerers | None = None) -> ASGIApp:
    """Return the routes behind what the authentication notes; the token `none` is the server's own account."""
    app = FastAPI()
    app.include_router(openai_routes(desks, answerers))

    async def gate(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            token = dict(scope["headers"]).get(b"authorization", b"Bearer none").decode().removeprefix("Bearer ")
            name = "" if token == "none" else token
            scope.setdefault("state", {}).update(account=name, home=name)
        await app(scope, receive, send)

    return gate


def _server(app: ASGIApp) -> tuple[uvicorn.Server, socket.socket]:
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen()  # who connects before the server runs waits instead of being refused
    return uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off")), listening


@contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
    """Serve in a thread of this process; yields the address."""
    server, listening = _server(app)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
    finally:
        server.should_exit = True
        thread.join()


def main(home: str, model: str) -> None:
    server, listening = _server(app_of(Desks(tiny_settings(Path(home), Path(model)))))
    print(listening.getsockname()[1], flush=True)
    server.run(sockets=[listening])


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
