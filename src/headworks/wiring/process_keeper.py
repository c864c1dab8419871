"""Keeps one program running: starts it, replaces it without a gap, and starts it again when it dies.

No sockets, no signals, no clock of its own: the supervisor's loop tells it what happened and when, so every rule here can be tested by hand.
"""

from __future__ import annotations

from collections.abc import Callable

from headworks.wiring.process_child import Child, Program
from headworks.wiring.process_exits import describe

READY_WITHIN = 30.0
"""Seconds a new process may take to say that it is ready."""
PAUSE_STEP = 0.25
PAUSE_CAP = 5.0
"""The longest pause between two starts. Clients wait at the open port meanwhile, so it must stay short."""
SETTLED_AFTER = 60.0
"""Seconds of life after which a death counts as the first one again."""

Say = Callable[[str], None]
Start = Callable[[Program, float], Child]


class Keeper:
    """One program's processes: `current` serves, `coming` will replace it, those `leaving` finish what they have in hand."""

    def __init__(self, program: Program, say: Say, start: Start = Child) -> None:
        self.program = program
        self.current: Child | None = None
        self.coming: Child | None = None
        self.leaving: list[Child] = []
        self.deaths = 0
        """In a row: since one lived for a minute."""
        self.restarts = 0
        self.refused = 0
        """Replacements that never became ready."""
        self.ever_ready = False
        self.last_exit = 0
        self.stopping = False
        self.failed_to_start = False
        """An essential program's first start went wrong: nobody will try again."""
        self._again_at: float | None = None
        self._say = say
        self._start = start

    def children(self) -> list[Child]:
        """All that are alive."""
        return [child for child in (self.current, self.coming, *self.leaving) if child is not None]

    def start(self, now: float) -> None:
        """Start the first process, or the next after a death."""
        self._again_at = None
        self.current = self._spawn(now)
        if self.current is None:
            self._plan_restart(now, 0.0)

    def replace(self, now: float) -> None:
        """Start a successor; the present one leaves when the successor is ready."""
        if self.coming is not None or self.current is None:
            self._say(f"{self.program.name}: a new one is on its way already")
            return
        self.coming = self._spawn(now)
        if self.coming is None:
            self.refused += 1
        else:
            self._say(f"{self.coming} starts, to replace {self.current}")

    def reload(self) -> None:
        """Have the configuration read again by whoever serves and whoever will."""
        for child in (self.current, self.coming):
            if child is not None:
                child.reload()

    def stop(self, now: float) -> None:
        """Let all of them finish and go, and start no more. Called again: hurry them."""
        self.stopping = True
        self._again_at = None
        for child in self.children():
            child.leave(now)

    def on_ready(self, child: Child, now: float) -> None:
        """`child` can serve."""
        self.ever_ready = True
        self._say(f"{child} is ready after {now - child.born:.2f} s")
        if child.reload_wanted:
            child.reload()
        if child is self.coming:
            self.coming = None
            self._promote(child, now)

    def on_exit(self, child: Child, code: int, now: float) -> None:
        """`child` has ended."""
        if child in self.leaving:
            self.leaving.remove(child)
            self._say(f"{child} has left" + (f" ({describe(code)})" if code else ""))
            return
        if child is self.coming:
            self.coming = None
            self.refused += 1
            self._say(f"{child} ended before it was ready ({describe(code)}); {self.current or 'nobody'} serves on")
            return
        self.current = None
        self.last_exit = code
        if self.stopping:
            self._say(f"{child} has left" + (f" ({describe(code)})" if code else ""))
        elif self.coming is not None:
            self._say(f"{child} died ({describe(code)}); {self.coming} takes over")
            self.current, self.coming = self.coming, None
        else:
            self._say(f"{child} died ({describe(code)})")
            self.failed_to_start = self.program.essential and not self.ever_ready
            if not self.failed_to_start:
                self._plan_restart(now, now - child.born)

    def tick(self, now: float) -> None:
        """Do what is due by `now`."""
        if self._again_at is not None and now >= self._again_at:
            self.restarts += 1
            self.start(now)
        for child in self.children():
            if child.kill_at is not None and now >= child.kill_at:
                self._say(f"{child} did not leave within {child.grace:g} s: killed")
                child.kill_at = now + child.grace
                child.kill()
            elif child.kill_at is None and not child.ready and now >= child.born + READY_WITHIN:
                self._say(f"{child} was not ready within {READY_WITHIN:g} s: killed")
                child.kill_at = now + child.grace
                child.kill()

    def due(self) -> float | None:
        """When `tick` has something to do next."""
        times = [self._again_at] if self._again_at is not None else []
        for child in self.children():
            if child.kill_at is not None:
                times.append(child.kill_at)
            elif not child.ready:
                times.append(child.born + READY_WITHIN)
        return min(times, default=None)

    def _promote(self, child: Child, now: float) -> None:
        former, self.current = self.current, child
        self.restarts += 1
        if former is not None:
            self._say(f"{former} takes no more requests and finishes those it has (at most {former.grace:g} s)")
            former.leave(now)
            self.leaving.append(former)

    def _plan_restart(self, now: float, lived: float) -> None:
        self.deaths = 1 if lived >= SETTLED_AFTER else self.deaths + 1
        pause = 0.0 if self.deaths == 1 else min(PAUSE_CAP, PAUSE_STEP * 2.0 ** (self.deaths - 2))
        self._again_at = now + pause
        if self.deaths > 1:
            self._say(
                f"{self.program.name}: {self.deaths} deaths in a row; the cause is in the lines above. Next start in {pause:g} s"
            )

    def _spawn(self, now: float) -> Child | None:
        try:
            return self._start(self.program, now)
        except OSError as trouble:  # no memory, no process slot, no file descriptor: it may pass
            self._say(f"{self.program.name} could not be started: {trouble.strerror or trouble}")
            return None
