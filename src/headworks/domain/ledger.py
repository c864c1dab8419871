"""What exchanges come to: exact sums by quarter of an hour and by who, for whom, what, where and in which currency."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from headworks.domain.exchange import Exchange
from headworks.domain.outcome import Ending
from headworks.domain.rollout.opinions import Answer, Opinion, answer_of, opinion_of
from headworks.domain.rollout.outcomes import Told, count
from headworks.domain.usage import NO_USAGE, Usage

BUCKET = 15 * 60
"""Seconds. Time zones with :30 and :45 begin their days on a quarter of an hour."""

COUNTED = (
    "input",
    "output",
    "cache_read",
    "cache_write",
    "cache_write_1h",
    "reasoning",
    "input_audio",
    "cache_audio_read",
    "output_audio",
    "web_searches",
    "images",
    "citation",
    "searches",
    "pages",
    "annotated_pages",
    "input_image",
    "output_image",
    "characters",
    "audio_seconds",
)
"""The counts of `Usage` that are booked."""
_NS = 10**9
_REFUSALS = 400
"""HTTP's errors begin there."""
SUMMED = ("exchanges", "requests", *COUNTED, "cost", "price", "overrun")
"""What a posting sums up: `exchanges` are all, `requests` those that were not refused; money in nano-units."""


class Account(NamedTuple):
    """What exchanges are booked under. Ids of parties; empty where there is none."""

    bucket: int
    """When the quarter of an hour began in which the exchange began, seconds since 1970, UTC."""
    organisation: str
    team: str
    project: str
    user: str
    """A user or a service account."""
    key: str
    customer: str
    kind: str
    model: str
    """As it was asked for; empty where nothing came of it: callers can make up names without end."""
    provider: str
    currency: str


class Parties(NamedTuple):
    """Ids, empty where there is none; as in `Account`."""

    organisation: str
    team: str
    project: str
    user: str
    key: str


class Standing(msgspec.Struct, frozen=True):
    """What counters are restored from, as of one instant."""

    places: dict[str, tuple[int, int]]
    """How far the journal's epochs are booked: segment, and offset in it."""
    spent: dict[str, int]
    """Units used of each counter that must still be known."""
    through: dict[str, int] = {}
    """Instance, a slash and the epoch of a process, of whichever instance → up to when its ends are booked, wall-clock nanoseconds."""


class Bill(NamedTuple):
    """What everything can be checked by: how many exchanges, and two amounts of money in nano-units, of all currencies together."""

    exchanges: int = 0
    cost: int = 0
    price: int = 0

    def plus(self, other: Bill) -> Bill:
        """The sum."""
        return Bill(self.exchanges + other.exchanges, self.cost + other.cost, self.price + other.price)


class Sums(msgspec.Struct):
    """Exchanges folded together. `postings` has the numbers of `SUMMED` in their order, `counters` the units used of each counter."""

    postings: dict[Account, list[int]] = {}
    counters: dict[str, int] = {}
    ends: dict[str, int] = {}
    """Until when counters must be known, nanoseconds; 0: for good."""
    outcomes: Told = {}
    """What rollouts are told of their versions."""
    answers: list[Answer] = []
    """Of those that rollouts led."""
    opinions: list[Opinion] = []
    """On whichever answers."""

    @property
    def bill(self) -> Bill:
        """What it all comes to."""
        rows = self.postings.values()
        return Bill(sum(row[0] for row in rows), sum(row[-3] for row in rows), sum(row[-2] for row in rows))


def fold(exchanges: Iterable[Exchange], into: Sums | None = None) -> Sums:
    """Add them up."""
    sums = into if into is not None else Sums()
    postings, counters, ends = sums.postings, sums.counters, sums.ends
    places: dict[tuple[str, ...], Parties] = {}
    for exchange in exchanges:
        lineage = exchange.lineage or (exchange.principal,)
        party = places.get(lineage)
        if party is None:
            party = places[lineage] = parties_of(lineage)
        account = _account(exchange, party)
        row = postings.get(account)
        if row is None:
            row = postings[account] = [0] * len(SUMMED)
        _add(row, exchange)
        for charge in exchange.counters:
            name = charge.counter
            counters[name] = counters.get(name, 0) + charge.units
            if charge.ends_at >= ends.get(name, 0):  # a rollover may have been set between two of them
                ends[name] = charge.ends_at
        if exchange.rollout:
            count(exchange, sums.outcomes)
            sums.answers.append(answer_of(exchange))
        if exchange.feedback is not None:
            sums.opinions.append(opinion_of(exchange, exchange.feedback))
    return sums


def parties_of(lineage: tuple[str, ...]) -> Parties:
    """Organisation, team, project, user and key of a lineage: ids tell by their beginnings what they are."""
    found = {"org": "", "team": "", "proj": "", "user": ""}
    for id_ in lineage[:-1]:
        kind = id_.partition("_")[0]
        found["user" if kind == "svc" else kind] = id_
    return Parties(found["org"], found["team"], found["proj"], found["user"], lineage[-1])


def _account(exchange: Exchange, party: Parties) -> Account:
    told = exchange.cost or exchange.price or exchange.status < _REFUSALS or exchange.usage != NO_USAGE
    return Account(
        (seconds := exchange.at // _NS) - seconds % BUCKET,
        *party,
        exchange.customer if told else "",
        exchange.kind,
        exchange.asked if told else "",
        exchange.provider,
        exchange.currency,
    )


def _add(row: list[int], exchange: Exchange) -> None:
    row[0] += 1
    row[1] += exchange.ending != Ending.REFUSED
    usage = exchange.usage
    row[2] += usage.input
    row[3] += usage.output
    if not _text_only(usage):
        for place, name in enumerate(COUNTED[2:], 4):
            row[place] += getattr(usage, name)
    row[-3] += exchange.cost
    row[-2] += exchange.price
    row[-1] += exchange.overrun


def _text_only(usage: Usage) -> bool:
    return usage.plain and not usage.cache_write_1h and not usage.cache_audio_read
