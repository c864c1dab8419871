"""What tests of the admin API are made with: the API over a real SQLite database, and callers of it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from starlette.routing import Router
from starlette.types import Message

from headworks.control.admin.app import AdminApi
from headworks.control.admin.attempts import Attempts
from headworks.control.admin.denials import Denials
from headworks.control.admin.document import document_of
from headworks.control.admin.office import NewKey, Office
from headworks.control.admin.operations import OPERATIONS
from headworks.control.admin.passwords import Cost, Passwords
from headworks.domain.administration import EVERYTHING, Administrator, AdminToken, Role, RoleGrant
from headworks.domain.config import Config
from headworks.domain.customers import Customer
from headworks.identity import Pepper, PepperedReferences
from headworks.ports.records import EVERYWHERE
from headworks.secrets import Envelope, LocalMaster, NameSeals, Vault
from headworks.stores.sql.administration import SqlAdministration
from headworks.stores.sql.audit import Acts, Seal
from headworks.stores.sql.customers import SqlCustomers
from headworks.stores.sql.engine import Database
from headworks.stores.sql.ledger_usage import LedgerUsage
from headworks.stores.sql.records.store import SqlRecords
from headworks.stores.sql.records.top_ups import SqlTopUps
from headworks.stores.sql.revisions import SqlRevisions
from headworks.stores.sql.rollouts.store import SqlRollouts
from headworks.stores.sql.secrets import SqlSecrets
from headworks.testing.clock import FrozenClock
from headworks.wiring.administration import counts_of
from headworks.wiring.documents import MachineDocuments
from headworks.wiring.load import ConfigFile

ROOT = "/admin/v1"
REFERENCES = PepperedReferences([Pepper(bytes(32))])
CHEAP = Cost(n=2, r=1, p=1)
PASSWORD = "correct horse battery"
AUDIT = {"actor": "test", "operation": "test"}
FOLLOWS = Config(config_from="database")


class Reply(NamedTuple):
    """One answer."""

    status: int
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return msgspec.json.decode(self.raw) if self.raw else None

    @property
    def problem(self) -> str:
        """The code of the problem."""
        assert self.headers["content-type"] == "application/problem+json", self.raw
        return str(self.body["type"]).removeprefix("urn:headworks:problem:")


class Caller:
    """Somebody who calls the API, with headers of their own."""

    def __init__(self, api: AdminApi, headers: Mapping[str, str] | None = None, peer: str = "192.0.2.1") -> None:
        self.api = api
        self.app = Router(routes=api.routes)
        self.headers = {"host": "localhost:4456"} | dict(headers or {})
        self.peer = peer

    async def __call__(
        self, what: str, body: object = None, *, raw: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """`what`: method and path below the root, as in `GET /teams?limit=1`."""
        method, _, target = what.partition(" ")
        path, _, query = target.partition("?")
        sent = raw if raw is not None else (b"" if body is None else msgspec.json.encode(body))
        named = self.headers | ({"content-type": "application/json"} if sent else {}) | dict(headers or {})
        scope: dict[str, Any] = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
            "path": ROOT + path, "raw_path": (ROOT + path).encode(), "query_string": query.encode(), "root_path": "",
            "headers": [(name.lower().encode(), value.encode()) for name, value in named.items()],
            "client": (self.peer, 5000), "server": ("127.0.0.1", 4456),
        }  # fmt: skip
        answers: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": sent, "more_body": False}

        async def send(message: Message) -> None:
            answers.append(message)

        await self.app(scope, receive, send)
        start = answers[0]
        told = {name.decode(): value.decode() for name, value in start["headers"]}
        return Reply(start["status"], told, b"".join(message.get("body", b"") for message in answers[1:]))

    async def made(self, what: str, body: object = None, **headers: str) -> Any:
        """The answer of a call that must succeed."""
        reply = await self(what, body, headers={name.replace("_", "-"): value for name, value in headers.items()})
        assert reply.status < 300, (what, reply)
        return reply.body


class House:
    """The API on a database, and ways to become somebody."""

    def __init__(self, office: Office, clock: FrozenClock, said: list[str]) -> None:
        self.office = office
        self.clock = clock
        self.said = said
        self.api = AdminApi(office, OPERATIONS, said.append)
        self.api.opened = True
        self.anyone = Caller(self.api)

    @property
    def database(self) -> Database:
        """What all its stores are in."""
        assert isinstance(self.office.people, SqlAdministration)
        return self.office.people.database

    async def person(self, *roles: tuple[Role, str], name: str = "") -> str:
        """The id of a new administrator with these roles."""
        id_ = self.office.new_id("adm")
        person = Administrator(id=id_, name=name or id_, password=await self.office.passwords.verifier(PASSWORD))
        grants = [RoleGrant(id=self.office.new_id("grant"), administrator=id_, role=role, party=party) for role, party in roles]
        await self.office.people.add_administrator(person, grants[0], reach=EVERYWHERE, audit=AUDIT)
        for grant in grants[1:]:
            await self.office.people.add_grant(grant, reach=EVERYWHERE, audit=AUDIT)
        return id_

    async def token(self, *roles: tuple[Role, str]) -> Caller:
        """A caller with a token, of a new administrator with these roles."""
        person = await self.person(*roles)
        secret = f"hwa-{self.office.chance.getrandbits(256):064x}"
        token = AdminToken(
            id=self.office.new_id("tok"),
            administrator=person,
            name="test",
            prefix=secret[:12],
            digest=sha256(secret.encode()).digest(),
        )
        await self.office.people.add_token(token, audit=AUDIT)
        return Caller(self.api, {"authorization": f"Bearer {secret}"})

    async def owner(self) -> Caller:
        """The installation's."""
        return await self.token((Role.OWNER, EVERYTHING))

    async def signed_in(self, name: str, password: str = PASSWORD) -> Caller:
        """A browser."""
        reply = await self.anyone("POST /session", {"name": name, "password": password})
        assert reply.status == 201, reply
        return browser(self.api, reply)

    async def tenant(self, owner: Caller, name: str) -> Tenant:
        """An organisation with one of everything."""
        organisation = (await owner.made("POST /organisations", {"name": name, "bounds": {"models": ["*"]}}))["id"]
        team = (await owner.made("POST /teams", {"name": "research", "parent": organisation}))["id"]
        project = (await owner.made("POST /projects", {"name": "alpha", "parent": team}))["id"]
        user = (await owner.made("POST /users", {"name": "ann", "parent": project}))["id"]
        service = (await owner.made("POST /service-accounts", {"name": "robot", "parent": project}))["id"]
        key = (await owner.made("POST /keys", {"name": "k", "owner": project}))["key"]["id"]
        customer = REFERENCES.customer(organisation, "zoe")
        await self.office.customers.keep_names(
            [Customer(id=customer, organisation=organisation, first_seen=1, last_seen=2, sealed=b"")]
        )
        return Tenant(organisation, team, project, user, service, key, customer)


