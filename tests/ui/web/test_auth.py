"""The gate: default deny on every route there is, one account's things hidden from another, guessing throttled.

The walk goes over the whole application as it is built, Gradio's own routes included, so a route that somebody adds
later is in it without being listed.
"""

from __future__ import annotations

import asyncio
import re
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.routing import Mount

from agent.settings import Settings
from tests.ui.web.conftest import PASSWORD
from tools.workspace import Workspace
from ui.pages.sites import LANGUAGES, PAGES
from ui.web import accounts, login
from ui.web.accounts import Accounts
from ui.web.app import build_routes, guarded
from ui.web.auth import SESSION_COOKIE
from ui.web.database import Database
from ui.web.desk import ACCOUNTS, Desks
from ui.web.limits import Limits
from ui.web.origin import LOOPBACK_NAMES, from_our_pages, host_name, is_loopback
from ui.web.rules import Rules
from ui.web.throttle import TRIES, Throttle
from ui.web.tokens import Tokens

OPEN = {"/login", "/healthz", "/favicon.ico", "/assets/{name}"} | {
    f"/{lang}/{path}"
    for lang in LANGUAGES
    for path in ("theme.css", "favicon.ico", "assets/{path:path}", "static/{path:path}")
}
"""Every route that may answer somebody who is not logged in."""

ORIGIN = "http://testserver"


@dataclass(frozen=True)
class House:
    """The whole application with login, its routes, and two accounts with a project each."""

    app: Any
    routes: FastAPI
    tokens: Tokens
    people: Accounts
    home: Path

    def session(self, name: str) -> dict[str, str]:
        return {"cookie": f"{SESSION_COOKIE}={self.tokens.begin(self.people.get(name))}"}

    def key(self, name: str) -> dict[str, str]:
        return {"authorization": f"Bearer {self.tokens.make_key(self.people.get(name))[0]}"}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with pytest.MonkeyPatch.context() as quick:
        quick.setattr(accounts, "COST", 16)
        home = tmp_path_factory.mktemp("house")
        database = Database.of(home)
        people, tokens = Accounts(database), Tokens(database)
        people.add("anna", PASSWORD)
        ben = people.add("ben", PASSWORD)
        Workspace(home).create("Pumps")
        (home / "projects" / "pumps" / "pairs.jsonl").write_text('{"secret": 1}\n')
        Workspace(home / ACCOUNTS / ben.home).create("Valves")
        desks, rules = Desks(Settings(home=home)), Rules(login=True)

        async def build() -> FastAPI:
            return build_routes(desks, rules, login.Logins(people, tokens, Throttle(database)))

        # In an event loop: outside of one, Gradio opens loops that nobody closes.
        routes = asyncio.run(build())
        yield House(guarded(routes, desks, rules, tokens), routes, tokens, people, home)
        desks.close()


@asynccontextmanager
async def client(app: Any, **options: Any) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=("10.0.0.7", 1234))
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, timeout=30, **options) as made:
        yield made


def ask(app: Any, method: str, path: str, **options: Any) -> httpx.Response:
    async def once() -> httpx.Response:
        async with client(app) as made:
            return await made.request(method, path, **options)

    return asyncio.run(once())


