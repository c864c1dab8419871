"""An emulator in a process of its own: for SDK tests, for load, and for whoever is no friend of asyncio."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from types import TracebackType
from typing import Any, Self

import msgspec

from headworks.testing.emulator.admin import PLACE
from headworks.testing.emulator.personality import Personality, Settings

_DEADLINE = 10.0


class EmulatorProcess:
    """`with EmulatorProcess(Personality(…)) as emulator: emulator.url`. The child ends with this process, whatever happens to it."""

    def __init__(self, *personalities: Personality, settings: Settings | None = None) -> None:
        """Either personalities (one default provider if none) or whole `settings`."""
        self._settings = settings or Settings(providers=personalities or (Personality(),))
        self._process: subprocess.Popen[bytes] | None = None
        self.urls: dict[str, str] = {}

    @property
    def url(self) -> str:
        """Of the first provider, without `/v1`."""
        return next(iter(self.urls.values()))

    @property
    def pid(self) -> int:
        """The child's process id. Raises `RuntimeError` outside the `with`."""
        if self._process is None:
            raise RuntimeError("the emulator is not running: enter it with `with`")
        return self._process.pid

    def counts(self) -> dict[str, Any]:
        """What it counted so far."""
        return self._ask("GET", "/counts")

    def sightings(self) -> list[dict[str, Any]]:
        """The latest exchanges."""
        return self._ask("GET", "/exchanges")

    def reset(self) -> None:
        """Count from nothing again."""
        self._ask("POST", "/counts/reset")

    def arm(self, troubles: str, provider: str = "") -> None:
        """From now on these go wrong, at one provider or at all. Raises `urllib.error.HTTPError` for what cannot be read."""
        self._ask("POST", "/troubles", {"troubles": troubles, "provider": provider})

    def _ask(self, method: str, path: str, content: object = None) -> Any:
        body = None if content is None else msgspec.json.encode(content)
        base = "/".join(self.url.split("/")[:3])
        request = urllib.request.Request(f"{base}{PLACE}{path}", data=body, method=method)  # noqa: S310 - the address is our own child's
        with urllib.request.urlopen(request, timeout=_DEADLINE) as answer:  # noqa: S310 - likewise
            return msgspec.json.decode(answer.read())

    def __enter__(self) -> Self:
        command = [sys.executable, "-P", "-m", "headworks.testing.emulator"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603 - our own program
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(msgspec.json.encode(self._settings) + b"\n")
        self._process.stdin.flush()
        ready = self._process.stdout.readline()
        if not ready:
            raise RuntimeError(f"the emulator did not start: exit code {self._process.wait(_DEADLINE)}, see its stderr")
        self.urls = msgspec.json.decode(ready, type=dict[str, str])
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        process.wait(_DEADLINE)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
