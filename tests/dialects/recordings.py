"""Recorded provider traffic, and checks over all of it: what passed, of how many, and why the rest was left out.

A check is a function of one recording. It returns when it holds, raises `AssertionError` when it does not, and `LeftOut` with a reason
where the recording cannot tell. Recordings that are themselves wrong are named, with the reason, in a `left_out_*.toml`.
"""

from __future__ import annotations

import json
import os
import random
import tomllib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from headworks.domain.errors import Fault
from headworks.domain.events import ArgumentsDelta, Event, Failed, SignatureDelta, TextDelta

HERE = Path(__file__).parent
SEED = 20261122


class LeftOut(Exception):
    """The check says nothing about this recording. The message is the reason."""


Check = Callable[["Recording"], None]


def shared() -> Path:
    """Where the recordings are; the folder need not exist."""
    root = os.environ.get("HEADWORKS_SHARED")
    return (Path(root) if root else HERE.parents[2] / "shared") / "recordings"


@dataclass(frozen=True)
class Recording:
    """One recorded exchange. The file is read when it is first needed."""

    file: str
    provider: str
    op: str
    status: int
    features: tuple[str, ...]
    fidelity: str

    @cached_property
    def content(self) -> dict[str, Any]:
        """The file."""
        return json.loads((shared() / self.file).read_bytes())

    @property
    def request(self) -> dict[str, Any]:
        """The request's JSON."""
        request = self.content["request"]
        body = request and request.get("body")
        if not isinstance(body, dict):
            raise LeftOut("no JSON request was recorded")
        return body

    @cached_property
    def body(self) -> bytes:
        """The answer's bytes."""
        body = self.content["response"].get("body")
        if body is None:
            raise LeftOut("the answer was not recorded as text")
        return body.encode()

    @property
    def answer(self) -> bytes:
        """The bytes of a good answer."""
        if self.status != 200:
            raise LeftOut("the answer is an error")
        return self.body

    @property
    def is_stream(self) -> bool:
        """Whether the answer is a stream of events."""
        return self.answer.lstrip()[:1] not in {b"{", b"["}

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """The answer's headers."""
        headers = self.content["response"].get("headers") or {}
        return [
            (name.lower().encode(), value.encode("latin-1", "replace"))
            for name, value in headers.items()
            if isinstance(value, str)
        ]

    def __repr__(self) -> str:
        return self.file


MISFILED = {("writer", "cohere.v1_chat"): "chat.completions"}
"""Provider and operation as the index has them → what it is: Writer's chats stand at the path of Cohere's first version."""


@lru_cache(maxsize=4)
def recordings(*ops: str) -> list[Recording]:
    """All recordings of these operations, or of all where none is named, in the index's order."""
    index = (shared() / "INDEX.jsonl").read_text().splitlines()
    rows = (json.loads(line) for line in index)
    every = (
        Recording(
            row["file"],
            row["provider"],
            MISFILED.get((row["provider"], row["op"])) or row["op"],
            row["status"],
            tuple(row["features"]),
            row["fidelity"],
        )
        for row in rows
    )
    return [recording for recording in every if not ops or recording.op in ops]


@dataclass
class Tally:
    """The outcome of all checks."""

    passed: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    total: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    left_out: Counter[tuple[str, str]] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    held: dict[str, dict[str, bool]] = field(default_factory=lambda: defaultdict(dict))
    """Of each file of which at least one check could tell something: which, and whether it held."""
    silent: dict[str, str] = field(default_factory=dict)
    """Files of which one could not, and why."""

    def lines(self, checks: Iterable[str]) -> Iterator[str]:
        """The table: passed/total per provider and check, then the reasons for what was left out."""
        names = list(checks)
        yield f"{'':24}" + "".join(f"{name:>14}" for name in names)
        for provider in [*sorted(self.total), "all"]:
            cells = [self._cell(provider, name) for name in names]
            yield f"{provider:24}" + "".join(f"{cell:>14}" for cell in cells)
        for (check, reason), count in sorted(self.left_out.items()):
            yield f"left out of {check}: {count} × {reason}"

    def _cell(self, provider: str, check: str) -> str:
        providers = self.total if provider == "all" else [provider]
        total = sum(self.total[name][check] for name in providers)
        return f"{sum(self.passed[name][check] for name in providers)}/{total}" if total else "–"


Exceptions = dict[tuple[str, str], str]


def named_exceptions(file: str) -> Exceptions:
    """Recordings that are themselves wrong: (recording, check) → why. An empty check means every one."""
    table = tomllib.loads((HERE / file).read_text())
    return {(row["file"], check): row["reason"] for row in table["left_out"] for check in row.get("checks", [""])}


def run(checks: dict[str, Check], ops: tuple[str, ...], exceptions: Exceptions, share: float = 1) -> Tally:
    """Every check on every recording, or on a share of them, always the same."""
    tally = Tally()
    for recording in chosen(recordings(*ops), share):
        for name, check in checks.items():
            excuse = exceptions.get((recording.file, "")) or exceptions.get((recording.file, name))
            if excuse:
                tally.left_out[name, excuse] += 1
                tally.silent[recording.file] = excuse
                continue
            try:
                check(recording)
            except LeftOut as reason:
                tally.left_out[name, str(reason)] += 1
                tally.silent.setdefault(recording.file, str(reason))
                continue
            except (AssertionError, Fault) as trouble:
                tally.failures.append(f"{name}: {recording}: {trouble!r}"[:1000])
                tally.held[recording.file][name] = False
            else:
                tally.passed[recording.provider][name] += 1
                tally.held[recording.file][name] = True
            tally.total[recording.provider][name] += 1
    return tally


def chosen(among: Iterable[Recording], share: float) -> list[Recording]:
    """A share of recordings, drawn by their names: the same for all who ask."""
    return [each for each in among if share == 1 or random.Random(f"{SEED}{each}").random() < share]  # noqa: S311 - as below


def random_cuts(data: bytes, name: str) -> list[bytes]:
    """The same pieces for the same name: one byte, a few, or many."""
    dice = random.Random(f"{SEED}{name}")  # noqa: S311 - a reproducible choice, not a secret
    pieces: list[bytes] = []
    at = 0
    while at < len(data):
        size = dice.choice((1, 2, 3, 17, 200, 1400))
        pieces.append(data[at : at + size])
        at += size
    return pieces


def plain(events: Iterable[Event]) -> list[Any]:
    """Events that compare by value: a fault counts by what it says."""
    return [("failed", event.fault.code, event.fault.message) if isinstance(event, Failed) else event for event in events]


def merged(events: Iterable[Event]) -> list[Any]:
    """Events with neighbouring deltas of one part put together: what a whole answer and its stream have in common."""
    out: list[Any] = []
    for event in plain(events):
        last = out[-1] if out else None
        match last, event:
            case TextDelta(), TextDelta() if (last.choice, last.part) == (event.choice, event.part):
                out[-1] = TextDelta(event.part, last.text + event.text, event.choice)
            case ArgumentsDelta(), ArgumentsDelta() if (last.choice, last.part) == (event.choice, event.part):
                out[-1] = ArgumentsDelta(event.part, last.json + event.json, event.choice)
            case SignatureDelta(), SignatureDelta() if (last.choice, last.part) == (event.choice, event.part):
                out[-1] = SignatureDelta(event.part, last.signature + event.signature, event.choice)
            case _:
                out.append(event)
    return out
