"""The packages are found where they should be, the wheel is whole, and nobody else uses our names."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from importlib.metadata import distributions
from pathlib import Path

import pytest
from pydantic.fields import FieldInfo

from agent import __version__
from agent.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("agent", "knowledge", "tools", "graph", "ui")


def installed_editable() -> bool:
    """Whether this checkout is installed in the interpreter that runs the tests."""
    return any(dist.metadata["Name"] == "domainsmith" for dist in distributions())


def run(arguments: list[str], cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("COVERAGE_", "PYTHONPATH"))}
    return subprocess.run(
        arguments, capture_output=True, text=True, check=False, cwd=cwd, env={**inherited, **environment}
    )


@pytest.mark.skipif(not installed_editable(), reason="the checkout is not installed; `make install` does it")
@pytest.mark.parametrize("package", PACKAGES)
def test_each_package_resolves_into_the_checkout_from_outside(package: str, tmp_path: Path) -> None:
    code = f"import importlib.util; print(importlib.util.find_spec({package!r}).origin)"
    done = run([sys.executable, "-c", code], tmp_path)
    assert Path(done.stdout.strip()) == ROOT / package / "__init__.py", done.stderr


def test_no_other_distribution_ships_our_top_level_folders() -> None:
    clashes = [
        f"{dist.metadata['Name']}: {file}"
        for dist in distributions()
        if dist.metadata["Name"] != "domainsmith"
        for file in dist.files or ()
        if len(file.parts) > 1 and file.parts[0] in (*PACKAGES, "tests")
    ]
    assert clashes == []


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    done = run([sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)], folder)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    (built,) = folder.glob("*.whl")
    return built


@pytest.mark.slow
def test_the_wheel_holds_every_module_and_every_data_file_of_the_packages(wheel: Path) -> None:
    listed = run(["git", "ls-files", "--cached", "--others", "--exclude-standard", *PACKAGES], ROOT).stdout.split("\n")
    expected = {name for name in listed if name and (ROOT / name).is_file()}
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert names == expected
    suffixes = {Path(name).suffix for name in names}
    assert {".py", ".md", ".jsonl"} <= suffixes


@pytest.mark.slow
def test_the_wheel_installs_and_says_its_version(wheel: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(target)]
    done = run([*pip, str(wheel)], tmp_path)
    assert done.returncode == 0, done.stderr
    done = run([str(target / "bin" / "domainsmith"), "--version"], tmp_path, PYTHONPATH=str(target))
    assert (done.returncode, done.stdout.strip()) == (0, f"domainsmith {__version__}"), done.stderr
    where = run([sys.executable, "-c", "import ui; print(ui.__file__)"], tmp_path, PYTHONPATH=str(target))
    assert Path(where.stdout.strip()).is_relative_to(target)


def shown(field: FieldInfo) -> set[str]:
    """Return how `.env.example` may show a setting's default."""
    default = field.get_default(call_default_factory=True, validated_data={})
    if default is None:
        return {""}
    if isinstance(default, bool):
        return {str(default).lower()}
    if isinstance(default, Path):
        return {str(default), str(default).replace(str(Path.home()), "~")}
    return {str(default)}


def test_the_example_environment_lists_every_setting_with_its_default_and_meaning() -> None:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    found = {}
    for above, line in zip(["", *lines], lines, strict=False):
        name, equals, value = line.removeprefix("# ").partition("=")
        if equals and name.startswith("DOMAINSMITH_") and " " not in name:
            assert above.startswith("# "), f"{name} has no meaning above it"
            found[name.removeprefix("DOMAINSMITH_").lower()] = value
    assert set(found) == set(Settings.model_fields)
    for name, field in Settings.model_fields.items():
        assert found[name] in shown(field), name


def test_constraints_pin_every_direct_requirement_exactly() -> None:
    import tomllib

    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [Requirement(text) for text in project["dependencies"]]
    wanted += [Requirement(text) for texts in project["optional-dependencies"].values() for text in texts]
    pins = {}
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, _, version = line.partition("==")
            pins[canonicalize_name(name)] = version
    missing = [str(one) for one in wanted if pins.get(canonicalize_name(one.name), "") not in one.specifier]
    assert missing == []


def test_continuous_integration_runs_the_test_suite_and_nothing_else() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    commands = [line for line in script.read_text().splitlines() if line and not line.startswith(("#", "set ", "cd "))]
    assert commands == ["exec make test"]
