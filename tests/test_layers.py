"""Arrows between the folders run down only, as docs/architecture.md draws them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ALLOWED = {
    "core": {"core"},
    "models": {"models", "core"},
    "data": {"data", "core"},
    "stages": {"stages", "models", "data", "core"},
    "cli": {"cli", "stages", "models", "data", "core"},
}
FILES = [path for folder in ALLOWED for path in sorted((ROOT / folder).rglob("*.py"))]


def imported(source: str, package: list[str]) -> Iterator[str]:
    """The full names of what a module of `package` imports, wherever in it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = [*base, *(node.module or "").split(".")] if node.module else base
            yield from (".".join([*module, alias.name]) for alias in node.names)


def floors(source: str, package: list[str]) -> set[str]:
    """Which of our folders a module of `package` imports from."""
    found = set()
    for name in imported(source, package):
        parts = name.split(".")
        if parts[0] == "compose":
            assert len(parts) > 1, "import a folder of compose, not compose itself"
            found.add(parts[1])
        assert parts[0] not in ALLOWED, f"'{name}' works only inside the checkout"
    return found


def test_imports_are_read_in_every_form() -> None:
    package = ["compose", "stages"]
    for line in (
        "from ..models import x",
        "from ..models.hub import x",
        "from .. import models",
        "import compose.models.hub",
        "from compose import models",
        "def f():\n    from ..models import x",
    ):
        assert floors(line, package) == {"models"}, line
    assert floors("from . import x\nfrom .y import z\nimport numpy.linalg", package) == {"stages"}


def test_folders_are_where_this_looks() -> None:
    assert {path.parent.name for path in FILES} >= set(ALLOWED)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_arrows_run_down(path: Path) -> None:
    relative = path.relative_to(ROOT)
    package = ["compose", *relative.parts[:-1]]
    assert floors(path.read_text("utf-8"), package) <= ALLOWED[relative.parts[0]]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_click_is_used_through_typer_only(path: Path) -> None:
    names = set(imported(path.read_text("utf-8"), ["compose", path.parent.name]))
    assert not [name for name in names if name.split(".")[0] == "click" or "._click" in name]
