"""Alarms about care: errors swallowed, types given up, state that outlives its owner, work done at import."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator

from tests.architecture.source import Source

Alarm = Callable[[Iterable[Source]], list[str]]

BROAD_LIMIT = 11
CAST_LIMIT = 10
IGNORES_PER_1000 = 2.0

_IGNORE = re.compile(r"#\s*(type|pyright):\s*ignore(\[[\w\-, ]+\])?")
_MUTATORS = frozenset(
    [
        "append",
        "extend",
        "insert",
        "remove",
        "pop",
        "popitem",
        "clear",
        "update",
        "setdefault",
        "add",
        "discard",
        "appendleft",
        "sort",
        "reverse",
        "__setitem__",
    ]
)
_CONTAINERS = frozenset({"list", "dict", "set", "defaultdict", "deque", "Counter", "OrderedDict", "bytearray"})


def broad_excepts(sources: Iterable[Source]) -> list[str]:
    """Handlers of everything that do not raise it again: those that do only tidy up in passing."""
    return [source.at(handler, "catches everything") for source, handler in _handlers(sources) if _is_broad(handler)]


def unexplained_broad_excepts(sources: Iterable[Source]) -> list[str]:
    """A broad except says on its line why: `# noqa: BLE001 - …`, or a comment."""
    return [
        source.at(handler, "catches everything and does not say why")
        for source, handler in _handlers(sources)
        if _is_broad(handler) and not _reason(source, handler)
    ]


def _reason(source: Source, handler: ast.ExceptHandler) -> str:
    comment = source.text.splitlines()[handler.lineno - 1].partition("#")[2]
    return re.sub(r"noqa: [A-Z0-9, ]+", "", comment).strip(" -")


def bare_excepts(sources: Iterable[Source]) -> list[str]:
    return [source.at(handler, "except without a type") for source, handler in _handlers(sources) if handler.type is None]


def swallowed_errors(sources: Iterable[Source]) -> list[str]:
    return [
        source.at(handler, "an error is swallowed")
        for source, handler in _handlers(sources)
        if all(
            isinstance(line, ast.Pass) or (isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant))
            for line in handler.body
        )
    ]


def _handlers(sources: Iterable[Source]) -> Iterator[tuple[Source, ast.ExceptHandler]]:
    return ((source, node) for source in sources for node in source.nodes if isinstance(node, ast.ExceptHandler))


def _is_broad(handler: ast.ExceptHandler) -> bool:
    if any(isinstance(line, ast.Raise) and line.exc is None for line in handler.body):
        return False
    names = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(name is not None and ast.unparse(name) in {"Exception", "BaseException"} for name in names)


def type_ignores(sources: Iterable[Source]) -> list[str]:
    return [f"{source.path}: {match[0]}" for source in sources for match in _IGNORE.finditer(source.text)]


def blanket_type_ignores(sources: Iterable[Source]) -> list[str]:
    return [
        f"{source.path}: {match[0]} names no rule"
        for source in sources
        for match in _IGNORE.finditer(source.text)
        if not match[2]
    ]


def casts(sources: Iterable[Source]) -> list[str]:
    return [
        source.at(node, "cast")
        for source in sources
        for node in source.nodes
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"cast", "typing.cast"}
    ]


def any_annotations(sources: Iterable[Source]) -> list[str]:
    return [
        source.at(node, "Any") for source in sources for node in source.nodes if isinstance(node, ast.Name) and node.id == "Any"
    ]


def mutable_module_state(sources: Iterable[Source]) -> list[str]:
    """A container at module level that is no constant, a `global`, or a constant that a function changes."""
    found: list[str] = []
    for source in sources:
        names = dict(_module_containers(source))
        found += [source.at(node, f"{name} is module-level state") for name, node in names.items() if name != name.upper()]
        found += [source.at(node, "global") for node in source.nodes if isinstance(node, ast.Global)]
        found += [
            source.at(node, f"{name} is changed in {function.name}")
            for function in (source.functions if names else ())
            for node in ast.walk(function)
            if (name := _changed(node)) in names and name not in _locals(function)
        ]
    return found


def _module_containers(source: Source) -> Iterator[tuple[str, ast.stmt]]:
    for node in source.tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and _is_container(node.value):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Name) and target.id != "__all__":
                    yield target.id, node


def _is_container(value: ast.expr | None) -> bool:
    displays = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
    called = isinstance(value, ast.Call) and ast.unparse(value.func).rpartition(".")[2] in _CONTAINERS
    return isinstance(value, displays) or called


def _changed(node: ast.AST) -> str:
    target: ast.expr | None = None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _MUTATORS:
        target = node.func.value
    elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del):
        target = node.value
    return target.id if isinstance(target, ast.Name) else ""


def _locals(function: ast.AST) -> set[str]:
    stored = {node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return stored | {node.arg for node in ast.walk(function) if isinstance(node, ast.arg)}


def import_work(sources: Iterable[Source]) -> list[str]:
    """Statements that do something when a module is imported: loops, `with`, `try`, bare calls."""
    return [
        source.at(node, "work at import")
        for source in sources
        if not source.path.endswith("__main__.py")
        for node in source.tree.body
        if isinstance(node, ast.For | ast.While | ast.With | ast.Try)
        or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call | ast.Await))
    ]