class Tenant(NamedTuple):
    """Ids."""

    organisation: str
    team: str
    project: str
    user: str
    service_account: str
    key: str
    customer: str


def browser(api: AdminApi, signed_in: Reply) -> Caller:
    """A caller with the cookie that an answer has set."""
    cookie = signed_in.headers["set-cookie"].partition(";")[0]
    return Caller(api, {"cookie": cookie, "x-headworks-csrf": signed_in.body["csrf"]})


@asynccontextmanager
async def house(
    url: str, cost: Cost = CHEAP, machine: Config = FOLLOWS, journal: Path = Path("no journal")
) -> AsyncGenerator[House]:
    """The API on a database that has its tables. `machine` is what the file says with which it was started."""
    database, clock, chance, said = Database(url), FrozenClock(), random.Random(7), list[str]()  # noqa: S311 - a test is to be repeatable
    acts = Acts(database, clock, Seal(b"an audit key that only tests have"))
    people = SqlAdministration(database, acts)

    def mint() -> NewKey:
        secret = f"hw-{chance.getrandbits(256):064x}"
        return NewKey(secret, secret[:11], sha256(secret.encode()).digest(), "pepper")

    office = Office(
        records=SqlRecords(database, clock, acts),
        people=people,
        top_ups=SqlTopUps(database, acts),
        revisions=SqlRevisions(database, acts),
        documents=MachineDocuments(ConfigFile(Path("headworks.yaml"), {"OPENAI_API_KEY": "sk"}, clock), machine),
        mint=mint,
        clock=clock,
        chance=chance,
        secret=bytes(32),
        references=REFERENCES,
        customers=SqlCustomers(database, acts),
        rollouts=SqlRollouts(database, acts),
        name_seals=NameSeals(lambda owner: Vault(SqlSecrets(database, acts), Envelope([LocalMaster(bytes(32))]), owner)),
        denials=Denials(people, clock),
        attempts=Attempts(clock),
        passwords=Passwords(chance, cost),
        document=document_of(OPERATIONS),
        usage=LedgerUsage(database),
        counts=counts_of(database, journal),
    )
    try:
        yield House(office, clock, said)
    finally:
        await database.close()


def run(url: str, story: Any) -> None:
    """Run a test's story on a house of its own."""

    async def told() -> None:
        async with house(url) as its:
            await story(its)
            assert its.said == []

    asyncio.run(told())
