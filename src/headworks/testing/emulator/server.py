"""The emulator itself: doors (listening ports), the providers behind them, and what they counted."""

from __future__ import annotations

import asyncio
import ssl
import time
from types import TracebackType
from typing import Self

from headworks.ports.clock import Clock
from headworks.testing.emulator.admin import PLACE, Admin
from headworks.testing.emulator.canned import CannedConnection
from headworks.testing.emulator.connection import Connection
from headworks.testing.emulator.counts import Counts
from headworks.testing.emulator.personality import Personality, Settings, Wire
from headworks.testing.emulator.provider import Provider
from headworks.testing.emulator.request import Request
from headworks.testing.emulator.score import Score
from headworks.testing.emulator.tin import Tin
from headworks.testing.emulator.trouble import Trouble, parse

_BACKLOG = 4096
_PARTING = 1000
"""Turns of the loop that connections have to say good-bye."""


class SystemClock:
    """The real time, for those who give no other."""

    def now(self) -> float:
        """Monotonic seconds."""
        return time.monotonic()

    def wall_ns(self) -> int:
        """Nanoseconds since the epoch."""
        return time.time_ns()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


class CannotListenError(Exception):
    """The system does not let us listen there. `trouble` is what it said."""

    def __init__(self, host: str, port: int, trouble: OSError | UnicodeError) -> None:
        super().__init__(f"{host}:{port} cannot be listened on: {trouble}")
        self.host = host
        self.port = port
        self.trouble = trouble


class CertificateUnusableError(Exception):
    """The files of a certificate and its key are not there, or not that."""


class Door:
    """One listening port, and the providers behind it by path prefix."""

    def __init__(self, host: str, port: int, providers: list[Provider], admin: Admin, counts: Counts) -> None:
        self._host = host
        self.port = port
        self.providers = sorted(providers, key=lambda provider: len(provider.personality.prefix), reverse=True)
        self._admin = admin
        self._counts = counts
        self._server: asyncio.Server | None = None
        first = providers[0].personality
        self._files = (first.cert_file, first.key_file)
        self._tins = {wire: Tin(first.canned, wire) for wire in Wire} if first.canned else None

    @property
    def scheme(self) -> str:
        """`https` where a certificate was given."""
        return "https" if self._files[0] else "http"

    async def open(self) -> None:
        """Listen. The port stays the same from the first time on. Raises `CannotListenError` or `CertificateUnusableError`."""
        context = self._context() if self._files[0] else None
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(self._connection, self._host, self.port, ssl=context, backlog=_BACKLOG)
        except (OSError, UnicodeError) as trouble:
            raise CannotListenError(self._host, self.port, trouble) from trouble
        self.port = self._server.sockets[0].getsockname()[1]

    def _context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate, key = self._files
        try:
            context.load_cert_chain(certificate, key or None)
        except OSError as trouble:  # a file that cannot be read, or (ssl.SSLError) one that holds something else
            said = trouble.strerror or str(trouble)
            raise CertificateUnusableError(
                f"certificate {certificate} and key {key or certificate} cannot be used: {said}"
            ) from None
        return context

    def shut(self) -> None:
        """Listen no more: connections are refused. Those that are open go on."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def _connection(self) -> asyncio.Protocol:
        if self._tins is not None:
            return CannedConnection(self._tins, self._counts, self._respond)
        return Connection(self._respond, self._counts)

    def _respond(self, request: Request) -> Score:
        if request.path.startswith(PLACE):
            return self._admin.respond(request)
        for provider in self.providers:
            prefix = provider.personality.prefix
            if request.path.startswith(prefix):
                break
        else:
            provider, prefix = self.providers[-1], ""
        inner = Request(
            method=request.method,
            path=request.path[len(prefix) :],
            headers=request.headers,
            body=request.body,
            keep_alive=request.keep_alive,
        )
        return provider.respond(inner)


class Emulator:
    """Emulated providers over real HTTP, in this process: `async with Emulator(Personality(name="alpha")) as emulator: emulator.url`.

    Belongs to the loop it was entered in. Leaving closes every connection.
    """

    def __init__(self, *personalities: Personality, settings: Settings | None = None, clock: Clock | None = None) -> None:
        """Either personalities (one default provider if none) or whole `settings`. Raises `ValueError` for unreadable troubles."""
        self._settings = settings or Settings(providers=personalities or (Personality(),))
        self.counts = Counts(self._settings.remember)
        clock = clock or SystemClock()
        self.providers = {one.name: Provider(one, self.counts, clock) for one in self._settings.providers}
        self._admin = Admin(self.counts, self.providers, self._set_door)
        self.doors = self._make_doors()
        self._opening: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Of the first provider, without `/v1`."""
        return self.url_of(next(iter(self.providers)))

    def url_of(self, name: str) -> str:
        """Of the provider of that name, without `/v1`."""
        door = self.door_of(name)
        return f"{door.scheme}://{self._settings.host}:{door.port}{self.providers[name].personality.prefix}"

    def door_of(self, name: str) -> Door:
        """The door that the provider is behind."""
        return next(door for door in self.doors if self.providers[name] in door.providers)

    def arm(self, *troubles: Trouble | str, provider: str = "") -> None:
        """From now on these go wrong, at one provider or at all; none means that all is well again."""
        parsed = tuple(one for trouble in troubles for one in (parse(trouble) if isinstance(trouble, str) else (trouble,)))
        for name in (provider,) if provider else self.providers:
            self.providers[name].armed.arm(parsed)

    async def open(self) -> None:
        """Listen on every door."""
        for door in self.doors:
            await door.open()

    async def close(self) -> None:
        """Listen no more, and hang up on everybody."""
        for door in self.doors:
            door.shut()
        for transport in list(self.counts.live):
            transport.abort()
        for _ in range(_PARTING):
            if not self.counts.live:
                return
            await asyncio.sleep(0)

    def _make_doors(self) -> list[Door]:
        by_port = dict[int | str, list[Provider]]()
        for provider in self.providers.values():
            port = provider.personality.port
            place = f"own {provider.personality.name}" if port == 0 else self._settings.port if port is None else port
            by_port.setdefault(place, []).append(provider)
        host = self._settings.host
        return [
            Door(host, place if isinstance(place, int) else 0, providers, self._admin, self.counts)
            for place, providers in by_port.items()
        ]

    def _set_door(self, name: str, opened: bool) -> None:  # noqa: FBT001 - the value that was asked for
        door = self.door_of(name)
        if opened:
            task = asyncio.get_running_loop().create_task(door.open())
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)
        else:
            door.shut()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
