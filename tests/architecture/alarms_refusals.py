"""The alarm of refusals that do not say what to do."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from headworks.domain.errors import FAULTS, Blame
from headworks.domain.fault_words import WORDS
from tests.architecture.source import Function, Source

REMEDY = re.compile(
    r"(?:^|[.:;,(…] ?|\bor )(?:An administrator can|have |[Aa]sk |[Cc]hange|[Cc]heck|[Cc]orrect|Encode|Give|GET /|[Ll]eave|[Ll]ower"
    r"|[Mm]ake|[Nn]ame|[Pp]ut|[Rr]aise|[Ss]end|Tell|[Tt]ry|[Uu]se|[Ww]ait|[Ww]rite)|\bmust be "
)
"""A clause that asks the reader to do something, or says what a value must be."""


def helpless_refusals(sources: Iterable[Source]) -> list[str]:
    """Texts of faults that reach a caller as they are written and ask for nothing. The table's own words are its test's to check."""
    return [
        source.at(call, f"what shall the reader of this refusal do? {ast.unparse(call.args[1])[:80]}")
        for source in sources
        for call in _refusals(source)
        if not _teaches(call.args[1], source)
    ]


def _refusals(source: Source) -> Iterator[ast.Call]:
    """Faults made with a text of their own. What a provider did is told by the table (`Fault.told_of`), and nobody hears of nobody's."""
    for node in source.nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Fault" and len(node.args) > 1:
            code = ast.unparse(node.args[0]).strip("'").lower()
            if code not in FAULTS or not (WORDS[code].did or FAULTS[code].blame is Blame.NOBODY):
                yield node


def _teaches(text: ast.expr, source: Source) -> bool:
    """Whether every text that an expression may be asks for something."""
    match text:
        case ast.Constant(value=str() as words):
            return REMEDY.search(words) is not None
        case ast.JoinedStr(values=pieces):
            words = "".join(str(piece.value) if isinstance(piece, ast.Constant) else "…" for piece in pieces)
            told = (piece.value for piece in pieces if isinstance(piece, ast.FormattedValue))
            return REMEDY.search(words) is not None or any(_teaches(value, source) for value in told)
        case _:
            choices = _choices(text, source)
            return bool(choices) and all(_teaches(choice, source) for choice in choices)


def _choices(text: ast.expr, source: Source) -> list[ast.expr]:
    """What an expression may be: what is assigned and returned under a name in this file. Of an `or` only what is written there counts."""
    match text:
        case ast.BoolOp(op=ast.Or(), values=values):
            return [value for value in values if not isinstance(value, ast.Name | ast.Attribute)]
        case ast.IfExp(body=one, orelse=other):
            return [one, other]
        case ast.Call(func=ast.Name(id=name)):
            return [answer for function in source.functions if function.name == name for answer in _answers(function)]
        case ast.Name(id=name):
            return [node.value for node in source.nodes if isinstance(node, ast.Assign) and _assigns(node, name)]
        case _:
            return []


def _answers(function: Function) -> list[ast.expr]:
    return [node.value for node in ast.walk(function) if isinstance(node, ast.Return) and node.value is not None]


def _assigns(node: ast.Assign, name: str) -> bool:
    return any(isinstance(target, ast.Name) and target.id == name for target in node.targets)
