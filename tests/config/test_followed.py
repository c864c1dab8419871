"""Gateways that follow the database: what they start with, what they take up, and what they say."""

from __future__ import annotations

import asyncio
import os
import stat
from pathlib import Path

import pytest

from headworks.domain.revision import Applied, digest_of
from headworks.testing.clock import FrozenClock
from headworks.wiring.compile import Compiled
from headworks.wiring.config_file import ConfigRefused
from headworks.wiring.followed import Followed
from headworks.wiring.kept_revision import KeptRevision
from headworks.wiring.live_config import LiveConfig
from headworks.wiring.load import ConfigFile

ENV = {"OPENAI_API_KEY": "sk"}
OWN = "config_from: database\nserver: {port: 4470}\n"


def revision(number: int, *models: str) -> Applied:
    document = "server: {port: 1, drain: 7}\nmodels: {" + ", ".join(f"{name}: openai/gpt-4o" for name in models) + "}\n"
    return Applied(number=number, digest=digest_of(document), document=document)


BROKEN = Applied(number=9, digest="d", document="models: {m: nobody/knows}\n")


class Base:
    """A database that answers, or does not."""

    def __init__(self, active: Applied | None = None) -> None:
        self.there: Applied | None = active
        self.gone = False

    def ask(self) -> Applied | None:
        """As at a start."""
        if self.gone:
            raise ConnectionError("no answer")
        return self.there

    async def latest(self) -> tuple[int, str]:
        """See `ports.revisions.ActiveRevision`."""
        active = self.ask()
        return (active.number, active.digest) if active is not None else (0, "")

    async def active(self) -> Applied | None:
        """See `ports.revisions.ActiveRevision`."""
        return self.ask()


class Machine:
    """A machine with its file, its directory and its database."""

    def __init__(self, directory: Path, text: str = OWN, active: Applied | None = None) -> None:
        self.path = directory / "headworks.yaml"
        self.path.write_text(text)
        self.kept = KeptRevision(directory / "journal")
        self.clock = FrozenClock()
        self.base = Base(active)
        self.said: list[str] = []
        self.asked = 0
        self.followed = self.started()

    def started(self) -> Followed:
        """The gateway of a new start."""
        file = ConfigFile(self.path, ENV, self.clock)
        machine = file.load_machine()
        assert machine is not None
        return Followed(file, machine, self.kept, self.said.append)

    def begin(self) -> tuple[Compiled, bool]:
        """As a new gateway does."""
        self.followed = self.started()
        return self.followed.begin(self.base.ask)

    async def seconds(self, count: int) -> None:
        """Follow for so long."""
        following = asyncio.ensure_future(self.followed.follow(self.base, self.clock, self._ask))
        await self.clock.run(count)
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)

    def _ask(self) -> None:
        self.asked += 1


def models(begun: tuple[Compiled, bool]) -> set[str]:
    return set(begun[0].snapshot.models)


def test_the_active_revision_runs_with_what_is_read_at_start_from_the_machines_file(tmp_path: Path) -> None:
    machine = Machine(tmp_path, active=revision(3, "a", "b"))

    compiled, is_active = machine.begin()

    assert (set(compiled.snapshot.models), is_active) == ({"a", "b"}, True)
    assert (compiled.config.server.port, compiled.config.server.drain) == (4470, 7)
    assert machine.followed.running == revision(3, "a", "b")
    assert "revision 3 of the database" in machine.said[0]


def test_until_the_first_revision_the_file_itself_runs(tmp_path: Path) -> None:
    machine = Machine(tmp_path, OWN + "models: {seed: openai/gpt-4o}\n")

    assert models(machine.begin()) == {"seed"}
    assert "counts until headworks config apply" in machine.said[0]
    assert machine.kept.read() is None

    machine.base.there = revision(1, "a")
    asyncio.run(machine.seconds(2))
    assert machine.asked == 1
    assert set(machine.followed.load().snapshot.models) == {"a"}


def test_a_file_without_models_serves_nothing_until_the_first_revision(tmp_path: Path) -> None:
    machine = Machine(tmp_path)

    assert models(machine.begin()) == set()
    assert "nothing can be asked for yet" in machine.said[0]


