"""Limits and claims for tests: everything has a default, say only what the test is about."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from headworks.domain.limits import Claim, Limit, Unit


def limit(unit: Unit = Unit.TOKENS, amount: int = 100, **changes: Any) -> Limit:
    fields: dict[str, Any] = {"id": f"key/k/{unit}", "owner": "config:key/k", "rule": str(unit), "unit": unit, "amount": amount}
    return Limit(**fields | changes)


def claim(of: Limit, amount: int = 1, least: int = -1, **changes: Any) -> Claim:
    fields: dict[str, Any] = {"counter": of.stem, "ends_at": 0, "overflow": ""}
    return Claim(limit=of, amount=amount, least=least, **fields | changes)


def run(scenario: Coroutine[Any, Any, None]) -> None:
    asyncio.run(scenario)
