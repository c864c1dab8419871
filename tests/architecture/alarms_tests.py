"""Alarms about tests: fakes that are not written by hand, and waiting that hopes."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from tests.architecture.source import Function, Source


def mocks(sources: Iterable[Source]) -> list[str]:
    return [
        source.at(node, "unittest.mock")
        for source in sources
        for node in source.nodes
        if isinstance(node, ast.Import | ast.ImportFrom)
        and "mock" in ast.unparse(node).split("import")[0] + ast.unparse(node)
        and "unittest" in ast.unparse(node)
    ]


def sleeps(sources: Iterable[Source]) -> list[str]:
    """`sleep(0)` only lets others run, in a `while` it polls for something, in a clock it is the clock's: anything else hopes that it
    was long enough.
    """
    return [source.at(node, "sleeps") for source in sources for node in _outside_loops(source.tree) if _is_sleep(node)]


def _outside_loops(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.While) or (isinstance(child, ast.AsyncFunctionDef) and child.name == "sleep"):
            continue
        yield child
        yield from _outside_loops(child)


def _is_sleep(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call) or ast.unparse(node.func) not in {"time.sleep", "asyncio.sleep", "sleep"}:
        return False
    return not (len(node.args) == 1 and isinstance(node.args[0], ast.Constant) and node.args[0].value == 0)


def reruns(sources: Iterable[Source]) -> list[str]:
    return [
        f"{source.path}: reruns hide flakiness" for source in sources if "mark.flaky" in source.text or "reruns=" in source.text
    ]


def tests_that_cannot_fail(sources: Iterable[Source]) -> list[str]:
    """A test that neither asserts, nor expects an exception, nor calls a function of the tests that does. Properties over generated
    input may state that nothing is raised.
    """
    files = list(sources)
    asserting = _asserting(files)
    return [
        source.at(function, f"{function.name} asserts nothing")
        for source in files
        for function in source.functions
        if function.name.startswith("test_") and function.name not in asserting and not _is_property(function)
    ]


def _is_property(function: Function) -> bool:
    return any(ast.unparse(decorator).startswith("given(") for decorator in function.decorator_list)


def _asserting(sources: Iterable[Source]) -> set[str]:
    """Names of functions that assert, themselves or through others: grown until it grows no more."""
    every = [function for source in sources for function in source.functions]
    found = {function.name for function in every if any(_is_check(node) for node in ast.walk(function))}
    calls = {function.name: _called(function) for function in every}
    while more := {name for name, called in calls.items() if called & found} - found:
        found |= more
    return found


def _is_check(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        return ast.unparse(node.func) in {"pytest.raises", "pytest.fail", "pytest.warns"}
    return isinstance(node, ast.Assert)


def _called(function: ast.AST) -> set[str]:
    return {ast.unparse(node.func).rpartition(".")[2] for node in ast.walk(function) if isinstance(node, ast.Call)}
