"""What the admin API refuses, in words of the command line: flags for fields, and no patterns, versions or documents of an API."""

from __future__ import annotations

import re
from collections.abc import Iterator

from headworks.client import Refused
from headworks.domain.administration.wire.problem import Mistake

_OF_THE_API = re.compile(
    r" Check it against /admin/v1/openapi\.json\.| Parameters here: .*? Check the query\.| ?\((?:/[^ )]*)\)"
)
_FIELD = re.compile(r"`([a-z][a-z_]*)`(?!:?[0-9])")
_PATTERN = re.compile(r"Expected `str` matching regex .*", re.DOTALL)
_TOO_SHORT = re.compile(r"Expected `str` of length >= 1")
_TOO_LONG = re.compile(r"Expected `str` of length <= ([0-9]+)")
_AMOUNT = "write an amount of money such as 12.50, with at most nine digits after the point"
_FLAGS = {"budgets": "--budget", "requests_per_minute": "--requests-per-minute"}
_WRITTEN = {"amount": "amount", "seconds": "--per", "calendar": "--per"}
"""Fields that are no flag of their name."""
_LINES = " Mend the lines that `errors` names."
_CHANGED = "Changed by somebody else meanwhile. Look at what stands there now, and run the command again."


def refusal_lines(refused: Refused) -> Iterator[str]:
    """The refusal, and what else is wrong."""
    if refused.code in {"stale", "unlocked"}:
        yield f"headworks: {_CHANGED}"
        return
    errors = refused.problem.errors
    if any(mistake.line for mistake in errors):
        yield f"headworks: {refused.problem.detail.removesuffix(_LINES)}"
        yield from (f"{mistake.line}:{mistake.column}: {mistake.detail}" for mistake in errors)
        return
    yield f"headworks: {_reworded(refused.problem.detail, errors[0] if errors else None)}"
    for mistake in errors[1:]:
        yield f"  {_flag_of(mistake)}: {_reworded(mistake.detail, None)}"


def _reworded(detail: str, mistake: Mistake | None) -> str:
    flag = _flag_of(mistake) if mistake is not None else ""
    said = _OF_THE_API.sub("", detail).strip()
    if _PATTERN.match(said):
        said = _AMOUNT if flag.endswith(("amount", "--budget")) else "it may not be written like that"
    said = _TOO_SHORT.sub("it may not be empty", said)
    said = _TOO_LONG.sub(r"it may have at most \1 characters", said)
    said = _FIELD.sub(lambda found: _flag(found[1]), said.replace('["*"]', "'*'").replace("[] for none", "'' for none"))
    return f"{flag}: {said}" if flag and flag not in said else said


def _flag_of(mistake: Mistake) -> str:
    """Of the innermost field that has a name of its own."""
    parts = [
        part for part in (mistake.pointer or mistake.parameter).split("/") if part and part != "..." and not part.isdigit()
    ]
    known = next((_FLAGS[part] for part in parts if part in _FLAGS and parts[-1] == "amount"), "")
    return known or (_flag(parts[-1]) if parts else "")


def _flag(field: str) -> str:
    return _WRITTEN.get(field, f"--{field.replace('_', '-')}")
