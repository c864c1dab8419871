"""Traces of real load as arrivals: Mooncake's lines of JSON (with the hashes of prompts' blocks), Azure's tables (without)."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import count
from pathlib import Path

import msgspec

MOONCAKE_BLOCK = 512
"""Tokens of a block in Mooncake's traces."""
TICK = 3.0
"""Seconds to which the times in Mooncake's conversations are rounded: without jitter they come in herds."""
_OFTEN = 5
"""Requests at one instant by which rounded times are known."""
_TENANTS = 16


class Arrival(msgspec.Struct, frozen=True, gc=False):
    """One request of a trace. `at` is seconds since its beginning."""

    at: float
    tokens: int
    output: int
    blocks: tuple[int, ...]
    tenant: str = ""


class _Line(msgspec.Struct):
    timestamp: float
    input_length: int
    output_length: int
    hash_ids: list[int]


class UnreadableTrace(Exception):
    """A file is no trace that we know. Its words say which are."""


def read_trace(path: Path, *, seed: int, most: int | None = None) -> list[Arrival]:
    """In the order of time. The seed draws what the trace leaves open. Raises `UnreadableTrace`."""
    try:
        if path.suffix == ".jsonl":
            arrivals = list(_mooncake(path, random.Random(seed)))  # noqa: S311 - it draws times
        elif path.suffix == ".csv":
            arrivals = list(_azure(path))
        else:
            raise UnreadableTrace(f"{path} is neither .jsonl (Mooncake's form) nor .csv (Azure's form).")
    except (OSError, KeyError, ValueError, msgspec.DecodeError) as trouble:
        raise UnreadableTrace(f"{path} cannot be read as a trace: {trouble}. Give Mooncake's .jsonl or Azure's .csv.") from None
    arrivals.sort(key=lambda arrival: arrival.at)
    return arrivals[:most]


def at_rate(arrivals: Sequence[Arrival], rate: float) -> list[Arrival]:
    """The same at so many requests a second on the mean."""
    span = arrivals[-1].at - arrivals[0].at
    factor = (len(arrivals) - 1) / rate / span
    start = arrivals[0].at
    return [msgspec.structs.replace(each, at=(each.at - start) * factor) for each in arrivals]


def _mooncake(path: Path, chance: random.Random) -> Iterator[Arrival]:
    lines = [msgspec.json.decode(line, type=_Line) for line in path.read_bytes().splitlines() if line]
    rounded = len({line.timestamp for line in lines}) * _OFTEN < len(lines)
    for line in lines:
        at = line.timestamp / 1e3 + (chance.random() * TICK if rounded else 0.0)
        blocks = tuple(line.hash_ids)
        yield Arrival(at, max(line.input_length, 1), max(line.output_length, 1), blocks, f"t{blocks[-1] % _TENANTS}")


def _azure(path: Path) -> Iterator[Arrival]:
    """Nothing is known of what prompts have in common: each is of its own blocks."""
    numbers = count()
    with path.open(newline="") as file:
        for place, row in enumerate(csv.DictReader(file)):
            tokens = max(int(row["ContextTokens"]), 1)
            blocks = tuple(next(numbers) for _ in range(-(-tokens // MOONCAKE_BLOCK)))
            at = datetime.fromisoformat(row["TIMESTAMP"][:26]).timestamp()
            yield Arrival(at, tokens, max(int(row["GeneratedTokens"]), 1), blocks, f"t{place % _TENANTS}")