def walk(routes: list[Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield method and path of every route, those of mounted applications included."""
    for route in routes:
        if isinstance(route, Mount):
            yield from walk(list(route.routes), prefix + route.path)
        elif hasattr(route, "original_router"):
            yield from walk(list(route.original_router.routes), prefix)
        else:
            for method in getattr(route, "methods", None) or {"GET"}:
                yield method, prefix + route.path


def filled(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "x", path)


def test_without_login_only_the_listed_routes_answer(house: House) -> None:
    known = sorted(set(walk(list(house.routes.routes))))
    assert len(known) > 150
    assert {path for _, path in known} >= OPEN

    async def knock() -> dict[str, int]:
        answers = {}
        async with client(house.app) as made:
            for method, path in known:
                answer = await made.request(method, filled(path))
                if answer.status_code == 303:
                    assert answer.headers["location"].startswith("/login?next=")
                answers[f"{method} {path}"] = answer.status_code
        return answers

    answers = asyncio.run(knock())
    entered = {name for name, status in answers.items() if status not in {401, 303}}
    assert {name.split(" ", 1)[1] for name in entered} <= OPEN
    redirected = {name.split(" ", 1)[1].rstrip("/") for name, status in answers.items() if status == 303}
    pages = {f"/{lang}/{path}".rstrip("/") for lang in LANGUAGES for path in PAGES.values()}
    assert redirected <= pages | {""}


@pytest.mark.parametrize(
    "path",
    [
        "/en/gradio_api/file=/etc/passwd",
        "/en/file=/etc/passwd",
        "/en/gradio_api/file/etc/passwd",
        "/en/gradio_api/proxy=http://10.0.0.1/",
        "/en//gradio_api/queue/data",
        "/en/assets/../gradio_api/info",
        "/en/assets/%2e%2e/gradio_api/info",
        "/%65n/gradio_api/info",
        "/en/gradio_api/info",
        "/en/config",
        "/en/monitoring",
        "/docs",
        "/openapi.json",
        "/projects",
    ],
)
def test_what_gradio_offers_beyond_the_pages_is_refused_to_everybody(house: House, path: str) -> None:
    assert ask(house.app, "GET", path).status_code == 401
    assert ask(house.app, "GET", path, headers=house.session("anna")).status_code in {404}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_page_that_lost_its_server_may_ask_whether_it_is_back(house: House, lang: str) -> None:
    path = f"/{lang}/gradio_api/app_id"
    assert ask(house.app, "GET", path).status_code == 401
    assert list(ask(house.app, "GET", path, headers=house.session("anna")).json()) == ["app_id"]


def test_a_websocket_is_refused(house: House) -> None:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "websocket", "path": "/en/gradio_api/queue/join", "headers": [], "query_string": b""}
    asyncio.run(house.app(scope, receive, send))
    assert [message["type"] for message in sent] == ["websocket.close"]


def test_the_project_of_another_account_is_not_found_on_any_route(house: House) -> None:
    ben, ben_key = house.session("ben"), house.key("ben")
    known = sorted(set(walk(list(house.routes.routes))))

    async def knock() -> dict[str, int]:
        answers = {}
        async with client(house.app) as made:
            for method, path in known:
                if path in OPEN:
                    continue
                headers = {**(ben_key if path.startswith(("/v1", "/mcp")) else ben), "origin": ORIGIN}
                answer = await made.request(method, f"{filled(path)}?project=pumps", headers=headers)
                answers[f"{method} {path}"] = answer.status_code
                assert "secret" not in answer.text
        return answers

    answers = asyncio.run(knock())
    others = {name: status for name, status in answers.items() if status != 404}
    assert {name.split(" ", 1)[1] for name in others} <= {"/v1/models", "/v1/chat/completions", "/mcp"}, others
    assert "pumps" not in ask(house.app, "GET", "/v1/models", headers=ben_key).text


def test_the_owner_reaches_what_the_other_account_does_not(house: House) -> None:
    anna, ben = house.session("anna"), house.session("ben")
    for path in ("/en/?project=pumps", "/zh/pairs?project=pumps", "/download/project/pairs.jsonl?project=pumps"):
        assert ask(house.app, "GET", path, headers=anna).status_code == 200
        assert ask(house.app, "GET", path, headers=ben).status_code == 404
    assert ask(house.app, "GET", "/en/?project=valves", headers=ben).status_code == 200
    assert ask(house.app, "GET", "/en/?project=valves", headers=anna).status_code == 404
    assert ask(house.app, "GET", "/en/?project=..%2F..%2Fprojects%2Fpumps", headers=ben).status_code == 404
    twice = ask(house.app, "GET", "/en/?project=valves&project=pumps", headers=ben)
    assert twice.status_code == 404


def test_a_project_is_made_in_the_home_of_the_one_who_asks(house: House) -> None:
    ben = {**house.session("ben"), "origin": ORIGIN}
    made = ask(house.app, "POST", "/projects/new", data={"name": "Pumps", "lang": "zh"}, headers=ben)
    assert (made.status_code, made.headers["location"]) == (303, "/zh/?project=pumps")
    folder = house.home / ACCOUNTS / house.people.get("ben").home / "projects"
    assert (folder / "pumps" / "project.json").exists()
    again = ask(house.app, "POST", "/projects/new", data={"name": "<b>Pumps</b>" * 20}, headers=ben)
    assert again.status_code == 400
    assert "<b>" not in again.text
    # The walk above relies on ben not having one of this name.
    (folder / "pumps" / "project.json").unlink()


def test_an_account_made_anew_under_an_old_name_does_not_get_the_old_desk(settings: Settings) -> None:
    desks = Desks(settings)
    old, new = desks.for_account("anna", ""), desks.for_account("anna", "b2")
    assert new.workspace.home == settings.home / ACCOUNTS / "b2" != old.workspace.home


def test_a_stream_belongs_to_the_account_that_opened_it(house: House) -> None:
    anna, ben = ({**house.session(name), "origin": ORIGIN} for name in ("anna", "ben"))
    join = {"data": [], "fn_index": 999, "session_hash": "annastream"}
    assert ask(house.app, "POST", "/en/gradio_api/queue/join", json=join, headers=anna).status_code != 404
    assert ask(house.app, "POST", "/en/gradio_api/queue/join", json=join, headers=ben).status_code == 404
    for path in ("queue/data?session_hash=annastream", "heartbeat/annastream"):
        assert ask(house.app, "GET", f"/en/gradio_api/{path}", headers=ben).status_code == 404
    endless = {**join, "session_hash": "x" * 65}
    assert ask(house.app, "POST", "/en/gradio_api/queue/join", json=endless, headers=anna).status_code == 404
    cancel = {"session_hash": "annastream", "fn_index": 0, "event_id": "x"}
    assert ask(house.app, "POST", "/zh/gradio_api/cancel", json=cancel, headers=ben).status_code == 404


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/x", "HTTPS://evil.example/x", " http://10.0.0.1/"])
def test_no_event_makes_the_server_fetch_a_url(house: House, url: str) -> None:
    headers = {**house.session("anna"), "origin": ORIGIN}
    file = {"path": url, "meta": {"_type": "gradio.FileData"}}
    event = {"data": [[{"deep": [file]}]], "fn_index": 0, "session_hash": "fetching"}
    assert ask(house.app, "POST", "/en/gradio_api/queue/join", json=event, headers=headers).status_code == 400


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 5000, b'"x"', b'{"session_hash": 5}', b"\xff"])
def test_an_event_that_is_none_is_no_server_error(house: House, body: bytes) -> None:
    headers = {**house.session("anna"), "origin": ORIGIN, "content-type": "application/json"}
    answer = ask(house.app, "POST", "/en/gradio_api/queue/join", content=body, headers=headers)
    assert answer.status_code in {400, 422}


def test_a_key_opens_the_api_and_nothing_else_and_a_session_never_opens_the_api(house: House) -> None:
    key, session = house.key("anna"), house.session("anna")
    assert ask(house.app, "GET", "/v1/models", headers=key).status_code == 200
    refused = ask(house.app, "GET", "/v1/models", headers=session)
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    assert refused.json()["error"]["code"] == "invalid_api_key"
    assert ask(house.app, "GET", "/en/", headers=key).status_code == 303
    assert ask(house.app, "GET", "/download/project/pairs.jsonl?project=pumps", headers=key).status_code == 401
    for wrong in ("Bearer", "Bearer  ", "Basic YTpi", "Bearer dsk_wrong", "Bearer \xff"):
        answer = ask(house.app, "GET", "/mcp", headers={"authorization": wrong.encode("latin-1")})
        assert answer.status_code == 401


def test_login_and_logout(house: House) -> None:
    def enter(**form: str) -> httpx.Response:
        return ask(house.app, "POST", "/login", data=form, headers={"origin": ORIGIN})

    page = ask(house.app, "GET", "/en/runs?project=pumps&x=%22%3E%3Cb%3E")
    assert page.headers["location"].startswith("/login?next=/en/runs%3Fproject%3Dpumps")
    form = ask(house.app, "GET", page.headers["location"])
    assert form.status_code == 200
    assert "<b>" not in form.text
    wrong = enter(name="anna", password="wrong", next="/en/runs")
    assert (wrong.status_code, "set-cookie" in wrong.headers) == (401, False)
    right = enter(name="anna", password=PASSWORD, next="/en/runs?project=pumps")
    assert (right.status_code, right.headers["location"]) == (303, "/en/runs?project=pumps")
    cookie = right.headers["set-cookie"]
    assert all(word in cookie.lower() for word in ("httponly", "samesite=lax", "path=/", "max-age="))
    session = {"cookie": cookie.split(";")[0]}
    assert ask(house.app, "GET", "/en/", headers=session).status_code == 200
    left = ask(house.app, "POST", "/logout", headers={**session, "origin": ORIGIN})
    assert left.headers["location"] == "/login"
    assert ask(house.app, "GET", "/en/", headers=session).status_code == 303


@pytest.mark.parametrize(
    ("wanted", "gets"),
    [
        ("/en/runs?a=1", "/en/runs?a=1"),
        ("https://evil.example/", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/\nSet-Cookie: a=b", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
        (None, "/"),
    ],
)
def test_after_the_login_nobody_is_sent_elsewhere(wanted: str | None, gets: str) -> None:
    assert login.local(wanted) == gets


def test_a_thousand_wrong_passwords_get_ten_looked_at(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[str] = []
    real = Accounts.verify

    def counting(self: Accounts, name: str, password: str) -> Any:
        looked_at.append(password)
        return real(self, name, password)

    monkeypatch.setattr(Accounts, "verify", counting)

    async def guess() -> list[int]:
        async with client(house.app, headers={"origin": ORIGIN}) as made:

            async def one(number: int) -> int:
                form = {"name": "ben", "password": f"guess {number}"}
                return (await made.post("/login", data=form)).status_code

            answers = []
            for start in range(0, 1000, 20):
                answers += await asyncio.gather(*(one(number) for number in range(start, start + 20)))
            return answers

    # The test above has used up one try of this address.
    with house.people.database.change() as connection:
        connection.execute("DELETE FROM guesses")
    answers = asyncio.run(guess())
    assert len(looked_at) == TRIES
    assert (answers.count(401), answers.count(429)) == (TRIES, 1000 - TRIES)
    with house.people.database.change() as connection:
        connection.execute("DELETE FROM guesses")


FORMS = [("POST", "/projects/new"), ("POST", "/logout"), ("POST", "/login"), ("POST", "/en/gradio_api/queue/join")]


@pytest.mark.parametrize(("method", "path"), FORMS)
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://testserver.evil.example"},
        {"origin": "http://testserver:8080"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "origin": ORIGIN},
        {"origin": "http://["},
    ],
)
def test_another_site_cannot_act_in_a_persons_name(
    house: House, method: str, path: str, headers: dict[str, str]
) -> None:
    answer = ask(house.app, method, path, headers={**house.session("anna"), **headers}, data={"name": "X"})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("method", "headers", "passes"),
    [
        ("GET", {"sec-fetch-site": "cross-site"}, True),
        ("POST", {"origin": "http://a:1", "host": "a:1"}, True),
        ("POST", {"origin": "https://a", "host": "A"}, True),
        ("POST", {"sec-fetch-site": "same-origin", "origin": "http://a", "host": "a"}, True),
        ("POST", {"host": "a"}, True),
        ("POST", {"origin": "http://a"}, False),
        ("DELETE", {"origin": "http://b", "host": "a"}, False),
        ("PUT", {"sec-fetch-site": "same-origin", "origin": "http://b", "host": "a"}, False),
    ],
)
def test_where_a_request_came_from(method: str, headers: dict[str, str], passes: bool) -> None:
    assert from_our_pages(method, headers) == passes


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("localhost", True),
        ("::1", True),
        ("[::1]", True),
        ("127.8.8.8", True),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.1", False),
        ("localhost.evil", False),
    ],
)
def test_which_addresses_stay_on_this_machine(host: str, loopback: bool) -> None:
    assert is_loopback(host) == loopback


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("localhost:7860", "localhost"),
        ("[::1]:1", "::1"),
        ("", ""),
        ("[", ""),
        ("a@b", "b"),
        ("Evil.Example", "evil.example"),
    ],
)
def test_the_name_in_a_host_header(header: str, name: str) -> None:
    assert host_name(header) == name


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answers with how many bytes came and who asked."""
    count = 0
    while True:
        message = await receive()
        count += len(message.get("body", b""))
        if not message.get("more_body"):
            break
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": f"{count} {scope['state']['account']!r}".encode()})


@pytest.fixture
def small(settings: Settings) -> Any:
    """The gate around an application that counts, without login, with tiny limits."""
    rules = Rules(hosts=LOOPBACK_NAMES, upload_bytes=3000, body_bytes=1000)
    return guarded(echo, Desks(settings), rules, None)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:7860", "127.0.0.1.evil.example", "", "10.0.0.1"])
def test_on_the_loopback_no_other_name_is_answered(small: Any, host: str) -> None:
    assert ask(small, "GET", "/en/runs", headers={"host": host}).status_code == 421


@pytest.mark.parametrize("host", ["localhost:7860", "127.0.0.1", "[::1]:7860", "LOCALHOST"])
def test_without_login_everybody_on_this_machine_is_the_same_account(small: Any, host: str) -> None:
    assert ask(small, "POST", "/logout", headers={"host": host}).text == "0 ''"


LOCAL = {"host": "localhost"}


@pytest.mark.parametrize(
    ("path", "size", "status"),
    [
        ("/v1/chat/completions", 1000, 200),
        ("/v1/chat/completions", 1001, 413),
        ("/en/gradio_api/queue/join", 1001, 413),
        ("/en/gradio_api/upload", 3000, 200),
        ("/en/gradio_api/upload", 3001, 413),
        ("/zh/gradio_api/upload/", 3001, 413),
    ],
)
@pytest.mark.parametrize("announced", [True, False])
def test_a_body_beyond_its_limit_is_413(small: Any, path: str, size: int, status: int, announced: bool) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, size, 500):
            yield b"x" * min(500, size - start)

    content = b"x" * size if announced else pieces()
    assert ask(small, "POST", path, content=content, headers=LOCAL).status_code == status


def test_an_answer_that_the_application_makes_of_a_cut_body_is_replaced(settings: Settings) -> None:
    async def stubborn(scope: Any, receive: Any, send: Any) -> None:
        try:
            await echo(scope, receive, send)
        except Exception:
            await send({"type": "http.response.start", "status": 400, "headers": []})
            await send({"type": "http.response.body", "body": b"bad"})

    app = guarded(stubborn, Desks(settings), Rules(body_bytes=10), None)

    async def pieces() -> AsyncIterator[bytes]:
        yield b"x" * 6
        yield b"x" * 6

    assert ask(app, "POST", "/v1/x", content=pieces(), headers=LOCAL).status_code == 413


def test_a_body_that_stalls_is_given_up_and_an_answer_may_take_its_time() -> None:
    async def patient(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await asyncio.sleep(0.3)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"done"})

    async def stalling() -> AsyncIterator[bytes]:
        yield b"x"
        await asyncio.sleep(5)
        yield b"y"

    async def both() -> tuple[int, int]:
        async with client(Limits(patient, stall_seconds=0.1)) as made:
            slow_answer = await made.post("/v1/x", content=b"x")
        async with client(Limits(echo, stall_seconds=0.1)) as made:
            slow_body = await made.post("/v1/x", content=stalling())
        return slow_answer.status_code, slow_body.status_code

    assert asyncio.run(both()) == (200, 408)


