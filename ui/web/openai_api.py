"""The arms of every project behind an OpenAI-compatible API: `GET /v1/models`, `POST /v1/chat/completions`.

    client = OpenAI(base_url="http://127.0.0.1:7860/v1", api_key=token)
    client.chat.completions.create(model="pumps/rag", messages=[{"role": "user", "content": "What does E21 mean?"}])

A model is `<project>/<arm>`; `<arm>` alone will do while the account has one project. The last message is the
question. `base` and `tuned` see the whole conversation; `rag` and `tuned+rag` see the passages that the last question
finds, and add `citations` to their message (streaming: to the delta of the chunk that names the finish reason).
Decoding is greedy: `temperature`, `top_p`, `seed`, penalties and whatever else is not understood are ignored, as if the
temperature were 0. `n` above 1, tools, log-probabilities, images, audio and JSON formats are refused. One question at a
time has the model; a client that goes away gives up its turn.
"""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from agent.errors import BusyError, CancelledError, InputError, NotFoundError, UserError
from agent.progress import Reporter
from agent.records.evaluation import Arm
from tools.answerers import LONGEST_LINE, Answerers
from tools.asking import ASKABLE, ArmAnswered, ArmEvent, ArmPiece, choose_arms, stream_arms
from tools.workspace import Project, ProjectInfo
from ui.web.desk import Desk, Desks
from ui.web.feed import Feed
from ui.web.openai_shapes import ApiError, ChatRequest, Completion, api_error

LARGEST_BODY: Final = 512 * 1024
"""Bytes of a request; a conversation of 100,000 tokens fits."""
_CHUNKS: Final = 5
"""Chunks retrieved for a question, as `ask` does."""
_CLIENT_GONE: Final = 499
"""Nobody reads this status; logs of proxies know it."""
_log = logging.getLogger(__name__)


def openai_routes(desks: Desks, answerers: Answerers | None = None) -> APIRouter:
    """Return the routes under `/v1`.

    Args:
        desks: Of the server. A request's account stands in `scope["state"]`, put there by the authentication before.
        answerers: The server's loaded models, shared with its pages; `None` loads them for these routes alone.
    """
    door = _Door(desks, answerers or Answerers())
    router = APIRouter(prefix="/v1", route_class=_OpenAIRoute)
    router.add_api_route("/models", door.models, methods=["GET"], response_model=None)
    router.add_api_route("/models/{model:path}", door.model, methods=["GET"], response_model=None)
    router.add_api_route("/chat/completions", door.chat, methods=["POST"], response_model=None)
    return router


class _OpenAIRoute(APIRoute):
    """A route whose errors have OpenAI's shape."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handle(request)
            except (CancelledError, ClientDisconnect):
                return Response(status_code=_CLIENT_GONE)
            except HTTPException:
                # Of the middleware that reads bodies; it answers itself.
                raise
            except Exception as error:
                return _error_response(error)

        return answer


class _Door:
    """The routes' handlers."""

    def __init__(self, desks: Desks, answerers: Answerers) -> None:
        self._desks = desks
        self._answerers = answerers
        self._places = threading.BoundedSemaphore(LONGEST_LINE)

    def models(self, request: Request) -> dict[str, Any]:
        """List every arm that a project of the account can answer with."""
        desk = self._desk(request)
        listed = [_model(info, arm) for info in desk.workspace.projects() for arm in _arms(desk.project(info.id))]
        return {"object": "list", "data": listed}

    def model(self, request: Request, model: str) -> dict[str, Any]:
        """Describe one model."""
        project, arm = _find(self._desk(request), model)
        return _model(project.info, arm, model)

    async def chat(self, request: Request) -> Response:
        """Answer a conversation, as a whole or in chunks."""
        asked = ChatRequest.read(await _body(request))
        desk = self._desk(request)
        feed = Feed(lambda reporter: self._events(desk, asked, reporter))
        completion = Completion(asked)
        async with _stopped_if_gone(request, feed):
            if not asked.stream:
                async for event in feed:
                    if isinstance(event, ArmAnswered):
                        return JSONResponse(completion.whole(event))
                raise AssertionError("an arm ends with its answer")
            # Whatever is wrong with the request shows before the first piece, so its status can still be told.
            first = await _first(feed)
        return _EventStream(feed, _chunks(completion, first, feed))

    def _events(self, desk: Desk, asked: ChatRequest, reporter: Reporter) -> Iterator[ArmEvent]:
        """Find the project, retrieve, ask; runs in a thread of its own."""
        if not self._places.acquire(blocking=False):
            raise BusyError(f"{LONGEST_LINE} questions wait already", mend="ask again in a minute")
        try:
            project, arm = _find(desk, asked.model)
            retrieved = desk.retriever(project).look_up(asked.question, _CHUNKS) if "rag" in arm else ()
            yield from stream_arms(
                project,
                desk.settings,
                asked.question,
                (arm,),
                retrieved,
                answerers=self._answerers,
                reporter=reporter,
                earlier=asked.earlier,
                max_new_tokens=asked.limit,
                stop=asked.stops,
            )
        finally:
            self._places.release()

    def _desk(self, request: Request) -> Desk:
        state = request.scope["state"]
        return self._desks.for_account(state["account"], state["home"])


