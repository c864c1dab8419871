"""What tests of signing in through a provider are made with: a house with that way in, and browsers."""

from __future__ import annotations

import asyncio
import http.client
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import msgspec

from headworks.control.admin.entrance import Entrance
from headworks.domain.administration import AuditEntry, Passwords
from headworks.domain.config import MappedRole, OidcRule, RolesRule
from headworks.identity.oidc import RelyingParty, challenge_of
from headworks.ports.records import EVERYWHERE, Page
from headworks.wiring.entrance import provider_of
from headworks.wiring.fetch import fetch, post
from tests.admin.house import ROOT, Caller, House, Reply
from tests.admin.provider import CLIENT, SECRET, Provider

AT = "http://localhost:4456"
ROLES = RolesRule(map={"platform-admins": "owner", "readers": "auditor", "nowhere": MappedRole(role="admin", party="org_gone")})
AUDIENCE = "headworks-admin"


class Scene(NamedTuple):
    """A house whose people come through one provider."""

    house: House
    provider: Provider
    name: str = "corporate"

    def browser(self, headers: Mapping[str, str] | None = None) -> Browser:
        return Browser(self, headers)

    def renamed(self, name: str) -> Scene:
        """The same, where the configuration now calls the provider by another name."""
        office = self.house.office
        known = office.entrance.parties[self.name].provider
        parties = {name: RelyingParty(msgspec.structs.replace(known, name=name), fetch, post, self.house.clock)}
        entrance = msgspec.structs.replace(office.entrance, parties=parties)
        return Scene(House(office._replace(entrance=entrance), self.house.clock, []), self.provider, name)

    async def audit(self, operation: str) -> list[dict[str, str]]:
        """What the audit says of it, denials included, oldest first."""
        await self.house.office.denials.tell()
        entries: list[AuditEntry] = list(await self.house.office.people.audit_entries(Page(size=100), reach=EVERYWHERE))
        return [entry.facts for entry in reversed(entries) if entry.facts["operation"] == operation]


@asynccontextmanager
async def scene(house: House, *, passwords: Passwords = "all", **changes: Any) -> AsyncGenerator[Scene]:
    """`changes`: of the provider's rule."""
    provider = Provider(house.clock.wall_ns() // 10**9)
    provider.start()
    rule = OidcRule(issuer=provider.url, client_id=CLIENT, client_secret=SECRET, roles=ROLES, provision=True)
    known = provider_of("corporate", msgspec.structs.replace(rule, **changes))
    parties = {"corporate": RelyingParty(known, fetch, post, house.clock)}
    office = house.office._replace(entrance=Entrance(url=AT, parties=parties, passwords=passwords))
    try:
        yield Scene(House(office, house.clock, []), provider)
    finally:
        provider.stop()


class Browser:
    """Somebody's browser, with its cookies."""

    def __init__(self, scene: Scene, headers: Mapping[str, str] | None = None) -> None:
        self._api = scene.house.api
        self._begin = f"/login/{scene.name}"
        self._headers = dict(headers or {})
        self.cookies: dict[str, str] = {}

    async def get(self, target: str) -> Reply:
        """From the control plane: `target` is what follows its root."""
        sent = self._headers | ({"cookie": "; ".join(f"{n}={v}" for n, v in self.cookies.items())} if self.cookies else {})
        reply = await Caller(self._api, sent)(f"GET {target}")
        if "set-cookie" in reply.headers:
            name, _, value = reply.headers["set-cookie"].partition(";")[0].partition("=")
            self.cookies[name] = value
        return reply

    async def begin(self, query: str = "") -> str:
        """Go to the provider, sign in there; answers where it sends the browser to, below the control plane's root."""
        reply = await self.get(f"{self._begin}{query}")
        assert reply.status == 303, reply
        back = await asyncio.to_thread(_visit, reply.headers["location"])
        assert back.startswith(AT + ROOT)
        return back.removeprefix(AT + ROOT)

    async def sign_in(self, query: str = "") -> Reply:
        """All the way round."""
        return await self.get(await self.begin(query))

    async def decide(self, page: Reply, *, granted: bool, headers: Mapping[str, str] | None = None) -> Reply:
        """What the page sends when one of its buttons is pressed."""
        found = re.search(rb'name="confirmation" value="([^"]+)"', page.raw)
        assert found, page
        cookies = {"cookie": "; ".join(f"{n}={v}" for n, v in self.cookies.items())} | dict(headers or {})
        body = {"confirmation": found[1].decode(), "granted": granted}
        return await Caller(self._api, self._headers | cookies)("POST /login/corporate/decision", body)

    async def signed_in(self) -> Caller:
        """All the way round, which must succeed; a page of the console."""
        reply = await self.sign_in()
        assert reply.status == 200, reply
        cookie = {"cookie": f"headworks_session={self.cookies['headworks_session']}"}
        me = (await Caller(self._api, cookie)("GET /me")).body
        return Caller(self._api, cookie | {"x-headworks-csrf": me["csrf"]})


async def ask(scene: Scene, verifier: str = "v" * 43, port: int = 50_000) -> dict[str, str]:
    """As a command line does that waits."""
    asked = {"port": port, "challenge": challenge_of(verifier), "client": "headworks on laptop"}
    return await scene.house.anyone.made("POST /login/corporate", asked)


def _visit(url: str) -> str:
    """Where a page sends to."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=20)
    connection.request("GET", f"{parts.path}?{parts.query}")
    answer = connection.getresponse()
    answer.read()
    connection.close()
    assert answer.status == 302, answer.status
    return answer.headers["location"]


def query_of(target: str) -> dict[str, str]:
    """Of an address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()}
