"""Revisions of the configuration on real gateways: applied by the command line, taken without losing a request, and brought back."""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import pytest

from headworks.domain.administration import EVERYTHING, Administrator, AdminToken, Role, RoleGrant
from headworks.identity import Pepper
from headworks.ports.records import EVERYWHERE
from headworks.stores.sql.administration import SqlAdministration
from headworks.stores.sql.audit import Acts
from headworks.stores.sql.engine import Database
from headworks.stores.sql.migrations import upgrade
from headworks.testing.emulator import EmulatorProcess, Pace, Personality
from headworks.wiring.clock import SystemClock
from headworks.wiring.process_exits import Exit
from headworks.wiring.seals import seals_of
from tests.sql import postgres

from .house import KEY, RunningHouse
from .load import Load

PEPPER = "0123456789abcdef" * 4
AUDIT = {"actor": "test", "operation": "test"}
TOKEN = f"hwa-{random.Random(11).getrandbits(256):064x}"  # noqa: S311 - a test's
BOUND = 60.0
DOCUMENT = """\
providers:
  steady: {{type: openai-compatible, api_key: "${{PROVIDER_KEY}}", base_url: {url}/v1}}
prices:
  steady/*: {{input: 1, output: 2}}
keys:
  tester: {{key: "${{SYSTEM_TEST_KEY}}"}}
models:
  guarded: steady/model
"""


@pytest.fixture
def emulator() -> Iterator[EmulatorProcess]:
    with EmulatorProcess(Personality(name="steady", pace=Pace(first_token=0.02, tokens_per_second=400.0))) as running:
        yield running


class Operator(NamedTuple):
    """Somebody with a token and a directory of documents."""

    directory: Path
    control: str

    @classmethod
    def of(cls, house: RunningHouse, directory: Path) -> Operator:
        """Once its control plane has its database."""
        made = cls(directory, house.control)
        house.wait_for(lambda: made.run("list").returncode == Exit.OK, "the control plane", BOUND)
        return made

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "headworks", "config", *words, f"--url={self.control}"]
        env = {**os.environ, "HEADWORKS_ADMIN_TOKEN": TOKEN}
        return subprocess.run(command, capture_output=True, text=True, timeout=BOUND, env=env, check=False)

    def apply(self, text: str, based_on: int) -> subprocess.CompletedProcess[str]:
        file = self.directory / "wanted.yaml"
        file.write_text(text)
        return self.run("apply", str(file), f"--based-on={based_on}")

    def applied(self, text: str, based_on: int) -> None:
        done = self.apply(text, based_on)
        assert (done.returncode, f"Revision {based_on + 1} is active." in done.stdout) == (0, True), done


def house_of(directory: Path, database: str, **environment: str) -> RunningHouse:
    """Its file says no more than where the database is."""
    directory.mkdir()
    own = {"config_from": "database", "database": database, "keys": {}}
    return RunningHouse(directory, own, {"HEADWORKS_PEPPER": PEPPER, "PROVIDER_KEY": "sk", **environment})


def with_owner(address: str) -> str:
    """A database that has its tables, and an owner with `TOKEN`."""

    async def make() -> None:
        database, clock, pepper = Database(address), SystemClock(), Pepper(bytes.fromhex(PEPPER))
        await upgrade(database)
        people = SqlAdministration(database, Acts(database, clock, seals_of({}, (pepper,))[0]))
        owner = Administrator(id="adm_1", name="ann", password="")
        grant = RoleGrant(id="grant_1", administrator="adm_1", role=Role.OWNER, party=EVERYTHING)
        await people.add_administrator(owner, grant, reach=EVERYWHERE, audit=AUDIT)
        digest = sha256(TOKEN.encode()).digest()
        token = AdminToken(id="tok_1", administrator="adm_1", name="test", prefix=TOKEN[:12], digest=digest)
        await people.add_token(token, audit=AUDIT)
        await database.close()

    asyncio.run(make())
    return address


def models(house: RunningHouse) -> set[str]:
    request = urllib.request.Request(f"{house.url}/v1/models", headers={"authorization": f"Bearer {KEY}"})  # noqa: S310 - our own address
    try:
        with urllib.request.urlopen(request, timeout=BOUND) as answer:  # noqa: S310 - our own address
            return {model["id"] for model in json.load(answer)["data"]}
    except urllib.error.HTTPError:  # nobody has a key yet
        return set()