class _EventStream(StreamingResponse):
    """Server-sent events; the work behind them stops with them, however they end."""

    def __init__(self, feed: Feed[ArmEvent], content: AsyncIterator[str]) -> None:
        headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
        super().__init__(content, media_type="text/event-stream", headers=headers)
        self._feed = feed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._feed.stop()


async def _chunks(completion: Completion, first: ArmEvent, feed: Feed[ArmEvent]) -> AsyncIterator[str]:
    yield _event(completion.opening())
    try:
        for chunk in _chunks_of(completion, first):
            yield chunk
        async for event in feed:
            for chunk in _chunks_of(completion, event):
                yield chunk
    except CancelledError:
        return
    except Exception as error:
        yield _event(_told(error).body)
    yield "data: [DONE]\n\n"


def _chunks_of(completion: Completion, event: ArmEvent) -> Iterator[str]:
    match event:
        case ArmPiece():
            yield _event(completion.piece(event.text))
        case ArmAnswered():
            yield from map(_event, completion.closing(event))


async def _first(feed: Feed[ArmEvent]) -> ArmEvent:
    """Wait until the arm says something."""
    async for event in feed:
        if isinstance(event, ArmPiece | ArmAnswered):
            return event
    raise AssertionError("an arm ends with its answer")


@asynccontextmanager
async def _stopped_if_gone(request: Request, feed: Feed[ArmEvent]) -> AsyncIterator[None]:
    """Stop the work if the client goes away before a response has begun, or if anything breaks off here."""

    async def watch() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        feed.stop()

    watching = asyncio.create_task(watch())
    try:
        yield
    except BaseException:
        feed.stop()
        raise
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_BODY:
            raise ApiError(f"a request has at most {LARGEST_BODY} bytes", status=413)
    return bytes(body)


def _find(desk: Desk, model: str) -> tuple[Project, Arm]:
    """Return the project and arm of a model's name.

    Raises:
        ApiError: It is no such name.
        UserError: There is no such project, or it cannot answer this way yet.
    """
    name, slash, arm = model.rpartition("/")
    if arm not in ASKABLE:
        shape = f"a model is <project>/<arm> with an arm of {', '.join(ASKABLE)}"
        raise ApiError(f"no such model: {model}; {shape}", status=404, param="model", code="model_not_found")
    try:
        project = desk.project(name if slash else None)
    except InputError as error:
        raise NotFoundError(error.what, where=error.where, mend="GET /v1/models lists what there is") from error
    return project, choose_arms(project, arm)[0]


def _arms(project: Project) -> tuple[Arm, ...]:
    try:
        return choose_arms(project, None)
    except UserError as error:
        _log.warning("project %s is not listed: %s", project.info.id, error)
        return ()


def _model(info: ProjectInfo, arm: Arm, name: str = "") -> dict[str, Any]:
    return {
        "id": name or f"{info.id}/{arm}",
        "object": "model",
        "created": int(datetime.fromisoformat(info.created).timestamp()),
        "owned_by": "domainsmith",
    }


def _told(error: Exception) -> ApiError:
    """Return the API's form of an error; what is the server's fault goes into its log as well."""
    told = api_error(error)
    if told.status >= 500:
        _log.error("a request failed", exc_info=error)
    return told


def _error_response(error: Exception) -> JSONResponse:
    told = _told(error)
    return JSONResponse(told.body, told.status)


def _event(data: Mapping[str, Any]) -> str:
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n"
