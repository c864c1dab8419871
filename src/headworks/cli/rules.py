"""What `headworks limits` and `headworks budgets` have in common: rules with a name, on a party or a key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

import msgspec

from headworks.cli.administering import Asking, Listing, Removing, administer
from headworks.cli.naming import holder_of
from headworks.cli.telling import tell, tell_rows, tell_whole, warn
from headworks.client import Client
from headworks.client.collections import Keys, Parties
from headworks.domain.administration.wire.bounds import BoundsBody, BudgetBody, LimitBody
from headworks.domain.administration.wire.standings import StandingView

Rule = TypeVar("Rule", LimitBody, BudgetBody)


def given(**fields: object) -> dict[str, object]:
    """Those fields that the command line says something of."""
    return {name: value for name, value in fields.items() if value is not None}


def named_values(pairs: tuple[str, ...], flag: str) -> dict[str, str]:
    """What `NAME=VALUE NAME=VALUE` says."""
    values = {name: value for name, sign, value in (pair.partition("=") for pair in pairs) if name and sign}
    if len(values) < len(pairs):
        raise ValueError(f"write each of {flag} once, as NAME=VALUE: customer=acme")
    return values


def values_by_name(pairs: tuple[str, ...] | None, flag: str) -> dict[str, tuple[str, ...]] | None:
    """The same where a name may be written with several values; none where nothing is written."""
    if pairs is None:
        return None
    values: dict[str, tuple[str, ...]] = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not name or not sign:
            raise ValueError(f"write {flag} as NAME=VALUE, one for each value: customer=acme customer=globex")
        values[name] = (*values.get(name, ()), value)
    return values


_STANDS = ("group", "used", "held", "left", "overrun", "resets_at")
"""What lists tell of how a rule stands; `-` where only gateways know."""


def _row(rule: LimitBody | BudgetBody, stands: StandingView | None, name: str = "") -> dict[str, object]:
    """The rule, and how one of its counters stands; of a grouped one that nobody has used there is none."""
    more = ("added", "carried", *_STANDS)
    how = {field: getattr(stands, field) if stands is not None else None for field in more}
    return {"name": stands.name if stands is not None else name, **msgspec.structs.asdict(rule), **how}


class Rules(Generic[Rule]):
    """One kind of them. `what`: `limit`; `of`: where they stand among the bounds."""

    def __init__(
        self,
        what: str,
        of: Callable[[BoundsBody], Mapping[str, Rule]],
        put: Callable[[Parties | Keys, str, str, Rule, int], BoundsBody],
        take: Callable[[Parties | Keys, str, str, int], BoundsBody],
    ) -> None:
        self._what = what
        self._of = of
        self._put = put
        self._take = take

    def list_all(self, owner: str, columns: tuple[str, ...], listing: Listing) -> int:
        """A line for each that stands on this level."""

        def work(client: Client) -> None:
            holder, id_ = holder_of(client, owner)
            rules = self._of(holder.bounds(id_))
            standings = [each for each in holder.standings(id_).data if each.kind == self._what and each.name in rules]
            named = dict(listing.cut(rules.items()))
            rows = [_row(rules[each.name], each) for each in standings if each.name in named]
            rows += [_row(rule, None, name) for name, rule in named.items() if name not in {row["name"] for row in rows}]
            if listing.json:
                for row in rows:
                    print(msgspec.json.encode(row).decode())
            else:
                tell_rows(rows, ("name", *columns, *_STANDS))

        return administer(listing.url, work)

    def show(self, owner: str, name: str, asking: Asking) -> int:
        """All that one says."""

        def work(client: Client) -> None:
            holder, id_ = holder_of(client, owner)
            tell_whole(self._one(holder.bounds(id_), owner, name), json=asking.json)

        return administer(asking.url, work)

    def create(self, owner: str, name: str, rule: Callable[[], Rule], asking: Asking) -> int:
        """A new one. Refused where one is called so already."""

        def work(client: Client) -> None:
            holder, id_ = holder_of(client, owner)
            found = holder.read(id_)
            if name in self._of(found.bounds):
                raise ValueError(f"{owner} has a {self._what} {name!r} already. See: headworks {self._what}s change")
            self._tell(self._put(holder, id_, name, rule(), found.version), owner, name, asking)

        return administer(asking.url, work)

    def change(self, owner: str, name: str, said: Callable[[Rule], Mapping[str, object]], asking: Asking) -> int:
        """Other values of some of its fields."""

        def work(client: Client) -> None:
            holder, id_ = holder_of(client, owner)
            found = holder.read(id_)
            rule = self._one(found.bounds, owner, name)
            rule = msgspec.structs.replace(rule, **said(rule))
            self._tell(self._put(holder, id_, name, rule, found.version), owner, name, asking)

        return administer(asking.url, work)

    def remove(self, owner: str, name: str, removing: Removing) -> int:
        """One less."""

        def work(client: Client) -> None:
            removing.confirm(f"The {self._what} {name!r} of {owner}")
            holder, id_ = holder_of(client, owner)
            found = holder.read(id_)
            rule = self._one(found.bounds, owner, name)
            self._take(holder, id_, name, found.version)
            tell(rule, f"The {self._what} {name!r} of {owner} is removed.", json=removing.json)

        return administer(removing.url, work)

    def _one(self, bounds: BoundsBody, owner: str, name: str) -> Rule:
        rules = self._of(bounds)
        if name not in rules:
            there = f"There are: {', '.join(rules)}" if rules else "There is none"
            raise ValueError(f"{owner} has no {self._what} {name!r} on its own level. {there}")
        return rules[name]

    def _tell(self, bounds: BoundsBody, owner: str, name: str, asking: Asking) -> None:
        if asking.json:
            tell_whole(self._of(bounds)[name], json=True)
        else:
            print(f"The {self._what} {name!r} of {owner}:")
            tell_whole(self._of(bounds)[name], json=False)
        warn(bounds)
