"""A running gateway takes a changed file, and only a good one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from headworks.testing.clock import FrozenClock
from headworks.wiring.compile import Compiled
from headworks.wiring.config_file import ConfigRefused
from headworks.wiring.load import ConfigFile
from headworks.wiring.reload import Reloader

GOOD = "models: {m: openai/gpt-4o}\nkeys: {me: {key: 'file:key.txt'}}\n"
OTHER = "models: {m: openai/gpt-4o, n: openai/gpt-4.1}\nkeys: {me: {key: 'file:key.txt'}}\n"
BAD = "models: {m: nobody/knows}\nopen_door: true\n"
NINE = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
"""Half an hour before DeepSeek's dear hours end (06:00 to 10:00 UTC)."""


class Ear:
    """Keeps what it hears."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.compiled: list[Compiled] = []

    def swapped(self, compiled: Compiled) -> None:
        """A new configuration."""
        self.heard.append(f"swapped: {', '.join(sorted(compiled.snapshot.models))}")
        self.compiled.append(compiled)

    def refused(self, trouble: ConfigRefused) -> None:
        """A bad one."""
        self.heard.append(f"refused: {trouble.problems[0].message}")

    def mended(self) -> None:
        """The old one again."""
        self.heard.append("mended")


async def at_once(load: Callable[[], Compiled]) -> Compiled:
    """Instead of a thread."""
    return load()


class House:
    """A configuration file in a directory, watched with a clock that stands still."""

    def __init__(self, directory: Path, text: str = GOOD, at: datetime = NINE) -> None:
        self.path = directory / "headworks.yaml"
        self.secret = directory / "key.txt"
        self.path.write_text(text)
        self.secret.write_text("hw-1")
        self.clock = FrozenClock(wall_ns=int(at.timestamp()) * 10**9)
        env = {"OPENAI_API_KEY": "sk", "DEEPSEEK_API_KEY": "ds"}
        self.file = ConfigFile(self.path, env, self.clock)
        self.ear = Ear()
        self.reloader = Reloader(self.file, self.ear, self.clock, at_once)

    def write(self, text: str) -> None:
        """Replace the file, as editors do."""
        fresh = self.path.with_suffix(".new")
        fresh.write_text(text)
        fresh.replace(self.path)

    def run(self, script: Callable[[], Awaitable[None]]) -> list[str]:
        """Watch while the script runs; what was heard."""

        async def both() -> None:
            watching = asyncio.ensure_future(self.reloader.watch(self.file.load()))
            await script()
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

        asyncio.run(both())
        return self.ear.heard


def test_a_changed_file_is_taken(tmp_path: Path) -> None:
    house = House(tmp_path)

    async def script() -> None:
        await house.clock.run(3)
        house.write(OTHER)
        await house.clock.run(3)

    assert house.run(script) == ["swapped: m, n"]
    assert not house.reloader.rejected


def test_a_bad_file_changes_nothing_and_is_told_once(tmp_path: Path) -> None:
    house = House(tmp_path)

    async def script() -> None:
        house.write(BAD)
        await house.clock.run(10)
        assert house.reloader.rejected

    assert house.run(script) == ["refused: There is no provider 'nobody'."]


def test_a_mended_file_is_taken_and_the_gauge_goes_back(tmp_path: Path) -> None:
    house = House(tmp_path)

    async def script() -> None:
        house.write(BAD)
        await house.clock.run(3)
        house.write(OTHER)
        await house.clock.run(3)
        assert not house.reloader.rejected

    assert [heard.partition(":")[0] for heard in house.run(script)] == ["refused", "swapped"]


def test_a_file_put_back_as_it_was_swaps_nothing_and_is_told(tmp_path: Path) -> None:
    house = House(tmp_path)

    async def script() -> None:
        house.write(BAD)
        await house.clock.run(3)
        house.write("# a comment\n" + GOOD)
        await house.clock.run(3)
        assert not house.reloader.rejected

    assert [heard.partition(":")[0] for heard in house.run(script)] == ["refused", "mended"]


def test_a_file_that_says_now_that_the_database_counts_changes_nothing_before_a_start(tmp_path: Path) -> None:
    """Its models have moved to a revision: served as it stands, it would turn everybody away."""
    house = House(tmp_path)

    async def script() -> None:
        house.write("config_from: database\n")
        await house.clock.run(3)
        assert house.reloader.rejected
        house.write(OTHER)
        await house.clock.run(3)

    assert house.run(script) == ["refused: Where the configuration is, is read only at start.", "swapped: m, n"]


def test_an_emptied_file_changes_nothing(tmp_path: Path) -> None:
    """An editor or a template that went wrong must not lock everybody out."""
    house = House(tmp_path)

    async def script() -> None:
        for text in ("", "null\n", "# nothing\n", "keys: {me: {key: 'file:key.txt'}}\n"):
            house.write(text)
            await house.clock.run(3)
            assert house.reloader.rejected

    assert house.run(script) == ["refused: Nothing can be asked for: there is no model."] * 4


def test_a_file_may_give_up_its_last_key(tmp_path: Path) -> None:
    """Keys move to the database, and must not need a restart for it."""
    house = House(tmp_path)

    async def script() -> None:
        house.write("models: {n: openai/gpt-4o}\n")
        await house.clock.run(3)
        assert not house.reloader.rejected

    assert house.run(script) == ["swapped: n"]


def test_a_file_that_is_still_being_written_is_not_read(tmp_path: Path) -> None:
    """Half a document may be a valid one: it counts when it has stood still for a second."""
    house = House(tmp_path)

    async def script() -> None:
        for length in range(12, len(OTHER), 12):
            house.path.write_text(OTHER[:length])
            await house.clock.run(1)
        house.write(OTHER)
        await house.clock.run(3)

    assert house.run(script) == ["swapped: m, n"]


def test_a_vanished_file_is_told_and_survived(tmp_path: Path) -> None:
    house = House(tmp_path)

    async def script() -> None:
        house.path.unlink()
        await house.clock.run(5)

    assert house.run(script) == ["refused: The file cannot be read: No such file or directory."]


def test_a_new_secret_in_a_file_is_taken(tmp_path: Path) -> None:
    """As when an orchestrator rotates a mounted secret; the document itself has not changed."""
    house = House(tmp_path)

    async def script() -> None:
        await house.clock.run(2)
        house.secret.write_text("hw-2")
        await house.clock.run(3)

    assert house.run(script) == ["swapped: m"]


def test_asking_loads_at_the_next_look(tmp_path: Path) -> None:
    """SIGHUP does not wait for the file to stand still."""
    house = House(tmp_path)

    async def script() -> None:
        await house.clock.until_sleeping()
        house.write(OTHER)
        house.reloader.ask()
        await house.clock.run(1)

    assert house.run(script) == ["swapped: m, n"]


DEEPSEEK = "models: {m: deepseek/deepseek-v4-pro}\nopen_door: true\n"


def test_a_price_that_changes_by_the_clock_is_renewed_in_time(tmp_path: Path) -> None:
    """DeepSeek's dear hours end at ten; the revision is the same, the card is not."""
    house = House(tmp_path, DEEPSEEK)
    before = house.file.load()

    async def script() -> None:
        await house.clock.run(29 * 60)
        assert house.ear.heard == []
        await house.clock.run(2 * 60)

    assert house.run(script) == ["swapped: m"]
    (after,) = house.ear.compiled
    old, new = (done.snapshot.models["m"].targets[0].price for done in (before, after))
    assert old is not None
    assert new is not None
    assert old.input.nanos_per_million > new.input.nanos_per_million
    assert before.snapshot.revision == after.snapshot.revision
    assert before.until == NINE + timedelta(minutes=30)


def test_prices_are_renewed_while_the_file_is_bad(tmp_path: Path) -> None:
    house = House(tmp_path, DEEPSEEK)

    async def script() -> None:
        house.write(BAD)
        await house.clock.run(31 * 60)
        assert house.reloader.rejected

    assert [heard.partition(":")[0] for heard in house.run(script)] == ["refused", "swapped"]
