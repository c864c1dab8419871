"""Callers with client certificates, against the whole service over real TLS."""

from __future__ import annotations

import asyncio
import http.client
import json
import ssl
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from headworks.cli import build
from headworks.domain.records import Bounds, KeyRecord, Party, PartyKind
from headworks.identity import Digests, make_key, peppers_of, prefix_of
from headworks.ports.records import EVERYWHERE
from headworks.stores.sql.address import default_url
from headworks.stores.sql.audit import Acts
from headworks.stores.sql.engine import Database
from headworks.stores.sql.records.store import SqlRecords
from headworks.stores.sql.version import version_of
from headworks.testing.emulator import EmulatorProcess, Personality
from headworks.wiring.clock import SystemClock
from headworks.wiring.process_exits import Exit
from tests.identity.authority import Authority, Signed
from tests.process.running import PATIENCE, Running, eventually
from tests.sql.house import AUDIT, SEAL

CONFIG = """
providers: {{sim: {{type: openai-compatible, base_url: "{url}"}}}}
database: "{database}"
models: {{chat: {{targets: [{{model: sim/m, price: {{input: 1, output: 2}}}}]}}}}
server:
  cert_file: server.crt
  key_file: server.key
  client_ca_file: company.crt
  client_certificates: optional
  client_crl_file: company.crl
identity:
  certificates:
    organisation: org_1
    claims: {{team: subject.OU, user: uri}}
    keys: {keys}
"""
REAL = ("--gateway=headworks.wiring.process_gateway", "--control=headworks.wiring.process_control")
ROBOT = "spiffe://acme.example/robot"
PARTIES = (
    Party(id="org_1", kind=PartyKind.ORGANISATION, name="acme", bounds=Bounds(models=("chat",))),
    Party(id="team_1", kind=PartyKind.TEAM, name="research", parent="org_1"),
    Party(id="team_2", kind=PartyKind.TEAM, name="sales", parent="org_1"),
    Party(id="svc_1", kind=PartyKind.SERVICE_ACCOUNT, name=ROBOT, parent="team_1"),
    Party(id="svc_2", kind=PartyKind.SERVICE_ACCOUNT, name=ROBOT, parent="team_2"),
)


class Secured:
    """A running service that asks its clients for certificates."""

    def __init__(self, folder: Path, provider: str, keys: str) -> None:
        self.folder = folder
        self.company, self._server = Authority(folder, "company"), Authority(folder, "web")
        self._server.sign("server", server=True)
        self.revoked = self.client("revoked")
        self.company.revoke(self.revoked.certificate)
        self.config = folder / "headworks.yaml"
        data = folder / "data" / "journal"
        self.url = default_url(data)
        self.config.write_text(CONFIG.format(url=provider, keys=keys, database=self.url))
        self.running = Running(data, *REAL, f"--config={self.config}", "--drain=2")
        self.running.wait_for("ready in")
        eventually(lambda: bool(asyncio.run(self._version())), "the tables")
        self._digests = Digests(peppers_of(data, {}, shared=False))
        self.key = make_key()
        asyncio.run(self._fill())

    def client(self, name: str, *, team: str = "research", uri: str = ROBOT, days: int = 30) -> Signed:
        return self.company.sign(name, subject={"CN": name, "OU": team}, uris=[uri], days=days)

    def ask(self, own: Signed | None = None, headers: Mapping[str, str] | None = None) -> tuple[int, str]:
        """Status and body of one question."""
        question = json.dumps({"model": "chat", "messages": [{"role": "user", "content": "hello"}], "max_tokens": 5})
        context, port = self._server.trusting(own), self.running.ports[0]
        with closing(http.client.HTTPSConnection("127.0.0.1", port, timeout=PATIENCE, context=context)) as connection:
            sent = {"content-type": "application/json", **(headers or {})}
            connection.request("POST", "/v1/chat/completions", question, sent)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def refuses(self, own: Signed) -> bool:
        """Whether the handshake fails: with TLS 1.3 the client hears of it when it reads."""
        try:
            self.ask(own)
        except (ssl.SSLError, ConnectionError):
            return True
        return False

    async def _version(self) -> str:
        database = Database(self.url)
        try:
            return await version_of(database)
        finally:
            await database.close()

    async def _fill(self) -> None:
        database, clock = Database(self.url), SystemClock()
        records = SqlRecords(database, clock, Acts(database, clock, SEAL))
        digest, pepper = self._digests.of_new(self.key)
        key = KeyRecord(id="key_1", owner="team_1", name="k", prefix=prefix_of(self.key), digest=digest, pepper=pepper)
        try:
            for party in PARTIES:
                await records.add_party(party, reach=EVERYWHERE, audit=AUDIT)
            await records.add_key(key, reach=EVERYWHERE, audit=AUDIT)
        finally:
            await database.close()