def test_what_was_used_is_kept_for_its_owner_alone_and_runs_while_the_database_is_gone(tmp_path: Path) -> None:
    machine = Machine(tmp_path, active=revision(2, "a"))
    machine.begin()
    assert stat.S_IMODE(os.stat(machine.kept.path).st_mode) == 0o600  # noqa: PTH116 - Path's is the same call

    machine.base.gone = True
    assert models(machine.begin()) == {"a"}
    assert "revision 2, used here before, goes on" in machine.said[-1]

    machine.base.gone = False
    machine.base.there = revision(3, "b")
    asyncio.run(machine.seconds(2))
    assert (machine.asked, set(machine.followed.load().snapshot.models)) == (1, {"b"})


def test_without_database_and_anything_kept_there_is_no_start(tmp_path: Path) -> None:
    """The file may be years old: what it says must not come back by accident."""
    machine = Machine(tmp_path, OWN + "models: {seed: openai/gpt-4o}\n")
    machine.base.gone = True

    with pytest.raises(ConfigRefused, match="no revision has been used here before"):
        machine.begin()


def test_a_database_that_lost_its_revisions_does_not_bring_the_file_back(tmp_path: Path) -> None:
    machine = Machine(tmp_path, OWN + "models: {seed: openai/gpt-4o}\n", revision(2, "a"))
    machine.begin()

    machine.base.there = None
    assert models(machine.begin()) == {"a"}
    assert "the database has no revision: revision 2" in machine.said[-1]


def test_one_that_cannot_be_used_here_leaves_the_one_before(tmp_path: Path) -> None:
    machine = Machine(tmp_path, active=revision(2, "a"))
    machine.begin()

    machine.base.there = BROKEN
    compiled, is_active = machine.begin()

    assert (set(compiled.snapshot.models), is_active) == ({"a"}, False)
    assert "revision 9 cannot be used here; revision 2" in machine.said[-1]
    assert "revision 9:1:13" in machine.said[-1]
    kept = machine.kept.read()
    assert kept is not None
    assert kept.number == 2

    machine.base.there = revision(10, "c")
    asyncio.run(machine.seconds(2))
    assert set(machine.followed.load().snapshot.models) == {"c"}


def test_one_that_cannot_be_used_is_offered_once(tmp_path: Path) -> None:
    machine = Machine(tmp_path, active=revision(2, "a"))
    machine.begin()
    machine.base.there = BROKEN

    asyncio.run(machine.seconds(5))

    assert machine.asked == 1


def test_a_restored_database_is_followed_back(tmp_path: Path) -> None:
    machine = Machine(tmp_path, active=revision(5, "e"))
    machine.begin()

    machine.base.there = revision(4, "d")
    asyncio.run(machine.seconds(2))

    assert set(machine.followed.load().snapshot.models) == {"d"}


def test_an_outage_is_told_once_and_changes_nothing(tmp_path: Path) -> None:
    machine = Machine(tmp_path, active=revision(2, "a"))
    machine.begin()
    machine.said.clear()
    machine.base.gone = True

    asyncio.run(machine.seconds(5))

    assert (len(machine.said), machine.asked) == (1, 0)
    assert "revision 2 goes on" in machine.said[0]


def test_a_changed_file_is_told_to_be_without_effect(tmp_path: Path) -> None:
    machine = Machine(tmp_path, active=revision(2, "a"))
    machine.begin()
    machine.said.clear()
    machine.path.write_text(OWN + "models: {mine: openai/gpt-4o}\n")

    asyncio.run(machine.seconds(3))

    assert len(machine.said) == 1
    assert "what runs is revision 2" in machine.said[0]


def test_a_kept_file_that_is_spoilt_counts_as_none(tmp_path: Path) -> None:
    machine = Machine(tmp_path, active=revision(2, "a"))
    machine.begin()
    machine.kept.path.write_text('{"number": 2')

    assert machine.kept.read() is None


def test_mistakes_in_what_is_the_machines_own_stop_it_and_others_do_not(tmp_path: Path) -> None:
    path = tmp_path / "headworks.yaml"
    path.write_text("config_from: database\ndatabase: ${NOT_SET}\n")
    with pytest.raises(ConfigRefused, match="NOT_SET"):
        LiveConfig.of_file(path, tmp_path, ENV, FrozenClock(), [].append)
    path.write_text("config_from: database\nmodels: {m: nobody/knows}\n")
    settings = ConfigFile(path, ENV, FrozenClock()).load_settings()
    assert settings.config_from == "database"
    path.write_text("models: {m: openai/gpt-4o}\n")
    assert ConfigFile(path, ENV, FrozenClock()).load_machine() is None
