"""The pages on configuration and providers name everything that can be written, with its default."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from headworks.domain import config
from headworks.domain.features import ORDINARY
from headworks.domain.governed import BETAS, FEATURES, GOVERNED, SERVER_TOOLS, SUFFIXES
from headworks.domain.retry import RetryBudgetSettings, RetryPolicy
from headworks.domain.snapshot import (
    Breaker,
    CacheSettings,
    ControlSettings,
    Cors,
    EdgeSettings,
    JournalSettings,
    LogSettings,
)
from headworks.domain.target import Quirks, Timeouts, Tls
from tests.config.compiling import compiled

DOCS = Path(__file__).parents[2] / "docs"
CONFIGURATION = (DOCS / "configuration.md").read_text()
SETTINGS = (
    EdgeSettings,
    ControlSettings,
    JournalSettings,
    LogSettings,
    CacheSettings,
    Breaker,
    Timeouts,
    RetryPolicy,
    RetryBudgetSettings,
    Quirks,
)
RULES = (*config.Written.__subclasses__(), Tls, Cors)


def shown(value: Any) -> str:
    """A default as the page shows it; empty where there is nothing to show."""
    match value:
        case bool():
            return f"`{str(value).lower()}`"
        case float() | int():
            return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"
        case "" | msgspec.Struct():
            return ""
        case ():
            return "`[]`"
        case _:
            return f"`{value}`"


@pytest.mark.parametrize("kind", SETTINGS)
def test_every_setting_is_listed_with_its_default(kind: type[msgspec.Struct]) -> None:
    blank = kind()
    missing = [
        row
        for name in kind.__struct_fields__
        if (row := f"| `{name}` | {shown(getattr(blank, name))} |".replace("|  |", "| |")) not in CONFIGURATION
    ]

    assert [row for row in missing if "`directory`" not in row] == []


@pytest.mark.parametrize("kind", RULES)
def test_every_key_is_named(kind: type[msgspec.Struct]) -> None:
    assert [name for name in kind.__struct_fields__ if f"`{name}`" not in CONFIGURATION] == []


def test_every_feature_is_named() -> None:
    (row,) = (line for line in CONFIGURATION.splitlines() if line.startswith("| `features` |"))

    assert [feature for feature in sorted(FEATURES) if f"`{feature}`" not in row] == []
    assert row.count("`") == 2 * (len(FEATURES) + 2)  # its name and the star, and no feature that there is not


def test_every_ordinary_feature_is_named() -> None:
    (named,) = (part for part in CONFIGURATION.split("\n\n") if part.startswith("**Ordinary features**"))

    assert [feature for feature in sorted(ORDINARY) if f"`{feature}`" not in named] == []


def test_everything_governed_is_listed_with_its_feature() -> None:
    listed = {
        row.split("`")[1]: row for row in CONFIGURATION.split("### Governed fields")[1].splitlines() if row.startswith("| `")
    }
    fields = [pair for dialect in GOVERNED.values() for pair in dialect.items()]
    betas = [(beta.decode(), feature) for beta, feature in BETAS.items()]

    for name, feature in (*fields, *SERVER_TOOLS.items(), *betas, *SUFFIXES.items()):
        assert f"`{name}`" in listed[feature]


def test_the_first_example_is_complete() -> None:
    example = CONFIGURATION.split("```yaml\n")[1].split("```")[0]

    done = compiled(example, {"HW_KEY": "hw-1"})

    assert sorted(done.snapshot.models) == ["smart"]
    assert done.warnings == ()
