"""The files of votes: only one's own, only those that stand."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from agent.settings import Settings
from tests.tools.test_votes import vote_for
from tools.votes import undo
from ui.web.desk import Desks
from ui.web.vote_downloads import vote_routes


@pytest.fixture
def client(tmp_path):
    desks = Desks(Settings(home=tmp_path))
    project = desks.for_account("").workspace.create("Pumps")
    vote_for(project, 1, "tie", account="")
    vote_for(project, 2, "better", "rag", account="")
    undo(project, "")
    app = FastAPI()
    app.include_router(vote_routes(desks))

    async def gate(scope, receive, send):
        name = dict(scope.get("headers", ())).get(b"x-account", b"").decode()
        scope.setdefault("state", {}).update(account=name, home=name)
        await app(scope, receive, send)

    return TestClient(gate)


@pytest.mark.parametrize(("name", "media"), [("votes.csv", "text/csv"), ("votes.jsonl", "application/x-ndjson")])
def test_votes_that_stand(client, name, media):
    answer = client.get(f"/download/{name}", params={"project": "pumps"})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(media)
    assert answer.headers["content-disposition"] == f'attachment; filename="pumps-{name}"'
    assert answer.headers["cache-control"] == "no-store"
    assert "question 1?" in answer.text
    assert "question 2?" not in answer.text


@pytest.mark.parametrize(
    ("project", "account"), [("none", ""), ("pumps", "eve"), ("../pumps", ""), ("x" * 200, ""), ("", "eve")]
)
@pytest.mark.parametrize("name", ["votes.csv", "votes.jsonl"])
def test_nobody_elses(client, name, project, account):
    answer = client.get(f"/download/{name}", params={"project": project}, headers={"x-account": account})
    assert answer.status_code in {400, 404}
    assert "question" not in answer.text


def test_a_damaged_file_is_told(client, tmp_path):
    (tmp_path / "projects" / "pumps" / "votes.jsonl").write_text("{}\n")
    answer = client.get("/download/votes.csv", params={"project": "pumps"})
    assert (answer.status_code, "votes.jsonl, line 1" in answer.text) == (400, True)
