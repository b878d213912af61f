"""Projects: names that stay inside, one owner at a time, runs that are found again."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import BusyError, InputError, NotFoundError
from tools.workspace import SCHEMA, Project, Workspace, project_id


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


@pytest.mark.parametrize(
    ("name", "identifier"),
    [
        ("demo", "demo"),
        ("Demo", "demo"),
        ("  demo ", "demo"),
        ("pump-line-2", "pump-line-2"),
        ("Pumpen Köln", "pumpen-koln-#"),
        ("示例", "project-#"),
        ("v1.2", "v1-2-#"),
        ("张 项目", "project-#"),
    ],
)
def test_a_name_becomes_a_folder_that_cannot_leave(name: str, identifier: str) -> None:
    """`#` stands for the hash that keeps alike names apart."""
    assert re.fullmatch(identifier.replace("#", "[0-9a-f]{8}"), project_id(name))


def test_names_that_look_alike_stay_apart() -> None:
    assert len({project_id(name) for name in ("示例", "例子", "a b", "a-b", "a.b", "Ä", "a")}) == 7


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "a\nb", "a\x00b"])
def test_a_name_without_substance_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="1 to 80 printable"):
        project_id(name)


@pytest.mark.parametrize("name", [".", "..", " ... ", "../../etc", "a/b", "/etc", "a\\b"])
def test_a_path_is_no_name(workspace: Workspace, name: str) -> None:
    for act in (project_id, workspace.create, workspace.open):
        with pytest.raises(InputError, match=r"no path.*`domainsmith projects` lists"):
            act(name)
    assert list(workspace.home.iterdir()) == []


def test_commands_that_are_named_can_be_pasted_into_a_shell(workspace: Workspace) -> None:
    with pytest.raises(NotFoundError, match="`domainsmith new '张 项目'`"):
        workspace.open("张 项目")
    workspace.create("张 项目")
    with pytest.raises(InputError, match="`-p '张 项目'`"):
        workspace.create("张 项目")


@pytest.mark.parametrize("below", ["", "deeper/still"])
def test_a_home_that_is_a_file_is_refused(tmp_path: Path, below: str) -> None:
    (tmp_path / "passwd").write_text("x")
    workspace = Workspace(tmp_path / "passwd" / below)
    with pytest.raises(InputError, match=r"this is a file: .*passwd - set DOMAINSMITH_HOME"):
        workspace.require_folder()
    with pytest.raises(InputError, match=r"nothing can be written there.*passwd"):
        workspace.create("a")
    Workspace(tmp_path / "not" / "made" / "yet").require_folder()


@given(st.text(min_size=1, max_size=80))
def test_no_name_makes_a_folder_outside(name: str) -> None:
    try:
        identifier = project_id(name)
    except InputError:
        return
    assert identifier
    assert set(identifier) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert len(identifier) < 200


def test_a_project_is_made_listed_and_opened(workspace: Workspace) -> None:
    assert workspace.projects() == ()
    with pytest.raises(NotFoundError, match=r"no project yet.*domainsmith new"):
        workspace.open()
    made = workspace.create("演示", lang="zh")
    assert (made.info.name, made.info.lang, made.info.schema_version) == ("演示", "zh", SCHEMA)
    assert workspace.open() == workspace.open("演示") == Project.at(made.root) == made
    assert made.id == made.root.name
    with pytest.raises(InputError, match="exists"):
        workspace.create("演示")
    workspace.create("second")
    assert {info.name for info in workspace.projects()} == {"演示", "second"}
    with pytest.raises(NotFoundError, match=r"several projects.*second"):
        workspace.open()
    with pytest.raises(NotFoundError, match="no such project: third"):
        workspace.open("third")
    with pytest.raises(NotFoundError, match="no project in this folder"):
        Project.at(workspace.home)


def test_a_project_of_a_newer_version_is_refused(workspace: Workspace) -> None:
    root = workspace.create("demo").root
    info = json.loads((root / "project.json").read_text())
    (root / "project.json").write_text(json.dumps({**info, "schema_version": SCHEMA + 1}))
    with pytest.raises(InputError, match="newer domainsmith"):
        workspace.open("demo")


def test_every_path_stands_inside_the_project(workspace: Workspace) -> None:
    project = workspace.create("demo")
    names = [name for name, member in vars(Project).items() if isinstance(member, property) and name != "id"]
    paths = [getattr(project, name) for name in names]
    assert len({*paths}) == len(paths) >= 13
    assert all(path.parent == project.root for path in paths)


def test_runs_are_found_by_a_piece_of_their_name(workspace: Workspace) -> None:
    project = workspace.create("demo")
    with pytest.raises(NotFoundError, match="no such run"):
        project.run("tune")
    assert project.latest_run("tune") is None
    runs = [project.new_run("tune") for _ in range(3)]
    other = project.new_run("evaluate")
    assert len({run.name for run in runs}) == 3
    assert project.run(runs[0].name) == runs[0]
    assert project.run("evaluate") == other
    with pytest.raises(NotFoundError, match="4 runs match"):
        project.run("2")
    with pytest.raises(NotFoundError, match="no such run"):
        project.run("../..")

    for number, run in enumerate([runs[2], runs[0]]):
        (run / "result.json").write_text("{}")
        os.utime(run / "result.json", (number, number))
    assert project.latest_run("tune") == runs[0]
    for run in runs:
        (run / "result.json").write_text("{}")
        os.utime(run / "result.json", (5, 5))
    assert project.latest_run("tune") == runs[2], "of several in one moment the last that was begun"
    assert project.latest_run("evaluate") is None
    assert project.latest_run("tune", needs="adapter") is None


def test_too_many_runs_in_a_second_are_refused(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    project = workspace.create("demo")

    def taken(self: Path, **_: object) -> None:
        raise FileExistsError

    monkeypatch.setattr(Path, "mkdir", taken)
    with pytest.raises(InputError, match="too many runs"):
        project.new_run("tune")


def test_one_owner_at_a_time_and_the_other_learns_who(workspace: Workspace) -> None:
    project = workspace.create("demo")
    with (
        project.owned("an import"),
        pytest.raises(BusyError, match=rf"an import \(process {os.getpid()} on .*, since .* UTC\)"),
        project.owned("a second one"),
    ):
        pytest.fail("two owners")
    with project.owned("afterwards"):
        pass


def test_the_lock_falls_with_its_process(workspace: Workspace) -> None:
    project = workspace.create("demo")
    code = (
        "import os, sys; from pathlib import Path; from tools.workspace import Project\n"
        "with Project.at(Path(sys.argv[1])).owned('a crash'):\n"
        "    print('held', flush=True); os._exit(9)"
    )
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    done = subprocess.run(
        [sys.executable, "-c", code, str(project.root)], capture_output=True, text=True, check=False, env=environment
    )
    assert done.stdout == "held\n", done.stderr
    with project.owned("after the crash"):
        pass