def offers(house: RunningHouse, *names: str) -> None:
    """Wait until these are the models, and no others."""
    house.wait_for(lambda: models(house) == set(names), f"the models {names}", BOUND)


def test_revisions_are_taken_refused_and_brought_back_under_load(emulator: EmulatorProcess, tmp_path: Path) -> None:
    one = DOCUMENT.format(url=emulator.url)
    two = one + "  second: steady/other\n"
    address = with_owner(f"sqlite:///{tmp_path / 'headworks.db'}")
    with house_of(tmp_path / "member", address) as house:
        operator = Operator.of(house, tmp_path)
        assert models(house) == set()
        operator.applied(one, 0)
        offers(house, "guarded")
        with Load(house.port, kept=2) as load:
            operator.applied(two, 1)
            offers(house, "guarded", "second")
            bad = operator.apply(two + "  third: stedy/other\n", 2)
            assert bad.returncode == Exit.FAILED
            assert "10:10: models.third: " in bad.stderr
            assert "'steady'" in bad.stderr
            late = operator.apply(one, 1)
            assert (late.returncode, "Changed by somebody else" in late.stderr) == (Exit.FAILED, True)
            assert models(house) == {"guarded", "second"}
            back = operator.run("rollback", "1", "--based-on=2", "--comment=enough")
            assert (back.returncode, "- models second" in back.stdout) == (Exit.OK, True)
            offers(house, "guarded")
            house.wait_for(lambda: len(load.answered) >= 20, "some answers", BOUND)
        assert (load.refused, dict(load.lost), load.broken) == (0, {}, set())
        assert set(load.statuses) == {200}
        copy = tmp_path / "copy.yaml"
        assert operator.run("export", str(copy), "--number=2").returncode == Exit.OK
        assert copy.read_text() == two
        compared = operator.run("diff", "1", "--against=2")
        assert compared.stdout.splitlines()[:4] == ["- models second", "", "--- revision 2", "+++ revision 1"]
        assert operator.run("diff", f"--file={copy}").stdout.startswith("+ models second\n")
        shown = operator.run("show")
        assert (shown.stdout, "revision 3, active, by ann" in shown.stderr) == (one, True)
        listed = [json.loads(line) for line in operator.run("list", "--json").stdout.splitlines()]
        assert [(each["number"], each["active"], each["restores"]) for each in listed] == [
            (3, True, 1), (2, False, None), (1, False, None),
        ]  # fmt: skip


def test_a_start_without_the_database_takes_the_last_revision_that_was_used(emulator: EmulatorProcess, tmp_path: Path) -> None:
    database = tmp_path / "headworks.db"
    house = house_of(tmp_path / "member", with_owner(f"sqlite:///{database}"))
    with house:
        Operator.of(house, tmp_path).applied(DOCUMENT.format(url=emulator.url), 0)
        offers(house, "guarded")
    for file in tmp_path.glob("headworks.db*"):
        file.rename(file.with_name(f"away-{file.name}"))
    database.mkdir()  # so that nothing can be opened there
    house.output.unlink()
    with house:
        offers(house, "guarded")
        assert "revision 1, used here before, goes on" in house.output.read_text()


def test_two_gateways_take_what_is_applied_on_either_and_one_that_cannot_use_it_is_loud(
    emulator: EmulatorProcess, tmp_path: Path
) -> None:
    """The one that judged it has the variable, the other has not: that one serves by what it used last, also after a restart."""
    first = DOCUMENT.format(url=emulator.url)
    with ExitStack() as stack:
        address = with_owner(stack.enter_context(postgres.running()).database())
        able = stack.enter_context(house_of(tmp_path / "able", address, OTHER_KEY="sk"))
        unable = house_of(tmp_path / "unable", address)
        with unable:
            Operator.of(unable, tmp_path).applied(first, 0)
            for house in (able, unable):
                offers(house, "guarded")
            Operator.of(able, tmp_path).applied(first.replace("PROVIDER_KEY", "OTHER_KEY") + "  second: steady/other\n", 1)
            offers(able, "guarded", "second")
            unable.wait_for(lambda: "OTHER_KEY" in unable.output.read_text(), "the refusal to be told", BOUND)
            offers(unable, "guarded")
        unable.output.unlink()
        with unable:
            offers(unable, "guarded")
            assert "revision 2 cannot be used here; revision 1" in unable.output.read_text()
            assert "headworks_config_rejected 1" in unable.metrics()
            assert "headworks_config_revision 1" in unable.metrics()
