"""The server as people start it: a real process on a free port, asked over the wire."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import httpx
import pytest

from tests.quiet_moment import in_a_quiet_moment
from tests.ui.web.conftest import PASSWORD, ROOT, Server, serving
from tools.workspace import Workspace
from ui.pages.sites import LANGUAGES, PAGES
from ui.web.accounts import Accounts
from ui.web.database import Database
from ui.web.downloads import inside
from ui.web.limits import BODY_BYTES
from ui.web.tokens import Tokens


@pytest.fixture
def http(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=120) as client:
        yield client


def test_it_says_where_it_serves_and_that_it_is_well(server: Server, http: httpx.Client) -> None:
    assert server.said == [f"domainsmith serves at {server.url}/ - Ctrl-C ends it; jobs go on."]
    answer = http.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert "server" not in answer.headers


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_page_answers(http: httpx.Client, lang: str) -> None:
    for path in PAGES.values():
        answer = http.get(f"/{lang}/{path}?project=pumps")
        assert answer.status_code == 200, path
        assert f'lang="{lang}"' in answer.text


@pytest.mark.parametrize(
    ("headers", "where"),
    [
        ({}, "/en/"),
        ({"accept-language": "zh-CN,zh;q=0.9,en;q=0.8"}, "/zh/"),
        ({"accept-language": "fr, en;q=0.2, zh;q=0.9"}, "/zh/"),
        ({"accept-language": "de;q=x, *"}, "/en/"),
        ({"accept-language": "zh", "cookie": "lang=en"}, "/en/"),
        ({"cookie": "lang=xx"}, "/en/"),
    ],
)
def test_the_entrance_leads_to_the_readers_language(http: httpx.Client, headers: dict[str, str], where: str) -> None:
    answer = http.get("/?project=pumps", headers=headers)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{where}?project=pumps")


def test_a_slash_at_the_end_is_taken_away(http: httpx.Client) -> None:
    answer = http.get("/zh/runs/?project=pumps")
    assert (answer.status_code, answer.headers["location"]) == (308, "/zh/runs?project=pumps")
    assert http.get("/zh").headers["location"].endswith("/zh/")


def test_a_page_remembers_language_and_project(http: httpx.Client) -> None:
    cookies = http.get("/zh/runs?project=pumps").headers.get_list("set-cookie")
    assert [cookie.split(";")[0] for cookie in cookies] == ["lang=zh", "project=pumps"]
    assert all("HttpOnly" in cookie and "SameSite=Lax" in cookie for cookie in cookies)


def test_a_project_that_is_not_there_is_told_in_the_readers_language(http: httpx.Client) -> None:
    answer = http.get("/zh/runs?project=%3Cb%3Egone")
    assert answer.status_code == 404
    assert "没有这个项目" in answer.text
    assert "<b>gone" not in answer.text


def test_a_project_is_made_by_a_plain_form(server: Server, http: httpx.Client) -> None:
    answer = http.post("/projects/new", data={"name": "New pumps", "lang": "en"}, headers={"origin": server.url})
    assert answer.status_code == 303
    assert http.get(answer.headers["location"]).status_code == 200
    again = http.post("/projects/new", data={"name": "New pumps", "lang": "zh"})
    assert again.status_code == 400
    assert "项目未建立" in again.text
    assert http.post("/projects/new", data={}).status_code == 400


def test_without_login_nobody_is_asked(http: httpx.Client) -> None:
    assert http.get("/login?next=/en/runs").headers["location"] == "/en/runs"
    assert http.post("/login", data={"next": "//evil"}).headers["location"] == "/"
    assert http.get("/v1/models").status_code == 200


@pytest.mark.parametrize(
    ("headers", "size", "status"),
    [
        ({"host": "evil.example"}, 1, 421),
        ({"origin": "http://evil.example"}, 1, 403),
        ({"sec-fetch-site": "cross-site"}, 1, 403),
        ({}, 1024 * 1024 + 1, 413),
    ],
)
def test_other_sites_names_and_sizes_are_refused_over_the_wire(
    http: httpx.Client, headers: dict[str, str], size: int, status: int
) -> None:
    assert http.post("/v1/chat/completions", content=b"x" * size, headers=headers).status_code == status


def test_a_body_without_a_length_is_cut_at_the_limit(server: Server) -> None:
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=120) as raw:
        raw.sendall(
            f"POST /v1/chat/completions HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
            "Transfer-Encoding: chunked\r\n\r\n".encode()
        )
        for _ in range(BODY_BYTES // 0x10000):
            raw.sendall(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
        raw.sendall(b"1\r\nx\r\n")
        # The body has not ended, so only what is one byte above the limit can have brought an answer.
        answer = raw.recv(100)
    assert b" 413 " in answer


def test_downloads_are_attachments_and_stay_inside_the_project(server: Server, http: httpx.Client) -> None:
    project = Workspace(server.home).open("Pumps")
    run = project.new_run("tune")
    (run / "eval").mkdir()
    (run / "eval" / "page.html").write_text("<script>alert(1)</script>")
    (run / ".hidden").write_text("x")
    (run / "link").symlink_to(server.home / "accounts.sqlite")
    (server.home / "accounts.sqlite").touch()
    project.pairs.write_text('{"id": 1}\n')
    page = http.get(f"/download/run/{run.name}/eval/page.html?project=pumps")
    assert (page.status_code, page.text) == (200, "<script>alert(1)</script>")
    assert page.headers["content-disposition"] == 'attachment; filename="page.html"'
    assert page.headers["x-content-type-options"] == "nosniff"
    assert http.get("/download/project/pairs.jsonl?project=pumps").text == '{"id": 1}\n'
    refused = [
        f"/download/run/{run.name}/.hidden",
        f"/download/run/{run.name}/link",
        f"/download/run/{run.name}/eval",
        f"/download/run/{run.name}/../../project.json",
        f"/download/run/{run.name}/%2e%2e/%2e%2e/project.json",
        "/download/run/../project.json",
        "/download/run/gone/x",
        "/download/project/jobs.sqlite",
        "/download/project/project.json",
        "/download/project/mixes/../jobs.sqlite",
        "/download/project/documents/x",
    ]
    for path in refused:
        assert http.get(f"{path}?project=pumps").status_code == 404, path


@pytest.mark.parametrize("path", ["", "/etc/passwd", "a//b", "a/../b", "..", "a\0b", "~", "."])
def test_paths_that_are_no_file_inside(tmp_path: Path, path: str) -> None:
    from agent.errors import NotFoundError

    with pytest.raises(NotFoundError):
        inside(tmp_path, path)


def test_the_assets_are_ours_and_may_be_kept(http: httpx.Client) -> None:
    page = http.get("/en/").text
    for name, kind in (("style.css", "text/css"), ("frame.js", "text/javascript"), ("pages.css", "text/css")):
        link = page.split(f"/assets/{name}?v=", 1)[1].split('"')[0]
        answer = http.get(f"/assets/{name}?v={link}")
        assert answer.headers["content-type"].startswith(kind)
        assert "immutable" in answer.headers["cache-control"]
    assert http.get("/assets/nothing.css").status_code == 404
    assert http.get("/assets/style.css").headers["cache-control"] == "no-cache"
    assert http.get("/favicon.ico").headers["content-type"] == "image/svg+xml"


def test_sheets_and_scripts_point_nowhere_else() -> None:
    for folder in ("ui.web", "ui.pages"):
        for file in resources.files(folder).iterdir():
            if file.name.endswith((".css", ".js")):
                text = file.read_text(encoding="utf-8")
                assert "http:" not in text.replace("http://www.w3.org/", ""), file.name
                assert "https:" not in text, file.name
                assert "@import" not in text, file.name


def test_uploads_lie_where_only_the_owner_reads(server: Server, http: httpx.Client) -> None:
    answer = http.post("/en/gradio_api/upload", files={"files": ("../../evil name.md", b"# hello")})
    assert answer.status_code == 200
    stored = Path(answer.json()[0])
    uploads = server.home / "cache" / "uploads"
    assert stored.resolve().is_relative_to(uploads.resolve())
    assert uploads.stat().st_mode & 0o077 == 0
    assert http.get(f"/en/gradio_api/file={stored}").status_code == 404


@pytest.mark.slow
def test_with_login_the_cookie_opens_the_pages_and_the_key_the_api(tmp_path: Path) -> None:
    database = Database.of(tmp_path)
    anna = Accounts(database).add("anna", PASSWORD)
    key, _ = Tokens(database).make_key(anna)
    with serving(tmp_path, "--login") as running, httpx.Client(base_url=running.url, timeout=120) as client:
        assert client.get("/en/").headers["location"] == "/login?next=/en/"
        assert client.get("/v1/models").status_code == 401
        assert client.get("/v1/models", headers={"authorization": f"Bearer {key}"}).status_code == 200
        form = {"name": "anna", "password": PASSWORD, "next": "/en/"}
        entered = client.post("/login", data=form, headers={"origin": running.url})
        assert (entered.status_code, entered.headers["location"]) == (303, "/en/")
        assert client.get("/en/").status_code == 200
        client.post("/logout", headers={"origin": running.url})
        assert client.get("/en/").status_code == 303


@pytest.mark.slow
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_at_once_when_told_although_a_page_is_open(tmp_path: Path, sent: signal.Signals) -> None:
    @in_a_quiet_moment
    def ends() -> None:
        with (
            serving(tmp_path) as running,
            httpx.Client(base_url=running.url, timeout=120) as client,
            client.stream("GET", "/en/gradio_api/heartbeat/abc") as stream,
        ):
            next(stream.iter_raw())
            began = time.monotonic()
            running.process.send_signal(sent)
            ended.append(running.process.wait(120))
            taken = time.monotonic() - began
        said.extend(running.said)
        assert taken < 15

    ended: list[int] = []
    said: list[str] = []
    ends()
    assert set(ended) == {0}
    assert "Traceback" not in "\n".join(said)


def test_a_taken_port_is_one_line_and_exit_2(server: Server, tmp_path: Path) -> None:
    port = server.url.rsplit(":", 1)[1]
    command = [sys.executable, "-c", "from ui.start import main; main()", "serve", "--port", port]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False, timeout=240)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert f"127.0.0.1:{port}" in done.stderr
