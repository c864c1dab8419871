"""The project's own files, parsed: what the alarms look at."""

from __future__ import annotations

import ast
import functools
from pathlib import Path

Function = ast.FunctionDef | ast.AsyncFunctionDef

ROOT = Path(__file__).parents[2]


class Source:
    """One Python file. `path` is relative to the repository."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text

    @classmethod
    def of(cls, text: str, path: str = "src/headworks/example.py") -> Source:
        return cls(path, text)

    @functools.cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @functools.cached_property
    def nodes(self) -> list[ast.AST]:
        """All of the tree: walked once, looked at by many alarms."""
        return list(ast.walk(self.tree))

    @functools.cached_property
    def functions(self) -> list[Function]:
        return [node for node in self.nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]

    @property
    def lines(self) -> int:
        return self.text.count("\n")

    @property
    def floor(self) -> str:
        """The floor it lives on: the folder under `headworks`, empty outside."""
        parts = Path(self.path).parts
        return parts[2] if len(parts) > 3 and parts[:2] == ("src", "headworks") else ""

    def at(self, node: ast.AST, words: str) -> str:
        """A finding, as an editor can jump to it."""
        return f"{self.path}:{getattr(node, 'lineno', 1)}: {words}"


def length(function: Function) -> int:
    """Lines from `def` to the last one, the docstring not counted: explaining is not what makes a function long."""
    first = function.body[0]
    docstring = 0
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        docstring = (first.end_lineno or first.lineno) - first.lineno + 1
    return (function.end_lineno or function.lineno) - function.lineno + 1 - docstring


@functools.cache
def read_all(folder: str) -> tuple[Source, ...]:
    """All Python files under a folder of the repository."""
    paths = sorted((ROOT / folder).rglob("*.py"))
    return tuple(Source.of(path.read_text(), path.relative_to(ROOT).as_posix()) for path in paths)


def source_files() -> tuple[Source, ...]:
    return read_all("src/headworks")


def test_files() -> tuple[Source, ...]:
    return read_all("tests")


test_files.__test__ = False  # type: ignore[attr-defined] # pytest would take it for a test
