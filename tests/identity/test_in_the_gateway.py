"""The whole service with a key of the database: made, used and revoked, from outside."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from headworks.domain.limits import Unit
from headworks.domain.records import Bounds, KeyRecord, LimitRule, Party, PartyKind
from headworks.identity import Digests, make_key, peppers_of, prefix_of
from headworks.ports.records import EVERYWHERE
from headworks.stores.sql.address import default_url
from headworks.stores.sql.audit import Acts
from headworks.stores.sql.engine import Database
from headworks.stores.sql.records.loading import load
from headworks.stores.sql.records.store import SqlRecords
from headworks.stores.sql.version import version_of
from headworks.testing.emulator import EmulatorProcess, Personality
from headworks.wiring.clock import SystemClock
from tests.identity.test_revocation import key_text, keys, parties
from tests.process.running import PATIENCE, Running, eventually
from tests.sql.house import AUDIT, SEAL

CONFIG = """
providers: {{sim: {{type: openai-compatible, base_url: "{url}"}}}}
models: {{chat: {{targets: [{{model: sim/m, price: {{input: 1, output: 2}}}}]}}}}
keys: {{k: {{key: "${{NO_SUCH_VARIABLE:-hw-process-test}}"}}}}
"""
REAL = ("--gateway=headworks.wiring.process_gateway", "--control=headworks.wiring.process_control")
Written = Callable[[SqlRecords], Awaitable[object]]


class Service:
    """A running service, and the administrator's hand on its database."""

    def __init__(self, directory: Path, provider: str) -> None:
        config = directory / "headworks.yaml"
        config.write_text(CONFIG.format(url=provider))
        self.data = directory / "data" / "journal"
        self.running = Running(self.data, *REAL, f"--config={config}", "--drain=2")
        self.running.wait_for("ready in")
        self.url = default_url(self.data)
        eventually(lambda: bool(asyncio.run(self._version())), "the tables")
        self.digests = Digests(peppers_of(self.data, {}, shared=False))

    async def _version(self) -> str:
        database = Database(self.url)
        try:
            return await version_of(database)
        finally:
            await database.close()

    def write(self, act: Written) -> None:
        async def whole() -> None:
            database, clock = Database(self.url), SystemClock()
            try:
                await act(SqlRecords(database, clock, Acts(database, clock, SEAL)))
            finally:
                await database.close()

        asyncio.run(whole())

    def resident(self) -> float:
        """Megabytes of the gateway process."""
        pages = int(Path(f"/proc/{self.running.facts()['gateway']}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def ask(self, key: str) -> tuple[int, str]:
        """Status and body of one question."""
        question = json.dumps({"model": "chat", "messages": [{"role": "user", "content": "hello"}], "max_tokens": 5})
        with closing(http.client.HTTPConnection("127.0.0.1", self.running.ports[0], timeout=PATIENCE)) as connection:
            connection.request("POST", "/v1/chat/completions", question, {"x-api-key": key, "content-type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with EmulatorProcess(Personality(name="sim", needs_key=False)) as provider:
        service = Service(tmp_path, provider.url)
        try:
            yield service
        finally:
            service.running.close()


def test_a_key_that_is_written_as_sql_is_an_unknown_key(service: Service) -> None:
    """Elsewhere what callers send as their key has become part of a statement, before anybody knew them."""
    for key in ("hw-' OR '1'='1", "hw-'; DROP TABLE keys; --", "hw-%", "hw-\\' UNION SELECT 1 --"):
        status, said = service.ask(key)
        assert (status, json.loads(said)["error"]["code"]) == (401, "invalid_api_key")
    assert service.ask("hw-process-test")[0] == 200


def test_a_key_of_the_database_opens_the_door_until_it_is_revoked(service: Service, capfd: pytest.CaptureFixture[str]) -> None:
    limits = {"rpm": LimitRule(unit=Unit.REQUESTS, amount=1_000, seconds=60)}
    org = Party(id="org_1", kind=PartyKind.ORGANISATION, name="acme", bounds=Bounds(models=("chat",), limits=limits))
    secret = make_key()
    digest, pepper = service.digests.of_new(secret)
    key = KeyRecord(id="key_1", owner="org_1", name="laptop", prefix=prefix_of(secret), digest=digest, pepper=pepper)

    async def begin(records: SqlRecords) -> None:
        await records.add_party(org, reach=EVERYWHERE, audit=AUDIT)
        await records.add_key(key, reach=EVERYWHERE, audit=AUDIT)

    async def revoke(records: SqlRecords) -> None:
        revoked = msgspec.structs.replace(key, revoked_at=time.time_ns())
        await records.put_key(revoked, reach=EVERYWHERE, audit=AUDIT)

    assert service.ask(secret)[0] == 401
    service.write(begin)
    eventually(lambda: service.ask(secret)[0] == 200, "the new key is known")
    service.write(revoke)
    eventually(lambda: service.ask(secret)[0] == 401, "the revoked key is refused")
    assert service.ask("hw-process-test")[0] == 200
    service.running.close()
    heard = (*service.running.lines, capfd.readouterr().out)
    kept = [path for path in service.data.parent.rglob("*") if path.is_file() and secret[11:].encode() in path.read_bytes()]
    assert kept == []
    assert not [line for line in heard if secret[11:] in line]
    assert any(b"key_1" in path.read_bytes() for path in service.data.rglob("*") if path.is_file()), (
        "the journal names the key's id"
    )


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_million_keys_in_the_database_are_not_in_the_gateways_memory(service: Service) -> None:
    number, used = int(os.environ.get("HEADWORKS_PROVE_KEYS", "1000000")), 10_000

    async def fill(records: SqlRecords) -> None:
        await load(records._acts, parties(), keys(number), audit=AUDIT)

    service.write(fill)
    before = service.resident()
    with closing(http.client.HTTPConnection("127.0.0.1", service.running.ports[0], timeout=PATIENCE)) as connection:
        began = time.monotonic()
        for at in range(used):
            connection.request("GET", "/v1/models", headers={"api-key": key_text(at * (number // used)).decode()})
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200
        each = (time.monotonic() - began) / used
    after = service.resident()
    print(
        f"{number:,} keys, {used:,} of them in use: gateway {after:.0f} MB resident, {before:.0f} before; {each * 1e3:.1f} ms a look-up"
    )

    assert after <= 120
