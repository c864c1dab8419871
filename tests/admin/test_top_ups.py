"""Money added to budgets, from the administrator's request to the gateway's judgement."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from headworks.domain.administration import Role
from headworks.domain.limits import Claim, Demand, Exceeded, Periods, claims_of
from headworks.domain.principal import Principal
from headworks.domain.records import TopUp
from headworks.domain.usage import Usage
from headworks.identity import Directory
from headworks.ports.records import EVERYWHERE, Missing, Page
from headworks.stores.memory import MemoryCounters
from tests.admin.conftest import Telling
from tests.admin.house import AUDIT, REFERENCES, Caller, House, Tenant
from tests.identity.house import nothing_published, snapshot
from tests.identity.records import DIGESTS, key_of

DOLLAR = 10**9
JANUARY, FEBRUARY, MARCH = (int(datetime(2026, month, 5, tzinfo=UTC).timestamp()) * DOLLAR for month in (1, 2, 3))


class Shop:
    """A tenant with a team's budget of 10 dollars a month, a key below it, and a gateway that counts."""

    def __init__(self, house: House, owner: Caller, tenant: Tenant, key: bytes) -> None:
        self.house = house
        self.owner = owner
        self.tenant = tenant
        self.key = key
        self.team = f"/teams/{tenant.team}"
        self.directory = Directory(house.office.records, DIGESTS, nothing_published, house.clock)
        self.counters = MemoryCounters(house.clock)

    async def top_up(self, amount: str, **more: object) -> str:
        made = await self.owner.made(f"POST {self.team}/budgets/month/top-ups", {"amount": amount, **more})
        return str(made["period"])

    async def principal(self) -> Principal:
        """Who holds the key, once the change log has been read."""
        self.house.clock.advance(0.25)
        await self.directory.feed.look()
        principal = await self.directory.find(self.key, snapshot())
        assert principal is not None
        return principal

    async def claims(self, dollars: int, wall_ns: int, customer: str = "") -> tuple[Claim, ...]:
        """What a request of the key claims."""
        principal = await self.principal()
        reference = REFERENCES.customer(principal.organisation, customer) if customer else ""
        demand = Demand(models=("m",), value_of=lambda _: reference, input=0, output=0, cost=dollars * DOLLAR)
        return claims_of(principal.limits, demand, wall_ns, Periods())

    async def spend(self, dollars: int, wall_ns: int, customer: str = "") -> None:
        claims = await self.claims(dollars, wall_ns, customer)
        hold = await self.counters.reserve(f"{wall_ns}-{dollars}-{len(self.counters)}", claims)
        hold.settle(Usage(), dollars * DOLLAR, counts=True)


async def shop(house: House, **budget: object) -> Shop:
    owner = await house.owner()
    tenant = await house.tenant(owner, "acme")
    key, record = key_of(await house.office.records.party(tenant.project, reach=EVERYWHERE), "till")
    await house.office.records.add_key(record, reach=EVERYWHERE, audit=AUDIT)
    rule = {"amount": "10", "calendar": "month", **budget}
    await owner.made(f"PUT /teams/{tenant.team}/budgets/month", rule, if_match="*")
    return Shop(house, owner, tenant, key)


async def for_a_period(house: House) -> None:
    its = await shop(house)
    await its.spend(10, JANUARY)
    with pytest.raises(Exceeded, match=r"allows 10(\.0+)? USD a month"):
        await its.spend(1, JANUARY)
    assert await its.top_up("5") == "month/2026-01-01"
    assert await its.top_up("2.5") == "month/2026-01-01"
    await its.spend(7, JANUARY)
    with pytest.raises(Exceeded, match=r"allows 17\.50* USD a month; 0\.50* USD are left"):
        await its.spend(1, JANUARY)
    assert await its.top_up("1", period="next") == "month/2026-02-01"
    with pytest.raises(Exceeded):
        await its.spend(1, JANUARY)
    await its.spend(11, FEBRUARY)
    with pytest.raises(Exceeded):
        await its.spend(1, FEBRUARY)
    with pytest.raises(Exceeded):
        await its.spend(11, MARCH)


def test_a_top_up_counts_at_once_for_all_below_and_for_its_period_only(tell: Telling) -> None:
    tell(for_a_period)


async def next_period(house: House) -> None:
    its = await shop(house)
    await its.top_up("5", period="next")
    house.clock.advance(40 * 86_400)
    await its.spend(15, house.clock.wall_ns())
    with pytest.raises(Exceeded):
        await its.spend(1, house.clock.wall_ns())


def test_what_was_added_for_the_next_period_is_there_when_it_comes(tell: Telling) -> None:
    tell(next_period)


async def for_good(house: House) -> None:
    its = await shop(house, calendar=None)
    assert await its.top_up("5") == ""
    house.clock.advance(400 * 86_400)
    await its.spend(15, house.clock.wall_ns())
    with pytest.raises(Exceeded):
        await its.spend(1, house.clock.wall_ns())
    reply = await its.owner(f"POST {its.team}/budgets/month/top-ups", {"amount": "1", "period": "next"})
    assert (reply.status, reply.body["errors"][0]["pointer"]) == (422, "/period")


def test_what_was_added_to_a_budget_without_periods_stays(tell: Telling) -> None:
    tell(for_good)


async def for_a_group(house: House) -> None:
    its = await shop(house, group_by=["customer"])
    for group in ({}, {"team": "x"}, {"customer": "a", "team": "x"}):
        reply = await its.owner(f"POST {its.team}/budgets/month/top-ups", {"amount": "1", "group": group})
        assert (reply.status, reply.body["errors"][0]["pointer"]) == (422, "/group")
    await its.top_up("5", group={"customer": "zoe"})
    await its.spend(15, JANUARY, "zoe")
    with pytest.raises(Exceeded):
        await its.spend(11, JANUARY, "ann")


