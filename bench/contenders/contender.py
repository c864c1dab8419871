"""What a contender is to the bench."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.process import Program, command_line, descendants
from bench.site import Site

CHAT = "/v1/chat/completions"
MESSAGES = "/v1/messages"
"""Where Anthropic's language is spoken."""


@dataclass(kw_only=True)
class Running:
    """A contender under way. Its address is `http(s)://host:port` and `path`."""

    netloc: str
    program: Program | None
    path: str = CHAT
    headers: dict[str, str] = field(default_factory=dict[str, str])
    """Asked of callers, beside the usual ones."""
    keys: Sequence[str] = ("any",)
    models: Sequence[str] = ("gpt-4o",)
    trust: Path | None = None
    """Where the contender itself speaks TLS: the certificate to trust."""
    ready_after: float = 0.0
    control_mark: str = ""
    """What the command line of the control process holds, where there is one."""
    supervisor: bool = False
    """The program itself only watches: it is not counted as gateway."""
    also_stop: Callable[[], None] | None = None
    """Ends what it needs besides, which is not counted."""

    @property
    def url(self) -> str:
        """Where chat completions are asked for."""
        return f"{'https' if self.trust else 'http'}://{self.netloc}{self.path}"

    def control_pids(self) -> list[int]:
        """Processes that serve no requests."""
        tree = self.program.tree() if self.program else []
        return [pid for pid in tree if self.control_mark and self.control_mark in command_line(pid)]

    def gateway_pids(self) -> list[int]:
        """Processes that carry requests."""
        if self.program is None:
            return []
        control = self.control_pids()
        helpers = [pid for each in control for pid in descendants(each)]  # such as read a large document for it, and end
        others = {*control, *helpers, *([self.program.pid] if self.supervisor else [])}
        return [pid for pid in self.program.tree() if pid not in others]

    def freeze(self) -> None:
        """Let it take no CPU while others are measured."""
        if self.program is not None:
            self.program.freeze()

    def thaw(self) -> None:
        """Let it go on."""
        if self.program is not None:
            self.program.thaw()

    def stop(self) -> None:
        """End it."""
        if self.program is not None:
            self.program.stop()
        if self.also_stop is not None:
            self.also_stop()


@dataclass(frozen=True, kw_only=True)
class Contender:
    """Something to measure. `concurrency` and `streams` are what it is asked to carry at once, `rate` the requests a second
    at which latency is measured, `warm` the seconds of load before anything is.
    """

    name: str
    start: Callable[[Site], Running]
    concurrency: int = 32
    streams: int = 128
    rate: int = 200
    warm: int = 1
    tags: frozenset[str] = field(default_factory=frozenset[str])


def answers(netloc: str, path: str, trust: Path | None = None) -> bool:
    """Whether `GET path` is answered with a 2xx."""
    context = ssl.create_default_context(cafile=trust) if trust else None
    host, _, port = netloc.partition(":")
    connection = (
        http.client.HTTPSConnection(host, int(port), timeout=2, context=context)
        if context
        else http.client.HTTPConnection(host, int(port), timeout=2)
    )
    try:
        connection.request("GET", path)
        return 200 <= connection.getresponse().status < 300
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def direct(site: Site) -> Running:
    """The emulator itself: what latency costs without anybody between."""
    return Running(netloc=site.plain[0], program=None)


def direct_tls(site: Site) -> Running:
    """The emulator itself, over TLS."""
    return Running(netloc=site.secure[0], program=None, trust=site.certificate.cert)
