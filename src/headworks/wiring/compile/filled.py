"""What an operator's settings fill into the addresses of the catalogue: `{resource}`, `{location}`, `{project}`."""

from __future__ import annotations

import re

import msgspec

from headworks.domain.config import ProviderRule
from headworks.providers.catalog import ProviderRow
from headworks.wiring.compile.bench import Bench
from headworks.wiring.config_file.tree import Path

_BLANK = re.compile(r"\{(resource|location|project)\}")
_FITS = {
    "resource": re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*"),
    "location": re.compile(r"[a-z0-9][a-z0-9-]*"),
    "project": re.compile(r"[a-z0-9][a-z0-9.:-]*"),
}
_WRONG = {
    "resource": "The name of the resource is missing or no host name.",
    "location": "The location is missing or no name of one.",
    "project": "The project is missing or no id of one.",
}


def setting(bench: Bench, rule: ProviderRule, row: ProviderRow, name: str, path: Path) -> str:
    """What the rule says, or one of the row's environment variables; empty where neither does."""
    written = bench.text(getattr(rule, name), (*path, name))
    usual = (bench.givens.env.get(variable, "").strip() for variable in row.settings_env.get(name, ()))
    return written or next((value for value in usual if value), "")


def filled(bench: Bench, rule: ProviderRule, row: ProviderRow, path: Path) -> ProviderRow | None:
    """The row with its blanks filled; None, with the reason noted, where something for them is missing."""
    place = setting(bench, rule, row, "location", path)
    root = "" if rule.base_url else row.roots.get(place, row.root)
    blanks = {name for text in (root, *row.speaks.values()) for name in _BLANK.findall(text)}
    values = {name: setting(bench, rule, row, name, path) for name in sorted(blanks)}
    missing = [name for name, value in values.items() if not _FITS[name].fullmatch(value)]
    for name in missing:
        instead = next(iter(row.settings_env.get(name, ())), "base_url" if name == "resource" else "")
        hint = f"Add {name}, or {'' if instead == 'base_url' else 'set '}{instead}." if instead else f"Add {name}."
        bench.wrong((*path, name), _WRONG[name], hint, on_key=True)
    if missing:
        return None

    def fill(text: str) -> str:
        return _BLANK.sub(lambda found: values[found[1]], text)

    speaks = {dialect: fill(below) for dialect, below in row.speaks.items()}
    return msgspec.structs.replace(row, root=fill(root), speaks=speaks)