def test_what_was_added_for_a_customer_is_that_customers(tell: Telling) -> None:
    tell(for_a_group)


async def beside_a_rollover(house: House) -> None:
    its = await shop(house, rollover={"most": "4"})
    await its.top_up("5")
    await its.spend(12, JANUARY)  # two of what was added
    await its.spend(10, FEBRUARY)
    with pytest.raises(Exceeded):
        await its.spend(1, FEBRUARY)
    await its.spend(9, MARCH)
    await its.spend(1, MARCH)


def test_what_was_added_does_not_roll_over(tell: Telling) -> None:
    tell(beside_a_rollover)


async def left_over(house: House) -> None:
    its = await shop(house, rollover={"most": "4"})
    await its.spend(3, JANUARY)
    await its.spend(14, FEBRUARY)
    with pytest.raises(Exceeded, match=r"up to 4(\.0+)? USD left over by the one before"):
        await its.spend(1, FEBRUARY)
    await its.spend(10, MARCH)
    with pytest.raises(Exceeded):
        await its.spend(1, MARCH)


def test_what_a_period_leaves_over_is_there_in_the_next(tell: Telling) -> None:
    tell(left_over)


async def another_currency(house: House) -> None:
    its, records = await shop(house), house.office.records
    await its.top_up("5")
    team = await records.party(its.tenant.team, reach=EVERYWHERE)
    foreign = {name: replace(rule, currency="EUR") for name, rule in team.bounds.budgets.items()}
    bounds = replace(team.bounds, budgets=foreign)
    await records.put_party(replace(team, bounds=bounds), reach=EVERYWHERE, audit=AUDIT)
    principal = await its.principal()
    assert [limit.extra for limit in principal.limits] == [()]


def test_what_was_added_in_another_currency_counts_for_nothing(tell: Telling) -> None:
    tell(another_currency)


async def once(house: House) -> None:
    its = await shop(house)
    path, key = f"{its.team}/budgets/month/top-ups", {"idempotency-key": "a purchase of January"}
    first = await its.owner(f"POST {path}", {"amount": "5"}, headers=key)
    again = await its.owner(f"POST {path}", {"amount": "5"}, headers=key)
    assert (first.status, again.status) == (201, 201)
    assert first.body == again.body
    house.clock.advance(1)
    second = await its.owner.made(f"POST {path}", {"amount": "1"})
    page = await its.owner.made(f"GET {path}?limit=1")
    assert page["data"] == [first.body]
    assert (await its.owner.made(f"GET {path}?limit=1&cursor={page['next']}"))["data"] == [second]
    audit = (await its.owner.made("GET /audit?limit=1"))["data"][0]["facts"]
    assert audit.items() >= {"operation": "teams.budgets.top_up", "id": second["id"], "amount": "1000000000"}.items()


def test_a_repeated_top_up_adds_nothing_and_each_is_listed_and_audited(tell: Telling) -> None:
    tell(once)


async def refused(house: House) -> None:
    its = await shop(house)
    path = f"{its.team}/budgets/month/top-ups"
    assert (await its.owner(f"POST {path}", {"amount": "0"})).body["errors"][0]["pointer"] == "/amount"
    assert (await its.owner(f"POST {its.team}/budgets/other/top-ups", {"amount": "1"})).problem == "conflict"
    ours = await house.token((Role.BILLING, its.tenant.team))
    assert (await ours(f"POST {path}", {"amount": "1"})).problem == "set_from_above"
    developer = await house.token((Role.DEVELOPER, its.tenant.organisation))
    assert (await developer(f"POST {path}", {"amount": "1"})).problem == "not_allowed"
    rival = await house.tenant(its.owner, "rival")
    stranger = await house.token((Role.OWNER, rival.organisation))
    for what, body in ((f"POST {path}", {"amount": "1"}), (f"GET {path}", None)):
        assert (await stranger(what, body)).problem == "not_found"
    top_up = TopUp(id="topup_x", owner=its.tenant.team, budget="month", amount=1, currency="USD")
    with pytest.raises(Missing):
        await house.office.top_ups.add_top_up(top_up, reach=(rival.organisation,), audit=AUDIT)
    assert not await house.office.top_ups.top_ups(Page(), owner=its.tenant.team, budget="month", reach=(rival.organisation,))
    assert (await its.owner.made(f"GET {path}"))["data"] == []


def test_a_top_up_is_refused_to_who_may_not_set_the_budget_and_where_it_means_nothing(tell: Telling) -> None:
    tell(refused)


async def of_a_key(house: House) -> None:
    its = await shop(house)
    found = await house.office.records.keys(Page(), reach=EVERYWHERE, owner=its.tenant.project)
    path = f"/keys/{next(key.id for key in found if key.name == 'till')}/budgets/own"
    await its.owner.made(f"PUT {path}", {"amount": "3", "calendar": "month"}, if_match="*")
    assert [claim.limit.amount for claim in await its.claims(1, JANUARY)] == [10 * DOLLAR, 3 * DOLLAR]
    await its.owner.made(f"POST {path}/top-ups", {"amount": "4"})
    assert [claim.limit.amount for claim in await its.claims(1, JANUARY)] == [10 * DOLLAR, 7 * DOLLAR]


def test_a_keys_own_budget_is_topped_up_too(tell: Telling) -> None:
    tell(of_a_key)
