"""Files of the hardware page over HTTP: for the account of the request only, and never of a path."""

from __future__ import annotations

import ast
import csv
import io
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from agent.records.benchmark import BenchmarkResult
from agent.records.device_comparison import DeviceComparison
from agent.settings import Settings
from tests.tools.benchmark.compared import result
from tests.ui.web.test_chart_downloads import As
from tools.benchmark.saved import save
from ui.web.desk import ACCOUNTS, Desks
from ui.web.hardware_downloads import hardware_routes

pytestmark = pytest.mark.filterwarnings("default")

DEVICES = ["Moore Threads S4000", "NVIDIA A800 PCIe"]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def client(home: Path, account: str = "", own: str = "") -> TestClient:
    app = FastAPI()
    app.include_router(hardware_routes(Desks(Settings(home=home, _env_file=None))))
    return TestClient(As(app, account, own))


@pytest.mark.parametrize(("lang", "says"), [("en", "(data sheet)"), ("zh", "（规格书）")])
def test_a_comparison_comes_as_markdown(home: Path, lang: str, says: str) -> None:
    asked: dict[str, Any] = {"of": DEVICES, "size": 14, "lang": lang}
    answer = client(home).get("/download/hardware/comparison.md", params=asked)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/markdown")
    assert answer.headers["content-disposition"] == 'attachment; filename="comparison.md"'
    assert answer.headers["cache-control"] == "no-store"
    assert says in answer.text
    assert "14B" in answer.text


def test_a_comparison_comes_as_json(home: Path) -> None:
    kept = save(home, result())
    answer = client(home).get("/download/hardware/comparison.json", params={"of": [kept.stem, *DEVICES]})
    made = DeviceComparison.model_validate_json(answer.content)
    assert [one.id for one in made.subjects] == [kept.stem, *DEVICES]
    assert made.params_b == 7.0


def test_a_comparison_comes_as_csv_that_runs_nothing(home: Path) -> None:
    kept = save(home, result("=1+1"))
    answer = client(home).get("/download/hardware/comparison.csv", params={"of": [kept.stem, *DEVICES]})
    assert answer.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    gib = [row for row in rows if row["row"] == "gib"]
    assert [(row["subject"], row["value"], row["label"]) for row in gib] == [
        ("'=1+1", "16.0", "measured"),
        ("Moore Threads S4000", "48.0", "datasheet"),
        ("NVIDIA A800 PCIe", "80.0", "datasheet"),
    ]
    assert all((row["label"] == "") == (row["source"] == "") for row in rows)


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"of": ["no such thing"]}, 404),
        ({"of": DEVICES, "size": 0}, 400),
        ({"of": DEVICES, "size": "nan"}, 400),
        ({}, 422),
        ({"of": DEVICES * 3}, 422),
        ({"of": DEVICES, "lang": "fr"}, 422),
    ],
)
def test_what_cannot_be_compared(home: Path, asked: dict[str, Any], status: int) -> None:
    assert client(home).get("/download/hardware/comparison.md", params=asked).status_code == status


def test_a_path_is_never_read(home: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.json"
    secret.write_text(result("Secret").model_dump_json())
    answer = client(home).get("/download/hardware/comparison.json", params={"of": [str(secret)]})
    assert answer.status_code == 404
    kept = save(home, result())
    for name in ("../secret.json", "..%2Fsecret.json", f"..%2Fbenchmarks%2F{kept.name}"):
        assert client(home).get(f"/download/hardware/results/{name}").status_code == 404


def test_a_saved_result_comes_back_as_it_is(home: Path) -> None:
    kept = save(home, result())
    answer = client(home).get(f"/download/hardware/results/{kept.name}")
    assert BenchmarkResult.model_validate_json(answer.content) == result()
    assert answer.headers["content-disposition"] == f'attachment; filename="{kept.name}"'


def test_an_account_has_its_own_results_and_those_of_the_servers_machine(home: Path) -> None:
    own, other = home / ACCOUNTS / "ben", home / ACCOUNTS / "ann"
    kept, foreign = save(own, result()), save(other, result("Chip Two", at="2026-05-02T10:00:00Z"))
    server = save(home, result("The Server", at="2026-05-03T10:00:00Z"))
    endpoint = save(
        home, result("Model", at="2026-05-04T10:00:00Z", place="endpoint", endpoint="http://inside:8000/v1")
    )
    ben = client(home, "ben", "ben")
    for file, status in ((kept, 200), (server, 200), (foreign, 404), (endpoint, 404)):
        assert ben.get(f"/download/hardware/results/{file.name}").status_code == status
        assert ben.get("/download/hardware/comparison.md", params={"of": [file.stem]}).status_code == status


def test_the_script_for_another_machine(home: Path) -> None:
    answer = client(home).get("/download/hardware/bench.py")
    assert answer.headers["content-disposition"] == 'attachment; filename="bench.py"'
    imported = {
        alias.name.partition(".")[0]
        for node in ast.walk(ast.parse(answer.text))
        for alias in getattr(node, "names", ())
        if isinstance(node, ast.Import)
    }
    assert "tools" not in imported
    assert "argparse" in imported
