"""The whole matrix: every role, on every place, times every operation, on every entity of two tenants. Made from the table of operations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import NamedTuple

import pytest

from headworks.control.admin.operation import Access, Operation
from headworks.control.admin.operations import OPERATIONS
from headworks.domain.administration import EVERYTHING, ROLES, Role, Scope
from tests.admin.conftest import Telling
from tests.admin.house import ROOT, Caller, House, Reply, Tenant

OWN_PARTY = frozenset(
    {
        "update",
        "remove",
        "move",
        "bounds.replace",
        "limits.put",
        "limits.remove",
        "budgets.put",
        "budgets.remove",
        "budgets.top_up",
    }
)
"""Operations on a party that those may not do whose role stands on that very party, or not with every field."""
BODIES: Mapping[str, object] = {
    "update": {"disabled": False},
    "keys.update": {"name": "k"},
    "limits.put": {"unit": "tokens", "amount": 5, "seconds": 60},
    "budgets.put": {"amount": "5"},
    "budgets.top_up": {"amount": "5"},
    "rotate": {},
    "bounds.replace": {},
}
TENANT_ENTITIES = tuple(Tenant._fields)
PLURALS = {f"{field}s": field for field in TENANT_ENTITIES}


class Place(NamedTuple):
    """Where a role stands: on the whole installation, an organisation, a team or a project of the first tenant."""

    name: str
    party: str
    covers: frozenset[str]
    """Entities of the first tenant at or below it."""


def places(tenant: Tenant) -> Iterator[Place]:
    below = ("project", "user", "service_account", "key")
    yield Place("installation", EVERYTHING, frozenset(TENANT_ENTITIES))
    yield Place("organisation", tenant.organisation, frozenset(TENANT_ENTITIES))
    yield Place("team", tenant.team, frozenset(("team", *below)))
    yield Place("project", tenant.project, frozenset(below))


def on_entities() -> Iterator[tuple[Operation, str, str]]:
    """Operations on one party or key: with the entity, and what is done to it."""
    for operation in OPERATIONS:
        plural, _, act = operation.name.partition(".")
        if plural in PLURALS and "{id}" in operation.path:
            yield operation, PLURALS[plural], act


async def ask(caller: Caller, operation: Operation, entity: str, body: object) -> Reply:
    path = operation.path.replace("{id}", entity).replace("{name}", "rule")
    headers = {"if-match": '"999999999"'} if operation.locks else {}
    return await caller(f"{operation.method} {path}", body if operation.asks is not None else None, headers=headers)


def expected(role: Role, place: Place, operation: Operation, entity: str, act: str) -> tuple[set[int], str]:
    """What must be answered about an entity of the first tenant. 412 and the like: it was allowed, and then failed for its own reasons."""
    assert isinstance(operation.needs, Scope)
    if operation.needs not in ROLES[role]:
        return {403}, "not_allowed"
    if entity not in place.covers:
        return {404}, "not_found"
    if act in OWN_PARTY and entity == place.name:
        return {403}, "set_from_above"
    return {200, 201, 204, 409, 412, 422}, ""


async def matrix(house: House, every: int) -> None:
    """Every cell, or one in so many, in another order for every role and place."""
    owner = await house.owner()
    ours, theirs = await house.tenant(owner, "acme"), await house.tenant(owner, "rival")
    cells = list(on_entities())
    assert len(cells) > 60
    for turn, (place, role) in enumerate(product(places(ours), Role)):
        caller = await house.token((role, place.party))
        for operation, entity, act in cells[turn % every :: every]:
            await check_cell(caller, role, place, (operation, entity, act), (ours, theirs))
    for field in TENANT_ENTITIES:
        path = next(operation.path for operation in OPERATIONS if operation.name == f"{field}s.read")
        assert (await owner("GET " + path.replace("{id}", getattr(theirs, field)))).status == 200


async def check_cell(
    caller: Caller, role: Role, place: Place, cell: tuple[Operation, str, str], tenants: tuple[Tenant, Tenant]
) -> None:
    operation, entity, act = cell
    ours, theirs = tenants
    body = BODIES.get(f"{entity}s.{act}", BODIES.get(act))
    if act == "move":
        body = {"parent": ours.organisation if entity == "project" else ours.project}
    allowed, problem = expected(role, place, operation, entity, act)
    mine = await ask(caller, operation, getattr(ours, entity), body)
    assert mine.status in allowed, (role, place.name, operation, mine)
    assert not problem or mine.problem == problem, (role, place.name, operation, mine)
    foreign = await ask(caller, operation, getattr(theirs, entity), body)
    if place.party == EVERYTHING:
        assert foreign.status in allowed, (role, operation, foreign)
        return
    assert foreign.status in {403, 404}, (role, place.name, operation, foreign)
    assert operation.needs not in ROLES[role] or foreign.problem == "not_found", (role, place.name, operation, foreign)


def test_nobody_does_more_than_the_role_says_where_it_stands(tell: Telling) -> None:
    """One cell in seven, all operations and all roles among them."""
    tell(lambda house: matrix(house, 7))


@pytest.mark.long
def test_nobody_does_more_than_the_role_says_in_any_cell_of_the_matrix(tell: Telling) -> None:
    tell(lambda house: matrix(house, 1))


async def lists(house: House) -> None:
    owner = await house.owner()
    ours, theirs = await house.tenant(owner, "acme"), await house.tenant(owner, "rival")
    foreign = [*theirs, await house.person((Role.DEVELOPER, theirs.team))]
    listing = [
        each for each in OPERATIONS if each.method == "GET" and "{id}" not in each.path and each.needs is not Access.ANYONE
    ]
    assert len(listing) >= 12
    for place in list(places(ours))[1:]:
        for role in Role:
            caller = await house.token((role, place.party))
            for operation in listing:
                reply = await caller(f"GET {operation.path}")
                if operation.everywhere or (isinstance(operation.needs, Scope) and operation.needs not in ROLES[role]):
                    assert reply.problem == "not_allowed"
                else:
                    assert reply.status == 200
                    assert not [each for each in foreign if each.encode() in reply.raw], (role, operation)
            for path in (
                f"/keys?under={theirs.organisation}",
                f"/keys?owner={theirs.project}",
                f"/teams?under={theirs.organisation}",
            ):
                reply = await caller(f"GET {path}")
                assert reply.body["data"] == [], "a filter reaches no further than the role"


def test_lists_hold_nothing_of_another_tenant(tell: Telling) -> None:
    tell(lists)


async def of_the_installation(house: House) -> None:
    """What concerns the whole installation is not for those whose role stands on a part of it, whatever the role."""
    owner = await house.owner()
    ours = await house.tenant(owner, "acme")
    await owner.made("POST /config/revisions", {"document": "models: {m: openai/gpt-4o}"}, if_match='"0"')
    cells = [operation for operation in OPERATIONS if operation.everywhere]
    assert {operation.name.partition(".")[0] for operation in cells} == {"revisions", "rollouts"}
    for place, role in product(places(ours), Role):
        caller = await house.token((role, place.party))
        for operation in cells:
            assert isinstance(operation.needs, Scope)
            body = WHOLE.get(operation.name, {})
            reply = await ask(caller, operation, "1", body)
            if place.party == EVERYTHING and operation.needs in ROLES[role]:
                assert reply.status == status_of(operation), (role, operation, reply)
            else:
                assert (reply.status, reply.problem) == (403, "not_allowed"), (role, place.name, operation, reply)


WHOLE: Mapping[str, object] = {
    "revisions.apply": {"document": "nothing"},
    "rollouts.start": {"model": "m", "candidate": "2"},
}


def status_of(operation: Operation) -> int:
    """Of who may: there is one revision, no rollout, and nobody who reads the configuration."""
    if operation.name.startswith("revisions."):
        return 412 if operation.locks else 200
    return {"rollouts.list": 200, "rollouts.start": 409}.get(operation.name, 404)


def test_what_concerns_the_installation_needs_a_role_on_all_of_it(tell: Telling) -> None:
    tell(of_the_installation)


CREATIONS = ("teams", "projects", "users", "service-accounts", "keys")


async def creations(house: House) -> None:
    owner = await house.owner()
    ours, theirs = await house.tenant(owner, "acme"), await house.tenant(owner, "rival")
    for role in Role:
        caller = await house.token((role, ours.organisation))
        for path in CREATIONS:
            needs = Scope.KEYS_WRITE if path == "keys" else Scope.PARTIES_WRITE
            parent = theirs.organisation if path in {"teams", "projects"} else theirs.project
            body = {"name": "x", "owner" if path == "keys" else "parent": parent}
            reply = await caller(f"POST /{path}", body)
            assert reply.status == (404 if needs in ROLES[role] else 403), (role, path, reply)
        assert (await caller("POST /organisations", {"name": f"mine-{role}"})).problem == "not_allowed"
        move = await caller(f"POST /projects/{ours.project}/move", {"parent": theirs.team}, headers={"if-match": "*"})
        assert move.status == (404 if Scope.PARTIES_WRITE in ROLES[role] else 403)
        grant = {"administrator": "adm_x", "role": "developer", "party": theirs.team}
        assert (await caller("POST /grants", grant)).status in {403, 404}
        person = {"name": f"new {role}", "password": "correct horse battery", "role": "developer", "party": theirs.team}
        assert (await caller("POST /administrators", person)).status == (
            404 if Scope.ADMINISTRATORS_WRITE in ROLES[role] else 403
        )


def test_nothing_is_made_in_another_tenant(tell: Telling) -> None:
    tell(creations)


async def nobody(house: House) -> None:
    key = Caller(house.api, {"authorization": "Bearer hw-abcdefgh" + "x" * 49})
    for operation in OPERATIONS:
        if operation.needs is Access.ANYONE:
            continue
        for caller in (house.anyone, key):
            reply = await ask(caller, operation, "team_x", BODIES.get(operation.name.partition(".")[2], {}))
            assert (reply.status, reply.problem) == (401, "not_signed_in"), operation


def test_without_an_administrators_credential_nothing_opens_and_an_api_key_is_none(tell: Telling) -> None:
    tell(nobody)


async def table(house: House) -> None:
    routes = {route.path.removeprefix(ROOT) for route in house.api.routes}
    assert routes == {operation.path for operation in OPERATIONS} | {"/admin/{rest:path}"}
    assert len({(operation.method, operation.path) for operation in OPERATIONS}) == len(OPERATIONS)
    assert len({operation.name for operation in OPERATIONS}) == len(OPERATIONS)
    assert {operation.name for operation in OPERATIONS if operation.needs is Access.ANYONE} == {
        "document.read", "setup.use", "session.create", "login.list", "login.begin", "login.end", "login.redeem",
        "login.ask", "login.decide",
    }  # fmt: skip
    owner = await house.owner()
    for path in ("/nothing", "/keys/", "/teams/x/nothing", "//keys", "/keys/a/b/c"):
        assert (await owner(f"GET {path}")).problem == "not_found", path
    for method in ("PUT", "OPTIONS", "TRACE", "BREW"):
        assert (await owner(f"{method} /teams")).problem == "method"


def test_there_is_no_route_outside_the_table(tell: Telling) -> None:
    tell(table)