def serving(folder: Path, keys: str) -> Iterator[Secured]:
    with EmulatorProcess(Personality(name="sim", needs_key=False)) as provider:
        secured = Secured(folder, provider.url, keys)
        try:
            yield secured
        finally:
            secured.running.close()


@pytest.fixture(scope="module")
def free(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """A certificate, or a key."""
    yield from serving(tmp_path_factory.mktemp("free"), "free")


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """A certificate, or a key along with one."""
    yield from serving(tmp_path_factory.mktemp("certified"), "certified")


def test_a_certificate_of_the_authority_is_a_credential(free: Secured) -> None:
    robot = free.client("robot")
    assert free.ask(robot)[0] == 200
    assert free.ask(robot)[0] == 200, "remembered, too"


def test_without_a_certificate_a_key_is_needed(free: Secured) -> None:
    status, said = free.ask()
    assert (status, json.loads(said)["error"]["code"]) == (401, "missing_api_key")
    assert free.ask(headers={"x-api-key": free.key})[0] == 200


def test_a_wrong_key_is_not_mended_by_a_certificate(free: Secured) -> None:
    assert free.ask(free.client("robot"), {"x-api-key": make_key()})[0] == 401


@pytest.mark.parametrize(("team", "uri"), [("nowhere", ROBOT), ("research", "spiffe://acme.example/other")])
def test_a_certificate_that_leads_nowhere_opens_nothing(free: Secured, team: str, uri: str) -> None:
    status, said = free.ask(free.client("stranger", team=team, uri=uri))
    assert (status, "certificate is refused" in said) == (401, True)


def test_certificates_of_another_authority_or_over_or_revoked_do_not_get_past_the_handshake(free: Secured) -> None:
    (free.folder / "foreign").mkdir(exist_ok=True)
    foreign = Authority(free.folder / "foreign", "company").sign("robot", subject={"CN": "r", "OU": "research"}, uris=[ROBOT])
    for own in (foreign, free.client("old", days=-1), free.revoked):
        assert free.refuses(own)
    assert not free.refuses(free.client("robot"))


def test_what_a_header_says_of_a_certificate_is_not_believed(free: Secured) -> None:
    """Proxies tell of certificates in such headers, and so does anybody else."""
    forwarded = f'By=spiffe://acme.example/gateway;Hash=00;Subject="OU=research,CN=robot";URI={ROBOT}'
    pem = free.client("robot").cert.read_text().replace("\n", "%0A")
    headers = {
        "x-forwarded-client-cert": forwarded,
        "x-ssl-client-cert": pem,
        "ssl-client-verify": "SUCCESS",
        "client-cert": pem,
    }
    assert free.ask(headers=headers)[0] == 401


def test_what_a_certificate_may_is_explained(free: Secured, capsys: pytest.CaptureFixture[str]) -> None:
    line = ["explain", "access", "--config", str(free.config), "--model", "chat", "--certificate"]
    told = {}
    for own in (free.client("robot"), free.client("stranger", team="nowhere"), free.client("old", days=-1)):
        code = build()([*line, str(own.cert)], result_action="return_value")
        told[own.cert.name] = code, capsys.readouterr().out
    assert told["robot.crt"][0] == Exit.OK, told
    assert "client certificate" in told["robot.crt"][1]
    assert told["stranger.crt"][0] == Exit.FAILED
    assert "expired" in told["old.crt"][1]


def test_a_stolen_key_is_worth_nothing_without_a_certificate_of_its_team(certified: Secured) -> None:
    key, robot = {"x-api-key": certified.key}, certified.client("robot")
    sales = certified.client("sales", team="sales")
    assert certified.ask(headers=key)[0] == 401
    assert certified.ask(sales, key)[0] == 401
    assert certified.ask(certified.client("stranger", team="nowhere"), key)[0] == 401
    assert certified.ask(sales)[0] == 200, "for itself it is good"
    assert certified.ask(robot)[0] == 200