def test_every_answer_carries_the_headers(house: House) -> None:
    session = house.session("anna")
    for path, headers in (("/login", {}), ("/en/", session), ("/nothing", session), ("/nothing", {}), ("/healthz", {})):
        answer = ask(house.app, "GET", path, headers=headers)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "'unsafe-inline'" not in policy.split("script-src", 1)[1].split(";", 1)[0]
        assert not re.search(r"https?:|\*", policy)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"


def test_a_page_has_its_language_its_title_the_nonce_and_nothing_foreign(house: House) -> None:
    answer = ask(house.app, "GET", "/zh/compare?project=pumps", headers=house.session("anna"))
    nonce = re.search(r"'nonce-([^']+)'", answer.headers["content-security-policy"])
    assert nonce is not None
    assert re.search(r'<html\s+lang="zh"', answer.text)
    assert "<title>对比 – domainsmith</title>" in answer.text
    scripts = re.findall(r"<script\b[^>]*>", answer.text)
    assert len(scripts) >= 5
    assert all(f'nonce="{nonce[1]}"' in script for script in scripts)
    assert re.findall(r'(?:src|href|content)="(?:https?:)?//', answer.text) == []
    assert "project=pumps" in answer.headers["set-cookie"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        other = ask(house.app, "GET", "/zh/compare", headers=house.session("anna"))
    assert other.headers["content-security-policy"] != answer.headers["content-security-policy"]
