"""Writes the generated parts of the documentation: what stands between `<!-- generated: NAME -->` and `<!-- end generated -->`.

python docs/generate.py            write them
python docs/generate.py --check    tell which are out of date, and exit with 1
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
import tomllib
from collections.abc import Callable, Iterable
from enum import EnumMeta
from functools import cache
from pathlib import Path
from typing import Any

import headworks.journey
from headworks.cli import EVERY
from headworks.control.admin.operations import OPERATIONS
from headworks.control.admin.problems import PROBLEMS
from headworks.domain.administration import ROLES, Scope
from headworks.domain.errors import FAULTS, FaultClass
from headworks.domain.facts import CALLER, REQUEST, TIME
from headworks.domain.fault_words import WORDS
from headworks.domain.outcome import Ending
from headworks.domain.retry import RETRY, Progress
from headworks.edge.routes import COHERE_ROUTES, OLLAMA_ROUTES, PASSTHROUGH_ROUTES, PREFIXES, ROUTES
from headworks.journey import JOURNEY
from headworks.providers.catalog import ProviderRow, shipped_catalog
from headworks.providers.signers import OBTAINED
from headworks.wiring.process_exits import Exit

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"(<!-- generated: (?P<name>[\w-]+) -->\n).*?(<!-- end generated -->)", re.DOTALL)
RETRY_HEADER = {"yes": "`true`", "no": "`false`", "default": ""}


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """A Markdown table."""
    head = list(head)
    lines = [head, ["---"] * len(head), *([str(cell) for cell in row] for row in rows)]
    return "".join("| " + " | ".join(cells) + " |\n" for cells in lines)


def faults() -> str:
    """Every fault, by whose it is."""
    rows = (
        (
            *(f"`{code}`", row.status, f"`{row.openai}`", f"`{row.anthropic}`", row.blame, row.kind, RETRY_HEADER[row.retry]),
            WORDS[code].remedy,
        )
        for code, row in FAULTS.items()
    )
    names = ("code", "status", "OpenAI's `type`", "Anthropic's `type`", "whose", "class", "`x-should-retry`", "what to do")
    return table(names, rows)


def providers() -> str:
    """The catalogue of providers."""
    rows = (
        (
            f"`{name}`",
            row.title,
            f"`{row.root}{next(iter(row.speaks.values()))}`" if row.root else "`base_url`",
            ", ".join(f"`{dialect}`" for dialect in row.speaks),
            ", ".join(f"`{key}`" for key in row.key_env) or _obtained(row) or "no key needed",
        )
        for name, row in shipped_catalog().providers.items()
    )
    return table(("type", "", "address", "dialects", "key from"), rows)


def _obtained(row: ProviderRow) -> str:
    sign = row.signer(next(iter(row.speaks)))
    return f"`auth: {sign}`" if sign in OBTAINED else ""


def retries() -> str:
    """The retry table."""
    return table(
        ("class of fault", *(f"`{progress}`" for progress in Progress)),
        ((f"`{kind}`", *(f"`{RETRY[kind][progress]}`" for progress in Progress)) for kind in FaultClass),
    )


def journey() -> str:
    """The stages, in order."""
    words = dict(line.split(None, 1) for line in (headworks.journey.__doc__ or "").splitlines() if line.startswith("    "))
    rows = ((n, f"**{stage.__name__}**", _file(stage), words[stage.__name__]) for n, stage in enumerate(JOURNEY, 1))
    return table(("", "stage", "file", "what it does"), rows)


def endings() -> str:
    """The ways an exchange can end."""
    return table(("`ending`", "meaning"), ((f"`{ending}`", words) for ending, words in member_docs(Ending)))


def exits() -> str:
    """Exit codes."""
    return table(("code", "meaning"), ((int(code), words) for code, words in member_docs(Exit)))


def endpoints() -> str:
    """What clients can ask."""
    asked = [*((PREFIXES[0].decode(), route) for route in ROUTES), *(("", route) for route in (*COHERE_ROUTES, *OLLAMA_ROUTES))]
    rows = (
        (f"`{route.method.decode()} {prefix}{route.shown}`", f"`{route.kind}`", f"`{route.front.name}`")
        for prefix, route in asked
    )
    passed = ("`/passthrough/{provider}/{path}`, any method", f"`{PASSTHROUGH_ROUTES[0].kind}`", "any")
    return table(("request", "kind", "dialect"), (*rows, passed))


def commands() -> str:
    """The command line."""
    return table(("command", "what it does"), ((f"`headworks {name}`", words) for name, _, words in EVERY))


def floors() -> str:
    """The floors, from the contract that enforces them."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    return "```\n" + "".join(f"{layer}\n" for layer in layers) + "```\n"


