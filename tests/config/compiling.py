"""Compiling a text as the gateway does, with an environment and files that exist only in the test."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from headworks.providers.catalog import shipped_catalog
from headworks.providers.price_table import shipped_prices
from headworks.providers.profiles import shipped_profiles
from headworks.wiring.compile import Compiled, Givens, compile_reading
from headworks.wiring.config_file import ConfigRefused, read_config

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
CATALOG = shipped_catalog()
PRICES = shipped_prices()
PROFILES = shipped_profiles()
KEYS = {"OPENAI_API_KEY": "sk-openai", "ANTHROPIC_API_KEY": "sk-anthropic", "DEEPSEEK_API_KEY": "sk-deepseek"}


def given(env: Mapping[str, str] | None = None, files: Mapping[str, str] | None = None, at: datetime = NOON) -> Givens:
    """Everything that a compilation takes from outside; the keys of three providers are set."""

    def read(name: str) -> str:
        text = (files or {}).get(name)
        if text is None:
            raise FileNotFoundError(2, "No such file or directory")
        return text

    return Givens(
        env={**KEYS, **(env or {})},
        read=read,
        at=at,
        catalog=CATALOG,
        prices=PRICES,
        profiles=PROFILES,
        version="1.2.3",
        directory="/etc/hw",
    )


def compiled(text: str, env: Mapping[str, str] | None = None, files: Mapping[str, str] | None = None) -> Compiled:
    """The compiled document. Raises `ConfigRefused`."""
    return compile_reading(read_config(text), given(env, files))


def refusal(text: str) -> ConfigRefused | None:
    """Why a document is refused, or None where it is not."""
    try:
        compiled(text)
    except ConfigRefused as refused:
        return refused
    return None


def report_of(text: str, env: Mapping[str, str] | None = None, files: Mapping[str, str] | None = None) -> str:
    """What is said of a document that is refused."""
    with pytest.raises(ConfigRefused) as refused:
        compiled(text, env, files)
    return str(refused.value)
