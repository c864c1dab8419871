"""Customers of callers through the admin API: found within reach, named where names are kept, and forgotten."""

from __future__ import annotations

from itertools import product
from urllib.parse import quote

from headworks.domain.administration import ROLES, Role, Scope
from headworks.domain.customers import Customer, NamedCustomer
from headworks.domain.exchange import Exchange
from headworks.domain.ledger import fold
from headworks.domain.usage import Usage
from headworks.ports.records import EVERYWHERE
from headworks.stores.sql.ledger import LedgerTables
from tests.admin.conftest import Telling
from tests.admin.house import REFERENCES, Caller, House, Tenant

ANN = "ann@example.com"
QUARTER = 900 * 10**9


async def keep(house: House, organisation: str, name: str) -> str:
    """As the control process does with a name that a gateway has met. The reference."""
    office, id_ = house.office, REFERENCES.customer(organisation, name)
    sealed = await office.name_seals.seal(NamedCustomer(id=id_, organisation=organisation, name=name))
    await office.customers.keep_names([Customer(id=id_, organisation=organisation, first_seen=1, last_seen=2, sealed=sealed)])
    return id_


async def see(house: House, organisation: str, customer: str, at: int) -> None:
    """As the ledger does with an exchange."""
    exchange = Exchange(
        id="x",
        at=at,
        kind="chat",
        ending="finished",
        status=200,
        lineage=(organisation, "key_1"),
        customer=customer,
        usage=Usage(input=1),
        price=7,
    )
    await LedgerTables(house.database, "test", house.clock).post([], fold([exchange]))


async def names_of(caller: Caller, filters: str = "") -> dict[str, str | None]:
    return {each["id"]: each["name"] for each in (await caller.made(f"GET /customers{filters}"))["data"]}


async def by_name(house: House) -> None:
    owner = await house.owner()
    ours, theirs = await house.tenant(owner, "acme"), await house.tenant(owner, "rival")
    ann, hers = await keep(house, ours.organisation, ANN), await keep(house, theirs.organisation, ANN)
    assert ann != hers

    assert await names_of(owner) == {ann: ANN, hers: ANN, ours.customer: None, theirs.customer: None}
    assert await names_of(owner, f"?organisation={ours.organisation}&name={quote(ANN)}") == {ann: ANN}
    assert await names_of(owner, f"?name={hers}") == {hers: ANN}
    assert await names_of(owner, f"?name={quote(ANN)}") == {}, "no caller of the configuration has named her"
    pages = [await owner.made("GET /customers?limit=3")]
    pages.append(await owner.made(f"GET /customers?limit=3&cursor={pages[0]['next']}"))
    assert [len(page["data"]) for page in pages] == [3, 1]
    assert pages[1]["next"] is None


def test_a_customer_is_found_by_reference_and_by_name_with_the_organisation(tell: Telling) -> None:
    tell(by_name)


async def forgetting(house: House) -> None:
    owner = await house.owner()
    ours = await house.tenant(owner, "acme")
    ann = await keep(house, ours.organisation, ANN)
    await see(house, ours.organisation, ann, 5 * QUARTER)

    assert (await owner(f"DELETE /customers/{ann}")).status == 204
    await keep(house, ours.organisation, ANN)
    await see(house, ours.organisation, ann, 9 * QUARTER)

    left = await owner.made(f"GET /customers/{ann}")
    assert (left["name"], left["last_seen"]) == (None, "1970-01-01T02:15:00Z")
    assert left["forgotten_at"]
    kept = await house.office.customers.customer(ann, reach=EVERYWHERE)
    assert kept.sealed == b""
    assert (await owner.made("GET /audit?limit=1"))["data"][0]["facts"]["operation"] == "customers.forget"
    assert ANN.encode() not in (await owner("GET /audit")).raw


def test_a_name_that_was_forgotten_is_gone_and_is_not_kept_again(tell: Telling) -> None:
    tell(forgetting)


