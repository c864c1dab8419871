"""The rules of keeping a program running, by hand: no process is started here."""

from __future__ import annotations

import signal

import pytest

from headworks.wiring.process_child import Child, Program
from headworks.wiring.process_exits import describe
from headworks.wiring.process_keeper import PAUSE_CAP, READY_WITHIN, SETTLED_AFTER, Keeper


class FakeChild(Child):
    """Remembers what was asked of it."""

    def __init__(self, program: Program, now: float, pid: int) -> None:
        self.name, self.grace, self.born, self.pid = program.name, program.grace, now, pid
        self.ready = self.reload_wanted = False
        self.kill_at: float | None = None
        self.ready_fd = -1
        self.asked: list[str] = []

    def reload(self) -> None:
        if self.ready:
            self.asked.append("reload")
        self.reload_wanted = not self.ready

    def leave(self, now: float) -> None:
        self.asked.append("leave")
        self.kill_at = now + self.grace

    def kill(self) -> None:
        self.asked.append("kill")


class World:
    """A keeper, the children it has started, and what it has said."""

    def __init__(self, *, essential: bool = True) -> None:
        self.born: list[FakeChild] = []
        self.said: list[str] = []
        self.trouble: OSError | None = None
        self.keeper = Keeper(Program("gateway", "m", (), (), 30.0, essential), self.said.append, self.start)

    def start(self, program: Program, now: float) -> Child:
        if self.trouble is not None:
            raise self.trouble
        self.born.append(FakeChild(program, now, len(self.born) + 1))
        return self.born[-1]

    def ready(self, child: FakeChild, now: float) -> None:
        child.ready = True
        self.keeper.on_ready(child, now)

    def started(self, now: float = 0.0) -> FakeChild:
        """A world with one gateway that serves."""
        self.keeper.start(now)
        self.ready(self.born[-1], now)
        return self.born[-1]


def test_the_first_death_is_repaired_at_once() -> None:
    world = World()
    first = world.started()

    world.keeper.on_exit(first, -9, 10.0)
    world.keeper.tick(10.0)

    assert world.keeper.current is world.born[1]


def test_pauses_between_starts_grow_to_a_bound() -> None:
    world = World()
    child, now, pauses = world.started(), 0.0, list[float]()
    for _ in range(9):
        world.keeper.on_exit(child, 1, now)
        due = world.keeper.due()
        assert due is not None
        pauses.append(due - now)
        now = due
        world.keeper.tick(now)
        child = world.born[-1]

    assert pauses == [0.0, 0.25, 0.5, 1.0, 2.0, 4.0, PAUSE_CAP, PAUSE_CAP, PAUSE_CAP]
    assert any("9 deaths in a row" in line for line in world.said)


def test_a_long_life_makes_the_next_death_the_first_again() -> None:
    world = World()
    child = world.started()
    for _ in range(3):
        world.keeper.on_exit(child, 1, 0.0)
        world.keeper.tick(100.0)
        child = world.born[-1]

    world.keeper.on_exit(child, 1, 100.0 + SETTLED_AFTER)

    assert world.keeper.deaths == 1


def test_an_essential_program_that_never_was_ready_is_given_up() -> None:
    world = World()
    world.keeper.start(0.0)

    world.keeper.on_exit(world.born[0], 78, 1.0)

    assert world.keeper.failed_to_start
    assert world.keeper.due() is None


def test_one_that_is_not_essential_is_tried_for_ever() -> None:
    world = World(essential=False)
    world.keeper.start(0.0)

    world.keeper.on_exit(world.born[0], 1, 1.0)

    assert world.keeper.due() == 1.0


def test_the_present_one_leaves_only_when_its_successor_is_ready() -> None:
    world = World()
    first = world.started()

    world.keeper.replace(5.0)
    assert first.asked == []
    world.ready(world.born[1], 6.0)

    assert first.asked == ["leave"]
    assert world.keeper.current is world.born[1]
    assert world.keeper.leaving == [first]


def test_a_second_replacement_waits_for_the_first() -> None:
    world = World()
    world.started()

    world.keeper.replace(5.0)
    world.keeper.replace(5.1)

    assert len(world.born) == 2


def test_a_successor_takes_over_when_the_present_one_dies_meanwhile() -> None:
    world = World()
    first = world.started()
    world.keeper.replace(5.0)

    world.keeper.on_exit(first, -11, 5.5)
    world.ready(world.born[1], 6.0)

    assert world.keeper.current is world.born[1]
    assert len(world.born) == 2


def test_one_that_is_never_ready_is_killed_in_time() -> None:
    world = World()
    world.started()
    world.keeper.replace(5.0)
    mute = world.born[1]

    world.keeper.tick(5.0 + READY_WITHIN - 0.1)
    assert mute.asked == []
    world.keeper.tick(5.0 + READY_WITHIN)

    assert mute.asked == ["kill"]


def test_a_reload_reaches_a_child_that_is_not_ready_yet_when_it_is() -> None:
    """Before it has a handler, the signal would end it."""
    world = World()
    world.keeper.start(0.0)

    world.keeper.reload()
    assert world.born[0].asked == []
    world.ready(world.born[0], 1.0)

    assert world.born[0].asked == ["reload"]


def test_a_start_that_the_system_refuses_is_tried_again() -> None:
    world = World()
    child = world.started()
    world.keeper.on_exit(child, -9, 1.0)
    world.trouble = OSError(12, "Cannot allocate memory")

    world.keeper.tick(1.0)
    world.trouble = None
    world.keeper.tick(1.25)

    assert "gateway could not be started: Cannot allocate memory" in world.said
    assert world.keeper.current is world.born[1]


def test_nothing_is_started_once_it_stops() -> None:
    world = World()
    first = world.started()

    world.keeper.stop(1.0)
    world.keeper.on_exit(first, 0, 2.0)
    world.keeper.tick(3.0)

    assert len(world.born) == 1
    assert world.keeper.children() == []


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, "exit code 0"),
        (78, "exit code 78: its configuration is wrong"),
        (-signal.SIGKILL, "killed by SIGKILL"),
        (-40, "killed by signal 40"),
    ],
)
def test_exit_codes_are_told_in_words(code: int, words: str) -> None:
    assert describe(code) == words
