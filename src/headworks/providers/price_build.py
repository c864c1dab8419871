"""Makes `prices.json` out of the installed genai-prices, so that a running gateway needs neither that package nor pydantic.

    python -m headworks.providers.price_build src/headworks/providers/prices.json

One line a model, so that a price change is one line of a diff. What the keys mean is `price_table.py`'s to say.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

import msgspec

_MARKS = {"equals": "=", "starts_with": "^", "ends_with": "$", "contains": "*", "regex": "~"}


def build() -> bytes:
    """The whole table. Raises `ImportError` where genai-prices is not installed."""
    import genai_prices  # noqa: PLC0415 - 30 MB and 0.3 s that only this command pays
    from genai_prices.data import providers  # noqa: PLC0415 - likewise

    lines = [f'{{"version":"genai-prices {genai_prices.__version__}","providers":{{']
    for number, provider in enumerate(providers):
        fallback = msgspec.json.encode(provider.fallback_model_providers or []).decode()
        lines.append(f'"{provider.id}":{{"fallback":{fallback},"models":[')
        models = [msgspec.json.encode(_model(model)).decode() for model in provider.models]
        lines.append(",\n".join(models))
        lines.append("]}" if number == len(providers) - 1 else "]},")
    lines.append("}}")
    return "\n".join(lines).encode() + b"\n"


def _model(model: Any) -> dict[str, Any]:
    prices = model.prices
    if isinstance(prices, list):
        dated = [[_constraint(price.constraint), _rates(price.prices)] for price in prices]
    else:
        dated = [["", _rates(prices)]]
    row: dict[str, Any] = {"id": model.id, "match": [list(all_of) for all_of in _alternatives(model.match)], "prices": dated}
    variants = [
        [variant.when, _constraint(variant.constraint), _rates(variant.prices)] for variant in model.price_variants or ()
    ]
    if variants:
        row["variants"] = variants
    if model.context_window:
        row["context"] = model.context_window
    if model.deprecated:
        row["deprecated"] = True
    return row


def _alternatives(clause: Any) -> Iterator[tuple[str, ...]]:
    """The clause as alternatives, each a list of tests that must all hold."""
    if hasattr(clause, "or_"):
        for part in clause.or_:
            yield from _alternatives(part)
    elif hasattr(clause, "and_"):
        for chosen in product(*(list(_alternatives(part)) for part in clause.and_)):
            yield tuple(test for tests in chosen for test in tests)
    else:
        ((kind, text),) = vars(clause).items()
        yield (_MARKS[kind] + (text if kind == "regex" else text.lower()),)


def _constraint(constraint: Any) -> str:
    """Empty for always, a date to begin at, or a daily window; all in UTC."""
    if constraint is None:
        return ""
    if hasattr(constraint, "start_date"):
        return constraint.start_date.isoformat()
    for edge in (constraint.start_time, constraint.end_time):
        assert edge.tzinfo in (None, UTC), "a daily window in another zone than UTC: teach price_table.py about it"
    return f"{constraint.start_time:%H:%M}/{constraint.end_time:%H:%M}"


def _rates(prices: Any) -> dict[str, Any]:
    return {key: _rate(value) for key, value in vars(prices).items() if value is not None}


def _rate(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    return [str(value.base), [[tier.start, str(tier.price)] for tier in value.tiers]]


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(build())
