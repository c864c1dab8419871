"""Alarms about size and signatures. Each takes sources and gives findings; no finding, no alarm."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence

from tests.architecture.source import Function, Source, length

FILE_LIMIT, FILE_MEDIAN, FILE_P90 = 400, 200, 350
FUNCTION_LONG, FUNCTION_LIMIT, FUNCTION_SHARE = 60, 100, 0.02
ARGUMENTS, TUPLE = 6, 3
NO_OPS = 5


def oversize_files(sources: Iterable[Source], limit: int = FILE_LIMIT) -> list[str]:
    return [f"{source.path}: {source.lines} lines" for source in sources if source.lines > limit]


def percentile(sizes: Sequence[int], share: float) -> int:
    """The value that `share` of the sizes do not exceed."""
    return sorted(sizes)[min(len(sizes) - 1, int(share * len(sizes)))]


def long_functions(sources: Iterable[Source], limit: int) -> list[str]:
    return [
        source.at(function, f"{function.name} has {length(function)} lines")
        for source in sources
        for function in source.functions
        if length(function) > limit
    ]


def crowded_signatures(sources: Iterable[Source], limit: int = ARGUMENTS) -> list[str]:
    """More arguments than a caller can keep apart; `self` does not count, nor do keyword-only ones that have defaults."""
    return [
        source.at(function, f"{function.name} takes {len(arguments)} arguments")
        for source in sources
        for function in source.functions
        if len(arguments := [name for name in _wanted(function) if name not in {"self", "cls"}]) > limit
    ]


def _wanted(function: Function) -> Iterator[str]:
    for argument in (*function.args.posonlyargs, *function.args.args):
        yield argument.arg
    for argument, default in zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True):
        if default is None:
            yield argument.arg


def boolean_positionals(sources: Iterable[Source]) -> list[str]:
    """`send(True)` tells its reader nothing: a flag is keyword-only, at least where callers are not in the same file."""
    return [
        source.at(function, f"{function.name}({argument.arg}: bool) can be given by position")
        for source in sources
        for function in source.functions
        if not function.name.startswith("_") and not _overrides(function)
        for argument in (*function.args.posonlyargs, *function.args.args)
        if argument.annotation is not None and ast.unparse(argument.annotation) == "bool"
    ]


def _overrides(function: Function) -> bool:
    return any(ast.unparse(decorator).endswith("override") for decorator in function.decorator_list)


def wide_tuples(sources: Iterable[Source], limit: int = TUPLE) -> list[str]:
    """A tuple of four is a struct that nobody has named yet."""
    return [
        source.at(function, f"{function.name} returns a tuple of {width}")
        for source in sources
        for function in source.functions
        if (width := _width(function.returns)) > limit
    ]


def _width(annotation: ast.expr | None) -> int:
    if not isinstance(annotation, ast.Subscript) or ast.unparse(annotation.value) != "tuple":
        return 0
    return len(annotation.slice.elts) if isinstance(annotation.slice, ast.Tuple) else 1


def mostly_empty_bases(sources: Iterable[Source], limit: int = NO_OPS) -> list[str]:
    """A base class of no-ops does not tell which of them matter."""
    return [
        source.at(node, f"{node.name} has {empty} methods that do nothing")
        for source in sources
        for node in source.nodes
        if isinstance(node, ast.ClassDef) and not _is_protocol(node)
        if (empty := sum(_is_empty(item) for item in node.body)) > limit
    ]


def _is_protocol(node: ast.ClassDef) -> bool:
    return any(ast.unparse(base).partition("[")[0].endswith("Protocol") for base in node.bases)


def _is_empty(item: ast.stmt) -> bool:
    if not isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    return all(
        isinstance(line, ast.Pass) or (isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant))
        for line in item.body
    )
