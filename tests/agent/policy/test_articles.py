"""Every reason cites an article that the guide holds."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import agent.policy
from tests.agent.policy.builders import ARTICLES

FILES = sorted(Path(agent.policy.__path__[0]).glob("*.py"))
POSITION = {"reason": 3, "say": 1, "_Mend": 2}
"""Where calls that make a reason or a fix take the article."""


def cited(path: Path) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if name in POSITION and len(node.args) > POSITION[name]:
                argument = node.args[POSITION[name]]
                branches = [argument.body, argument.orelse] if isinstance(argument, ast.IfExp) else [argument]
                found += [(node.lineno, one.value) for one in branches if isinstance(one, ast.Constant)]
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == "_ARTICLES":
            assert isinstance(node.value, ast.Dict)
            found += [(node.lineno, one.value) for one in node.value.values if isinstance(one, ast.Constant)]
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_cited_articles_exist(path: Path) -> None:
    assert [(line, article) for line, article in cited(path) if article not in ARTICLES] == []


def test_the_scan_sees_the_citations() -> None:
    assert len([one for path in FILES for one in cited(path)]) > 60
