"""The catalogue's tools over MCP, at `/mcp`: streamable HTTP, one JSON answer a request, no sessions.

    async with streamable_http_client("http://127.0.0.1:7860/mcp") as (read, write, _):
        async with ClientSession(read, write) as session:
            await session.initialize()
            await session.call_tool("status", {"project": "pumps"})

Reading tools answer. Every other tool comes back as a request for approval that only a person can settle, on the
Assistant page or in the terminal: no tool here approves anything. `job_status` tells what became of a request.

The gate in front has settled whose request it is (`scope["state"]`); a request sees that account's desk only.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, Final

import anyio.to_thread
from fastapi import APIRouter
from mcp import types
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from agent import __version__
from agent.errors import DomainsmithError
from ui.i18n import phrase
from ui.web.desk import Desk, Desks
from ui.web.limits import BODY_BYTES
from ui.web.mcp_calls import call
from ui.web.mcp_shapes import failed
from ui.web.mcp_tools import tools
from ui.web.origin import from_our_pages

PATH: Final = "/mcp"
AT_ONCE: Final = 8
"""Calls that run at the same time; a comparison may hold a model for a while, and pages need threads as well."""
_log = logging.getLogger(__name__)

Handler = Callable[[Any], Awaitable[types.ServerResult]]


def mcp_routes(desks: Desks) -> APIRouter:
    """Return the route of the MCP server.

    Args:
        desks: Of the server. A request's account stands in `scope["state"]`, put there by the authentication before.
    """
    router = APIRouter()
    # As an ASGI application, not a handler: the transport writes the answer itself.
    router.routes.append(Route(PATH, McpDoor(desks)))
    return router


class McpDoor:
    """ASGI application: each request gets a server made for its account, and nothing outlives the request."""

    def __init__(self, desks: Desks) -> None:
        self._desks = desks
        self._places = anyio.CapacityLimiter(AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        refusal = _refusal(request)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        state = scope["state"]
        desk = self._desks.for_account(state["account"], state["home"])
        manager = StreamableHTTPSessionManager(
            self._server(desk, str(request.base_url)),
            json_response=True,
            stateless=True,
            max_request_body_size=BODY_BYTES,
        )
        async with manager.run():
            await manager.handle_request(scope, receive, send)

    def _server(self, desk: Desk, address: str) -> Server[Any, Any]:
        lang = desk.settings.lang
        server: Server[Any, Any] = Server(
            "domainsmith", version=__version__, instructions=phrase("mcp_instructions", lang)
        )

        async def listed(_: types.ListToolsRequest) -> types.ServerResult:
            return types.ServerResult(types.ListToolsResult(tools=list(tools(lang))))

        async def called(request: types.CallToolRequest) -> types.ServerResult:
            name, arguments = request.params.name, request.params.arguments or {}
            return types.ServerResult(
                await anyio.to_thread.run_sync(
                    _answer, desk, name, arguments, address, abandon_on_cancel=True, limiter=self._places
                )
            )

        # Not through the decorators: they check arguments a second time, in words of their own.
        server.request_handlers[types.ListToolsRequest] = listed
        server.request_handlers[types.CallToolRequest] = called
        return server


def _answer(desk: Desk, name: str, arguments: dict[str, Any], address: str) -> types.CallToolResult:
    """Call a tool; whatever goes wrong is told without a traceback."""
    lang = desk.settings.lang
    try:
        return call(desk, name, arguments, address)
    except DomainsmithError as error:
        return failed(error.what, error.where, error.mend)
    except Exception:
        # The program gets a number, the server's log what stands behind it.
        number = secrets.token_hex(4)
        _log.exception("a call of the tool %r failed (%s)", name[:40], number)
        return failed(phrase("mcp_broken", lang), name[:40], phrase("mcp_broken_mend", lang, number=number))


def _refusal(request: Request) -> Response | None:
    """Return why the transport does not see this request, if it does not."""
    if request.method != "POST":
        # There are no sessions to end, and nothing is ever sent unasked.
        return PlainTextResponse("this server answers POST\n", 405, {"Allow": "POST"})
    # The gate asks this of keyless requests only; MCP asks it of all.
    if not from_our_pages(request.method, Headers(scope=request.scope)):
        return PlainTextResponse("this request was started by another site\n", 403)
    return None