async def sealing(house: House) -> None:
    owner = await house.owner()
    ours, theirs = await house.tenant(owner, "acme"), await house.tenant(owner, "rival")
    ann, bob = await keep(house, ours.organisation, ANN), await keep(house, ours.organisation, "bob")
    hers = await keep(house, theirs.organisation, ANN)
    rows = {each: await house.office.customers.customer(each, reach=EVERYWHERE) for each in (ann, bob, hers)}
    assert len({row.sealed for row in rows.values()}) == 3

    for stolen in (rows[bob].sealed, rows[hers].sealed, b"damaged"):
        async with house.database.writing() as connection:
            await connection.exec_driver_sql("UPDATE customers SET sealed = ? WHERE id = ?", (stolen, ann))
        assert (await owner.made(f"GET /customers/{ann}"))["name"] is None


def test_a_sealed_name_opens_at_its_own_customer_only(tell: Telling) -> None:
    tell(sealing)


async def unnamed(house: House) -> None:
    owner = await house.owner()
    ours = await house.tenant(owner, "acme")
    await see(house, ours.organisation, "ann@before.example", QUARTER)
    ann = REFERENCES.customer(ours.organisation, ANN)
    for at in (7 * QUARTER, 3 * QUARTER, 5 * QUARTER):
        await see(house, ours.organisation, ann, at)

    assert set(await names_of(owner)) == {ours.customer, ann}, "a journal of before references adds no names"
    seen = await owner.made(f"GET /customers/{ann}")
    assert (seen["first_seen"], seen["last_seen"]) == ("1970-01-01T00:45:00Z", "1970-01-01T01:45:00Z")
    await keep(house, ours.organisation, ANN)
    assert (await owner.made(f"GET /customers/{ann}"))["name"] == ANN


def test_the_ledger_says_when_a_customer_was_seen(tell: Telling) -> None:
    tell(unnamed)


async def removed(house: House) -> None:
    owner = await house.owner()
    party = (await owner.made("POST /organisations", {"name": "brief", "bounds": {"models": ["*"]}}))["id"]
    ann = await keep(house, party, ANN)

    assert (await owner(f"DELETE /organisations/{party}", headers={"if-match": "*"})).status == 204

    assert (await owner(f"GET /customers/{ann}")).status == 404


def test_with_an_organisation_its_customers_names_are_gone(tell: Telling) -> None:
    tell(removed)


def places(tenant: Tenant) -> dict[str, bool]:
    """Party of a role → whether customers lie within it: they are the organisation's."""
    return {"*": True, tenant.organisation: True, tenant.team: False, tenant.project: False}


async def reach(house: House) -> None:
    """Names and erasure, by role and place."""
    owner = await house.owner()
    ours, theirs = await house.tenant(owner, "acme"), await house.tenant(owner, "rival")
    for (party, within), role in product(places(ours).items(), Role):
        caller = await house.token((role, party))
        may_read, may_write = (scope in ROLES[role] for scope in (Scope.CUSTOMERS_READ, Scope.CUSTOMERS_WRITE))
        ann, hers = await keep(house, ours.organisation, ANN), await keep(house, theirs.organisation, ANN)
        listed = await caller("GET /customers")
        assert listed.status == (200 if may_read else 403)
        assert (ann in listed.raw.decode()) == (may_read and within)
        assert (hers in listed.raw.decode()) == (may_read and party == "*")
        status = 403 if not may_write else 204 if within else 404
        assert (await caller(f"DELETE /customers/{ann}")).status == status, (role, party)
        status = 403 if not may_write else 204 if party == "*" else 404
        assert (await caller(f"DELETE /customers/{hers}")).status == status, (role, party)


def test_names_are_read_and_erased_with_a_role_on_the_organisation(tell: Telling) -> None:
    tell(reach)


async def in_usage(house: House) -> None:
    owner = await house.owner()
    ours = await house.tenant(owner, "acme")
    ann = REFERENCES.customer(ours.organisation, ANN)
    for customer in (ann, REFERENCES.customer(ours.organisation, "bob"), "old@example.com"):
        await see(house, ours.organisation, customer, at=1)
    spend = "GET /organization/costs?start_time=0&end_time=900&group_by=customer&customers="
    for wanted, found in (
        (f"{quote(ANN)}&organization_ids={ours.organisation}", [ann]),
        (ann, [ann]),
        (quote(ANN), []),
        ("old%40example.com", ["old@example.com"]),
    ):
        (bucket,) = (await owner.made(spend + wanted))["data"]
        assert [each["customer"] for each in bucket["results"]] == found, wanted


def test_usage_is_asked_by_name_or_reference(tell: Telling) -> None:
    tell(in_usage)
