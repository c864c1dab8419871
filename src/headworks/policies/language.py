"""The Common Expression Language: text → something that can be asked, with every mistake that can be found without a request."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib.machinery import PathFinder
from types import ModuleType
from typing import Protocol

import msgspec

from headworks.domain.facts import CALLER, REQUEST, TIME

LONGEST = 4096
"""Characters of an expression."""
FUNCTIONS = frozenset(
    (
        *("size", "contains", "startsWith", "endsWith", "matches"),
        *("string", "bytes", "int", "uint", "double", "timestamp", "duration"),
        *("getFullYear", "getMonth", "getDayOfYear", "getDayOfMonth", "getDate", "getDayOfWeek"),
        *("getHours", "getMinutes", "getSeconds", "getMilliseconds"),
    )
)
"""What an expression may call, beside operators and the macros `has`, `all`, `exists`, `exists_one`, `map` and `filter`."""
TROUBLES = (TypeError, RuntimeError, ValueError, ArithmeticError, LookupError)
"""What asking may raise where facts do not fit."""
FACTS = frozenset((*CALLER, *REQUEST, *TIME))
_BOUND = re.compile(r"\.\s*(?:all|exists|exists_one|map|filter)\s*\(\s*([A-Za-z_]\w*)\s*,")
"""Macros bring a name of their own."""
_OPERATOR = re.compile(r"[^A-Za-z]")


class Mistaken(ValueError):
    """The expression cannot be used. `word` is a name that is not known, `known` those that are."""

    def __init__(self, message: str, word: str = "", known: frozenset[str] = frozenset()) -> None:
        super().__init__(message)
        self.word = word
        self.known = known


class Context(Protocol):
    """The facts that expressions are asked over."""

    def add_variable(self, name: str, value: object) -> None:
        """Set one fact, for good."""
        ...


class Expression(msgspec.Struct, frozen=True):
    """Compiled. `ask` raises one of `TROUBLES` where the facts do not fit."""

    source: str
    ask: Callable[[Context], object]
    caller: tuple[str, ...]
    """The facts that it reads, by how long they stay the same."""
    request: tuple[str, ...]
    time: tuple[str, ...]

    @property
    def settled(self) -> bool:
        """Whether the answer is the same for all requests of a caller."""
        return not self.request and not self.time


@lru_cache(1024)
def compiled(source: str) -> Expression:
    """The expression. Raises `Mistaken`."""
    if not source.strip():
        raise Mistaken("The condition is empty. Write an expression over the facts of a request.")
    if len(source) > LONGEST:
        raise Mistaken(f"The expression has {len(source)} characters; {LONGEST} are the most. Make several policies of it.")
    try:
        program = _cel().compile(source)
    except ValueError as trouble:
        raise Mistaken(f"This is no CEL expression: {_syntax(str(trouble))}.") from None
    names = frozenset(program.variables()) - frozenset(_BOUND.findall(source))
    for name in sorted(names - FACTS):
        raise Mistaken(f"There is no fact '{name}'.", name, FACTS)
    for name in sorted(program.functions()):
        if not _OPERATOR.search(name) and name not in FUNCTIONS:
            raise Mistaken(f"There is no function '{name}'.", name, FUNCTIONS)
    return Expression(
        source,
        program.execute,
        tuple(sorted(names.intersection(CALLER))),
        tuple(sorted(names.intersection(REQUEST))),
        tuple(sorted(names.intersection(TIME))),
    )


def context(values: Mapping[str, object]) -> Context:
    """These facts, to ask expressions over."""
    return _cel().Context(variables=dict(values))


def try_out(expression: Expression, values: Mapping[str, object]) -> None:
    """Ask it once, over facts that stand for many. Raises `Mistaken` where types do not fit or the answer is not yes or no."""
    try:
        answer = expression.ask(context(values))
    except KeyError:
        return  # a tag that this request lacks
    except TROUBLES as trouble:
        raise Mistaken(f"The expression cannot be evaluated: {trouble_of(trouble)}") from None
    if not isinstance(answer, bool):
        raise Mistaken(f"The expression gives {_kind(answer)}; a condition is true or false.")


def trouble_of(trouble: BaseException) -> str:
    """What went wrong, in one line."""
    if isinstance(trouble, KeyError):
        name = str(trouble).strip("'")
        return f"there is no '{name}': ask for it with has() first."
    text = " ".join(str(trouble).split())
    return text.split(" CEL does not coerce")[0].split(" Check ")[0]


def _kind(answer: object) -> str:
    return "nothing" if answer is None else f"a value of type {type(answer).__name__}"


def _syntax(text: str) -> str:
    """The parser's first complaint, without what it could have expected instead."""
    found = re.search(r"ERROR: <input>:(\d+):(\d+): (?:Syntax error: )?([^\n]*)", text)
    if found is None:
        return " ".join(text.split())[:200]
    line, column, words = found.groups()
    return f"{words.split(' expecting ')[0]} (line {line}, column {column} of it)"


@lru_cache(1)
def _cel() -> ModuleType:
    """The library's compiled half. Its package brings a command line that takes 0.4 s and 30 MB to import; this takes 20 ms and 4 MB."""
    package = importlib.util.find_spec("cel")
    assert package is not None, "common-expression-language is a dependency"
    spec = PathFinder.find_spec("cel.cel", package.submodule_search_locations)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
