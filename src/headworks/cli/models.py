"""`headworks models`: what callers may ask for, what each model can do, and what it costs."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from headworks.cli.settings import ConfigPath, report
from headworks.dialects.openai_chat.models import write_models
from headworks.domain.money import decimal_text
from headworks.domain.patterns import name_matches
from headworks.domain.snapshot import Listed, Snapshot
from headworks.wiring.clock import SystemClock
from headworks.wiring.config_file import ConfigRefused
from headworks.wiring.load import ConfigFile
from headworks.wiring.process_exits import Exit
from headworks.wiring.process_places import CONFIG_NAME


def models(*names: str, config: ConfigPath = None, json: bool = False) -> int:
    """List the models that callers may ask for: what each can do as far as that is known, and what its first target costs.

    A gateway tells each caller the same of those that it may use: GET /v1/models.

    Args:
        names: Only these names or patterns (`openai/gpt-5*`).
        config: Which configuration.
        json: Print it as the gateway would.
    """
    file = config or Path(CONFIG_NAME)
    try:
        snapshot = ConfigFile(file, os.environ, SystemClock()).load().snapshot
    except ConfigRefused as refused:
        sys.stderr.write(report(refused, file))
        return Exit.CONFIG
    listed = _listed(snapshot, names)
    if json:
        print(msgspec.json.format(write_models(listed), indent=2).decode())
    else:
        _print(listed, snapshot)
    if names and not listed:
        sys.stderr.write(f"headworks: no model is called {' or '.join(names)}. headworks models lists all.\n")
        return Exit.FAILED
    return Exit.OK


def _listed(snapshot: Snapshot, names: tuple[str, ...]) -> list[Listed]:
    every: dict[str, Listed] = {model.name: model for model in (*snapshot.known, *snapshot.models.values())}
    for name in names:
        if "*" not in name and (found := snapshot.find(name)) is not None:
            every.setdefault(found.name, found)
    return [every[name] for name in sorted(every) if not names or any(name_matches(pattern, name) for pattern in names)]


def _print(listed: list[Listed], snapshot: Snapshot) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("model", overflow="fold")
    for title in ("reads", "writes", "$/M in", "$/M out"):
        table.add_column(title, justify="right")
    table.add_column("can", overflow="fold")
    for model in listed:
        price = model.price
        dear = (
            ("?", "?") if price is None else tuple(decimal_text(rate.nanos_per_million) for rate in (price.input, price.output))
        )
        profile = model.profile
        table.add_row(model.name, _tokens(profile.context), _tokens(profile.max_output), *dear, _abilities(model))
    console = Console(highlight=False)
    console.print(table)
    if snapshot.patterns:
        console.print(f"\nAny other name that fits {', '.join(snapshot.patterns)} can be asked for too.", soft_wrap=True)


def _tokens(count: int | None) -> str:
    return "?" if count is None else f"{count:,}"


def _abilities(model: Listed) -> str:
    profile = model.profile
    if profile.features is None:
        return "not known"
    kinds = [kind for kind in profile.serves or () if kind != "chat"]
    return ", ".join((*kinds, *profile.features)) + (" (being ended)" if profile.deprecated else "")