def facts() -> str:
    """What policies may ask of a request."""
    return table(("fact", "what"), ((f"`{name}`", words) for name, words in {**CALLER, **REQUEST, **TIME}.items()))


def operations() -> str:
    """Everything that the admin API does."""
    rows = ((f"`{each.method} {each.path}`", f"`{each.needs}`", each.words) for each in OPERATIONS)
    return table(("below `/admin/v1`", "needs", ""), rows)


def roles() -> str:
    """Which role holds which scope."""
    rows = ((f"`{scope}`", *("yes" if scope in ROLES[role] else "" for role in ROLES)) for scope in Scope)
    return table(("scope", *(f"`{role}`" for role in ROLES)), rows)


def problems() -> str:
    """What the admin API answers instead."""
    return table(("code", "status", "title"), ((f"`{code}`", row.status, row.title) for code, row in PROBLEMS.items()))


def reference() -> str:
    """The pages beside the guides, by their titles."""
    found = sorted(page for page in (ROOT / "docs").glob("*.md") if page.name != "index.md")
    return "".join(
        f"- [{title}]({page.name})\n" for page in found if (title := page.read_text().partition("\n")[0].lstrip("# "))
    )


@cache
def grid() -> str:
    """What crosses between languages, as the tests' own cases show it."""
    sys.path.insert(0, str(ROOT))
    from tests.grid.table import page  # noqa: PLC0415 - the only part that needs what the tests need

    return page()


def member_docs(enumeration: EnumMeta) -> list[tuple[Any, str]]:
    """Members of an enum with the docstring that stands below each."""
    body = ast.parse(inspect.getsource(enumeration)).body[0]
    assert isinstance(body, ast.ClassDef)
    docs: list[tuple[Any, str]] = []
    for node, after in zip(body.body, body.body[1:], strict=False):
        if isinstance(node, ast.Assign) and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            docs.append((enumeration[ast.unparse(node.targets[0])], str(after.value.value)))
    return docs


def _file(thing: type) -> str:
    path = Path(inspect.getfile(thing)).relative_to(ROOT / "src" / "headworks")
    return f"`{path.as_posix()}`"


PARTS: dict[str, Callable[[], str]] = {
    "faults": faults,
    "retries": retries,
    "journey": journey,
    "endings": endings,
    "exits": exits,
    "endpoints": endpoints,
    "providers": providers,
    "commands": commands,
    "floors": floors,
    "facts": facts,
    "operations": operations,
    "roles": roles,
    "problems": problems,
    "reference": reference,
    "grid": grid,
}


def pages() -> list[Path]:
    """All pages of the documentation."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def renewed(text: str) -> str:
    """A page with its generated parts written again. Raises `KeyError` for a part that nobody generates."""
    return BLOCK.sub(lambda found: f"{found[1]}{PARTS[found['name']]()}{found[3]}", text)


def main(arguments: list[str]) -> int:
    """Write or check."""
    stale = [page for page in pages() if renewed(page.read_text()) != page.read_text()]
    for page in stale:
        if "--check" in arguments:
            print(f"{page.relative_to(ROOT)} is out of date: run make docs")
        else:
            page.write_text(renewed(page.read_text()))
            print(f"{page.relative_to(ROOT)} written")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
