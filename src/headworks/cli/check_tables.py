"""What a compiled configuration means, for people and for programs."""

from __future__ import annotations

import sys
from typing import Any

from rich.console import Console
from rich.table import Table

from headworks.cli.doctor_checks import Severity
from headworks.domain.config import as_rule
from headworks.domain.limits import Limit, allowance
from headworks.domain.money import PriceCard, decimal_text
from headworks.domain.passthrough import Passage
from headworks.domain.principal import Principal
from headworks.domain.snapshot import Model, Version
from headworks.domain.target import Target
from headworks.wiring.compile import Compiled
from headworks.wiring.config_file.tree import dotted
from headworks.wiring.load import oddities

_UNCUT = 1000
"""Columns, where nobody looks at a terminal: what reads a pipe or a file has no edge to break lines at."""


def overview(compiled: Compiled) -> dict[str, Any]:
    """Models, patterns and keys as plain values. No secrets."""
    snapshot = compiled.snapshot
    return {
        "revision": snapshot.revision,
        "models": [_model(model) for _, model in sorted(snapshot.models.items())],
        "patterns": {name: _pattern(compiled, name) for name in snapshot.patterns},
        "passthrough": {
            name: {passage.line: _cost(passage) for passage in through.passages}
            for name, through in snapshot.passthrough.items()
        },
        "keys": [_key(holder) for holder in sorted(snapshot.principals.values(), key=lambda holder: holder.id)],
    }


def print_overview(compiled: Compiled, name: str) -> None:
    """The same as tables, then what is odd."""
    console = Console(highlight=False) if sys.stdout.isatty() else Console(highlight=False, width=_UNCUT)
    shown = overview(compiled)
    console.print(f"[bold]{name}[/] can be used: revision {shown['revision'][:12]}\n", soft_wrap=True)
    _print_models(console, shown)
    _print_passthrough(console, shown["passthrough"])
    _print_keys(console, shown["keys"])
    for warning in oddities(compiled):
        console.print(f"[yellow]{Severity.ODD}[/]  {dotted(warning.path)}: {warning.text}", soft_wrap=True)


def _print_models(console: Console, shown: dict[str, Any]) -> None:
    table = _table("model", "target", "order", "weight", "$/M in", "$/M out", "price from")
    for model in shown["models"]:
        for number, target in enumerate(model["targets"]):
            price = target["price"] or {"input": "?", "output": "?", "source": "nobody"}
            name = "" if number else model["name"]
            order, weight = str(target["order"]), str(target["weight"])
            table.add_row(name, target["name"], order, weight, price["input"], price["output"], price["source"])
        if "live" in model:
            table.add_row("", f"version {model['live']} is live, of {', '.join(each['number'] for each in model['versions'])}")
        if model["fallbacks"]:
            table.add_row("", f"else {', '.join(model['fallbacks'])}")
    for name, targets in shown["patterns"].items():
        table.add_row(name, ", ".join(targets), "", "", "", "", "each model's own")
    console.print(table)
    console.print()


def _print_passthrough(console: Console, shown: dict[str, dict[str, str]]) -> None:
    if not shown:
        return
    table = _table("passed through", "line", "price")
    for name, lines in shown.items():
        for number, (line, cost) in enumerate(lines.items()):
            table.add_row("" if number else f"/passthrough/{name}", line, cost)
    console.print(table)
    console.print()


def _cost(passage: Passage) -> str:
    """What a request costs there, in words."""
    card = passage.price
    if card is None:
        return "its model's" if passage.by_model else "nobody's word"
    return f"${decimal_text(card.request)} a request" if card.request else card.source


def _print_keys(console: Console, keys: list[dict[str, Any]]) -> None:
    if not keys:
        return
    table = _table("key", "team", "models", "limits")
    for key in keys:
        limits = ", ".join(key["limits"].values())
        table.add_row(key["name"], key["team"], ", ".join(key["models"]) or "all", limits or "none")
    console.print(table)
    console.print()


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _model(model: Model) -> dict[str, Any]:
    told = {"name": model.name, "targets": [_target(target) for target in model.targets], "fallbacks": list(model.fallbacks)}
    return (
        {**told, "live": model.live, "versions": [_version(each) for each in model.versions.values()]} if model.live else told
    )


def _version(version: Version) -> dict[str, Any]:
    prompt = version.template.reference if version.template is not None else ""
    return {
        "number": version.number,
        "digest": version.digest,
        "prompt": prompt,
        "targets": [_target(target) for target in version.targets],
    }


def _target(target: Target) -> dict[str, Any]:
    return {
        "name": target.name,
        "origin": str(target.origin),
        "dialects": [target.dialect, *target.variants],
        "order": target.order,
        "weight": target.weight,
        "price": _price(target.price),
    }


def _price(card: PriceCard | None) -> dict[str, str] | None:
    """Dollars per million tokens, as decimal text."""
    if card is None:
        return None
    return {
        "input": decimal_text(card.input.nanos_per_million),
        "output": decimal_text(card.output.nanos_per_million),
        "source": card.source,
    }


def _pattern(compiled: Compiled, name: str) -> list[str]:
    targets = as_rule(compiled.config.models[name]).targets
    return [target if isinstance(target, str) else target.model for target in targets]


def _key(holder: Principal) -> dict[str, Any]:
    return {"name": holder.id, "team": holder.team, "models": list(holder.models), "limits": _limits(holder.limits)}


def _limits(limits: tuple[Limit, ...]) -> dict[str, str]:
    """What each is called on its owner → what it allows."""
    return {limit.rule: allowance(limit) for limit in limits}
